import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Scope } from "effect"
import * as asyncio from "effect-asyncio"
import { Lock, Task } from "effect-asyncio"
import { VirtualLoop } from "effect-asyncio/testing"
import { linear } from "./support/costs.ts"
import { cancelSoon, defectOf, everywhere, logged, outcome, ticks, timed } from "./support/loops.ts"

const { createTask, sleep } = asyncio
const free = { locked: false, holder: undefined, waiting: 0, waiters: [] }

describe("Lock", () => {
  everywhere(
    "one at a time, first come, first served",
    logged((log) =>
      Effect.gen(function*() {
        const lock = yield* Lock.make
        const visit = (name: string) =>
          Lock.withLock(
            lock,
            Effect.gen(function*() {
              log(`${name} in`)
              yield* ticks(2)
              log(`${name} out`)
            })
          )
        yield* asyncio.gather(["a", "b", "c"].map(visit))
      })
    ),
    ["a in", "a out", "b in", "b out", "c in", "c out"]
  )

  everywhere(
    "a free lock takes no tick; a release and its waiter one",
    logged((log) =>
      Effect.gen(function*() {
        const lock = yield* Lock.make
        yield* asyncio.EventLoop.callSoon(() => log("tick"))
        yield* Lock.acquire(lock)
        log("acquired")
        yield* createTask(Effect.andThen(Lock.acquire(lock), Effect.sync(() => log("waiter"))))
        yield* ticks(2)
        yield* Lock.release(lock)
        yield* asyncio.EventLoop.callSoon(() => log("same tick"))
        log("released")
        yield* ticks(2)
      })
    ),
    ["acquired", "tick", "released", "waiter", "same tick"]
  )

  everywhere(
    "whoever releases and acquires again queues behind those who wait",
    logged((log) =>
      Effect.gen(function*() {
        const lock = yield* Lock.make
        yield* Lock.acquire(lock)
        const waiter = yield* createTask(Lock.withLock(lock, Effect.sync(() => log("waiter"))))
        yield* ticks(2)
        yield* Lock.release(lock)
        log(Lock.locked(lock))
        yield* Lock.withLock(lock, Effect.sync(() => log("again")))
        yield* waiter
      })
    ),
    [false, "waiter", "again"]
  )

  everywhere(
    "any task may release it",
    Effect.gen(function*() {
      const lock = yield* Lock.make
      yield* Lock.acquire(lock)
      yield* yield* createTask(Lock.release(lock))
      return Lock.statistics(lock)
    }),
    free
  )

  everywhere(
    "statistics name the holder and who waits, the one that was woken first among them",
    Effect.gen(function*() {
      const lock = yield* Lock.make
      const state = Effect.sync(() => {
        const { holder, locked, waiters, waiting } = Lock.statistics(lock)
        return [locked, holder?.name, waiting, waiters.map((task) => task.name)]
      })
      const holder = yield* createTask(Effect.andThen(Lock.withLock(lock, ticks(3)), state), { name: "holder" })
      const waiters = []
      for (const name of ["a", "b"]) waiters.push(yield* createTask(Lock.withLock(lock, Effect.void), { name }))
      yield* ticks(2)
      const during = yield* state
      const released = yield* holder
      yield* asyncio.wait(waiters)
      return [during, released, Lock.statistics(lock)]
    }),
    [[true, "holder", 2, ["a", "b"]], [false, undefined, 2, ["a", "b"]], free]
  )

  describe("withLock", () => {
    const outcomes: ReadonlyArray<readonly [name: string, effect: Effect.Effect<unknown, string>, expected: unknown]> =
      [
        ["a value", Effect.succeed("value"), "value"],
        ["a failure", Effect.fail("no"), "fail no"],
        ["a defect", Effect.die(new Error("broken")), "die broken"],
        ["an interruption of its own", Effect.interrupt, "cancelled"]
      ]
    for (const [name, effect, expected] of outcomes) {
      everywhere(
        `gives the lock back after ${name}`,
        Effect.gen(function*() {
          const lock = yield* Lock.make
          const task = yield* createTask(Lock.withLock(lock, Effect.andThen(sleep(0), effect)))
          return [yield* outcome(Task.join(task)), Lock.locked(lock)]
        }),
        [expected, false]
      )
    }

    everywhere(
      "is dual",
      Effect.gen(function*() {
        const lock = yield* Lock.make
        return [
          yield* Effect.sync(() => Lock.locked(lock)).pipe(Lock.withLock(lock)),
          yield* Lock.withLock(lock, Effect.sync(() => Lock.locked(lock)))
        ]
      }),
      [true, true]
    )

    everywhere(
      "cancelled while it waits, or while it holds, gives the lock back",
      Effect.gen(function*() {
        const lock = yield* Lock.make
        const holder = yield* createTask(Lock.withLock(lock, Effect.never))
        const waiter = yield* createTask(Lock.withLock(lock, Effect.never))
        yield* ticks(2)
        yield* cancelSoon(waiter)
        yield* Task.await(waiter)
        const { waiting } = Lock.statistics(lock)
        yield* cancelSoon(holder)
        yield* Task.await(holder)
        return [waiting, Lock.statistics(lock)]
      }),
      [0, free]
    )

    timed(
      "waits for the clean-up inside before it gives the lock back",
      Effect.gen(function*() {
        const lock = yield* Lock.make
        const slow = yield* createTask(Lock.withLock(lock, Effect.onInterrupt(Effect.never, () => sleep("1 second"))))
        yield* ticks(2)
        yield* Task.cancel(slow)
        yield* Lock.acquire(lock)
        return [yield* asyncio.EventLoop.time, Task.done(slow)]
      }).pipe(Effect.map(([time, done]) => [Math.round(Number(time)) % 3600, done])),
      [1, true]
    )
  })

  everywhere(
    "acquireScoped holds it as long as the scope is open, and can be cancelled while it waits",
    Effect.gen(function*() {
      const lock = yield* Lock.make
      const inside = yield* Effect.scoped(
        Effect.andThen(Lock.acquireScoped(lock), Effect.sync(() => Lock.locked(lock)))
      )
      const after = Lock.locked(lock)
      yield* Lock.acquire(lock)
      const scope = yield* Scope.make()
      const waiter = yield* createTask(Scope.provide(Lock.acquireScoped(lock), scope))
      yield* ticks(2)
      yield* cancelSoon(waiter)
      yield* Task.await(waiter)
      return [inside, after, Task.cancelled(waiter), Lock.statistics(lock).waiting]
    }),
    [true, false, true, 0]
  )

  describe("misuse", () => {
    everywhere(
      "releasing a free lock is a defect",
      Effect.gen(function*() {
        const lock = yield* Lock.make
        const error = yield* defectOf(Lock.release(lock))
        expect(() => Lock.releaseUnsafe(lock)).toThrow(error.message)
        return [error.name, error.message]
      }),
      ["RuntimeError", "Lock.release: the lock is not acquired"]
    )

    it.live("acquiring a lock that the task holds is a deadlock, which the virtual loop names", () =>
      Effect.gen(function*() {
        const nested = Effect.flatMap(Lock.make, (lock) => Lock.withLock(lock, Lock.withLock(lock, Effect.void)))
        const main = Effect.flatMap(createTask(nested, { name: "selfish" }), (task) => Task.join(task))
        const error = yield* Effect.flip(VirtualLoop.run(main, { patience: 0 }))
        expect(error._tag).toBe("DeadlockError")
        expect(error.message).toContain("waiting for a Lock held by task 'selfish'")
      }))

    it.live("two locks in two orders are a deadlock in a circle", () =>
      Effect.gen(function*() {
        const crossed = Effect.gen(function*() {
          const [a, b] = [yield* Lock.make, yield* Lock.make]
          const both = (first: Lock.Lock, second: Lock.Lock) =>
            Lock.withLock(first, Effect.andThen(sleep(0), Lock.withLock(second, Effect.void)))
          yield* createTask(both(a, b), { name: "one" })
          yield* yield* createTask(both(b, a), { name: "two" })
        })
        const error = yield* Effect.flip(VirtualLoop.run(crossed, { patience: 0 }))
        expect(error.message).toMatch(/in a circle: '(one|two)' -> '(one|two)' -> /)
      }))
  })

  describe("outside of any loop", () => {
    it("bare fibers, released by plain code", async () => {
      const lock = Effect.runSync(Lock.make)
      const seen: Array<string> = []
      Effect.runSync(Lock.acquire(lock))
      const fibers = ["a", "b"].map((name) =>
        Effect.runFork(Lock.withLock(lock, Effect.andThen(Effect.yieldNow, Effect.sync(() => seen.push(name)))))
      )
      expect(Lock.statistics(lock)).toEqual({ locked: true, holder: undefined, waiting: 2, waiters: [] })
      Lock.releaseUnsafe(lock)
      expect(seen).toEqual([]) // a waiter never runs inside its waker
      for (const fiber of fibers) await Effect.runPromise(Fiber.join(fiber))
      expect(seen).toEqual(["a", "b"])
      expect(Lock.statistics(lock)).toEqual(free)
    })

    it("a task of a loop and a bare fiber share one", async () => {
      const lock = Effect.runSync(Lock.make)
      Effect.runSync(Lock.acquire(lock))
      const done = asyncio.run(Lock.withLock(lock, Effect.succeed("task")))
      const bare = Effect.runPromise(Lock.withLock(lock, Effect.succeed("bare")))
      Effect.runSync(Lock.release(lock))
      expect(await Promise.all([done, bare])).toEqual(["task", "bare"])
    })
  })

  linear(
    "a line of n",
    3,
    (n) =>
      Effect.flatMap(
        Lock.make,
        (lock) => asyncio.wait(Array.from({ length: n }, () => Lock.withLock(lock, Effect.void)))
      )
  )
  linear("n waiters cancelled, the last first", 4, (n) =>
    Effect.gen(function*() {
      const lock = yield* Lock.make
      yield* Lock.acquire(lock)
      const tasks = []
      for (let i = 0; i < n; i++) tasks.push(yield* createTask(Lock.acquire(lock)))
      yield* sleep(0)
      for (const task of tasks.toReversed()) yield* Task.cancel(task)
      yield* asyncio.wait(tasks)
    }))
})
