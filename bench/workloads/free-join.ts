import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { asyncio, effect, promises, type Workload } from "../workload.ts"

export const workload: Workload = {
  title: "joining a task that is done",
  measure: "wall",
  reach: { ratio: 0.5 },
  variants: {
    "effect-asyncio": asyncio((asyncio, n) =>
      Effect.gen(function*() {
        const task = yield* asyncio.createTask(Effect.succeed(1))
        yield* task
        for (let i = 0; i < n; i++) yield* task
      })
    ),
    effect: effect((n) =>
      Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(Effect.succeed(1))
        yield* Fiber.join(fiber)
        for (let i = 0; i < n; i++) yield* Fiber.join(fiber)
      })
    ),
    promises: promises(async (n) => {
      const done = Promise.resolve(1)
      for (let i = 0; i < n; i++) await done
    })
  }
}
