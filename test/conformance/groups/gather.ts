/**
 * `gather`.
 *
 * asyncio's gather is a future, whose children exist from the call on; ours is an Effect. Where a program keeps that
 * future as `g`, an eager task stands for it: `createTask(gather([...]), { eager: true })` makes the children inside the
 * call too.
 */
import { Duration, Effect, Option } from "effect"
import * as asyncio from "effect-asyncio"
import { ValueError } from "../errors.ts"
import type { Group } from "../scenario.ts"

const { EventLoop, Future, Task } = asyncio

export default {
  /** Cancelling the task that awaits gather() cancels all children. */
  gather_cancel_outer: (log) =>
    Effect.gen(function*() {
      const child = (n: number) =>
        asyncio.sleep("100 seconds").pipe(
          Effect.onInterrupt(() => Effect.sync(() => log("child", n, "cancelled")))
        )

      const parent = () =>
        asyncio.gather([child(1), child(2), child(3)]).pipe(
          Effect.onInterrupt(() => Effect.sync(() => log("parent cancelled")))
        )

      const p = yield* asyncio.createTask(parent())
      yield* asyncio.sleep("1 second")
      yield* Task.cancel(p)
      yield* Task.join(p).pipe(
        Task.catchCancelled(() => Effect.sync(() => log("end", Task.cancelled(p))))
      )
    }),

  /** Cancelling a gather with returnExceptions still ends cancelled, after all children ended. */
  gather_cancel_with_return_exceptions: (log) =>
    Effect.gen(function*() {
      const child = (n: number) =>
        asyncio.sleep("100 seconds").pipe(
          Effect.ensuring(Effect.gen(function*() {
            yield* asyncio.sleep(Duration.seconds(n))
            log("child", n, "ended")
          }))
        )

      const g = yield* asyncio.createTask(
        asyncio.gather([child(1), child(2)], { returnExceptions: true }),
        { eager: true }
      )
      yield* asyncio.sleep("1 second")
      yield* Task.cancel(g)
      yield* Effect.gen(function*() {
        log(yield* g)
      }).pipe(
        Task.catchCancelled(() => Effect.sync(() => log("CancelledError")))
      )
    }),

  /** One cancelled child makes gather raise CancelledError; its siblings live on. */
  gather_child_cancelled: {
    status: "difference",
    reason: "gather gives an Effect, so there is no outer future to ask whether it is cancelled; a task around it " +
      "ends cancelled, as a task that awaits a gather does in asyncio",
    instead: {
      main: (log) =>
        Effect.gen(function*() {
          const child = (n: number) =>
            Effect.gen(function*() {
              yield* asyncio.sleep(Duration.seconds(n))
              log("child", n, "finished")
            }).pipe(
              Effect.onInterrupt(() => Effect.sync(() => log("child", n, "cancelled")))
            )

          const a = yield* asyncio.createTask(child(10))
          const b = yield* asyncio.createTask(child(3))
          yield* EventLoop.callLater("1 second", () => Task.cancelUnsafe(a))
          const g = yield* asyncio.createTask(asyncio.gather([a, b]), { eager: true })
          yield* Task.join(g).pipe(
            Task.catchCancelled(() =>
              Effect.sync(() => log("gather raised CancelledError, cancelled:", Task.cancelled(g)))
            )
          )
          const me = Option.getOrThrow(yield* asyncio.currentTask)
          log("requests on main", Task.cancelling(me), "b done", Task.done(b))
          yield* b
        }),
      trace: [
        [1, "child 10 cancelled"],
        [1, "gather raised CancelledError, cancelled: true"],
        [1, "requests on main 0 b done false"],
        [3, "child 3 finished"]
      ]
    }
  },

  /** The same awaitable given twice runs once and fills both places. */
  gather_duplicates: {
    status: "difference",
    reason:
      "a coroutine object is one run, an Effect a description: the same Effect given twice runs twice; the same " +
      "Task or Future given twice is one child, as in asyncio",
    instead: {
      main: (log) =>
        Effect.gen(function*() {
          const w = Effect.fnUntraced(function*(n: number) {
            log("run", n)
            yield* asyncio.sleep(Duration.seconds(n))
            return n
          })

          const c = w(2)
          const t = yield* asyncio.createTask(w(1))
          log(yield* asyncio.gather([c, t, c, t]))
        }),
      trace: [
        [0, "run 1"],
        [0, "run 2"],
        [0, "run 2"],
        [2, "[2, 1, 2, 1]"]
      ]
    }
  },

  /** gather() of nothing is done at once, with an empty list. */
  gather_empty: (log) =>
    Effect.gen(function*() {
      const g = yield* asyncio.createTask(asyncio.gather([]), { eager: true })
      log("done", Task.done(g))
      log("value", yield* g)
    }),

  /** Finished futures: gather is done at once. */
  gather_futures_done_already: (log) =>
    Effect.gen(function*() {
      const a = yield* Future.make<number>()
      const b = yield* Future.make<number>()
      yield* Future.succeed(a, 1)
      yield* Future.succeed(b, 2)
      const g = yield* asyncio.createTask(asyncio.gather([a, b]), { eager: true })
      log("done at once", Task.done(g))
      log(yield* g)
      const c = yield* Future.make<number, ValueError>()
      yield* Future.fail(c, new ValueError("early"))
      const h = yield* asyncio.createTask(asyncio.gather([a, c, b]), { eager: true })
      log("done at once", Task.done(h))
      yield* Task.join(h).pipe(
        Effect.catchTag("ValueError", (e) => Effect.sync(() => log(e)))
      )
    }),

  /** Futures, tasks, coroutines and another gather together; values in order. */
  gather_mixed_awaitables: (log) =>
    Effect.gen(function*() {
      const f = yield* Future.make<string>()
      yield* EventLoop.callLater("1 second", () => Future.succeedUnsafe(f, "future"))

      const c = Effect.fnUntraced(function*() {
        yield* asyncio.sleep("2 seconds")
        return "coroutine"
      })

      const t = yield* asyncio.createTask(asyncio.sleep("0.5 seconds", "task"))
      log(yield* asyncio.gather([f, c(), t, asyncio.sleep(0, "sleep")]))
    }),

  /** A gather inside a gather. */
  gather_nested: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*(n: number) {
        yield* asyncio.sleep(Duration.seconds(n))
        log("w", n)
        return n
      })

      log(yield* asyncio.gather([w(3), asyncio.gather([w(1), w(2)]), asyncio.gather([])]))
    }),

  /** gather() starts its coroutines even if nobody awaits it yet. */
  gather_not_awaited: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*(n: number) {
        log("start", n)
        yield* asyncio.sleep(Duration.seconds(n))
        log("end", n)
        return n
      })

      const g = yield* asyncio.createTask(asyncio.gather([w(1), w(2)]), { eager: true })
      log("created")
      yield* asyncio.sleep("5 seconds")
      log("done", Task.done(g), yield* Task.result(g))
    }),

  /** Take the first result, cancel the rest and wait for them. */
  gather_race_first_result: (log) =>
    Effect.gen(function*() {
      const source = (name: string, seconds: number) =>
        asyncio.sleep(Duration.seconds(seconds), name).pipe(
          Effect.onInterrupt(() => Effect.sync(() => log(name, "cancelled")))
        )

      const ts: Array<asyncio.Task.Task<string>> = []
      for (const [n, s] of [["slow", 3], ["fast", 1], ["middle", 2]] as const) {
        ts.push(yield* asyncio.createTask(source(n, s)))
      }
      const { done } = yield* asyncio.wait(ts, { returnWhen: asyncio.FIRST_COMPLETED })
      const [first] = done
      log("winner", yield* Task.result(first))
      for (const t of ts) yield* Task.cancel(t)
      log(yield* asyncio.gather(ts, { returnExceptions: true }))
    }),

  /** Results follow argument order although completion is in reverse. */
  gather_result_order_reverse: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*(n: number) {
        yield* asyncio.sleep(Duration.seconds(10 - n))
        log("finish", n)
        return n
      })

      log(yield* asyncio.gather([0, 1, 2, 3, 4, 5].map(w)))
    }),

  /** returnExceptions puts errors and cancellations in the result list. */
  gather_return_exceptions: (log) =>
    Effect.gen(function*() {
      const ok = Effect.fnUntraced(function*() {
        yield* asyncio.sleep("3 seconds")
        return "ok"
      })

      const bad = Effect.fnUntraced(function*() {
        yield* asyncio.sleep("1 second")
        return yield* new ValueError("bad")
      })

      const t = yield* asyncio.createTask(asyncio.sleep("50 seconds"))
      yield* EventLoop.callLater("2 seconds", () => Task.cancelUnsafe(t))
      log(yield* asyncio.gather([ok(), bad(), t], { returnExceptions: true }))
    }),

  /** Only the first error is raised; later errors are silent. */
  gather_second_error_ignored: (log) =>
    Effect.gen(function*() {
      yield* EventLoop.setExceptionHandler((context) => Effect.sync(() => log("handler", context.message)))

      const bad = Effect.fnUntraced(function*(n: number) {
        yield* asyncio.sleep(Duration.seconds(n))
        log("raising", n)
        return yield* new ValueError(n)
      })

      yield* asyncio.gather([bad(3), bad(1), bad(2)]).pipe(
        Effect.catchTag("ValueError", (e) => Effect.sync(() => log("caught", e)))
      )
      yield* asyncio.sleep("5 seconds")
      log("end")
    })
} satisfies Group
