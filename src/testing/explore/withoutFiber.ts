/**
 * Runs a function outside of any fiber, also where a fiber runs: a loop's callbacks must not take whoever drives it for
 * the fiber that they are in.
 *
 * Effect has no way to say so: this is the property of the global object in which it keeps the running fiber. Were it
 * another, plain callbacks in a check would see the clock and the loop around.
 */
import * as Fiber from "effect/Fiber"

const key = "~effect/Fiber/currentFiber"

export const withoutFiber = <A>(run: () => A): A => {
  const fiber = Fiber.getCurrent()
  if (fiber === undefined) return run()
  const holder = globalThis as { [key]?: unknown }
  holder[key] = undefined
  try {
    return run()
  } finally {
    holder[key] = fiber
  }
}
