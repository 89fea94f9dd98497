import { describe } from "@effect/vitest"
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { Future, Task } from "effect-asyncio"
import {
  cancelSoon,
  defectOf,
  everywhere,
  lineOf,
  logged,
  messagesOf,
  outcome,
  type Program,
  ticks,
  timed
} from "./support/loops.ts"

const { createTask, shield, sleep } = asyncio

describe("shield", () => {
  timed(
    "the waiter is cancelled, the inner task lives on",
    Effect.gen(function*() {
      const inner = yield* createTask(sleep("1 second", "value"))
      const waiter = yield* createTask(shield(inner))
      yield* ticks(2)
      yield* cancelSoon(waiter)
      return [yield* outcome(Task.join(waiter)), Task.done(inner), yield* inner]
    }),
    ["cancelled", false, "value"]
  )

  timed(
    "an effect becomes a task",
    Effect.gen(function*() {
      const lines: Array<string> = []
      const waiter = yield* createTask(shield(Effect.andThen(sleep("1 second"), Effect.sync(() => lines.push("done")))))
      yield* ticks(2)
      yield* cancelSoon(waiter)
      yield* Task.await(waiter)
      yield* sleep("2 seconds")
      return lines
    }),
    ["done"]
  )

  everywhere(
    "a value, a failure",
    Effect.gen(function*() {
      return [yield* shield(Effect.succeed(1)), yield* outcome(shield(Effect.fail("no")))]
    }),
    [1, "fail no"]
  )

  everywhere(
    "an inner task that is cancelled cancels the wait",
    Effect.gen(function*() {
      const inner = yield* createTask(Effect.never)
      const waiter = yield* createTask(shield(inner))
      yield* ticks(2)
      yield* Task.cancel(inner)
      return [yield* outcome(Task.join(waiter)), Task.cancelling(waiter)]
    }),
    ["cancelled", 0]
  )

  everywhere(
    "what is done comes at once",
    logged((log) =>
      Effect.gen(function*() {
        const future = yield* Future.make<number>()
        yield* Future.succeed(future, 1)
        yield* asyncio.EventLoop.callSoon(() => log("tick"))
        log(yield* shield(future))
        yield* ticks(1)
      })
    ),
    [1, "tick"]
  )

  /** Fails after so many waiters behind shields were cancelled, the last of them while it is waited for. */
  const lateFailure = (shields: number, then: (inner: Task.Task<never, string>) => Program) =>
    Effect.gen(function*() {
      const inner = yield* createTask(Effect.andThen(sleep("1 second"), Effect.fail("late")))
      for (let i = 0; i < shields; i++) {
        const waiter = yield* createTask(shield(inner))
        yield* ticks(2)
        yield* cancelSoon(waiter)
        yield* Task.await(waiter)
      }
      yield* sleep("2 seconds")
      yield* then(inner)
    })
  for (const shields of [1, 3]) {
    timed(
      `a late failure is one that nobody has seen, with ${shields} cancelled`,
      messagesOf(lateFailure(shields, () => Effect.void)),
      ["Task exception was never retrieved"]
    )
    timed(
      `a late failure that somebody looks at is no report, with ${shields} cancelled`,
      messagesOf(lateFailure(shields, (inner) => Effect.flip(Task.join(inner)))),
      []
    )
  }
  timed(
    "a late failure whose waiter ran out of time, seen by somebody else",
    messagesOf(Effect.gen(function*() {
      const inner = yield* createTask(Effect.andThen(sleep("2 seconds"), Effect.fail("late")))
      yield* Effect.flip(asyncio.waitFor(shield(inner), "1 second"))
      return yield* Effect.flip(asyncio.gather([shield(inner), shield(inner)]))
    })),
    []
  )

  everywhere(
    "a cancelled wait leaves nothing at the inner task",
    Effect.gen(function*() {
      const inner = yield* createTask(Effect.never)
      const waiter = yield* createTask(shield(inner))
      yield* ticks(2)
      const before = lineOf(inner)
      yield* cancelSoon(waiter)
      yield* Task.await(waiter)
      return [before, lineOf(inner)]
    }),
    [1, 0]
  )

  everywhere(
    "what is no awaitable is a defect",
    Effect.map(defectOf(shield(1 as unknown as Effect.Effect<void>)), (error) => error.name),
    "IllegalArgumentError"
  )
})
