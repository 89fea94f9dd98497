import { describe, expect } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Option, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { Task, Timeout } from "effect-asyncio"
import { linear } from "./support/costs.ts"
import { defectOf, everywhere, lineOf, logged, outcome, type Program, self, ticks, timed } from "./support/loops.ts"

const { createTask, sleep, TaskGroup, timeout, timeoutAt, timeoutOption, waitFor } = asyncio

/** After so many seconds from its beginning. */
const tooLate = (call: string, seconds: number) =>
  `fail ${call}: timed out ${seconds > 0 ? `after ${seconds} s` : "at once"}`

/** How it ends, and after how many seconds. */
const measured = (program: Program) =>
  Effect.gen(function*() {
    const before = yield* asyncio.EventLoop.time
    const end = yield* outcome(program)
    return [end, Math.round(((yield* asyncio.EventLoop.time) - before) * 1000) / 1000]
  })

const limits = [
  ["timeout", (seconds: number, body: Program) => timeout({ seconds }, () => body)],
  [
    "timeoutAt",
    (seconds: number, body: Program) =>
      Effect.flatMap(asyncio.EventLoop.time, (now) => timeoutAt(now + seconds, () => body))
  ],
  ["waitFor", (seconds: number, body: Program) => waitFor(body, { seconds })],
  [
    "timeoutOption",
    (seconds: number, body: Program) =>
      Effect.flatMap(
        timeoutOption({ seconds }, () => body),
        Option.match({
          onNone: () => Effect.fail(new Cause.TimeoutError(tooLate("timeoutOption", seconds).slice("fail ".length))),
          onSome: Effect.succeed
        })
      )
  ]
] as const

describe.each(limits)("%s", (name, limit) => {
  timed("a body in time", measured(limit(2, sleep("1 second", "value"))), ["value", 1])
  timed("a body too late", measured(limit(1, sleep("2 seconds", "value"))), [tooLate(name, 1), 1])
  timed("a body that fails", measured(limit(2, Effect.andThen(sleep("1 second"), Effect.fail("no")))), ["fail no", 1])
  timed("without an end", measured(limit(Infinity, sleep("1 second", "value"))), ["value", 1])
  timed("a body that never suspends", measured(limit(1, Effect.succeed("value"))), ["value", 0])
  timed(
    "waits for slow clean-up",
    measured(limit(1, Effect.onInterrupt(Effect.never, () => sleep("3 seconds")))),
    [tooLate(name, 1), 4]
  )
  timed(
    "a failure of the clean-up comes out instead",
    measured(Effect.mapError(limit(1, Effect.onInterrupt(Effect.never, () => Effect.fail("clean-up"))), String)),
    ["fail clean-up", 1]
  )
  timed(
    "a body that meets the cancellation and goes on ends as it likes",
    measured(limit(1, Task.catchCancelled(Effect.never, () => Effect.succeed("went on")))),
    ["went on", 1]
  )
  timed(
    "one in another, both at once: the outer one fails",
    measured(limit(1, limit(1, Effect.never))),
    [tooLate(name, 1), 1]
  )
  timed(
    "the inner one first: the outer body goes on",
    measured(limit(3, Effect.andThen(Effect.ignore(limit(1, Effect.never)), sleep("1 second", "value")))),
    ["value", 2]
  )
  timed(
    "a cancellation from outside in the tick of the deadline wins",
    Effect.gen(function*() {
      const task: Task.Task<unknown, unknown> = yield* createTask(limit(1, Effect.never))
      yield* asyncio.EventLoop.callLater("1 second", () => void Task.cancelUnsafe(task))
      return [yield* outcome(Task.join(task)), Task.cancelling(task)]
    }),
    ["cancelled", 1]
  )
  timed(
    "takes its own request back",
    Effect.gen(function*() {
      const task = yield* createTask(Effect.andThen(Effect.ignore(limit(1, Effect.never)), Effect.as(sleep(0), "on")))
      return [yield* task, Task.cancelling(task)]
    }),
    ["on", 0]
  )
  timed(
    "what the body forks ends with it, a task goes on",
    logged((log) =>
      Effect.gen(function*() {
        const say = (name: string) =>
          Effect.onInterrupt(sleep("2 seconds"), () => Effect.sync(() => log(`${name} ended`)))
        const body = Effect.gen(function*() {
          yield* Effect.forkChild(say("fork"))
          yield* createTask(Effect.andThen(say("task"), Effect.sync(() => log("task done"))))
          return yield* Effect.never
        })
        yield* Effect.ignore(limit(1, body))
        yield* sleep("2 seconds")
      })
    ),
    ["fork ended", "task done"]
  )
  everywhere(
    "NaN is a defect",
    Effect.map(defectOf(limit(NaN, Effect.void)), (error) => error.name),
    "IllegalArgumentError"
  )
})

describe("timeoutOption", () => {
  timed(
    "a TimeoutError of the body, and of another deadline in it, stays a failure",
    Effect.gen(function*() {
      const inner = (body: Effect.Effect<unknown, unknown, asyncio.EventLoop.EventLoop>) =>
        Effect.map(Effect.flip(timeoutOption("1 hour", () => body)), (error) => Cause.isTimeoutError(error))
      return [
        yield* inner(Effect.fail(new Cause.TimeoutError("theirs"))),
        yield* inner(Effect.timeout(Effect.never, "1 second")),
        yield* inner(timeout("1 second", () => Effect.never))
      ]
    }),
    [true, true, true]
  )
  timed(
    "inner and outer: each is none for its own",
    Effect.gen(function*() {
      const nested = (inner: number, outer: number) =>
        timeoutOption({ seconds: outer }, () => timeoutOption({ seconds: inner }, () => sleep("5 seconds", "value")))
      return [yield* nested(1, 2), yield* nested(2, 1), yield* nested(6, 7)]
    }),
    [Option.some(Option.none()), Option.none(), Option.some(Option.some("value"))]
  )
  timed(
    "its deadline can be moved, and tells",
    Effect.gen(function*() {
      let kept!: Timeout.Timeout
      const value = yield* timeoutOption("1 second", (self) => {
        kept = self
        return Effect.andThen(Timeout.reschedule(self, undefined), sleep("2 seconds", "value"))
      })
      return [value, Timeout.expired(kept), String(kept)]
    }),
    [Option.some("value"), false, "<Timeout finished>"]
  )
})

describe("isTimeoutError", () => {
  const ours: ReadonlyArray<readonly [string, Program]> = [
    ["timeout", timeout(1, () => Effect.never)],
    ["timeoutAt", timeoutAt(0, () => Effect.never)],
    ["waitFor", waitFor(Effect.never, 1)],
    ["waitFor without time", waitFor(Effect.never, 0)],
    ["asCompleted", Stream.runDrain(asyncio.asCompleted([sleep("1 hour")], { timeout: 1 }))],
    [
      "Task.cancelAndWait",
      Effect.flatMap(
        Effect.tap(createTask(Effect.onInterrupt(Effect.never, () => sleep("1 second"))), () => sleep(0)),
        (task) => Task.cancelAndWait(task, { timeout: 1 })
      )
    ]
  ]
  for (const [name, program] of ours) {
    timed(
      `${name}: of this library, and as good as Effect's own`,
      Effect.map(Effect.flip(program), (error) => [
        asyncio.isTimeoutError(error),
        Cause.isTimeoutError(error),
        error instanceof Cause.TimeoutError,
        String(error).startsWith("TimeoutError: ")
      ]),
      [true, true, true, true]
    )
  }
  timed(
    "Effect's, and what has only the name",
    Effect.gen(function*() {
      const effects = yield* Effect.flip(Effect.timeout(Effect.never, 1))
      const others = [
        effects,
        new Cause.TimeoutError("no"),
        { _tag: "TimeoutError" },
        new DOMException("", "TimeoutError")
      ]
      return [...others, undefined, null, 5].map((other) => asyncio.isTimeoutError(other))
    }),
    Array(7).fill(false)
  )
})

describe("timeout", () => {
  for (const delay of [0, -1, Duration.zero] as const) {
    everywhere(
      `${String(delay)}: the body runs until it first suspends`,
      logged((log) => outcome(timeout(delay, () => Effect.andThen(Effect.sync(() => log("ran")), Effect.never)))),
      ["ran"]
    )
  }

  timed(
    "when, reschedule, expired",
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const start = yield* asyncio.EventLoop.time
      const when = (t: Timeout.Timeout) => Option.map(Timeout.when(t), (when) => Math.round(when - start))
      let self: Timeout.Timeout
      const exit = yield* Effect.exit(timeout("5 seconds", (t) =>
        Effect.gen(function*() {
          self = t
          seen.push(Option.getOrUndefined(when(t)))
          yield* Timeout.reschedule(t, undefined)
          seen.push(Option.isNone(when(t)))
          yield* sleep("7 seconds")
          yield* Timeout.reschedule(t, start + 8)
          seen.push(Option.getOrUndefined(when(t)), Timeout.expired(t))
          return yield* Effect.never
        })))
      const late = yield* defectOf(Timeout.reschedule(self!, 9))
      return [...seen, Exit.isFailure(exit), Timeout.expired(self!), late.name, (yield* asyncio.EventLoop.time) - start]
    }),
    [5, true, 8, false, true, true, "RuntimeError", 8]
  )

  for (
    const [name, program, expected] of [
      ["a part of a second", timeout(1, () => Effect.never), "fail timeout: timed out after 1 ms"],
      [
        "a deadline that moved: since the block began",
        timeout("5 seconds", (t) =>
          Effect.andThen(
            Effect.andThen(
              sleep("4 seconds"),
              Effect.flatMap(asyncio.EventLoop.time, (now) => Timeout.reschedule(t, now + 86.5))
            ),
            Effect.never
          )),
        "fail timeout: timed out after 90.5 s"
      ]
    ] as ReadonlyArray<readonly [string, Program, string]>
  ) timed(`says after how long: ${name}`, Effect.andThen(sleep("3 seconds"), outcome(program)), expected)

  timed(
    "a deadline that has passed already cancels in the next tick",
    measured(timeout(Duration.infinity, (t) => Effect.andThen(Timeout.reschedule(t, -1), sleep("1 second")))),
    [tooLate("timeout", -1), 0]
  )

  timed(
    "works in an uninterruptible part",
    measured(Effect.uninterruptible(timeout("1 second", () => sleep("2 seconds")))),
    [tooLate("timeout", 1), 1]
  )

  everywhere(
    "takes no tick of its own",
    logged((log) =>
      Effect.gen(function*() {
        yield* asyncio.EventLoop.callSoon(() => log("tick"))
        yield* timeout("1 second", () => Effect.void)
        log("on")
        yield* ticks(1)
      })
    ),
    ["on", "tick"]
  )

  linear("n blocks", 1, (n) => Effect.forEach(Array.from({ length: n }), () => timeout("1 second", () => Effect.void)))
})

describe("a cancellation that was asked for before the block, in the same step, is none of the block's", () => {
  const blocks: Record<string, (body: Program) => Program> = {
    "timeout(0)": (body) => timeout(0, () => body),
    "timeout(-1)": (body) => timeout(-1, () => body),
    "timeoutAt, passed": (body) => timeoutAt(-1, () => body),
    "rescheduled to before": (body) => timeout("1 hour", (t) => Effect.andThen(Timeout.reschedule(t, -1), body)),
    "one in another": (body) => timeout(0, () => Effect.exit(timeout(0, () => body))),
    "one behind another": (body) => Effect.andThen(Effect.exit(timeout(0, () => Effect.void)), timeout(0, () => body)),
    "in a group": (body) => TaskGroup.run(() => timeout(0, () => body)),
    "waitFor(0) of an effect": (body) => waitFor(body, 0),
    "waitFor(0) of a task": (body) => Effect.flatMap(createTask(body), waitFor(0))
  }
  for (const [name, block] of Object.entries(blocks)) {
    for (const requests of [1, 2]) {
      timed(
        `${name}, asked ${requests} times`,
        Effect.gen(function*() {
          const task = yield* createTask(Effect.gen(function*() {
            for (let i = 0; i < requests; i++) yield* Task.cancel(yield* self, { message: "please" })
            yield* Effect.exit(block(sleep("1 second")))
            yield* sleep("2 seconds")
          }))
          const exit = yield* Task.await(task)
          const message = Exit.isFailure(exit) ? Task.cancelMessage(exit.cause) : Option.none()
          return [Task.cancelled(task), Option.getOrUndefined(message), Task.cancelling(task)]
        }),
        [true, "please", requests]
      )
    }
    timed(
      `${name}, and taken back`,
      Effect.gen(function*() {
        const task = yield* createTask(Effect.gen(function*() {
          yield* Task.cancel(yield* self)
          yield* Task.uncancel(yield* self)
          return String(yield* outcome(block(sleep("1 second"))))
        }))
        return [yield* task, Task.cancelling(task)]
      }),
      [expect.stringMatching(/^fail \w+: timed out /), 0]
    )
  }
  timed(
    "taken back within the block",
    Effect.gen(function*() {
      const task = yield* createTask(Effect.gen(function*() {
        yield* Task.cancel(yield* self)
        return String(
          yield* outcome(timeout(0, () => Effect.andThen(Effect.flatMap(self, Task.uncancel), sleep("1 second"))))
        )
      }))
      return [yield* task, Task.cancelling(task)]
    }),
    [expect.stringMatching(/^fail \w+: timed out /), 0]
  )
})

describe("waitFor", () => {
  for (const duration of [0, -1]) {
    timed(
      `${duration}: who waits for the clean-up awaits the task, until it is cancelled itself`,
      Effect.gen(function*() {
        const task = yield* createTask(Effect.onInterrupt(Effect.never, () => sleep("3 seconds")))
        yield* ticks(1)
        const waiter = yield* createTask(waitFor(task, duration), { name: "waiter" })
        yield* sleep("1 second")
        const before = [Array.from(Task.awaitedBy(task), ({ name }) => name), lineOf(task)]
        const text = String(waiter)
        yield* Task.cancel(waiter)
        yield* Task.await(waiter)
        return [before, text.includes(`waiting for task '${task.name}'`), Task.awaitedBy(task).size, lineOf(task)]
      }),
      [[["waiter"], 1], true, 0, 0]
    )
  }

  timed(
    "a task is cancelled and waited for",
    Effect.gen(function*() {
      const task = yield* createTask(Effect.onInterrupt(Effect.never, () => sleep("1 second")))
      const end = yield* measured(waitFor(task, "1 second"))
      return [...end, Task.cancelled(task)]
    }),
    [tooLate("waitFor", 1), 2, true]
  )

  timed(
    "a task that is cancelled by somebody else is a cancellation, not a timeout",
    Effect.gen(function*() {
      const task = yield* createTask(Effect.never)
      yield* asyncio.EventLoop.callLater("1 second", () => void Task.cancelUnsafe(task))
      return yield* outcome(waitFor(task, "2 seconds"))
    }),
    "cancelled"
  )

  for (const duration of [0, -1]) {
    everywhere(
      `${duration}: an effect does not start`,
      logged((log) => Effect.ignore(waitFor(Effect.sync(() => log("ran")), duration))),
      []
    )
    everywhere(
      `${duration}: what is done gives its value`,
      Effect.gen(function*() {
        const task = yield* createTask(Effect.succeed("value"))
        yield* ticks(2)
        return yield* waitFor(task, duration)
      }),
      "value"
    )
    everywhere(
      `${duration}: a task that runs is cancelled, and may go on with a value`,
      Effect.gen(function*() {
        const task = yield* createTask(Task.catchCancelled(Effect.never, () => Effect.succeed("went on")))
        const plain = yield* createTask(Effect.never)
        yield* ticks(2)
        return [yield* waitFor(task, duration), yield* outcome(waitFor(plain, duration))]
      }),
      ["went on", tooLate("waitFor", duration)]
    )
  }

  everywhere(
    "an effect runs in the calling task",
    Effect.gen(function*() {
      const before = yield* asyncio.currentTask
      const inside = yield* waitFor(asyncio.currentTask, "1 second")
      return before._tag === "Some" && inside._tag === "Some" && before.value === inside.value
    }),
    true
  )

  everywhere(
    "is dual",
    Effect.succeed("value").pipe(waitFor("1 second")),
    "value"
  )

  everywhere(
    "what is no awaitable is a defect",
    Effect.map(defectOf(waitFor(1 as unknown as Effect.Effect<void>, 1)), (error) => error.message.split(",")[0]),
    "waitFor: the argument is 1"
  )
})
