/** The loop that a fiber runs on. */
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import { RuntimeError } from "../../Errors.ts"
import * as check from "../host/check.ts"
import type { LoopImpl } from "./loop.ts"
import { copy, EventLoop } from "./service.ts"

/** The loop that the fiber runs on; for callers with types, a missing one is a compile error. */
export const getLoop = (call: string, fiber: Fiber.Fiber<unknown, unknown>): LoopImpl => {
  const loop = findLoop(fiber)
  // Not `instanceof`: code that only waits for tasks need not load what a loop is made of.
  return loop?.copy === copy ? loop : noLoop(call, fiber)
}

/** Only the layers of this package make the service, and those of a second copy of it. */
export const findLoop = (fiber: Fiber.Fiber<unknown, unknown>): LoopImpl | undefined =>
  Context.getOrUndefined(fiber.context, EventLoop) as LoopImpl | undefined

const noLoop = (call: string, fiber: Fiber.Fiber<unknown, unknown>): never => {
  const keys = Array.from(fiber.context.mapUnsafe.keys())
  throw new RuntimeError({
    message: keys.some((key) => /^effect-asyncio(@.*)?\/EventLoop$/.test(key))
      ? `${call}: the event loop here ${check.fromAnotherCopy}`
      : `${call}: no running event loop: run the program with asyncio.run, or provide EventLoop.layer()`
  })
}
