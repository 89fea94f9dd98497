/**
 * The task: a future whose value a fiber of its own computes, and the outermost cancellation region of that fiber.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import type { Awaitable } from "../Awaitable.ts"
import type { Task } from "../Task.ts"
import * as AsyncContext from "./AsyncContext.ts"
import { type CallSite, formatCallSite } from "./callSite.ts"
import { giveUp, request, taskEnded } from "./cancellation.ts"
import { cancelledExit, isCancelled } from "./cancelled.ts"
import * as check from "./check.ts"
import type { Entry } from "./Entry.ts"
import { FutureImpl } from "./future.ts"
import { withSteps } from "./hostSteps.ts"
import { getLoop, type LoopImpl, type Resident } from "./loop.ts"
import { observer } from "./observer.ts"
import { Origin } from "./Origin.ts"
import { describeExit, placeOf, shortened, type Words } from "./printing.ts"
import type { ReadyQueue } from "./ReadyQueue.ts"
import { CurrentRegion, type Owner, type Region, waiterOf, waitOf } from "./Region.ts"
import type { WaitQueue } from "./WaitQueue.ts"
import type { Walk } from "./Walk.ts"

export const TaskTypeId = "~effect-asyncio/Task"

export class TaskImpl<A, E> extends FutureImpl<A, E> implements Task<A, E>, Resident, Region, Owner, Entry {
  declare readonly [TaskTypeId]: typeof TaskTypeId
  /** Its name, or the number in its default name: most names are never read. */
  private nameOrNumber: string | number
  // INVARIANT: it is in the loop's registry as long as it is not done.
  older: Resident | undefined = undefined
  newer: Resident | undefined = undefined
  fiber: Fiber.Fiber<A, E> | undefined = undefined
  waiter: Region["waiter"] = undefined
  inner: Region | undefined = undefined
  interrupted: Region["interrupted"] = undefined
  requests = 0
  pending: Owner["pending"] = undefined
  override readonly site: CallSite | undefined
  // INVARIANT: defined until it has ended: what it was created with.
  private context: Context.Context<never> | undefined
  private failedOrigin: Origin | undefined = undefined
  // INVARIANT: the two that the first step needs are defined until it runs, undefined afterwards.
  private effect: Effect.Effect<A, E> | undefined
  private asyncContext: AsyncContext.AsyncContext | undefined

  constructor(
    loop: LoopImpl,
    effect: Effect.Effect<A, E>,
    context: Context.Context<never>,
    name: string | undefined,
    site: CallSite | undefined
  ) {
    super(loop)
    this.nameOrNumber = name ?? ++loop.taskCount
    this.effect = effect
    this.context = Context.add(observer === undefined ? context : withSteps(context), CurrentRegion, this as Region)
    this.asyncContext = undefined
    this.site = site
    loop.tasks.add(this)
    if (observer !== undefined) observer.created(this)
  }

  override get name(): string {
    const name = this.nameOrNumber
    return typeof name === "string" ? name : `Task-${name}`
  }
  override set name(name: string) {
    this.nameOrNumber = name
  }

  // Its own owner and region: one object for what is one thing.
  get owner(): this {
    return this
  }
  get root(): this {
    return this
  }
  override get task(): this {
    return this
  }
  get ready(): ReadyQueue {
    return this.loop.ready
  }
  get what() {
    return "start" as const
  }

  override get kind(): string {
    return "Task"
  }
  override get label(): string {
    return `task '${shortened(this.name)}'`
  }

  override get origin(): Origin | undefined {
    return this.failedOrigin
  }

  get createdAt(): string | undefined {
    return formatCallSite(this.site)
  }

  override describe(): Words {
    if (this.exit !== undefined) return describeExit(this.exit, this)
    const waiter = waiterOf(this)
    return [
      this.requests > 0 ? "cancelling" : "pending",
      waiter === undefined ? undefined : `waiting for ${waitOf(waiter)}`,
      placeOf(this)
    ]
  }

  /** Puts the first step into the ready queue. */
  schedule(asyncContext: AsyncContext.AsyncContext | undefined): void {
    this.asyncContext = asyncContext
    this.loop.ready.schedule(this, 0)
  }

  /** The first step. */
  run(): void {
    const asyncContext = this.asyncContext
    this.asyncContext = undefined
    if (asyncContext === undefined) this.start()
    else asyncContext.run(this.start, this)
  }

  start(): void {
    if (this.pending !== undefined) {
      // Cancelled before its first step: the body never runs.
      this.effect = undefined
      this.end(cancelledExit(this.pending.message))
      return
    }
    const fiber = Effect.runForkWith(this.context!)(begin as Effect.Effect<A, E>)
    const exit = fiber.pollUnsafe()
    // A bound function is half the size of a closure.
    if (exit === undefined) fiber.addObserver(this.end.bind(this))
    else this.end(exit)
  }

  /** Called by the first effect of the fiber: from here on the fiber is the task's. */
  enter(fiber: Fiber.Fiber<A, E>): Effect.Effect<A, E> {
    this.fiber = fiber
    if (observer !== undefined) observer.started(this)
    const effect = this.effect!
    this.effect = undefined
    return effect
  }

  private end(exit: Exit.Exit<A, E>): void {
    if (!this.loop.tasks.delete(this)) return // abandoned
    const settled = taskEnded(this, exit)
    if (settled._tag === "Failure" && !isCancelled(settled)) {
      this.failedOrigin = new Origin(this.name, this.context!)
    }
    this.context = undefined
    this.complete(settled)
    if (observer !== undefined) observer.ended(this)
  }

  /** What it was created with; nothing once it has ended. */
  get services(): Context.Context<never> {
    return this.context ?? Context.empty()
  }

  /** Ends it without its fiber. What is left of that stops at its next step on the loop. */
  abandon(): void {
    waiterOf(this)?.drop()
    this.end(cancelledExit(undefined))
    giveUp(this)
  }

  override get endedByRequest(): boolean {
    if (this.interrupted !== undefined) return true
    // The request went to a group in it, and Effect's own means interrupted it before that had ended.
    return this.requests > 0 && this.exit?._tag === "Failure" && Cause.hasInterrupts(this.exit.cause)
  }

  override requestCancel(walk: Walk): void {
    request(this, walk)
  }
}

Object.defineProperty(TaskImpl.prototype, TaskTypeId, { value: TaskTypeId })

/** The first effect of every task's fiber, the same for all: the task is in the fiber's context. */
const begin: Effect.Effect<unknown, unknown> = Effect.withFiber((fiber) =>
  (fiber.getRef(CurrentRegion) as unknown as TaskImpl<unknown, unknown>).enter(fiber)
)

export const isTaskImpl = (u: unknown): u is TaskImpl<unknown, unknown> => u instanceof TaskImpl

export interface TaskOptions {
  readonly name?: string | undefined
  readonly eager?: boolean | undefined
}

const MakesTaskTypeId = "~effect-asyncio/MakesTask"

/** An effect that makes a task, marked as one: who awaits it has not awaited the task. */
class TaskMaker {
  readonly [MakesTaskTypeId]: string
  readonly make: (fiber: Fiber.Fiber<unknown, unknown>) => Effect.Effect<any, any, any>
  constructor(call: string, make: TaskMaker["make"]) {
    this[MakesTaskTypeId] = call
    this.make = make
  }
}

// A class of its own: a property more on an object of Effect's would take memory for each.
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

/** The call that gave it, if it is an effect that makes a task. */
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
  loop.checkOpen(call)
  // `R` is in the type of every effect that creates a task, so the fiber's context holds it.
  const task = new TaskImpl(loop, effect as Effect.Effect<A, E>, contextOf(loop, fiber), options?.name, site)
  created?.(task)
  if (options?.eager === true) task.start()
  else task.schedule(AsyncContext.capture())
  return task
}

/** What the tasks of a fiber run in: its own services, and a scheduler that lasts. */
export const contextOf = (loop: LoopImpl, fiber: Fiber.Fiber<unknown, unknown>): Context.Context<never> => {
  const scheduler = loop.schedulerOf(fiber)
  return fiber.cache.scheduler === scheduler
    ? fiber.context
    : Context.add(fiber.context, Scheduler.Scheduler, scheduler)
}

/** The task that runs in the fiber. */
export const currentTask = (fiber: Fiber.Fiber<unknown, unknown>): TaskImpl<unknown, unknown> | undefined =>
  // Regions know their tasks by what they need of them; all are of this class.
  fiber.getRef(CurrentRegion)?.owner.task as TaskImpl<unknown, unknown> | undefined

/** The tasks of a loop that are not done, the oldest one first. */
export const tasksOf = (loop: LoopImpl): Array<TaskImpl<unknown, unknown>> => Array.from(loop.tasks).filter(isTaskImpl)

/** The tasks that stand in a line, the first one first; bare fibers are left out. */
export const tasksIn = (line: WaitQueue): Array<Task<unknown, unknown>> =>
  Array.from(line.nodes(), ({ awaiter }) => awaiter).filter(isTaskImpl)

/** The tasks that wait for a future, found by asking those in its line: no edge to keep, none to forget. */
export const awaitedBy = (self: FutureImpl<any, any>): ReadonlySet<Task<unknown, unknown>> => {
  const tasks = new Set<Task<unknown, unknown>>()
  const futures = [self]
  for (const future of futures) {
    for (const { awaiter } of future.nodes()) {
      // Who asked for completions may be done by now.
      if (!(awaiter instanceof FutureImpl) || awaiter.exit !== undefined) continue
      if (isTaskImpl(awaiter)) tasks.add(awaiter)
      else futures.push(awaiter)
    }
  }
  return tasks
}
