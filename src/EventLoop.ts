/**
 * The event loop: one ready queue, one clock at a time, and the registry that owns every task.
 *
 * Order: a tick runs what was ready when it began, first come, first served; whatever that schedules runs in the next
 * tick. Timers that are due run after the other entries of their tick, in order of their deadlines; equal ones are
 * first come, first served. A waiter that is woken is scheduled; it never runs inside its waker. So a program on one
 * loop takes the same steps in the same order every time, under `TestClock` and on the virtual loop too.
 *
 * Steps are atomic: the loop sets Effect's `PreventSchedulerYield`, so that only suspending or yielding ends a step. To
 * have Effect's automatic yields in part of a program, reset that reference there.
 *
 * Time is that of the calling fiber's `Clock`, in seconds as in asyncio.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Scope from "effect/Scope"
import type { Awaitable } from "./Awaitable.ts"
import type { Future } from "./Future.ts"
import * as check from "./internal/host/check.ts"
import { getLoop } from "./internal/loop/currentLoop.ts"
import { checkOptions, makeLoop } from "./internal/loop/makeLoop.ts"
import { CurrentHandling } from "./internal/loop/Reports.ts"
import { EventLoop } from "./internal/loop/service.ts"
import { close } from "./internal/task/closing.ts"
import { runMain } from "./internal/task/main.ts"
import { CurrentRegion } from "./internal/waiting/Region.ts"
import type { Task } from "./Task.ts"

/**
 * A callback in the ready queue.
 *
 * @category models
 * @since 0.1.0
 */
export interface Handle {
  /** Whether it has been cancelled. */
  readonly cancelled: boolean
  /** Keeps the callback from running. Does nothing the second time, or after the callback has run. */
  readonly cancel: Effect.Effect<void>
  /** `cancel` for plain callbacks. */
  cancelUnsafe(): void
  /** With the callback's name: `<Handle tick>`, `<Handle cancelled tick>`, `<TimerHandle when=5 tick>`. */
  toString(): string
}

/**
 * A callback that waits for its time.
 *
 * @category models
 * @since 0.1.0
 */
export interface TimerHandle extends Handle {
  /** Its time, in seconds of the loop's clock. */
  readonly when: number
}

/**
 * What an exception handler receives.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExceptionContext {
  /** What happened, in asyncio's words: `Task exception was never retrieved`. */
  readonly message: string
  /** The failure. */
  readonly cause?: Cause.Cause<unknown> | undefined
  /** The future, if the report is about one that is not a task. */
  readonly future?: Future<unknown, unknown> | undefined
  /** The task, if the report is about one. */
  readonly task?: Task<unknown, unknown> | undefined
  /**
   * A description of the future or task, with its name and where it was created; present even if it has been
   * garbage-collected.
   */
  readonly subject?: string | undefined
}

/**
 * Options of a loop.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** Warn about callbacks and task steps that hold the loop for longer than `slowCallbackDuration`. Default: false. */
  readonly debug?: boolean | undefined
  /** Default: 100 milliseconds. */
  readonly slowCallbackDuration?: Duration.Input | undefined
  /**
   * How long the closing loop waits for clean-ups and for the exception handler. After that, it logs an error that
   * names the remaining tasks, and abandons them: they get no further step on the loop. Default: no limit; a live loop
   * that has been closing for 5 seconds logs a warning that names them.
   */
  readonly closeTimeout?: Duration.Input | undefined
  /**
   * Whether tasks record where they were created, for reports, printing, `DeadlockError` and insight. Turned off, a
   * task that is created on the loop costs about a microsecond and some 100 bytes less, and only its name tells where
   * it comes from. An effect that was made outside of the loop, such as a constant of a module, has its place all the
   * same. Default: true.
   */
  readonly creationSites?: boolean | undefined
}

/**
 * What the service offers to plain code, such as another library's callback. Programs use the functions of this module.
 *
 * @category models
 * @since 0.1.0
 */
export interface Shape {
  /** `time` for plain code, in seconds. */
  readonly timeUnsafe: () => number
  /** Whether it has closed: no task or callback can be added any more. */
  readonly isClosed: () => boolean
  /** `allTasks` for plain code. O(n). */
  readonly allTasksUnsafe: () => ReadonlySet<Task<unknown, unknown>>
  /** `callSoon` for plain code. */
  readonly callSoonUnsafe: <A>(callback: () => Awaitable.NotEffect<A>) => Handle
  /** `callLater` for plain code. */
  readonly callLaterUnsafe: <A>(delay: Duration.Input, callback: () => Awaitable.NotEffect<A>) => TimerHandle
  /** `callAt` for plain code. */
  readonly callAtUnsafe: <A>(when: number, callback: () => Awaitable.NotEffect<A>) => TimerHandle
  /** `<EventLoop open tasks=2>`, `<EventLoop closed>`. */
  toString(): string
}

export { EventLoop }

/**
 * Makes an event loop for as long as the layer's scope is open.
 *
 * **When to use**
 *
 * Use to give a program made of several layers, or a test, one loop. `provide` and `run` make their own.
 *
 * **Details**
 *
 * It is built on the current `Scheduler` and `Clock`: under `TestClock`, time stands still until the test advances it;
 * `TestLoop.layer` is the best way to do so.
 *
 * When the scope closes, every remaining task is cancelled and awaited, then failures that nobody saw are reported, and
 * the exception handler is awaited. Until all that is done the loop runs as before: clean-ups and the handler may
 * sleep, use timeouts and make tasks. `closeTimeout` limits how long that takes. Then the remaining callbacks are
 * dropped.
 *
 * Fibers outside its tasks (`Effect.forkDetach`) do not belong to the loop: they go on after it has closed, even in
 * `sleep`, `timeout` and `wait`, and keep the process alive meanwhile. But they can't make tasks any more.
 *
 * **Example** (A loop for a program)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const task = yield* asyncio.createTask(asyncio.sleep("10 millis", "done"))
 *   return yield* task
 * })
 *
 * await Effect.runPromise(program.pipe(Effect.provide(asyncio.EventLoop.layer()))) // => "done"
 * ```
 *
 * **Example** (A clean-up that never ends)
 *
 * ```ts import.meta.vitest
 * import { Effect, Logger } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const lines: Array<unknown> = []
 * const recorder = Logger.layer([Logger.make(({ message }) => lines.push(message))])
 * const program = Effect.gen(function*() {
 *   yield* asyncio.createTask(Effect.ensuring(asyncio.sleep("1 hour"), Effect.never), { name: "stubborn" })
 *   yield* asyncio.sleep(0)
 *   return "done"
 * })
 * const loop = asyncio.EventLoop.layer({ closeTimeout: "10 millis" })
 *
 * await Effect.runPromise(program.pipe(Effect.provide(loop), Effect.provide(recorder))) // => "done"
 * String(lines).includes("did not close within closeTimeout, 10 ms; abandoned:\n  <Task cancelling name='stubborn'") // => true
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<EventLoop> =>
  Layer.effectContext(
    Effect.contextWith((context: Context.Context<Scope.Scope>) => {
      checkOptions("EventLoop.layer", options)
      const loop = makeLoop(context, options)
      // What the loop provides, without the context in which it was built: the service, the scheduler, and atomic
      // steps.
      return Effect.as(Scope.addFinalizer(Context.get(context, Scope.Scope), close(loop)), loop.provided)
    })
  )

/**
 * Runs `main` as the first task of a fresh loop, then closes the loop.
 *
 * **Details**
 *
 * Ends as `main` ended, after the tasks it left have been cancelled and awaited. Interrupting it cancels `main` and
 * waits. asyncio's `run`, as an effect.
 *
 * **Example** (Tasks without a layer)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const both = asyncio.gather([Effect.succeed(1), Effect.succeed("two")])
 *
 * await Effect.runPromise(asyncio.EventLoop.provide(both)) // => [1, "two"]
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const provide = <A, E, R>(
  main: Effect.Effect<A, E, R>,
  options?: Options
): Effect.Effect<A, E, Exclude<R, EventLoop>> =>
  Effect.suspend(() => {
    checkOptions("EventLoop.provide", options)
    return Effect.provide(runMain("EventLoop.provide", main), layer(options), { local: true })
  })

/**
 * Reads the loop's clock, which is monotonic, in seconds.
 *
 * **Details**
 *
 * It reads the clock of the calling fiber. asyncio's `loop.time()`.
 *
 * **Example** (How long something takes)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const program = Effect.gen(function*() {
 *   const begin = yield* asyncio.EventLoop.time
 *   yield* asyncio.gather([asyncio.sleep("500 millis"), asyncio.sleep("1500 millis")])
 *   return (yield* asyncio.EventLoop.time) - begin
 * })
 *
 * await Effect.runPromise(VirtualLoop.run(program)) // => 1.5
 * ```
 *
 * @category time
 * @since 0.1.0
 */
export const time: Effect.Effect<number, never, EventLoop> = Effect.withFiber((fiber) =>
  Effect.succeed(getLoop("EventLoop.time", fiber).timeUnsafe())
)

/**
 * Schedules a callback for the next tick, after everything that is ready already.
 *
 * **Details**
 *
 * O(1). What the callback throws or rejects with goes to the exception handler. An Effect that it returned would not
 * run, so the compiler refuses one. Dies with `RuntimeError` on a closed loop. asyncio's `loop.call_soon`.
 *
 * **Example** (Callbacks run in order, never at once)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const seen: Array<string> = []
 * await asyncio.run(Effect.gen(function*() {
 *   yield* asyncio.EventLoop.callSoon(() => seen.push("one"))
 *   yield* asyncio.EventLoop.callSoon(() => seen.push("two"))
 *   seen.push("scheduled")
 *   yield* asyncio.sleep(0)
 * }))
 * seen // => ["scheduled", "one", "two"]
 * ```
 *
 * @category callbacks
 * @since 0.1.0
 */
export const callSoon = <A>(callback: () => Awaitable.NotEffect<A>): Effect.Effect<Handle, never, EventLoop> =>
  Effect.withFiber((fiber) => Effect.succeed(getLoop("callSoon", fiber).callSoonUnsafe(callback)))

/**
 * Schedules a callback to run after `delay`.
 *
 * **Details**
 *
 * O(log n) in the number of pending timers, and so is cancelling it. With a zero or negative delay it runs in the next
 * tick at the earliest, in order of times. With an infinite delay it never runs. NaN dies with `IllegalArgumentError`,
 * a closed loop with `RuntimeError`. asyncio's `loop.call_later`.
 *
 * **Example** (A notice, unless it is fast)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const notices: Array<string> = []
 * const load = (page: string, seconds: number) =>
 *   Effect.gen(function*() {
 *     const notice = yield* asyncio.EventLoop.callLater("2 seconds", () => notices.push(`${page} takes its time`))
 *     yield* asyncio.sleep({ seconds })
 *     yield* notice.cancel
 *   })
 *
 * await Effect.runPromise(VirtualLoop.run(asyncio.gather([load("a", 1), load("b", 3)])))
 * notices // => ["b takes its time"]
 * ```
 *
 * @category callbacks
 * @since 0.1.0
 */
export const callLater = <A>(
  delay: Duration.Input,
  callback: () => Awaitable.NotEffect<A>
): Effect.Effect<TimerHandle, never, EventLoop> =>
  Effect.withFiber((fiber) => Effect.succeed(getLoop("callLater", fiber).callLaterUnsafe(delay, callback)))

/**
 * Schedules a callback to run at seconds on the loop's clock.
 *
 * **Details**
 *
 * As `callLater`, with an absolute time. asyncio's `loop.call_at`.
 *
 * **Example** (Reminders, set in any order)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const program = Effect.gen(function*() {
 *   const seen: Array<string> = []
 *   const start = yield* asyncio.EventLoop.time
 *   for (const [name, minute] of [["lunch", 30], ["call", 10], ["missed", -5]] as const) {
 *     yield* asyncio.EventLoop.callAt(start + 60 * minute, () => seen.push(name))
 *   }
 *   yield* asyncio.sleep("1 hour")
 *   return seen
 * })
 *
 * await Effect.runPromise(VirtualLoop.run(program)) // => ["missed", "call", "lunch"]
 * ```
 *
 * @category callbacks
 * @since 0.1.0
 */
export const callAt = <A>(
  when: number,
  callback: () => Awaitable.NotEffect<A>
): Effect.Effect<TimerHandle, never, EventLoop> =>
  Effect.withFiber((fiber) => Effect.succeed(getLoop("callAt", fiber).callAtUnsafe(when, callback)))

/**
 * Sets the handler for exceptions that nothing else receives: those thrown by callbacks, and failures of tasks that
 * nobody looked at. `undefined` restores the default, which logs an error.
 *
 * **Details**
 *
 * The handler's effect starts in the reporting tick, with the services of the caller of this function, outside any
 * task. It may wait: the closing loop waits for it, and for the tasks that it makes while it runs. If it fails, its
 * context and its own failure go to the default handler. asyncio's `loop.set_exception_handler`.
 *
 * **Example** (A failure that nobody saw)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const messages: Array<string> = []
 * await asyncio.run(Effect.gen(function*() {
 *   yield* asyncio.EventLoop.setExceptionHandler((context) => Effect.sync(() => messages.push(context.message)))
 *   yield* asyncio.createTask(Effect.fail("lost"))
 * }))
 * messages // => ["Task exception was never retrieved"]
 * ```
 *
 * @category exceptions
 * @since 0.1.0
 */
export const setExceptionHandler = <R = never>(
  handler: ((context: ExceptionContext) => Effect.Effect<void, never, R>) | undefined
): Effect.Effect<void, never, R | EventLoop> =>
  Effect.contextWith((context: Context.Context<R | EventLoop>) =>
    Effect.withFiber((fiber) => {
      if (handler !== undefined) check.body("setExceptionHandler", "the handler", handler)
      // The handler is not part of a task, whoever set it.
      const services = Context.omit(CurrentRegion, CurrentHandling)(context)
      getLoop("setExceptionHandler", fiber).reports.handler = handler === undefined
        ? undefined
        : (exception) =>
          Effect.provideContext(check.given("setExceptionHandler", "the handler", handler(exception)), services)
      return Effect.void
    })
  )

/**
 * Reports something to the loop's exception handler.
 *
 * **Details**
 *
 * The handler's effect starts in this very step; the caller does not wait for its end. asyncio's
 * `loop.call_exception_handler`.
 *
 * **Example** (A listener that fails stops nobody)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const seen: Array<string> = []
 * const listeners = [Effect.die("bug"), Effect.sync(() => seen.push("told"))]
 *
 * await asyncio.run(Effect.gen(function*() {
 *   yield* asyncio.EventLoop.setExceptionHandler(({ message }) => Effect.sync(() => seen.push(message)))
 *   for (const listener of listeners) {
 *     yield* listener.pipe(
 *       Effect.catchCause((cause) => asyncio.EventLoop.callExceptionHandler({ message: "a listener failed", cause }))
 *     )
 *   }
 * }))
 * seen // => ["a listener failed", "told"]
 * ```
 *
 * @category exceptions
 * @since 0.1.0
 */
export const callExceptionHandler = (context: ExceptionContext): Effect.Effect<void, never, EventLoop> =>
  Effect.withFiber((fiber) => {
    checkContext("callExceptionHandler", "the context", context)
    getLoop("callExceptionHandler", fiber).reports.report(context)
    return Effect.void
  })

const checkContext = check.kind(
  (value) => Predicate.hasProperty(value, "message") && typeof value.message === "string",
  "an object with a message"
)
