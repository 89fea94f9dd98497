/** `Semaphore` and `BoundedSemaphore`. */
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { catchIllegalArgument } from "../defects.ts"
import type { Group } from "../scenario.ts"

const { BoundedSemaphore, Semaphore, Task } = asyncio

export default {
  /** A bounded semaphore refuses too many releases; a plain one grows. */
  semaphores_bounded: (log) =>
    Effect.gen(function*() {
      const b = yield* BoundedSemaphore.make(1)
      yield* Semaphore.acquire(b)
      yield* Semaphore.release(b)
      yield* Semaphore.release(b).pipe(
        catchIllegalArgument(() => Effect.sync(() => log("bounded: ValueError")))
      )
      const s = yield* Semaphore.make(0)
      yield* Semaphore.release(s)
      yield* Semaphore.release(s)
      yield* Semaphore.acquire(s)
      yield* Semaphore.acquire(s)
      log("locked", Semaphore.locked(s))
      yield* Semaphore.make(-1).pipe(
        catchIllegalArgument(() => Effect.sync(() => log("negative: ValueError")))
      )
    }),

  /** Cancelled waiters do not eat slots. */
  semaphores_cancel_waiter: (log) =>
    Effect.gen(function*() {
      const sem = yield* Semaphore.make(1)
      yield* Semaphore.acquire(sem)

      const w = Effect.fnUntraced(function*(n: number) {
        yield* Effect.gen(function*() {
          yield* Semaphore.acquire(sem)
          log("got", n)
          yield* Semaphore.release(sem)
        }).pipe(
          Effect.onInterrupt(() => Effect.sync(() => log("cancelled", n)))
        )
      })

      const ts = yield* Effect.forEach([0, 1, 2, 3], (n) => asyncio.createTask(w(n)))
      yield* asyncio.sleep(0)
      yield* Task.cancel(ts[0]!)
      yield* Task.cancel(ts[2]!)
      yield* asyncio.sleep(0)
      yield* Semaphore.release(sem)
      yield* asyncio.wait(ts)
      log(Semaphore.locked(sem), ts.map((t) => Task.cancelled(t)))
    }),

  /** acquire() with a free slot does not yield to other tasks. */
  semaphores_fast_path: (log) =>
    Effect.gen(function*() {
      const sem = yield* Semaphore.make(3)

      const other = () => Effect.sync(() => log("other ran"))

      yield* asyncio.createTask(other())
      yield* Semaphore.acquire(sem)
      yield* Semaphore.acquire(sem)
      log("two slots taken")
      yield* asyncio.sleep(0)
      log("locked", Semaphore.locked(sem))
    }),

  /** Strict order: a newcomer cannot overtake those who wait even if a slot is free. */
  semaphores_fifo: (log) =>
    Effect.gen(function*() {
      const sem = yield* Semaphore.make(1)
      yield* Semaphore.acquire(sem)

      const w = Effect.fnUntraced(function*(n: string) {
        yield* Semaphore.acquire(sem)
        log("got", n)
        yield* asyncio.sleep("1 second")
        yield* Semaphore.release(sem)
      })

      const a = yield* asyncio.createTask(w("a"))
      const b = yield* asyncio.createTask(w("b"))
      yield* asyncio.sleep(0)
      yield* Semaphore.release(sem)
      log("locked", Semaphore.locked(sem))
      yield* Semaphore.acquire(sem)
      log("main got it")
      yield* Semaphore.release(sem)
      yield* asyncio.gather([a, b])
    }),

  /** A semaphore limits how many run at once. */
  semaphores_limit: (log) =>
    Effect.gen(function*() {
      const sem = yield* Semaphore.make(2)

      const w = Effect.fnUntraced(function*(n: number) {
        yield* Semaphore.withPermit(
          sem,
          Effect.gen(function*() {
            log("in", n)
            yield* asyncio.sleep(`${n} seconds`)
            log("out", n)
          })
        )
      })

      yield* asyncio.gather([3, 1, 2, 1].map((n) => w(n)))
      log("locked", Semaphore.locked(sem))
    }),

  /** Several releases in one tick wake several waiters. */
  semaphores_release_many: (log) =>
    Effect.gen(function*() {
      const sem = yield* Semaphore.make(0)

      const w = Effect.fnUntraced(function*(n: number) {
        yield* Semaphore.acquire(sem)
        log("got", n)
      })

      const ts = yield* Effect.forEach([0, 1, 2, 3], (n) => asyncio.createTask(w(n)))
      yield* asyncio.sleep(0)
      yield* Semaphore.release(sem)
      yield* Semaphore.release(sem)
      yield* Semaphore.release(sem)
      yield* asyncio.sleep(0)
      yield* asyncio.sleep(0)
      log(ts.map((t) => Task.done(t)), Semaphore.locked(sem))
      yield* Semaphore.release(sem)
      yield* asyncio.gather(ts)
      log(Semaphore.locked(sem))
    })
} satisfies Group
