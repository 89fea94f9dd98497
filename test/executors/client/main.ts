// A typed program on worker threads: stop early, survive a crash. Prints { one: "5", sizes: [2, 4, 6], … }.
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import * as executors from "effect-asyncio/executors"
import { ThreadPool } from "effect-asyncio/executors/node"
import { hash, images, resize } from "./jobs.ts"

const main = Effect.gen(function*() {
  const one: string = yield* executors.toThread(hash, "a.png")
  const sizes: Array<number> = yield* executors.map(resize, [1, 2, 3].map((width) => ({ path: "a", width })), {
    concurrency: 2,
    retries: 1
  })
  const task = yield* executors.submit(hash, "b.png")
  const both = yield* asyncio.gather([task, yield* executors.submit(hash, "c.png")])
  const late = yield* asyncio.timeout("2 seconds", () => executors.toThread(resize, { path: "a", width: 1 })).pipe(
    Effect.catchTag("TimeoutError", () => Effect.succeed(0)),
    Effect.catchTag("WorkerLost", (lost) => Effect.succeed(lost.reason.length))
  )
  const { done, pending } = yield* asyncio.wait([task], { returnWhen: asyncio.FIRST_COMPLETED })
  for (const other of pending) yield* asyncio.Task.cancel(other)
  // @ts-expect-error the payload is checked
  const wrong = executors.submit(resize, { path: "a" })
  return { one, sizes, both, late, done: done.size, wrong: typeof wrong }
})

const handled: Effect.Effect<unknown, executors.BrokenExecutor, never> = main.pipe(
  Effect.catchTag("Unreadable", ({ path }) => Effect.succeed(path)),
  Effect.catchTag("WorkerLost", () => Effect.succeed("lost")),
  Effect.provide(ThreadPool.layer(images, new URL("./worker.ts", import.meta.url), { size: 1, grace: "500 millis" })),
  asyncio.EventLoop.provide
)
console.log(await Effect.runPromise(handled))
