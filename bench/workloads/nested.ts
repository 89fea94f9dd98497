import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { asyncio, effect, effection, promises, times, type Workload } from "../workload.ts"

const depth = 100

const nested = (level: number): Effect.Effect<number> =>
  Effect.gen(function*() {
    return level === 0 ? 0 : 1 + (yield* nested(level - 1))
  })

const nestedPromises = async (level: number): Promise<number> => level === 0 ? 0 : 1 + await nestedPromises(level - 1)

const nestedOperations = function*(level: number): Generator<any, number, any> {
  return level === 0 ? 0 : 1 + (yield* nestedOperations(level - 1))
}

export const workload: Workload = {
  title: "tasks that await plain Effects, 100 deep, an await",
  measure: "wall",
  reach: { ratio: 1 },
  variants: {
    "effect-asyncio": asyncio((asyncio, n) => asyncio.gather(times(n / depth, () => nested(depth)))),
    effect: effect((n) =>
      Effect.flatMap(Effect.all(times(n / depth, () => Effect.forkChild(nested(depth)))), Fiber.joinAll)
    ),
    promises: promises((n) => Promise.all(times(n / depth, () => nestedPromises(depth)))),
    effection: effection(({ all }, n) => all(times(n / depth, () => nestedOperations(depth))))
  }
}
