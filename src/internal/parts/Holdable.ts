/**
 * Something that can be held: the common half of locks and semaphores, which differ in how many may hold them and in
 * what they know about the holders.
 *
 * Strictly first come, first served. A waiter stands in line until its own step, even after it was woken, and whoever
 * comes while somebody stands there goes to the end. Two changes are tempting:
 *
 * - To keep nothing for a woken waiter; it would look again, and wait again if others were faster. A task that releases
 *   and acquires again in one step, over and over, would leave it nothing every time.
 * - To let a newcomer take what is free and promised to nobody. Say one task waits, and two permits are released: one
 *   of them is promised to the waiter, which has not run; the other is free. A newcomer that takes it runs before one
 *   that came earlier, and more can follow, as long as they come in that same tick.
 *
 * A woken waiter that is cancelled before its step passes its promised permit on to the next (python/cpython#90155).
 * Taking what is free, releasing, waiting and giving up are O(1) each.
 */
import * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { atOnce, inPlace } from "../host/inPlace.ts"
import { withoutYield } from "../host/withoutYield.ts"
import { observer } from "../kernel/observer.ts"
import { type Node, WaitQueue } from "../kernel/WaitQueue.ts"
import { QueuedWaiter } from "../waiting/QueuedWaiter.ts"
import { Primitive } from "./Primitive.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

export abstract class Holdable extends Primitive {
  readonly line = new Line()
  // INVARIANT: the permits that nobody holds; never fewer than the woken waiters, as one is promised to each.
  protected free: number

  constructor(permits: number) {
    super()
    this.free = permits
  }

  /** The permits that are promised to nobody. */
  get available(): number {
    return this.free - this.line.woken
  }

  /** Waits for a permit and takes it. */
  readonly acquire: Effect.Effect<void> = inPlace((fiber) =>
    this.takeIfFree(fiber) ? Effect.void : this.wait(Effect.void)
  )

  /** Takes a permit, if one is free and nobody waits for one. */
  acquireNowait(): Effect.Effect<boolean> {
    return inPlace((fiber) => Effect.succeed(this.takeIfFree(fiber)))
  }

  /** Runs `effect` with a permit, and gives the permit back however `effect` ends. */
  withHeld<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return new WithHeld(this, effect)
  }

  /** In the step of `fiber`. */
  holdFor<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    const fiber = Fiber.getCurrent()!
    if (!fiber.cache.preventYield) return this.guarded((restore) => Effect.ensuring(restore(effect), this.giveBack))
    // The fiber never yields by itself, as on a loop: nothing comes between taking the permit and guarding it.
    const held = Effect.onExitPrimitive(effect, this.giveBackAtExit)
    return this.takeIfFree(fiber) ? held : this.wait(held)
  }

  acquireScoped(): Effect.Effect<void, never, Scope.Scope> {
    return this.guarded(() => Effect.addFinalizer(() => this.giveBack))
  }

  /**
   * Goes on with `guard` once it has a permit, in any fiber. The wait can be cancelled; `acquireUseRelease` would
   * acquire uninterruptibly.
   */
  private guarded<A, E, R>(
    guard: (restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E, R> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.withFiber((fiber) => Effect.flatMap(withoutYield(fiber, restore(this.acquire)), () => guard(restore)))
    )
  }

  readonly giveBack: Effect.Effect<void> = atOnce(() => {
    this.release()
    return Exit.void
  })

  private readonly giveBackAtExit = (): undefined => {
    this.release()
  }

  private takeIfFree(fiber: AnyFiber): boolean {
    if (this.free === 0 || this.line.head !== undefined) return false
    this.take(fiber)
    return true
  }

  private wait<A, E, R>(continuation: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return new HoldableWaiter(this, continuation).parkIn(this.line)
  }

  /** The fiber has a permit from now on. */
  take(fiber: AnyFiber): void {
    this.free--
    if (observer !== undefined) observer.taken(this, fiber)
  }

  /** A permit is given back, and promised to the first waiter. */
  release(): void {
    this.free++
    if (observer !== undefined) observer.released(this)
    this.line.wakeFirst()
  }

  /** A woken waiter has left the line, with or without its permit: those behind it get what is free. */
  wakeMore(): void {
    while (this.available > 0 && this.line.wakeFirst());
  }
}

/**
 * Not in place: an interruption between taking and guarding would leave the permit taken. A class takes less than a
 * closure.
 */
class WithHeld<A, E, R> extends Effectable.Class<A, E, R> {
  private readonly holdable: Holdable
  private readonly effect: Effect.Effect<A, E, R>
  constructor(holdable: Holdable, effect: Effect.Effect<A, E, R>) {
    super()
    this.holdable = holdable
    this.effect = effect
  }
  asEffect() {
    return this.holdable.holdFor(this.effect)
  }
}

/** The waiters: first those that were woken and have not run, then the others. */
class Line extends WaitQueue {
  // INVARIANT: the first that was not woken; undefined if all were.
  private next: Node | undefined = undefined
  // INVARIANT: how many stand before `next`.
  woken = 0

  override push(node: Node): void {
    super.push(node)
    this.next ??= node
  }

  override remove(node: Node): void {
    if (node === this.next) this.next = node.after
    super.remove(node)
  }

  override wakeFirst(): boolean {
    const { next } = this
    if (next === undefined) return false
    this.next = next.after
    this.woken++
    next.wake()
    return true
  }

  /** A woken one leaves. */
  leave(node: Node): void {
    this.woken--
    this.remove(node)
  }
}

class HoldableWaiter<A, E, R> extends QueuedWaiter<A, E, R> {
  private readonly holdable: Holdable
  /** How the fiber goes on once it has its permit. */
  private readonly continuation: Effect.Effect<A, E, R>
  constructor(holdable: Holdable, continuation: Effect.Effect<A, E, R>) {
    super()
    this.holdable = holdable
    this.continuation = continuation
  }
  override get resource(): Holdable {
    return this.holdable
  }
  get label(): string {
    return this.holdable.labelFor(undefined)
  }
  proceed() {
    const { holdable } = this
    holdable.line.leave(this)
    holdable.take(this.fiber)
    holdable.wakeMore()
    return this.continuation
  }
  override passOn(): void {
    this.holdable.line.leave(this)
    this.holdable.wakeMore()
  }
}
