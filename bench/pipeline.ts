/** n items through a queue of 100, from some producers to as many consumers. */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { Queue as ByHand } from "./byHand.ts"
import { asyncio, effect, library, promises, times, type Workload } from "./workload.ts"

const size = 100

export const pipeline = (workers: number): Workload["variants"] => ({
  "effect-asyncio": asyncio((asyncio, n) =>
    Effect.gen(function*() {
      const queue = yield* asyncio.Queue.make<number>({ maxsize: size })
      const producer = Effect.gen(function*() {
        for (let i = 0; i < n / workers; i++) yield* asyncio.Queue.put(queue, i)
      })
      const consumer = Effect.gen(function*() {
        for (let i = 0; i < n / workers; i++) yield* asyncio.Queue.get(queue)
      })
      yield* asyncio.gather([...times(workers, () => producer), ...times(workers, () => consumer)])
    })
  ),
  effect: effect((n) =>
    Effect.gen(function*() {
      const queue = yield* Queue.bounded<number>(size)
      const producer = Effect.gen(function*() {
        for (let i = 0; i < n / workers; i++) yield* Queue.offer(queue, i)
      })
      const consumer = Effect.gen(function*() {
        for (let i = 0; i < n / workers; i++) yield* Queue.take(queue)
      })
      yield* Effect.all([...times(workers, () => producer), ...times(workers, () => consumer)], {
        concurrency: "unbounded"
      })
    })
  ),
  promises: promises((n) => {
    const queue = new ByHand<number>(size)
    const producer = async () => {
      for (let i = 0; i < n / workers; i++) await queue.put(i)
    }
    const consumer = async () => {
      for (let i = 0; i < n / workers; i++) await queue.get()
    }
    return Promise.all([...times(workers, producer), ...times(workers, consumer)])
  }),
  // Queues of jobs: the consumers are the library's.
  "p-queue": library(() => import("p-queue"), async ({ default: PQueue }, n) => {
    const queue = new PQueue({ concurrency: workers })
    const job = async () => {}
    await Promise.all(times(workers, async () => {
      for (let i = 0; i < n / workers; i++) {
        await queue.onSizeLessThan(size)
        void queue.add(job)
      }
    }))
    await queue.onIdle()
  }),
  // It has no bound.
  fastq: library(() => import("fastq"), async ({ promise }, n) => {
    const queue = promise(async (_: number) => {}, workers)
    await Promise.all(times(n, (i) => queue.push(i)))
  })
})
