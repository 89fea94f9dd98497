/** Debug mode: finds steps that hold their loop for too long. */
import type * as Clock from "effect/Clock"
import { nowNanos } from "../host/hostTime.ts"
import type { Step } from "../kernel/Entry.ts"
import type { Observer } from "../kernel/observer.ts"
import { withSteps } from "../waiting/hostSteps.ts"

export class SlowSteps implements Observer {
  private readonly queue: object | undefined
  private readonly clock: Clock.Clock
  private readonly limit: number
  private readonly found: (step: Step, seconds: number) => void
  // INVARIANT: for each step under way, when it began, and how much of the time since then was spent in nested ones.
  private readonly begun: Array<{ readonly at: number; inner: number }> = []

  /** Watches one queue, or all of them; `limit` in nanoseconds. */
  constructor(
    queue: object | undefined,
    clock: Clock.Clock,
    limit: number,
    found: (step: Step, seconds: number) => void
  ) {
    this.queue = queue
    this.clock = clock
    this.limit = limit
    this.found = found
  }

  readonly services = withSteps

  stepBegan(_step: Step, queue: object): void {
    if (this.isMine(queue)) this.begun.push({ at: nowNanos(this.clock), inner: 0 })
  }

  stepEnded(step: Step, queue: object): void {
    const begun = this.isMine(queue) ? this.begun.pop() : undefined
    if (begun === undefined) return
    const all = nowNanos(this.clock) - begun.at
    const around = this.begun.at(-1)
    if (around !== undefined) around.inner += all
    if (all - begun.inner >= this.limit) this.found(step, (all - begun.inner) / 1e9)
  }

  private isMine(queue: object): boolean {
    return this.queue === undefined || this.queue === queue
  }
}
