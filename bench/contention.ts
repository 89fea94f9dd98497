/** n turns under a semaphore, shared out evenly among tasks that hold it over one `sleep(0)`. */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { Semaphore as ByHand } from "./byHand.ts"
import { asyncio, effect, library, promises, tick, times, type Variant } from "./workload.ts"

export const onLock = (tasks: number): Variant =>
  asyncio((asyncio, n) =>
    Effect.gen(function*() {
      const lock = yield* asyncio.Lock.make
      const task = Effect.gen(function*() {
        for (let i = 0; i < n / tasks; i++) yield* asyncio.Lock.withLock(lock, asyncio.sleep(0))
      })
      yield* asyncio.gather(times(tasks, () => task))
    })
  )

export const onSemaphore = (permits: number, tasks: number): Variant =>
  asyncio((asyncio, n) =>
    Effect.gen(function*() {
      const semaphore = yield* asyncio.Semaphore.make(permits)
      const task = Effect.gen(function*() {
        for (let i = 0; i < n / tasks; i++) yield* asyncio.Semaphore.withPermit(semaphore, asyncio.sleep(0))
      })
      yield* asyncio.gather(times(tasks, () => task))
    })
  )

export const others = (permits: number, tasks: number): Record<string, Variant> => ({
  effect: effect((n) =>
    Effect.gen(function*() {
      const semaphore = yield* Semaphore.make(permits)
      const task = Effect.gen(function*() {
        for (let i = 0; i < n / tasks; i++) yield* Semaphore.withPermit(semaphore, Effect.yieldNow)
      })
      yield* Effect.all(times(tasks, () => task), { concurrency: "unbounded" })
    })
  ),
  promises: promises((n) => {
    const semaphore = new ByHand(permits)
    return Promise.all(times(tasks, async () => {
      for (let i = 0; i < n / tasks; i++) await semaphore.with(async () => await tick)
    }))
  }),
  "async-mutex": library(() => import("async-mutex"), ({ Semaphore }, n) => {
    const semaphore = new Semaphore(permits)
    return Promise.all(times(tasks, async () => {
      for (let i = 0; i < n / tasks; i++) await semaphore.runExclusive(async () => await tick)
    }))
  }),
  "async-sema": library(() => import("async-sema"), ({ Sema }, n) => {
    const semaphore = new Sema(permits)
    return Promise.all(times(tasks, async () => {
      for (let i = 0; i < n / tasks; i++) {
        await semaphore.acquire()
        try {
          await tick
        } finally {
          semaphore.release()
        }
      }
    }))
  })
})
