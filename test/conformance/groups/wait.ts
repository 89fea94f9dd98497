/** `wait`: done and pending as sets, nothing raised, nothing cancelled. */
import { Duration, Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { catchIllegalArgument } from "../defects.ts"
import { ValueError } from "../errors.ts"
import type { Group } from "../scenario.ts"

const { EventLoop, Task } = asyncio

export default {
  /** If everything is done wait() still needs a tick, but no time. */
  wait_all_done_already: (log) =>
    Effect.gen(function*() {
      const t = yield* asyncio.createTask(asyncio.sleep("1 second"))
      yield* t
      yield* EventLoop.callSoon(() => log("other callback"))
      const { done, pending } = yield* asyncio.wait([t])
      log(done.size, pending.size)
    }),

  /** Cancelling the waiter does not cancel what it waits for. */
  wait_cancelled_leaves_tasks: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*() {
        yield* asyncio.sleep("5 seconds")
        log("w finished")
      })

      const t = yield* asyncio.createTask(w())

      const waiter = () =>
        asyncio.wait([t]).pipe(
          Effect.onInterrupt(() => Effect.sync(() => log("waiter cancelled")))
        )

      const x = yield* asyncio.createTask(waiter())
      yield* asyncio.sleep("1 second")
      yield* Task.cancel(x)
      yield* asyncio.sleep(0)
      log("waiter", Task.cancelled(x), "task", Task.cancelled(t), Task.done(t))
      yield* t
    }),

  /** wait() takes tasks and futures only, and a collection of them. */
  wait_coroutines_forbidden: {
    status: "difference",
    reason:
      "wait takes plain Effects too: they become tasks, and the sets hold the tasks; asyncio refuses coroutines " +
      "because nobody could find them again in the sets",
    instead: {
      main: (log) =>
        Effect.gen(function*() {
          const w = Effect.fnUntraced(function*() {
            log("an effect in the list runs")
          })

          const { done } = yield* asyncio.wait([w()])
          const [task] = done
          log("as a task", Task.isTask(task))
          const t = yield* asyncio.createTask(asyncio.sleep(0))
          yield* asyncio.wait(t as unknown as Iterable<typeof t>).pipe(
            catchIllegalArgument(() => Effect.sync(() => log("TypeError for a bare task")))
          )
          yield* asyncio.wait([t], { returnWhen: "SOMETIME" as "ALL_COMPLETED" }).pipe(
            catchIllegalArgument(() => Effect.sync(() => log("ValueError for return_when")))
          )
        }),
      trace: [
        [0, "an effect in the list runs"],
        [0, "as a task true"],
        [0, "TypeError for a bare task"],
        [0, "ValueError for return_when"]
      ]
    }
  },

  /** Duplicates count once. */
  wait_duplicates: (log) =>
    Effect.gen(function*() {
      const t = yield* asyncio.createTask(asyncio.sleep("1 second", "v"))
      const { done, pending } = yield* asyncio.wait([t, t, t])
      log(done.size, pending.size, yield* Task.result(t))
    }),

  /** wait() of nothing is a ValueError. */
  wait_empty: (log) =>
    asyncio.wait([]).pipe(
      catchIllegalArgument(() => Effect.sync(() => log("ValueError")))
    ),

  /** wait() does not raise the errors of its tasks. */
  wait_errors_not_raised: (log) =>
    Effect.gen(function*() {
      const bad = Effect.fnUntraced(function*(n: number) {
        yield* asyncio.sleep(Duration.seconds(n))
        return yield* new ValueError(n)
      })

      const a = yield* asyncio.createTask(bad(1))
      const b = yield* asyncio.createTask(bad(2))
      const { done, pending } = yield* asyncio.wait([a, b])
      log(done.size, pending.size, yield* Task.exception(a), yield* Task.exception(b))
    }),

  /** Everything that is done by the time wait() resumes is in done. */
  wait_first_completed_simultaneous: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*(n: number) {
        yield* asyncio.sleep(Duration.seconds(n))
        return n
      })

      const ts: Array<asyncio.Task.Task<number>> = []
      for (const n of [2, 2, 3]) ts.push(yield* asyncio.createTask(w(n)))
      const { done, pending } = yield* asyncio.wait(ts, { returnWhen: asyncio.FIRST_COMPLETED })
      log("done", done.size, "pending", pending.size)
    }),

  /** wait() with a timeout raises nothing and cancels nothing. */
  wait_timeout: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*(n: number) {
        yield* asyncio.sleep(Duration.seconds(n))
        log("w", n)
        return n
      })

      const ts: Array<asyncio.Task.Task<number>> = []
      for (const n of [1, 2, 5]) ts.push(yield* asyncio.createTask(w(n)))
      const early = yield* asyncio.wait(ts, { timeout: "3 seconds" })
      log("done", early.done.size, "pending", early.pending.size, "cancelled", ts.map(Task.cancelled))
      const late = yield* asyncio.wait(ts)
      log("done", late.done.size, "pending", late.pending.size)
    }),

  /** A timeout of zero returns after at least one tick with whatever is done. */
  wait_timeout_zero: (log) =>
    Effect.gen(function*() {
      const quick = Effect.fnUntraced(function*() {
        log("quick ran")
      })

      const q = yield* asyncio.createTask(quick())
      const s = yield* asyncio.createTask(asyncio.sleep("3 seconds"))
      const { done, pending } = yield* asyncio.wait([q, s], { timeout: 0 })
      log("quick in done", done.has(q), "slow in pending", pending.has(s))
    })
} satisfies Group
