/** A deadline over a cancellation region. */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Timeout } from "../Timeout.ts"
import { cancelRegion, isCancelled, uncancelOwner } from "./cancellation.ts"
import type { LoopImpl } from "./loop.ts"
import type { InnerRegion } from "./openRegion.ts"
import { Printable, type Words } from "./printing.ts"
import type { Entry } from "./ReadyQueue.ts"
import { PlainTimer, type Timers } from "./Timers.ts"

export class TimeoutImpl extends Printable implements Timeout {
  readonly "~effect-asyncio/Timeout" = TimeoutImpl
  when: number | undefined = undefined
  state: "active" | "expiring" | "expired" | "finished" = "active"
  private readonly loop: LoopImpl
  private readonly region: InnerRegion
  /** Requests at entry: more of them at the end mean that somebody else wants the task cancelled. */
  private readonly requests: number
  private deadline: Deadline | undefined = undefined

  constructor(loop: LoopImpl, region: InnerRegion) {
    super()
    this.loop = loop
    this.region = region
    const { pending, requests } = region.owner
    // One that is not delivered yet meets the block as one from outside, also where the deadline has passed already
    // (python/cpython#134471).
    this.requests = pending === undefined ? requests : requests - 1
  }

  /** `delay` in nanoseconds. */
  after(clock: Clock.Clock, delay: number): void {
    const timers = this.loop.timersOf(clock)
    const now = timers.now()
    this.arm(timers, now, now + delay, (now + delay) / 1e9)
  }

  get kind(): string {
    return "Timeout"
  }
  describe(): Words {
    return [this.state, this.state === "active" ? `when=${this.when ?? "none"}` : undefined]
  }

  /** `when` in seconds. */
  reschedule(clock: Clock.Clock, when: number | undefined): void {
    const timers = this.loop.timersOf(clock)
    this.arm(timers, timers.now(), when === undefined ? Infinity : Math.round(when * 1e9), when)
  }

  private arm(timers: Timers, now: number, nanos: number, when: number | undefined): void {
    this.disarm()
    this.when = undefined
    if (nanos === Infinity) return
    this.when = when
    this.deadline = new Deadline(nanos, this)
    // A deadline that has passed is no timer: it comes with the ordinary entries of the next tick, as in asyncio.
    if (nanos <= now) this.loop.ready.schedule(this.deadline, 0)
    else timers.add(this.deadline)
  }

  private disarm(): void {
    this.deadline?.cancel()
    this.deadline = undefined
  }

  get owner(): unknown {
    return this.region.owner.task
  }
  get fiber(): Fiber.Fiber<unknown, unknown> | undefined {
    return this.region.fiber
  }

  expire(): void {
    this.deadline = undefined
    this.state = "expiring"
    cancelRegion(this.region)
  }

  /** The region has ended. What it goes on with, if that is the deadline's doing. */
  end(exit: Exit.Exit<unknown, unknown>): Effect.Effect<never, Cause.TimeoutError> | undefined {
    this.disarm()
    if (this.state === "active") {
      this.state = "finished"
      return undefined
    }
    this.state = "expired"
    const outside = uncancelOwner(this.region.owner) > this.requests
    return !outside && isCancelled(exit)
      ? Effect.fail(timeoutError())
      : undefined
  }
}

export const timeoutError = (): Cause.TimeoutError => new Cause.TimeoutError("the deadline has passed")

class Deadline extends PlainTimer implements Entry {
  private timeout: TimeoutImpl | undefined
  constructor(nanos: number, timeout: TimeoutImpl) {
    super(nanos)
    this.timeout = timeout
  }
  get owner(): unknown {
    return this.timeout?.owner
  }
  override get fiber(): Fiber.Fiber<unknown, unknown> | undefined {
    return this.timeout?.fiber
  }
  fire(): void {
    this.timeout?.expire()
  }
  run(): void {
    this.fire()
  }
  cancel(): void {
    this.timeout = undefined
    this.disarm()
  }
}
