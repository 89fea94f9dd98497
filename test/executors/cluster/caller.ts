/**
 * A caller as a process: `caller.ts COUNT MILLIS RUN`. Submits so many jobs, whose ids are the run's and their numbers, listens
 * to every other one's report, tells of each that has ended, and of all results in the end.
 */
import { Effect, Schedule } from "effect"
import * as asyncio from "effect-asyncio"
import { runInExecutor } from "effect-asyncio/executors"
import { ClusterExecutor } from "effect-asyncio/executors/cluster"
import { runMain } from "effect-asyncio/node"
import { client, jobs, work } from "./work.ts"

const [count = 1, millis = 0, run = 0] = process.argv.slice(2).map(Number)

const main = Effect.gen(function*() {
  const executor = yield* ClusterExecutor.make(jobs)
  // What a storage that is down does not take is submitted again, under its id.
  const submitted = (number: number) => {
    const listening = number % 2 === 0 ? { onProgress: () => Effect.void } : {}
    const options = { id: `${run}/${number}`, ...listening }
    return Effect.flatMap(runInExecutor(executor, work, { number, millis }, options), asyncio.Task.join).pipe(
      Effect.retry({ while: ({ _tag }) => _tag === "BrokenExecutor", schedule: Schedule.spaced("500 millis") })
    )
  }
  const tasks = []
  for (let number = 0; number < count; number++) tasks.push(yield* asyncio.createTask(submitted(number)))
  const told = tasks.map((task) => Effect.map(asyncio.Task.join(task), (number) => void process.send?.({ number })))
  yield* asyncio.gather(told)
  process.send?.({ results: yield* asyncio.gather(tasks) })
})

// Nothing is left of a test that is killed.
process.on("disconnect", () => process.exit(1))
await runMain(main.pipe(Effect.scoped, Effect.provide(client)))
process.exit()
