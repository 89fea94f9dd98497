/** Keeping Effect's own scheduler from yielding where a hand-over must not be interrupted. */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"

/**
 * Runs `acquire` without Effect's automatic yields. In a bare fiber one could come between the step that takes something
 * and the one that guards it, and an interruption in that yield would lose it (Effect-TS/effect#6910). On a loop there are
 * none.
 */
export const withoutYield = <A, E, R>(
  fiber: Fiber.Fiber<unknown, unknown>,
  acquire: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  fiber.cache.preventYield ? acquire : Effect.provideService(acquire, Scheduler.PreventSchedulerYield, true)
