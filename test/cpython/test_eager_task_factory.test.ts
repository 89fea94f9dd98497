/** CPython's `test_eager_task_factory.py`: every task is an eager one, as with its factory. */
import { Context, Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { type EventLoop, Future, Task, TaskGroup } from "effect-asyncio"
import { self } from "../support/loops.ts"
import { ended, port } from "./support.ts"

const { allTasks, gather, sleep } = asyncio

const create = <A, E, R>(effect: Effect.Effect<A, E, R>, name?: string) =>
  asyncio.createTask(effect, { eager: true, name })

const later = sleep("100 millis", "finished after blocking")

port(
  "EagerTaskFactoryLoopTests.test_await_future_during_eager_step",
  Effect.gen(function*() {
    const future = yield* Future.make<string>()
    const task = yield* create(Future.succeed(future, "my message"))
    return [Task.done(task), yield* future]
  }),
  [true, "my message"]
)

port(
  "EagerTaskFactoryLoopTests.test_eager_completion",
  Effect.gen(function*() {
    const task = yield* create(Effect.succeed("hello"))
    return [Task.done(task), yield* task]
  }),
  [true, "hello"]
)

port(
  "EagerTaskFactoryLoopTests.test_block_after_eager_step",
  Effect.gen(function*() {
    const task = yield* create(later)
    return [Task.done(task), yield* task, Task.done(task)]
  }),
  [false, "finished after blocking", true]
)

port(
  "EagerTaskFactoryLoopTests.test_cancellation_after_eager_completion",
  Effect.gen(function*() {
    const task = yield* create(Effect.succeed("finished without blocking"))
    return [yield* Task.cancel(task), yield* task, Task.cancelled(task)]
  }),
  [false, "finished without blocking", false]
)

port(
  "EagerTaskFactoryLoopTests.test_cancellation_after_eager_step_blocks",
  Effect.gen(function*() {
    const task = yield* create(later)
    yield* Task.cancel(task, { message: "cancellation message" })
    return [Task.cancelling(task), yield* ended(Task.join(task))]
  }),
  [1, "cancelled: cancellation message"]
)

port(
  "EagerTaskFactoryLoopTests.test_current_task",
  Effect.gen(function*() {
    const seen: Array<Task.Task<unknown, unknown>> = []
    const see = Effect.map(self, (task) => seen.push(task))
    const task = yield* create(Effect.andThen(see, Effect.andThen(later, see)))
    const early = seen.slice()
    yield* task
    return [early.map((each) => each === task), seen.map((each) => each === task)]
  }),
  [[true], [true, true]]
)

port(
  "EagerTaskFactoryLoopTests.test_all_tasks_with_eager_completion",
  Effect.gen(function*() {
    const task = yield* create(allTasks)
    return [(yield* task).has(task), (yield* allTasks).has(task)]
  }),
  [true, false]
)

port(
  "EagerTaskFactoryLoopTests.test_all_tasks_with_blocking",
  Effect.gen(function*() {
    const [first, second] = [yield* Future.make<void>(), yield* Future.make<void>()]
    let early: ReadonlySet<unknown> = new Set()
    const task = yield* create(Effect.gen(function*() {
      early = yield* allTasks
      yield* first
      yield* Future.succeed(second, undefined)
    }))
    const before = [early.has(task), (yield* allTasks).has(task)]
    yield* Future.succeed(first, undefined)
    yield* second
    return [...before, (yield* allTasks).has(task)]
  }),
  [true, true, false]
)

const cvar = Context.Reference("cvar", { defaultValue: () => 0 })

port(
  "EagerTaskFactoryLoopTests.test_context_vars",
  Effect.gen(function*() {
    const seen: Array<number> = []
    const see = Effect.map(cvar, (value) => void seen.push(value))
    const body = Effect.gen(function*() {
      yield* see
      yield* Effect.provideService(Effect.andThen(see, Effect.andThen(later, see)), cvar, 2)
      yield* see
    })
    const task = yield* create(body)
    const early = [seen.slice(), yield* cvar]
    yield* task
    return [early, seen, yield* cvar]
  }).pipe(Effect.provideService(cvar, 1)),
  [[[1, 2], 1], [1, 2, 2, 1], 1]
)

/** What a task that notes its name comes to, right after it was made, and when it has ended. */
const startedBy = (eager: boolean) =>
  Effect.gen(function*() {
    let name: string | undefined
    const task = yield* asyncio.createTask(Effect.map(self, (task) => void (name = task.name)), {
      eager,
      name: "test name"
    })
    const early = [Task.done(task), name]
    yield* task
    return [early, name]
  })

port(
  ["CEagerTaskFactoryLoopTests.test_name", "DefaultTaskFactoryEagerStart.test_eager_start_true_with_default_factory"],
  startedBy(true),
  [[true, "test name"], "test name"]
)
port("EagerTaskFactoryLoopTests.test_eager_start_false", startedBy(false), [[false, undefined], "test name"])

// ------------------------------------------------------------------------------------------------------------ counting

/** How many tasks a program makes, and how many of them are left to the loop: those that wait in their first step. */
class Counted {
  made = 0
  left = 0
  readonly eager: boolean

  constructor(eager: boolean) {
    this.eager = eager
  }

  note = (task: Task.Task<unknown, unknown>) =>
    Effect.sync(() => {
      this.made++
      if (!Task.done(task)) this.left++
    })

  groups(width: number, depth: number): Effect.Effect<void, never, EventLoop.EventLoop> {
    if (depth === 0) return Effect.void
    return TaskGroup.run((group) =>
      Effect.forEach(
        new Array(width).fill(0),
        () =>
          Effect.tap(
            group.createTask(Effect.suspend(() => this.groups(width, depth - 1)), { eager: this.eager }),
            this.note
          ),
        { discard: true }
      )
    )
  }

  gathers(width: number, depth: number): Effect.Effect<void, never, EventLoop.EventLoop> {
    if (depth === 0) return Effect.void
    const child = asyncio.createTask(Effect.suspend(() => this.gathers(width, depth - 1)), { eager: this.eager })
    return Effect.asVoid(
      Effect.flatMap(Effect.forEach(new Array(width).fill(0), () => Effect.tap(child, this.note)), gather)
    )
  }
}

/** Tasks that begin later, then eager ones. */
const counted = (program: (count: Counted) => Effect.Effect<void, never, EventLoop.EventLoop>) =>
  Effect.forEach([false, true], (eager) => {
    const count = new Counted(eager)
    return Effect.map(program(count), () => [count.made, count.left])
  })

// 5 + 25 + 125 + 625. A group waits for its tasks, also for those that ended in their first step; a gather of such does not.
port("BaseTaskCountingTests.test_recursive_taskgroups", counted((count) => count.groups(5, 4)), [[780, 780], [
  780,
  155
]])
port("BaseTaskCountingTests.test_recursive_gather", counted((count) => count.gathers(5, 4)), [[780, 780], [780, 0]])

const chain = (depth: number): Effect.Effect<number> =>
  depth === 0 ? Effect.succeed(0) : Effect.map(Effect.suspend(() => chain(depth - 1)), (below) => 1 + below)

port(
  "BaseTaskCountingTests.test_awaitables_chain",
  Effect.gen(function*() {
    const depth = yield* chain(100)
    const next = yield* asyncio.createTask(Effect.void)
    return [depth, next.name]
  }),
  [100, "Task-2"]
)
