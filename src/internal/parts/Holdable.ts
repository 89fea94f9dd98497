/**
 * What can be held: the common half of locks and semaphores, which differ in how many may hold them and in what they know
 * of who does.
 *
 * Strictly first come, first served. Who waits stands in line until its own step, also once it was woken, and whoever comes
 * while somebody stands there goes to the end. Two changes tempt:
 *
 * - To keep nothing for a waiter that was woken; it would look again, and wait again where others were faster. A task that
 *   releases and acquires again in one step, over and over, would leave it nothing, each time.
 * - To let a newcomer take what is free and promised to nobody. One permit, one task waits, and two are released: one of
 *   them is promised to the waiter, which has not run; the other is free. Who takes it now runs before one that came
 *   earlier, and others can follow, as long as they come in that same tick.
 *
 * A woken waiter that is cancelled before its step gives what it was promised to the next (python/cpython#90155). Taking
 * what is free, releasing, waiting and giving up are O(1) each.
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
  // INVARIANT: the permits that nobody holds, never below the number of those woken: one is promised to each.
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

  /** Runs `effect` with a permit, which is given back however that ends. */
  withHeld<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return new WithHeld(this, effect)
  }

  /** In the step of `fiber`. */
  holdFor<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    const fiber = Fiber.getCurrent()!
    if (!fiber.cache.preventYield) return this.guarded((restore) => Effect.ensuring(restore(effect), this.giveBack))
    // It never yields by itself, as on a loop: nothing comes between taking the permit and guarding it.
    const held = Effect.onExitPrimitive(effect, this.giveBackAtExit)
    return this.takeIfFree(fiber) ? held : this.wait(held)
  }

  acquireScoped(): Effect.Effect<void, never, Scope.Scope> {
    return this.guarded(() => Effect.addFinalizer(() => this.giveBack))
  }

  /**
   * Goes on with `guard` once it has a permit, in any fiber. The waiting can be cancelled: `acquireUseRelease` would acquire
   * uninterruptibly.
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

  /** It changes hands: the fiber has a permit from now on. */
  take(fiber: AnyFiber): void {
    this.free--
    if (observer !== undefined) observer.taken(this, fiber)
  }

  /** It changes hands: a permit is given back, and promised to the first who waits. */
  release(): void {
    this.free++
    if (observer !== undefined) observer.released(this)
    this.line.wakeFirst()
  }

  /** A woken waiter has left the line, with its permit or without: those behind it get what is free. */
  wakeMore(): void {
    while (this.available > 0 && this.line.wakeFirst());
  }
}

/** Not in place: an interruption between taking and guarding would leave it taken. A class, as a closure took more. */
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

/** Who waits, and who was woken and has not run; those are the first. */
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

  /** One that was woken leaves. */
  leave(node: Node): void {
    this.woken--
    this.remove(node)
  }
}

class HoldableWaiter<A, E, R> extends QueuedWaiter<A, E, R> {
  private readonly holdable: Holdable
  /** What the fiber goes on with once it has its permit. */
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
