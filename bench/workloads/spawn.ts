import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { asyncio, effect, effection, promises, times, type Workload } from "../workload.ts"

const nothing = Effect.sync(() => {})
const operation = function*() {}

export const workload: Workload = {
  title: "spawn n tasks that do nothing, gather",
  measure: "wall",
  reach: { ratio: 0.6 },
  variants: {
    "effect-asyncio": asyncio((asyncio, n) => asyncio.gather(times(n, () => nothing))),
    effect: effect((n) => Effect.flatMap(Effect.all(times(n, () => Effect.forkChild(nothing))), Fiber.joinAll)),
    // Runs each child at once, inside of itself, up to where it first suspends: here to its end.
    "Effect.all": effect((n) => Effect.all(times(n, () => nothing), { concurrency: "unbounded" })),
    promises: promises((n) => Promise.all(times(n, async () => {}))),
    effection: effection(({ all }, n) => all(times(n, operation)))
  }
}
