/** timeout and timeoutAt, as CPython's test_timeouts.py tests them. */
import { Effect, Option } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Future, Task, Timeout } from "effect-asyncio"
import { VirtualLoop } from "effect-asyncio/testing"
import { defectOf, type Program, self } from "../support/loops.ts"
import { endOf, port } from "./support.ts"

const { createTask, sleep, timeout, timeoutAt } = asyncio

type Body = (timeout: Timeout.Timeout) => Program

/** How a block ends, whether it has expired then, and its deadline. */
const blockOf = (open: (body: Body) => Program, body: Body) =>
  Effect.gen(function*() {
    const box: { timeout?: Timeout.Timeout } = {}
    const end = yield* endOf(open((timeout) => {
      box.timeout = timeout
      return body(timeout)
    }))
    return [end, Timeout.expired(box.timeout!), Option.getOrUndefined(Timeout.when(box.timeout!))]
  })

const within = (seconds: number) => (body: Body) => timeout({ seconds }, body)
const until = (when: number) => (body: Body) => timeoutAt(when, body)

const cancelSelf = Effect.flatMap(self, (task) => Task.cancel(task))
const tooLate = ["TimeoutError"]

// ------------------------------------------------------------------------------------------------------------- deadlines

port("TimeoutTests.test_timeout_basic", blockOf(within(0.01), () => sleep("10 seconds")), [tooLate, true, 0.01])
port("TimeoutTests.test_timeout_at_basic", blockOf(until(0.01), () => sleep("10 seconds")), [tooLate, true, 0.01])

// Both are due: the outer one fails, the inner one lets its request through.
port(
  "TimeoutTests.test_nested_timeouts",
  Effect.gen(function*() {
    const seen: Array<unknown> = []
    const outer = yield* blockOf(until(0.01), (first) => {
      const inner = timeoutAt(
        0.01,
        (second) =>
          Effect.onExit(
            sleep("10 seconds"),
            () => Effect.sync(() => seen.push(Timeout.expired(first), Timeout.expired(second)))
          )
      )
      return Effect.onExit(inner, (exit) => Effect.sync(() => seen.push(exit._tag)))
    })
    return [outer, seen]
  }),
  [[tooLate, true, 0.01], [true, true, "Failure"]]
)

port(
  "TimeoutTests.test_waiter_cancelled",
  Effect.gen(function*() {
    let cancelled = false
    const body = Effect.onInterrupt(sleep("10 seconds"), () => Effect.sync(() => cancelled = true))
    return [yield* blockOf(within(0.01), () => body), cancelled]
  }),
  [[tooLate, true, 0.01], true]
)

port("TimeoutTests.test_timeout_not_called", blockOf(within(10), () => sleep("10 millis")), [undefined, false, 10])
port(
  "TimeoutTests.test_timeout_disabled",
  blockOf(within(Infinity), () => sleep("10 millis")),
  [undefined, false, undefined]
)
port(
  "TimeoutTests.test_timeout_at_disabled",
  blockOf(until(Infinity), () => sleep("10 millis")),
  [undefined, false, undefined]
)
port("TimeoutTests.test_timeout_zero", blockOf(within(0), () => sleep("10 seconds")), [tooLate, true, 0])
port("TimeoutTests.test_timeout_zero_sleep_zero", blockOf(within(0), () => sleep(0)), [tooLate, true, 0])
port("TimeoutTests.test_timeout_in_the_past_sleep_zero", blockOf(within(-11), () => sleep(0)), [tooLate, true, -11])

port(
  "TimeoutTests.test_outer_task_is_not_cancelled",
  Effect.gen(function*() {
    const task = yield* createTask(blockOf(within(0.001), () => sleep("10 seconds")))
    return [yield* task, Task.cancelled(task), Task.done(task)]
  }),
  [[tooLate, true, 0.001], false, true]
)

// The inner block never learns whose deadline it was.
port(
  "TimeoutTests.test_nested_timeouts_concurrent",
  Effect.gen(function*() {
    const seen: Array<unknown> = []
    const end = yield* blockOf(within(0.002), () =>
      Effect.gen(function*() {
        const busy = Effect.andThen(VirtualLoop.advance("10 millis"), sleep("1 second"))
        seen.push(yield* endOf(timeout("100 millis", () => busy)))
      }))
    return [end, seen, yield* EventLoop.time]
  }),
  [[tooLate, true, 0.002], [], 0.01]
)

// Busy until both are due.
port(
  "TimeoutTests.test_nested_timeouts_loop_busy",
  Effect.gen(function*() {
    const end = yield* blockOf(within(0.1), () =>
      Effect.andThen(
        Effect.ignore(
          timeout("10 millis", () => Effect.andThen(VirtualLoop.advance("100 millis"), sleep("1 second")))
        ),
        sleep("10 seconds")
      ))
    return [end, yield* EventLoop.time]
  }),
  [[tooLate, true, 0.1], 0.1]
)

port(
  "TimeoutTests.test_nested_timeout_in_finally",
  Effect.gen(function*() {
    const seen: Array<unknown> = []
    const cleanup = Effect.map(endOf(timeout("10 millis", () => sleep("10 seconds"))), (end) => seen.push(end))
    const end = yield* blockOf(within(0.01), () => Effect.ensuring(sleep("1 second"), cleanup))
    return [end, seen, yield* EventLoop.time]
  }),
  [[tooLate, true, 0.01], [tooLate], 0.02]
)

// -------------------------------------------------------------------------------------------------- failures, requests

port(
  "TimeoutTests.test_foreign_exception_passed",
  blockOf(within(0.01), () => Effect.fail("key")),
  [["key"], false, 0.01]
)
port(
  "TimeoutTests.test_foreign_exception_on_timeout",
  blockOf(within(0.01), () => Effect.onExit(sleep("1 second"), () => Effect.fail("zero"))),
  [["zero"], true, 0.01]
)

port(
  "TimeoutTests.test_foreign_cancel_doesnt_timeout_if_not_expired",
  Effect.gen(function*() {
    const box: { timeout?: Timeout.Timeout } = {}
    const body = (timeout: Timeout.Timeout) => {
      box.timeout = timeout
      return Effect.andThen(cancelSelf, sleep("10 seconds"))
    }
    const task = yield* createTask(timeout("10 seconds", body))
    return [yield* endOf(Task.join(task)), Timeout.expired(box.timeout!)]
  }),
  ["cancelled", false]
)

/** A task that was cancelled and goes on with `then`. */
const goesOn = (then: Program) =>
  cancelSelf.pipe(
    Effect.andThen(Task.catchCancelled(sleep("1 second"), () => Effect.void)),
    Effect.andThen(then),
    (effect) => Effect.flatMap(createTask(effect), (task) => endOf(Task.join(task)))
  )

port(
  "TimeoutTests.test_timeout_after_cancellation",
  goesOn(timeout(0, () => sleep("1 second"))),
  tooLate
)
port(
  "TimeoutTests.test_cancel_in_timeout_after_cancellation",
  goesOn(timeout("1 second", () => Effect.andThen(cancelSelf, sleep("2 seconds")))),
  "cancelled"
)

// ------------------------------------------------------------------------------------------------------------ reschedule

port(
  "TimeoutTests.test_reschedule",
  Effect.gen(function*() {
    const opened = yield* Future.make<Timeout.Timeout>()
    const task = yield* createTask(
      timeoutAt(10, (timeout) => Effect.andThen(Future.succeed(opened, timeout), sleep("50 seconds")))
    )
    const timeout = yield* opened
    const deadlines = [Timeout.when(timeout)]
    for (const when of [30, undefined]) {
      yield* Timeout.reschedule(timeout, when)
      deadlines.push(Timeout.when(timeout))
    }
    yield* Task.cancel(task)
    return [deadlines.map(Option.getOrUndefined), yield* endOf(Task.join(task)), Timeout.expired(timeout)]
  }),
  [[10, 30, undefined], "cancelled", false]
)

const refusal = (timeout: Timeout.Timeout) =>
  Effect.map(defectOf(Timeout.reschedule(timeout, 0.02)), ({ message, name }) => `${name}: ${message}`)

const refused = (body: Program) =>
  Effect.gen(function*() {
    const box: { timeout?: Timeout.Timeout } = {}
    yield* endOf(timeout("10 millis", (timeout) => {
      box.timeout = timeout
      return body
    }))
    return yield* refusal(box.timeout!)
  })

port(
  "TimeoutTests.test_timeout_finished",
  refused(Effect.void),
  "RuntimeError: Timeout.reschedule: the block is finished, so its deadline can't move"
)
port(
  "TimeoutTests.test_timeout_expired",
  refused(sleep("1 second")),
  "RuntimeError: Timeout.reschedule: the block is expired, so its deadline can't move"
)
// It meets its own deadline, and goes on.
port(
  "TimeoutTests.test_timeout_expiring",
  timeout("10 millis", (timeout) => Task.catchCancelled(sleep("1 second", ""), () => refusal(timeout))),
  "RuntimeError: Timeout.reschedule: the block is expiring, so its deadline can't move"
)

// --------------------------------------------------------------------------------------------------------- printed forms

const textAfter = (seconds: number, body: Effect.Effect<void>) =>
  Effect.gen(function*() {
    const box: { timeout?: Timeout.Timeout } = {}
    const texts: Array<string> = []
    yield* Effect.ignore(timeout({ seconds }, (timeout) => {
      box.timeout = timeout
      texts.push(String(timeout))
      return body
    }))
    return [...texts, String(box.timeout)]
  })

port(
  ["TimeoutTests.test_repr_active", "TimeoutTests.test_repr_finished"],
  textAfter(10, sleep(0)),
  ["<Timeout active when=10>", "<Timeout finished>"]
)
port(
  "TimeoutTests.test_repr_expired",
  textAfter(0.01, sleep("10 seconds")),
  ["<Timeout active when=0.01>", "<Timeout expired>"]
)
port(
  "TimeoutTests.test_repr_disabled",
  textAfter(Infinity, Effect.void),
  ["<Timeout active when=none>", "<Timeout finished>"]
)
