/** Where a task is created, unless its loop keeps no sites. */
import * as Fiber from "effect/Fiber"
import { type CallSite, callSite } from "../host/callSite.ts"
import { findLoop } from "./currentLoop.ts"

/**
 * The caller of `calledFunction`. Also before any loop is known: an effect made outside of fibers may run on a loop
 * that keeps sites.
 */
export const creationSite = (calledFunction: Function): CallSite | undefined => {
  const fiber = Fiber.getCurrent()
  return fiber !== undefined && findLoop(fiber)?.creationSites === false ? undefined : callSite(calledFunction)
}
