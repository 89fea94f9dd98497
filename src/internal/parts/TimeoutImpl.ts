/**
 * A deadline over a cancellation region.
 *
 *     active      the block runs; its deadline may be moved
 *     expiring    the deadline has passed and the region was asked to cancel; the block unwinds, or goes on as it likes
 *     expired     the block has ended in that state
 *     finished    the block ended in time
 *
 * Counting requests decides whether an expired block fails with `TimeoutError`, as in asyncio: if the task has more of
 * them at the end than at the start, somebody outside wants it cancelled, too, and that wins.
 *
 * Arming and moving cost O(log n) in the number of waiting timers.
 */
import type * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Timeout } from "../../Timeout.ts"
import * as check from "../host/check.ts"
import { type Moment, never } from "../host/Moment.ts"
import { Printable, type Words } from "../host/printing.ts"
import type { Entry, Whose } from "../kernel/Entry.ts"
import { type Block, observer } from "../kernel/observer.ts"
import { PlainTimer, type Timers } from "../kernel/Timers.ts"
import { getLoop } from "../loop/currentLoop.ts"
import { type InnerRegion, openRegion } from "../task/openRegion.ts"
import { cancelRegion, uncancel } from "../waiting/cancellation.ts"
import { isCancelled, outcomeOf } from "../waiting/cancelled.ts"
import { timeoutError } from "./timeoutError.ts"

/**
 * Runs `body` in a region under the deadline that `deadlineAt` computes from the time at its start, in nanoseconds.
 * `over` is what it goes on with if the deadline has ended it.
 */
export const block = <A, E, R, A2, E2>(
  call: string,
  fiber: Fiber.Fiber<unknown, unknown>,
  body: (timeout: Timeout) => Effect.Effect<A, E, R>,
  deadlineAt: (now: number) => Moment,
  over: (error: Cause.TimeoutError) => Effect.Effect<A2, E2>
): Effect.Effect<A | A2, E | E2, R> => {
  const timers = getLoop(call, fiber).timersFor(fiber)
  const timeout = new TimeoutImpl(call)
  return openRegion(
    (region) => {
      const now = timers.now()
      timeout.begin(region, now)
      timeout.arm(timers, now, deadlineAt(now))
      if (observer !== undefined) observer.opened(timeout)
      return check.given(call, "the body", body(timeout))
    },
    (exit) => {
      const error = timeout.end(exit)
      if (observer !== undefined) observer.closed(timeout, error === undefined ? outcomeOf(exit) : "failed")
      return error === undefined ? undefined : over(error)
    }
  )
}

export class TimeoutImpl extends Printable implements Timeout, Block {
  readonly "~effect-asyncio/Timeout" = TimeoutImpl
  state: "active" | "expiring" | "expired" | "finished" = "active"
  readonly call: string
  // INVARIANT: from the begin on.
  region!: InnerRegion
  private began!: number
  /** The requests at the start. */
  private requests!: number
  private moment: Moment = never
  // INVARIANT: while the state is "active", what fires at `moment`, if that ever comes; undefined after the end.
  private deadline: Deadline | undefined = undefined

  constructor(call: string) {
    super()
    this.call = call
  }

  get kind(): string {
    return "Timeout"
  }
  describe(): Words {
    return [this.state, this.state === "active" ? `when=${this.when ?? "none"}` : undefined]
  }

  /** The deadline in seconds, if there is one. */
  get when(): number | undefined {
    return this.moment.nanos === Infinity ? undefined : this.moment.seconds
  }

  /** In nanoseconds, from the start. */
  get limit(): number | undefined {
    return this.moment.nanos === Infinity ? undefined : this.moment.nanos - this.began
  }

  begin(region: InnerRegion, now: number): void {
    this.region = region
    region.timeout = this
    this.began = now
    const { pending, requests } = region.owner
    // One that is not delivered yet counts as one from outside, even if the deadline has already passed
    // (python/cpython#134471).
    this.requests = pending === undefined ? requests : requests - 1
  }

  /** Sets the deadline, in place of the one before. */
  arm(timers: Timers, now: number, moment: Moment): void {
    this.disarm()
    this.moment = moment
    if (moment.nanos === Infinity) return
    this.deadline = new Deadline(this)
    // A deadline that has passed is not a timer: it comes with the ordinary entries of the next tick, as in asyncio.
    if (moment.nanos <= now) this.region.owner.ready.schedule(this.deadline, 0)
    else timers.add(this.deadline, moment.nanos)
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

  /** Strikes now, before the deadline. */
  strike(): void {
    this.deadline!.disarm()
    this.expire()
  }

  /** The region has ended. Gives the error, if the deadline did it. */
  end(exit: Exit.Exit<unknown, unknown>): Cause.TimeoutError | undefined {
    this.disarm()
    if (this.state === "active") {
      this.state = "finished"
      return undefined
    }
    this.state = "expired"
    const { region } = this
    const outside = uncancel(region.owner) > this.requests
    // A group in it has failed and put off a request: if nobody outside asked, that was this deadline's.
    if (!outside && typeof region.interrupted === "object" && region.interrupted.putOff) {
      region.interrupted = { ...region.interrupted, origin: region }
    }
    return !outside && isCancelled(exit) ? timeoutError(this.call, this.limit!) : undefined
  }
}

class Deadline extends PlainTimer implements Entry {
  private timeout: TimeoutImpl | undefined
  constructor(timeout: TimeoutImpl) {
    super()
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
