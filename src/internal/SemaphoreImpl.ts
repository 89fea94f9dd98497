/** What `Semaphore` and `BoundedSemaphore` make; the rules are told in Semaphore.ts. */
import * as Effect from "effect/Effect"
import { pipeArguments } from "effect/Pipeable"
import type { Semaphore } from "../Semaphore.ts"
import * as check from "./check.ts"
import { QueuedWaiter, WaitQueue } from "./WaitQueue.ts"

export class SemaphoreImpl implements Semaphore {
  readonly "~effect-asyncio/Semaphore" = "~effect-asyncio/Semaphore"
  // INVARIANT: not negative. While it is above 0, somebody waits only as long as `waking` is above 0.
  available: number
  // INVARIANT: waiters that were given a permit and have not run yet.
  waking = 0
  readonly waiting = new WaitQueue()
  private readonly bound: number

  constructor(permits: number, bound: number) {
    this.available = permits
    this.bound = bound
  }

  pipe() {
    return pipeArguments(this, arguments)
  }

  get isLocked(): boolean {
    return this.available === 0 || this.waking > 0 || this.waiting.length > 0
  }

  readonly acquire: Effect.Effect<void> = Effect.suspend(() => {
    if (this.takeIfFree()) return Effect.void
    return new SemaphoreWaiter(this).parkIn(this.waiting)
  })

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

class SemaphoreWaiter extends QueuedWaiter {
  get label(): string {
    return "a Semaphore"
  }
  private readonly semaphore: SemaphoreImpl
  constructor(semaphore: SemaphoreImpl) {
    super()
    this.semaphore = semaphore
  }
  proceed() {
    this.semaphore.woken()
    return Effect.void
  }
  override passOn(): void {
    this.semaphore.available++
    this.semaphore.woken()
  }
}
