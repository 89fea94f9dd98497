import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import { asyncio, effect, effection, promises, tick, times, type Workload } from "../workload.ts"

export const workload: Workload = {
  title: "event waking n waiters, their spawning included",
  measure: "wall",
  reach: { ratio: 0.8 },
  variants: {
    "effect-asyncio": asyncio((asyncio, n) =>
      Effect.gen(function*() {
        const event = yield* asyncio.Event.make
        const waiting = yield* asyncio.createTask(asyncio.gather(times(n, () => asyncio.Event.wait(event))))
        yield* asyncio.sleep(0)
        yield* asyncio.sleep(0)
        yield* asyncio.Event.set(event)
        yield* waiting
      })
    ),
    effect: effect((n) =>
      Effect.gen(function*() {
        const latch = yield* Latch.make()
        const fibers = yield* Effect.all(times(n, () => Effect.forkChild(Latch.await(latch))))
        yield* Effect.yieldNow
        yield* Latch.open(latch)
        yield* Fiber.joinAll(fibers)
      })
    ),
    "Effect.all": effect((n) =>
      Effect.gen(function*() {
        const latch = yield* Latch.make()
        const waiting = yield* Effect.forkChild(
          Effect.all(times(n, () => Latch.await(latch)), { concurrency: "unbounded" })
        )
        yield* Effect.yieldNow
        yield* Effect.yieldNow
        yield* Latch.open(latch)
        yield* Fiber.join(waiting)
      })
    ),
    promises: promises(async (n) => {
      const event = Promise.withResolvers<void>()
      const waiting = Promise.all(times(n, async () => await event.promise))
      await tick
      event.resolve()
      await waiting
    }),
    effection: effection(function*({ all, spawn, until, withResolvers }, n) {
      const event = withResolvers<void>()
      const waiting = yield* spawn(() => all(times(n, () => event.operation)))
      yield* until(tick)
      event.resolve()
      yield* waiting
    })
  }
}
