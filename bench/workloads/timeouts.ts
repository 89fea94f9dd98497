import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { timeout } from "../byHand.ts"
import { asyncio, effect, library, promises, tick, times, type Workload } from "../workload.ts"

const hour = 3_600_000
const body = async () => await tick

export const workload: Workload = {
  title: "n tasks at once, each under a timeout that never strikes",
  measure: "wall",
  reach: { ratio: 0.5 },
  main: 1e5,
  variants: {
    "effect-asyncio": asyncio((asyncio, n) =>
      asyncio.gather(times(n, () => asyncio.timeout(hour, () => asyncio.sleep(0))))
    ),
    effect: effect((n) =>
      Effect.flatMap(
        Effect.all(times(n, () => Effect.forkChild(Effect.timeout(Effect.yieldNow, hour)))),
        Fiber.joinAll
      )
    ),
    promises: promises((n) => Promise.all(times(n, () => timeout(body(), hour)))),
    "p-timeout": library(
      () => import("p-timeout"),
      ({ default: pTimeout }, n) => Promise.all(times(n, () => pTimeout(body(), { milliseconds: hour })))
    )
  }
}
