import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { Semaphore as ByHand } from "../byHand.ts"
import { asyncio, effect, library, promises, type Workload } from "../workload.ts"

export const workload: Workload = {
  title: "free semaphore of 10, acquire and release",
  measure: "wall",
  reach: { ratio: 0.36 },
  variants: {
    "effect-asyncio": asyncio((asyncio, n) =>
      Effect.gen(function*() {
        const semaphore = yield* asyncio.Semaphore.make(10)
        for (let i = 0; i < n; i++) {
          yield* asyncio.Semaphore.acquire(semaphore)
          yield* asyncio.Semaphore.release(semaphore)
        }
      })
    ),
    effect: effect((n) =>
      Effect.gen(function*() {
        const semaphore = yield* Semaphore.make(10)
        for (let i = 0; i < n; i++) {
          yield* Semaphore.take(semaphore, 1)
          yield* Semaphore.release(semaphore, 1)
        }
      })
    ),
    promises: promises(async (n) => {
      const semaphore = new ByHand(10)
      for (let i = 0; i < n; i++) {
        await semaphore.acquire()
        semaphore.release()
      }
    }),
    "async-sema": library(() => import("async-sema"), async ({ Sema }, n) => {
      const semaphore = new Sema(10)
      for (let i = 0; i < n; i++) {
        await semaphore.acquire()
        semaphore.release()
      }
    })
  }
}
