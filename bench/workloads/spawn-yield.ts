import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { asyncio, effect, effection, promises, tick, times, type Workload } from "../workload.ts"

export const workload: Workload = {
  title: "spawn n tasks with one `sleep(0)`, gather",
  measure: "wall",
  reach: { ratio: 0.48 },
  variants: {
    "effect-asyncio": asyncio((asyncio, n) => asyncio.gather(times(n, () => asyncio.sleep(0)))),
    effect: effect((n) => Effect.flatMap(Effect.all(times(n, () => Effect.forkChild(Effect.yieldNow))), Fiber.joinAll)),
    "Effect.all": effect((n) => Effect.all(times(n, () => Effect.yieldNow), { concurrency: "unbounded" })),
    promises: promises((n) => Promise.all(times(n, async () => await tick))),
    // Its `sleep(0)` is a timer of one millisecond.
    effection: effection(({ all, until }, n) => all(times(n, () => until(tick))))
  }
}
