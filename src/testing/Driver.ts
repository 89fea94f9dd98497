/**
 * Gives a virtual loop's queue its turns, and moves its clock.
 *
 * Ticks follow each other at once; when nothing is ready the host gets a turn, so that promises in flight are heard, and
 * then the clock jumps to the next sleeper. A program is driven only while somebody waits for one: a `Runner`'s loop
 * stands still between two runs, and a closed loop runs nothing.
 *
 * When nothing can go on, or ticks go by for ever, whoever waits for the loop ends with the error: the main program; where
 * there is none the fibers outside of tasks, which under a layer are its users.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import { interruptFiber } from "../internal/cancellation.ts"
import { isCancelled } from "../internal/cancelled.ts"
import { abandon, isWaiting } from "../internal/closing.ts"
import type { Step } from "../internal/Entry.ts"
import { findLoop, type LoopImpl } from "../internal/loop.ts"
import { observe } from "../internal/observer.ts"
import type { OwnQueue } from "../internal/ReadyQueue.ts"
import { CurrentRegion } from "../internal/Region.ts"
import { currentTask, isTaskImpl, type TaskImpl, tasksOf } from "../internal/task.ts"
import type { Lobby, Waiter } from "../internal/Waiter.ts"
import { cancel } from "../internal/Walk.ts"
import { DeadlockError, SpinError } from "./errors.ts"
import { explain } from "./explain.ts"
import type { VirtualClock } from "./VirtualClock.ts"

export interface Limits {
  /** Nanoseconds of real time; 0: one turn of the host. */
  readonly settle: number
  readonly patience: number
  readonly maxTicks: number
}

type AnyFiber = Fiber.Fiber<unknown, unknown>
type AnyWaiter = Waiter<any, any, any>

/** A long run of ticks still lets the host breathe. */
const ticksPerTurn = 1024
/** How many of the last ticks tell who spins. */
const watchedTicks = 64

const nameAndPlace = ({ createdAt, name }: TaskImpl<any, any>): string =>
  createdAt === undefined ? `'${name}'` : `'${name}' (created at ${createdAt})`

export class Driver {
  private readonly loop: LoopImpl
  private readonly clock: VirtualClock
  private readonly queue: OwnQueue & Lobby
  private readonly limits: Limits
  /** The clock of the virtual loop that this one is made in. */
  private readonly around: VirtualClock | undefined
  private readonly host = new Scheduler.MixedScheduler().makeDispatcher()
  /** The host's own clock, whatever the surroundings provide. */
  private readonly realClock: Clock.Clock = Context.get(Context.empty(), Clock.Clock)
  // INVARIANT: the tick that the queue asked for, until it runs.
  private tick: (() => void) | undefined = undefined
  // INVARIANT: true while a turn is asked of the host, or while one is under way.
  private busy = false
  // INVARIANT: whether `around` counts this loop, or one inside of it, among those at work.
  private holds = false
  private waiting: (() => void) | undefined = undefined
  private ticks = 0
  private readonly spinners = new Set<unknown>()
  /** Ends the watching of those. */
  private watching: (() => void) | undefined = undefined
  // INVARIANT: who last found done what it awaits, and how often in this tick, nobody else between.
  private looker: unknown = undefined
  private looks = 0
  private readonly stopped = new WeakSet<object>()
  // INVARIANT: the fibers that live, are not a task's own region's and have waited here; what each waited for last.
  private readonly others = new Map<AnyFiber, AnyWaiter | undefined>()
  /** Tasks that were asked to end because the loop can't go on, and fibers because it has ended. */
  private readonly asked = new WeakSet<object>()
  /** What spins can't be ended, callbacks for one: it gets no further tick. */
  private halted = false
  private said = false
  /** A program has ended as the loop could not go on. */
  private hasFailed = false
  /** Why the loop could not go on, where it was only reported. */
  private error: DeadlockError | SpinError | undefined = undefined
  /** The loop is closed; what fibers have left to do is under way. */
  private ending: (() => void) | undefined = undefined

  constructor(
    loop: LoopImpl,
    clock: VirtualClock,
    queue: OwnQueue & Lobby,
    limits: Limits,
    user: AnyFiber,
    around: VirtualClock | undefined
  ) {
    this.loop = loop
    this.clock = clock
    this.queue = queue
    this.limits = limits
    this.around = around
    loop.onChange = () => this.wake()
    loop.atOnce = (fiber) => this.lookedAtOnce(fiber)
    clock.onChange = () => this.wake()
    queue.parkedOutside = (waiter) => this.know(waiter.fiber, waiter)
    this.know(user, undefined)
  }

  private know(fiber: AnyFiber, waiter: AnyWaiter | undefined): void {
    if (!this.others.has(fiber)) fiber.addObserver(() => this.others.delete(fiber))
    this.others.set(fiber, waiter)
    this.wake()
  }

  /** The queue has something to run. */
  request(tick: () => void): void {
    this.tick = tick
    this.wake()
  }

  private wake(): void {
    this.waiting?.()
    if (this.busy) return // it will look
    this.turn(() => this.run())
  }

  /** Whether anybody waits for what the loop does. */
  private get wanted(): boolean {
    const { loop } = this
    if (loop.state !== "open") return loop.state === "closing" || this.ending !== undefined
    return !this.halted && (!loop.runsByMains || loop.mains.size > 0)
  }

  private turn(next: () => void): void {
    this.work(true)
    this.host.scheduleTask(next, 0)
  }

  private work(busy: boolean): void {
    this.busy = busy
    const holds = busy || this.clock.inside > 0
    if (this.around === undefined || holds === this.holds) return
    this.holds = holds
    this.around.inside += holds ? 1 : -1
    if (!holds) this.around.onChange?.()
  }

  private readonly run = (): void => {
    for (let n = 0; this.tick !== undefined && this.wanted; n++) {
      if (n === ticksPerTurn) return this.turn(this.run)
      this.runTick()
    }
    if (!this.wanted) return this.work(false)
    this.turn(() => this.settle(this.limits.settle, this.jump))
  }

  private runTick(): void {
    const tick = this.tick!
    // Sleepers whose time has come fire behind what is ready, in this same tick.
    this.clock.wakeDue()
    this.tick = undefined
    this.looker = undefined
    if (++this.ticks > this.limits.maxTicks - watchedTicks) this.watching ??= observe({ stepBegan: this.watch })
    tick()
    if (this.ticks >= this.limits.maxTicks) this.spin()
  }

  private readonly watch = (step: Step, queue: object): void => {
    if (queue === this.queue) this.spinners.add(step.owner)
  }

  /** Waits for real time, unless something becomes ready meanwhile, and goes on. */
  private settle(nanos: number, next: () => void): void {
    if (this.tick !== undefined) return this.run()
    if (nanos <= 0) return next()
    const duration = nanos === Infinity ? Duration.infinity : Duration.nanos(BigInt(Math.round(nanos)))
    const fiber = Effect.runFork(this.realClock.sleep(duration))
    this.waiting = () => {
      this.waiting = undefined
      fiber.interruptUnsafe()
      this.turn(this.run)
    }
    fiber.addObserver((exit) => {
      if (exit._tag === "Failure") return
      this.waiting = undefined
      next()
    })
  }

  private readonly jump = (): void => {
    if (this.tick !== undefined || this.ending !== undefined && this.interruptSleepers()) return this.run()
    const next = this.clock.next
    if (next === undefined) return this.stop()
    if (next > this.clock.nanos) {
      this.clock.nanos = next
      // After the end it bounds all that is left, as nobody waits for it.
      if (this.ending === undefined) this.restart()
    }
    this.clock.wakeDue()
    this.run()
  }

  /** A loop over what is done takes no tick, so that is counted by itself. */
  private lookedAtOnce(fiber: AnyFiber): Effect.Effect<never> | undefined {
    const looker = currentTask(fiber) ?? fiber
    if (looker !== this.looker) {
      this.looker = looker
      this.looks = 0
    }
    if (++this.looks < this.limits.maxTicks || this.loop.isClosed()) return undefined
    this.looks = 0
    // It has caught the error, and goes on: parked, it is cancelled like all others.
    if (this.stopped.has(looker)) return Effect.never
    this.stopped.add(looker)
    const who = isTaskImpl(looker) ? nameAndPlace(looker) : "a bare fiber"
    const error = new SpinError({
      message: `${who} awaited what was done already ${this.limits.maxTicks} times in one tick, and no time passed; ` +
        "await what is not done, or let a tick pass with sleep(0)"
    })
    if (isTaskImpl(looker)) this.fail(error, [])
    return Effect.die(error)
  }

  private restart(): void {
    this.ticks = 0
    this.watching?.()
    this.watching = undefined
    this.spinners.clear()
  }

  /** Nothing is ready, nothing is scheduled. */
  private stop(): void {
    if (this.ending !== undefined) this.finish()
    else if (!this.isWaitedFor) this.work(false)
    else this.settle(this.limits.patience, () => this.deadlock())
  }

  private get isWaitedFor(): boolean {
    const { loop } = this
    return loop.state === "closing"
      ? isWaiting(loop)
      : loop.tasks.size > 0 || loop.mains.size > 0 || this.users.length > 0
  }

  /** The fibers outside of tasks that are on the loop now. */
  private get users(): ReadonlyArray<AnyFiber> {
    return Array.from(this.others.keys()).filter((fiber) => {
      const owner = fiber.getRef(CurrentRegion)?.owner
      return findLoop(fiber) === this.loop && (owner?.task === undefined || owner.ready !== this.loop.ready)
    })
  }

  /** What a fiber that is no region's own waits for, if it is something of ours. */
  private waiterOf(fiber: AnyFiber): AnyWaiter | undefined {
    const waiter = this.others.get(fiber)
    return waiter?.state === "parked" ? waiter : undefined
  }

  private deadlock(): void {
    // A loop inside of this one is at work, and tells when it is not any more.
    if (this.clock.inside > 0) return this.work(false)
    const tasks = tasksOf(this.loop)
    const { mains } = this.loop
    // The one who waits for a main task says nothing new.
    const users = mains.size === 0
      ? this.users.map((fiber) => this.waiterOf(fiber))
      : tasks.length === 0
      ? [...mains]
      : []
    const parked = Array.from(this.others.keys(), (fiber) => this.waiterOf(fiber)).filter((waiter) =>
      waiter !== undefined
    )
    const message = explain(tasks, parked, users.map((waiter) => waiter?.label ?? "something that is not the loop's"))
    const error = new DeadlockError({ message, tasks })
    if (this.fail(error, [])) return
    this.say(error)
    this.work(false)
  }

  private spin(): void {
    if (this.ending !== undefined) return this.finish()
    const owners = Array.from(this.spinners)
    const names = owners.filter(isTaskImpl).map(nameAndPlace)
    const who = names.length === 0 ? "no task: callbacks or bare fibers" : names.join(", ")
    const message = `${this.limits.maxTicks} ticks went by without time passing; what ran: ${who}`
    const error = new SpinError({ message })
    this.restart()
    if (this.fail(error, owners.filter(Fiber.isFiber))) return
    this.halted = true
    this.say(error)
  }

  /** There is nobody whom the error could end. */
  private say(error: DeadlockError | SpinError): void {
    if (this.said) return
    this.said = true
    this.loop.say({ message: error.message, cause: Cause.die(error) })
  }

  /** Ends whoever waits for the loop. False if all of them were asked before. */
  private fail(error: DeadlockError | SpinError, spinners: ReadonlyArray<AnyFiber>): boolean {
    const { loop } = this
    const cause = Cause.die(error)
    if (loop.state === "closing") {
      for (const task of tasksOf(loop)) {
        // Of a loop that could not go on before, that is no news.
        if (!this.hasFailed) loop.report({ message: "Task was destroyed but it is pending!", cause, task })
      }
      abandon(loop)
    } else if (loop.mains.size > 0) {
      this.hasFailed = true
      for (const main of loop.mains) main.fail(cause)
    } else if (!this.failUsers(error, spinners)) return false
    this.turn(this.run)
    return true
  }

  /**
   * Where there is no main program: fibers outside of tasks end with the error, those that wait for something of ours first,
   * as others may wait for them. Without any the error is reported, and the tasks are cancelled. So it is where a program
   * takes reports itself, as long as that helps.
   */
  private failUsers(error: DeadlockError | SpinError, spinners: ReadonlyArray<AnyFiber>): boolean {
    const { loop } = this
    const tasks = tasksOf(loop).filter((task) => !this.asked.has(task))
    const takesReports = loop.handler !== undefined || loop.failures === undefined
    const fibers = tasks.length > 0 && takesReports ? [] : Array.from(new Set([...this.users, ...spinners]))
    if (tasks.length === 0 && fibers.length === 0) return false
    const cause = Cause.die(error)
    const waiters = fibers.map((fiber) => this.waiterOf(fiber)).filter((waiter) => waiter !== undefined)
    if (waiters.length > 0) { for (const waiter of waiters) waiter.fail(cause) }
    else for (const fiber of fibers) end(fiber, cause)
    if (fibers.length === 0) {
      this.error = error
      loop.report({ message: error.message, cause })
    }
    for (const task of tasks) {
      this.asked.add(task)
      cancel(task, undefined)
    }
    return true
  }

  // ---------------------------------------------------------------------------------------------------------- the end

  /**
   * After the loop has closed: fibers outside of its tasks that are ready run on, those that sleep are interrupted, as time
   * ends here. Fails with what nobody saw, and with what ended the user if that was an interruption.
   */
  readonly end = (exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> =>
    Effect.andThen(
      this.runOut,
      Effect.suspend((): Effect.Effect<void> => {
        const causes = [...this.loop.failures ?? []]
        if (this.error !== undefined && isCancelled(exit)) causes.push(Cause.die(this.error))
        const defects = defectsOf(causes)
        return defects.length === 0 ? Effect.void : Effect.failCause(Cause.fromReasons(defects))
      })
    )

  private readonly runOut = Effect.callback<void>((resume) => {
    if (this.tick === undefined && this.sleepers.length === 0) return resume(Effect.void)
    this.ending = () => resume(Effect.void)
    this.restart()
    this.wake()
  })

  private finish(): void {
    const resume = this.ending!
    this.ending = undefined
    this.work(false)
    resume()
  }

  private get sleepers(): ReadonlyArray<AnyFiber> {
    return [...this.loop.sleepers, ...this.clock.sleepers.filter((fiber) => !this.loop.isTimersOwn(fiber))]
  }

  /** False if all of them were interrupted before: what they have left to do takes its time. */
  private interruptSleepers(): boolean {
    const fibers = this.sleepers.filter((fiber) => !this.asked.has(fiber))
    for (const fiber of fibers) {
      this.asked.add(fiber)
      interruptFiber(fiber)
    }
    return fibers.length > 0
  }
}

/**
 * Ends what a suspended fiber waits for with a failure, whatever that is. Effect keeps this method of its fibers out of their
 * public type. An interrupt is beside, as what is waited for is cleaned up after by that alone.
 */
const end = (fiber: AnyFiber, cause: Cause.Cause<never>): void =>
  (fiber as unknown as { readonly evaluate: (effect: Effect.Effect<never>) => void }).evaluate(
    Effect.failCause(Cause.combine(cause, Cause.interrupt()))
  )

/** The failures in causes, as defects; the same error once. */
const defectsOf = (causes: ReadonlyArray<Cause.Cause<unknown>>): ReadonlyArray<Cause.Die> => {
  const seen = new Set<unknown>()
  return causes.flatMap((cause) => cause.reasons).flatMap((reason) => {
    if (reason._tag === "Interrupt") return []
    const error = reason._tag === "Die" ? reason.defect : reason.error
    if (seen.has(error)) return []
    if (typeof error === "object") seen.add(error)
    return [reason._tag === "Die" ? reason : Cause.makeDieReason(error).annotate(Cause.reasonAnnotations(reason))]
  })
}
