/** How far a gather, `asCompleted` or a group is: when it is told, and what. */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { Task, TaskGroup, type wait } from "effect-asyncio"
import { everywhere, messagesOf, outcome, ticks, timed } from "./support/loops.ts"

const { createTask, gather, sleep } = asyncio

/** What was told, as succeeded/failed/cancelled of all. */
const told = () => {
  const lines: Array<string> = []
  const onProgress = ({ cancelled, failed, pending, succeeded }: wait.Tally) => {
    lines.push(`${succeeded}/${failed}/${cancelled} of ${succeeded + failed + cancelled + pending}`)
  }
  return { lines, onProgress }
}

describe("gather", () => {
  timed(
    "at the begin and after each, those behind the limit among the pending",
    Effect.suspend(() => {
      const { lines, onProgress } = told()
      const work = [sleep("1 second"), sleep("1 second"), sleep("1 second")]
      return Effect.as(gather(work, { concurrency: 2, onProgress }), lines)
    }),
    ["0/0/0 of 3", "1/0/0 of 3", "2/0/0 of 3", "3/0/0 of 3"]
  )
  everywhere(
    "whatever they end with",
    Effect.gen(function*() {
      const { lines, onProgress } = told()
      const gone = yield* createTask(sleep("1 hour"))
      const done = yield* createTask(Effect.void)
      yield* ticks(1)
      yield* Task.cancel(gone)
      yield* gather([gone, Effect.fail("no"), done], { returnExceptions: true, onProgress })
      return lines
    }),
    ["0/0/0 of 3", "1/0/0 of 3", "1/0/1 of 3", "1/1/1 of 3"]
  )
  timed(
    "nothing any more when it has failed",
    Effect.gen(function*() {
      const { lines, onProgress } = told()
      yield* Effect.ignore(gather([Effect.fail("no"), sleep("1 second")], { onProgress }))
      yield* sleep("2 seconds")
      return lines
    }),
    ["0/0/0 of 2", "0/1/0 of 2"]
  )
  it.live("what it throws is the exception handler's, and ends nothing", () =>
    Effect.gen(function*() {
      const program = Effect.map(
        gather([Effect.succeed(1)], {
          onProgress: () => {
            throw new Error("no bar")
          }
        }),
        (values) => expect(values).toEqual([1])
      )
      expect(yield* messagesOf(program)).toEqual(["Exception in callback", "Exception in callback"])
    }))
})

describe("asCompleted", () => {
  timed(
    "ahead of whoever takes",
    Effect.gen(function*() {
      const { lines, onProgress } = told()
      const stream = asyncio.asCompleted([sleep("1 second"), sleep("2 seconds")], { onProgress })
      yield* Stream.runForEach(stream, () => Effect.andThen(sleep("1 minute"), Effect.sync(() => lines.push("taken"))))
      return lines
    }),
    ["0/0/0 of 2", "1/0/0 of 2", "2/0/0 of 2", "taken", "taken"]
  )
})

describe("TaskGroup", () => {
  timed(
    "as tasks come and go",
    Effect.gen(function*() {
      const { lines, onProgress } = told()
      const program = TaskGroup.run((group) =>
        Effect.gen(function*() {
          yield* group.createTask(sleep("1 second"))
          yield* group.createTask(sleep("1 hour"))
          yield* sleep("2 seconds")
          yield* group.createTask(Effect.fail("no"))
        }), { onProgress })
      return [yield* outcome(program), ...lines]
    }),
    ["fail no", "0/0/0 of 0", "0/0/0 of 1", "0/0/0 of 2", "1/0/0 of 2", "1/0/0 of 3", "1/1/0 of 3", "1/1/1 of 3"]
  )
  everywhere(
    "of one that is bound to a scope",
    Effect.gen(function*() {
      const { lines, onProgress } = told()
      yield* Effect.scoped(Effect.flatMap(TaskGroup.make({ onProgress }), (group) => group.createTask(Effect.void)))
      return lines.at(-1)
    }),
    "0/0/1 of 1"
  )
})
