import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { Queue as ByHand } from "../byHand.ts"
import { asyncio, effect, promises, times, type Workload } from "../workload.ts"

const size = 100
const queues = 3

export const workload: Workload = {
  title: "n items through a pipeline of three queues of 100",
  measure: "wall",
  reach: { ratio: 0.3 },
  sizes: [1e4, 1e6],
  main: 1e6,
  variants: {
    "effect-asyncio": asyncio((asyncio, n) =>
      Effect.gen(function*() {
        const line = yield* Effect.all(times(queues, () => asyncio.Queue.make<number>({ maxsize: size })))
        const feed = Effect.gen(function*() {
          for (let i = 0; i < n; i++) yield* asyncio.Queue.put(line[0]!, i)
        })
        const pass = line.slice(1).map((to, place) =>
          Effect.gen(function*() {
            for (let i = 0; i < n; i++) yield* asyncio.Queue.put(to, yield* asyncio.Queue.get(line[place]!))
          })
        )
        const drain = Effect.gen(function*() {
          for (let i = 0; i < n; i++) yield* asyncio.Queue.get(line.at(-1)!)
        })
        yield* asyncio.gather([feed, ...pass, drain])
      })
    ),
    effect: effect((n) =>
      Effect.gen(function*() {
        const line = yield* Effect.all(times(queues, () => Queue.bounded<number>(size)))
        const feed = Effect.gen(function*() {
          for (let i = 0; i < n; i++) yield* Queue.offer(line[0]!, i)
        })
        const pass = line.slice(1).map((to, place) =>
          Effect.gen(function*() {
            for (let i = 0; i < n; i++) yield* Queue.offer(to, yield* Queue.take(line[place]!))
          })
        )
        const drain = Effect.gen(function*() {
          for (let i = 0; i < n; i++) yield* Queue.take(line.at(-1)!)
        })
        yield* Effect.all([feed, ...pass, drain], { concurrency: "unbounded" })
      })
    ),
    promises: promises((n) => {
      const line = times(queues, () => new ByHand<number>(size))
      const feed = async () => {
        for (let i = 0; i < n; i++) await line[0]!.put(i)
      }
      const pass = line.slice(1).map(async (to, place) => {
        for (let i = 0; i < n; i++) await to.put(await line[place]!.get())
      })
      const drain = async () => {
        for (let i = 0; i < n; i++) await line.at(-1)!.get()
      }
      return Promise.all([feed(), ...pass, drain()])
    })
  }
}
