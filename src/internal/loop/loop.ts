/**
 * The event loop's state: its ready queue, its timers, and the registry that owns every task.
 *
 * What differs between the live loop, the one under TestClock and the virtual one is what they are built on: a
 * `Scheduler` and a `Clock`, both Effect's own interfaces. Everything here is shared.
 *
 * It has more than 150 lines of code: its methods are what `EventLoop` promises to plain code.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import { RuntimeError } from "../../Errors.ts"
import type { ExceptionContext, Handle, Options, Shape, TimerHandle } from "../../EventLoop.ts"
import type { Task } from "../../Task.ts"
import * as check from "../host/check.ts"
import { nowNanos } from "../host/hostTime.ts"
import { type Moment, ofNanos, ofSeconds, toSeconds } from "../host/Moment.ts"
import type { Origin } from "../host/Origin.ts"
import { Printable, type Words } from "../host/printing.ts"
import { counted } from "../host/words.ts"
import type { Step } from "../kernel/Entry.ts"
import { observe } from "../kernel/observer.ts"
import type { ReadyQueue } from "../kernel/ReadyQueue.ts"
import type { Timers } from "../kernel/Timers.ts"
import { CurrentRegion } from "../waiting/Region.ts"
import type { Waiter } from "../waiting/Waiter.ts"
import { CallbackHandle, CallbackTimer, Caller } from "./callbacks.ts"
import { ClockTimers } from "./ClockTimers.ts"
import { closed, opened } from "./openLoops.ts"
import { type Listed, Registry } from "./Registry.ts"
import { Reports } from "./Reports.ts"
import { copy, EventLoop } from "./service.ts"
import { SlowSteps } from "./slowSteps.ts"
import { Unseen } from "./Unseen.ts"

type AnyWaiter = Waiter<any, any, any>

/** A task, as its loop sees it. */
export interface Resident extends Listed<Resident>, Task<unknown, unknown> {
  /** Ends it without its fiber. */
  abandon(): void
}

/**
 * `live`: on the host's own time. `driven`: on somebody else's scheduler and clock, such as a TestClock. `virtual`:
 * reports unseen failures only when it closes.
 */
export type Mode = "live" | "driven" | "virtual"

export class LoopImpl extends Printable implements Shape {
  readonly copy = copy
  readonly ready: ReadyQueue
  readonly scheduler: Scheduler.Scheduler
  /** Every task that is not done. */
  readonly tasks: Registry<Resident>
  readonly reports: Reports<EventLoop>
  readonly caller: Caller
  /** The failures that nobody has looked at. */
  readonly unseen: Unseen
  /** Its number in insight, once somebody has looked. */
  id = 0
  /** Names `Task-N`: counted by loop, so that a run's names do not depend on what ran before it. */
  taskCount = 0
  /** What the loop's layer provides: the service, the scheduler, and steps that are atomic. */
  readonly provided: Context.Context<EventLoop>
  /** The same, and what the loop was built with: its loggers and its clock. */
  readonly context: Context.Context<EventLoop>
  readonly clock: Clock.Clock
  readonly timers: ClockTimers
  readonly mode: Mode
  /** Whether its tasks know where they were created. */
  readonly creationSites: boolean
  /** Undefined: closing may take any time. */
  readonly closeTimeout: Duration.Duration | undefined

  constructor(
    context: Context.Context<never>,
    ready: ReadyQueue,
    options: Options | undefined,
    mode: Mode,
    tasks = new Registry<Resident>()
  ) {
    super()
    this.tasks = tasks
    const parent = Context.get(context, Scheduler.Scheduler)
    this.clock = Context.get(context, Clock.Clock)
    this.ready = ready
    this.scheduler = {
      executionMode: parent.executionMode,
      shouldYield: (fiber) => parent.shouldYield(fiber),
      makeDispatcher: () => this.ready
    }
    this.provided = Context.make(EventLoop, this as Shape).pipe(
      Context.add(Scheduler.Scheduler, this.scheduler),
      Context.add(Scheduler.PreventSchedulerYield, true)
    )
    // Even if the loop was made in a task, what runs in this context is not part of that task.
    this.context = Context.add(Context.merge(context, this.provided), CurrentRegion, undefined)
    this.timers = new ClockTimers(this.context)
    this.mode = mode
    this.creationSites = options?.creationSites !== false
    const closeTimeout = check.nanos("EventLoop", options?.closeTimeout ?? Infinity)
    this.closeTimeout = closeTimeout === Infinity ? undefined : Duration.nanos(BigInt(Math.max(0, closeTimeout)))
    this.reports = new Reports(this.context)
    const report = (context: ExceptionContext, origin?: Origin) => this.reports.report(context, origin)
    this.unseen = new Unseen(report, mode === "virtual")
    this.caller = new Caller(report, this.isClosed)
    // Last: a loop whose making fails must not go on watching, and be listed.
    if (options?.debug === true) {
      const limit = check.nanos("EventLoop", options.slowCallbackDuration ?? "100 millis")
      this.unwatch = observe(new SlowSteps(ready, this.clock, limit, this.warnOfSlowStep))
    }
    opened(this)
  }

  get kind(): string {
    return "EventLoop"
  }
  describe(): Words {
    return [this.state, counted("tasks", this.tasks.size)]
  }

  /** Ends what watches it in debug mode. */
  private readonly unwatch: (() => void) | undefined = undefined

  private readonly warnOfSlowStep = ({ owner }: Step, seconds: number): void => {
    const what = owner === undefined || Fiber.isFiber(owner) ? "a step outside of tasks" : String(owner)
    this.fork(Effect.logWarning(`Executing ${what} took ${seconds.toFixed(3)} seconds`))
  }

  // ------------------------------------------------------------------------------------------------------------- time

  /** The calling fiber's clock; in a callback, the one of the fiber that scheduled it. */
  currentClock(): Clock.Clock {
    return Fiber.getCurrent()?.getRef(Clock.Clock) ?? this.caller.clock ?? this.clock
  }

  timeUnsafe = (): number => toSeconds(nowNanos(this.currentClock()))

  /**
   * The scheduler for what a fiber starts: its own, which may be one around the loop's, such as a TestClock's; but not
   * one that runs only while `runSync` waits.
   */
  private schedulerOf(fiber: Fiber.Fiber<unknown, unknown> | undefined): Scheduler.Scheduler {
    const scheduler = fiber?.cache.scheduler
    return scheduler === undefined || scheduler.executionMode === "sync" ? this.scheduler : scheduler
  }

  /** The services of a fiber's tasks: its own, with a scheduler that lasts. */
  servicesOf(fiber: Fiber.Fiber<unknown, unknown>): Context.Context<never> {
    const scheduler = this.schedulerOf(fiber)
    return fiber.cache.scheduler === scheduler
      ? fiber.context
      : Context.add(fiber.context, Scheduler.Scheduler, scheduler)
  }

  /** The same for a task that is about to be made, if the loop still takes any. */
  admit(call: string, fiber: Fiber.Fiber<unknown, unknown>): Context.Context<never> {
    this.checkOpen(call)
    return this.servicesOf(fiber)
  }

  /** The timers of the clock that the fiber reads. */
  timersFor(fiber: Fiber.Fiber<unknown, unknown>): Timers {
    return this.timers.of(fiber.getRef(Clock.Clock), this.schedulerOf(fiber))
  }

  // ------------------------------------------------------------------------------------------------------------ tasks

  allTasksUnsafe = (): ReadonlySet<Task<unknown, unknown>> => new Set(this.tasks)

  // -------------------------------------------------------------------------------------------------------- callbacks

  callSoonUnsafe = (callback: () => void): Handle => {
    this.checkOpen("callSoon")
    check.callback("callSoon", "the callback", callback)
    const handle = new CallbackHandle("callSoon", this.caller, this.currentClock(), callback)
    this.ready.schedule(handle, 0)
    return handle
  }

  callLaterUnsafe = (delay: Duration.Input, callback: () => void): TimerHandle => {
    this.checkOpen("callLater")
    check.callback("callLater", "the callback", callback)
    const nanos = check.nanos("callLater", delay)
    const clock = this.currentClock()
    const timers = this.timers.of(clock, this.schedulerOf(Fiber.getCurrent()))
    const moment = ofNanos(timers.now() + nanos)
    return this.startTimer("callLater", timers, clock, moment, callback)
  }

  callAtUnsafe = (when: number, callback: () => void): TimerHandle => {
    this.checkOpen("callAt")
    check.callback("callAt", "the callback", callback)
    check.seconds("callAt", when)
    const clock = this.currentClock()
    const timers = this.timers.of(clock, this.schedulerOf(Fiber.getCurrent()))
    timers.now()
    return this.startTimer("callAt", timers, clock, ofSeconds(when), callback)
  }

  private startTimer(
    call: string,
    timers: Timers,
    clock: Clock.Clock,
    moment: Moment,
    callback: () => void
  ): TimerHandle {
    const timer = new CallbackTimer(call, this.caller, clock, moment.seconds, callback)
    if (moment.nanos < Infinity) timers.add(timer, moment.nanos)
    return timer
  }

  fork(effect: Effect.Effect<void>): Fiber.Fiber<void> {
    return Effect.runForkWith(this.context)(effect)
  }

  // ---------------------------------------------------------------------------------------------------------- running

  // INVARIANT: those who wait for a program.
  readonly mains = new Set<AnyWaiter>()
  /** Whether it runs only for those programs, not for all fibers that have it. */
  runsByMains = false
  /**
   * Told of a fiber that awaits something already done; may give an effect that stops it. A fiber that does nothing
   * else takes no tick and no time, so a virtual loop has to stop it; other loops do not ask.
   */
  atOnce: ((fiber: Fiber.Fiber<unknown, unknown>) => Effect.Effect<never> | undefined) | undefined = undefined
  /** Called when a program begins or ends, and when the loop begins to close: it drives a virtual loop. */
  onChange: (() => void) | undefined = undefined

  enter(main: AnyWaiter): void {
    this.mains.add(main)
    this.onChange?.()
  }

  leave(main: AnyWaiter): void {
    this.mains.delete(main)
    this.onChange?.()
  }

  // ---------------------------------------------------------------------------------------------------------- closing

  /** See closing.ts. */
  state: "open" | "closing" | "closed" = "open"
  isClosed = (): boolean => this.state === "closed"

  checkOpen(call: string): void {
    if (this.state === "closed") throw new RuntimeError({ message: `${call}: the event loop is closed` })
  }

  private end(): void {
    closed(this)
    this.unwatch?.()
    this.timers.close()
  }

  become(state: "closing" | "closed"): void {
    this.state = state
    if (state === "closed") this.end()
    this.onChange?.()
  }
}
