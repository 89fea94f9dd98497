/**
 * Structured concurrency: a block that ends when all of its tasks have ended.
 *
 * The first failure cancels the siblings and the block's body, which runs in a cancellation region; then the group
 * waits for all of them, and all failures come out together, in order of completion, the body's own last. Counting
 * requests, as asyncio does, tells the group's own cancellation from any other: internal/parts/TaskGroupImpl.ts.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Awaitable } from "./Awaitable.ts"
import type { EventLoop } from "./EventLoop.ts"
import * as check from "./internal/host/check.ts"
import { creationSite } from "./internal/loop/creationSite.ts"
import { getLoop } from "./internal/loop/currentLoop.ts"
import { BoundGroup } from "./internal/parts/BoundGroup.ts"
import { concurrency } from "./internal/parts/Limiter.ts"
import { runGroup, TaskGroupImpl } from "./internal/parts/TaskGroupImpl.ts"
import type { Options as TaskOptions, Task } from "./Task.ts"
import { wait } from "./wait.ts"

/**
 * What a task of `group.start` calls when it has started.
 *
 * **Details**
 *
 * trio's `task_status.started`.
 *
 * **Example** (A server that is there, and the client that needs its port)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const serve = Effect.fn("serve")(function*(started: asyncio.TaskGroup.Started<number>) {
 *   yield* asyncio.sleep("5 millis") // it opens its socket
 *   yield* started(8080)
 *   yield* asyncio.sleep("1 hour")
 * })
 *
 * const program = asyncio.TaskGroup.run((group) =>
 *   Effect.gen(function*() {
 *     const port = yield* group.start(serve, { name: "server" })
 *     yield* group.cancel
 *     return `talked to ${port}`
 *   })
 * )
 *
 * await asyncio.run(program) // => "talked to 8080"
 * ```
 *
 * @category models
 * @since 0.2.0
 */
export type Started<in T = void> = (value: T) => Effect.Effect<void>

/**
 * The group of a running block.
 *
 * @category models
 * @since 0.1.0
 */
export interface TaskGroup {
  /**
   * Creates a task in the group.
   *
   * **Details**
   *
   * `E` is in the type of the creating effect so that the block's error type needs no annotation; creating a task does
   * not itself fail. Catching around it removes the type but not the failure: catch around `run`. Dies with
   * `RuntimeError` once the group is shutting down or has ended. The group's tasks may add to it as long as one of them
   * runs.
   */
  createTask<A, E, R>(
    effect: Effect.Effect<A, E, R>,
    options?: TaskOptions
  ): Effect.Effect<Task<A, E>, E, Awaitable.Given<R> | EventLoop> & Awaitable.MakesTask
  /**
   * Creates a task in the group, waits until it reports that it has started, and returns the value it reported.
   *
   * **When to use**
   *
   * Use where what the task offers is needed at once: a server's port, a subscription, a connection that stays open.
   *
   * **Details**
   *
   * The task calls `started`, an effect, with the value; without an annotation, `(started: TaskGroup.Started<number>)
   * => …`, it takes none. From then on it is like any other task of the group. Until then its outcome goes to the
   * starter and not to the group: a failure, typed; a cancellation, as from a join; if it ends without calling
   * `started`, the defect `RuntimeError`. Calling `started` again, or after that end, dies with `RuntimeError` in the
   * caller. Cancelling the starter while it waits cancels the task and waits for it: if the task goes on and starts all
   * the same, the starter gets the value. If the starter is cancelled in the tick between, it loses the value, and the
   * task stays in the group.
   *
   * Resumes one tick after `started` or two after the task's end, or at once if an eager task starts in its first step.
   * Dies with `RuntimeError` where `createTask` does. trio's and anyio's `start`.
   *
   * **Gotchas**
   *
   * A failure `E` goes to the starter before the start, and to the block after it. Catching it around `start` covers
   * only the start: the task may still fail later, and fail the block.
   */
  start<A, E, R, T = void>(
    body: (started: Started<T>) => Effect.Effect<A, E, R>,
    options?: TaskOptions
  ): Effect.Effect<T, E, Awaitable.Given<R> | EventLoop>
  /** Ends the block without an error: cancels its tasks and its body. Does nothing after the block's end. */
  readonly cancel: Effect.Effect<void>
  /** `<TaskGroup entered tasks=2>`, `<TaskGroup cancelling tasks=1 errors=1>`, `<TaskGroup finished>`. */
  toString(): string
}

/**
 * Options of a group.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  /** How many of its tasks may run at once; the others wait for their turn. Default: all at once. */
  readonly concurrency?: number | "unbounded" | undefined
  /**
   * Called at the start, when a task is created, and each time one has ended, with how many have ended in which way.
   * What it throws goes to the exception handler.
   */
  readonly onProgress?: ((tally: wait.Tally) => void) | undefined
}

/**
 * Runs a block, and waits for every task that was created in it.
 *
 * **Details**
 *
 * A failing task cancels its siblings and the body; failures of their clean-ups are added. All failures come out
 * together in one `Cause`. A single cancelled task is not a failure. Cancelling the block cancels its tasks, waits for
 * them, and stays a cancellation unless there are failures; then these come out, and the request is delivered at the
 * next suspension. Resumes two ticks after the last task ends, or at once if there was none. O(1) per task. asyncio's
 * `async with TaskGroup()`.
 *
 * With `concurrency` at most that many tasks run at once, first come, first served. `createTask` does not wait, so that
 * the group's tasks may add to it: a task that finds no place is created all the same, stays pending, and waits for its
 * turn in its first step, at the cost of one parked task. If it is cancelled there, its effect never begins. A place is
 * free again when its task has ended, including clean-up, and the next task begins two ticks later. A body that would
 * make far more tasks than there are places should instead use a bounded `Queue` with that many workers, or `gather`,
 * which makes them lazily.
 *
 * **Gotchas**
 *
 * A body that `group.cancel` cuts short has no value: the block then gives `undefined`. Let such a body end in `void`.
 *
 * With `concurrency`, a task that waits for another task of its group keeps its place meanwhile. If every task with a
 * place does so, the group deadlocks.
 *
 * **Example** (A failure ends the siblings)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = asyncio.TaskGroup.run((group) =>
 *   Effect.gen(function*() {
 *     yield* group.createTask(asyncio.sleep("1 hour"))
 *     yield* group.createTask(Effect.fail("no"))
 *   })
 * )
 *
 * await asyncio.run(Effect.flip(program)) // => "no"
 * ```
 *
 * **Example** (Two at work at once)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const ends: Array<number> = []
 * const work = Effect.andThen(
 *   asyncio.sleep("1 second"),
 *   Effect.map(asyncio.EventLoop.time, (time) => ends.push(time))
 * )
 * const program = asyncio.TaskGroup.run(
 *   (group) => Effect.forEach([1, 2, 3, 4, 5], () => group.createTask(work)),
 *   { concurrency: 2 }
 * )
 *
 * await Effect.runPromise(VirtualLoop.run(program))
 * ends // => [1, 1, 2, 2, 3]
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const run = <A, E, R>(
  body: (group: TaskGroup) => Effect.Effect<A, E, R>,
  options?: Options
): Effect.Effect<A, E, R | EventLoop> =>
  Effect.withFiber((fiber) => {
    check.body("TaskGroup.run", "the body", body)
    checkOptions("TaskGroup.run", options)
    return runGroup("TaskGroup.run", new TaskGroupImpl("TaskGroup.run", getLoop("TaskGroup.run", fiber), options), body)
  })

/**
 * A group that lives as long as a scope.
 *
 * **Details**
 *
 * `E` is the type that its tasks may fail with.
 *
 * @category models
 * @since 0.2.0
 */
export interface Bound<in out E> {
  /**
   * Creates a task in the group.
   *
   * **Details**
   *
   * As in a block, except that the failure comes out of `join`: it is not in the type of the creating effect. Dies with
   * `RuntimeError` once a task has failed, or the group is cancelled or its scope closed.
   */
  createTask<A, E2 extends E, R>(
    effect: Effect.Effect<A, E2, R>,
    options?: TaskOptions
  ): Effect.Effect<Task<A, E2>, never, Awaitable.Given<R> | EventLoop> & Awaitable.MakesTask
  /** Creates a task, and waits until it reports that it has started, as in a block. */
  start<A, E2 extends E, R, T = void>(
    body: (started: Started<T>) => Effect.Effect<A, E2, R>,
    options?: TaskOptions
  ): Effect.Effect<T, E2, Awaitable.Given<R> | EventLoop>
  /** Ends the group without an error: cancels its tasks. Does nothing after the group's end. */
  readonly cancel: Effect.Effect<void>
  /**
   * Waits for the group's end. If tasks have failed, fails with their failures once all have ended. Succeeds once the
   * group has been cancelled, or its scope closed, and all its tasks have ended. It only watches: cancelling this wait
   * leaves the group alone.
   */
  readonly join: Effect.Effect<void, E>
  /** As in a block. */
  toString(): string
}

/**
 * Creates a group that closes with the surrounding scope: its tasks are then cancelled and waited for.
 *
 * **When to use**
 *
 * Use where tasks come from callbacks, connections or methods of a service, and no block can enclose them all: a layer,
 * an object with a `close`. Use `run` wherever a block is possible.
 *
 * **Details**
 *
 * The first failure cancels the siblings, as in a block, and `group.join` fails with all failures in one `Cause`. If
 * nobody joins, they are reported, once, as a task's would be; closing the scope does not fail. `make<E>()` declares
 * what tasks may fail with; without it they may not fail. To keep a failure from ending the siblings, catch it in its
 * task. The group runs in a task of its own, named "TaskGroup". Closing takes as long as the clean-ups do; the group
 * also closes if the loop closes first. Costs one task, and O(1) for each of its tasks. It is like Effect's
 * `FiberSet.make` and `FiberSet.join`, with siblings that end together, or aiojobs' scheduler.
 *
 * **Example** (A service whose jobs end with it)
 *
 * ```ts import.meta.vitest
 * import { Console, Context, Effect, Layer } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * class Mailer extends Context.Service<Mailer, {
 *   readonly send: (to: string) => Effect.Effect<void, never, asyncio.EventLoop.EventLoop>
 * }>()("Mailer") {}
 *
 * const mailer = Layer.effect(
 *   Mailer,
 *   Effect.map(asyncio.TaskGroup.make(), (group) =>
 *     Mailer.of({
 *       send: (to) =>
 *         Effect.asVoid(group.createTask(Effect.onInterrupt(
 *           asyncio.sleep("1 hour"),
 *           () => Console.log(`gave up on ${to}`)
 *         )))
 *     }))
 * )
 *
 * const main = Effect.gen(function*() {
 *   const { send } = yield* Mailer
 *   yield* send("ann")
 *   yield* asyncio.sleep("1 millis")
 *   yield* Console.log("main ends")
 * })
 *
 * await asyncio.run(main.pipe(Effect.provide(mailer)))
 * // => main ends
 * // => gave up on ann
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = <E = never>(options?: Options): Effect.Effect<Bound<E>, never, Scope.Scope | EventLoop> => {
  const site = creationSite(make)
  return Effect.acquireRelease(
    Effect.withFiber((fiber) => {
      checkOptions("TaskGroup.make", options)
      return Effect.succeed(new BoundGroup("TaskGroup.make", fiber, options, site))
    }),
    // Waiting does not count as looking at what failed: whoever joins gets it, or it is reported.
    ({ cancel, host }) => host.exit === undefined ? Effect.andThen(cancel, wait([host])) : Effect.void
    // Creating a task does not fail, whatever the task's own type.
  ) as Effect.Effect<any, never, Scope.Scope | EventLoop>
}

const checkOptions = check.options<Options>({ concurrency, onProgress: check.callback })
