/** Reads what a user passed as awaitables. */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Predicate from "effect/Predicate"
import { RuntimeError } from "../../Errors.ts"
import { capture } from "../host/AsyncContext.ts"
import type { CallSite } from "../host/callSite.ts"
import * as check from "../host/check.ts"
import { getLoop } from "../loop/currentLoop.ts"
import type { LoopImpl } from "../loop/loop.ts"
import { createTask, makerOf } from "./createTask.ts"
import { FutureImpl, FutureTypeId } from "./future.ts"
import { TaskImpl } from "./task.ts"

/**
 * The items of a collection. A single awaitable is iterable, too, and would pass for a collection of itself: it dies,
 * saying what was probably meant.
 */
export const itemsOf = (call: string, input: unknown): Array<unknown> => {
  if (Effect.isEffect(input) || Predicate.hasProperty(input, FutureTypeId)) {
    const expected = "a collection of awaitables, not a lone one: put it in brackets"
    return check.illegal(call, "the argument", input, expected)
  }
  if (typeof input !== "object" || input === null || !(Symbol.iterator in input)) {
    return check.illegal(call, "the argument", input, "an iterable of Effects, Futures or Tasks")
  }
  return Array.isArray(input) ? input.slice() : Array.from(input as Iterable<unknown>)
}

const nameOf = (place: number | string | undefined): string => place === undefined ? "the argument" : `item ${place}`

/** Checks an awaitable; `place` is its index or key in a collection. */
export const checkAwaitable = (
  call: string,
  item: unknown,
  fiber: Fiber.Fiber<unknown, unknown>,
  place?: number | string
): void => {
  checkRunnable(call, item, fiber, place)
  const maker = makerOf(item)
  if (maker === undefined) return
  throw new Cause.IllegalArgumentError(
    `${call}: ${nameOf(place)} is ${maker}(…), expected the effect in it, which becomes a task anyway, ` +
      `or the task: yield* ${maker}(…)`
  )
}

/** Checks something that only has to run: an effect that makes a task will do. */
export const checkRunnable = (
  call: string,
  item: unknown,
  fiber: Fiber.Fiber<unknown, unknown>,
  place?: number | string
): void => {
  if (item instanceof FutureImpl) {
    if (item.loop === getLoop(call, fiber)) return
    throw new RuntimeError({ message: `${call}: ${nameOf(place)}, ${item}, belongs to another event loop` })
  }
  if (Effect.isEffect(item)) return
  check.checkCopy(call, nameOf(place), item, "Future")
  check.noEffect(call, nameOf(place), item, "an Effect, Future or Task")
}

/** Checks them all, so that nothing is started if one is wrong. */
export const checkAwaitables = (
  call: string,
  items: ReadonlyArray<unknown>,
  fiber: Fiber.Fiber<unknown, unknown>,
  keys?: ReadonlyArray<string>
): void => {
  for (let i = 0; i < items.length; i++) checkAwaitable(call, items[i], fiber, keys === undefined ? i : keys[i])
}

/** Gets a checked item running: a future as it is, an effect as a new task. */
export const start = (
  call: string,
  fiber: Fiber.Fiber<unknown, unknown>,
  item: unknown,
  site: CallSite | undefined
): FutureImpl<any, any> =>
  item instanceof FutureImpl
    ? item
    : createTask(call, fiber, item as Effect.Effect<unknown, unknown>, undefined, site)

/**
 * Starts many items of one call. What they have in common is looked up once: the loop, the services, and the
 * asynchronous context, whose capture costs as much as a task.
 */
export class Starter {
  private readonly call: string
  private readonly loop: LoopImpl
  private readonly context: Context.Context<never>
  private readonly site: CallSite | undefined
  private readonly asyncContext = capture()

  constructor(call: string, fiber: Fiber.Fiber<unknown, unknown>, site: CallSite | undefined) {
    this.call = call
    this.loop = getLoop(call, fiber)
    this.context = this.loop.servicesOf(fiber)
    this.site = site
  }

  start(item: unknown): FutureImpl<any, any> {
    return item instanceof FutureImpl ? item : this.startTask(item as Effect.Effect<unknown, unknown>)
  }

  startTask(effect: Effect.Effect<unknown, unknown>): TaskImpl<unknown, unknown> {
    this.loop.checkOpen(this.call)
    const task = new TaskImpl(this.loop, effect, this.context, undefined, this.site)
    task.schedule(this.asyncContext?.hold())
    return task
  }

  startAll(items: ReadonlyArray<unknown>): Array<FutureImpl<any, any>> {
    const futures = items.map((item) => this.start(item))
    this.end()
    return futures
  }

  /** No more will start. */
  end(): void {
    this.asyncContext?.release()
  }
}
