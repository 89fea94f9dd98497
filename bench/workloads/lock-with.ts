import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { Semaphore as ByHand } from "../byHand.ts"
import { asyncio, effect, library, promises, type Workload } from "../workload.ts"

const body = Effect.sync(() => {})

export const workload: Workload = {
  title: "free lock, `withLock`",
  measure: "wall",
  reach: { ratio: 0.2 },
  variants: {
    "effect-asyncio": asyncio((asyncio, n) =>
      Effect.gen(function*() {
        const lock = yield* asyncio.Lock.make
        for (let i = 0; i < n; i++) yield* asyncio.Lock.withLock(lock, body)
      })
    ),
    effect: effect((n) =>
      Effect.gen(function*() {
        const lock = yield* Semaphore.make(1)
        for (let i = 0; i < n; i++) yield* Semaphore.withPermit(lock, body)
      })
    ),
    promises: promises(async (n) => {
      const lock = new ByHand(1)
      for (let i = 0; i < n; i++) await lock.with(async () => {})
    }),
    "async-mutex": library(() => import("async-mutex"), async ({ Mutex }, n) => {
      const lock = new Mutex()
      for (let i = 0; i < n; i++) await lock.runExclusive(async () => {})
    })
  }
}
