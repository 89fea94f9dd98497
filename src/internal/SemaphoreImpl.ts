/** What `Semaphore` and `BoundedSemaphore` make; the rules are told in Semaphore.ts. */
import * as Effect from "effect/Effect"
import { pipeArguments } from "effect/Pipeable"
import type { Semaphore } from "../Semaphore.ts"
import * as check from "./check.ts"
import { Printable, type Words } from "./printing.ts"
import { QueuedWaiter } from "./QueuedWaiter.ts"
import { WaitQueue } from "./WaitQueue.ts"
import { counted } from "./words.ts"

export class SemaphoreImpl extends Printable implements Semaphore {
  readonly "~effect-asyncio/Semaphore" = "~effect-asyncio/Semaphore"
  // INVARIANT: not negative. While it is above 0, somebody waits only as long as `waking` is above 0.
  available: number
  // INVARIANT: waiters that were given a permit and have not run yet.
  waking = 0
  readonly waiting = new WaitQueue()
  private readonly bound: number

  constructor(permits: number, bound: number) {
    super()
    this.available = permits
    this.bound = bound
  }

  pipe() {
    return pipeArguments(this, arguments)
  }

  get kind(): string {
    return this.bound === Infinity ? "Semaphore" : "BoundedSemaphore"
  }
  describe(): Words {
    return [
      this.isLocked ? "locked" : "unlocked",
      `value=${this.available}`,
      counted("waiters", this.waitingCount)
    ]
  }
  /** How many wait, those that have a permit and are about to run included. */
  get waitingCount(): number {
    return this.waiting.length + this.waking
  }

  get isLocked(): boolean {
    return this.available === 0 || this.waking > 0 || this.waiting.length > 0
  }

  readonly acquire: Effect.Effect<void> = Effect.suspend(() => {
    if (this.takeIfFree()) return Effect.void
    return new SemaphoreWaiter(this, Effect.void).parkIn(this.waiting)
  })

  /** Runs `effect` with a permit, in a fiber that never yields by itself: as `Lock`'s does. */
  hold<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    const held = Effect.onExitPrimitive(effect, this.releaseAtExit)
    return this.takeIfFree() ? held : new SemaphoreWaiter(this, held).parkIn(this.waiting)
  }

  private readonly releaseAtExit = (): undefined => {
    this.release()
  }

  readonly releaseEffect: Effect.Effect<void> = Effect.sync(() => this.release())

  takeIfFree(): boolean {
    if (this.isLocked) return false
    this.available--
    return true
  }

  release(): void {
    if (this.available + this.waking >= this.bound) {
      check.illegal("BoundedSemaphore.release", "the number of permits", this.bound + 1, `at most ${this.bound}`)
    }
    this.available++
    this.giveOne()
  }

  /** A woken waiter is gone, with its permit or without: those behind it get what is free. */
  woken(): void {
    this.waking--
    while (this.available > 0 && this.giveOne());
  }

  private giveOne(): boolean {
    if (this.waiting.length === 0) return false
    this.available--
    this.waking++
    return this.waiting.wakeFirst()
  }
}

class SemaphoreWaiter<A, E, R> extends QueuedWaiter<A, E, R> {
  get label(): string {
    return "a Semaphore"
  }
  private readonly semaphore: SemaphoreImpl
  /** What the fiber goes on with once it has the permit. */
  private readonly continuation: Effect.Effect<A, E, R>
  constructor(semaphore: SemaphoreImpl, continuation: Effect.Effect<A, E, R>) {
    super()
    this.semaphore = semaphore
    this.continuation = continuation
  }
  proceed() {
    this.semaphore.woken()
    return this.continuation
  }
  override passOn(): void {
    this.semaphore.available++
    this.semaphore.woken()
  }
}
