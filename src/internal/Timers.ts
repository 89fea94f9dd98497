/**
 * The timers of one Clock: a heap behind a single re-armed `Clock.sleep`.
 *
 * Everything that is due fires in one tick, in order of deadline, equal deadlines first come, first served, behind the
 * ordinary entries of that tick. One sleep a timer would leave the order to the Clock: TestClock wakes its sleepers one
 * after the other, each to its end, where asyncio interleaves them.
 *
 * Times are whole nanoseconds of the Clock's monotonic time, in a number: exact for the first 104 days of a machine's
 * uptime, to 2 ns beyond. Milliseconds as floats would order 0.07 s before or after 70 ms by rounding alone.
 *
 * Cost: O(log n) to add and to cancel; a cancelled timer leaves at once.
 */
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import { Heap, type Member } from "./Heap.ts"
import { type Entry, scheduleOn } from "./ReadyQueue.ts"
import { CurrentRegion, isAbandoned } from "./Region.ts"

/** What waits for its time. */
export interface Timer extends Member {
  /** In nanoseconds. */
  readonly deadline: number
  // INVARIANT: the timers that hold it.
  timers: Timers | undefined
  readonly owner: unknown
  /** The fiber that waits for it, where one does: that has its time also when the loop has closed. */
  readonly fiber: Fiber.Fiber<unknown, unknown> | undefined
  /** Runs inside the tick; it must not throw. */
  fire(): void
}

/** A timer that is nothing else. */
export abstract class PlainTimer implements Timer {
  readonly deadline: number
  place = -1
  turn = 0
  timers: Timers | undefined = undefined
  abstract readonly owner: unknown

  constructor(deadline: number) {
    this.deadline = deadline
  }
  get fiber(): Fiber.Fiber<unknown, unknown> | undefined {
    return undefined
  }
  abstract fire(): void
  disarm(): void {
    this.timers?.remove(this)
  }
}

/** Slack that a Clock's own rounding may take off a sleep; less than a microsecond early still is in time. */
const slack = 1_000

export class Timers implements Entry {
  readonly owner = "due timers"
  private readonly heap = new Heap<number, Timer>((a, b) => a - b)
  private readonly clock: Clock.Clock
  private readonly dispatcher: Scheduler.SchedulerDispatcher
  private readonly context: Context.Context<never>
  private readonly onEmpty: () => void
  // INVARIANT: a sleep is armed only while no firing tick is requested, never past the first deadline.
  private armed: { readonly deadline: number; readonly fiber: Fiber.Fiber<void> } | undefined = undefined
  // INVARIANT: defined while `run` is in the ready queue; what is due up to this time fires there.
  private firing: number | undefined = undefined
  // INVARIANT: what fires in the tick under way; empty between ticks.
  private readonly due: Array<Timer> = []
  // INVARIANT: true while `sweeper` is in the ready queue.
  private sweeping = false

  /**
   * `scheduler` is that of the fiber that uses the clock: the loop's own, or one around it that counts what it runs, such
   * as a TestClock's provided inside the loop.
   */
  constructor(
    clock: Clock.Clock,
    scheduler: Scheduler.Scheduler,
    context: Context.Context<never>,
    onEmpty: () => void
  ) {
    this.clock = clock
    this.dispatcher = scheduler.makeDispatcher()
    this.context = Context.add(context, Scheduler.Scheduler, scheduler)
    this.onEmpty = onEmpty
  }

  now(): number {
    return nowNanos(this.clock)
  }

  add(timer: Timer): void {
    timer.timers = this
    this.heap.push(timer, timer.deadline)
    if (timer.place === 0 || this.firing !== undefined) this.arm(this.now())
  }

  remove(timer: Timer): void {
    const wasFirst = timer.place === 0
    this.heap.remove(timer)
    timer.timers = undefined
    if (wasFirst && this.firing === undefined) this.arm(undefined)
  }

  /** The loop has closed. Timers that nobody waits for leave: callbacks, and what abandoned tasks wait for. */
  close(): void {
    for (const timer of this.waiting) {
      if (timer.fiber === undefined || isAbandoned(timer.fiber.getRef(CurrentRegion))) this.remove(timer)
    }
    if (this.heap.size === 0) this.disarm()
  }

  get waiting(): ReadonlyArray<Timer> {
    return this.heap.toArray()
  }

  /** Whether the fiber is the one that sleeps until the first deadline. */
  isArmedBy(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    return this.armed?.fiber === fiber
  }

  /** The due timers' tick begins: what is due now fires in it, what this tick adds comes in a later one. */
  private readonly collect: Entry = {
    owner: undefined,
    run: () => {
      const limit = Math.max(this.firing!, this.now())
      for (let first = this.heap.peek(); first !== undefined && first.deadline <= limit; first = this.heap.peek()) {
        this.due.push(first)
        this.heap.pop()
      }
    }
  }

  /** Behind the ordinary entries of that tick. What was cancelled meanwhile does not fire. */
  run(): void {
    for (const timer of this.due.splice(0)) {
      if (timer.timers === undefined) continue
      timer.timers = undefined
      timer.fire()
    }
    this.firing = undefined
    this.arm(undefined)
  }

  /** Requests the firing tick if the first timer is due, else arms the sleep that ends at it. */
  private arm(now: number | undefined): void {
    const first = this.heap.peek()
    if (first === undefined) return this.sweepSoon()
    // The firing tick takes whatever is due when it begins.
    if (this.firing !== undefined) return
    // Waking early for a timer that has left is cheaper than arming anew for each that leaves.
    if (this.armed !== undefined && this.armed.deadline <= first.deadline) return
    this.disarm()
    now ??= this.now()
    if (first.deadline <= now) return this.fire(now)
    const deadline = first.deadline
    const sleep = this.clock.sleep(Duration.nanos(BigInt(deadline - now)))
    const fiber = Effect.runForkWith(this.context)(sleep)
    this.armed = { deadline, fiber }
    fiber.addObserver((exit) => {
      if (this.armed?.fiber !== fiber) return
      this.armed = undefined
      if (exit._tag === "Failure" || this.heap.size === 0) return
      const woken = this.now()
      const now = deadline - woken <= slack ? Math.max(woken, deadline) : woken
      if (this.heap.peek()!.deadline <= now) this.fire(now)
      else this.arm(now)
    })
  }

  /** With the last timer gone the sleep ends too, unless the next tick brings another: most deadlines never pass. */
  private sweepSoon(): void {
    if (this.sweeping) return
    this.sweeping = true
    scheduleOn(this.dispatcher, this.sweeper, 1)
  }

  private readonly sweeper: Entry = {
    owner: undefined,
    run: () => {
      this.sweeping = false
      if (this.heap.size > 0 || this.firing !== undefined) return
      this.disarm()
      this.onEmpty()
    }
  }

  private fire(limit: number): void {
    this.firing = limit
    scheduleOn(this.dispatcher, this.collect, -1)
    scheduleOn(this.dispatcher, this, 1)
  }

  private disarm(): void {
    const armed = this.armed
    this.armed = undefined
    armed?.fiber.interruptUnsafe()
  }
}

/** The Clock's monotonic time in nanoseconds. */
export const nowNanos = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe())
