import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { Semaphore as ByHand } from "../byHand.ts"
import { asyncio, effect, library, promises, type Workload } from "../workload.ts"

export const workload: Workload = {
  title: "free lock, acquire and release",
  measure: "wall",
  reach: { ratio: 0.1 },
  variants: {
    "effect-asyncio": asyncio((asyncio, n) =>
      Effect.gen(function*() {
        const lock = yield* asyncio.Lock.make
        for (let i = 0; i < n; i++) {
          yield* asyncio.Lock.acquire(lock)
          yield* asyncio.Lock.release(lock)
        }
      })
    ),
    effect: effect((n) =>
      Effect.gen(function*() {
        const lock = yield* Semaphore.make(1)
        for (let i = 0; i < n; i++) {
          yield* Semaphore.take(lock, 1)
          yield* Semaphore.release(lock, 1)
        }
      })
    ),
    promises: promises(async (n) => {
      const lock = new ByHand(1)
      for (let i = 0; i < n; i++) {
        await lock.acquire()
        lock.release()
      }
    }),
    "async-mutex": library(() => import("async-mutex"), async ({ Mutex }, n) => {
      const lock = new Mutex()
      for (let i = 0; i < n; i++) {
        await lock.acquire()
        lock.release()
      }
    }),
    "async-sema": library(() => import("async-sema"), async ({ Sema }, n) => {
      const lock = new Sema(1)
      for (let i = 0; i < n; i++) {
        await lock.acquire()
        lock.release()
      }
    })
  }
}
