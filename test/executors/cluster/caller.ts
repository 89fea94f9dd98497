/**
 * A caller as a process: `caller.ts COUNT MILLIS`. Submits so many jobs, whose ids are their numbers, tells of each that has
 * ended, and of all results in the end.
 */
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { runInExecutor } from "effect-asyncio/executors"
import { ClusterExecutor } from "effect-asyncio/executors/cluster"
import { runMain } from "effect-asyncio/node"
import { client, jobs, work } from "./work.ts"

const [count, millis] = process.argv.slice(2).map(Number)

const main = Effect.gen(function*() {
  const executor = yield* ClusterExecutor.make(jobs)
  process.send?.("up")
  const tasks = []
  for (let number = 0; number < count!; number++) {
    tasks.push(yield* runInExecutor(executor, work, { number, millis: millis! }, { id: `job ${number}` }))
  }
  const told = tasks.map((task) => Effect.map(asyncio.Task.join(task), (number) => void process.send?.({ number })))
  yield* asyncio.gather(told)
  process.send?.({ results: yield* asyncio.gather(tasks) })
})

await runMain(main.pipe(Effect.scoped, Effect.provide(client)))
