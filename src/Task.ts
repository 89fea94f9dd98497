/**
 * A named, listed, cancellable handle on a fiber.
 *
 * The loop owns its tasks: they go on when the fiber that made them ends, and when the loop closes it cancels and
 * awaits those that are left. `yield* task` awaits one; a failure that nobody looks at is reported.
 *
 * **Gotchas**
 *
 * `try … finally` in an `Effect.gen` body does not run its `finally` when the task fails or is cancelled: the generator
 * is dropped, not resumed. Use `Effect.ensuring` or `Effect.onExit`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type { Awaitable } from "./Awaitable.ts"
import type { EventLoop } from "./EventLoop.ts"
import type { Future } from "./Future.ts"
import * as check from "./internal/host/check.ts"
import { dual } from "./internal/host/curried.ts"
import { creationSite } from "./internal/loop/creationSite.ts"
import { getLoop } from "./internal/loop/currentLoop.ts"
import { createTask, makesTask } from "./internal/task/createTask.ts"
import { openRegion } from "./internal/task/openRegion.ts"
import * as internal from "./internal/task/task.ts"
import { uncancel as uncancelOwner } from "./internal/waiting/cancellation.ts"
import { asCancelled, cancelMessage as cancelMessageOf, handling, isCancelled } from "./internal/waiting/cancelled.ts"

/**
 * A computation that runs on its own.
 *
 * **Details**
 *
 * asyncio's `Task`. It is a `Future`: every function of that module works on it, and is available as `Task.…` too.
 *
 * @category models
 * @since 0.1.0
 */
export interface Task<out A, out E = never> extends Future<A, E> {
  readonly "~effect-asyncio/Task": unknown
  /** The name given to `create` or set by `setName`; otherwise `Task-N`. */
  readonly name: string
  /**
   * Undefined before the first step. Its exit can differ from the task's; joining the fiber does not count as looking
   * at the task's outcome.
   */
  readonly fiber: Fiber.Fiber<A, E> | undefined
  /** Where `create` was called, `file:line:column`, if stack traces are on. */
  readonly createdAt: string | undefined
}

/**
 * Options of a task.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** Default: `Task-N`, counted per loop. */
  readonly name?: string | undefined
  /** Run the first step inside the creating call (asyncio's `eager_start`). Default: in the next tick. */
  readonly eager?: boolean | undefined
}

/**
 * Whether a value is a Task.
 *
 * **Example** (A name, if it has one)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const nameOf = (future: asyncio.Future.Future<unknown>) =>
 *   asyncio.Task.isTask(future) ? future.name : "a plain future"
 *
 * const program = Effect.gen(function*() {
 *   const task = yield* asyncio.createTask(Effect.void, { name: "worker" })
 *   const future = yield* asyncio.Future.make<string>()
 *   return [nameOf(task), nameOf(future)]
 * })
 *
 * await asyncio.run(program) // => ["worker", "a plain future"]
 * ```
 *
 * @category guards
 * @since 0.1.0
 */
export const isTask = (u: unknown): u is Task<unknown, unknown> => internal.isTaskImpl(u)

/**
 * Creates a task: `effect` runs on its own from the next tick on. Also `asyncio.createTask`.
 *
 * **Details**
 *
 * Tasks start in the order they were created. The task keeps the creator's services, and the host's asynchronous
 * context. O(1). Dies with `RuntimeError` on a closed loop. asyncio's `create_task`.
 *
 * **Gotchas**
 *
 * It is an Effect: without `yield*` there is no task. `gather([createTask(work)])` would only wait for the task to be
 * made, and does not compile; `gather([work])` makes the task itself.
 *
 * An effect that requires a `Scope` would use its creator's, and if that closes first, what the task has acquired would
 * be released while it runs. So the compiler requires `Awaitable.ScopeOfATask`, which nobody can provide: give the task
 * a scope of its own, `createTask(Effect.scoped(work))`, or the scope you mean, `Scope.provide(work, scope)`. A scope
 * of its own by default would release, at the task's end, what was meant for the creator.
 *
 * **Example** (Two at once)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const seen: Array<string> = []
 * await asyncio.run(Effect.gen(function*() {
 *   const task = yield* asyncio.createTask(Effect.sync(() => seen.push("task")), { name: "worker" })
 *   seen.push(task.name)
 *   yield* task
 *   seen.push("main")
 * }))
 * seen // => ["worker", "task", "main"]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const create = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  options?: Options
): Effect.Effect<Task<A, E>, never, Awaitable.Given<R> | EventLoop> & Awaitable.MakesTask => {
  const site = creationSite(create)
  return makesTask(
    "createTask",
    (fiber) => Effect.succeed(createTask("createTask", fiber, effect, options, site))
  )
}

/**
 * The task that runs this code; none in a bare fiber outside any task. Also `asyncio.currentTask`.
 *
 * **Details**
 *
 * Fibers that a task forks with Effect's own functions belong to it. asyncio's `current_task`.
 *
 * **Example** (In a task, in a fiber of it, in none)
 *
 * ```ts import.meta.vitest
 * import { Effect, Fiber, Option } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const name = Effect.map(
 *   asyncio.currentTask,
 *   Option.match({ onNone: () => "no task", onSome: (task) => task.name })
 * )
 * const forked = Effect.flatMap(Effect.forkChild(name), Fiber.join)
 *
 * await asyncio.run(name) // => "Task-1"
 * await asyncio.run(forked) // => "Task-1"
 * await Effect.runPromise(name.pipe(Effect.provide(asyncio.EventLoop.layer()))) // => "no task"
 * ```
 *
 * @category state
 * @since 0.1.0
 */
export const current: Effect.Effect<Option.Option<Task<unknown, unknown>>, never, EventLoop> = Effect.withFiber(
  (fiber) => {
    getLoop("currentTask", fiber)
    return Effect.succeed(Option.fromUndefinedOr(internal.currentTask(fiber)))
  }
)

/**
 * `current` for plain code: a logger, an error handler, a library that knows nothing of Effect.
 *
 * **Details**
 *
 * The task whose step is running; undefined where there is none: in plain callbacks, and after an `await`. O(1).
 * asyncio's `current_task`.
 *
 * **Example** (A logger that knows whose line it is)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const log = (line: string) => console.log(`${asyncio.Task.currentUnsafe()?.name ?? "-"}: ${line}`)
 *
 * await asyncio.run(Effect.sync(() => log("in a task")))
 * // => Task-1: in a task
 * log("outside")
 * // => -: outside
 * ```
 *
 * @category state
 * @since 0.2.0
 */
export const currentUnsafe = (): Task<unknown, unknown> | undefined => {
  const fiber = Fiber.getCurrent()
  return fiber === undefined ? undefined : internal.currentTask(fiber)
}

/**
 * The loop's tasks that are not done. Also `asyncio.allTasks`.
 *
 * **Details**
 *
 * In order of creation, including the caller's own. O(n). asyncio's `all_tasks`.
 *
 * **Example** (Ending all the others)
 *
 * ```ts import.meta.vitest
 * import { Effect, Option } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   yield* asyncio.createTask(asyncio.sleep("1 hour"), { name: "reader" })
 *   yield* asyncio.createTask(asyncio.sleep("1 hour"), { name: "writer" })
 *   yield* asyncio.sleep(0)
 *   const me = Option.getOrThrow(yield* asyncio.currentTask)
 *   const others = Array.from(yield* asyncio.allTasks).filter((task) => task !== me)
 *   yield* asyncio.Task.cancelAndWait(others)
 *   return others.map((task) => [task.name, asyncio.Task.cancelled(task)])
 * })
 *
 * await asyncio.run(program) // => [["reader", true], ["writer", true]]
 * ```
 *
 * @category state
 * @since 0.1.0
 */
export const all: Effect.Effect<ReadonlySet<Task<unknown, unknown>>, never, EventLoop> = Effect.withFiber((fiber) =>
  Effect.succeed(getLoop("allTasks", fiber).allTasksUnsafe())
)

const impl: (call: string, self: Task<any, any>) => internal.TaskImpl<unknown, unknown> = check.self(
  "Task",
  internal.TaskImpl
)

/**
 * Changes a task's name.
 *
 * **Details**
 *
 * asyncio's `set_name`.
 *
 * **Example** (A worker that says what it is at)
 *
 * ```ts import.meta.vitest
 * import { Effect, Option } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const worker = Effect.gen(function*() {
 *   const me = Option.getOrThrow(yield* asyncio.currentTask)
 *   yield* asyncio.Task.setName(me, `${me.name}: /index.html`)
 *   yield* asyncio.sleep("1 hour")
 * })
 *
 * const program = Effect.gen(function*() {
 *   yield* asyncio.createTask(worker, { name: "worker" })
 *   yield* asyncio.sleep(0)
 *   return Array.from(yield* asyncio.allTasks, (task) => task.name)
 * })
 *
 * await asyncio.run(program) // => ["Task-1", "worker: /index.html"]
 * ```
 *
 * @category state
 * @since 0.1.0
 */
export const setName = (self: Task<any, any>, name: string): Effect.Effect<void> =>
  Effect.sync(() => {
    const task = impl("setName", self)
    check.string("Task.setName", "the name", name)
    task.name = name
  })

/**
 * The number of requests to cancel that have not been taken back.
 *
 * **Details**
 *
 * Catching a cancellation does not lower it; `uncancel` does. It is zero in a task that sees the cancellation of
 * something it awaited, and so tells the two apart. asyncio's `cancelling()`.
 *
 * **Example** (Whose cancellation it was)
 *
 * ```ts import.meta.vitest
 * import { Effect, Option } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const requests = Effect.map(asyncio.currentTask, (me) => asyncio.Task.cancelling(Option.getOrThrow(me)))
 *
 * const program = Effect.gen(function*() {
 *   const query = yield* asyncio.createTask(asyncio.sleep("1 hour"))
 *   const page = yield* asyncio.createTask(asyncio.Task.catchCancelled(asyncio.Task.join(query), () => requests))
 *   const timer = yield* asyncio.createTask(asyncio.Task.catchCancelled(asyncio.sleep("1 hour"), () => requests))
 *   yield* asyncio.sleep(0)
 *   yield* asyncio.Task.cancel(query)
 *   yield* asyncio.Task.cancel(timer)
 *   return yield* asyncio.gather({ page, timer })
 * })
 *
 * await asyncio.run(program) // => { page: 0, timer: 1 }
 * ```
 *
 * @category cancelling
 * @since 0.1.0
 */
export const cancelling = (self: Task<any, any>): number => impl("cancelling", self).requests

/**
 * Takes back one request to cancel; returns how many are left.
 *
 * **When to use**
 *
 * Use in code that catches a cancellation and goes on. `timeout` and `TaskGroup` count requests to tell their own
 * cancellation from others: one that was caught but not taken back still counts as another's.
 *
 * **Details**
 *
 * When the count reaches zero, a request that has not been delivered yet is revoked. asyncio's `uncancel()`.
 *
 * **Example** (Going on inside a timeout)
 *
 * ```ts import.meta.vitest
 * import { Effect, Option } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const accept = Effect.flatMap(asyncio.currentTask, (me) => asyncio.Task.uncancel(Option.getOrThrow(me)))
 * const stubborn = asyncio.Task.catchCancelled(
 *   asyncio.sleep("1 hour"),
 *   () => Effect.andThen(accept, asyncio.sleep("1 hour"))
 * )
 *
 * const program = Effect.gen(function*() {
 *   const task = yield* asyncio.createTask(Effect.flip(asyncio.timeout("5 seconds", () => stubborn)))
 *   yield* asyncio.sleep("1 second")
 *   yield* asyncio.Task.cancel(task)
 *   return (yield* task)._tag
 * })
 *
 * await Effect.runPromise(VirtualLoop.run(program)) // => "TimeoutError"
 * ```
 *
 * **Example** (A request that has not arrived yet)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const task = yield* asyncio.createTask(Effect.succeed("done"))
 *   yield* asyncio.Task.cancel(task)
 *   const left = yield* asyncio.Task.uncancel(task)
 *   return [left, yield* task]
 * })
 *
 * await asyncio.run(program) // => [0, "done"]
 * ```
 *
 * @category cancelling
 * @since 0.1.0
 */
export const uncancel = (self: Task<any, any>): Effect.Effect<number> =>
  Effect.sync(() => uncancelOwner(impl("uncancel", self)))

/**
 * Runs `effect` in a cancellation region of the current task; if it ends cancelled, goes on with `handler`.
 *
 * **When to use**
 *
 * Use to catch a cancellation and go on, or to do something that may suspend before passing it on with
 * `Effect.interrupt`. asyncio's `try: … except CancelledError:`.
 *
 * **Details**
 *
 * It also catches the cancellation of something that `effect` awaited. A cancellation that the handler passes on with
 * `Effect.interrupt` keeps its message, and ends the surrounding code as the original would have: no `Effect.exit` or
 * `Effect.catchCause` goes on after it. The same holds if a clean-up fails on the way: the handler is not called, and
 * that failure comes out along with the cancellation. `cancelling` is not lowered. Interruption by Effect itself (a
 * scope closing, a race lost) is not caught. Opening a region costs one fiber and no tick.
 *
 * **Example** (Cleaning up after a cancel, then going on)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const stubborn = asyncio.Task.catchCancelled(
 *   asyncio.sleep("1 hour", "slept"),
 *   () => Effect.succeed("met a cancellation")
 * )
 *
 * const program = Effect.gen(function*() {
 *   const task = yield* asyncio.createTask(stubborn)
 *   yield* asyncio.sleep(0)
 *   yield* asyncio.Task.cancel(task)
 *   return yield* task
 * })
 *
 * await asyncio.run(program) // => "met a cancellation"
 * ```
 *
 * @category cancelling
 * @since 0.1.0
 */
export const catchCancelled: {
  <A2, E2, R2>(
    handler: (message: Option.Option<string>) => Effect.Effect<A2, E2, R2>
  ): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A | A2, E | E2, R | R2 | EventLoop>
  <A, E, R, A2, E2, R2>(
    effect: Effect.Effect<A, E, R>,
    handler: (message: Option.Option<string>) => Effect.Effect<A2, E2, R2>
  ): Effect.Effect<A | A2, E | E2, R | R2 | EventLoop>
} = dual(
  <A, E, R, A2, E2, R2>(
    effect: Effect.Effect<A, E, R>,
    handler: (message: Option.Option<string>) => Effect.Effect<A2, E2, R2>
  ): Effect.Effect<A | A2, E | E2, R | R2 | EventLoop> => {
    check.effect("Task.catchCancelled", "the argument", effect)
    checkHandler(handler)
    return openRegion(
      () => effect,
      (exit) => {
        if (!isCancelled(exit)) return undefined
        const message = cancelMessageOf(exit)
        const handled = Effect.suspend(() =>
          check.given("Task.catchCancelled", "the handler", handler(Option.fromUndefinedOr(message)))
        )
        // If it ends with `Effect.interrupt`, like Python's bare `raise`, the message is kept.
        return Effect.catchCause(handling(handled), (cause) => asCancelled(Exit.failCause(cause), message))
      }
    )
  },
  (handler) => checkHandler(handler)
)

const checkHandler = (handler: unknown): void => check.body("Task.catchCancelled", "the handler", handler)

export {
  addDoneCallback,
  await,
  awaitedBy,
  cancel,
  cancelAndWait,
  cancelled,
  cancelMessage,
  cancelUnsafe,
  done,
  exception,
  join,
  removeDoneCallback,
  result,
  toPromise
} from "./Future.ts"
