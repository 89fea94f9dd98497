/** The timers of a loop: for each clock that its fibers read, one heap of them. */
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import type * as Scheduler from "effect/Scheduler"
import { Timers } from "../kernel/Timers.ts"
import { CurrentRegion, isAbandoned } from "../waiting/Region.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

export class ClockTimers {
  // INVARIANT: those that hold a timer, and some that have just lost their last one.
  private readonly byClock = new Map<Clock.Clock, Timers>()
  private readonly context: Context.Context<never>

  constructor(context: Context.Context<never>) {
    this.context = context
  }

  /** `scheduler`: the calling fiber's. */
  of(clock: Clock.Clock, scheduler: Scheduler.Scheduler): Timers {
    let timers = this.byClock.get(clock)
    if (timers === undefined) {
      timers = new Timers(clock, scheduler, this.context, () => this.byClock.delete(clock))
      this.byClock.set(clock, timers)
    }
    return timers
  }

  /** The fibers that wait for a time. */
  get sleepers(): ReadonlyArray<AnyFiber> {
    const timers = Array.from(this.byClock.values()).flatMap(({ waiting }) => waiting)
    return timers.map(({ fiber }) => fiber).filter((fiber) => fiber !== undefined)
  }

  /** When the timers of a clock are due. */
  deadlines(clock: Clock.Clock): ReadonlyArray<number> {
    return this.byClock.get(clock)?.deadlines ?? []
  }

  /** Whether the fiber only sleeps on behalf of timers. */
  isOwn(fiber: AnyFiber): boolean {
    return Array.from(this.byClock.values()).some((timers) => timers.sleepsWith(fiber))
  }

  /** The loop has closed: what nobody waits for leaves. */
  close(): void {
    for (const timers of this.byClock.values()) timers.close((fiber) => isAbandoned(fiber.getRef(CurrentRegion)))
  }
}
