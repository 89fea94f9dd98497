/** A waiter that is its own timer: a deadline wakes it, if nothing else does before. */
import type * as Fiber from "effect/Fiber"
import type { Timer, Timers } from "../kernel/Timers.ts"
import { Waiter } from "../waiting/Waiter.ts"
import type { LoopImpl } from "./loop.ts"

export abstract class TimedWaiter<A = void, E = never, R = never> extends Waiter<A, E, R> implements Timer {
  readonly deadline: number
  place = -1
  turn = 0
  timers: Timers | undefined

  /** So many nanoseconds from now on, by the fiber's own clock; Infinity is no deadline. */
  constructor(loop: LoopImpl, fiber: Fiber.Fiber<unknown, unknown>, nanos: number) {
    super()
    this.timers = nanos === Infinity ? undefined : loop.timersFor(fiber)
    this.deadline = this.timers === undefined ? Infinity : this.timers.now() + nanos
  }
  override enter(): void {
    this.timers?.add(this)
  }
  override leave(): void {
    this.timers?.remove(this)
  }
  fire(): void {
    if (this.state === "parked") this.wake()
  }
}
