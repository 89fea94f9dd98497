import { describe } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { Task } from "effect-asyncio"
import { linear } from "./costs.ts"
import { defectOf, everywhere, messagesOf, outcome, ticks, timed } from "./loops.ts"

const { asCompleted, asCompletedEffects, createTask, sleep } = asyncio

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
    ["fail asCompleted: timed out after 2s 500ms", [1, 2], 3]
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

  const tooLate = "fail asCompletedEffects: timed out after 1s 500ms"
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
})
