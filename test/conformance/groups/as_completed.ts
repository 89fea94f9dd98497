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

const { EventLoop, Queue, Task } = asyncio

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
  as_completed_await_later: {
    status: "difference",
    reason:
      "asCompleted is a Stream of finished tasks, without items that stand for those to come: who wants to take " +
      "them later lets a task put them into a Queue",
    instead: {
      main: (log) =>
        Effect.gen(function*() {
          const w = Effect.fnUntraced(function*(n: number) {
            yield* asyncio.sleep(`${n} seconds`)
            return n
          })

          const ts = yield* Effect.forEach([2, 1], (n) => asyncio.createTask(w(n)))
          const items = yield* Queue.make<asyncio.Task.Task<number>>()
          yield* asyncio.createTask(
            Stream.runForEach(asyncio.asCompleted(ts), (t) => Queue.put(items, t))
          )
          yield* asyncio.sleep("5 seconds")
          log("items", Queue.size(items))
          log("first item:", yield* yield* Queue.get(items))
          log("second item:", yield* yield* Queue.get(items))
        }),
      trace: [
        [5, "items 2"],
        [5, "first item: 1"],
        [5, "second item: 2"]
      ]
    }
  },

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
  as_completed_timeout_plain: {
    status: "difference",
    reason:
      "asCompleted is a Stream, as asyncio's async iteration: the timeout ends it with one TimeoutError, not with " +
      "one for each task that is left",
    instead: {
      main: (log) =>
        Effect.gen(function*() {
          const w = Effect.fnUntraced(function*(n: number) {
            yield* asyncio.sleep(`${n} seconds`)
            log("w", n, "ends")
            return n
          })

          const ts = yield* Effect.forEach([1, 5, 6], (n) => asyncio.createTask(w(n)))
          yield* Stream.runForEach(asyncio.asCompleted(ts, { timeout: "3 seconds" }), (c) =>
            Effect.gen(function*() {
              log("next", yield* c)
            })).pipe(
              Effect.catchTag("TimeoutError", () => Effect.sync(() => log("TimeoutError")))
            )
          log("cancelled", ts.map((t) => Task.cancelled(t)))
          yield* asyncio.sleep("10 seconds")
        }),
      trace: [
        [1, "w 1 ends"],
        [1, "next 1"],
        [3, "TimeoutError"],
        [3, "cancelled [false, false, false]"],
        [5, "w 5 ends"],
        [6, "w 6 ends"]
      ]
    }
  },

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
