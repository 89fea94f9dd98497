/**
 * The timers of one Clock: a heap behind a single re-armed `Clock.sleep`.
 *
 * Everything that is due fires in one tick, in order of deadline, equal deadlines first come, first served, behind the
 * ordinary entries of that tick. A sleep for each timer would leave the order to the Clock: TestClock wakes its
 * sleepers one after the other, each to its end, where asyncio interleaves them.
 *
 * Times are whole nanoseconds of the Clock's monotonic time, in a number: exact for the first 104 days of a machine's
 * uptime, to 2 ns beyond. Milliseconds as floats would order 0.07 s before or after 70 ms by rounding alone.
 *
 * asyncio has the same heap, but keeps cancelled timers in it until they make up half of it; here they leave at once.
 *
 * If the Clock's readings are not sound, each timer sleeps separately, as Effect's do, and no reading counts.
 *
 * Cost: O(log n) to add and to cancel; a cancelled timer leaves at once.
 *
 * It has more than 150 lines of code: the heap and the timers that sleep separately hand timers over to each other, by
 * the same readings.
 */
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import { Heap, type Member } from "../host/Heap.ts"
import { hostClock } from "../host/hostTime.ts"
import { ordinary, Readings } from "../host/Readings.ts"
import type { Entry, Whose } from "./Entry.ts"
import { observer } from "./observer.ts"
import { type ReadyQueue, scheduleOn } from "./ReadyQueue.ts"

/** What waits for its time. */
export interface Timer extends Member {
  // INVARIANT: the timers that hold it.
  timers: Timers | undefined
  readonly owner: Whose
  /** The fiber that waits for it, if one does: its time comes even when the loop has closed. */
  readonly fiber: Fiber.Fiber<unknown, unknown> | undefined
  /** Runs inside the tick; it must not throw. */
  fire(): void
}

/** A timer that is nothing but a timer. */
export abstract class PlainTimer implements Timer {
  place = -1
  turn = 0
  timers: Timers | undefined = undefined
  abstract readonly owner: Whose

  get fiber(): Fiber.Fiber<unknown, unknown> | undefined {
    return undefined
  }
  abstract fire(): void
  disarm(): void {
    this.timers?.remove(this)
  }
}

/** A fiber that sleeps on behalf of timers, until one of their deadlines. */
interface Sleep {
  /** In nanoseconds. */
  readonly deadline: number
  readonly fiber: Fiber.Fiber<void>
}

/** Its step, as observers see it. */
class Firing implements Entry {
  readonly what = "timer"
  readonly owner: Whose
  readonly fiber: Timer["fiber"]
  private readonly timer: Timer
  constructor(timer: Timer) {
    this.timer = timer
    this.owner = timer.owner
    this.fiber = timer.fiber
  }
  run(): void {
    this.timer.fire()
  }
}

/** How much a Clock's rounding may shorten a sleep; less than a microsecond early is still in time. */
const slack = 1_000

export class Timers implements Entry {
  readonly what = "internal"
  readonly owner = undefined
  // INVARIANT: added while the readings were sound, or due then; not empty only if `armed` or `firing` is defined.
  private readonly heap = new Heap<number, Timer>((a, b) => a - b)
  // INVARIANT: the sleeps of those that sleep separately; none of them is in the heap.
  private readonly alone = new Map<Timer, Sleep>()
  private readonly clock: Clock.Clock
  private readonly readings: Readings
  private readonly dispatcher: Scheduler.SchedulerDispatcher
  private readonly context: Context.Context<never>
  private readonly onEmpty: () => void
  // INVARIANT: the sleep for the heap, never past its first deadline.
  private armed: Sleep | undefined = undefined
  /** The deadline whose sleep ended a little early, as a host's may: it sleeps the rest as well, once. */
  private resumed: number | undefined = undefined
  // INVARIANT: defined while `run` is in the ready queue; what is due up to this time fires there.
  private firing: number | undefined = undefined
  // INVARIANT: those whose own sleep is over; if there are any, `firing` is defined.
  private readonly ended: Array<Timer> = []
  // INVARIANT: what fires in the tick under way; empty between ticks.
  private readonly due: Array<Timer> = []
  // INVARIANT: true while `sweeper` is in the ready queue.
  private sweeping = false

  /**
   * `scheduler` is that of the fiber that uses the clock: the loop's own, or one around it that counts what it runs,
   * such as a TestClock's provided inside the loop.
   */
  constructor(
    clock: Clock.Clock,
    scheduler: Scheduler.Scheduler,
    context: Context.Context<never>,
    onEmpty: () => void
  ) {
    this.clock = clock
    this.readings = new Readings(clock)
    this.dispatcher = scheduler.makeDispatcher()
    this.context = Context.add(context, Scheduler.Scheduler, scheduler)
    this.onEmpty = onEmpty
  }

  now(): number {
    return this.readings.now()
  }

  /** The last result of `now`. */
  get latest(): number {
    return this.readings.latest
  }

  /** Adds a timer with a deadline, in nanoseconds, that was computed in this very step from `now`. */
  add(timer: Timer, deadline: number): void {
    timer.timers = this
    const { readings } = this
    const now = readings.latest
    if (readings.areBroken && this.heap.size === 0) {
      this.disarm()
      readings.renew()
    }
    // One that is already due does not depend on later readings.
    if (deadline <= now ? readings.areBroken : !readings.areSound()) return this.sleepAlone(timer, deadline, now)
    this.heap.push(timer, deadline)
    if (timer.place === 0) this.arm(readings.latest)
  }

  remove(timer: Timer): void {
    const wasFirst = timer.place === 0
    this.heap.remove(timer)
    timer.timers = undefined
    if (wasFirst) this.arm(undefined)
    else if (this.alone.size > 0) this.stopAlone(timer)
  }

  /** The loop has closed. Timers that nobody waits for leave: callbacks, and those of abandoned fibers. */
  close(isGivenUp: (fiber: Fiber.Fiber<unknown, unknown>) => boolean): void {
    for (const timer of this.waiting) if (timer.fiber === undefined || isGivenUp(timer.fiber)) this.remove(timer)
    if (this.heap.size === 0) this.disarm()
  }

  /** The deadlines of those in the heap. */
  get deadlines(): ReadonlyArray<number> {
    return this.heap.toKeys()
  }

  /** The deadline of one that they hold; one that is already due is due now. */
  deadlineOf(timer: Timer): number {
    return this.heap.keyOf(timer) ?? this.alone.get(timer)?.deadline ?? this.latest
  }

  get waiting(): ReadonlyArray<Timer> {
    return [...this.due, ...this.ended, ...this.heap.toArray(), ...this.alone.keys()]
  }

  /** Whether the fiber only sleeps on behalf of timers. */
  sleepsWith(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    return this.armed?.fiber === fiber || Array.from(this.alone.values()).some((sleep) => sleep.fiber === fiber)
  }

  /** The due timers' tick begins: what is due now fires in it; what this tick adds comes in a later one. */
  private readonly collect: Entry = {
    what: "internal",
    owner: undefined,
    run: () => {
      for (const timer of this.ended) this.due.push(timer)
      this.ended.length = 0
      const now = this.readings.now()
      const limit = this.readings.areBroken ? this.firing! : Math.max(this.firing!, now)
      while (this.heap.size > 0 && this.heap.peekKey()! <= limit) this.due.push(this.heap.pop()!)
    }
  }

  /** Behind the ordinary entries of that tick. What was cancelled meanwhile does not fire. */
  run(): void {
    for (const timer of this.due.splice(0)) {
      if (timer.timers === undefined) continue
      timer.timers = undefined
      if (observer === undefined) timer.fire()
      else observer.run(new Firing(timer), this.dispatcher)
    }
    this.firing = undefined
    if (this.ended.length > 0) this.fire(-Infinity)
    else this.arm(undefined)
  }

  /** Requests the firing tick if the first timer is due, else arms the sleep that ends at it. */
  private arm(now: number | undefined): void {
    const deadline = this.heap.peekKey()
    if (deadline === undefined) return this.sweepSoon()
    // The firing tick takes whatever is due when it begins.
    if (this.firing !== undefined) return
    // Waking early for a timer that has left is cheaper than arming anew for each that leaves.
    if (this.armed !== undefined && this.armed.deadline <= deadline) return
    this.disarm()
    now ??= this.readings.now()
    if (this.readings.areBroken) return this.disperse(this.readings.latestSound)
    if (deadline <= now) return this.fire(now)
    const fiber = this.sleep(deadline - now)
    this.armed = { deadline, fiber }
    fiber.addObserver((exit) => {
      if (this.armed?.fiber !== fiber) return
      this.armed = undefined
      if (exit._tag === "Success" && this.heap.size > 0) this.inTurn(() => this.wake(deadline))
    })
  }

  /** The heap's sleep is over. */
  private wake(deadline: number): void {
    const { readings } = this
    const now = readings.now()
    const early = deadline - now
    if (early > ordinary || (early > slack && this.resumed === deadline)) readings.refute()
    if (readings.areBroken) return this.disperse(deadline)
    if (early > slack) this.resumed = deadline
    const time = early > slack ? now : Math.max(now, deadline)
    if (this.heap.peekKey()! <= time) this.fire(time)
    else this.arm(time)
  }

  /**
   * At a time that is certain, although the readings are not sound: timers that are not due then sleep on separately.
   */
  private disperse(time: number): void {
    while (this.heap.size > 0) {
      const deadline = this.heap.peekKey()!
      this.sleepAlone(this.heap.pop()!, deadline, time)
    }
    this.readings.renew()
  }

  private sleepAlone(timer: Timer, deadline: number, now: number): void {
    if (deadline <= now) return this.end(timer)
    const fiber = this.sleep(deadline - now)
    this.alone.set(timer, { deadline, fiber })
    fiber.addObserver((exit) => {
      if (this.alone.get(timer)?.fiber !== fiber) return
      this.alone.delete(timer)
      if (exit._tag === "Success") this.inTurn(() => this.end(timer))
    })
  }

  private stopAlone(timer: Timer): void {
    const sleep = this.alone.get(timer)
    if (sleep === undefined) return
    this.alone.delete(timer)
    sleep.fiber.interruptUnsafe()
    this.sweepSoon()
  }

  /** A sleep has ended. A host's timer is a turn of the host; another one would come later, in browsers by 4 ms. */
  private inTurn(prepare: () => void): void {
    const queue: Partial<ReadyQueue> = this.dispatcher
    if (this.clock === hostClock && queue.takeTurn !== undefined) queue.takeTurn(prepare)
    else prepare()
  }

  private end(timer: Timer): void {
    this.ended.push(timer)
    this.fire(-Infinity)
  }

  private sleep(nanos: number): Fiber.Fiber<void> {
    // A host counts whole milliseconds and drops the rest.
    const whole = this.clock === hostClock ? Math.ceil((nanos - slack) / 1e6) * 1e6 : nanos
    return Effect.runForkWith(this.context)(this.clock.sleep(Duration.nanos(BigInt(whole))))
  }

  /** With the last timer gone the sleep ends too, unless the next tick brings another: most deadlines never pass. */
  private sweepSoon(): void {
    if (this.sweeping) return
    this.sweeping = true
    scheduleOn(this.dispatcher, this.sweeper, 1)
  }

  private readonly sweeper: Entry = {
    what: "internal",
    owner: undefined,
    run: () => {
      this.sweeping = false
      if (this.heap.size > 0 || this.alone.size > 0 || this.firing !== undefined) return
      this.disarm()
      this.onEmpty()
    }
  }

  private fire(limit: number): void {
    if (this.firing === undefined) {
      scheduleOn(this.dispatcher, this.collect, -1)
      scheduleOn(this.dispatcher, this, 1)
    }
    this.firing = Math.max(limit, this.firing ?? -Infinity)
  }

  private disarm(): void {
    const armed = this.armed
    this.armed = undefined
    armed?.fiber.interruptUnsafe()
  }
}
