/** Parts of a task that a cancellation ends by themselves: catchCancelled, and what leaves a region unhandled. */
import { describe, expect, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Option, Scope } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Future, Task } from "effect-asyncio"
import { openRegion } from "../src/internal/task/openRegion.ts"
import {
  cancelled,
  cancelSoon,
  day,
  everywhere,
  logged,
  outcome,
  outcomeOf,
  self,
  ticks,
  timed
} from "./support/loops.ts"

const { createTask, sleep } = asyncio

describe("catchCancelled", () => {
  everywhere(
    "meets a request with its message, and the task goes on; the count stays until uncancel",
    Effect.gen(function*() {
      const body = Effect.gen(function*() {
        const message = yield* Task.catchCancelled(
          Effect.as(day, Option.none<string>()),
          (message) => Effect.as(sleep(0), message)
        )
        const task = yield* self
        const counts = [Task.cancelling(task), yield* Task.uncancel(task)]
        yield* sleep(0)
        return { message, counts }
      })
      const task = yield* createTask(body)
      yield* ticks(2)
      yield* Task.cancel(task, { message: "stop" })
      expect(yield* task).toEqual({ message: Option.some("stop"), counts: [1, 0] })
      expect(Task.cancelled(task)).toBe(false)
    })
  )

  everywhere(
    "data-last, too; values, failures and defects pass",
    Effect.gen(function*() {
      const none = Task.catchCancelled(() => Effect.succeed("handled"))
      expect(yield* none(Effect.succeed(1))).toBe(1)
      expect(yield* outcome(none(Effect.fail("no")))).toBe("fail no")
      expect(yield* outcome(none(Effect.die("bug")))).toBe("die bug")
      // A failure beside an interrupt is a failure.
      expect(yield* outcome(none(Effect.failCause(Cause.combine(Cause.interrupt(), Cause.fail("both")))))).toBe(
        "fail both"
      )
      expect(yield* Effect.interrupt.pipe(Task.catchCancelled(() => Effect.succeed("handled")))).toBe("handled")
    })
  )

  everywhere(
    "the cancellation of something awaited is met, too: cancelling tells them apart",
    Effect.gen(function*() {
      const inner = yield* createTask(day)
      const outer = yield* createTask(
        Task.catchCancelled(Task.join(inner), (message) => Effect.map(self, (task) => [message, Task.cancelling(task)]))
      )
      yield* ticks(2)
      yield* Task.cancel(inner, { message: "from below" })
      expect(yield* outer).toEqual([Option.some("from below"), 0])
    })
  )

  everywhere(
    "the innermost region meets it first; what its handler passes on, the one around it",
    logged((log) =>
      Effect.gen(function*() {
        const region = (name: string) =>
          Task.catchCancelled(() => Effect.andThen(Effect.sync(() => log(name)), Effect.interrupt))
        const task = yield* createTask(
          Task.catchCancelled(day.pipe(region("inner"), region("middle")), () => Effect.sync(() => log("outer")))
        )
        yield* cancelSoon(task)
        yield* task
        log(Task.cancelling(task))
      })
    ),
    ["inner", "middle", "outer", 1]
  )

  everywhere(
    "clean-ups of the region run before the handler",
    logged((log) =>
      Effect.gen(function*() {
        const body = Effect.ensuring(day, Effect.andThen(ticks(3), Effect.sync(() => log("clean-up"))))
        const task = yield* createTask(Task.catchCancelled(body, () => Effect.sync(() => log("handler"))))
        yield* cancelSoon(task)
        yield* task
      })
    ),
    ["clean-up", "handler"]
  )

  everywhere(
    "the handler is outside of the region: a second request cancels the task",
    Effect.gen(function*() {
      const task = yield* createTask(Task.catchCancelled(day, () => day))
      yield* cancelSoon(task)
      yield* ticks(3)
      expect(Task.done(task)).toBe(false)
      yield* Task.cancel(task)
      expect(outcomeOf(yield* Task.await(task))).toBe("cancelled")
      expect(Task.cancelling(task)).toBe(2)
    })
  )

  everywhere(
    "a request to a task between two regions is not theirs",
    Effect.gen(function*() {
      const task = yield* createTask(Effect.gen(function*() {
        yield* Task.catchCancelled(sleep(0), () => Effect.die("first"))
        yield* sleep(0)
        yield* Task.catchCancelled(sleep(0), () => Effect.die("second"))
      }))
      yield* ticks(2)
      yield* Task.cancel(task)
      expect(outcomeOf(yield* Task.await(task))).toBe("cancelled")
    })
  )

  everywhere(
    "a task that meets every request can be asked again and again",
    Effect.gen(function*() {
      let met = 0
      const task = yield* createTask(Effect.gen(function*() {
        while (met < 5) yield* Task.catchCancelled(day, () => Effect.sync(() => ++met))
        return "enough"
      }))
      for (let i = 0; i < 5; i++) {
        yield* ticks(2)
        yield* Task.cancel(task)
      }
      expect(yield* task).toBe("enough")
      expect(Task.cancelling(task)).toBe(5)
    })
  )

  describe("Effect's own interruption goes through, and is not caught", () => {
    const stubborn = (log: (line: string) => void) =>
      Task.catchCancelled(
        Effect.onInterrupt(day, () => Effect.sync(() => log("interrupted"))),
        () => Effect.sync(() => log("caught"))
      )
    everywhere(
      "Fiber.interrupt of the task's fiber",
      logged((log) =>
        Effect.gen(function*() {
          const task = yield* createTask(stubborn(log))
          yield* ticks(2)
          yield* Fiber.interrupt(task.fiber!)
          yield* Effect.yieldNow
          log(Task.cancelled(task))
        })
      ),
      ["interrupted", true]
    )
    everywhere(
      "a race lost",
      logged((log) => Effect.raceFirst(stubborn(log), Effect.as(ticks(3), "won"))),
      ["interrupted"]
    )
    timed(
      "Effect.timeout",
      logged((log) => Effect.timeoutOption(stubborn(log), "1 second")),
      ["interrupted"]
    )
    everywhere(
      "a scope that closes",
      logged((log) =>
        Effect.gen(function*() {
          const scope = yield* Scope.make()
          yield* Effect.forkIn(stubborn(log), scope)
          yield* ticks(2)
          yield* Scope.close(scope, Exit.void)
        })
      ),
      ["interrupted"]
    )
  })

  everywhere(
    "what is forked with forkChild inside ends with the region; a task lives on",
    Effect.gen(function*() {
      const lines: Array<string> = []
      const child = Effect.onInterrupt(day, () => Effect.sync(() => void lines.push("child interrupted")))
      let task: Task.Task<unknown> | undefined
      yield* Task.catchCancelled(
        Effect.gen(function*() {
          yield* Effect.forkChild(child)
          task = yield* createTask(sleep(0, "lives on"))
          yield* Effect.yieldNow
        }),
        () => Effect.void
      )
      expect(lines).toEqual(["child interrupted"])
      expect(yield* task!).toBe("lives on")
    })
  )

  it.live("in a bare fiber: what is awaited can be met there", () =>
    Effect.gen(function*() {
      const inner = yield* createTask(day)
      yield* EventLoop.callSoon(() => Task.cancelUnsafe(inner))
      expect(yield* Task.catchCancelled(Task.join(inner), () => Effect.succeed("met"))).toBe("met")
      expect(yield* asyncio.currentTask).toEqual(Option.none())
    }).pipe(Effect.provide(EventLoop.layer())))
})

describe("a cancellation that leaves a region unhandled", () => {
  const unhandled = <A, E, R>(body: Effect.Effect<A, E, R>) => openRegion(() => body, () => undefined)

  everywhere(
    "goes on as a real interruption: Effect.catchCause can't swallow it",
    Effect.gen(function*() {
      const lines: Array<string> = []
      const greedy = unhandled(day).pipe(
        Effect.catchCause(() => Effect.sync(() => lines.push("swallowed"))),
        Effect.exit,
        Effect.andThen(Effect.sync(() => lines.push("went on"))),
        Effect.ensuring(Effect.sync(() => lines.push("clean-up")))
      )
      const task = yield* createTask(greedy)
      yield* ticks(2)
      yield* Task.cancel(task, { message: "why" })
      const exit = yield* Task.await(task)
      expect([outcomeOf(exit), lines]).toEqual(["cancelled", ["clean-up"]])
      expect(Exit.isFailure(exit) && Future.cancelMessage(exit.cause)).toEqual(Option.some("why"))
    })
  )

  everywhere(
    "through many regions",
    Effect.gen(function*() {
      let body: Effect.Effect<unknown, never, EventLoop.EventLoop> = day
      for (let i = 0; i < 50; i++) body = Effect.catchCause(unhandled(body), () => Effect.succeed("swallowed"))
      expect(yield* cancelled(body)).toBe("cancelled")
    })
  )

  everywhere(
    "from below it is a failing cause, and can be caught",
    Effect.gen(function*() {
      const inner = yield* createTask(day)
      const outer = yield* createTask(Effect.catchCause(unhandled(Task.join(inner)), () => Effect.succeed("caught")))
      yield* ticks(2)
      yield* Task.cancel(inner)
      expect(yield* outer).toBe("caught")
    })
  )

  everywhere(
    "from below without a region, too",
    Effect.gen(function*() {
      for (const look of [Task.join, (task: Task.Task<void>) => Effect.flatMap(Task.await(task), (exit) => exit)]) {
        const inner = yield* createTask(day)
        const outer = yield* createTask(Effect.catchCause(look(inner), () => Effect.succeed("caught")))
        yield* ticks(2)
        yield* Task.cancel(inner)
        expect([yield* outer, Task.cancelling(outer)]).toEqual(["caught", 0])
      }
    })
  )
})
