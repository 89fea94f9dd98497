/**
 * A value that will be there later.
 *
 * `yield* future` waits for it, with the right types; it is not an Effect, so it can't be passed by accident where an
 * Effect belongs. Callbacks and waiters are served in the order they arrived, each through the ready queue, never
 * inside the call that completes the future. A failure that nobody looks at is reported to the loop's exception
 * handler.
 *
 * It has more than 150 lines of code: it has many names, each of a line or two.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type { Pipeable } from "effect/Pipeable"
import * as Predicate from "effect/Predicate"
import type * as Types from "effect/Types"
import type { Awaitable } from "./Awaitable.ts"
import { InvalidStateError, RuntimeError } from "./Errors.ts"
import type { EventLoop } from "./EventLoop.ts"
import * as check from "./internal/host/check.ts"
import { format } from "./internal/host/printing.ts"
import { getLoop } from "./internal/loop/currentLoop.ts"
import { timeoutError } from "./internal/parts/timeoutError.ts"
import * as abort from "./internal/task/abort.ts"
import { checkAwaitables } from "./internal/task/awaitables.ts"
import * as internal from "./internal/task/future.ts"
import { FutureImpl } from "./internal/task/future.ts"
import { rejectionOf } from "./internal/task/rejection.ts"
import { currentTask } from "./internal/task/task.ts"
import * as internalTasks from "./internal/task/tasks.ts"
import { cancelMessage as cancelMessageOf, isCancelled } from "./internal/waiting/cancelled.ts"
import * as walk from "./internal/waiting/Walk.ts"
import type { Task } from "./Task.ts"
import { wait } from "./wait.ts"

/**
 * A value of type `A` that will be there later, or a failure of type `E`.
 *
 * **Details**
 *
 * asyncio's `Future`. A `Task` is one too.
 *
 * **Example** (Waiting for a value that a callback brings)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const future = yield* asyncio.Future.make<string>()
 *   yield* asyncio.EventLoop.callLater("10 millis", () => asyncio.Future.succeedUnsafe(future, "tick"))
 *   return yield* future
 * })
 *
 * await asyncio.run(program) // => "tick"
 * ```
 *
 * @category models
 * @since 0.1.0
 */
export interface Future<out A, out E = never> extends Pipeable {
  readonly "~effect-asyncio/Future": {
    readonly _A: Types.Covariant<A>
    readonly _E: Types.Covariant<E>
  }
  [Symbol.iterator](): Effect.EffectIterator<Effect.Effect<A, E>>
  /**
   * What it is, in one line: `<Future pending>`, `<Task finished name='Task-2' result=1>`. A long result is truncated.
   */
  toString(): string
}

const checkPromise = check.kind(Predicate.isPromiseLike, "a promise")
const checkDeferred = check.kind(Deferred.isDeferred, "a Deferred")

/** Every future is made by this package; a foreign object with the same brand is a mistake worth an early end. */
const impl: <A, E>(call: string, self: Future<A, E>) => FutureImpl<A, E> = check.self(
  "Future",
  FutureImpl,
  "a Future or Task"
)

/**
 * Whether a value is a Future or a Task.
 *
 * **Details**
 *
 * An Effect is neither. asyncio's `isfuture`.
 *
 * **Example** (A value, or the task that loads it)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const read = (cached: string | asyncio.Future.Future<string>) =>
 *   Effect.gen(function*() {
 *     return asyncio.Future.isFuture(cached) ? yield* cached : cached
 *   })
 *
 * const program = Effect.gen(function*() {
 *   const loading = yield* asyncio.createTask(asyncio.sleep("1 millis", "new page"))
 *   return [yield* read("old page"), yield* read(loading)]
 * })
 *
 * await asyncio.run(program) // => ["old page", "new page"]
 * ```
 *
 * @category guards
 * @since 0.1.0
 */
export const isFuture = (u: unknown): u is Future<unknown, unknown> => u instanceof FutureImpl

/**
 * Creates a future of the current loop, to be completed by `succeed`, `fail`, `failCause` or `cancel`.
 *
 * **Details**
 *
 * asyncio's `loop.create_future()`.
 *
 * **Example** (A reply for each question)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const replies = new Map<string, asyncio.Future.Future<number>>()
 *
 * const lengthOf = (word: string) =>
 *   Effect.gen(function*() {
 *     const reply = yield* asyncio.Future.make<number>()
 *     replies.set(word, reply)
 *     return yield* reply
 *   })
 * const server = Effect.suspend(() =>
 *   Effect.forEach(replies, ([word, reply]) => asyncio.Future.succeed(reply, word.length))
 * )
 *
 * const [one, three] = await asyncio.run(asyncio.gather([lengthOf("one"), lengthOf("three"), server]))
 * one // => 3
 * three // => 5
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <A, E = never>(): Effect.Effect<Future<A, E>, never, EventLoop> =>
  Effect.withFiber((fiber) => Effect.succeed(new FutureImpl<A, E>(getLoop("Future.make", fiber))))

/**
 * Creates a future that ends as a promise does.
 *
 * **Details**
 *
 * Cancelling the future does not stop the promise: nothing can. A rejection fails it with `Cause.UnknownError`.
 *
 * **Example** (A promise among tasks)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const future = yield* asyncio.Future.fromPromise(Promise.resolve(1))
 *   return yield* asyncio.gather([future, Effect.succeed(2)])
 * })
 *
 * await asyncio.run(program) // => [1, 2]
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const fromPromise = <A>(
  promise: PromiseLike<A>
): Effect.Effect<Future<A, Cause.UnknownError>, never, EventLoop> =>
  Effect.withFiber((fiber) => {
    checkPromise("Future.fromPromise", "the argument", promise)
    const future = new FutureImpl<A, Cause.UnknownError>(getLoop("Future.fromPromise", fiber))
    promise.then(
      (value) => future.complete(Exit.succeed(value)),
      (reason: unknown) => future.complete(Exit.fail(new Cause.UnknownError(reason, "Future.fromPromise")))
    )
    return Effect.succeed(future)
  })

/**
 * Returns a promise of the future's value. It rejects with what the future failed with, as `run` does: the very error,
 * an `AggregateError` of several, a `CancelledError`, or the reason of the signal that cancelled it.
 *
 * **Details**
 *
 * Counts as looking at the outcome.
 *
 * **Example** (Handing a task to code with promises)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const task = yield* asyncio.createTask(Effect.succeed("value"))
 *   return yield* Effect.promise(() => asyncio.Task.toPromise(task))
 * })
 *
 * await asyncio.run(program) // => "value"
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const toPromise = <A, E>(self: Future<A, E>): Promise<A> => {
  const future = impl("toPromise", self)
  future.retrieve()
  return new Promise((resolve, reject) =>
    future.addCallback(() => {
      const exit = future.exit!
      if (exit._tag === "Success") resolve(exit.value)
      else reject(rejectionOf(exit.cause, future))
    })
  )
}

/**
 * Creates a future that ends as a `Deferred` does.
 *
 * **Details**
 *
 * Cancelling the future leaves the deferred alone.
 *
 * **Example** (A Deferred among tasks)
 *
 * ```ts import.meta.vitest
 * import { Deferred, Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const deferred = yield* Deferred.make<string>()
 *   const future = yield* asyncio.Future.fromDeferred(deferred)
 *   yield* Deferred.succeed(deferred, "done")
 *   return yield* future
 * })
 *
 * await asyncio.run(program) // => "done"
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const fromDeferred = <A, E>(deferred: Deferred.Deferred<A, E>): Effect.Effect<Future<A, E>, never, EventLoop> =>
  Effect.withFiber((fiber) => {
    checkDeferred("Future.fromDeferred", "the argument", deferred)
    const future = new FutureImpl<A, E>(getLoop("Future.fromDeferred", fiber))
    const watcher = Effect.runForkWith(fiber.context)(Deferred.await(deferred))
    watcher.addObserver((exit) => future.complete(exit))
    future.addCallback(() => watcher.interruptUnsafe())
    return Effect.succeed(future)
  })

/**
 * Arranges for a `Deferred` to complete as the future does. It does not wait.
 *
 * **Details**
 *
 * The deferred completes in the tick after the future's end. One that is complete already stays as it is. Counts as
 * looking at the outcome.
 *
 * **Example** (The fastest of several)
 *
 * ```ts import.meta.vitest
 * import { Deferred, Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const page = yield* Deferred.make<string>()
 *   const far = yield* asyncio.createTask(asyncio.sleep("20 millis", "from far away"))
 *   const near = yield* asyncio.createTask(asyncio.sleep("1 millis", "from nearby"))
 *   yield* asyncio.Future.intoDeferred(far, page)
 *   yield* asyncio.Future.intoDeferred(near, page)
 *   return yield* Deferred.await(page)
 * })
 *
 * await asyncio.run(program) // => "from nearby"
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const intoDeferred = <A, E>(self: Future<A, E>, deferred: Deferred.Deferred<A, E>): Effect.Effect<void> =>
  Effect.sync(() => {
    const future = impl("intoDeferred", self)
    checkDeferred("Future.intoDeferred", "the deferred", deferred)
    future.retrieve()
    future.addCallback(() => Deferred.doneUnsafe(deferred, future.exit!))
  })

/**
 * Cancels the future when the signal is aborted; if the reason is a string, it becomes the cancel message.
 *
 * **Details**
 *
 * Stops listening when the future is done. A signal that is aborted already cancels at once.
 *
 * **Example** (A task that ends with a request)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const controller = new AbortController()
 * const program = Effect.gen(function*() {
 *   const task = yield* asyncio.createTask(asyncio.sleep("1 hour"))
 *   yield* asyncio.Future.cancelOnAbort(task, controller.signal)
 *   controller.abort()
 *   yield* asyncio.Task.await(task)
 *   return asyncio.Task.cancelled(task)
 * })
 *
 * await asyncio.run(program) // => true
 * ```
 *
 * @category cancelling
 * @since 0.1.0
 */
export const cancelOnAbort = (self: Future<any, any>, signal: AbortSignal): Effect.Effect<void> =>
  Effect.sync(() => {
    check.signal("Future.cancelOnAbort", "the signal", signal)
    abort.cancelOnAbort(impl("cancelOnAbort", self), signal)
  })

/**
 * Returns an `AbortSignal`, for code that takes one, that is aborted when the future ends cancelled.
 *
 * **Details**
 *
 * It is aborted in the tick after the future's end, or in the next tick if the future has ended already. A value or a
 * failure never aborts it. The reason is the host's own `AbortError`, without the cancel message. Every call for the
 * same future returns the same signal.
 *
 * **Example** (A download that ends with its task)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const download = (signal: AbortSignal) =>
 *   new Promise<string>((resolve) => signal.addEventListener("abort", () => resolve("stopped")))
 *
 * const program = Effect.gen(function*() {
 *   const session = yield* asyncio.createTask(asyncio.sleep("1 hour"))
 *   const outcome = download(asyncio.Future.toAbortSignal(session))
 *   yield* asyncio.Task.cancel(session)
 *   return yield* Effect.promise(() => outcome)
 * })
 *
 * await asyncio.run(program) // => "stopped"
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const toAbortSignal = (self: Future<any, any>): AbortSignal => {
  const future = impl("toAbortSignal", self)
  let signal = signals.get(future)
  if (signal === undefined) {
    const controller = new AbortController()
    future.addCallback(() => {
      if (isCancelled(future.exit!)) controller.abort()
    })
    signals.set(future, signal = controller.signal)
  }
  return signal
}

const signals = new WeakMap<FutureImpl<any, any>, AbortSignal>()

/**
 * Whether the future has a value or a failure, or was cancelled.
 *
 * **Example** (Done or not)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const task = yield* asyncio.createTask(Effect.succeed(1))
 *   const before = asyncio.Task.done(task)
 *   yield* task
 *   return [before, asyncio.Task.done(task)]
 * })
 *
 * await asyncio.run(program) // => [false, true]
 * ```
 *
 * @category state
 * @since 0.1.0
 */
export const done = (self: Future<any, any>): boolean => impl("done", self).exit !== undefined

/**
 * Whether the future ended cancelled.
 *
 * **Details**
 *
 * A request to cancel alone does not make it so: a task may still end with a value or a failure. asyncio's
 * `cancelled()`.
 *
 * **Example** (A future at once, a task when it has ended)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const future = yield* asyncio.Future.make<string>()
 *   const task = yield* asyncio.createTask(asyncio.sleep("1 hour"))
 *   yield* asyncio.Future.cancel(future)
 *   yield* asyncio.Future.cancel(task)
 *   const atOnce = [asyncio.Future.cancelled(future), asyncio.Future.cancelled(task)]
 *   yield* asyncio.Future.await(task)
 *   return [...atOnce, asyncio.Future.cancelled(task)]
 * })
 *
 * await asyncio.run(program) // => [true, false, true]
 * ```
 *
 * @category state
 * @since 0.1.0
 */
export const cancelled = (self: Future<any, any>): boolean => {
  const { exit } = impl("cancelled", self)
  return exit !== undefined && isCancelled(exit)
}

const pending = (call: string, future: FutureImpl<any, any>): Effect.Effect<never, InvalidStateError> =>
  Effect.fail(new InvalidStateError({ message: `Future.${call}: ${future} has no result yet` }))

/**
 * The value of a future that is done, without waiting.
 *
 * **Details**
 *
 * Fails as the future failed, or with `InvalidStateError` while it is pending. For a cancelled future, fails with the
 * interrupt cause. Counts as looking at the outcome. asyncio's `result()`.
 *
 * **Example** (Asking too early)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const task = yield* asyncio.createTask(Effect.succeed(1))
 *   const early = yield* Effect.flip(asyncio.Task.result(task))
 *   yield* task
 *   return [early._tag, yield* asyncio.Task.result(task)]
 * })
 *
 * await asyncio.run(program) // => ["InvalidStateError", 1]
 * ```
 *
 * @category state
 * @since 0.1.0
 */
export const result = <A, E>(self: Future<A, E>): Effect.Effect<A, E | InvalidStateError> =>
  Effect.suspend((): Effect.Effect<A, E | InvalidStateError> => {
    const future = impl("result", self)
    if (future.exit === undefined) return pending("result", future)
    future.retrieve()
    return future.exit
  })

/**
 * The failure of a future that is done, without waiting; none if it has a value.
 *
 * **Details**
 *
 * Fails with `InvalidStateError` while it is pending. For a cancelled future, fails with the interrupt cause, as
 * asyncio's `exception()` raises `CancelledError`. Counts as looking at the outcome.
 *
 * **Example** (Which of them failed)
 *
 * ```ts import.meta.vitest
 * import { Cause, Effect, Option } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const { done } = yield* asyncio.wait([Effect.succeed("page"), Effect.fail("no route")])
 *   return yield* Effect.forEach(done, asyncio.Task.exception)
 * })
 *
 * await asyncio.run(program) // => [Option.none(), Option.some(Cause.fail("no route"))]
 * ```
 *
 * @category state
 * @since 0.1.0
 */
export const exception = <A, E>(
  self: Future<A, E>
): Effect.Effect<Option.Option<Cause.Cause<E>>, InvalidStateError> =>
  Effect.suspend((): Effect.Effect<Option.Option<Cause.Cause<E>>, InvalidStateError> => {
    const future = impl("exception", self)
    const { exit } = future
    if (exit === undefined) return pending("exception", future)
    future.retrieve()
    if (exit._tag === "Success") return Effect.succeedNone
    // Only interrupts: there is no `E` in it.
    return isCancelled(exit)
      ? Effect.failCause(exit.cause as Cause.Cause<never>)
      : Effect.succeedSome(exit.cause)
  })

/**
 * Waits for the value. The same as `yield* self`.
 *
 * **Details**
 *
 * Resumes one tick after the future is done, or at once if it is done already. Cancelling the waiter cancels the
 * future, as in asyncio. To avoid that, use `await`, which only watches, or `shield`. O(1).
 *
 * Dies with `RuntimeError` if a task joins itself, or a future of another loop.
 *
 * **Example** (A task where an Effect is needed)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const task = yield* asyncio.createTask(Effect.fail("offline"))
 *   return yield* asyncio.Task.join(task).pipe(
 *     Effect.catch((error) => Effect.succeed(`no page: ${error}`))
 *   )
 * })
 *
 * await asyncio.run(program) // => "no page: offline"
 * ```
 *
 * **Example** (Cancelling the one who waits)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const query = yield* asyncio.createTask(asyncio.sleep("1 hour"))
 *   const page = yield* asyncio.createTask(asyncio.Task.join(query))
 *   yield* asyncio.sleep(0)
 *   yield* asyncio.Task.cancel(page)
 *   yield* asyncio.Task.await(page)
 *   return asyncio.Task.cancelled(query)
 * })
 *
 * await asyncio.run(program) // => true
 * ```
 *
 * @category waiting
 * @since 0.1.0
 */
export const join = <A, E>(self: Future<A, E>): Effect.Effect<A, E> => internal.join(impl("join", self))

const await_ = <A, E>(self: Future<A, E>): Effect.Effect<Exit.Exit<A, E>> => internal.watch(impl("await", self))

export {
  /**
   * Waits for the outcome and only watches: cancelling this wait leaves the future alone.
   *
   * **Details**
   *
   * Resumes one tick after the future is done, or at once if it is done already. Counts as looking at the outcome.
   * O(1). An interruption loses nothing.
   *
   * **Example** (Done watching, before the task is done)
   *
   * ```ts import.meta.vitest
   * import { Effect, Exit } from "effect"
   * import * as asyncio from "effect-asyncio"
   * import { VirtualLoop } from "effect-asyncio/testing"
   *
   * const program = Effect.gen(function*() {
   *   const upload = yield* asyncio.createTask(Effect.andThen(asyncio.sleep("3 seconds"), Effect.fail("disk full")))
   *   const early = yield* Effect.flip(asyncio.timeout("1 second", () => asyncio.Task.await(upload)))
   *   return [early._tag, yield* asyncio.Task.await(upload)]
   * })
   *
   * await Effect.runPromise(VirtualLoop.run(program)) // => ["TimeoutError", Exit.fail("disk full")]
   * ```
   *
   * @category waiting
   * @since 0.1.0
   */
  await_ as await
}

/**
 * Requests cancellation, without waiting for it; false if the future is done already.
 *
 * **Details**
 *
 * A plain future is cancelled at once. A task gets a request: if it is waiting for another future, task or `gather`,
 * that is cancelled first, and the task sees a cancellation only if that ends cancelled; otherwise its innermost
 * cancellation region is interrupted in the next tick. The message travels in the interrupt's cause; see
 * `cancelMessage`. asyncio's `cancel()`.
 *
 * O(1) for each task on the way down. Counts as looking at the outcome.
 *
 * **Example** (A task that sleeps)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const task = yield* asyncio.createTask(asyncio.sleep("1 hour"))
 *   yield* asyncio.sleep(0)
 *   const accepted = yield* asyncio.Task.cancel(task)
 *   yield* asyncio.Task.await(task)
 *   return [accepted, asyncio.Task.cancelled(task), yield* asyncio.Task.cancel(task)]
 * })
 *
 * await asyncio.run(program) // => [true, true, false]
 * ```
 *
 * @category cancelling
 * @since 0.1.0
 */
export const cancel = (
  self: Future<any, any>,
  options?: { readonly message?: string | undefined }
): Effect.Effect<boolean> => Effect.sync(() => request("cancel", self, options))

/**
 * `cancel` for plain callbacks: false if the future is done already.
 *
 * **Example** (A session that ends with its socket)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const socket = new EventTarget()
 *
 * const program = Effect.gen(function*() {
 *   const session = yield* asyncio.createTask(asyncio.sleep("1 hour"))
 *   socket.addEventListener("close", () => asyncio.Task.cancelUnsafe(session))
 *   yield* asyncio.EventLoop.callSoon(() => socket.dispatchEvent(new Event("close")))
 *   yield* asyncio.Task.await(session)
 *   return asyncio.Task.cancelled(session)
 * })
 *
 * await asyncio.run(program) // => true
 * ```
 *
 * @category cancelling
 * @since 0.1.0
 */
export const cancelUnsafe = (
  self: Future<any, any>,
  options?: { readonly message?: string | undefined }
): boolean => request("cancelUnsafe", self, options)

const request = (
  call: string,
  self: Future<any, any>,
  options: { readonly message?: string | undefined } | undefined
): boolean => {
  const future = impl(call, self)
  checkCancelOptions(`Future.${call}`, options)
  return walk.cancel(future, options?.message)
}

const checkCancelOptions = check.options<{ readonly message?: string | undefined }>({ message: check.string })

/**
 * Requests cancellation of one or many, and waits until all of them have ended.
 *
 * **When to use**
 *
 * Use wherever something has to be over before the program goes on: before a connection is closed, a file is removed or
 * a worker is replaced. It replaces `cancel` followed by a `wait`, a `join` or an `await`.
 *
 * **Details**
 *
 * All get one request each, with the message, before the waiting begins; one that has not started never does. It
 * resumes two ticks after the last has ended, however that ended: one that catches its cancellation and goes on is
 * waited for as long as it runs. It returns nothing. A failure while cleaning up is reported unless somebody looks at
 * it: `Task.await` then gives the exit without waiting. If one had failed before, nothing is reported, as with
 * `cancel`.
 *
 * After `timeout` the wait fails with `TimeoutError`, which names those that have not ended; they get no second
 * request. If the caller is cancelled while it waits, it ends cancelled at once; the others keep their requests.
 * asyncio's idiom of `task.cancel()` and then `await task` within `suppress(CancelledError)` would swallow the caller's
 * own cancellation (python/cpython#103486).
 *
 * The calling task can't be among them: it would wait for its own end, so it dies with `RuntimeError` before any
 * request is made. Those that wait for the caller are cancelled themselves, and do not pass the request on to what they
 * wait for; so two that cancel and wait for each other both end. An empty collection means no wait. No tick if all are
 * done. O(n).
 *
 * **Example** (Workers that are over before the connection is)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const seen: Array<string> = []
 * const worker = (name: string) =>
 *   Effect.onInterrupt(
 *     asyncio.sleep("1 hour"),
 *     () => Effect.andThen(asyncio.sleep("1 second"), Effect.sync(() => seen.push(`${name} is over`)))
 *   )
 *
 * const program = Effect.gen(function*() {
 *   const workers = yield* Effect.forEach(["a", "b"], (name) => asyncio.createTask(worker(name)))
 *   yield* asyncio.sleep(0)
 *   yield* asyncio.Task.cancelAndWait(workers, { message: "shutdown", timeout: "10 seconds" })
 *   seen.push("the connection is closed")
 * })
 *
 * await Effect.runPromise(VirtualLoop.run(program))
 * seen // => ["a is over", "b is over", "the connection is closed"]
 * ```
 *
 * @category cancelling
 * @since 0.2.0
 */
export const cancelAndWait = <Timeout extends Duration.Input | undefined = undefined>(
  self: Future<any, any> | Iterable<Future<any, any>>,
  options?: { readonly message?: string | undefined; readonly timeout?: Timeout | undefined }
): Effect.Effect<void, [Timeout] extends [undefined] ? never : Cause.TimeoutError, EventLoop> =>
  // Without a timeout it can't fail with one.
  Effect.withFiber((fiber) => endAll(fiber, self, options)) as Effect.Effect<void, any, EventLoop>

const endAll = (
  fiber: Fiber.Fiber<unknown, unknown>,
  self: Future<any, any> | Iterable<Future<any, any>>,
  options: { readonly message?: string | undefined; readonly timeout?: Duration.Input | undefined } | undefined
): Effect.Effect<void, Cause.TimeoutError, EventLoop> => {
  const call = "Future.cancelAndWait"
  checkEndOptions(call, options)
  const futures = isCollection(self)
    ? Array.from(self, (future) => impl("cancelAndWait", future))
    : [impl("cancelAndWait", self)]
  checkAwaitables(call, futures, fiber)
  const me = currentTask(fiber)
  for (const future of futures) {
    if (future === me) throw new RuntimeError({ message: `${call}: ${future} cannot wait for its own end` })
  }
  walk.cancelAll(futures, options?.message, me)
  for (const future of futures) if (future.exit !== undefined) future.retrieve()
  const running = futures.filter((future) => future.exit === undefined)
  if (running.length === 0) return Effect.void
  return Effect.flatMap(wait(running, { timeout: options?.timeout }), ({ pending }) => {
    if (pending.size === 0) return Effect.void
    const left = `; still ending: ${format(Array.from(pending))}`
    return Effect.fail(timeoutError(call, check.nanos(call, options!.timeout!), left))
  })
}

const checkEndOptions = check.options<
  { readonly message?: string | undefined; readonly timeout?: Duration.Input | undefined }
>({
  message: check.string,
  timeout: check.duration
})

/** An Effect is iterable, too, but is no collection. */
const isCollection = (self: unknown): self is Iterable<Future<any, any>> =>
  Predicate.isIterable(self) && !isFuture(self) && !Effect.isEffect(self)

/**
 * The message given to `cancel`, if the cause has one.
 *
 * **Example** (The reason, in a clean-up)
 *
 * ```ts import.meta.vitest
 * import { Effect, Option } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const reasons: Array<string> = []
 * const session = asyncio.sleep("1 hour").pipe(
 *   Effect.onError((cause) =>
 *     Effect.sync(() => reasons.push(Option.getOrElse(asyncio.Task.cancelMessage(cause), () => "no reason")))
 *   )
 * )
 *
 * await asyncio.run(Effect.gen(function*() {
 *   const first = yield* asyncio.createTask(session)
 *   const second = yield* asyncio.createTask(session)
 *   yield* asyncio.sleep(0)
 *   yield* asyncio.Task.cancel(first, { message: "shutdown" })
 *   yield* asyncio.Task.cancel(second)
 * }))
 * reasons // => ["shutdown", "no reason"]
 * ```
 *
 * @category cancelling
 * @since 0.1.0
 */
export const cancelMessage = (cause: Cause.Cause<unknown>): Option.Option<string> => {
  check.cause("Future.cancelMessage", "the argument", cause)
  return Option.fromUndefinedOr(cancelMessageOf(Exit.failCause(cause)))
}

/**
 * Adds a callback for when the future is done.
 *
 * **Details**
 *
 * Callbacks run from the ready queue, in the order they were added, duplicates included, and never inside the call that
 * completes the future; on a future that is done, in the next tick. What a callback throws or rejects with goes to the
 * loop's exception handler. An Effect that it returned would not run, so the compiler refuses one. O(1). asyncio's
 * `add_done_callback`.
 *
 * **Example** (What is under way)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const running = new Set<asyncio.Future.Future<unknown>>()
 *
 * const program = Effect.gen(function*() {
 *   const fast = yield* asyncio.createTask(asyncio.sleep("1 millis"))
 *   const slow = yield* asyncio.createTask(asyncio.sleep("1 hour"))
 *   for (const task of [fast, slow]) {
 *     running.add(task)
 *     yield* asyncio.Task.addDoneCallback(task, (done) => running.delete(done))
 *   }
 *   yield* fast // the callback came first, so it runs first
 *   return [running.has(fast), running.has(slow)]
 * })
 *
 * await asyncio.run(program) // => [false, true]
 * ```
 *
 * @category callbacks
 * @since 0.1.0
 */
export const addDoneCallback = <A, E, B = void>(
  self: Future<A, E>,
  callback: (future: Future<A, E>) => Awaitable.NotEffect<B>
): Effect.Effect<void> =>
  Effect.sync(() => {
    const future = impl("addDoneCallback", self)
    check.callback("Future.addDoneCallback", "the callback", callback)
    future.addCallback(callback)
  })

/**
 * Removes every equal callback that is not in the ready queue yet; returns how many.
 *
 * **Details**
 *
 * O(1) each. asyncio's `remove_done_callback`.
 *
 * **Example** (Removed in time, and too late)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * let calls = 0
 * const count = () => void calls++
 *
 * const program = Effect.gen(function*() {
 *   const future = yield* asyncio.Future.make<string>()
 *   yield* asyncio.Future.addDoneCallback(future, count)
 *   yield* asyncio.Future.addDoneCallback(future, count)
 *   const inTime = yield* asyncio.Future.removeDoneCallback(future, count)
 *   yield* asyncio.Future.addDoneCallback(future, count)
 *   yield* asyncio.Future.succeed(future, "done")
 *   const tooLate = yield* asyncio.Future.removeDoneCallback(future, count)
 *   yield* asyncio.sleep(0)
 *   return { inTime, tooLate, calls }
 * })
 *
 * await asyncio.run(program) // => { inTime: 2, tooLate: 0, calls: 1 }
 * ```
 *
 * @category callbacks
 * @since 0.1.0
 */
export const removeDoneCallback = <A, E>(
  self: Future<A, E>,
  callback: (future: Future<A, E>) => void
): Effect.Effect<number> =>
  Effect.sync(() => {
    const future = impl("removeDoneCallback", self)
    check.callback("Future.removeDoneCallback", "the callback", callback)
    return future.removeCallback(callback)
  })

/**
 * The unfinished tasks that wait for this one, by `join`, `await`, `gather`, `wait`, `shield` or `TaskGroup`.
 *
 * **Details**
 *
 * O(n) in the number of waiters. asyncio's call graph.
 *
 * **Example** (Who is held up)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const config = yield* asyncio.Future.make<string>()
 *   yield* asyncio.createTask(asyncio.Future.join(config), { name: "server" })
 *   yield* asyncio.createTask(asyncio.shield(config), { name: "logger" })
 *   yield* asyncio.sleep(0)
 *   return Array.from(asyncio.Future.awaitedBy(config), (task) => task.name)
 * })
 *
 * await asyncio.run(program) // => ["server", "logger"]
 * ```
 *
 * @category state
 * @since 0.1.0
 */
export const awaitedBy = (self: Future<any, any>): ReadonlySet<Task<unknown, unknown>> =>
  internalTasks.awaitedBy(impl("awaitedBy", self))

/** Completing is for futures without a task; a task's own fiber completes it. */
const settable = <A, E>(call: string, self: Future<A, E>): FutureImpl<A, E> => {
  const future = impl(call, self)
  if (future.kind !== "Future") throw new RuntimeError({ message: `Future.${call}: ${future} sets its own result` })
  return future
}

const complete = <A, E>(
  call: string,
  self: Future<A, E>,
  exit: Exit.Exit<A, E>
): Effect.Effect<void, InvalidStateError> =>
  Effect.suspend(() => {
    const future = settable(call, self)
    return future.complete(exit)
      ? Effect.void
      : Effect.fail(new InvalidStateError({ message: `Future.${call}: ${future} is already done` }))
  })

/**
 * Gives the future its value.
 *
 * **Details**
 *
 * Fails with `InvalidStateError` if it is done already, even if by being cancelled. Dies on a task, which sets its own
 * result. asyncio's `set_result`.
 *
 * **Example** (A reply in time, and one too late)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const first = yield* asyncio.Future.make<string>()
 *   yield* asyncio.Future.succeed(first, "pong")
 *
 *   const second = yield* asyncio.Future.make<string>()
 *   yield* Effect.ignore(asyncio.waitFor(second, "1 millis")) // gives up, and so cancels it
 *   const error = yield* Effect.flip(asyncio.Future.succeed(second, "pong"))
 *
 *   return [yield* first, error._tag]
 * })
 *
 * await asyncio.run(program) // => ["pong", "InvalidStateError"]
 * ```
 *
 * @category completing
 * @since 0.1.0
 */
export const succeed = <A, E>(self: Future<A, E>, value: A): Effect.Effect<void, InvalidStateError> =>
  complete("succeed", self, Exit.succeed(value))

/**
 * Gives the future a typed failure.
 *
 * **Details**
 *
 * Fails with `InvalidStateError` if it is done already, even if by being cancelled. Dies on a task, which sets its own
 * result. A failure that nobody looks at is reported to the loop's exception handler. asyncio's `set_exception`.
 *
 * **Example** (An error with a type)
 *
 * ```ts import.meta.vitest
 * import { Data, Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * class Refused extends Data.TaggedError("Refused")<{ readonly port: number }> {}
 *
 * const program = Effect.gen(function*() {
 *   const connection = yield* asyncio.Future.make<string, Refused>()
 *   yield* asyncio.Future.fail(connection, new Refused({ port: 81 }))
 *   return yield* asyncio.Future.join(connection).pipe(
 *     Effect.catchTag("Refused", ({ port }) => Effect.succeed(`port ${port} is closed`))
 *   )
 * })
 *
 * await asyncio.run(program) // => "port 81 is closed"
 * ```
 *
 * @category completing
 * @since 0.1.0
 */
export const fail = <A, E>(self: Future<A, E>, error: E): Effect.Effect<void, InvalidStateError> =>
  complete("fail", self, Exit.fail(error))

/**
 * Gives the future a failure with a whole cause: a defect, several failures.
 *
 * **Details**
 *
 * Fails with `InvalidStateError` if it is done already, even if by being cancelled. Dies on a task, which sets its own
 * result. With a cause that consists only of interrupts, the future ends cancelled.
 *
 * **Example** (Passing an outcome on, a defect too)
 *
 * ```ts import.meta.vitest
 * import { Effect, Exit } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const parse = (json: string) => Effect.sync((): unknown => JSON.parse(json))
 *
 * const program = Effect.gen(function*() {
 *   const config = yield* asyncio.Future.make<unknown>()
 *   yield* Effect.matchCauseEffect(parse("{"), {
 *     onFailure: (cause) => asyncio.Future.failCause(config, cause),
 *     onSuccess: (value) => asyncio.Future.succeed(config, value)
 *   })
 *   return Exit.hasDies(yield* asyncio.Future.await(config))
 * })
 *
 * await asyncio.run(program) // => true
 * ```
 *
 * @category completing
 * @since 0.1.0
 */
export const failCause = <A, E>(self: Future<A, E>, cause: Cause.Cause<E>): Effect.Effect<void, InvalidStateError> => {
  check.cause("Future.failCause", "the cause", cause)
  return complete("failCause", self, Exit.failCause(cause))
}

/**
 * `succeed` for plain callbacks: false where that fails. Throws `RuntimeError` on a task.
 *
 * **Example** (The first event counts)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { EventEmitter } from "node:events"
 *
 * const socket = new EventEmitter()
 * const taken: Array<boolean> = []
 *
 * const program = Effect.gen(function*() {
 *   const greeting = yield* asyncio.Future.make<string>()
 *   socket.on("data", (line: string) => taken.push(asyncio.Future.succeedUnsafe(greeting, line)))
 *   socket.emit("data", "hello")
 *   socket.emit("data", "anybody there?")
 *   return yield* greeting
 * })
 *
 * await asyncio.run(program) // => "hello"
 * taken // => [true, false]
 * ```
 *
 * @category completing
 * @since 0.1.0
 */
export const succeedUnsafe = <A, E>(self: Future<A, E>, value: A): boolean =>
  settable("succeedUnsafe", self).complete(Exit.succeed(value))

/**
 * `fail` for plain callbacks: false where that fails. Throws `RuntimeError` on a task.
 *
 * **Example** (A function that takes a callback)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { readFile } from "node:fs"
 *
 * const program = Effect.gen(function*() {
 *   const text = yield* asyncio.Future.make<string, NodeJS.ErrnoException>()
 *   readFile("missing.txt", "utf8", (error, data) => {
 *     if (error === null) asyncio.Future.succeedUnsafe(text, data)
 *     else asyncio.Future.failUnsafe(text, error)
 *   })
 *   const error = yield* Effect.flip(asyncio.Future.join(text))
 *   return error.code
 * })
 *
 * await asyncio.run(program) // => "ENOENT"
 * ```
 *
 * @category completing
 * @since 0.1.0
 */
export const failUnsafe = <A, E>(self: Future<A, E>, error: E): boolean =>
  settable("failUnsafe", self).complete(Exit.fail(error))
