/** Makes loops. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Scheduler from "effect/Scheduler"
import type { Options } from "../../EventLoop.ts"
import * as check from "../host/check.ts"
import { ForeignQueue } from "../kernel/ForeignQueue.ts"
import { HostTurns } from "../kernel/HostTurns.ts"
import { isReadyQueue, OwnQueue } from "../kernel/ReadyQueue.ts"
import { runtimeSteps } from "../waiting/runtimeSteps.ts"
import { LoopImpl } from "./loop.ts"
import { EventLoop } from "./service.ts"

export const optionKinds = {
  debug: check.boolean,
  slowCallbackDuration: check.duration,
  closeTimeout: check.duration,
  creationSites: check.boolean
}
export const checkOptions = check.options<Options>(optionKinds)

/** Builds a loop on the scheduler and clock of the context. */
export const makeLoop = (
  context: Context.Context<never>,
  options: Options | undefined
): LoopImpl => {
  const parent = Context.get(context, Scheduler.Scheduler)
  const dispatcher = parent.makeDispatcher()
  // Only Effect's plain scheduler is known not to count, delay or order what it is given.
  const isPlain = Object.getPrototypeOf(parent) === Scheduler.MixedScheduler.prototype &&
    parent.executionMode === "async"
  const turns = new HostTurns(dispatcher, Context.get(context, Clock.Clock))
  const ready = isPlain
    ? new OwnQueue(turns.request, runtimeSteps, turns.turn)
    // A loop inside another: its entries take their places among the other's.
    : isReadyQueue(dispatcher)
    ? dispatcher
    : new ForeignQueue(dispatcher, runtimeSteps)
  const around = Context.getOrUndefined(context, EventLoop)
  const isLive = isPlain || around instanceof LoopImpl && around.scheduler === parent && around.mode === "live"
  return new LoopImpl(context, ready, options, isLive ? "live" : "driven")
}
