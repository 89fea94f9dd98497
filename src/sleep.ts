/**
 * `sleep` and `sleepUntil`: let others run, for a time or until one.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import * as Fiber from "effect/Fiber"
import type { EventLoop } from "./EventLoop.ts"
import * as check from "./internal/host/check.ts"
import { ofSeconds } from "./internal/host/Moment.ts"
import { findLoop, getLoop } from "./internal/loop/currentLoop.ts"
import type { LoopImpl } from "./internal/loop/loop.ts"
import { TimedWaiter } from "./internal/loop/TimedWaiter.ts"

/**
 * Waits for a duration, and returns `value`.
 *
 * **Details**
 *
 * Zero or less takes one tick: others that are ready run first. On a loop it uses the loop's timers, so equal deadlines
 * are first come, first served, and it resumes one tick after its time. Without a loop it sleeps on the `Clock`.
 * Infinity waits until cancelled. A plain number is milliseconds. NaN dies with `IllegalArgumentError`.
 *
 * O(log n) in the number of pending timers. An interruption removes the timer. asyncio's `sleep`.
 *
 * **Example** (Taking turns)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const seen: Array<string> = []
 * const count = (name: string) =>
 *   Effect.gen(function*() {
 *     for (let i = 0; i < 2; i++) {
 *       seen.push(`${name}${i}`)
 *       yield* asyncio.sleep(0)
 *     }
 *   })
 *
 * await asyncio.run(asyncio.gather([count("a"), count("b")]))
 * seen // => ["a0", "b0", "a1", "b1"]
 * ```
 *
 * @category verbs
 * @since 0.1.0
 */
export const sleep: {
  (duration: Duration.Input): Effect.Effect<void>
  <A>(duration: Duration.Input, value: A): Effect.Effect<A>
} = <A>(duration: Duration.Input, value?: A): Effect.Effect<A> =>
  // One tick is Effect's own yield: the loop's queue looks for a request before it resumes.
  // Called without a value, `A` is void.
  duration === 0 && value === undefined ? Effect.yieldNow as Effect.Effect<any> : new Sleep(duration, value as A)

/**
 * Waits until seconds on the loop's clock.
 *
 * **When to use**
 *
 * Use when the time itself is known: rounds that do not drift, a deadline that several tasks wait for. Add a number of
 * seconds to `EventLoop.time`; `sleep` takes a duration instead, where a plain number is milliseconds.
 *
 * **Details**
 *
 * A time in the past takes one tick, as `sleep(0)` does. Infinity waits until cancelled. Resumes one tick after its
 * time, never before it; equal times are first come, first served, including those of `sleep` and `callAt`. NaN dies
 * with `IllegalArgumentError`. O(log n) in the number of pending timers. An interruption removes the timer. trio's
 * `sleep_until`.
 *
 * **Example** (Every second, however long a round takes)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const rounds = Effect.gen(function*() {
 *   const begin = yield* asyncio.EventLoop.time
 *   const times: Array<number> = []
 *   for (let round = 1; round <= 3; round++) {
 *     yield* asyncio.sleepUntil(begin + round)
 *     times.push(yield* asyncio.EventLoop.time)
 *     yield* asyncio.sleep("300 millis")
 *   }
 *   return times
 * })
 *
 * await Effect.runPromise(VirtualLoop.run(rounds)) // => [1, 2, 3]
 * ```
 *
 * @category verbs
 * @since 0.2.0
 */
export const sleepUntil = (when: number): Effect.Effect<void, never, EventLoop> =>
  Effect.withFiber((fiber) => {
    check.seconds("sleepUntil", when)
    const loop = getLoop("sleepUntil", fiber)
    const nanos = ofSeconds(when).nanos - loop.timersFor(fiber).now()
    return nanos <= 0 ? Effect.yieldNow : new Sleeper(loop, fiber, nanos, undefined).park()
  })

/** A sleep as an effect: as a closure it took three objects, and three times the memory. */
class Sleep<A> extends Effectable.Class<A> {
  private readonly duration: Duration.Input
  private readonly value: A
  constructor(duration: Duration.Input, value: A) {
    super()
    this.duration = duration
    this.value = value
  }
  asEffect(): Effect.Effect<A> {
    const { duration, value } = this
    const nanos = check.nanos("sleep", duration)
    if (nanos <= 0) return Effect.as(Effect.yieldNow, value)
    const fiber = Fiber.getCurrent()!
    const loop = findLoop(fiber)
    if (loop === undefined) return Effect.as(Effect.sleep(duration), value)
    return new Sleeper(loop, fiber, nanos, value).park()
  }
}

class Sleeper<A> extends TimedWaiter<A> {
  private readonly value: A
  constructor(loop: LoopImpl, fiber: Fiber.Fiber<unknown, unknown>, nanos: number, value: A) {
    super(loop, fiber, nanos)
    this.value = value
  }
  get label(): string {
    return this.isEndless ? "a sleep without end" : "a timer"
  }
  override get sleeps(): number | undefined {
    return this.timers === undefined ? undefined : this.timers.deadlineOf(this) - this.timers.latest
  }
  proceed() {
    return Effect.succeed(this.value)
  }
}
