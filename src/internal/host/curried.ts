/** The two forms of a function of two arguments. */
import * as Effect from "effect/Effect"
import * as check from "./check.ts"

/**
 * `f(first, last)` and `f(last)(first)`, as in `Function.dual`. The last is checked even if it stands alone: a caller
 * who gave the first and forgot the last would otherwise be left with a function.
 */
export const dual = <DataLast extends (last: any) => any, DataFirst extends (first: any, last: any) => any>(
  f: DataFirst,
  checkLast?: (last: unknown) => void
): DataLast & DataFirst => {
  function either(first: unknown, last: unknown): unknown {
    if (arguments.length > 1) return f(first, last)
    checkLast?.(first)
    return (self: unknown) => f(self, first)
  }
  // Two call signatures, told apart by the number of arguments, which one function can't be typed as.
  return either as DataLast & DataFirst
}

/** The forms of `withLock` and its like: `f(self, effect)` and `f(self)(effect)`. */
export interface Curried<Self> {
  (self: Self): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(self: Self, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R>
}

/** `Function.dual` would take the only argument of the short form for the second. `impl` checks `self`. */
export const curried = <Self, Impl>(
  call: string,
  impl: (self: Self) => Impl,
  f: <A, E, R>(self: Impl, effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
): Curried<Self> => {
  const run = <A, E, R>(self: Impl, effect: Effect.Effect<A, E, R>) => {
    // Kept out of the way of those who pass.
    if (!Effect.isEffect(effect)) check.effect(call, "the argument", effect)
    return f(self, effect)
  }
  function either<A, E, R>(self: Self, effect: Effect.Effect<A, E, R>) {
    const checked = impl(self)
    return arguments.length === 1 ? (effect: Effect.Effect<A, E, R>) => run(checked, effect) : run(checked, effect)
  }
  // As above.
  return either as Curried<Self>
}
