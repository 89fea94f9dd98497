import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { Queue as ByHand } from "../byHand.ts"
import { asyncio, effect, promises, type Workload } from "../workload.ts"

export const workload: Workload = {
  title: "put and get that need not wait",
  measure: "wall",
  reach: { ratio: 0.5 },
  variants: {
    "effect-asyncio": asyncio((asyncio, n) =>
      Effect.gen(function*() {
        const queue = yield* asyncio.Queue.make<number>({ maxsize: 100 })
        for (let i = 0; i < n; i++) {
          yield* asyncio.Queue.put(queue, i)
          yield* asyncio.Queue.get(queue)
        }
      })
    ),
    effect: effect((n) =>
      Effect.gen(function*() {
        const queue = yield* Queue.bounded<number>(100)
        for (let i = 0; i < n; i++) {
          yield* Queue.offer(queue, i)
          yield* Queue.take(queue)
        }
      })
    ),
    promises: promises(async (n) => {
      const queue = new ByHand<number>(100)
      for (let i = 0; i < n; i++) {
        await queue.put(i)
        await queue.get()
      }
    })
  }
}
