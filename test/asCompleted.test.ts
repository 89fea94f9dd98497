import { describe, expect, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Task } from "effect-asyncio"
import { linear } from "./support/costs.ts"
import { collect, defectOf, everywhere, lineOf, messagesOf, outcome, ticks, timed } from "./support/loops.ts"

const { asCompleted, asCompletedEffects, createTask, sleep } = asyncio

const awaiters = (task: Task.Task<unknown, unknown>) => Array.from(Task.awaitedBy(task), ({ name }) => name)

const sleepers = [3, 1, 2].map((n) => sleep({ seconds: n }, n))

describe("asCompleted", () => {
  timed(
    "the very tasks, in order of completion",
    Effect.gen(function*() {
      const tasks: Array<Task.Task<number>> = []
      for (const sleeper of sleepers) tasks.push(yield* createTask(sleeper))
      const seen = yield* Stream.runCollect(asCompleted(tasks))
      return [seen.map((task) => tasks.indexOf(task)), seen.every((task) => Task.done(task))]
    }),
    [[1, 2, 0], true]
  )

  timed(
    "effects become tasks when the stream runs",
    Effect.gen(function*() {
      const stream = asCompleted(sleepers)
      const before = (yield* asyncio.allTasks).size
      const seen = yield* Stream.runCollect(Stream.mapEffect(stream, (task) => Task.join(task)))
      return [before, seen]
    }),
    [1, [1, 2, 3]]
  )

  timed(
    "a timeout fails the stream behind what had ended by then, and cancels nothing",
    Effect.gen(function*() {
      const tasks = []
      for (const sleeper of sleepers) tasks.push(yield* createTask(sleeper))
      const seen: Array<number> = []
      const stream = Stream.runForEach(
        asCompleted(tasks, { timeout: "2500 millis" }),
        (task) => Effect.map(Task.join(task), (n) => void seen.push(n))
      )
      return [yield* outcome(stream), seen, yield* tasks[0]!]
    }),
    ["fail asCompleted: timed out after 2.5 s", [1, 2], 3]
  )

  timed(
    "leaving early cancels nothing",
    Effect.gen(function*() {
      const tasks = []
      for (const sleeper of sleepers) tasks.push(yield* createTask(sleeper))
      yield* Stream.runDrain(Stream.take(asCompleted(tasks), 1))
      return [tasks.map((task) => Task.done(task)), yield* tasks[0]!]
    }),
    [[false, true, false], 3]
  )

  everywhere("of nothing ends at once", Stream.runCollect(asCompleted([])), [])

  everywhere(
    "the same task twice comes once",
    Effect.gen(function*() {
      const task = yield* createTask(Effect.succeed(1))
      return (yield* Stream.runCollect(asCompleted([task, task]))).length
    }),
    1
  )

  everywhere(
    "handing a task out is no look at its outcome",
    Effect.map(messagesOf(Stream.runDrain(asCompleted([Effect.fail("lost")]))), (messages) => messages.length),
    1
  )

  timed(
    "a task that takes from it awaits what is left, until it leaves",
    Effect.gen(function*() {
      const tasks: Array<Task.Task<number>> = []
      for (const sleeper of sleepers) tasks.push(yield* createTask(sleeper))
      const states: Array<unknown> = []
      const look = () => states.push([tasks.map(awaiters), tasks.map(lineOf)])
      const taker = yield* createTask(
        Effect.andThen(Stream.runDrain(Stream.take(asCompleted(tasks), 2)), sleep("1 hour")),
        { name: "taker" }
      )
      yield* sleep("500 millis")
      look()
      yield* sleep("1 second")
      look()
      yield* sleep("1 second")
      look()
      yield* Task.cancel(taker)
      return states
    }),
    [
      [[["taker"], ["taker"], ["taker"]], [1, 1, 1]],
      [[["taker"], [], ["taker"]], [1, 0, 1]],
      [[[], [], []], [0, 0, 0]]
    ]
  )

  for (const input of [Effect.void, 1, [1]]) {
    everywhere(
      `${String(input)} is a defect`,
      Effect.map(defectOf(Stream.runDrain(asCompleted(input as never))), (error) => error.name),
      "IllegalArgumentError"
    )
  }

  linear("n of them", 5, (n) => Stream.runDrain(asCompleted(Array.from({ length: n }, () => Effect.void))))
})

describe("asCompletedEffects", () => {
  timed(
    "each is the next to finish, whoever asks first",
    Effect.gen(function*() {
      const [a, b, c] = yield* asCompletedEffects(sleepers)
      return [yield* c!, yield* a!, yield* b!]
    }),
    [1, 2, 3]
  )

  timed(
    "may be awaited later, and by several tasks",
    Effect.gen(function*() {
      const effects = yield* asCompletedEffects(sleepers)
      yield* sleep("5 seconds")
      return yield* asyncio.gather(effects)
    }),
    [1, 2, 3]
  )

  const tooLate = "fail asCompletedEffects: timed out after 1.5 s"
  timed(
    "after the timeout each one left fails",
    Effect.gen(function*() {
      const effects = yield* asCompletedEffects(sleepers, { timeout: "1500 millis" })
      return yield* Effect.forEach(effects, outcome)
    }),
    [1, tooLate, tooLate]
  )

  everywhere(
    "fails as that failed",
    Effect.gen(function*() {
      const effects = yield* asCompletedEffects([Effect.fail("no"), Effect.andThen(ticks(3), Effect.succeed(1))])
      return yield* Effect.forEach(effects, outcome)
    }),
    ["fail no", 1]
  )

  timed(
    "the task that asked for them awaits what is left, whoever takes, as long as it runs",
    Effect.gen(function*() {
      const slow = yield* createTask(sleep("3 seconds"), { name: "slow" })
      const asks = (rest: Effect.Effect<unknown, unknown>) =>
        Effect.flatMap(
          asCompletedEffects([slow, sleep("1 second")]),
          ([first]) => Effect.andThen(createTask(first!, { name: "taker" }), rest)
        )
      yield* createTask(asks(sleep("2 seconds")), { name: "asker" })
      yield* createTask(asks(Effect.void), { name: "done by then" })
      const states = [awaiters(slow)]
      for (let i = 0; i < 2; i++) {
        yield* sleep("1500 millis")
        states.push(awaiters(slow))
      }
      return states
    }),
    [[], ["asker"], []]
  )

  timed(
    "nobody awaits what is left when the time is over",
    Effect.gen(function*() {
      const slow = yield* createTask(sleep("3 seconds"))
      const effects = yield* asCompletedEffects([slow], { timeout: "1 second" })
      const before = awaiters(slow).length
      yield* outcome(effects[0]!)
      return [before, awaiters(slow).length, lineOf(slow)]
    }),
    [1, 0, 0]
  )

  const tooOften = (n: number) =>
    `die asCompletedEffects: awaited ${n + 1} times, expected at most once for each of the ${n} awaitables`
  timed(
    "awaited more often than there are awaitables",
    Effect.gen(function*() {
      const [a, b] = yield* asCompletedEffects([sleep("1 second", 1), sleep("2 seconds", 2)])
      // Together, and one after the others.
      const outcomes = yield* asyncio.gather([outcome(a!), outcome(b!), outcome(a!)])
      return [...outcomes, yield* outcome(b!)]
    }),
    [1, 2, tooOften(2), tooOften(2)]
  )

  timed(
    "awaited more often than there are awaitables, after the timeout",
    Effect.gen(function*() {
      const [a] = yield* asCompletedEffects([sleep("1 second", 1), sleep("1 hour")], { timeout: "2 seconds" })
      return yield* Effect.forEach([a!, a!, a!], outcome)
    }),
    [1, "fail asCompletedEffects: timed out after 2 s", tooOften(2)]
  )

  timed(
    "a cancelled await takes nothing",
    Effect.gen(function*() {
      const [a, b] = yield* asCompletedEffects([sleep("1 second", 1), sleep("2 seconds", 2)])
      const early = yield* outcome(asyncio.timeout("500 millis", () => a!))
      return [early, yield* b!, yield* a!]
    }),
    ["fail timeout: timed out after 500 ms", 1, 2]
  )

  it.live("dropped early they leave long-lived futures", () =>
    EventLoop.provide(Effect.gen(function*() {
      const future = yield* asyncio.Future.make<never>()
      // In a task of its own: what this fiber's frames hold is no garbage.
      yield* yield* createTask(Effect.gen(function*() {
        const [first] = yield* asCompletedEffects([future, Effect.succeed("value")])
        expect([yield* first!, lineOf(future)]).toEqual(["value", 1])
      }))
      yield* collect(() => lineOf(future) === 0)
      expect(lineOf(future)).toBe(0)
    })))
})
