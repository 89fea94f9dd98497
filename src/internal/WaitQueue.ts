/**
 * The fair wait queue: the only place where waiters are parked, woken and withdrawn. Every primitive is built on it.
 *
 * Strictly first come, first served. A doubly linked list through the waiters themselves, so that parking, waking and
 * withdrawing are O(1) each and cost no allocation beyond the waiter; an array would make the withdrawal of n waiters
 * quadratic, as with Effect's Latch.
 *
 * A waiter never runs inside its waker: `wake` puts it into the ready queue of its own fiber, one entry a waiter,
 * whoever calls. Effect resumes waiters on the waker's stack, which is behind a family of its bugs (Effect-TS/effect#6638,
 * #7575). Between the wake and that step the waiter can be cancelled; what it was woken for must not be lost then
 * (python/cpython#90155), so there is one `passOn`, called by the waiter's own step when a request to cancel came first,
 * and by its finalizer.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import * as Fiber from "effect/Fiber"
import type { Task } from "../Task.ts"
import type { Request } from "./cancellation.ts"
import * as cancellation from "./cancellation.ts"
import type { FutureImpl } from "./future.ts"
import { type Entry, type ReadyQueue, scheduleOn } from "./ReadyQueue.ts"
import { CurrentRegion, isAbandoned, type Region } from "./Region.ts"

/** A member of a wait queue: a parked waiter, or a callback that waits for a future. */
export abstract class Node {
  // INVARIANT: the queue whose list holds this node; undefined outside of any, and then so are both neighbours. Of a
  // waiter that has not suspended yet: the queue that it will stand in.
  queue: WaitQueue | undefined = undefined
  before: Node | undefined = undefined
  after: Node | undefined = undefined

  /** In whose name it waits: a task, or a future that has those who wait for it in turn. */
  get awaiter(): FutureImpl<any, any> | undefined {
    return undefined
  }

  /** Called once the node has left the queue because its turn came: schedules it. Never runs anything itself. */
  abstract wake(): void
}

export class WaitQueue {
  // INVARIANT: `first` has no `before`, `last` no `after`; both undefined, and length 0, exactly when nothing waits.
  private first: Node | undefined = undefined
  private last: Node | undefined = undefined
  length = 0

  get head(): Node | undefined {
    return this.first
  }

  /** Puts a node before another one of the line, or at its end. */
  push(node: Node, after: Node | undefined = undefined): void {
    const before = after === undefined ? this.last : after.before
    node.queue = this
    node.before = before
    node.after = after
    if (before === undefined) this.first = node
    else before.after = node
    if (after === undefined) this.last = node
    else after.before = node
    this.length++
  }

  /** Takes a node out, wherever it stands. */
  remove(node: Node): void {
    if (node.queue !== this) return
    if (node.before === undefined) this.first = node.after
    else node.before.after = node.after
    if (node.after === undefined) this.last = node.before
    else node.after.before = node.before
    node.queue = node.before = node.after = undefined
    this.length--
  }

  /** Wakes the first waiter, if there is one. */
  wakeFirst(): boolean {
    const node = this.first
    if (node === undefined) return false
    this.remove(node)
    node.wake()
    return true
  }

  /** Wakes everyone who waits now, in order. */
  wakeAll(): void {
    for (let rest = this.length; rest > 0; rest--) this.wakeFirst()
  }

  /** The tasks that wait, first in line first; bare fibers are left out. */
  tasks(): Array<Task<unknown, unknown>> {
    const tasks: Array<Task<unknown, unknown>> = []
    for (const { awaiter } of this.nodes()) {
      if (awaiter?.kind === "Task") tasks.push(awaiter as unknown as Task<unknown, unknown>)
    }
    return tasks
  }

  *nodes(): IterableIterator<Node> {
    for (let node = this.first; node !== undefined; node = node.after) yield node
  }
}

/** The life of a waiter. It only moves down this list, except that a woken one may be withdrawn no more. */
export const Parked = 0
/** Its turn came; it is in the ready queue. */
export const Woken = 1
/** A request to cancel took it out of its queue; the cancellation is in the ready queue. */
export const Withdrawn = 2
/** It has resumed, or has been interrupted. */
export const Over = 3

/**
 * A fiber that waits. `park` makes the effect that suspends it.
 *
 * What a primitive adds: `proceed`, the effect that the fiber goes on with, evaluated in the waiter's own step; `passOn`,
 * which hands what it was woken for to the next one; `label`, what it waits for, in words.
 */
export abstract class Waiter<A = void, E = never, R = never> implements Entry {
  state: typeof Parked | typeof Woken | typeof Withdrawn | typeof Over = Parked
  fiber!: Fiber.Fiber<unknown, unknown>
  // INVARIANT: the region that `fiber` itself runs, whose `waiter` is this one until it is over; undefined where the
  // fiber is not a region's own (a fiber that the task forked by Effect's means, or none of our loop).
  region: Region | undefined = undefined
  /** The request that took it out of its queue, or went down to `target`. */
  requested: Request | undefined = undefined
  // INVARIANT: undefined until the fiber is suspended. Called with `proceed`'s own effect; typed loosely, so that a
  // Waiter<A> is a Waiter.
  private resume: ((effect: Effect.Effect<any, any, any>) => void) | undefined = undefined

  abstract readonly label: string
  /** The future that a request to cancel goes to first. */
  get target(): FutureImpl<any, any> | undefined {
    return undefined
  }
  /** The futures and tasks that have to end, or to let go, before this one goes on; none where that is not known. */
  waitsFor(): ReadonlyArray<FutureImpl<any, any>> {
    return []
  }
  abstract proceed(): Effect.Effect<A, E, R>
  passOn(): void {}

  get owner(): unknown {
    return this.awaiter ?? this.fiber
  }

  get awaiter(): FutureImpl<any, any> | undefined {
    return (this.region ?? this.fiber.getRef(CurrentRegion))?.owner.task
  }

  wake(): void {
    this.state = Woken
    this.scheduleStep()
  }

  private scheduleStep(): void {
    scheduleOn(this.fiber.currentDispatcher, this, 0)
  }

  /** Takes a parked waiter out of its queue because its task is to be cancelled; the cancellation follows next tick. */
  withdraw(request: Request): void {
    this.left()
    this.state = Withdrawn
    this.requested = request
    this.scheduleStep()
  }

  /** Called when the waiter leaves without its turn having come: it gives its place up. */
  left(): void {}

  /** The waiter's step, from the ready queue. */
  run(): void {
    if (this.state === Over) return
    if (this.state === Withdrawn) {
      this.end()
      return cancellation.deliver(this.region!, this.requested!)
    }
    const region = this.region
    if (region !== undefined && region.owner.pending !== undefined && cancellation.isDue(region)) {
      // The request beats the queued wake-up; the finalizer passes on what came with it.
      return cancellation.deliverPending(region)
    }
    const effect = this.goOn()
    this.end()
    this.resume!(effect)
  }

  /** What `proceed` throws is its own fiber's defect; the tick, and whoever comes next in line, go on. */
  private goOn(): Effect.Effect<A, E, R> {
    try {
      return this.proceed()
    } catch (thrown) {
      this.passOn()
      return Effect.die(thrown)
    }
  }

  /** Marks it over and frees its region for the next waiter. */
  end(): void {
    this.state = Over
    const region = this.region
    if (region !== undefined && region.waiter === this) region.waiter = undefined
  }

  /** The finalizer: the fiber is being interrupted while it waits. */
  interrupted(): Effect.Effect<void, E> {
    this.drop()
    return Effect.void
  }

  /** Its fiber does not go on with what it waited for. */
  drop(): void {
    const state = this.state
    if (state === Over) return
    this.end()
    if (state === Parked) this.left()
    else if (state === Woken) this.passOn()
  }

  /** Ends the wait of its fiber with a failure, in the next tick: what it waits for can't come. */
  fail(cause: Cause.Cause<never>): void {
    if (this.state !== Parked) return
    this.drop()
    const resume = this.resume!
    const entry: Entry = { owner: this.owner, run: () => resume(Effect.failCause(cause)) }
    scheduleOn(this.fiber.currentDispatcher, entry, 0)
  }

  /** Suspends the calling fiber until the waiter is woken. */
  park(): Effect.Effect<A, E, R> {
    return this as unknown as Effect.Effect<A, E, R>
  }

  /** The waiter as an effect: first it suspends the fiber, then it is the finalizer of that. */
  evaluate(fiber: Fiber.Fiber<unknown, unknown>): Effect.Effect<any, any, any> {
    if (this.resume !== undefined) return this.interrupted()
    if (fiber.cache.preventYield) return suspend(this)
    // A yield of Effect's own may come before the next operation, and other fibers in it.
    return Effect.callback((resume) => this.register(resume))
  }

  /** The fiber is suspended. Gives what ends that if the fiber is interrupted: the waiter itself, as an effect. */
  register(resume: (effect: Effect.Effect<any, any, any>) => void): Effect.Effect<void> {
    const fiber = Fiber.getCurrent()!
    this.fiber = fiber
    this.resume = resume
    const region = fiber.getRef(CurrentRegion)
    if (region !== undefined && region.fiber === fiber) {
      this.region = region
      region.waiter = this
    }
    if (this.region?.owner.task === undefined) (fiber.currentDispatcher as Partial<ReadyQueue>).onPark?.(this)
    this.parked()
    if (region?.owner.pending !== undefined) {
      if (isAbandoned(region)) this.drop()
      else if (this.region === region) cancellation.meet(region)
    }
    // A failure of the finalizer joins the interruption's cause; its `E` is in the waiter's own type.
    return this as unknown as Effect.Effect<void>
  }

  /** Called when the fiber is suspended: the waiter takes its place, wherever that is. */
  parked(): void {}
}

/** A waiter whose place is in a line. */
export abstract class QueuedWaiter<A = void, E = never, R = never> extends Waiter<A, E, R> implements Node {
  queue: WaitQueue | undefined = undefined
  before: Node | undefined = undefined
  after: Node | undefined = undefined

  /** `park` at the end of a line. */
  parkIn(line: WaitQueue): Effect.Effect<A, E, R> {
    this.queue = line
    return this.park()
  }
  override parked(): void {
    this.queue!.push(this)
  }
  override left(): void {
    this.queue!.remove(this)
  }
}

// INVARIANT: set only in a fiber that never yields by itself, for its very next operation.
let parking: Waiter<any, any, any> | undefined

/** One effect for all waiters: an effect and closures for each took a fifth more memory. */
const suspension: Effect.Effect<any, any, any> = Effect.callback<any, any, any>((resume) => {
  const waiter = parking!
  parking = undefined
  return waiter.register(resume)
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
