/** The loop's own calls, as CPython's test_base_events.py tests them. */
import { Cause, Effect, Schema, type Scope } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Runner } from "effect-asyncio"
import { Executor, Job, toThread } from "effect-asyncio/executors"
import { VirtualLoop } from "effect-asyncio/testing"
import { defectOf, logged, loggedBy, onVirtual, type Program, ticks } from "../support/loops.ts"
import { endOf, port, portOutside } from "./support.ts"

const { callAt, callLater, callSoon } = EventLoop
const { createTask, sleep } = asyncio

const zero = (): never => {
  throw new RangeError("zero")
}

/** The name of the defect that each dies with. */
const refusals = (calls: ReadonlyArray<Program<unknown, never>>) =>
  Effect.forEach(calls, (call) => Effect.map(defectOf(call), ({ name }) => name))

/** What is logged while it runs on a loop that only reports what nobody saw. */
const logOf = (program: Program<unknown, never>) =>
  Effect.map(
    loggedBy(Effect.orDie(VirtualLoop.run(program, { unseen: "report", patience: 0 }))),
    (lines) => lines.map(({ error, level, text }) => [level, text.replace(/: <.*/s, ""), String(error)])
  )

// ----------------------------------------------------------------------------------------------------------- callbacks

port(
  "BaseEventLoopTests.test_call_soon",
  Effect.gen(function*() {
    let ran = false
    const callback = () => void (ran = true)
    const handle = yield* callSoon(callback)
    const early = ran
    yield* sleep(0)
    return [String(handle), early, ran]
  }),
  ["<Handle callback>", false, true]
)

port(
  ["BaseEventLoopTests.test_call_soon_non_callable", "BaseEventLoopWithSelectorTests.test_call_coroutine"],
  refusals([callSoon(1 as never), callSoon(sleep(0) as never), callLater("1 minute", sleep(0) as never)]),
  new Array(3).fill("IllegalArgumentError")
)

port(
  "BaseEventLoopTests.test_call_later",
  Effect.gen(function*() {
    let ran = false
    const callback = () => void (ran = true)
    const handle = yield* callLater("10 seconds", callback)
    yield* ticks(3)
    const early = ran
    yield* sleep("10 seconds")
    return [String(handle), early, ran, yield* refusals([callLater(null as never, callback)])]
  }),
  ["<TimerHandle when=10 callback>", false, true, ["IllegalArgumentError"]]
)

port(
  "BaseEventLoopTests.test_call_later_negative_delays",
  logged((log) =>
    callLater("-1 seconds", () => log("a")).pipe(
      Effect.andThen(callLater("-2 seconds", () => log("b"))),
      Effect.andThen(ticks(2))
    )
  ),
  ["b", "a"]
)

port(
  "BaseEventLoopTests.test_time_and_call_at",
  Effect.gen(function*() {
    const loop = yield* EventLoop.EventLoop
    const times: Array<number> = []
    yield* callAt(loop.timeUnsafe() + 0.1, () => times.push(loop.timeUnsafe()))
    yield* sleep("1 second")
    return [times, yield* refusals([callAt(null as never, () => {})])]
  }),
  [[0.1], ["IllegalArgumentError"]]
)

// What a timer schedules is ready in the next tick, and not run in its own.
port(
  "BaseEventLoopTests.test__run_once_schedule_handle",
  logged((log) =>
    Effect.gen(function*() {
      const loop = yield* EventLoop.EventLoop
      yield* callLater("-1 seconds", () => {
        log("timer")
        loop.callSoonUnsafe(() => log("scheduled"))
      })
      for (const tick of [1, 2, 3]) {
        yield* sleep(0)
        log(tick)
      }
    })
  ),
  [1, "timer", 2, "scheduled", 3]
)

// ------------------------------------------------------------------------------------------------------------- reports

port(
  "BaseEventLoopTests.test_default_exc_handler_callback",
  logOf(callSoon(zero).pipe(Effect.andThen(callLater("10 millis", zero)), Effect.andThen(sleep("1 second")))),
  [0, 1].map(() => ["Error", "Exception in callback", "RangeError: zero"])
)

port(
  "BaseEventLoopTests.test_default_exc_handler_coro",
  logOf(createTask(Effect.andThen(sleep("10 millis"), Effect.sync(zero))).pipe(Effect.andThen(sleep("1 second")))),
  [["Error", "Task exception was never retrieved", "RangeError: zero"]]
)

port(
  "BaseEventLoopTests.test_set_exc_handler_invalid",
  refusals([EventLoop.setExceptionHandler("spam" as never)]),
  ["IllegalArgumentError"]
)

port(
  "BaseEventLoopTests.test_set_exc_handler_custom",
  Effect.gen(function*() {
    const told: Array<unknown> = []
    const throwing = Effect.andThen(callSoon(zero), sleep(0))
    const log = yield* logOf(
      Effect.gen(function*() {
        yield* EventLoop.setExceptionHandler(({ cause, message }) =>
          Effect.sync(() => told.push(message, String(Cause.squash(cause!))))
        )
        yield* throwing
        yield* EventLoop.setExceptionHandler(undefined)
        yield* throwing
      })
    )
    return [told, log]
  }),
  [["Exception in callback", "RangeError: zero"], [["Error", "Exception in callback", "RangeError: zero"]]]
)

port(
  "BaseEventLoopTests.test_set_exc_handler_broken",
  logOf(
    EventLoop.setExceptionHandler(() => Effect.die(new TypeError("spam"))).pipe(
      Effect.andThen(callSoon(zero)),
      Effect.andThen(sleep(0))
    )
  ),
  [
    ["Error", "Exception in callback", "RangeError: zero"],
    ["Error", "Unhandled error in exception handler", "TypeError: spam"]
  ]
)

// --------------------------------------------------------------------------------------------------------------- tasks

port(
  "BaseEventLoopTests.test_create_task_error_closes_coro",
  Effect.gen(function*() {
    const closed = yield* Effect.orDie(onVirtual(Effect.context<EventLoop.EventLoop>()))
    let ran = false
    const late = asyncio.ensureFuture(Effect.sync(() => ran = true))
    return [yield* refusals([Effect.provide(late, closed)]), ran]
  }),
  [["RuntimeError"], false]
)

port(
  "BaseEventLoopTests.test_create_named_task_with_default_factory",
  Effect.gen(function*() {
    const task = yield* createTask(Effect.void, { name: "test_task" })
    yield* task
    return task.name
  }),
  "test_task"
)

// ----------------------------------------------------------------------------------------------------- default executor

const double = Job.make("double", { payload: Schema.Number, success: Schema.Number })
const doubled = <E>(executor: Effect.Effect<Executor.Executor<typeof double>, E, Scope.Scope>) =>
  Effect.provide(toThread(double, 21), Executor.layer(executor))

port(
  "BaseEventLoopTests.test_set_default_executor",
  doubled(Executor.local(Job.group("math", double), { double: (n) => Effect.succeed(2 * n) })),
  42
)

port(
  "BaseEventLoopTests.test_set_default_executor_error",
  Effect.map(defectOf(doubled(Effect.succeed({} as never))), ({ message, name }) => [name, message]),
  ["IllegalArgumentError", "toThread: the executor is {}, expected an Executor"]
)

// ---------------------------------------------------------------------------------------------------------- failed runs

// Whoever runs it has seen how it ends.
port(
  "BaseEventLoopTests.test_run_forever_keyboard_interrupt",
  Effect.gen(function*() {
    const reports: Array<string> = []
    const main = Effect.andThen(
      EventLoop.setExceptionHandler(({ message }) => Effect.sync(() => reports.push(message))),
      Effect.sync(zero)
    )
    return [yield* endOf(onVirtual(main)), reports]
  }),
  [["RangeError"], []]
)

// A loop goes on after a run that has failed.
portOutside(
  "BaseEventLoopTests.test_run_until_complete_baseexception",
  async () => {
    await using runner = Runner.make({ layer: VirtualLoop.layer() })
    const failed = await runner.run(Effect.sync(zero)).catch(String)
    let called = false
    const twice = Effect.flatMap(
      EventLoop.EventLoop,
      (loop) => callSoon(() => loop.callSoonUnsafe(() => called = true))
    )
    await runner.run(Effect.andThen(twice, ticks(2)))
    return [failed, called]
  },
  ["RangeError: zero", true]
)
