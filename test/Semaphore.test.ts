import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as asyncio from "effect-asyncio"
import { BoundedSemaphore, Semaphore, Task } from "effect-asyncio"
import { linear } from "./support/costs.ts"
import { cancelSoon, defectOf, everywhere, outcome, ticks } from "./support/loops.ts"

const { createTask, sleep } = asyncio

describe("Semaphore", () => {
  everywhere(
    "so many at once, first come, first served",
    Effect.gen(function*() {
      const semaphore = yield* Semaphore.make(2)
      const order: Array<string> = []
      let [inside, most] = [0, 0]
      const job = (name: string) =>
        Semaphore.withPermit(
          semaphore,
          Effect.gen(function*() {
            order.push(name)
            most = Math.max(most, ++inside)
            yield* sleep(0)
            inside--
          })
        )
      yield* asyncio.gather(["a", "b", "c", "d", "e"].map(job))
      return [order.join(""), most, Semaphore.statistics(semaphore)]
    }),
    ["abcde", 2, { available: 2, waiting: 0, waiters: [] }]
  )

  everywhere(
    "a release gives its permit to the first who waits: a newcomer queues, though nobody has run yet",
    Effect.gen(function*() {
      const semaphore = yield* Semaphore.make(1)
      yield* Semaphore.acquire(semaphore)
      const waiter = yield* createTask(Semaphore.acquire(semaphore))
      yield* ticks(2)
      yield* Semaphore.release(semaphore)
      const between = [Semaphore.locked(semaphore), Semaphore.statistics(semaphore).available]
      const newcomer = yield* createTask(Semaphore.acquire(semaphore))
      yield* waiter
      yield* ticks(2)
      const after = Task.done(newcomer)
      yield* Semaphore.release(semaphore)
      yield* newcomer
      return [...between, after]
    }),
    [true, 0, false]
  )

  everywhere(
    "statistics name who waits, those that have a permit and have not run first among them; as those of a Lock do",
    Effect.gen(function*() {
      const semaphore = yield* Semaphore.make(2)
      const state = Effect.sync(() => {
        const { available, waiters, waiting } = Semaphore.statistics(semaphore)
        return [available, waiting, waiters.map((task) => task.name).join("")]
      })
      for (let i = 0; i < 2; i++) yield* Semaphore.acquire(semaphore)
      const tasks = []
      for (const name of ["a", "b", "c"]) tasks.push(yield* createTask(Semaphore.acquire(semaphore), { name }))
      yield* ticks(2)
      const states = [yield* state]
      yield* Semaphore.release(semaphore)
      yield* Semaphore.release(semaphore)
      states.push(yield* state)
      yield* Task.cancel(tasks[0]!)
      states.push(yield* state)
      yield* ticks(2)
      states.push(yield* state)
      return states
    }),
    [[0, 3, "abc"], [0, 3, "abc"], [0, 3, "abc"], [0, 0, ""]]
  )

  everywhere(
    "releasing may raise the number of permits",
    Effect.gen(function*() {
      const semaphore = yield* Semaphore.make(0)
      const locked = Semaphore.locked(semaphore)
      yield* Semaphore.release(semaphore)
      Semaphore.releaseUnsafe(semaphore)
      return [locked, Semaphore.locked(semaphore), Semaphore.statistics(semaphore).available]
    }),
    [true, false, 2]
  )

  everywhere(
    "several releases in one step serve as many",
    Effect.gen(function*() {
      const semaphore = yield* Semaphore.make(0)
      const tasks = []
      for (let i = 0; i < 4; i++) tasks.push(yield* createTask(Semaphore.acquire(semaphore)))
      yield* ticks(2)
      for (let i = 0; i < 3; i++) yield* Semaphore.release(semaphore)
      yield* ticks(2)
      return tasks.map((task) => Task.done(task))
    }),
    [true, true, true, false]
  )

  for (
    const [name, effect] of [["fails", Effect.fail("no")], ["dies", Effect.die("no")], [
      "is interrupted",
      Effect.interrupt
    ]] as const
  ) {
    everywhere(
      `withPermit gives it back when the effect ${name}`,
      Effect.gen(function*() {
        const semaphore = yield* Semaphore.make(1)
        yield* outcome(Task.join(yield* createTask(Semaphore.withPermit(semaphore, effect))))
        return Semaphore.statistics(semaphore).available
      }),
      1
    )
  }

  everywhere(
    "withPermit is dual",
    Effect.gen(function*() {
      const semaphore = yield* Semaphore.make(1)
      const inside = Effect.sync(() => Semaphore.locked(semaphore))
      return [yield* inside.pipe(Semaphore.withPermit(semaphore)), yield* Semaphore.withPermit(semaphore, inside)]
    }),
    [true, true]
  )

  for (
    const [name, ending] of [
      ["a success", Effect.void],
      ["a failure", Effect.fail("no")],
      ["a defect", Effect.die("no")],
      ["a cancellation", Effect.never]
    ] as const
  ) {
    everywhere(
      `withPermit gives it back after ${name}, of who had it at once and of who waited for it`,
      Effect.gen(function*() {
        const semaphore = yield* Semaphore.make(1)
        const [first, second] = yield* Effect.all(
          [0, 1].map(() => createTask(Semaphore.withPermit(semaphore, Effect.andThen(sleep(0), ending))))
        )
        for (const task of [first!, second!]) {
          yield* ticks(3)
          yield* cancelSoon(task)
          yield* Task.await(task)
        }
        return Semaphore.statistics(semaphore)
      }),
      { available: 1, waiting: 0, waiters: [] }
    )
  }

  everywhere(
    "acquireScoped gives it back with the scope",
    Effect.gen(function*() {
      const semaphore = yield* Semaphore.make(1)
      const inside = yield* Effect.scoped(
        Effect.andThen(Semaphore.acquireScoped(semaphore), Effect.sync(() => Semaphore.locked(semaphore)))
      )
      return [inside, Semaphore.locked(semaphore)]
    }),
    [true, false]
  )

  everywhere(
    "a waiter that is cancelled loses its place and nothing else",
    Effect.gen(function*() {
      const semaphore = yield* Semaphore.make(0)
      const [a, b] = [yield* createTask(Semaphore.acquire(semaphore)), yield* createTask(Semaphore.acquire(semaphore))]
      yield* ticks(2)
      yield* cancelSoon(a)
      yield* Semaphore.release(semaphore)
      yield* b
      return [yield* outcome(Task.join(a)), Semaphore.statistics(semaphore)]
    }),
    ["cancelled", { available: 0, waiting: 0, waiters: [] }]
  )

  describe("misuse", () => {
    for (const [call, make] of [["Semaphore", Semaphore.make], ["BoundedSemaphore", BoundedSemaphore.make]] as const) {
      for (const permits of [-1, 0.5, NaN, Infinity, "1" as unknown as number, undefined as unknown as number]) {
        everywhere(
          `${call}.make(${String(permits)}) is a defect`,
          Effect.map(
            defectOf(make(permits)),
            ({ message, name }) => [name, message.startsWith(`${call}.make: permits is `)]
          ),
          ["IllegalArgumentError", true]
        )
      }
    }

    everywhere(
      "a BoundedSemaphore refuses a release above its first number, also while its permits are on their way",
      Effect.gen(function*() {
        const semaphore = yield* BoundedSemaphore.make(1)
        const first = yield* defectOf(Semaphore.release(semaphore))
        expect(() => Semaphore.releaseUnsafe(semaphore)).toThrow("BoundedSemaphore.release")
        yield* Semaphore.acquire(semaphore)
        const waiter = yield* createTask(Semaphore.acquire(semaphore))
        yield* ticks(2)
        yield* Semaphore.release(semaphore)
        const second = yield* defectOf(Semaphore.release(semaphore))
        yield* waiter
        yield* Semaphore.release(semaphore)
        return [first.name, second.name, Semaphore.statistics(semaphore).available]
      }),
      ["IllegalArgumentError", "IllegalArgumentError", 1]
    )
  })

  it("bare fibers without a loop, released by plain code", async () => {
    const semaphore = Effect.runSync(Semaphore.make(0))
    const fiber = Effect.runFork(Effect.as(Semaphore.acquire(semaphore), "acquired"))
    Semaphore.releaseUnsafe(semaphore)
    expect(fiber.pollUnsafe()).toBeUndefined()
    expect(await Effect.runPromise(Fiber.join(fiber))).toBe("acquired")
  })

  linear(
    "a line of n",
    3,
    (n) =>
      Effect.flatMap(
        Semaphore.make(2),
        (semaphore) => asyncio.wait(Array.from({ length: n }, () => Semaphore.withPermit(semaphore, Effect.void)))
      )
  )
})
