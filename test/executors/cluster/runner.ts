/** A runner as a process: `runner.ts PORT`. Says "up" when it has registered its jobs. */
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { Executor } from "effect-asyncio/executors"
import { ClusterExecutor } from "effect-asyncio/executors/cluster"
import { handlers, jobs, runnerOn } from "./work.ts"

const up = Layer.effectDiscard(Effect.sync(() => process.send?.("up")))

// Nothing is left of a test that is killed.
process.on("disconnect", () => process.exit(1))
NodeRuntime.runMain(
  up.pipe(
    Layer.provide(ClusterExecutor.layerRunner(jobs, Executor.local(jobs, handlers, { size: 4 }))),
    Layer.provide(runnerOn(Number(process.argv[2]))),
    Layer.launch
  )
)
