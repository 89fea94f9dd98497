/**
 * The event loop's state: its ready queue, its timers, and the registry that owns every task.
 *
 * What differs between the live loop, the one under TestClock and the virtual one is what they are built on: a
 * `Scheduler` and a `Clock`, both Effect's own interfaces. All that is here is shared.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import { RuntimeError } from "../Errors.ts"
import type { ExceptionContext, Handle, Options, Shape, TimerHandle } from "../EventLoop.ts"
import { type AsyncContext, capture } from "./AsyncContext.ts"
import { cancelAll, isCancelled } from "./cancellation.ts"
import * as check from "./check.ts"
import { ended } from "./future.ts"
import { HostTurns } from "./HostTurns.ts"
import type { Origin } from "./Origin.ts"
import { type Entry, ForeignQueue, OwnQueue, type ReadyQueue } from "./ReadyQueue.ts"
import { Registry } from "./Registry.ts"
import { copy, EventLoop } from "./service.ts"
import { SlowCallbackQueue } from "./slowCallbacks.ts"
import { nowNanos, PlainTimer, Timers } from "./Timers.ts"
import { Unseen } from "./Unseen.ts"

/** A program that somebody waits for. */
export interface Main {
  /** Ends the waiting: the loop can't go on. */
  fail(cause: Cause.Cause<never>): void
}

type ExceptionHandler = (context: ExceptionContext) => Effect.Effect<void>

export class LoopImpl implements Shape {
  readonly copy = copy
  readonly ready: ReadyQueue
  readonly scheduler: Scheduler.Scheduler
  /** Every task that is not done. */
  readonly tasks = new Registry()
  /** The failures that nobody has looked at. */
  readonly unseen: Unseen
  /** Names `Task-N`: counted by loop, so that a run's names do not depend on what ran before it. */
  taskCount = 0
  /** What the loop's layer provides: the service, the scheduler, and steps that are atomic. */
  readonly provided: Context.Context<EventLoop>
  /** The same, on what the loop was built in: its loggers and its clock. */
  readonly context: Context.Context<EventLoop>
  private readonly clock: Clock.Clock
  private readonly timers = new Map<Clock.Clock, Timers>()
  private state: "open" | "closing" | "closed" = "open"
  private handler: ExceptionHandler
  // INVARIANT: the fibers of exception handlers that have not ended; closing waits for them.
  private readonly reports = new Set<Fiber.Fiber<void, unknown>>()
  /** The clock of the fiber that scheduled the callback that runs now. */
  private callbackClock: Clock.Clock | undefined = undefined

  constructor(
    context: Context.Context<never>,
    ready: ReadyQueue,
    options: Options | undefined,
    reportOnlyAtClose: boolean
  ) {
    const parent = Context.get(context, Scheduler.Scheduler)
    this.clock = Context.get(context, Clock.Clock)
    this.ready = options?.debug === true
      ? new SlowCallbackQueue(ready, check.nanos("EventLoop", options.slowCallbackDuration ?? "100 millis"), this)
      : ready
    this.scheduler = {
      executionMode: parent.executionMode,
      shouldYield: (fiber) => parent.shouldYield(fiber),
      makeDispatcher: () => this.ready
    }
    this.provided = Context.make(EventLoop, this as Shape).pipe(
      Context.add(Scheduler.Scheduler, this.scheduler),
      Context.add(Scheduler.PreventSchedulerYield, true)
    )
    this.context = Context.merge(context, this.provided)
    this.handler = this.defaultHandler
    this.unseen = new Unseen((context, origin) => this.report(context, origin), reportOnlyAtClose)
  }

  // ------------------------------------------------------------------------------------------------------------- time

  /** The calling fiber's clock; in a callback, the one of the fiber that scheduled it. */
  currentClock(): Clock.Clock {
    return Fiber.getCurrent()?.getRef(Clock.Clock) ?? this.callbackClock ?? this.clock
  }

  timeUnsafe = (): number => nowNanos(this.currentClock()) / 1e9

  /**
   * The scheduler for what a fiber begins: its own, as it may be one around the loop's, a TestClock's say; but not one that
   * runs only while `runSync` waits.
   */
  schedulerOf(fiber: Fiber.Fiber<unknown, unknown> | undefined): Scheduler.Scheduler {
    const scheduler = fiber?.cache.scheduler
    return scheduler === undefined || scheduler.executionMode === "sync" ? this.scheduler : scheduler
  }

  timersOf(clock: Clock.Clock): Timers {
    let timers = this.timers.get(clock)
    if (timers === undefined) {
      timers = new Timers(clock, this.schedulerOf(Fiber.getCurrent()), this.context, () => this.timers.delete(clock))
      this.timers.set(clock, timers)
    }
    return timers
  }

  // -------------------------------------------------------------------------------------------------------- callbacks

  callSoonUnsafe = (callback: () => void): Handle => {
    this.checkOpen("callSoon")
    check.callback("callSoon", "the callback", callback)
    const handle = new CallbackHandle(this, callback)
    this.ready.schedule(handle, 0)
    return handle
  }

  callLaterUnsafe = (delay: Duration.Input, callback: () => void): TimerHandle => {
    this.checkOpen("callLater")
    check.callback("callLater", "the callback", callback)
    const clock = this.currentClock()
    return this.startTimer("callLater", clock, nowNanos(clock) + check.nanos("callLater", delay), callback)
  }

  callAtUnsafe = (when: number, callback: () => void): TimerHandle => {
    this.checkOpen("callAt")
    check.callback("callAt", "the callback", callback)
    check.seconds("callAt", when)
    return this.startTimer("callAt", this.currentClock(), Math.round(when * 1e9), callback, when)
  }

  private startTimer(
    call: string,
    clock: Clock.Clock,
    deadline: number,
    callback: () => void,
    when = deadline / 1e9
  ): TimerHandle {
    const timer = new CallbackTimer(call, this, clock, deadline, when, callback)
    if (deadline < Infinity) this.timersOf(clock).add(timer)
    return timer
  }

  /** Runs a plain callback; what it throws, or its promise rejects with, goes to the exception handler. */
  runCallback(
    call: string,
    callback: () => unknown,
    asyncContext: AsyncContext | undefined,
    context: Omit<ExceptionContext, "message" | "cause">,
    clock?: Clock.Clock
  ): void {
    const before = this.callbackClock
    this.callbackClock = clock
    try {
      const result = asyncContext === undefined ? callback() : asyncContext.run(callback, undefined)
      if (result instanceof Promise) result.catch((reason: unknown) => this.callbackFailed(reason, context))
      check.callbackResult(call, "what the callback gives", result)
    } catch (thrown) {
      this.callbackFailed(thrown, context)
    } finally {
      this.callbackClock = before
    }
  }

  private callbackFailed(thrown: unknown, context: Omit<ExceptionContext, "message" | "cause">): void {
    this.report({ message: "Exception in callback", cause: Cause.die(thrown), ...context })
  }

  // ------------------------------------------------------------------------------------------------------- exceptions

  setHandler(handler: ExceptionHandler | undefined): void {
    this.handler = handler ?? this.defaultHandler
  }

  /** Starts the exception handler, in this very step. What the handler itself fails with goes to the default one. */
  report(context: ExceptionContext, origin?: Origin): void {
    const handler = this.handler
    const guarded = handler === this.defaultHandler ? handler(context) : Effect.suspend(() => handler(context)).pipe(
      Effect.catchCause((cause) =>
        this.defaultHandler({ ...context, message: "Unhandled error in exception handler", cause })
      )
    )
    const fiber = Effect.runForkWith(origin?.addTo(this.context) ?? this.context)(guarded)
    if (fiber.pollUnsafe() !== undefined) return
    this.reports.add(fiber)
    fiber.addObserver(() => this.reports.delete(fiber))
  }

  private readonly defaultHandler: ExceptionHandler = ({ cause, future, message, subject, task }) => {
    const about = subject ?? task ?? future
    const text = about === undefined ? message : `${message}: ${about}`
    return cause === undefined ? Effect.logError(text) : Effect.logError(text, cause)
  }

  // ---------------------------------------------------------------------------------------------------------- running

  // INVARIANT: the programs that somebody waits for.
  readonly mains = new Set<Main>()
  /** Whether it runs for those programs only, not for whatever fibers are provided with it. */
  runsByMains = false
  /** Told when a program begins or ends, and when the loop begins to close: a virtual loop drives itself by that. */
  onChange: (() => void) | undefined = undefined

  enter(main: Main): void {
    this.mains.add(main)
    this.onChange?.()
  }

  leave(main: Main): void {
    this.mains.delete(main)
    this.onChange?.()
  }

  // ---------------------------------------------------------------------------------------------------------- closing

  isClosed = (): boolean => this.state === "closed"

  get isClosing(): boolean {
    return this.state === "closing"
  }

  checkOpen(call: string): void {
    if (this.state === "closed") throw new RuntimeError({ message: `${call}: the event loop is closed` })
  }

  /**
   * Cancels every task and waits for it, again for those that a clean-up made meanwhile; then reports the failures that
   * nobody saw, stops the timers and drops the callbacks that are left.
   */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    if (this.state !== "open") return Effect.void
    this.state = "closing"
    this.onChange?.()
    return this.endTasks().pipe(Effect.andThen(Effect.suspend(() => {
      this.unseen.reportAll()
      for (const timers of this.timers.values()) timers.clear()
      this.timers.clear()
      this.state = "closed"
      return Fiber.awaitAll(this.reports)
    })))
  })

  /** The tasks left can't end, so nobody waits for them any longer. */
  abandonTasks(): void {
    for (const task of Array.from(this.tasks)) {
      this.report({ message: "Task was destroyed but it is pending!", task })
      task.abandon()
    }
  }

  private endTasks(): Effect.Effect<void> {
    const tasks = Array.from(this.tasks)
    if (tasks.length === 0) return Effect.void
    cancelAll(tasks)
    return Effect.forEach(tasks, ended, { discard: true }).pipe(Effect.andThen(Effect.suspend(() => {
      for (const task of tasks) {
        const exit = task.exit!
        if (exit._tag === "Failure" && !isCancelled(exit)) {
          const message = "Unhandled exception during shutdown of the event loop"
          this.report({ message, cause: exit.cause, task }, task.origin)
        }
      }
      return this.endTasks()
    })))
  }
}

/** The queue for a loop on somebody else's scheduler. */
const makeReadyQueue = (parent: Scheduler.Scheduler, clock: Clock.Clock): ReadyQueue => {
  const dispatcher = parent.makeDispatcher()
  // Only Effect's plain scheduler is known not to count, delay or order what it is given.
  const isPlain = Object.getPrototypeOf(parent) === Scheduler.MixedScheduler.prototype
  return isPlain && parent.executionMode === "async"
    ? new OwnQueue(new HostTurns(dispatcher, clock).request)
    : new ForeignQueue(dispatcher)
}

/** The loop that the fiber runs on; a missing one is a compile error, for those who have types. */
export const getLoop = (call: string, fiber: Fiber.Fiber<unknown, unknown>): LoopImpl => {
  const loop = findLoop(fiber)
  // Not `instanceof`: who only waits for tasks need not load what a loop is made of.
  return loop?.copy === copy ? loop : noLoop(call, fiber)
}

/** The layers of this package are the only ones that make the service; those of a second copy do, too. */
export const findLoop = (fiber: Fiber.Fiber<unknown, unknown>): LoopImpl | undefined =>
  Context.getOrUndefined(fiber.context, EventLoop) as LoopImpl | undefined

const noLoop = (call: string, fiber: Fiber.Fiber<unknown, unknown>): never => {
  const keys = Array.from(fiber.context.mapUnsafe.keys())
  throw new RuntimeError({
    message: keys.some((key) => /^effect-asyncio(@.*)?\/EventLoop$/.test(key))
      ? `${call}: the event loop here ${check.fromAnotherCopy}`
      : `${call}: no running event loop: run the program with asyncio.run, or provide EventLoop.layer()`
  })
}

const nameOf = (callback: () => void): string => callback.name === "" ? "callback" : callback.name

class CallbackHandle implements Handle, Entry {
  readonly owner = this
  cancelled = false
  private readonly loop: LoopImpl
  private readonly clock: Clock.Clock
  private readonly callback: () => void
  private readonly asyncContext = capture()
  constructor(loop: LoopImpl, callback: () => void) {
    this.loop = loop
    this.clock = loop.currentClock()
    this.callback = callback
  }
  run(): void {
    if (!this.cancelled && !this.loop.isClosed()) {
      this.loop.runCallback("callSoon", this.callback, this.asyncContext, {}, this.clock)
    }
  }
  toString(): string {
    return `<Handle ${nameOf(this.callback)}>`
  }
  cancelUnsafe(): void {
    this.cancelled = true
  }
  readonly cancel = Effect.sync(() => this.cancelUnsafe())
}

class CallbackTimer extends PlainTimer implements TimerHandle {
  readonly owner = this
  cancelled = false
  readonly when: number
  private readonly loop: LoopImpl
  private readonly clock: Clock.Clock
  private readonly call: string
  private readonly callback: () => void
  private readonly asyncContext = capture()
  constructor(
    call: string,
    loop: LoopImpl,
    clock: Clock.Clock,
    deadline: number,
    when: number,
    callback: () => void
  ) {
    super(deadline)
    this.call = call
    this.loop = loop
    this.clock = clock
    this.when = when
    this.callback = callback
  }
  fire(): void {
    if (!this.loop.isClosed()) this.loop.runCallback(this.call, this.callback, this.asyncContext, {}, this.clock)
  }
  override toString(): string {
    return `<TimerHandle ${nameOf(this.callback)}>`
  }
  cancelUnsafe(): void {
    this.cancelled = true
    this.disarm()
  }
  readonly cancel = Effect.sync(() => this.cancelUnsafe())
}

export const optionKinds = { debug: check.boolean, slowCallbackDuration: check.duration }
export const checkOptions = check.options<Options>(optionKinds)

/** Builds a loop on the scheduler and clock of the context. */
export const makeLoop = (
  context: Context.Context<never>,
  options: Options | undefined
): LoopImpl => {
  const ready = makeReadyQueue(Context.get(context, Scheduler.Scheduler), Context.get(context, Clock.Clock))
  return new LoopImpl(context, ready, options, false)
}
