/**
 * `except RuntimeError` and its like, for what is a typed exception in Python and a defect here: misuse and bad
 * arguments. Any other defect passes.
 */
import { RuntimeError } from "effect-asyncio"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"

const catchDefectIf =
  (refinement: (defect: unknown) => boolean) =>
  <B, E2, R2>(handler: () => Effect.Effect<B, E2, R2>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A | B, E | E2, R | R2> =>
    Effect.catchDefect(effect, (defect) => refinement(defect) ? handler() : Effect.die(defect))

/** `except RuntimeError`. */
export const catchRuntimeError = catchDefectIf((defect) => defect instanceof RuntimeError)

/** `except ValueError` or `except TypeError`, where asyncio refuses an argument. */
export const catchIllegalArgument = catchDefectIf(Cause.isIllegalArgumentError)
