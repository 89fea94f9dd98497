/** Where a task is created, unless its loop does without. */
import * as Fiber from "effect/Fiber"
import { type CallSite, callSite } from "../host/callSite.ts"
import { findLoop } from "./currentLoop.ts"

/**
 * The caller of `calledFunction`. Also before any loop is known: who makes an effect outside of fibers may run it on a loop that
 * keeps sites.
 */
export const creationSite = (calledFunction: Function): CallSite | undefined => {
  const fiber = Fiber.getCurrent()
  return fiber !== undefined && findLoop(fiber)?.creationSites === false ? undefined : callSite(calledFunction)
}
