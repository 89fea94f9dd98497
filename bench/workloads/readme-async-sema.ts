import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { asyncio, effect, library, tick, times, type Workload } from "../workload.ts"

export const workload: Workload = {
  title: "async-sema's README: n calls, four at a time",
  measure: "wall",
  python: false,
  variants: {
    "effect-asyncio": asyncio((asyncio, n) =>
      Effect.gen(function*() {
        const s = yield* asyncio.Semaphore.make(4)
        const fetchData = () => asyncio.Semaphore.withPermit(s, asyncio.sleep(0))
        yield* asyncio.gather(times(n, fetchData))
      })
    ),
    effect: effect((n) =>
      Effect.gen(function*() {
        const s = yield* Semaphore.make(4)
        const fetchData = () => Semaphore.withPermit(s, Effect.yieldNow)
        yield* Effect.all(times(n, fetchData), { concurrency: "unbounded" })
      })
    ),
    "async-sema": library(() => import("async-sema"), ({ Sema }, n) => {
      const s = new Sema(4, { capacity: 100 })
      const fetchData = async () => {
        await s.acquire()
        try {
          await tick
        } finally {
          s.release()
        }
      }
      return Promise.all(times(n, fetchData))
    })
  }
}
