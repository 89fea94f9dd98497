import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Stream from "effect/Stream"
import { asyncio, effect, effection, promises, tick, times, type Workload } from "../workload.ts"

export const workload: Workload = {
  title: "`asCompleted` over n tasks with one `sleep(0)`",
  measure: "wall",
  reach: { ratio: 0.4 },
  variants: {
    "effect-asyncio": asyncio((asyncio, n) => Stream.runDrain(asyncio.asCompleted(times(n, () => asyncio.sleep(0))))),
    effect: effect((n) =>
      Stream.fromIterable(times(n, () => Effect.yieldNow)).pipe(
        Stream.mapEffect(identity, { concurrency: "unbounded", unordered: true }),
        Stream.runDrain
      )
    ),
    promises: promises(async (n) => {
      const places = times(n, () => Promise.withResolvers<void>())
      let ended = 0
      for (const job of times(n, async () => await tick)) job.then(() => places[ended++]!.resolve())
      for (const { promise } of places) await promise
    }),
    effection: effection(function*({ createQueue, spawn, until }, n) {
      const ended = createQueue<number, never>()
      for (let i = 0; i < n; i++) {
        yield* spawn(function*() {
          yield* until(tick)
          ended.add(i)
        })
      }
      for (let i = 0; i < n; i++) yield* ended.next()
    })
  }
}
