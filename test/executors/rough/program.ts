/** Programs that processes.test.ts starts, bundled, to see what becomes of them and of their workers. The first argument says which. */
import { Console, Effect, Scope } from "effect"
import * as asyncio from "effect-asyncio"
import { runInExecutor, submit } from "effect-asyncio/executors"
import { ProcessPool, ThreadPool } from "effect-asyncio/executors/node"
import { runMain } from "effect-asyncio/node"
import { fill, hang, rough, spin, talk } from "./jobs.ts"

const url = new URL("./rough-worker.mjs", import.meta.url)
const kinds = [ThreadPool, ProcessPool]

/** Prints on which worker it runs, when it has begun. */
const announced = Effect.fnUntraced(function*(job: typeof hang | typeof spin) {
  const began = yield* asyncio.Event.make
  const task = yield* submit(job, 0, { onProgress: () => asyncio.Event.set(began) })
  yield* asyncio.Event.wait(began)
  yield* Console.log(`begun: ${String(task)}`)
  return task
})

const programs: Record<string, Effect.Effect<unknown, unknown, asyncio.EventLoop.EventLoop>> = {
  /** Has a worker that waits and one that computes, until it is killed. */
  killed: Effect.gen(function*() {
    const tasks = [yield* announced(hang), yield* announced(spin)]
    yield* asyncio.wait(tasks)
  }).pipe(Effect.provide(ProcessPool.layer(rough, url, { size: 2 }))),

  /** Waits for a signal, which its worker hears, too. */
  interrupted: Effect.gen(function*() {
    const task = yield* announced(hang)
    yield* Effect.ensuring(
      asyncio.Task.join(task),
      Effect.suspend(() => Console.log(`ended: ${asyncio.Task.cancelled(task)}`))
    )
  }).pipe(Effect.provide(ProcessPool.layer(rough, url, { size: 1 }))),

  /** Leaves its pools open: nothing of them keeps it alive. */
  left: Effect.gen(function*() {
    for (const kind of kinds) {
      const options = { size: 1, resourceLimits: { maxOldGenerationSizeMb: 24 } }
      const pool = yield* Scope.provide(kind.make(rough, url, options), Scope.makeUnsafe())
      yield* yield* runInExecutor(pool, talk, undefined)
      const lost = yield* Effect.flip(Effect.flatMap(runInExecutor(pool, fill, undefined), asyncio.Task.join))
      yield* Console.log(`${lost._tag}: ${lost._tag === "WorkerLost" ? lost.reason : ""}`)
    }
    yield* Console.log("done")
  })
}

await runMain(programs[process.argv[2]!]!)
