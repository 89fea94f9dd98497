import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import { asyncio, effect, promises, type Workload } from "../workload.ts"

export const workload: Workload = {
  title: "waiting for an event that is set",
  measure: "wall",
  reach: { ratio: 0.27 },
  variants: {
    "effect-asyncio": asyncio((asyncio, n) =>
      Effect.gen(function*() {
        const event = yield* asyncio.Event.make
        yield* asyncio.Event.set(event)
        for (let i = 0; i < n; i++) yield* asyncio.Event.wait(event)
      })
    ),
    effect: effect((n) =>
      Effect.gen(function*() {
        const latch = yield* Latch.make(true)
        for (let i = 0; i < n; i++) yield* Latch.await(latch)
      })
    ),
    promises: promises(async (n) => {
      const event = Promise.resolve()
      for (let i = 0; i < n; i++) await event
    })
  }
}
