import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as asyncio from "effect-asyncio"
import { Condition, Lock, Task } from "effect-asyncio"
import { linear } from "./support/costs.ts"
import { defectOf, everywhere, logged, ticks, timed } from "./support/loops.ts"

const { createTask, sleep } = asyncio

const waiting = (condition: Condition.Condition, effect: Effect.Effect<unknown>) =>
  Condition.withLock(condition, Effect.andThen(Condition.wait(condition), effect))

describe("Condition", () => {
  for (
    const [name, notify, expected] of [
      ["notify wakes the first", (c: Condition.Condition) => Condition.notify(c), ["a"]],
      ["notify(2) wakes the first two", (c: Condition.Condition) => Condition.notify(c, 2), ["a", "b"]],
      ["notify(0) wakes nobody", (c: Condition.Condition) => Condition.notify(c, 0), []],
      ["notify(9) wakes all", (c: Condition.Condition) => Condition.notify(c, 9), ["a", "b", "c"]],
      ["notifyAll wakes all", Condition.notifyAll, ["a", "b", "c"]]
    ] as const
  ) {
    everywhere(
      name,
      logged((log) =>
        Effect.gen(function*() {
          const condition = yield* Condition.make()
          for (const name of ["a", "b", "c"]) {
            yield* createTask(waiting(condition, Effect.sync(() => log(name))))
          }
          yield* ticks(2)
          yield* Condition.withLock(condition, notify(condition))
          yield* ticks(10)
        })
      ),
      [...expected]
    )
  }

  everywhere(
    "those notified go on once the notifier has given the lock back, one at a time",
    logged((log) =>
      Effect.gen(function*() {
        const condition = yield* Condition.make()
        for (const name of ["a", "b"]) {
          yield* createTask(waiting(condition, Effect.andThen(ticks(2), Effect.sync(() => log(name)))))
        }
        yield* ticks(2)
        yield* Condition.withLock(
          condition,
          Effect.andThen(Condition.notifyAll(condition), Effect.andThen(ticks(5), Effect.sync(() => log("notifier"))))
        )
        yield* ticks(10)
      })
    ),
    ["notifier", "a", "b"]
  )

  everywhere(
    "a notification with nobody waiting is lost",
    Effect.gen(function*() {
      const condition = yield* Condition.make()
      yield* Condition.withLock(condition, Condition.notify(condition))
      const task = yield* createTask(waiting(condition, Effect.void))
      yield* ticks(5)
      const done = Task.done(task)
      yield* Condition.withLock(condition, Condition.notify(condition))
      yield* task
      return done
    }),
    false
  )

  everywhere(
    "waitFor gives what the predicate gave, and asks it at once",
    Effect.gen(function*() {
      const condition = yield* Condition.make()
      let value: string | undefined = "there"
      const at = yield* Condition.withLock(condition, Condition.waitFor(condition, () => value))
      value = undefined
      const later = yield* createTask(Condition.withLock(condition, Condition.waitFor(condition, () => value)))
      yield* ticks(2)
      yield* Condition.withLock(condition, Condition.notifyAll(condition))
      yield* ticks(4)
      value = "later"
      yield* Condition.withLock(condition, Condition.notifyAll(condition))
      return [at, yield* later]
    }),
    ["there", "later"]
  )

  timed(
    "a wait that is cancelled, however often, has the lock when it ends",
    Effect.gen(function*() {
      const condition = yield* Condition.make()
      let held: string | undefined
      const wait = Effect.onExit(
        Condition.wait(condition),
        () => Effect.sync(() => void (held = Condition.statistics(condition).lock.holder?.name))
      )
      const waiter = yield* createTask(Condition.withLock(condition, wait), { name: "waiter" })
      yield* ticks(2)
      yield* Condition.acquire(condition)
      yield* Task.cancel(waiter)
      yield* sleep("1 second")
      yield* Task.cancel(waiter)
      yield* sleep("1 second")
      const early = Task.done(waiter)
      yield* Condition.release(condition)
      yield* Task.await(waiter)
      return [early, held, Task.cancelled(waiter), Condition.locked(condition)]
    }),
    [false, "waiter", true, false]
  )

  everywhere(
    "withLock and waitFor are dual",
    Effect.gen(function*() {
      const condition = yield* Condition.make()
      const wait = Condition.waitFor(() => "value")(condition)
      return [yield* wait.pipe(Condition.withLock(condition)), yield* Condition.withLock(condition, wait)]
    }),
    ["value", "value"]
  )

  everywhere(
    "two conditions on one lock",
    Effect.gen(function*() {
      const lock = yield* Lock.make
      const [a, b] = [yield* Condition.make(lock), yield* Condition.make(lock)]
      const task = yield* createTask(waiting(a, Effect.void))
      yield* ticks(2)
      yield* Lock.withLock(lock, Condition.notifyAll(b))
      yield* ticks(3)
      const done = Task.done(task)
      yield* Lock.withLock(lock, Condition.notifyAll(a))
      yield* task
      return [done, a.lock === b.lock]
    }),
    [false, true]
  )

  everywhere(
    "statistics: who waits, and the lock's own",
    Effect.gen(function*() {
      const condition = yield* Condition.make()
      const task = yield* createTask(waiting(condition, Effect.void), { name: "waiter" })
      yield* ticks(2)
      const { lock, waiters, waiting: n } = Condition.statistics(condition)
      yield* Condition.withLock(condition, Condition.notify(condition))
      yield* task
      return [n, waiters.map((task) => task.name), lock.locked]
    }),
    [1, ["waiter"], false]
  )

  describe("misuse", () => {
    for (
      const [name, call] of [
        ["wait", Condition.wait],
        ["notify", (c: Condition.Condition) => Condition.notify(c)],
        ["notifyAll", Condition.notifyAll],
        ["release", Condition.release]
      ] as const
    ) {
      everywhere(
        `${name} without the lock is a defect`,
        Effect.gen(function*() {
          const condition = yield* Condition.make()
          const error = yield* defectOf(call(condition))
          return [error.name, error.message, Condition.statistics(condition).waiting]
        }),
        ["RuntimeError", `Condition.${name}: the lock is not acquired`, 0]
      )
    }
    for (const n of [-1, 0.5, NaN]) {
      everywhere(
        `notify(${n}) is a defect`,
        Effect.gen(function*() {
          const condition = yield* Condition.make()
          return (yield* defectOf(Condition.withLock(condition, Condition.notify(condition, n)))).name
        }),
        "IllegalArgumentError"
      )
    }
  })

  it("bare fibers without a loop", async () => {
    const condition = Effect.runSync(Condition.make())
    const fiber = Effect.runFork(Effect.as(waiting(condition, Effect.void), "on"))
    Effect.runSync(Condition.withLock(condition, Condition.notify(condition)))
    expect(await Effect.runPromise(Fiber.join(fiber))).toBe("on")
  })

  linear("notifyAll of n", 5, (n) =>
    Effect.gen(function*() {
      const condition = yield* Condition.make()
      const tasks = []
      for (let i = 0; i < n; i++) tasks.push(yield* createTask(waiting(condition, Effect.void)))
      yield* ticks(1)
      yield* Condition.withLock(condition, Condition.notifyAll(condition))
      yield* asyncio.wait(tasks)
    }))
})
