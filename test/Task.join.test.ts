/** Joins of joins: long chains, circles, and interruption by Effect's own means. */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Future, Task } from "effect-asyncio"
import { day, everywhere, loops, onVirtual, outcomeOf, settled, ticks } from "./support/loops.ts"

const { createTask, sleep } = asyncio

describe("long chains", { timeout: 30_000 }, () => {
  const length = 20_000
  /** Tasks that join each other in a row; the first waits for `end`. */
  const chain = (end: Effect.Effect<unknown, unknown, EventLoop.EventLoop>) =>
    Effect.gen(function*() {
      const tasks: Array<Task.Task<unknown, unknown>> = [yield* createTask(end)]
      for (let i = 1; i < length; i++) tasks.push(yield* createTask(Task.join(tasks[i - 1]!)))
      yield* ticks(2)
      return tasks
    })

  for (const [name, run] of loops) {
    it.effect(`20,000 joins: a value comes through [${name}]`, () =>
      run(Effect.gen(function*() {
        const future = yield* Future.make<string>()
        const tasks = yield* chain(Future.join(future))
        yield* Future.succeed(future, "through")
        expect(yield* tasks.at(-1)!).toBe("through")
      })))

    it.effect(`20,000 joins cancelled at the end: all end cancelled [${name}]`, () =>
      run(Effect.gen(function*() {
        const tasks = yield* chain(day)
        expect(yield* Task.cancel(tasks.at(-1)!)).toBe(true)
        yield* Task.await(tasks.at(-1)!)
        expect(tasks.every((task) => Task.cancelled(task))).toBe(true)
      })))

    it.effect(`20,000 joins, the last interrupted by Effect: all end cancelled [${name}]`, () =>
      run(Effect.gen(function*() {
        const tasks = yield* chain(day)
        yield* Fiber.interrupt(tasks.at(-1)!.fiber!)
        expect(tasks.slice(0, -1).every((task) => Task.cancelled(task))).toBe(true)
      })))
  }

  it.live("20,000 joins left to a closing loop", () =>
    Effect.gen(function*() {
      const tasks = yield* EventLoop.provide(chain(day))
      expect(tasks.every((task) => Task.cancelled(task))).toBe(true)
    }))

  it.live("2,000 gathers in each other, cancelled", () =>
    onVirtual(Effect.gen(function*() {
      let task: Task.Task<unknown, unknown> = yield* createTask(day)
      for (let i = 0; i < 2000; i++) {
        const inner = task
        task = yield* createTask(asyncio.gather([inner]))
      }
      yield* ticks(3)
      yield* Task.cancel(task)
      expect(outcomeOf(yield* Task.await(task))).toBe("cancelled")
      expect((yield* asyncio.allTasks).size).toBe(1)
    })))
})

describe("circles of joins end when one is cancelled", () => {
  const circle = (
    size: number,
    wait: (next: Task.Task<unknown>) => Effect.Effect<unknown, never, EventLoop.EventLoop>
  ) =>
    Effect.gen(function*() {
      const tasks: Array<Task.Task<unknown>> = []
      for (let i = 0; i < size; i++) {
        tasks.push(yield* createTask(Effect.suspend(() => wait(tasks[(i + 1) % size]!))))
      }
      yield* ticks(3)
      return tasks
    })
  const gathered = (next: Task.Task<unknown>) => asyncio.gather([next, sleep("1 hour")])
  for (const size of [2, 3, 1000]) {
    for (const [how, wait] of [["join", Task.join], ["gather", gathered]] as const) {
      everywhere(
        `${size} by ${how}: cancelled`,
        Effect.gen(function*() {
          const tasks = yield* circle(size, wait)
          expect(yield* Task.cancel(tasks[size >> 1]!)).toBe(true)
          yield* settled(tasks)
          expect(tasks.map((task) => Task.cancelled(task))).toEqual(tasks.map(() => true))
        })
      )
      everywhere(
        `${size} by ${how}: interrupted by Effect`,
        Effect.gen(function*() {
          const tasks = yield* circle(size, wait)
          yield* Fiber.interrupt(tasks[0]!.fiber!)
          yield* settled(tasks)
          expect(tasks.map((task) => Task.cancelled(task))).toEqual(tasks.map(() => true))
        })
      )
      everywhere(
        `${size} by ${how}: left to a closing loop`,
        Effect.gen(function*() {
          const tasks = yield* EventLoop.provide(circle(size, wait))
          expect(tasks.map((task) => Task.cancelled(task))).toEqual(tasks.map(() => true))
        })
      )
    }
  }
})

describe("interruption by Effect's own means goes through joins", () => {
  const ways: ReadonlyArray<[string, (task: Task.Task<void>) => Effect.Effect<unknown, unknown, EventLoop.EventLoop>]> =
    [
      ["Fiber.interrupt of a fiber", (task) =>
        Effect.gen(function*() {
          const fiber = yield* Effect.forkChild(Task.join(task))
          yield* ticks(2)
          yield* Fiber.interrupt(fiber)
        })],
      ["Fiber.interrupt of a task's fiber", (task) =>
        Effect.gen(function*() {
          const outer = yield* createTask(Task.join(task))
          yield* ticks(2)
          yield* Fiber.interrupt(outer.fiber!)
          yield* Task.await(outer)
          expect(Task.cancelled(outer)).toBe(true)
        })],
      ["a race lost", (task) => Effect.raceFirst(Task.join(task), ticks(3))],
      [
        "a failing sibling in Effect.all",
        (task) =>
          Effect.exit(Effect.all([Task.join(task), Effect.andThen(ticks(3), Effect.fail("no"))], { concurrency: 2 }))
      ],
      ["a closing scope", (task) =>
        Effect.gen(function*() {
          const scope = yield* Scope.make()
          yield* Effect.forkIn(Task.join(task), scope)
          yield* ticks(2)
          yield* Scope.close(scope, Exit.void)
        })],
      [
        "the end of the fiber's parent",
        (task) =>
          Effect.flatMap(Effect.forkChild(Effect.andThen(Effect.forkChild(Task.join(task)), ticks(2))), Fiber.await)
      ],
      ["through gather", (task) => Effect.raceFirst(asyncio.gather([task]), ticks(4))],
      ["through a chain", (task) =>
        Effect.gen(function*() {
          let last = yield* createTask(Task.join(task))
          for (let i = 0; i < 10; i++) last = yield* createTask(Task.join(last))
          yield* Effect.raceFirst(Task.join(last), ticks(4))
        })]
    ]
  for (const [name, interrupt] of ways) {
    everywhere(
      `${name}: what is joined is cancelled, and waited for`,
      Effect.gen(function*() {
        const lines: Array<string> = []
        const cleanUp = Effect.andThen(ticks(3), Effect.sync(() => void lines.push("cleaned up")))
        const task = yield* createTask(Effect.ensuring(day, cleanUp))
        yield* ticks(2)
        yield* interrupt(task)
        expect(lines).toEqual(["cleaned up"])
        yield* Effect.yieldNow
        expect(Task.cancelled(task)).toBe(true)
      })
    )
  }
  everywhere(
    "it can't be refused: what is joined may swallow it, the joiner is interrupted all the same",
    Effect.gen(function*() {
      const inner = yield* createTask(Task.catchCancelled(Effect.as(day, "slept"), () => Effect.succeed("swallowed")))
      const fiber = yield* Effect.forkChild(Task.join(inner))
      yield* ticks(2)
      yield* Fiber.interrupt(fiber)
      expect(outcomeOf(yield* Fiber.await(fiber))).toBe("cancelled")
      expect(yield* inner).toBe("swallowed")
    })
  )
  everywhere(
    "Task.await and wait only watch",
    Effect.gen(function*() {
      const task = yield* createTask(Effect.as(ticks(20), "lives on"))
      yield* Effect.raceFirst(Task.await(task), ticks(2))
      yield* Effect.raceFirst(asyncio.wait([task]), ticks(2))
      expect(yield* task).toBe("lives on")
    })
  )
})
