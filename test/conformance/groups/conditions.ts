/** `Condition`: `async with cond` is `Condition.withLock(cond, …)`. */
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { catchRuntimeError } from "../defects.ts"
import type { Group } from "../scenario.ts"

const { Condition, Lock, Task } = asyncio

export default {
  /** A cancelled wait() takes the lock again before CancelledError comes out. */
  conditions_cancel_reacquires: (log) =>
    Effect.gen(function*() {
      const cond = yield* Condition.make()

      const w = Effect.fnUntraced(function*() {
        yield* Condition.withLock(
          cond,
          Condition.wait(cond).pipe(
            Effect.onInterrupt(() => Effect.sync(() => log("cancelled, lock held", Condition.locked(cond))))
          )
        )
      })

      const t = yield* asyncio.createTask(w())
      yield* asyncio.sleep("1 second")
      yield* Condition.acquire(cond)
      yield* Task.cancel(t)
      yield* asyncio.sleep("2 seconds")
      log("still waiting for the lock", Task.done(t))
      yield* Condition.release(cond)
      yield* asyncio.wait([t])
      log(Task.cancelled(t), Condition.locked(cond))
    }),

  /** wait and notify need the lock. */
  conditions_misuse: (log) =>
    Effect.gen(function*() {
      const cond = yield* Condition.make()
      yield* Condition.wait(cond).pipe(
        catchRuntimeError(() => Effect.sync(() => log("wait: RuntimeError")))
      )
      yield* Condition.notify(cond).pipe(
        catchRuntimeError(() => Effect.sync(() => log("notify: RuntimeError")))
      )
      yield* Condition.notifyAll(cond).pipe(
        catchRuntimeError(() => Effect.sync(() => log("notify_all: RuntimeError")))
      )
      yield* Condition.release(cond).pipe(
        catchRuntimeError(() => Effect.sync(() => log("release: RuntimeError")))
      )
    }),

  /** notify_all: waiters go on one after another, each holding the lock. */
  conditions_notify_all: (log) =>
    Effect.gen(function*() {
      const cond = yield* Condition.make()

      const w = Effect.fnUntraced(function*(n: number) {
        yield* Condition.withLock(
          cond,
          Effect.gen(function*() {
            yield* Condition.wait(cond)
            log("woke", n, Condition.locked(cond))
            yield* asyncio.sleep("1 second")
            log("leaves", n)
          })
        )
      })

      const ts = yield* Effect.forEach([0, 1, 2], (n) => asyncio.createTask(w(n)))
      yield* asyncio.sleep("1 second")
      yield* Condition.withLock(
        cond,
        Effect.gen(function*() {
          yield* Condition.notifyAll(cond)
          log("notified, still holding the lock")
          yield* asyncio.sleep("1 second")
        })
      )
      yield* asyncio.gather(ts)
    }),

  /** notify() with nobody waiting is lost. */
  conditions_notify_lost: (log) =>
    Effect.gen(function*() {
      const cond = yield* Condition.make()
      yield* Condition.withLock(cond, Condition.notifyAll(cond))
      yield* asyncio.timeout("2 seconds", () => Condition.withLock(cond, Condition.wait(cond))).pipe(
        Effect.catchTag("TimeoutError", () => Effect.sync(() => log("TimeoutError", Condition.locked(cond))))
      )
    }),

  /** notify(n) with more or fewer waiters. */
  conditions_notify_n: (log) =>
    Effect.gen(function*() {
      const cond = yield* Condition.make()

      const w = Effect.fnUntraced(function*(n: number) {
        yield* Condition.withLock(
          cond,
          Effect.gen(function*() {
            yield* Condition.wait(cond)
            log("woke", n)
          })
        )
      })

      const ts = yield* Effect.forEach([0, 1, 2, 3], (n) => asyncio.createTask(w(n)))
      yield* asyncio.sleep("1 second")
      yield* Condition.withLock(cond, Condition.notify(cond, 2))
      yield* asyncio.sleep("1 second")
      log(ts.map((t) => Task.done(t)))
      yield* Condition.withLock(cond, Condition.notify(cond, 10))
      yield* asyncio.sleep("1 second")
      log(ts.map((t) => Task.done(t)))
    }),

  /** notify() wakes one waiter per call, first come first served. */
  conditions_notify_one: (log) =>
    Effect.gen(function*() {
      const cond = yield* Condition.make()

      const w = Effect.fnUntraced(function*(n: number) {
        yield* Condition.withLock(
          cond,
          Effect.gen(function*() {
            log("waiting", n)
            // Python's wait() returns True
            log("woke", n, yield* Effect.as(Condition.wait(cond), true))
          })
        )
      })

      const ts = yield* Effect.forEach([0, 1, 2], (n) => asyncio.createTask(w(n)))
      yield* asyncio.sleep("1 second")
      for (let i = 0; i < 3; i++) {
        yield* Condition.withLock(
          cond,
          Effect.gen(function*() {
            yield* Condition.notify(cond)
            log("notified")
          })
        )
        yield* asyncio.sleep("1 second")
      }
      yield* asyncio.gather(ts)
    }),

  /** Two conditions on one lock. */
  conditions_shared_lock: (log) =>
    Effect.gen(function*() {
      const lock = yield* Lock.make
      const notEmpty = yield* Condition.make(lock)
      const notFull = yield* Condition.make(lock)
      const items: Array<number> = []

      const producer = Effect.fnUntraced(function*() {
        for (let i = 0; i < 4; i++) {
          yield* Condition.withLock(
            notFull,
            Effect.gen(function*() {
              yield* Condition.waitFor(notFull, () => items.length < 2)
              items.push(i)
              log("put", i)
              yield* Condition.notify(notEmpty)
            })
          )
        }
      })

      const consumer = Effect.fnUntraced(function*() {
        for (let i = 0; i < 4; i++) {
          yield* Condition.withLock(
            notEmpty,
            Effect.gen(function*() {
              yield* Condition.waitFor(notEmpty, () => items.length > 0)
              log("got", items.shift())
              yield* Condition.notify(notFull)
            })
          )
          yield* asyncio.sleep("1 second")
        }
      })

      yield* asyncio.gather([producer(), consumer()])
    }),

  /** wait_for checks the predicate on every notify. */
  conditions_wait_for: (log) =>
    Effect.gen(function*() {
      const cond = yield* Condition.make()
      let n = 0

      const w = Effect.fnUntraced(function*() {
        yield* Condition.withLock(
          cond,
          Effect.gen(function*() {
            log("result", yield* Condition.waitFor(cond, () => n >= 3 ? n : 0))
          })
        )
      })

      const t = yield* asyncio.createTask(w())
      for (let i = 0; i < 4; i++) {
        yield* asyncio.sleep("1 second")
        yield* Condition.withLock(
          cond,
          Effect.gen(function*() {
            n += 1
            log("n is", n)
            yield* Condition.notify(cond)
          })
        )
      }
      yield* t
    })
} satisfies Group
