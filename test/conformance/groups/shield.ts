/**
 * `shield`. It gives a future in Python, an Effect here: where a program keeps that future, an eager task stands for it
 * (as for that of `gather`).
 */
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { ValueError } from "../errors.ts"
import type { Group } from "../scenario.ts"

const { EventLoop, Future, Task } = asyncio

export default {
  /** The usual pattern: on cancel, wait for the shielded work and then pass the cancel on. */
  shield_await_twice_after_cancel: (log) =>
    Effect.gen(function*() {
      const critical = Effect.fnUntraced(function*() {
        log("critical start")
        yield* asyncio.sleep("4 seconds")
        log("critical end")
      })

      const worker = Effect.fnUntraced(function*() {
        const t = yield* asyncio.createTask(critical())
        yield* asyncio.shield(t).pipe(
          Task.catchCancelled(() =>
            Effect.gen(function*() {
              log("cancelled, finishing the critical part")
              yield* t
              return yield* Effect.interrupt
            })
          )
        )
      })

      const w = yield* asyncio.createTask(worker())
      yield* asyncio.sleep("1 second")
      yield* Task.cancel(w)
      yield* Task.join(w).pipe(
        Task.catchCancelled(() => Effect.sync(() => log("worker cancelled")))
      )
    }),

  /** Shielding something already done gives that very future. */
  shield_done_shortcut: {
    status: "difference",
    reason: "shield gives an Effect, not the future it shields: one that is done gives its value without a tick",
    instead: {
      main: (log) =>
        Effect.gen(function*() {
          const f = yield* Future.make<number>()
          yield* Future.succeed(f, 3)
          yield* EventLoop.callSoon(() => log("next tick"))
          log("done, shielded:", yield* asyncio.shield(f))
          const g = yield* Future.make<number>()
          yield* EventLoop.callSoon(() => Future.succeedUnsafe(g, 4))
          log("pending, shielded:", yield* asyncio.shield(g))
        }),
      trace: [
        [0, "done, shielded: 3"],
        [0, "next tick"],
        [0, "pending, shielded: 4"]
      ]
    }
  },

  /** Cancelling the inner task cancels the shield. */
  shield_inner_cancelled: (log) =>
    Effect.gen(function*() {
      const t = yield* asyncio.createTask(asyncio.sleep("10 seconds"))
      const s = yield* asyncio.createTask(asyncio.shield(t), { eager: true })
      yield* asyncio.sleep("1 second")
      yield* Task.cancel(t)
      yield* Task.join(s).pipe(
        Task.catchCancelled(() => Effect.sync(() => log("CancelledError", Task.cancelled(s), Task.cancelled(t))))
      )
    }),

  /** A shield around gather: cancelling the shield leaves the children alone. */
  shield_of_gather: (log) =>
    Effect.gen(function*() {
      const inner = Effect.fnUntraced(function*(n: number) {
        yield* asyncio.sleep(`${n} seconds`)
        log("inner", n)
        return n
      })

      const g = yield* asyncio.createTask(asyncio.gather([inner(2), inner(3)]), { eager: true })
      const s = yield* asyncio.createTask(asyncio.shield(g), { eager: true })
      yield* asyncio.sleep("1 second")
      log("cancel", yield* Task.cancel(s))
      yield* Task.join(s).pipe(
        Task.catchCancelled(() => Effect.sync(() => log("shield cancelled")))
      )
      log(yield* g)
    }),

  /** Cancelling the waiter of a shield leaves the inner task running. */
  shield_outer_cancelled: (log) =>
    Effect.gen(function*() {
      const inner = Effect.fnUntraced(function*() {
        yield* asyncio.sleep("3 seconds")
        log("inner finished")
        return "v"
      })

      const t = yield* asyncio.createTask(inner())

      const outer = Effect.fnUntraced(function*() {
        yield* asyncio.shield(t).pipe(Effect.onInterrupt(() => Effect.sync(() => log("outer cancelled"))))
      })

      const o = yield* asyncio.createTask(outer())
      yield* asyncio.sleep("1 second")
      yield* Task.cancel(o)
      yield* asyncio.sleep(0)
      log("outer", Task.cancelled(o), "inner", Task.cancelled(t), Task.done(t))
      log(yield* t)
    }),

  /** Result and error pass through. */
  shield_result_and_error: (log) =>
    Effect.gen(function*() {
      const ok = Effect.fnUntraced(function*() {
        yield* asyncio.sleep("1 second")
        return "ok"
      })

      const bad = Effect.fnUntraced(function*() {
        yield* asyncio.sleep("1 second")
        return yield* new ValueError("bad")
      })

      log(yield* asyncio.shield(ok()))
      yield* asyncio.shield(bad()).pipe(
        Effect.catchTag("ValueError", (e) => Effect.sync(() => log("caught", e)))
      )
    }),

  /** wait_for(shield(t)) times out without cancelling t. */
  shield_wait_for: (log) =>
    Effect.gen(function*() {
      const inner = Effect.fnUntraced(function*() {
        yield* asyncio.sleep("5 seconds")
        log("inner finished")
        return "late value"
      })

      const t = yield* asyncio.createTask(inner())
      yield* asyncio.waitFor(asyncio.shield(t), "2 seconds").pipe(
        Effect.catchTag("TimeoutError", () => Effect.sync(() => log("TimeoutError, inner done", Task.done(t))))
      )
      log(yield* t)
    })
} satisfies Group
