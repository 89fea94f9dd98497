/** The two forms of `withLock` and its like: `f(self, effect)` and `f(self)(effect)`. */
import type * as Effect from "effect/Effect"

export interface Curried<Self> {
  (self: Self): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(self: Self, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R>
}

/** `Function.dual` would take the one argument of the short form for the second. */
export const curried = <Self>(
  f: <A, E, R>(self: Self, effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
): Curried<Self> => {
  const either = <A, E, R>(self: Self, effect?: Effect.Effect<A, E, R>) =>
    effect === undefined ? (effect: Effect.Effect<A, E, R>) => f(self, effect) : f(self, effect)
  // Two call signatures, told apart by the number of arguments, which one function can't be typed as.
  return either as Curried<Self>
}
