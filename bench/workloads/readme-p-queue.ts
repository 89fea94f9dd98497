import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { asyncio, effect, library, tick, times, type Workload } from "../workload.ts"

export const workload: Workload = {
  title: "p-queue's README: n jobs added, one at a time, until it is idle",
  measure: "wall",
  python: false,
  variants: {
    "effect-asyncio": asyncio((asyncio, n) =>
      asyncio.TaskGroup.run(
        (group) =>
          Effect.gen(function*() {
            for (let i = 0; i < n; i++) yield* group.createTask(asyncio.sleep(0))
          }),
        { concurrency: 1 }
      )
    ),
    effect: effect((n) =>
      Effect.gen(function*() {
        const queue = yield* Semaphore.make(1)
        yield* Effect.all(times(n, () => Semaphore.withPermit(queue, Effect.yieldNow)), { concurrency: "unbounded" })
      })
    ),
    "p-queue": library(() => import("p-queue"), async ({ default: PQueue }, n) => {
      const queue = new PQueue({ concurrency: 1 })
      for (let i = 0; i < n; i++) void queue.add(async () => await tick)
      await queue.onIdle()
    })
  }
}
