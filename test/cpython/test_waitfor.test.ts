/** waitFor, as CPython's test_waitfor.py tests it. */
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Future, Task } from "effect-asyncio"
import { never, type Program } from "../support/loops.ts"
import { endOf, port } from "./support.ts"

const { createTask, shield, sleep, waitFor } = asyncio

const tooLate = ["TimeoutError"]
const hour = sleep("1 hour", "done")

/** How it ends, and when. */
const timed = (program: Program) =>
  Effect.flatMap(endOf(program), (end) => Effect.map(EventLoop.time, (time) => [end, time]))

/** How `waitFor` a task ends, and the task. */
const waitForTask = (effect: Program, seconds: number) =>
  Effect.gen(function*() {
    const task = yield* createTask(effect)
    yield* sleep(0)
    const end = yield* timed(waitFor(task, { seconds }))
    return [...end, Task.done(task), Task.cancelled(task)]
  })

/** Whether `effect` has begun, or ended, in whatever way. */
const watched = <A, E, R>(effect: Effect.Effect<A, E, R>) => {
  const watched = { state: "idle", effect: Effect.suspend(() => effect) }
  const become = (state: string) => Effect.sync(() => watched.state = state)
  watched.effect = Effect.andThen(become("running"), Effect.ensuring(effect, become("over")))
  return watched
}

/** Works until 0.2 s, whoever cancels it. */
const stubborn: Program<void, never> = Effect.flatMap(EventLoop.time, (now) =>
  now >= 0.2
    ? Effect.void
    : Effect.andThen(Task.catchCancelled(sleep({ seconds: 0.2 - now }), () => Effect.void), stubborn))

port(
  "AsyncioWaitForTest.test_asyncio_wait_for_cancelled",
  Effect.gen(function*() {
    const work = watched(stubborn)
    const task = yield* createTask(waitFor(work.effect, "400 millis"))
    yield* sleep(0)
    yield* Task.cancel(task)
    yield* asyncio.wait([task])
    return [work.state, yield* EventLoop.time]
  }),
  ["over", 0.2]
)

port(
  "AsyncioWaitForTest.test_asyncio_wait_for_timeout",
  Effect.gen(function*() {
    const work = watched(stubborn)
    return [yield* timed(waitFor(work.effect, "100 millis")), work.state]
  }),
  [[undefined, 0.2], "over"]
)

port(
  "AsyncioWaitForTest.test_wait_for_timeout_less_then_0_or_0_future_done",
  Effect.gen(function*() {
    const future = yield* Future.make<string>()
    yield* Future.succeed(future, "done")
    return [yield* waitFor(future, 0), Future.done(future)]
  }),
  ["done", true]
)

port(
  "AsyncioWaitForTest.test_wait_for_timeout_less_then_0_or_0_coroutine_do_not_started",
  Effect.gen(function*() {
    const work = watched(Effect.void)
    return [yield* endOf(waitFor(work.effect, 0)), work.state]
  }),
  [tooLate, "idle"]
)

port(
  "AsyncioWaitForTest.test_wait_for_timeout_less_then_0_or_0",
  Effect.forEach([0, -1], (seconds) =>
    Effect.gen(function*() {
      const work = watched(hour)
      return [...yield* waitForTask(work.effect, seconds), work.state]
    })),
  [[tooLate, 0, true, true, "over"], [tooLate, 0, true, true, "over"]]
)

port(
  "AsyncioWaitForTest.test_wait_for",
  Effect.gen(function*() {
    const work = watched(hour)
    return [...yield* waitForTask(work.effect, 0.1), work.state]
  }),
  [tooLate, 0.1, true, true, "over"]
)

port("AsyncioWaitForTest.test_wait_for_blocking", waitFor(Effect.succeed("done"), Infinity), "done")

port(
  "AsyncioWaitForTest.test_wait_for_race_condition",
  Effect.gen(function*() {
    const future = yield* Future.make<string>()
    yield* EventLoop.callSoon(() => Future.succeedUnsafe(future, "ok"))
    return yield* waitFor(future, "200 millis")
  }),
  "ok"
)

port(
  [
    "AsyncioWaitForTest.test_wait_for_cancellation_race_condition",
    "AsyncioWaitForTest.test_wait_for_cancel_suppressed"
  ],
  timed(waitFor(Task.catchCancelled(sleep("1 second", 0), () => Effect.succeed(42)), "10 millis")),
  [42, 0.01]
)

const slowCleanup = Effect.onInterrupt(sleep("10 seconds"), () => sleep("1 millis"))

port(
  "AsyncioWaitForTest.test_wait_for_waits_for_task_cancellation",
  waitForTask(slowCleanup, 0.001),
  [tooLate, 0.002, true, true]
)
port(
  "AsyncioWaitForTest.test_wait_for_waits_for_task_cancellation_w_timeout_0",
  waitForTask(slowCleanup, 0),
  [tooLate, 0.001, true, true]
)
port(
  "AsyncioWaitForTest.test_wait_for_reraises_exception_during_cancellation",
  waitForTask(Effect.onExit(sleep("200 millis"), () => Effect.fail("foo")), 0.001),
  [["foo"], 0.001, true, false]
)

/** Cancelled before it waits for its task. */
const cancelledWaitFor = (duration: "1 minute" | number) =>
  Effect.gen(function*() {
    const task = yield* createTask(never)
    const waiter = yield* createTask(waitFor(task, duration))
    yield* EventLoop.callSoon(() => Task.cancelUnsafe(waiter))
    return [yield* endOf(Task.join(waiter)), Task.cancelled(task)]
  })

port("AsyncioWaitForTest.test_cancel_blocking_wait_for", cancelledWaitFor(Infinity), ["cancelled", true])
port("AsyncioWaitForTest.test_cancel_wait_for", cancelledWaitFor("1 minute"), ["cancelled", true])

// Cancelled in the tick in which what it waits for is done: the request is not lost.
port(
  "AsyncioWaitForTest.test_wait_for_issue86296",
  Effect.gen(function*() {
    const inner = yield* createTask(Effect.succeed("done"))
    const rest = watched(Effect.void)
    const wait = Effect.andThen(waitFor(inner, "100 seconds"), sleep("1 second"))
    const task = yield* createTask(Effect.andThen(wait, rest.effect))
    const early = Task.done(task)
    yield* sleep(0)
    yield* Task.cancel(task)
    return [early, yield* endOf(Task.join(task)), Task.done(inner), yield* inner, rest.state]
  }),
  [false, "cancelled", true, "done", "idle"]
)

// -------------------------------------------------------------------------------------------------------------- shield

/** `waitFor` a shielded task that takes a tenth of a second, and what the task comes to. */
const shielded = (seconds: number) =>
  Effect.gen(function*() {
    const task = yield* createTask(sleep("100 millis", "done"))
    const end = yield* timed(waitFor(shield(task), { seconds }))
    return [...end, Task.done(task), Task.cancelled(task), yield* task]
  })

port("WaitForShieldTests.test_zero_timeout", shielded(0), [tooLate, 0, false, false, "done"])
port("WaitForShieldTests.test_none_timeout", shielded(Infinity), ["done", 0.1, true, false, "done"])
port("WaitForShieldTests.test_shielded_timeout", shielded(0.01), [tooLate, 0.01, false, false, "done"])
