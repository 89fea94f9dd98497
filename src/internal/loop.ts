/**
 * The event loop's state: its ready queue, its timers, and the registry that owns every task.
 *
 * What differs between the live loop, the one under TestClock and the virtual one is what they are built on: a
 * `Scheduler` and a `Clock`, both Effect's own interfaces. All that is here is shared.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import { RuntimeError } from "../Errors.ts"
import type { ExceptionContext, Handle, Options, Shape, TimerHandle } from "../EventLoop.ts"
import { type AsyncContext, capture } from "./AsyncContext.ts"
import * as check from "./check.ts"
import { nowNanos } from "./host.ts"
import { HostTurns } from "./HostTurns.ts"
import { type Moment, ofNanos, ofSeconds, toSeconds } from "./Moment.ts"
import type { Origin } from "./Origin.ts"
import { counted, format, Printable, shortened, type Words } from "./printing.ts"
import { type Entry, ForeignQueue, isReadyQueue, OwnQueue, type ReadyQueue } from "./ReadyQueue.ts"
import { CurrentRegion } from "./Region.ts"
import { Registry } from "./Registry.ts"
import { copy, EventLoop } from "./service.ts"
import { SlowCallbackQueue } from "./slowCallbacks.ts"
import { type Timer, Timers } from "./Timers.ts"
import { Unseen } from "./Unseen.ts"
import { version } from "./version.ts"
import { type Waiter, WaitQueue } from "./WaitQueue.ts"

type AnyWaiter = Waiter<any, any, any>
type ExceptionHandler = (context: ExceptionContext) => Effect.Effect<void>

/** An exception handler at work. */
interface Handling {
  readonly context: ExceptionContext
  fiber: Fiber.Fiber<void> | undefined
  /** Those who wait for its end. */
  readonly waiting: WaitQueue
}

/** The handling that the fiber is a part of; tasks that a handler makes inherit it. */
export const CurrentHandling = Context.Reference<Handling | undefined>(`effect-asyncio@${version}/CurrentHandling`, {
  defaultValue: () => undefined
})

/**
 * `live`: on the host's own time. `driven`: on a scheduler and a clock of somebody else, as a TestClock. `virtual`: reports
 * what nobody saw only when it closes.
 */
export type Mode = "live" | "driven" | "virtual"

export class LoopImpl extends Printable implements Shape {
  readonly copy = copy
  readonly ready: ReadyQueue
  readonly scheduler: Scheduler.Scheduler
  /** Every task that is not done. */
  readonly tasks: Registry
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
  readonly mode: Mode
  /** Undefined: the default, a log. */
  handler: ExceptionHandler | undefined = undefined
  // INVARIANT: the handlings that have not ended; closing waits for them.
  readonly handlings = new Set<Handling>()
  /** Where they are to end the run: the failures that came to the default handler, in the log's place. */
  failures: Array<Cause.Cause<unknown>> | undefined = undefined
  /** Undefined: closing takes its time. */
  readonly closeTimeout: Duration.Duration | undefined
  /** The clock of the fiber that scheduled the callback that runs now. */
  private callbackClock: Clock.Clock | undefined = undefined

  constructor(
    context: Context.Context<never>,
    ready: ReadyQueue,
    options: Options | undefined,
    mode: Mode,
    tasks = new Registry()
  ) {
    super()
    this.tasks = tasks
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
    // Whatever task the loop was made in: what runs in this context is none of it.
    this.context = Context.add(Context.merge(context, this.provided), CurrentRegion, undefined)
    this.mode = mode
    const closeTimeout = check.nanos("EventLoop", options?.closeTimeout ?? Infinity)
    this.closeTimeout = closeTimeout === Infinity ? undefined : Duration.nanos(BigInt(Math.max(0, closeTimeout)))
    this.unseen = new Unseen((context, origin) => this.report(context, origin), mode === "virtual")
  }

  get kind(): string {
    return "EventLoop"
  }
  describe(): Words {
    return [this.state, counted("tasks", this.tasks.size)]
  }

  // ------------------------------------------------------------------------------------------------------------- time

  /** The calling fiber's clock; in a callback, the one of the fiber that scheduled it. */
  currentClock(): Clock.Clock {
    return Fiber.getCurrent()?.getRef(Clock.Clock) ?? this.callbackClock ?? this.clock
  }

  timeUnsafe = (): number => toSeconds(nowNanos(this.currentClock()))

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

  /** The fibers that wait for a time. */
  get sleepers(): ReadonlyArray<Fiber.Fiber<unknown, unknown>> {
    const timers = Array.from(this.timers.values()).flatMap(({ waiting }) => waiting)
    return timers.map(({ fiber }) => fiber).filter((fiber) => fiber !== undefined)
  }

  /** When the timers of a clock are due. */
  deadlines(clock: Clock.Clock): ReadonlyArray<number> {
    return this.timers.get(clock)?.deadlines ?? []
  }

  /** Whether the fiber is one that sleeps in the name of timers. */
  isTimersOwn(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    return Array.from(this.timers.values()).some((timers) => timers.sleepsWith(fiber))
  }

  // -------------------------------------------------------------------------------------------------------- callbacks

  callSoonUnsafe = (callback: () => void): Handle => {
    this.checkOpen("callSoon")
    check.callback("callSoon", "the callback", callback)
    const handle = new CallbackHandle("callSoon", this, this.currentClock(), callback)
    this.ready.schedule(handle, 0)
    return handle
  }

  callLaterUnsafe = (delay: Duration.Input, callback: () => void): TimerHandle => {
    this.checkOpen("callLater")
    check.callback("callLater", "the callback", callback)
    const nanos = check.nanos("callLater", delay)
    const clock = this.currentClock()
    const timers = this.timersOf(clock)
    const moment = ofNanos(timers.now() + nanos)
    return this.startTimer(timers, new CallbackTimer("callLater", this, clock, moment, callback))
  }

  callAtUnsafe = (when: number, callback: () => void): TimerHandle => {
    this.checkOpen("callAt")
    check.callback("callAt", "the callback", callback)
    check.seconds("callAt", when)
    const clock = this.currentClock()
    const timers = this.timersOf(clock)
    timers.now()
    return this.startTimer(timers, new CallbackTimer("callAt", this, clock, ofSeconds(when), callback))
  }

  private startTimer(timers: Timers, timer: CallbackTimer): TimerHandle {
    if (timer.deadline < Infinity) timers.add(timer)
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

  /** Starts the exception handler, in this very step. What it leaves undone is the default one's. */
  report(context: ExceptionContext, origin?: Origin): void {
    const { handler } = this
    if (handler === undefined) return this.log(context, origin)
    const handling: Handling = { context, fiber: undefined, waiting: new WaitQueue() }
    this.handlings.add(handling)
    const own = Context.add(this.contextFor(origin), CurrentHandling, handling)
    const fiber = handling.fiber = Effect.runForkWith(own)(Effect.suspend(() => handler(context)))
    fiber.addObserver((exit) => {
      const isLeft = this.handlings.delete(handling)
      handling.waiting.wakeAll()
      if (exit._tag === "Success" || !isLeft) return
      this.log(context, origin)
      this.log({ ...context, message: "Unhandled error in exception handler", cause: exit.cause })
    })
  }

  /** The default handler. */
  log(context: ExceptionContext, origin?: Origin): void {
    const { cause } = context
    if (this.failures === undefined || cause === undefined || Cause.hasInterruptsOnly(cause)) this.say(context, origin)
    else this.failures.push(cause)
  }

  /** The log, whatever else is to become of it. */
  say(context: ExceptionContext, origin?: Origin): void {
    const { cause } = context
    const text = inWords(context)
    // Effect's loggers print the cause, and fail where a part of it can't be printed.
    const log = cause === undefined ? Effect.logError(text) : Effect.catchCause(
      Effect.logError(text, cause),
      () => Effect.logError(`${text}: ${format(Cause.squash(cause))}`)
    )
    Effect.runForkWith(this.contextFor(origin))(log)
  }

  private contextFor(origin: Origin | undefined): Context.Context<EventLoop> {
    return origin === undefined ? this.context : origin.addTo(this.context)
  }

  fork(effect: Effect.Effect<void>): Fiber.Fiber<void> {
    return Effect.runForkWith(this.context)(effect)
  }

  // ---------------------------------------------------------------------------------------------------------- running

  // INVARIANT: those who wait for a program.
  readonly mains = new Set<AnyWaiter>()
  /** Whether it runs for those programs only, not for whatever fibers are provided with it. */
  runsByMains = false
  /**
   * Told of a fiber that found done what it awaits, and may give what stops it. Whoever does nothing else takes no tick
   * and no time: a virtual loop has to end that, the others do not ask.
   */
  atOnce: ((fiber: Fiber.Fiber<unknown, unknown>) => Effect.Effect<never> | undefined) | undefined = undefined
  /** Told when a program begins or ends, and when the loop begins to close: a virtual loop drives itself by that. */
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

  /** How it comes there: closing.ts. */
  state: "open" | "closing" | "closed" = "open"
  isClosed = (): boolean => this.state === "closed"

  checkOpen(call: string): void {
    if (this.state === "closed") throw new RuntimeError({ message: `${call}: the event loop is closed` })
  }

  become(state: "closing" | "closed"): void {
    this.state = state
    if (state === "closed") { for (const timers of this.timers.values()) timers.close() }
    this.onChange?.()
  }
}

export const inWords = ({ future, message, subject, task }: ExceptionContext): string => {
  const about = subject ?? task ?? future
  return about === undefined ? message : `${message}: ${about}`
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

class CallbackHandle extends Printable implements Handle, Entry {
  readonly owner = this
  cancelled = false
  private readonly call: string
  private readonly loop: LoopImpl
  private readonly clock: Clock.Clock
  private readonly callback: () => void
  private readonly asyncContext = capture()
  constructor(call: string, loop: LoopImpl, clock: Clock.Clock, callback: () => void) {
    super()
    this.call = call
    this.loop = loop
    this.clock = clock
    this.callback = callback
  }
  run(): void {
    if (!this.cancelled && !this.loop.isClosed()) {
      this.loop.runCallback(this.call, this.callback, this.asyncContext, {}, this.clock)
    }
  }
  get kind(): string {
    return "Handle"
  }
  describe(): Words {
    const { name } = this.callback
    return [this.cancelled ? "cancelled" : undefined, name === "" ? "callback" : shortened(name)]
  }
  cancelUnsafe(): void {
    this.cancelled = true
  }
  readonly cancel = Effect.sync(() => this.cancelUnsafe())
}

class CallbackTimer extends CallbackHandle implements TimerHandle, Timer {
  readonly deadline: number
  readonly when: number
  place = -1
  turn = 0
  timers: Timers | undefined = undefined
  readonly fiber = undefined
  constructor(
    call: string,
    loop: LoopImpl,
    clock: Clock.Clock,
    moment: Moment,
    callback: () => void
  ) {
    super(call, loop, clock, callback)
    this.deadline = moment.nanos
    this.when = moment.seconds
  }
  fire(): void {
    this.run()
  }
  override get kind(): string {
    return "TimerHandle"
  }
  override describe(): Words {
    const [state, callback] = super.describe()
    return [state, `when=${this.when}`, callback]
  }
  override cancelUnsafe(): void {
    super.cancelUnsafe()
    this.timers?.remove(this)
  }
}

export const optionKinds = {
  debug: check.boolean,
  slowCallbackDuration: check.duration,
  closeTimeout: check.duration
}
export const checkOptions = check.options<Options>(optionKinds)

/** Builds a loop on the scheduler and clock of the context. */
export const makeLoop = (
  context: Context.Context<never>,
  options: Options | undefined
): LoopImpl => {
  const parent = Context.get(context, Scheduler.Scheduler)
  const dispatcher = parent.makeDispatcher()
  // Only Effect's plain scheduler is known not to count, delay or order what it is given.
  const isPlain = Object.getPrototypeOf(parent) === Scheduler.MixedScheduler.prototype &&
    parent.executionMode === "async"
  const turns = new HostTurns(dispatcher, Context.get(context, Clock.Clock))
  const ready = isPlain
    ? new OwnQueue(turns.request, turns.turn)
    // A loop inside of another: its entries take their places among those of the other.
    : isReadyQueue(dispatcher)
    ? dispatcher
    : new ForeignQueue(dispatcher)
  const around = Context.getOrUndefined(context, EventLoop)
  const isLive = isPlain || around instanceof LoopImpl && around.scheduler === parent && around.mode === "live"
  return new LoopImpl(context, ready, options, isLive ? "live" : "driven")
}
