/**
 * Deadlines over a block: `timeout`, `timeoutOption` and `timeoutAt`.
 *
 * Each opens a cancellation region and cancels it when the time has come: internal/parts/TimeoutImpl.ts. The file is
 * not named timeout.ts, which on a case-insensitive disk would be Timeout.ts.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type { EventLoop } from "./EventLoop.ts"
import * as check from "./internal/host/check.ts"
import { ofNanos, ofSeconds } from "./internal/host/Moment.ts"
import { TimeoutErrorTypeId } from "./internal/parts/timeoutError.ts"
import { block } from "./internal/parts/TimeoutImpl.ts"
import type { Timeout } from "./Timeout.ts"

/**
 * Runs a block; after `delay`, cancels it and fails with `TimeoutError`.
 *
 * **Details**
 *
 * The block's clean-up runs to its end first, however long it takes; if it fails, that failure comes out instead. If
 * the task is cancelled from outside as well, it stays cancelled. A block that catches the cancellation and goes on
 * keeps its own outcome; `Timeout.expired` tells whether the deadline has passed. `Duration.infinity` means no deadline
 * until rescheduled; a zero or negative delay lets the block run until it first suspends. Costs one fiber and no tick.
 * Fibers that the block forks with `Effect.forkChild` end with it; tasks go on. NaN dies with `IllegalArgumentError`.
 * asyncio's `async with timeout(delay)`.
 *
 * **Example** (A block that takes too long)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = asyncio.timeout("5 millis", () => asyncio.sleep("1 hour", "slept")).pipe(
 *   Effect.catchTag("TimeoutError", () => Effect.succeed("too late"))
 * )
 *
 * await asyncio.run(program) // => "too late"
 * ```
 *
 * @category verbs
 * @since 0.1.0
 */
export const timeout = <A, E, R>(
  delay: Duration.Input,
  body: (timeout: Timeout) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | Cause.TimeoutError, R | EventLoop> =>
  Effect.withFiber((fiber) => {
    const nanos = check.nanos("timeout", delay)
    check.body("timeout", "the body", body)
    return block("timeout", fiber, body, (now) => ofNanos(now + nanos), Effect.fail)
  })

/**
 * Runs a block and cancels it after `delay`; returns its value, or none if the time ran out first.
 *
 * **When to use**
 *
 * Use when being too late is not a failure. None means this deadline alone: a `TimeoutError` from within the block
 * stays a failure, so there is no need to tell the two apart.
 *
 * **Details**
 *
 * Otherwise it works like `timeout`: the clean-up runs to its end, a failure in it comes out, a cancellation from
 * outside stays one, and a block that catches its cancellation and goes on keeps its own outcome. Costs one fiber and
 * no tick. trio's `move_on_after`, under the name of Effect's `timeoutOption`.
 *
 * **Example** (A value in time, another one too late)
 *
 * ```ts import.meta.vitest
 * import { Effect, Option } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.all([
 *   asyncio.timeoutOption("1 hour", () => asyncio.sleep("1 millis", "fresh")),
 *   asyncio.timeoutOption("5 millis", () => asyncio.sleep("1 hour", "fresh"))
 * ])
 *
 * await asyncio.run(program) // => [Option.some("fresh"), Option.none()]
 * ```
 *
 * @category verbs
 * @since 0.2.0
 */
export const timeoutOption = <A, E, R>(
  delay: Duration.Input,
  body: (timeout: Timeout) => Effect.Effect<A, E, R>
): Effect.Effect<Option.Option<A>, E, R | EventLoop> =>
  Effect.withFiber((fiber) => {
    const call = "timeoutOption"
    const nanos = check.nanos(call, delay)
    check.body(call, "the body", body)
    const some = (timeout: Timeout) => Effect.asSome(check.given(call, "the body", body(timeout)))
    return block(call, fiber, some, (now) => ofNanos(now + nanos), () => Effect.succeedNone)
  })

/**
 * Whether a `TimeoutError` comes from this library: from `timeout`, `timeoutAt`, `waitFor` or any `timeout` option.
 *
 * **Details**
 *
 * Effect's `Cause.isTimeoutError` is true of these and of Effect's own; another library's error of that name is
 * neither. With `Effect.catchIf`, those others stay in the error type. Where deadlines are nested, `timeoutOption` and
 * `Timeout.expired` tell which of them has passed.
 *
 * **Example** (Too late, or a driver that gave up by itself)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const verdict = <A, E>(query: Effect.Effect<A, E>) =>
 *   asyncio.timeout("20 millis", () => query).pipe(
 *     Effect.catchIf(asyncio.isTimeoutError, () => Effect.succeed("too late")),
 *     Effect.catch(() => Effect.succeed("the driver gave up"))
 *   )
 *
 * await asyncio.run(verdict(asyncio.sleep("1 hour"))) // => "too late"
 * await asyncio.run(verdict(Effect.timeout(asyncio.sleep("1 hour"), "1 millis"))) // => "the driver gave up"
 * ```
 *
 * @category guards
 * @since 0.2.0
 */
export const isTimeoutError = (
  u: unknown
): u is Cause.TimeoutError & { readonly "~effect-asyncio/TimeoutError": true } =>
  Predicate.hasProperty(u, TimeoutErrorTypeId)

/**
 * As `timeout`, with the deadline as seconds on the loop's clock.
 *
 * **Details**
 *
 * asyncio's `async with timeout_at(when)`.
 *
 * **Example** (One deadline for several steps)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const done: Array<number> = []
 * const steps = Effect.gen(function*() {
 *   const deadline = (yield* asyncio.EventLoop.time) + 5
 *   for (const seconds of [1, 2, 3]) {
 *     yield* asyncio.timeoutAt(deadline, () => asyncio.sleep({ seconds }))
 *     done.push(seconds)
 *   }
 * })
 *
 * const error = await Effect.runPromise(VirtualLoop.run(Effect.flip(steps)))
 * error._tag // => "TimeoutError"
 * done // => [1, 2]
 * ```
 *
 * @category verbs
 * @since 0.1.0
 */
export const timeoutAt = <A, E, R>(
  when: number,
  body: (timeout: Timeout) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | Cause.TimeoutError, R | EventLoop> =>
  Effect.withFiber((fiber) => {
    check.seconds("timeoutAt", when)
    check.body("timeoutAt", "the body", body)
    return block("timeoutAt", fiber, body, () => ofSeconds(when), Effect.fail)
  })
