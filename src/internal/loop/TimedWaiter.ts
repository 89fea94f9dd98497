/** A waiter that is its own timer: a deadline wakes it, if nothing else does before. */
import type * as Fiber from "effect/Fiber"
import type { Timer, Timers } from "../kernel/Timers.ts"
import { Waiter } from "../waiting/Waiter.ts"
import type { LoopImpl } from "./loop.ts"

export abstract class TimedWaiter<A = void, E = never, R = never> extends Waiter<A, E, R> implements Timer {
  place = -1
  turn = 0
  timers: Timers | undefined
  // INVARIANT: undefined once `timers` know it: a number takes 16 bytes in each of very many waiters.
  private deadline: number | undefined

  /** `nanos`: from now, by the fiber's own clock; Infinity means no deadline. */
  constructor(loop: LoopImpl, fiber: Fiber.Fiber<unknown, unknown>, nanos: number) {
    super()
    this.timers = nanos === Infinity ? undefined : loop.timersFor(fiber)
    this.deadline = this.timers === undefined ? Infinity : this.timers.now() + nanos
  }
  override enter(): void {
    if (this.timers === undefined) return
    this.timers.add(this, this.deadline!)
    this.deadline = undefined
  }
  override leave(): void {
    this.timers?.remove(this)
  }
  /** When its time comes, in nanoseconds; undefined without a deadline, or once it has come. */
  get due(): number | undefined {
    return this.timers?.deadlineOf(this)
  }
  get isEndless(): boolean {
    return this.deadline === Infinity
  }
  fire(): void {
    if (this.state === "parked") this.wake()
  }
}
