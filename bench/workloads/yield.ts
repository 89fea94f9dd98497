import * as Effect from "effect/Effect"
import { setImmediate } from "node:timers/promises"
import { asyncio, effect, effection, promises, tick, type Workload } from "../workload.ts"

export const workload: Workload = {
  title: "one fiber yielding n times",
  measure: "wall",
  reach: { ratio: 0.25 },
  variants: {
    "effect-asyncio": asyncio((asyncio, n) =>
      Effect.gen(function*() {
        for (let i = 0; i < n; i++) yield* asyncio.sleep(0)
      })
    ),
    effect: effect((n) =>
      Effect.gen(function*() {
        for (let i = 0; i < n; i++) yield* Effect.yieldNow
      })
    ),
    promises: promises(async (n) => {
      for (let i = 0; i < n; i++) await tick
    }),
    // Where timers and I/O get their turn, as they do in all the others but promises.
    setImmediate: promises(async (n) => {
      for (let i = 0; i < n; i++) await setImmediate()
    }),
    effection: effection(function*({ until }, n) {
      for (let i = 0; i < n; i++) yield* until(tick)
    })
  }
}
