/** A runner as a process: `runner.ts PORT`. Says "up" when it has registered its jobs. */
import { Effect, Layer } from "effect"
import { Executor } from "effect-asyncio/executors"
import { ClusterExecutor } from "effect-asyncio/executors/cluster"
import { runMain } from "effect-asyncio/node"
import { handlers, jobs, runnerOn } from "./work.ts"

const up = Layer.effectDiscard(Effect.sync(() => process.send?.("up")))

await runMain(
  up.pipe(
    Layer.provide(ClusterExecutor.layerRunner(jobs, Executor.local(jobs, handlers, { size: 4 }))),
    Layer.provide(runnerOn(Number(process.argv[2]))),
    Layer.launch
  )
)
