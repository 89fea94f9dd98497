/** The programs of `npm start`, the very same files, in virtual time: what each prints, when, and how long it takes. */
import { assert, it } from "@effect/vitest"
import { Clock, Console, Effect, Fiber } from "effect"
import * as asyncio from "effect-asyncio"
import { TestClock } from "effect/testing"
import { format } from "node:util"
import { vi } from "vitest"
import * as coroutine from "../examples/01-coroutine.ts"
import * as await_ from "../examples/02-await.ts"
import * as oneAfterTheOther from "../examples/03-one-after-the-other.ts"
import * as gather from "../examples/04-gather.ts"
import * as ensureFuture from "../examples/05-ensure-future.ts"
import * as createTask from "../examples/06-create-task.ts"
import * as wait from "../examples/07-wait.ts"
import * as firstException from "../examples/08-first-exception.ts"

/** The printed text in lines; of the place where a task was created, the file. */
const linesOf = (values: ReadonlyArray<unknown>): ReadonlyArray<string> =>
  format(...values).replace(/created at \S*(examples\/[^:]+):\d+:\d+/g, "created at $1").split("\n")

/** Runs a program on a loop of its own; gives its lines with the milliseconds at which they came, and when it ended. */
const observe = Effect.fnUntraced(function*<E>(main: Effect.Effect<void, E, asyncio.EventLoop.EventLoop>) {
  const clock = yield* Clock.Clock
  const lines: Array<readonly [millis: number, line: string]> = []
  const recorder: Console.Console = Object.assign(Object.create(console), {
    log: (...values: ReadonlyArray<unknown>) => {
      for (const line of linesOf(values)) lines.push([clock.currentTimeMillisUnsafe(), line])
    }
  })
  const fiber = yield* asyncio.EventLoop.provide(main).pipe(
    Effect.andThen(Clock.currentTimeMillis),
    Effect.provideService(Console.Console, recorder),
    Effect.forkChild
  )
  yield* TestClock.adjust("1 hour")
  return { lines, millis: yield* Fiber.join(fiber) }
})

const programPrints = <E>(
  name: string,
  main: Effect.Effect<void, E, asyncio.EventLoop.EventLoop>,
  millis: number,
  lines: ReadonlyArray<readonly [millis: number, line: string]>
) => it.effect(name, () => Effect.map(observe(main), (observed) => assert.deepStrictEqual(observed, { lines, millis })))

it("01: a plain function; a coroutine function, called, run, and run on one loop", async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => {})
  await coroutine.main()
  const lines = log.mock.calls.flatMap(linesOf)
  log.mockRestore()
  assert.deepStrictEqual(lines, [
    "in plain",
    "the plain function gives 5",
    "calling the coroutine prints nothing, and gives an Effect? true",
    "in coroutine",
    "run gives 5",
    "in coroutine",
    "the runner gives 6",
    "in coroutine",
    "and again 7"
  ])
})

programPrints("02: one coroutine awaits another", await_.main, 0, [
  [0, "in main"],
  [0, "in add"],
  [0, "add gives 5"]
])

programPrints("03: one after the other, 4 s", oneAfterTheOther.main, 4000, [
  [0, "in test a"],
  [3000, "Resuming a"],
  [3000, "in test b"],
  [4000, "Resuming b"],
  [4000, "test a result is 1, test b result is 2"],
  [4000, "use 4.00 time"]
])

programPrints("04: gather, 3 s, results in the order of the arguments", gather.main, 3000, [
  [0, "in test a"],
  [0, "in test b"],
  [1000, "Resuming b"],
  [3000, "Resuming a"],
  [3000, "test a result is 1, test b result is 2"],
  [3000, "use 3.00 time"]
])

programPrints("05: ensureFuture", ensureFuture.main, 3000, [
  [0, "task a is <Task pending name='Task-2' created at examples/05-ensure-future.ts>"],
  [0, "task b is <Task pending name='Task-3' created at examples/05-ensure-future.ts>"],
  [0, "task a is done? false"],
  [0, "task b is done? false"],
  [0, "in test a"],
  [0, "in test b"],
  [1000, "Resuming b"],
  [3000, "Resuming a"],
  [3000, "task a is done? true"],
  [3000, "task b is done? true"],
  [3000, "test a result is 1, test b result is 2"],
  [3000, "use 3.00 time"]
])

programPrints("06: createTask, and a result asked for too early", createTask.main, 3000, [
  [0, "task a is <Task pending name='a' created at examples/06-create-task.ts>"],
  [0, "task b is <Task pending name='b' created at examples/06-create-task.ts>"],
  [0, "task a is done? false"],
  [0, "task b is done? false"],
  [0, "too early: InvalidStateError"],
  [0, "in test a"],
  [0, "in test b"],
  [1000, "Resuming b"],
  [3000, "Resuming a"],
  [3000, "task a is done? true"],
  [3000, "task b is done? true"],
  [3000, "test a result is 1, test b result is 2"],
  [3000, "use 3.00 time"]
])

programPrints("07: wait, a result taken from done", wait.main, 3000, [
  [0, "in test a"],
  [0, "in test b"],
  [1000, "Resuming b"],
  [3000, "Resuming a"],
  [3000, "done: Set(2) {"],
  [3000, "  <Task finished name='Task-2' result=1>,"],
  [3000, "  <Task finished name='Task-3' result=2>"],
  [3000, "}"],
  [3000, "pending: Set(0) {}"],
  [3000, "the first result is 1"],
  [3000, "use 3.00 time"]
])

programPrints("08: wait with FIRST_EXCEPTION, back after 1 s", firstException.withWait, 1000, [
  [0, "in test a"],
  [0, "in test b"],
  [1000, "Resuming b"],
  [1000, "done: Set(1) {"],
  [
    1000,
    "  <Task finished name='Task-3' exception=ZeroDivisionError(\"division by zero\") " +
    "created at examples/08-first-exception.ts>"
  ],
  [1000, "}"],
  [1000, "pending: Set(1) {"],
  [1000, "  <Task pending name='Task-2' waiting for a timer created at examples/08-first-exception.ts>"],
  [1000, "}"],
  [1000, "Task-3 failed: division by zero"],
  [1000, "use 1.00 time"]
])

programPrints("08: the same pair through gather, which fails after 1 s", firstException.withGather, 1000, [
  [0, "in test a"],
  [0, "in test b"],
  [1000, "Resuming b"],
  [1000, "gather failed: division by zero"],
  [1000, "use 1.00 time"]
])

it.effect("08: one after the other, neither waits for a", () =>
  Effect.gen(function*() {
    const { lines, millis } = yield* observe(firstException.main)
    assert.notInclude(lines.map(([, line]) => line), "Resuming a")
    assert.strictEqual(millis, 2000)
  }))
