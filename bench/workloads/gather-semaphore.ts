import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { Semaphore as ByHand } from "../byHand.ts"
import { asyncio, effect, library, promises, tick, times, type Workload } from "../workload.ts"

const permits = 10

export const workload: Workload = {
  title: "gather of n jobs with one `sleep(0)` under a semaphore of 10",
  measure: "wall",
  reach: { ratio: 0.05 },
  variants: {
    "effect-asyncio": asyncio((asyncio, n) =>
      Effect.gen(function*() {
        const semaphore = yield* asyncio.Semaphore.make(permits)
        yield* asyncio.gather(times(n, () => asyncio.Semaphore.withPermit(semaphore, asyncio.sleep(0))))
      })
    ),
    effect: effect((n) =>
      Effect.gen(function*() {
        const semaphore = yield* Semaphore.make(permits)
        const job = Semaphore.withPermit(semaphore, Effect.yieldNow)
        yield* Effect.all(times(n, () => job), { concurrency: "unbounded" })
      })
    ),
    promises: promises((n) => {
      const semaphore = new ByHand(permits)
      return Promise.all(times(n, () => semaphore.with(async () => await tick)))
    }),
    "async-sema": library(() => import("async-sema"), ({ Sema }, n) => {
      const semaphore = new Sema(permits)
      return Promise.all(times(n, async () => {
        await semaphore.acquire()
        try {
          await tick
        } finally {
          semaphore.release()
        }
      }))
    }),
    "async-mutex": library(() => import("async-mutex"), ({ Semaphore }, n) => {
      const semaphore = new Semaphore(permits)
      return Promise.all(times(n, () => semaphore.runExclusive(async () => await tick)))
    })
  }
}
