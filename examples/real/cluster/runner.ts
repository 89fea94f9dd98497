/** A runner: `runner.ts PORT`. */
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { ClusterExecutor } from "effect-asyncio/executors/cluster"
import { ThreadPool } from "effect-asyncio/executors/node"
import { member, rendering } from "./jobs.ts"

const threads = ThreadPool.make(rendering, new URL("./worker.ts", import.meta.url), { size: 2 })
const up = Layer.effectDiscard(Effect.sync(() => process.send?.("up")))

// Here a runner ends with the example, whatever becomes of that.
process.on("disconnect", () => process.exit(1))

NodeRuntime.runMain(
  up.pipe(
    Layer.provide(ClusterExecutor.layerRunner(rendering, threads)),
    Layer.provide(member(Number(process.argv[2]))),
    Layer.launch
  )
)
