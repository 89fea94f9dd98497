/**
 * The task: a future whose value its own fiber computes, and the outermost cancellation region of that fiber.
 *
 * It has more than 150 lines of code: a task is future, region, owner and entry in one object, since there are very
 * many tasks.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Task } from "../../Task.ts"
import type * as AsyncContext from "../host/AsyncContext.ts"
import { type CallSite, formatCallSite } from "../host/callSite.ts"
import { Origin } from "../host/Origin.ts"
import { shortened, type Words } from "../host/printing.ts"
import { describeExit, placeOf } from "../host/words.ts"
import type { Entry } from "../kernel/Entry.ts"
import { observer } from "../kernel/observer.ts"
import type { ReadyQueue } from "../kernel/ReadyQueue.ts"
import type { LoopImpl, Resident } from "../loop/loop.ts"
import { request } from "../waiting/cancellation.ts"
import { cancelledExit, isCancelled } from "../waiting/cancelled.ts"
import { CurrentRegion, type Owner, type Region, waiterOf, waitOf } from "../waiting/Region.ts"
import { giveUp, taskEnded } from "../waiting/unwinding.ts"
import type { Walk } from "../waiting/Walk.ts"
import { FutureImpl } from "./future.ts"

export const TaskTypeId = "~effect-asyncio/Task"

/**
 * A gather, as the tasks that it has made see it: it need not stand in their lines, which would take memory for each.
 */
export interface Parent extends FutureImpl<unknown, unknown> {
  /** A tick after the task's end, before all others that wait for it. */
  childEnded(task: TaskImpl<any, any>): void
}

export class TaskImpl<A, E> extends FutureImpl<A, E> implements Task<A, E>, Resident, Region, Owner, Entry {
  declare readonly [TaskTypeId]: typeof TaskTypeId
  /** Its name, or the number in its default name: most names are never read. */
  nameOrNumber: string | number
  // INVARIANT: in the loop's registry until it is done.
  older: Resident | undefined = undefined
  newer: Resident | undefined = undefined
  fiber: Fiber.Fiber<A, E> | undefined = undefined
  waiter: Region["waiter"] = undefined
  inner: Region | undefined = undefined
  interrupted: Region["interrupted"] = undefined
  requests = 0
  // INVARIANT: 0 until an observer asks for it; then unique in the process.
  id = 0
  pending: Owner["pending"] = undefined
  // INVARIANT: undefined once it or the parent has ended.
  parent: Parent | undefined = undefined
  /** Its place among the parent's. */
  place = 0
  override readonly site: CallSite | undefined
  // INVARIANT: the services it was created with, until it has ended; after that, if it failed, what the log says of its
  // origin.
  private context: Context.Context<never> | Origin | undefined
  // INVARIANT: defined until the first step, which needs both, undefined afterwards.
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
    // Like `Context.add`, with one call less for each of very many.
    this.context = Context.addUnsafe(
      observer === undefined ? context : observer.services(context),
      CurrentRegion.key,
      this
    )
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

  // Its own owner and region: they are one thing, so one object.
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
    const { context } = this
    return context instanceof Origin ? context : undefined
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
    const fiber = Effect.runForkWith(this.services)(begin as Effect.Effect<A, E>)
    const exit = fiber.pollUnsafe()
    // A bound function is half the size of a closure.
    if (exit === undefined) fiber.addObserver(this.end.bind(this))
    else this.end(exit)
  }

  /** Called by the first effect of the fiber: from here on the fiber belongs to the task. */
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
    this.context = settled._tag === "Failure" && !isCancelled(settled)
      ? new Origin(this.name, this.services)
      : undefined
    const { parent } = this
    if (parent !== undefined) {
      this.parent = undefined
      this.loop.ready.schedule(new Ended(this, parent), 0)
    }
    this.complete(settled)
    if (observer !== undefined) observer.ended(this)
  }

  /** The services it was created with; none once it has ended. */
  get services(): Context.Context<never> {
    const { context } = this
    return context === undefined || context instanceof Origin ? Context.empty() : context
  }

  /** Ends it without its fiber, the rest of which stops at its next step on the loop. */
  abandon(): void {
    waiterOf(this)?.drop()
    this.end(cancelledExit(undefined))
    giveUp(this)
  }

  override get endedByRequest(): boolean {
    if (this.interrupted !== undefined) return true
    // The request went to a group in it, and Effect interrupted it before the group had ended.
    return this.requests > 0 && this.exit?._tag === "Failure" && Cause.hasInterrupts(this.exit.cause)
  }

  override requestCancel(walk: Walk): void {
    request(this, walk)
  }

  override *awaiters(): ReturnType<FutureImpl<A, E>["awaiters"]> {
    if (this.parent !== undefined) yield this.parent
    yield* super.awaiters()
  }
}

Object.defineProperty(TaskImpl.prototype, TaskTypeId, { value: TaskTypeId })

/** Tells the parent. */
class Ended implements Entry {
  private readonly task: TaskImpl<any, any>
  private readonly parent: Parent
  constructor(task: TaskImpl<any, any>, parent: Parent) {
    this.task = task
    this.parent = parent
  }
  get what() {
    return "internal" as const
  }
  get owner(): TaskImpl<any, any> {
    return this.task
  }
  run(): void {
    this.parent.childEnded(this.task)
  }
}

/** The first effect of every task's fiber, shared by all: the task is in the fiber's context. */
const begin: Effect.Effect<unknown, unknown> = Effect.withFiber((fiber) =>
  (fiber.getRef(CurrentRegion) as unknown as TaskImpl<unknown, unknown>).enter(fiber)
)

export const isTaskImpl = (u: unknown): u is TaskImpl<unknown, unknown> => u instanceof TaskImpl

/** The task that runs in the fiber. */
export const currentTask = (fiber: Fiber.Fiber<unknown, unknown>): TaskImpl<unknown, unknown> | undefined =>
  // To regions a task is only an interface; every task is of this class.
  fiber.getRef(CurrentRegion)?.owner.task as TaskImpl<unknown, unknown> | undefined
