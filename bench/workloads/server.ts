/** What a server does: n requests, a hundred at a time, each a task under a timeout that takes a lock and writes to a log. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Semaphore from "effect/Semaphore"
import { Queue as QueueByHand, Semaphore as SemaphoreByHand, timeout } from "../byHand.ts"
import { asyncio, effect, promises, tick, times, type Workload } from "../workload.ts"

const hour = 3_600_000
const atOnce = 100

export const workload: Workload = {
  title: "a request: a task, a timeout, a contended lock, a queue",
  measure: "wall",
  reach: { ratio: 0.5 },
  variants: {
    "effect-asyncio": asyncio((asyncio, n) =>
      Effect.gen(function*() {
        const lock = yield* asyncio.Lock.make
        const log = yield* asyncio.Queue.make<number>({ maxsize: atOnce })
        const handle = (id: number) =>
          asyncio.timeout(hour, () =>
            Effect.gen(function*() {
              yield* asyncio.Lock.withLock(lock, asyncio.sleep(0))
              yield* asyncio.Queue.put(log, id)
            }))
        const writer = yield* asyncio.createTask(Effect.gen(function*() {
          for (let i = 0; i < n; i++) yield* asyncio.Queue.get(log)
        }))
        for (let i = 0; i < n; i += atOnce) yield* asyncio.gather(times(atOnce, handle))
        yield* writer
      })
    ),
    effect: effect((n) =>
      Effect.gen(function*() {
        const lock = yield* Semaphore.make(1)
        const log = yield* Queue.bounded<number>(atOnce)
        const handle = (id: number) =>
          Effect.timeout(
            Effect.gen(function*() {
              yield* Semaphore.withPermit(lock, Effect.yieldNow)
              yield* Queue.offer(log, id)
            }),
            hour
          )
        const writer = yield* Effect.forkChild(Effect.gen(function*() {
          for (let i = 0; i < n; i++) yield* Queue.take(log)
        }))
        for (let i = 0; i < n; i += atOnce) {
          yield* Fiber.joinAll(yield* Effect.all(times(atOnce, (id) => Effect.forkChild(handle(id)))))
        }
        yield* Fiber.join(writer)
      })
    ),
    promises: promises(async (n) => {
      const lock = new SemaphoreByHand(1)
      const log = new QueueByHand<number>(atOnce)
      const handle = async (id: number) => {
        await lock.with(async () => await tick)
        await log.put(id)
      }
      const write = async () => {
        for (let i = 0; i < n; i++) await log.get()
      }
      const writer = write()
      for (let i = 0; i < n; i += atOnce) await Promise.all(times(atOnce, (id) => timeout(handle(id), hour)))
      await writer
    })
  }
}
