/**
 * The deadline of a `timeout` block, as the block's body sees it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { RuntimeError } from "./Errors.ts"
import type { EventLoop } from "./EventLoop.ts"
import * as check from "./internal/host/check.ts"
import { never, ofSeconds } from "./internal/host/Moment.ts"
import { getLoop } from "./internal/loop/currentLoop.ts"
import { TimeoutImpl } from "./internal/parts/TimeoutImpl.ts"

/**
 * A deadline that can be read and moved while its block runs.
 *
 * **Details**
 *
 * asyncio's `Timeout`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Timeout {
  readonly "~effect-asyncio/Timeout": unknown
  /** `<Timeout active when=5>`, `<Timeout expired>`. */
  toString(): string
}

const impl: (call: string, self: Timeout) => TimeoutImpl = check.self("Timeout", TimeoutImpl)

/**
 * The deadline in seconds of the loop's clock; none if there is no deadline.
 *
 * **Details**
 *
 * It stays the same after the deadline has passed, and after the block has ended. asyncio's `when()`.
 *
 * **Example** (The time that is left)
 *
 * ```ts import.meta.vitest
 * import { Effect, Option } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const program = asyncio.timeout("10 seconds", (timeout) =>
 *   Effect.gen(function*() {
 *     yield* asyncio.sleep("4 seconds")
 *     const now = yield* asyncio.EventLoop.time
 *     return Option.map(asyncio.Timeout.when(timeout), (when) => when - now)
 *   })
 * )
 *
 * await Effect.runPromise(VirtualLoop.run(program)) // => Option.some(6)
 * ```
 *
 * @category state
 * @since 0.1.0
 */
export const when = (self: Timeout): Option.Option<number> => Option.fromUndefinedOr(impl("when", self).when)

/**
 * Whether the deadline has passed and cancelled the block. Also true if the block then ended in some other way.
 *
 * **Details**
 *
 * asyncio's `expired()`.
 *
 * **Example** (What there was by then)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = asyncio.timeout("5 millis", (timeout) =>
 *   Effect.gen(function*() {
 *     const rows = yield* asyncio.Task.catchCancelled(asyncio.sleep("1 hour", 100), () => Effect.succeed(42))
 *     return { rows, complete: !asyncio.Timeout.expired(timeout) }
 *   })
 * )
 *
 * await asyncio.run(program) // => { rows: 42, complete: false }
 * ```
 *
 * @category state
 * @since 0.1.0
 */
export const expired = (self: Timeout): boolean => {
  const { state } = impl("expired", self)
  return state === "expiring" || state === "expired"
}

/**
 * Moves the deadline; `undefined` removes it.
 *
 * **Details**
 *
 * In seconds of the loop's clock; a time in the past cancels the block in the next tick. Dies with `RuntimeError` once
 * the deadline has passed or the block has ended. O(log n) in the number of pending timers.
 *
 * **Example** (More time while there is progress)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const steps = asyncio.timeout("2 seconds", (timeout) =>
 *   Effect.gen(function*() {
 *     for (let step = 0; step < 3; step++) {
 *       yield* asyncio.sleep("1 second")
 *       yield* asyncio.Timeout.reschedule(timeout, (yield* asyncio.EventLoop.time) + 2)
 *     }
 *     return yield* asyncio.EventLoop.time
 *   })
 * )
 *
 * await Effect.runPromise(VirtualLoop.run(steps)) // => 3
 * ```
 *
 * @category changing
 * @since 0.1.0
 */
export const reschedule = (self: Timeout, when: number | undefined): Effect.Effect<void, never, EventLoop> =>
  Effect.withFiber((fiber) => {
    const timeout = impl("reschedule", self)
    if (when !== undefined) check.seconds("Timeout.reschedule", when)
    if (timeout.state !== "active") {
      throw new RuntimeError({
        message: `Timeout.reschedule: the block is ${timeout.state}, so its deadline can't move`
      })
    }
    const timers = getLoop("Timeout.reschedule", fiber).timersFor(fiber)
    timeout.arm(timers, timers.now(), when === undefined ? never : ofSeconds(when))
    return Effect.void
  })
