/**
 * A clock that stands still until its driver moves it. Sleepers wake in order of their time, equal ones first come, first
 * served.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Heap, type Member } from "../internal/host/Heap.ts"

export interface Sleeper extends Member {
  readonly deadline: number
  readonly fiber: Fiber.Fiber<unknown, unknown>
  readonly resume: (effect: Effect.Effect<void>) => void
}

export class VirtualClock implements Clock.Clock {
  /** Executors whose workers live in real time recognize it by this. */
  readonly "~effect-asyncio/VirtualClock" = "~effect-asyncio/VirtualClock"
  /** Since the loop began: whole nanoseconds. */
  nanos = 0
  /** Told of every new sleeper, and when no loop inside this one works any longer: its driver may have something to do. */
  onChange: (() => void) | undefined = undefined
  // INVARIANT: how many loops that were made inside this one are working.
  inside = 0
  private readonly sleeping = new Heap<number, Sleeper>((a, b) => a - b)

  /** When the next sleeper wakes. */
  get next(): number | undefined {
    return this.sleeping.peek()?.deadline
  }

  /** Those who sleep. */
  get sleepers(): ReadonlyArray<Sleeper> {
    return this.sleeping.toArray()
  }

  /** Wakes those whose time has come. */
  wakeDue(): void {
    for (let first = this.sleeping.peek(); first !== undefined && first.deadline <= this.nanos;) {
      this.sleeping.pop()
      this.wake(first)
      first = this.sleeping.peek()
    }
  }

  protected wake(sleeper: Sleeper): void {
    sleeper.resume(Effect.void)
  }

  currentTimeMillisUnsafe(): number {
    return this.nanos / 1e6
  }
  currentTimeNanosUnsafe(): bigint {
    return BigInt(this.nanos)
  }
  monotonicTimeNanosUnsafe(): bigint {
    return BigInt(this.nanos)
  }
  readonly currentTimeMillis = Effect.sync(() => this.currentTimeMillisUnsafe())
  readonly currentTimeNanos = Effect.sync(() => this.currentTimeNanosUnsafe())
  readonly monotonicTimeNanos = Effect.sync(() => this.monotonicTimeNanosUnsafe())

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    const nanos = Math.round(Duration.toMillis(duration) * 1e6)
    if (nanos <= 0) return Effect.yieldNow
    if (nanos === Infinity) return Effect.never
    return Effect.callback((resume) => {
      const sleeper: Sleeper = {
        deadline: this.nanos + nanos,
        fiber: Fiber.getCurrent()!,
        resume,
        place: -1,
        turn: 0
      }
      this.sleeping.push(sleeper, sleeper.deadline)
      this.onChange?.()
      return Effect.sync(() => this.sleeping.remove(sleeper))
    })
  }
}
