/** A deadline over a cancellation region. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Timeout } from "../Timeout.ts"
import { cancelRegion, uncancel } from "./cancellation.ts"
import { isCancelled } from "./cancelled.ts"
import * as check from "./check.ts"
import { getLoop } from "./currentLoop.ts"
import type { Entry, Whose } from "./Entry.ts"
import { type InnerRegion, openRegion } from "./openRegion.ts"
import { Printable, type Words } from "./printing.ts"
import { PlainTimer, type Timers } from "./Timers.ts"

/** Runs `body` in a region under a deadline, which `arm` sets. */
export const block = <A, E, R>(
  call: string,
  fiber: Fiber.Fiber<unknown, unknown>,
  body: (timeout: Timeout) => Effect.Effect<A, E, R>,
  arm: (timeout: TimeoutImpl, timers: Timers) => void
): Effect.Effect<A, E | Cause.TimeoutError, R> => {
  const timers = getLoop(call, fiber).timersOf(fiber.getRef(Clock.Clock))
  let timeout: TimeoutImpl
  return openRegion(
    (region) => {
      timeout = region.timeout = new TimeoutImpl(call, region, timers.now())
      arm(timeout, timers)
      return check.given(call, "the body", body(timeout))
    },
    (exit) => timeout.end(exit)
  )
}

export class TimeoutImpl extends Printable implements Timeout {
  readonly "~effect-asyncio/Timeout" = TimeoutImpl
  when: number | undefined = undefined
  state: "active" | "expiring" | "expired" | "finished" = "active"
  private readonly call: string
  private readonly region: InnerRegion
  private readonly began: number
  /** Requests at entry: more of them at the end mean that somebody else wants the task cancelled. */
  private readonly requests: number
  // INVARIANT: defined once the state is `expiring`, until the end.
  private deadline: Deadline | undefined = undefined

  constructor(call: string, region: InnerRegion, began: number) {
    super()
    this.call = call
    this.region = region
    this.began = began
    const { pending, requests } = region.owner
    // One that is not delivered yet meets the block as one from outside, also where the deadline has passed already
    // (python/cpython#134471).
    this.requests = pending === undefined ? requests : requests - 1
  }

  /** `delay` in nanoseconds. */
  after(timers: Timers, delay: number): void {
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
  at(timers: Timers, when: number | undefined): void {
    this.arm(timers, timers.now(), when === undefined ? Infinity : Math.round(when * 1e9), when)
  }

  private arm(timers: Timers, now: number, nanos: number, when: number | undefined): void {
    this.disarm()
    this.when = undefined
    if (nanos === Infinity) return
    this.when = when
    this.deadline = new Deadline(nanos, this)
    // A deadline that has passed is no timer: it comes with the ordinary entries of the next tick, as in asyncio.
    if (nanos <= now) this.region.owner.ready.schedule(this.deadline, 0)
    else timers.add(this.deadline)
  }

  private disarm(): void {
    this.deadline?.cancel()
    this.deadline = undefined
  }

  get owner(): Whose {
    return this.region.owner.task
  }
  get fiber(): Fiber.Fiber<unknown, unknown> | undefined {
    return this.region.fiber
  }

  expire(): void {
    this.state = "expiring"
    cancelRegion(this.region)
  }

  get isArmed(): boolean {
    return this.state === "active" && this.deadline?.timers !== undefined
  }

  /** Its time comes now, before the deadline. */
  strike(): void {
    this.deadline!.disarm()
    this.expire()
  }

  /** The region has ended. What it goes on with, if that is the deadline's doing. */
  end(exit: Exit.Exit<unknown, unknown>): Effect.Effect<never, Cause.TimeoutError> | undefined {
    const { deadline } = this
    this.disarm()
    if (this.state === "active") {
      this.state = "finished"
      return undefined
    }
    this.state = "expired"
    const { region } = this
    const outside = uncancel(region.owner) > this.requests
    // A group in it has failed and put off what it was asked: where nobody outside asks, that was this deadline's request.
    if (!outside && typeof region.interrupted === "object" && region.interrupted.putOff) {
      region.interrupted = { ...region.interrupted, origin: region }
    }
    return !outside && isCancelled(exit)
      ? Effect.fail(timeoutError(this.call, deadline!.deadline - this.began))
      : undefined
  }
}

/** `limit` in nanoseconds. */
export const timeoutError = (call: string, limit: number): Cause.TimeoutError =>
  new Cause.TimeoutError(`${call}: timed out ${limit > 0 ? `after ${format(limit)}` : "at once"}`)

/** Whole milliseconds from a second on: a deadline may be any number of nanoseconds away. */
const format = (nanos: number): string => {
  const unit = nanos < 1e9 ? 1e3 : 1e6
  return Duration.format(Duration.nanos(BigInt(Math.round(nanos / unit) * unit)))
}

class Deadline extends PlainTimer implements Entry {
  private timeout: TimeoutImpl | undefined
  constructor(nanos: number, timeout: TimeoutImpl) {
    super(nanos)
    this.timeout = timeout
  }
  get what() {
    return "timer" as const
  }
  get owner(): Whose {
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
