import * as Effect from "effect/Effect"
import { timeout } from "../byHand.ts"
import { asyncio, effect, effection, library, promises, tick, type Workload } from "../workload.ts"

const hour = 3_600_000

const body = async () => await tick

export const workload: Workload = {
  title: "timeout around a body with one `sleep(0)`",
  measure: "wall",
  reach: { ratio: 0.5 },
  variants: {
    "effect-asyncio": asyncio((asyncio, n) =>
      Effect.gen(function*() {
        for (let i = 0; i < n; i++) yield* asyncio.timeout(hour, () => asyncio.sleep(0))
      })
    ),
    effect: effect((n) =>
      Effect.gen(function*() {
        for (let i = 0; i < n; i++) yield* Effect.timeout(Effect.yieldNow, hour)
      })
    ),
    promises: promises(async (n) => {
      for (let i = 0; i < n; i++) await timeout(body(), hour)
    }),
    "p-timeout": library(() => import("p-timeout"), async ({ default: pTimeout }, n) => {
      for (let i = 0; i < n; i++) await pTimeout(body(), { milliseconds: hour })
    }),
    effection: effection(function*({ race, sleep, until }, n) {
      for (let i = 0; i < n; i++) yield* race([until(tick), sleep(hour)])
    })
  }
}
