/** Futures: states, callbacks, errors, cancellation. */
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { catchIllegalArgument } from "../defects.ts"
import { KeyError, ValueError } from "../errors.ts"
import type { Group } from "../scenario.ts"

const { EventLoop, Future, Task } = asyncio

export default {
  /** Awaiting a finished future does not yield. */
  futures_await_done: (log) =>
    Effect.gen(function*() {
      const f = yield* Future.make<string>()
      yield* Future.succeed(f, "ready")
      yield* EventLoop.callSoon(() => log("other callback"))
      log(yield* f)
      log(yield* f)
      yield* asyncio.sleep(0)
    }),

  /** Callbacks run on the next tick in order; never inside succeed. */
  futures_callbacks: (log) =>
    Effect.gen(function*() {
      const f = yield* Future.make<string>()
      yield* Future.addDoneCallback(f, (x) => log("one", Effect.runSync(Future.result(x))))
      yield* Future.addDoneCallback(f, (x) => log("two", x === f))
      yield* Future.succeed(f, "v")
      log("after set_result")
      yield* Future.addDoneCallback(f, () => log("three"))
      yield* asyncio.sleep(0)
      log("after a tick")
    }),

  /** A cancelled future: result and exception end cancelled; nothing can be set. */
  futures_cancel: (log) =>
    Effect.gen(function*() {
      const f = yield* Future.make<number>()
      log("cancel", yield* Future.cancel(f, { message: "why" }), Future.cancelled(f), Future.done(f))
      for (const what of [Effect.asVoid(Future.result(f)), Effect.asVoid(Future.exception(f))]) {
        yield* what.pipe(
          Task.catchCancelled(() => Effect.sync(() => log("CancelledError")))
        )
      }
      yield* Future.succeed(f, 1).pipe(
        Effect.catchTag("InvalidStateError", () => Effect.sync(() => log("InvalidStateError")))
      )
      log("cancel again", yield* Future.cancel(f))
      yield* Future.join(f).pipe(
        Task.catchCancelled(() => Effect.sync(() => log("await raises CancelledError")))
      )
    }),

  /** ensureFuture: same object for futures, task for effects, error for the rest. */
  futures_ensure_future: (log) =>
    Effect.gen(function*() {
      const f = yield* Future.make<number>()
      log((yield* asyncio.ensureFuture(f)) === f)

      const w = Effect.fnUntraced(function*() {
        return 5
      })

      const t = yield* asyncio.ensureFuture(w())
      log((yield* asyncio.ensureFuture(t)) === t, Future.isFuture(t), Future.isFuture(f), Future.isFuture(3))
      log(yield* t)
      yield* Effect.suspend(() => asyncio.ensureFuture("text" as never)).pipe(
        catchIllegalArgument(() => Effect.sync(() => log("TypeError")))
      )
      yield* Future.cancel(f)
    }),

  /** A future with an error, awaited twice; an error made without arguments. */
  futures_exception: (log) =>
    Effect.gen(function*() {
      const f = yield* Future.make<number, ValueError>()
      yield* Future.fail(f, new ValueError("boom"))
      log(Future.done(f), yield* Future.exception(f))
      for (let i = 0; i < 2; i++) {
        yield* Future.join(f).pipe(
          Effect.catchTag("ValueError", (e) => Effect.sync(() => log("caught", e)))
        )
      }
      const g = yield* Future.make<number, KeyError>()
      yield* Future.fail(g, new KeyError())
      log(yield* Future.exception(g))
    }),

  /** Removing callbacks; removing in a callback does not stop those already scheduled. */
  futures_remove_callback: (log) =>
    Effect.gen(function*() {
      const f = yield* Future.make<void>()

      const two = () => {
        log("two")
      }

      const one = (x: asyncio.Future.Future<void>) => {
        log("one removes", Effect.runSync(Future.removeDoneCallback(x, two)))
      }

      yield* Future.addDoneCallback(f, one)
      yield* Future.addDoneCallback(f, two)
      log("removed nothing", yield* Future.removeDoneCallback(f, log))
      yield* Future.succeed(f, undefined)
      yield* asyncio.sleep(0)
    }),

  /** A future completed by a timer. */
  futures_set_from_timer: (log) =>
    Effect.gen(function*() {
      const f = yield* Future.make<string>()
      yield* EventLoop.callLater("2 seconds", () => Future.succeedUnsafe(f, "tick"))
      log("waiting")
      log(yield* f)
    }),

  /** The life of a future and InvalidStateError. */
  futures_states: (log) =>
    Effect.gen(function*() {
      const f = yield* Future.make<number, ValueError>()
      log(Future.done(f), Future.cancelled(f))
      for (const what of [Effect.asVoid(Future.result(f)), Effect.asVoid(Future.exception(f))]) {
        yield* what.pipe(
          Effect.catchTag("InvalidStateError", () => Effect.sync(() => log("InvalidStateError")))
        )
      }
      yield* Future.succeed(f, 7)
      log(Future.done(f), Future.cancelled(f), yield* Future.result(f), yield* Future.exception(f))
      for (const what of [Future.succeed(f, 8), Future.fail(f, new ValueError("x"))]) {
        yield* what.pipe(
          Effect.catchTag("InvalidStateError", () => Effect.sync(() => log("InvalidStateError")))
        )
      }
      log("cancel", yield* Future.cancel(f), yield* Future.result(f))
    })
} satisfies Group
