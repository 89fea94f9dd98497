/** Puts a virtual loop together: its clock, its queue, its driver. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import type { Options } from "../EventLoop.ts"
import type { OwnQueue } from "../internal/kernel/ReadyQueue.ts"
import { LoopImpl, type Resident } from "../internal/loop/loop.ts"
import type { Registry } from "../internal/loop/Registry.ts"
import type { Lobby } from "../internal/waiting/Waiter.ts"
import { Driver, type Limits, type Turns } from "./Driver.ts"
import { VirtualClock } from "./VirtualClock.ts"

interface Parts {
  readonly clock: VirtualClock
  /** Makes the queue, which says when it has something to run. */
  readonly queue: (request: (tick: () => void) => void) => OwnQueue & Lobby
  readonly turns: Turns
  readonly limits: Limits
  readonly options: Options | undefined
  readonly unseen: "fail" | "report"
  /** The registry of its tasks, if not the usual one. */
  readonly tasks?: Registry<Resident> | undefined
  readonly shouldYield?: Scheduler.Scheduler["shouldYield"] | undefined
}

/** The turns of the host that Effect's scheduler uses. */
export const hostTurns = (): Turns => {
  const dispatcher = new Scheduler.MixedScheduler().makeDispatcher()
  return (next) => dispatcher.scheduleTask(next, 0)
}

/** A loop for the running fiber, and for those with which it shares the loop. */
export const makeVirtualLoop = (fiber: Fiber.Fiber<unknown, unknown>, parts: Parts) => {
  const { clock, limits, options, turns, unseen } = parts
  const queue = parts.queue((tick) => driver.request(tick))
  const scheduler: Scheduler.Scheduler = {
    executionMode: "async",
    shouldYield: parts.shouldYield ?? ((fiber) => fiber.currentOpCount >= fiber.cache.maxOpsBeforeYield),
    makeDispatcher: () => queue
  }
  const inner = fiber.context.pipe(Context.add(Clock.Clock, clock), Context.add(Scheduler.Scheduler, scheduler))
  const loop = new LoopImpl(inner, queue, options, "virtual", parts.tasks)
  if (unseen === "fail") loop.reports.failures = []
  const around = fiber.getRef(Clock.Clock)
  const driver = new Driver(loop, clock, queue, limits, turns, around instanceof VirtualClock ? around : undefined)
  queue.parkedOutside = (waiter) => driver.know(waiter.fiber, waiter)
  driver.know(fiber, undefined)
  return { clock, driver, loop, provided: Context.add(loop.provided, Clock.Clock, clock) }
}
