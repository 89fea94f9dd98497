/**
 * Everything that is used of Effect beyond its public types. `test/beyond-types.test.ts` says what breaks without it.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

type AnyFiber = Fiber.Fiber<unknown, unknown>

/**
 * Whether an interrupt reaches the fiber now. A request to cancel has to know first: one to an uninterruptible part
 * must neither walk down nor withdraw a waiter. A mask of our own would not see Effect's.
 */
export const isInterruptible = (fiber: AnyFiber): boolean =>
  (fiber as AnyFiber & { readonly interruptible: boolean }).interruptible

/**
 * Ends what a suspended fiber waits for, whatever that is. Publicly only an interrupt can do so, but a virtual loop
 * that can't go on has to say why.
 */
export const resumeWith = (fiber: AnyFiber, cause: Cause.Cause<never>): void =>
  (fiber as AnyFiber & { readonly evaluate: (effect: Effect.Effect<never>) => void }).evaluate(Effect.failCause(cause))

const currentFiber = "~effect/Fiber/currentFiber"

/**
 * Runs a function outside of any fiber, even while a fiber runs: code that drives a loop from within a program must not
 * be taken for the fiber of the loop's callbacks, which would then see its clock and its loop.
 */
export const withoutFiber = <A>(run: () => A): A => {
  const fiber = Fiber.getCurrent()
  if (fiber === undefined) return run()
  const holder = globalThis as { [currentFiber]?: unknown }
  holder[currentFiber] = undefined
  try {
    return run()
  } finally {
    holder[currentFiber] = fiber
  }
}

/**
 * Whether an operation gave no further one, because the fiber is suspended or has ended: Effect's `Yield`, a symbol.
 */
export const isSuspended = (given: unknown): boolean => typeof given === "symbol"
