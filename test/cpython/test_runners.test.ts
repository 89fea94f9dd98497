/** run and Runner, as CPython's test_runners.py tests them. SIGINT is an AbortSignal here. */
import { Effect, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Future, Runner, Task } from "effect-asyncio"
import { VirtualLoop } from "effect-asyncio/testing"
import { type Program, self } from "../support/loops.ts"
import { portOutside } from "./support.ts"

const { createTask, sleep } = asyncio

const options = () => ({ layer: VirtualLoop.layer() })

/** The name and message of what it rejects with. */
const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => ["resolved", value],
    (error: unknown) => error instanceof Error ? [error.name, error.message] : error
  )

const theLoop = Effect.map(EventLoop.EventLoop, (loop) => loop)

// ------------------------------------------------------------------------------------------------------------------ run

portOutside("RunTests.test_asyncio_run_return", () => asyncio.run(sleep(0, 42), options()), 42)
portOutside(
  "RunTests.test_asyncio_run_raises",
  () => rejection(asyncio.run(Effect.andThen(sleep(0), Effect.die(new RangeError("spam"))), options())),
  ["RangeError", "spam"]
)
portOutside(
  "RunTests.test_asyncio_run_only_coro",
  () => Promise.all([1, () => undefined].map((main) => rejection(asyncio.run(main as never, options())))),
  [
    ["IllegalArgumentError", "run: the argument is 1, expected an Effect"],
    ["IllegalArgumentError", "run: the argument is <function>, expected an Effect; did you mean to call it?"]
  ]
)

portOutside(
  "RunTests.test_asyncio_run_cancels_hanging_tasks",
  async () => {
    const left = await asyncio.run(createTask(sleep("100 millis")), options())
    return [Task.done(left), Task.cancelled(left)]
  },
  [true, true]
)

portOutside(
  "RunTests.test_asyncio_run_reports_hanging_tasks_errors",
  async () => {
    const reports: Array<unknown> = []
    const main = Effect.gen(function*() {
      yield* EventLoop.setExceptionHandler(({ message, task }) => Effect.sync(() => reports.push(message, task)))
      const left = Effect.onInterrupt(sleep("100 millis"), () => Effect.die(new RangeError("zero")))
      return yield* createTask(left)
    })
    const left = await asyncio.run(main, options())
    return [Task.done(left), reports.length, reports[1] === left, String(reports[0])]
  },
  [true, 2, true, "Unhandled exception during shutdown of the event loop"]
)

// A leftover that reads a stream: its clean-up fails, the stream is closed all the same, and main's failure comes out.
portOutside(
  "RunTests.test_asyncio_run_closes_gens_after_hanging_tasks_errors",
  async () => {
    const seen: Array<unknown> = []
    const note = (what: unknown) => Effect.sync(() => seen.push(what))
    const fidget = Stream.ensuring(Stream.fromEffectRepeat(sleep("1 second")), note("closed"))
    const spin = Effect.onInterrupt(Stream.runDrain(fidget), () => Effect.die(new RangeError("zero")))
    const main = Effect.gen(function*() {
      yield* EventLoop.setExceptionHandler(({ message }) => note(message))
      yield* createTask(spin)
      yield* sleep("1500 millis")
      return yield* Effect.die(new RangeError("fancy"))
    })
    return [await rejection(asyncio.run(main, options())), seen]
  },
  [["RangeError", "fancy"], ["closed", "Unhandled exception during shutdown of the event loop"]]
)

// --------------------------------------------------------------------------------------------------------------- Runner

portOutside(
  "RunnerTests.test_run",
  async () => {
    const runner = Runner.make(options())
    const value = await runner.run(sleep(0, "done"))
    const loop = await runner.run(theLoop)
    const open = loop.isClosed()
    await runner.close()
    return [value, open, loop.isClosed(), await rejection(runner.run(theLoop))]
  },
  ["done", false, true, ["RuntimeError", "Runner.run: the runner is closed"]]
)

portOutside(
  "RunnerTests.test_run_non_coro",
  async () => {
    await using runner = Runner.make(options())
    return await rejection(runner.run(123 as never))
  },
  ["IllegalArgumentError", "Runner.run: the argument is 123, expected an Effect, Future or Task"]
)

portOutside(
  "RunnerTests.test_run_future",
  async () => {
    await using runner = Runner.make(options())
    const future = await runner.run(Future.make<string>())
    Future.succeedUnsafe(future, "done")
    return await runner.run(future)
  },
  "done"
)

portOutside(
  "RunnerTests.test_double_close",
  async () => {
    const runner = Runner.make(options())
    const loop = await runner.run(theLoop)
    await runner.close()
    const closed = loop.isClosed()
    await runner.close()
    return [closed, loop.isClosed()]
  },
  [true, true]
)

portOutside(
  "RunnerTests.test_second_with_block_raises",
  async () => {
    const ran: Array<number> = []
    const runner = Runner.make(options())
    const block = async (n: number) => {
      await using again = runner
      await again.run(Effect.sync(() => ran.push(n)))
    }
    await block(1)
    return [await rejection(block(2)), ran]
  },
  [["RuntimeError", "Runner.run: the runner is closed"], [1]]
)

class Interrupt extends Error {}

/** Runs `main`, and interrupts it after a tenth of a second. */
const interrupted = async (main: Program) => {
  const controller = new AbortController()
  await using runner = Runner.make({ ...options(), signal: controller.signal })
  await runner.run(EventLoop.callLater("100 millis", () => controller.abort(new Interrupt("by hand"))))
  return await rejection(runner.run(main))
}

portOutside(
  "RunnerTests.test_interrupt_call_soon",
  () => interrupted(Effect.forever(sleep("1 millis"))),
  ["Error", "by hand"]
)

portOutside(
  "RunnerTests.test_interrupt_wait",
  async () => {
    const box: { future?: Future.Future<void> } = {}
    const main = Effect.flatMap(Future.make<void>(), (future) => {
      box.future = future
      return Future.join(future)
    })
    return [await interrupted(main), Future.cancelled(box.future!)]
  },
  [["Error", "by hand"], true]
)

// Whoever cancelled it first is whose it is.
portOutside(
  "RunnerTests.test_interrupt_cancelled_task",
  async () => {
    const controller = new AbortController()
    await using runner = Runner.make({ ...options(), signal: controller.signal })
    const main = Effect.gen(function*() {
      const main = yield* self
      yield* createTask(Effect.andThen(
        sleep(0),
        Effect.andThen(Task.cancel(main), Effect.sync(() => controller.abort(new Interrupt("by hand"))))
      ))
      yield* sleep("10 seconds")
    })
    return await rejection(runner.run(main))
  },
  ["CancelledError", "cancelled without a message"]
)

portOutside(
  "RunnerTests.test_no_repr_is_call_on_the_task_result",
  async () => {
    let reads = 0
    class Result {
      toString(): string {
        return `read ${++reads} times`
      }
    }
    await using runner = Runner.make(options())
    const result = await runner.run(Effect.sync(() => new Result()))
    return [result instanceof Result, reads]
  },
  [true, 0]
)
