import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Scheduler } from "effect"
import * as asyncio from "effect-asyncio"
import { Condition, Event, EventLoop, Future, Lock, Queue, Semaphore } from "effect-asyncio"

/** A wait, and what ends it. */
interface Pair {
  readonly wait: Effect.Effect<unknown, unknown>
  readonly end: Effect.Effect<unknown, unknown>
}

const waits: Record<string, (name: string) => Effect.Effect<Pair, never, EventLoop.EventLoop>> = {
  "Queue.get": (name) =>
    Effect.map(Queue.make<string>(), (queue) => ({ wait: Queue.get(queue), end: Queue.put(queue, name) })),
  "Queue.put": (name) =>
    Effect.gen(function*() {
      const queue = yield* Queue.make<string>({ maxsize: 1 })
      yield* Effect.orDie(Queue.put(queue, name))
      return { wait: Queue.put(queue, "more"), end: Queue.get(queue) }
    }),
  "Event.wait": (name) =>
    Effect.map(Event.make, (event) => ({ wait: Effect.as(Event.wait(event), name), end: Event.set(event) })),
  "Lock.withLock": (name) =>
    Effect.gen(function*() {
      const lock = yield* Lock.make
      yield* Lock.acquire(lock)
      return { wait: Lock.withLock(lock, Effect.succeed(name)), end: Lock.release(lock) }
    }),
  "Semaphore.acquire": (name) =>
    Effect.gen(function*() {
      const semaphore = yield* Semaphore.make(1)
      yield* Semaphore.acquire(semaphore)
      return { wait: Effect.as(Semaphore.acquire(semaphore), name), end: Semaphore.release(semaphore) }
    }),
  "Future.join": (name) =>
    Effect.map(Future.make<string>(), (future) => ({ wait: Future.join(future), end: Future.succeed(future, name) })),
  "sleep": (name) => Effect.succeed({ wait: asyncio.sleep(1, name), end: Effect.void })
}

/** On a loop Effect does not yield by itself; whoever wants it to, for a part, can have it. */
const yielding = (operations: number) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  effect.pipe(
    Effect.provideService(Scheduler.PreventSchedulerYield, false),
    Effect.provideService(Scheduler.MaxOpsBeforeYield, operations)
  )

describe("waits between which Effect yields by itself, at any operation", () => {
  for (const [name, make] of Object.entries(waits)) {
    it.live(name, () =>
      EventLoop.provide(Effect.gen(function*() {
        for (let operations = 3; operations <= 12; operations++) {
          const [a, b] = [yield* make("a"), yield* make("b")]
          const fibers = yield* Effect.forEach([a, b], ({ wait }) => Effect.forkChild(yielding(operations)(wait)))
          for (let i = 0; i < 60; i++) yield* Effect.yieldNow
          yield* b.end
          yield* a.end
          const values = yield* Fiber.joinAll(fibers)
          expect(values).toEqual(name === "Queue.put" ? [undefined, undefined] : ["a", "b"])
        }
      })))
  }
})

describe("a yield comes before any operation, but not between looking and waiting", () => {
  const burn = (operations: number) =>
    Effect.gen(function*() {
      for (let i = 0; i < operations; i++) yield* Effect.sync(() => i)
    })
  const more: typeof waits = {
    ...waits,
    "Queue.join": () =>
      Effect.gen(function*() {
        const queue = yield* Queue.make<number>()
        yield* Effect.orDie(Queue.put(queue, 1))
        return { wait: Queue.join(queue), end: Queue.taskDone(queue) }
      }),
    "Condition.waitFor": () =>
      Effect.gen(function*() {
        const condition = yield* Condition.make()
        let holds = false
        const set = Effect.sync(() => void (holds = true))
        return {
          wait: Condition.withLock(condition, Condition.waitFor(condition, () => holds)),
          end: Condition.withLock(condition, Effect.andThen(set, Condition.notifyAll(condition)))
        }
      }),
    "Future.await": () =>
      Effect.map(Future.make<string>(), (future) => ({ wait: Future.await(future), end: Future.succeed(future, "") }))
  }
  for (const [name, make] of Object.entries(more)) {
    if (name === "sleep") continue
    it.live(name, () =>
      EventLoop.provide(Effect.gen(function*() {
        for (let operations = 0; operations < 24; operations++) {
          const { end, wait } = yield* make("")
          const fiber = yield* Effect.forkChild(yielding(24)(Effect.andThen(burn(operations), wait)))
          yield* Effect.yieldNow
          yield* end
          for (let i = 0; i < 60; i++) yield* Effect.yieldNow
          expect(fiber.pollUnsafe(), `after ${operations} operations`).toBeDefined()
        }
      })))
  }
})
