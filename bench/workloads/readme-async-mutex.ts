import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { asyncio, effect, library, tick, times, type Workload } from "../workload.ts"

export const workload: Workload = {
  title: "async-mutex's README: n callers, one at a time",
  measure: "wall",
  python: false,
  variants: {
    "effect-asyncio": asyncio((asyncio, n) =>
      Effect.gen(function*() {
        const mutex = yield* asyncio.Lock.make
        yield* asyncio.gather(times(n, () => asyncio.Lock.withLock(mutex, asyncio.sleep(0))))
      })
    ),
    effect: effect((n) =>
      Effect.gen(function*() {
        const mutex = yield* Semaphore.make(1)
        yield* Effect.all(times(n, () => Semaphore.withPermit(mutex, Effect.yieldNow)), { concurrency: "unbounded" })
      })
    ),
    "async-mutex": library(() => import("async-mutex"), ({ Mutex }, n) => {
      const mutex = new Mutex()
      return Promise.all(times(n, () => mutex.runExclusive(async () => await tick)))
    })
  }
}
