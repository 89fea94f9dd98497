/**
 * A fiber that waits: the only way in which anything in this library suspends.
 *
 *                 wake               its step
 *     parked ───────────► woken ─────────────► over: goes on with `proceed`
 *       │                   │ a request came first, or the fiber is interrupted
 *       │                   └────────────────► over: `passOn` gives it to the next one
 *       │ withdraw                  its step
 *       ├────────► withdrawn ────────────────► over: the request is delivered
 *       │ the fiber is interrupted
 *       └────────────────────────────────────► over: `leave` gives its place up
 *
 * A waiter never runs inside its waker: `wake` puts it into the ready queue of its own fiber, one entry a waiter,
 * whoever calls. Effect resumes waiters on the waker's stack, which is behind a family of its bugs
 * (Effect-TS/effect#6638, #7575). Between the wake and that step the waiter can be cancelled, and what it was woken for
 * must not be lost (python/cpython#90155). So there is one `passOn`, called by the waiter's own step if a request to
 * cancel came first, and by its finalizer.
 *
 * trio gives a sleeping task an `abort_fn`, asyncio the future that it waits for (`_fut_waiter`): `withdraw` is the
 * former, `target` the latter. Open: suspending costs what Effect's `callback` allocates, three closures and a
 * primitive; an effect that could suspend without them by public means would halve a parked fiber.
 *
 * It has more than 150 lines of code, to keep a waiter's whole life in one place.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import * as Fiber from "effect/Fiber"
import type { Entry, Whose } from "../kernel/Entry.ts"
import { observer, type Waiting } from "../kernel/observer.ts"
import { scheduleOn } from "../kernel/ReadyQueue.ts"
import { deliver, meet, takeDue } from "./cancellation.ts"
import {
  CurrentRegion,
  isAbandoned,
  type Owner,
  type Region,
  type Request,
  type Resource,
  type Suspension
} from "./Region.ts"
import type { Cancellable } from "./Walk.ts"

/** A ready queue that has to know about waiters outside of tasks' own regions. */
export interface Lobby {
  parkedOutside?: ((waiter: Waiter<any, any, any>) => void) | undefined
}

/**
 * What a primitive adds: `proceed`, the effect that the fiber goes on with, evaluated in the waiter's own step;
 * `passOn`, which hands what it was woken for to the next one; `label`, what it waits for, in words; `resource`, the
 * primitive itself.
 */
export abstract class Waiter<A = void, E = never, R = never> implements Entry, Suspension, Waiting {
  state: Suspension["state"] = "parked"
  fiber!: Fiber.Fiber<unknown, unknown>
  // INVARIANT: the region that `fiber` itself runs, whose `waiter` is this one until it is over; undefined if the fiber
  // is not a region's own (one that the task forked by Effect's means, or one of no loop).
  region: Region | undefined = undefined
  requested: Request | undefined = undefined
  // INVARIANT: undefined until the fiber is suspended. Called with `proceed`'s own effect; typed loosely, so that a
  // Waiter<A> is a Waiter.
  private resume: ((effect: Effect.Effect<any, any, any>) => void) | undefined = undefined

  abstract readonly label: string
  get resource(): Resource | undefined {
    return undefined
  }
  get verb(): string | undefined {
    return undefined
  }
  get target(): Cancellable | undefined {
    return undefined
  }
  get sleeps(): number | undefined {
    return undefined
  }
  waitsFor(): ReadonlyArray<Cancellable> {
    const holder = this.resource?.holder
    return holder === undefined ? [] : [holder]
  }
  get isForAny(): boolean {
    return false
  }
  /** Undefined: it has looked, and waits on. */
  abstract proceed(): Effect.Effect<A, E, R> | undefined
  passOn(): void {}
  /** Whether it deals with a request itself: it waits on, and looks again in the next tick. */
  keeps(_request: Request): boolean {
    return false
  }

  get what() {
    return this.state === "withdrawn" ? "cancel" as const : "wake" as const
  }
  get owner(): Whose {
    return this.awaiter ?? this.fiber
  }
  get awaiter(): Owner["task"] {
    return (this.region ?? this.fiber.getRef(CurrentRegion))?.owner.task
  }

  // -------------------------------------------------------------------------------------------------------- it suspends

  /** Suspends the calling fiber until the waiter is woken. */
  park(): Effect.Effect<A, E, R> {
    // Its prototype makes it an Effect, below.
    return this as unknown as Effect.Effect<A, E, R>
  }

  /**
   * As an effect: the first time it suspends the fiber; the second time it is the finalizer, if the fiber is
   * interrupted.
   */
  evaluate(fiber: Fiber.Fiber<unknown, unknown>): Effect.Effect<any, any, any> {
    if (this.resume !== undefined) return this.interrupted()
    // Effect may yield before the next operation, and other fibers may run then.
    if (!fiber.cache.preventYield) return Effect.callback((resume) => this.suspended(resume))
    return suspend(this)
  }

  /** The fiber is suspended. Returns its finalizer. */
  suspended(resume: (effect: Effect.Effect<any, any, any>) => void): Effect.Effect<void> {
    const fiber = Fiber.getCurrent()!
    this.fiber = fiber
    this.resume = resume
    const region = fiber.getRef(CurrentRegion)
    if (region !== undefined && region.fiber === fiber) {
      this.region = region
      region.waiter = this
    }
    if (this.region?.owner.task === undefined) (fiber.currentDispatcher as Lobby).parkedOutside?.(this)
    this.enter()
    if (observer !== undefined) observer.parked(this)
    if (region?.owner.pending !== undefined) {
      if (isAbandoned(region)) this.drop()
      else if (this.region === region) meet(region)
    }
    // A failure of the finalizer joins the interruption's cause; its `E` is in the waiter's own type.
    return this as unknown as Effect.Effect<void>
  }

  /** Called when the fiber is suspended: the waiter takes its place, wherever that is. */
  enter(): void {}

  /** Called when the waiter leaves before its turn has come: it gives up its place. */
  leave(): void {}

  // ----------------------------------------------------------------------------------------------------- its turn comes

  wake(): void {
    this.state = "woken"
    if (observer !== undefined) observer.woken(this)
    this.scheduleStep()
  }

  /** Its task is being cancelled: it leaves its place at once; the cancellation follows in the next tick. */
  withdraw(request: Request): void {
    if (this.keeps(request)) return
    this.leave()
    this.state = "withdrawn"
    this.requested = request
    if (observer !== undefined) observer.withdrawn(this)
    this.scheduleStep()
  }

  /** Ends the wait of its fiber with a failure, in the next tick: what it waits for can't come. */
  fail(cause: Cause.Cause<never>): void {
    if (this.state !== "parked") return
    if (observer !== undefined) observer.woken(this)
    this.drop()
    const { fiber, owner } = this
    const resume = this.resume!
    const entry: Entry = { what: "wake", owner, fiber, run: () => resume(Effect.failCause(cause)) }
    scheduleOn(this.fiber.currentDispatcher, entry, 0)
  }

  private scheduleStep(): void {
    scheduleOn(this.fiber.currentDispatcher, this, 0)
  }

  // ----------------------------------------------------------------------------------------------------------- its step

  /** From the ready queue. */
  run(): void {
    const { region, state } = this
    if (state === "over") return
    if (state === "withdrawn") {
      this.end()
      return deliver(region!, this.requested!)
    }
    // The request beats the queued wake-up; the finalizer passes on what came with it.
    const request = region?.owner.pending === undefined ? undefined : takeDue(region)
    if (request !== undefined && !this.keeps(request)) return deliver(region!, request)
    const effect = this.goOn()
    if (effect === undefined) return
    this.end()
    this.resume!(effect)
  }

  /** What `proceed` throws is a defect of its own fiber; the tick, and the next in line, go on. */
  private goOn(): Effect.Effect<A, E, R> | undefined {
    try {
      return this.proceed()
    } catch (thrown) {
      this.passOn()
      return Effect.die(thrown)
    }
  }

  // ------------------------------------------------------------------------------------------------------------ the end

  /** The finalizer: the fiber is being interrupted while it waits. */
  interrupted(): Effect.Effect<void, E> {
    if (observer !== undefined && this.state !== "over") observer.left(this)
    this.drop()
    return Effect.void
  }

  drop(): void {
    const { state } = this
    if (state === "over") return
    this.end()
    if (state === "parked") this.leave()
    else if (state === "woken") this.passOn()
  }

  /** Marks it over and frees its region for the next waiter. */
  end(): void {
    this.state = "over"
    const { region } = this
    if (region !== undefined && region.waiter === this) region.waiter = undefined
  }
}

// INVARIANT: set only in a fiber that never yields by itself, for its very next operation.
let parking: Waiter<any, any, any> | undefined

/**
 * One effect for all waiters, which finds its waiter in `parking`: an effect and closures for each took a fifth more
 * memory.
 */
const suspension: Effect.Effect<any, any, any> = Effect.callback<any, any, any>((resume) => {
  const waiter = parking!
  parking = undefined
  return waiter.suspended(resume)
})

const suspend = (waiter: Waiter<any, any, any>): Effect.Effect<any, any, any> => {
  parking = waiter
  return suspension
}

Object.defineProperties(
  Waiter.prototype,
  Object.getOwnPropertyDescriptors(
    Effectable.Prototype<Effect.Effect<any, any, any> & Waiter<any, any, any>>({
      label: "Waiter",
      evaluate(fiber) {
        return this.evaluate(fiber)
      }
    })
  )
)
