import * as Effect from "effect/Effect"
import { setTimeout } from "node:timers/promises"
import { asyncio, effect, effection, promises, tick, times, type Workload } from "../workload.ts"

const hour = 3_600_000
const kept: Array<unknown> = []

const sleepers: Parameters<typeof asyncio>[0] = (asyncio, n) =>
  Effect.gen(function*() {
    kept.push(yield* Effect.all(times(n, () => asyncio.createTask(asyncio.sleep(hour)))))
    yield* asyncio.sleep(0)
  })

export const workload: Workload = {
  title: "memory held by a sleeping task",
  measure: "heap",
  sizes: [1e4, 1e5],
  reach: { ratio: 1.18, withoutSites: 1.09 },
  variants: {
    "effect-asyncio": asyncio(sleepers),
    "without creation sites": asyncio(sleepers, { creationSites: false }),
    effect: effect((n) =>
      Effect.gen(function*() {
        kept.push(yield* Effect.all(times(n, () => Effect.forkChild(Effect.sleep(hour)))))
        yield* Effect.yieldNow
      })
    ),
    promises: promises(async (n) => {
      kept.push(times(n, () => setTimeout(hour)))
      await tick
    }),
    effection: effection(function*({ sleep, spawn, until }, n) {
      const tasks = []
      for (let i = 0; i < n; i++) tasks.push(yield* spawn(() => sleep(hour)))
      kept.push(tasks)
      yield* until(tick)
    })
  }
}
