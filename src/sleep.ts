/**
 * `sleep`: lets others run, for a time.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as check from "./internal/host/check.ts"
import { findLoop } from "./internal/loop/currentLoop.ts"
import type { LoopImpl } from "./internal/loop/loop.ts"
import { TimedWaiter } from "./internal/loop/TimedWaiter.ts"

/**
 * Waits for a duration, and gives `value`.
 *
 * **Details**
 *
 * Zero or less is one tick: others that are ready run first. On a loop it uses the loop's timers, so that equal
 * deadlines are first come, first served, and resumes one tick after its time; without a loop it sleeps on the `Clock`.
 * Infinity waits until it is cancelled. A plain number is milliseconds. NaN dies with `IllegalArgumentError`.
 *
 * O(log n) in the timers that wait. Interrupted, it takes its timer with it. asyncio's `sleep`.
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
  duration === 0 && value === undefined ? Effect.yieldNow as Effect.Effect<any> : Effect.withFiber((fiber) => {
    const nanos = check.nanos("sleep", duration)
    // Called without a value, `A` is void.
    if (nanos <= 0) return Effect.as(Effect.yieldNow, value as A)
    const loop = findLoop(fiber)
    if (loop === undefined) return Effect.as(Effect.sleep(duration), value as A)
    return new Sleeper(loop, fiber, nanos, value as A).park()
  })

class Sleeper<A> extends TimedWaiter<A> {
  private readonly value: A
  constructor(loop: LoopImpl, fiber: Fiber.Fiber<unknown, unknown>, nanos: number, value: A) {
    super(loop, fiber, nanos)
    this.value = value
  }
  get label(): string {
    return this.deadline === Infinity ? "a sleep without end" : "a timer"
  }
  override get sleeps(): number | undefined {
    return this.timers === undefined ? undefined : this.deadline - this.timers.latest
  }
  proceed() {
    return Effect.succeed(this.value)
  }
}
