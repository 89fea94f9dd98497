/** How long fibers wait in this library: an observer that reports each wait once it is over. */
import * as Clock from "effect/Clock"
import { nowNanos } from "../internal/host/hostTime.ts"
import type { Observer, Waiting } from "../internal/kernel/observer.ts"

interface Begun {
  /** In nanoseconds of its fiber's clock. */
  readonly at: number
  readonly holder: NonNullable<Waiting["resource"]>["holder"]
}

export class Waits implements Observer {
  // Weakly: nothing tells when a fiber is abandoned.
  private readonly begun = new WeakMap<Waiting, Begun>()
  private readonly over: (waiter: Waiting, nanos: number, holder: Begun["holder"]) => void

  /** `over` is told how long the wait was, and which task had what it waited for when it began. */
  constructor(over: (waiter: Waiting, nanos: number, holder: Begun["holder"]) => void) {
    this.over = over
  }

  parked(waiter: Waiting): void {
    this.begun.set(waiter, { at: this.now(waiter), holder: waiter.resource?.holder })
  }
  woken(waiter: Waiting): void {
    const begun = this.begun.get(waiter)
    if (begun === undefined) return
    this.begun.delete(waiter)
    this.over(waiter, this.now(waiter) - begun.at, begun.holder)
  }
  withdrawn(waiter: Waiting): void {
    this.woken(waiter)
  }
  left(waiter: Waiting): void {
    this.woken(waiter)
  }

  private now({ fiber }: Waiting): number {
    return nowNanos(fiber.getRef(Clock.Clock))
  }
}
