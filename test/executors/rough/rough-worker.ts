/** What they do. */
import * as asyncio from "effect-asyncio"
import { serve } from "effect-asyncio/executors/node"
import * as Effect from "effect/Effect"
import { isMainThread, threadId } from "node:worker_threads"
import { rough } from "./jobs.ts"

let jobs = 0

serve(rough, {
  who: () => Effect.sync(() => ({ worker: isMainThread ? process.pid : threadId, jobs: ++jobs })),
  hang: (ms, { progress }) =>
    Effect.andThen(progress(), Effect.never).pipe(Effect.onInterrupt(() => asyncio.sleep(ms))),
  spin: (_, { progress }) =>
    Effect.map(progress(), () => {
      for (;;);
    }),
  crash: ({ attempts, how }, { attempt }) => {
    if (attempt > attempts) return Effect.succeed(attempt)
    if (how === "exit") return Effect.sync(() => process.exit(3))
    if (how === "kill") process.kill(process.pid, "SIGKILL")
    else {setImmediate(() => {
        throw new Error("out of the blue")
      })}
    return Effect.never
  },
  // Once its answer is gone.
  explode: () =>
    Effect.sync(() => {
      setTimeout(() => {
        throw new Error("out of the blue")
      }, 50)
    }),
  fill: () =>
    Effect.sync(() => {
      const all = []
      // Not with builtins alone: V8 does not end such a loop.
      for (;;) all.push({ text: String(all.length) })
    }),
  add: (bytes) => Effect.succeed(bytes.map((byte) => byte + 1)),
  weigh: (bytes, { attempt }) => Effect.sync(() => attempt === 1 ? process.exit(3) : bytes.length),
  talk: Effect.fnUntraced(function*() {
    yield* asyncio.createTask(Effect.fail("nobody looks"), { name: "unseen" })
    yield* Effect.log("hello")
    yield* asyncio.sleep(1)
  })
})
