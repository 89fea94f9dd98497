/** Regions inside uninterruptible parts: their own deadlines and failing children reach them, requests from outside wait. */
import { describe, expect, it } from "@effect/vitest"
import { Cause, Effect } from "effect"
import { createTask, type EventLoop, sleep, Task, TaskGroup, timeout, waitFor } from "effect-asyncio"
import { VirtualLoop } from "effect-asyncio/testing"

/** Cancels a task that runs `part` uninterruptibly after half a second; what it logged, and how it ended. */
const cancelled = (
  part: (log: (line: string) => Effect.Effect<void>) => Effect.Effect<unknown, unknown, EventLoop.EventLoop>
) =>
  VirtualLoop.run(Effect.gen(function*() {
    const lines: Array<string> = []
    const log = (line: string) => Effect.sync(() => void lines.push(line))
    const task = yield* createTask(
      part(log).pipe(
        Effect.catchCause((cause) => log(Cause.hasInterruptsOnly(cause) ? "cancelled" : String(Cause.squash(cause)))),
        Effect.andThen(log("the part goes on")),
        Effect.uninterruptible,
        Effect.andThen(log("never"))
      )
    )
    yield* sleep(500)
    yield* Task.cancel(task)
    yield* Task.await(task)
    return [...lines, Task.cancelled(task), Task.cancelling(task)]
  }))

const deadline = timeout("1 second", () => sleep("1 hour")).pipe(
  Effect.catchTag("TimeoutError", () => Effect.fail("late"))
)

describe("in an uninterruptible part, with a request from outside", () => {
  it.live.each<[string, Effect.Effect<unknown, unknown, EventLoop.EventLoop>, string]>([
    ["a deadline passes", deadline, "late"],
    ["a deadline in a deadline passes", timeout("1 hour", () => deadline), "late"],
    [
      "waitFor a task",
      Effect.flatMap(createTask(sleep("1 hour")), (task) => waitFor(task, "1 second")),
      "TimeoutError: waitFor: timed out after 1 s"
    ],
    [
      "a child fails",
      TaskGroup.run((group) =>
        Effect.andThen(group.createTask(Effect.andThen(sleep("1 second"), Effect.fail("child"))), sleep("1 hour"))
      ),
      "child"
    ]
  ])("%s: its own outcome, then the cancellation", ([, part, outcome]) =>
    Effect.map(
      cancelled((log) => Effect.tapCause(part, () => log("inside"))),
      (lines) => expect(lines).toEqual(["inside", outcome, "the part goes on", true, 1])
    ))

  it.live("TaskGroup.cancel ends the block quietly", () =>
    Effect.map(
      cancelled((log) =>
        TaskGroup.run((group) =>
          Effect.gen(function*() {
            yield* group.createTask(sleep("1 hour"))
            yield* sleep("1 second")
            yield* group.cancel
            yield* sleep("1 hour")
          })
        ).pipe(Effect.andThen(log("ended")))
      ),
      (lines) => expect(lines).toEqual(["ended", "the part goes on", true, 1])
    ))
})
