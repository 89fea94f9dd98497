/** Reading what a user passed as awaitables. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { RuntimeError } from "../Errors.ts"
import { capture } from "./AsyncContext.ts"
import type { CallSite } from "./callSite.ts"
import { illegal } from "./check.ts"
import { FutureImpl } from "./future.ts"
import { getLoop, type LoopImpl } from "./loop.ts"
import { contextOf, createTask, TaskImpl } from "./task.ts"

/**
 * The items of a collection. A lone awaitable is iterable too, so it would pass for a collection of itself: it dies with
 * what was meant.
 */
export const itemsOf = (call: string, input: unknown): Array<unknown> => {
  if (Effect.isEffect(input) || input instanceof FutureImpl) {
    return illegal(call, "the argument", input, "a collection of awaitables, not a lone one: put it in brackets")
  }
  if (typeof input !== "object" || input === null || !(Symbol.iterator in input)) {
    return illegal(call, "the argument", input, "an iterable of Effects, Futures or Tasks")
  }
  return Array.isArray(input) ? input.slice() : Array.from(input as Iterable<unknown>)
}

const nameOf = (index: number | undefined): string => index === undefined ? "the argument" : `item ${index}`

/** Checks one; `index` is its place in a collection. */
export const checkAwaitable = (
  call: string,
  item: unknown,
  fiber: Fiber.Fiber<unknown, unknown>,
  index?: number
): void => {
  if (item instanceof FutureImpl) {
    if (item.loop === getLoop(fiber)) return
    throw new RuntimeError({ message: `${call}: ${nameOf(index)}, ${item}, belongs to another event loop` })
  }
  if (!Effect.isEffect(item)) illegal(call, nameOf(index), item, "an Effect, Future or Task")
}

/** Checks all, so that nothing is started when one is wrong. */
export const checkAwaitables = (
  call: string,
  items: ReadonlyArray<unknown>,
  fiber: Fiber.Fiber<unknown, unknown>
): void => {
  for (let i = 0; i < items.length; i++) checkAwaitable(call, items[i], fiber, i)
}

/** A checked item, running: a future as it is, an effect as a new task. */
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
 * Starts many items of one call. What is the same for all is looked up once: the loop, the services, and the
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
    this.loop = getLoop(fiber)
    this.context = contextOf(this.loop, fiber)
    this.site = site
  }

  start(item: unknown): FutureImpl<any, any> {
    if (item instanceof FutureImpl) return item
    this.loop.checkOpen(this.call)
    const effect = item as Effect.Effect<unknown, unknown>
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
