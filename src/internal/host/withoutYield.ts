/** Keeps Effect's own scheduler from yielding between steps that belong together. On a loop it never yields. */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"

/**
 * Runs `acquire` without Effect's automatic yields. In a bare fiber one could come between the step that takes
 * something and the one that guards it, and an interruption in that yield would lose it (Effect-TS/effect#6910).
 */
export const withoutYield = <A, E, R>(
  fiber: Fiber.Fiber<unknown, unknown>,
  acquire: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  fiber.cache.preventYield ? acquire : Effect.provideService(acquire, Scheduler.PreventSchedulerYield, true)

/**
 * Looks, and does what follows from that, such as waiting. In a bare fiber a yield could come between the two, and a
 * wake would find nobody waiting.
 */
export const atomically = <A, E, R>(
  look: (fiber: Fiber.Fiber<unknown, unknown>) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => fiber.cache.preventYield ? look(fiber) : withoutYield(fiber, Effect.withFiber(look)))
