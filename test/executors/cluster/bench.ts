/** A caller as a process that measures empty jobs: `bench.ts COUNT IN_FLIGHT`. Sends milliseconds: of all, the median, of CPU. */
import { Effect, Layer } from "effect"
import { Executor, map } from "effect-asyncio/executors"
import { ClusterExecutor } from "effect-asyncio/executors/cluster"
import { runMain } from "effect-asyncio/node"
import { client, jobs, work } from "./work.ts"

const [count = 1, concurrency = 1] = process.argv.slice(2).map(Number)

const main = Effect.gen(function*() {
  const executor = yield* Executor.Executor
  const times: Array<number> = []
  const timed: Executor.Executor<typeof work> = {
    "~effect-asyncio/Executor": () => {},
    execute: (job, input, options) =>
      Effect.suspend(() => {
        const since = performance.now()
        return Effect.tap(executor.execute(job, input, options), () =>
          Effect.sync(() => times.push(performance.now() - since)))
      })
  }
  const inputs = (length: number) => Array.from({ length }, (_, number) => ({ number, millis: 0 }))
  yield* map(work, inputs(20), { concurrency })
  const [since, cpu] = [performance.now(), process.cpuUsage()]
  yield* Effect.provide(map(work, inputs(count), { concurrency }), Executor.layer(Effect.succeed(timed)))
  const { system, user } = process.cpuUsage(cpu)
  const median = times.toSorted((a, b) => a - b)[count >> 1]
  process.send?.({ all: performance.now() - since, median, cpu: (user + system) / 1_000 })
})

// Nothing is left of a test that is killed.
process.on("disconnect", () => process.exit(1))
await runMain(main.pipe(Effect.provide(Layer.provide(ClusterExecutor.layer(jobs), client))))
process.exit()
