import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { setTimeout } from "node:timers/promises"
import { asyncio, effect, effection, promises, tick, times, type Workload } from "../workload.ts"

const hour = 3_600_000

const sleepers: Parameters<typeof asyncio>[0] = (asyncio, n) =>
  Effect.gen(function*() {
    const tasks = yield* Effect.all(times(n, () => asyncio.createTask(asyncio.sleep(hour))))
    yield* asyncio.sleep(0)
    for (const task of tasks) yield* asyncio.Task.cancel(task)
    yield* asyncio.gather(tasks, { returnExceptions: true })
  })

export const workload: Workload = {
  title: "cancel n sleeping tasks, their spawning included, CPU",
  measure: "cpu",
  reach: { ratio: 1.6, withoutSites: 1.1 },
  variants: {
    "effect-asyncio": asyncio(sleepers),
    "without creation sites": asyncio(sleepers, { creationSites: false }),
    effect: effect((n) =>
      Effect.gen(function*() {
        const fibers = yield* Effect.all(times(n, () => Effect.forkChild(Effect.sleep(hour))))
        yield* Effect.yieldNow
        yield* Fiber.interruptAll(fibers)
      })
    ),
    promises: promises(async (n) => {
      const aborters = times(n, () => new AbortController())
      const sleeps = aborters.map(({ signal }) => setTimeout(hour, undefined, { signal }))
      await tick
      for (const aborter of aborters) aborter.abort()
      await Promise.allSettled(sleeps)
    }),
    effection: effection(function*({ sleep, spawn, until }, n) {
      const tasks = []
      for (let i = 0; i < n; i++) tasks.push(yield* spawn(() => sleep(hour)))
      yield* until(tick)
      for (const task of tasks) yield* task.halt()
    })
  }
}
