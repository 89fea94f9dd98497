/** A deadline over a cancellation region. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Timeout } from "../Timeout.ts"
import { cancelRegion, isCancelled, uncancelOwner } from "./cancellation.ts"
import * as check from "./check.ts"
import { getLoop, type LoopImpl } from "./loop.ts"
import { type InnerRegion, openRegion } from "./openRegion.ts"
import type { Entry } from "./ReadyQueue.ts"
import { nowNanos, PlainTimer } from "./Timers.ts"

/** Runs `body` in a region under a deadline, which `arm` sets. */
export const block = <A, E, R>(
  call: string,
  fiber: Fiber.Fiber<unknown, unknown>,
  body: (timeout: Timeout) => Effect.Effect<A, E, R>,
  arm: (timeout: TimeoutImpl, clock: Clock.Clock, now: number) => void
): Effect.Effect<A, E | Cause.TimeoutError, R> => {
  const loop = getLoop(call, fiber)
  const clock = fiber.getRef(Clock.Clock)
  let timeout: TimeoutImpl
  return openRegion(
    (region) => {
      const now = nowNanos(clock)
      timeout = new TimeoutImpl(call, loop, region, now)
      arm(timeout, clock, now)
      return check.given(call, "the body", body(timeout))
    },
    (exit) => timeout.end(exit)
  )
}

export class TimeoutImpl implements Timeout {
  readonly "~effect-asyncio/Timeout" = TimeoutImpl
  when: number | undefined = undefined
  state: "active" | "expiring" | "expired" | "finished" = "active"
  private readonly call: string
  private readonly loop: LoopImpl
  private readonly region: InnerRegion
  private readonly began: number
  /** Requests at entry: more of them at the end mean that somebody else wants the task cancelled. */
  private readonly requests: number
  // INVARIANT: defined once the state is `expiring`, until the end.
  private deadline: Deadline | undefined = undefined

  constructor(call: string, loop: LoopImpl, region: InnerRegion, began: number) {
    this.call = call
    this.loop = loop
    this.region = region
    this.began = began
    this.requests = region.owner.requests
  }

  /** `when` in seconds. */
  reschedule(clock: Clock.Clock, when: number | undefined): void {
    this.arm(clock, when === undefined ? undefined : Math.round(when * 1e9), when)
  }

  arm(clock: Clock.Clock, nanos: number | undefined, when = nanos === undefined ? undefined : nanos / 1e9): void {
    this.disarm()
    if (nanos === undefined || nanos === Infinity) {
      this.when = undefined
      return
    }
    this.when = when
    this.deadline = new Deadline(nanos, this)
    // A deadline that has passed is no timer: it comes with the ordinary entries of the next tick, as in asyncio.
    if (nanos <= nowNanos(clock)) this.loop.ready.schedule(this.deadline, 0)
    else this.loop.timersOf(clock).add(this.deadline)
  }

  private disarm(): void {
    this.deadline?.cancel()
    this.deadline = undefined
  }

  get owner(): unknown {
    return this.region.owner.task
  }

  expire(): void {
    this.state = "expiring"
    cancelRegion(this.region)
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
    const outside = uncancelOwner(this.region.owner) > this.requests
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
  get owner(): unknown {
    return this.timeout?.owner
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
