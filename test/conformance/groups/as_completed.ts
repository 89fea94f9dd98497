/**
 * `as_completed`.
 *
 * Ours is asyncio's async iteration, a Stream of the very tasks. Plain iteration, `for c in as_completed(ts)` with an
 * `await c` in every turn, is that Stream with an await of the task that came.
 */
import { Effect, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { catchIllegalArgument } from "../defects.ts"
import { ValueError } from "../errors.ts"
import { requests } from "../group.ts"
import type { Group } from "../scenario.ts"

const { EventLoop, Task } = asyncio

export default {
  /** Async iteration gives back the very tasks (since 3.13). */
  as_completed_async_iter: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*(n: number) {
        yield* asyncio.sleep(`${n} seconds`)
        return n
      })

      const ts = new Map<asyncio.Task.Task<number>, string>()
      for (const n of [3, 1, 2]) ts.set(yield* asyncio.createTask(w(n)), `task${n}`)
      yield* Stream.runForEach(asyncio.asCompleted(ts.keys()), (t) =>
        Effect.gen(function*() {
          log(ts.get(t), Task.done(t), yield* Task.result(t), yield* t)
        }))
    }),

  /** Items may be awaited out of step: the first await gets the first finished. */
  as_completed_await_later: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*(n: number) {
        yield* asyncio.sleep(`${n} seconds`)
        return n
      })

      const ts = yield* Effect.forEach([2, 1], (n) => asyncio.createTask(w(n)))
      const items = yield* asyncio.asCompletedEffects(ts)
      log("items", items.length)
      yield* asyncio.sleep("5 seconds")
      log("second item first:", yield* items[1]!)
      log("then the first item:", yield* items[0]!)
    }),

  /** A cancelled task shows up as an item that raises CancelledError. */
  as_completed_cancelled_item: (log) =>
    Effect.gen(function*() {
      const t = yield* asyncio.createTask(asyncio.sleep("50 seconds"))
      const u = yield* asyncio.createTask(asyncio.sleep("3 seconds", "u"))
      yield* EventLoop.callLater("1 second", () => Task.cancelUnsafe(t))
      yield* Stream.runForEach(asyncio.asCompleted([t, u]), (c) =>
        Effect.gen(function*() {
          log(yield* Task.join(c))
        }).pipe(
          Task.catchCancelled(() =>
            Effect.gen(function*() {
              log("CancelledError, requests on me", yield* requests)
            })
          )
        ))
    }),

  /** Duplicates are counted once. */
  as_completed_duplicates: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*(n: number) {
        log("start", n)
        yield* asyncio.sleep(`${n} seconds`)
        return n
      })

      const t = yield* asyncio.createTask(w(1))
      let n = 0
      yield* Stream.runForEach(asyncio.asCompleted([t, t, t]), (c) =>
        Effect.gen(function*() {
          n += 1
          log("got", yield* c)
        }))
      log("iterations", n)
    }),

  /** Nothing to wait for: no iterations, both styles. */
  as_completed_empty: (log) =>
    Effect.gen(function*() {
      let n = 0
      const none: ReadonlyArray<asyncio.Task.Task<void>> = []
      yield* Stream.runForEach(asyncio.asCompleted(none), () =>
        Effect.sync(() => {
          n += 1
        }))
      log("iterations", n)
    }),

  /** An error is raised by the item that failed; iteration can go on. */
  as_completed_error: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*(n: number) {
        yield* asyncio.sleep(`${n} seconds`)
        if (n === 2) {
          return yield* new ValueError("two")
        }
        return n
      })

      const ts = yield* Effect.forEach([3, 1, 2], (n) => asyncio.createTask(w(n)))
      yield* Stream.runForEach(asyncio.asCompleted(ts), (c) =>
        Effect.gen(function*() {
          log("next", yield* c)
        }).pipe(
          Effect.catchTag("ValueError", (e) => Effect.sync(() => log("error", e)))
        ))
    }),

  /** Plain iteration gives results in completion order. */
  as_completed_plain: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*(n: number) {
        yield* asyncio.sleep(`${n} seconds`)
        return n
      })

      const ts = yield* Effect.forEach([3, 1, 2], (n) => asyncio.createTask(w(n)))
      yield* Stream.runForEach(asyncio.asCompleted(ts), (c) =>
        Effect.gen(function*() {
          log("next", yield* c)
        }))
    }),

  /** After the timeout every remaining item raises TimeoutError; tasks are not cancelled. */
  as_completed_timeout_plain: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*(n: number) {
        yield* asyncio.sleep(`${n} seconds`)
        log("w", n, "ends")
        return n
      })

      const ts = yield* Effect.forEach([1, 5, 6], (n) => asyncio.createTask(w(n)))
      for (const c of yield* asyncio.asCompletedEffects(ts, { timeout: "3 seconds" })) {
        yield* Effect.gen(function*() {
          log("next", yield* c)
        }).pipe(
          Effect.catchTag("TimeoutError", () => Effect.sync(() => log("TimeoutError")))
        )
      }
      log("cancelled", ts.map((t) => Task.cancelled(t)))
      yield* asyncio.sleep("10 seconds")
    }),

  /** A bare awaitable is refused. */
  as_completed_type_error: (log) =>
    Effect.gen(function*() {
      const t = yield* asyncio.createTask(asyncio.sleep(0))
      // the compiler refuses it too, where Python finds it by running
      const bare = t as unknown as Iterable<asyncio.Task.Task<void>>
      yield* Stream.runDrain(asyncio.asCompleted(bare)).pipe(
        catchIllegalArgument(() => Effect.sync(() => log("TypeError")))
      )
    })
} satisfies Group
