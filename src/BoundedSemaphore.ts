/**
 * A semaphore that refuses to have more permits than it started with.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as check from "./internal/host/check.ts"
import { SemaphoreImpl } from "./internal/parts/SemaphoreImpl.ts"
import type { Semaphore } from "./Semaphore.ts"

/**
 * Creates a semaphore that dies with `IllegalArgumentError` on a release that exceeds its initial number of permits.
 *
 * **When to use**
 *
 * Use to catch one release too many where it happens. Everything else is as in `Semaphore`, whose functions work on it.
 * asyncio's `BoundedSemaphore`.
 *
 * **Example** (A release too many)
 *
 * ```ts import.meta.vitest
 * import { Cause, Effect, Exit } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const semaphore = yield* asyncio.BoundedSemaphore.make(1)
 *   return yield* Effect.exit(asyncio.Semaphore.release(semaphore))
 * })
 *
 * const exit = await asyncio.run(program)
 * Exit.isFailure(exit) && Cause.hasDies(exit.cause) // => true
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (permits: number): Effect.Effect<Semaphore> =>
  Effect.sync(() => {
    check.wholeNumber("BoundedSemaphore.make", "permits", permits, 0)
    return new SemaphoreImpl(permits, permits)
  })
