/** Makes tasks, and the effects that make them. */
import * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import type * as Fiber from "effect/Fiber"
import type { Awaitable } from "../../Awaitable.ts"
import * as AsyncContext from "../host/AsyncContext.ts"
import type { CallSite } from "../host/callSite.ts"
import * as check from "../host/check.ts"
import { getLoop } from "../loop/currentLoop.ts"
import { TaskImpl } from "./task.ts"

export interface TaskOptions {
  readonly name?: string | undefined
  readonly eager?: boolean | undefined
}

const MakesTaskTypeId = "~effect-asyncio/MakesTask"

/** An effect that makes a task, marked as such: awaiting it does not await the task. */
class TaskMaker {
  readonly [MakesTaskTypeId]: string
  readonly make: (fiber: Fiber.Fiber<unknown, unknown>) => Effect.Effect<any, any, any>
  constructor(call: string, make: TaskMaker["make"]) {
    this[MakesTaskTypeId] = call
    this.make = make
  }
}

// A separate class: one more property on Effect's own object would take memory for each.
Object.setPrototypeOf(
  TaskMaker.prototype,
  Effectable.Prototype<Effect.Effect<any, any, any> & TaskMaker>({
    label: "MakesTask",
    evaluate(fiber) {
      return this.make(fiber)
    }
  })
)

export const makesTask = <A, E, R>(
  call: string,
  make: (fiber: Fiber.Fiber<unknown, unknown>) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> & Awaitable.MakesTask =>
  // An Effect by its prototype.
  new TaskMaker(call, make) as unknown as Effect.Effect<A, E, R> & Awaitable.MakesTask

/** The call that returned it, if it is an effect that makes a task. */
export const makerOf = (item: unknown): string | undefined =>
  item instanceof TaskMaker ? item[MakesTaskTypeId] : undefined

const checkOptions = check.options<TaskOptions>({ name: check.string, eager: check.boolean })

/** Creates a task in the loop of `fiber`, which lends it its context. */
export const createTask = <A, E, R>(
  call: string,
  fiber: Fiber.Fiber<unknown, unknown>,
  effect: Effect.Effect<A, E, R>,
  options: TaskOptions | undefined,
  site: CallSite | undefined,
  /** Told before the first step of an eager task. */
  created?: (task: TaskImpl<A, E>) => void
): TaskImpl<A, E> => {
  if (!Effect.isEffect(effect)) check.effect(call, "the argument", effect)
  if (options !== undefined) checkOptions(call, options)
  const loop = getLoop(call, fiber)
  const services = loop.admit(call, fiber)
  // `R` is in the type of every effect that creates a task, so the fiber's context holds it.
  const task = new TaskImpl(loop, effect as Effect.Effect<A, E>, services, options?.name, site)
  created?.(task)
  if (options?.eager === true) task.start()
  else task.schedule(AsyncContext.capture())
  return task
}
