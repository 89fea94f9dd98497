/**
 * `Lock`. Python's `acquire()` returns True, ours nothing: where a program prints it, `Effect.as(true)` stands for that.
 */
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { catchRuntimeError } from "../defects.ts"
import { ValueError } from "../errors.ts"
import type { Group } from "../scenario.ts"

const { Lock, Task } = asyncio

export default {
  /** Timing out on acquire leaves the lock in order. */
  locks_acquire_with_timeout: (log) =>
    Effect.gen(function*() {
      const lock = yield* Lock.make
      yield* Lock.acquire(lock)
      yield* asyncio.timeout("1 second", () => Lock.acquire(lock)).pipe(
        Effect.catchTag("TimeoutError", () => Effect.sync(() => log("TimeoutError", Lock.locked(lock))))
      )
      yield* Lock.release(lock)
      log(Lock.locked(lock), yield* Effect.as(Lock.acquire(lock), true))
    }),

  /** A cancelled waiter is skipped. */
  locks_cancel_waiter: (log) =>
    Effect.gen(function*() {
      const lock = yield* Lock.make
      yield* Lock.acquire(lock)

      const w = Effect.fnUntraced(function*(n: number) {
        yield* Lock.withLock(lock, Effect.sync(() => log("in", n))).pipe(
          Effect.onInterrupt(() => Effect.sync(() => log("cancelled", n)))
        )
      })

      const ts = yield* Effect.forEach([0, 1, 2], (n) => asyncio.createTask(w(n)))
      yield* asyncio.sleep(0)
      yield* Task.cancel(ts[0]!)
      yield* asyncio.sleep(0)
      yield* Lock.release(lock)
      yield* asyncio.wait(ts)
      log(ts.map((t) => Task.cancelled(t)), Lock.locked(lock))
    }),

  /** An error in the block releases the lock. */
  locks_error_inside: (log) =>
    Effect.gen(function*() {
      const lock = yield* Lock.make
      yield* Lock.withLock(lock, Effect.fail(new ValueError("x"))).pipe(
        Effect.catchTag("ValueError", () => Effect.sync(() => log("locked", Lock.locked(lock))))
      )
    }),

  /** Waiters get the lock in the order they asked. */
  locks_fifo: (log) =>
    Effect.gen(function*() {
      const lock = yield* Lock.make

      const w = Effect.fnUntraced(function*(n: number) {
        yield* Lock.withLock(
          lock,
          Effect.gen(function*() {
            log("in", n)
            yield* asyncio.sleep("1 second")
            log("out", n)
          })
        )
      })

      yield* asyncio.gather([0, 1, 2].map((n) => w(n)))
      log("locked", Lock.locked(lock))
    }),

  /** After release the first waiter owns the turn: a newcomer cannot jump the queue in between. */
  locks_no_barging: (log) =>
    Effect.gen(function*() {
      const lock = yield* Lock.make
      yield* Lock.acquire(lock)

      const w = Effect.fnUntraced(function*(n: string) {
        yield* Lock.acquire(lock)
        log("got", n)
        yield* Lock.release(lock)
      })

      const a = yield* asyncio.createTask(w("first"))
      yield* asyncio.sleep(0)
      yield* Lock.release(lock)
      log("locked after release", Lock.locked(lock))
      const b = yield* asyncio.createTask(w("second"))
      yield* Lock.acquire(lock)
      log("main got it last")
      yield* Lock.release(lock)
      yield* asyncio.gather([a, b])
    }),

  /** Releasing an unlocked lock is a RuntimeError. */
  locks_release_unlocked: (log) =>
    Effect.gen(function*() {
      const lock = yield* Lock.make
      yield* Lock.release(lock).pipe(
        catchRuntimeError(() => Effect.sync(() => log("RuntimeError")))
      )
      log(yield* Effect.as(Lock.acquire(lock), true), Lock.locked(lock))
      yield* Lock.release(lock)
      log(Lock.locked(lock))
    })
} satisfies Group
