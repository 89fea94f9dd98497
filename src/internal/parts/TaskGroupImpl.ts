/**
 * The group of `TaskGroup.run`.
 *
 * The body runs in a cancellation region; the block then waits for the tasks of the group:
 *
 *     open        the body runs
 *     waiting     the body has ended; its tasks may still add others, as long as one of them runs
 *     ended       its outcome is decided
 *
 * That wait is not a region: a request to cancel that comes meanwhile cancels the tasks, and comes out once they have
 * ended.
 *
 * It has more than 150 lines of code, since the block's waiter and the tasks' callbacks share the group's state.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Awaitable } from "../../Awaitable.ts"
import { RuntimeError } from "../../Errors.ts"
import type { EventLoop } from "../../EventLoop.ts"
import type { Options, Task } from "../../Task.ts"
import type { Options as GroupOptions, TaskGroup } from "../../TaskGroup.ts"
import type { CallSite } from "../host/callSite.ts"
import * as check from "../host/check.ts"
import { Printable, type Words } from "../host/printing.ts"
import { atomically } from "../host/withoutYield.ts"
import { counted } from "../host/words.ts"
import { type Block, observer } from "../kernel/observer.ts"
import type { Node } from "../kernel/WaitQueue.ts"
import { creationSite } from "../loop/creationSite.ts"
import type { LoopImpl } from "../loop/loop.ts"
import { createTask, makesTask } from "../task/createTask.ts"
import { FutureCallback, type FutureImpl, join } from "../task/future.ts"
import { type InnerRegion, openRegion } from "../task/openRegion.ts"
import type { TaskImpl } from "../task/task.ts"
import { cancelRegion, putOff, uncancel } from "../waiting/cancellation.ts"
import { cancelledExit, isCancelled } from "../waiting/cancelled.ts"
import { ownRegion, type Request } from "../waiting/Region.ts"
import { Waiter } from "../waiting/Waiter.ts"
import { cancel } from "../waiting/Walk.ts"
import { limitOf } from "./Limiter.ts"
import { Places } from "./Places.ts"
import { type Progress, progressOf } from "./Progress.ts"
import { Starting } from "./Starting.ts"
import { verdict } from "./verdict.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

/** Runs a block of `group`, and waits for its tasks. */
export const runGroup = <A, E, R>(
  call: string,
  group: TaskGroupImpl,
  body: (group: TaskGroupImpl) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.onInterrupt(
    openRegion(
      (region) => {
        group.begin(region)
        return check.given(call, "the body", body(group))
      },
      (exit) => group.bodyEnded(exit)
    ),
    // Even if Effect interrupts the block, its tasks have ended when it has.
    () => group.interrupted()
  )

export class TaskGroupImpl extends Printable implements TaskGroup, Block {
  // INVARIANT: the body's region, from the start.
  region!: InnerRegion
  readonly loop: LoopImpl
  private state: "open" | "waiting" | "ended" = "open"
  // INVARIANT: the tasks whose callback has not run.
  readonly tasks = new Set<TaskImpl<any, any>>()
  // INVARIANT: in order of completion, none of them an interrupt; at the end the body's come last.
  private readonly failures: Array<Cause.Reason<unknown>> = []
  // INVARIANT: once true, every task of the group has been asked to cancel, and no more are created.
  private aborting = false
  // INVARIANT: only while aborting: until it has ended, it has one request on its block's owner.
  asked = false
  // INVARIANT: once the body has ended: the group's request to its own block, if nothing in the body has met it.
  owed: Request | undefined = undefined
  /** How the body ended. */
  private body: Exit.Exit<unknown, unknown> = Exit.void
  /** The places for tasks that work, if their number is limited. */
  private readonly places: Places | undefined
  private readonly progress: Progress | undefined
  /** The block's end waits for the tasks. */
  private waiter: GroupWaiter | undefined = undefined

  constructor(call: string, loop: LoopImpl, options: GroupOptions | undefined) {
    super()
    this.loop = loop
    this.progress = progressOf(call, loop, options?.onProgress, 0)
    const limit = limitOf(options?.concurrency)
    this.places = limit === Infinity ? undefined : new Places(limit)
  }

  get kind(): string {
    return "TaskGroup"
  }
  get call(): string {
    return "TaskGroup"
  }
  describe(): Words {
    return [
      this.state === "ended" ? "finished" : this.aborting ? "cancelling" : "entered",
      counted("tasks", this.tasks.size),
      counted("errors", this.failures.length)
    ]
  }

  /** The task that runs the block: it awaits every task of the group. */
  get parent(): Task<unknown, unknown> | undefined {
    return this.region.owner.task
  }

  begin(region: InnerRegion): void {
    this.region = region
    if (observer !== undefined) observer.opened(this)
  }

  // -------------------------------------------------------------------------------------------------------------- its tasks

  createTask<A, E, R>(
    effect: Effect.Effect<A, E, R>,
    options?: Options
  ): Effect.Effect<Task<A, E>, E, Awaitable.Given<R> | EventLoop> & Awaitable.MakesTask {
    const site = creationSite(this.createTask)
    // One closure: a second one would take a hundred bytes for each task.
    const make = (fiber: AnyFiber, isAsked = this.isAsked(fiber)): Effect.Effect<Task<A, E>> =>
      isAsked
        ? inNextTick(() => make(fiber, false))
        : Effect.succeed(
          this.add("TaskGroup.createTask", fiber, effect, options, site, (task) => new Member(this, task))
        )
    return makesTask("group.createTask", make)
  }

  start<A, E, R, T = void>(
    body: (started: (value: T) => Effect.Effect<void>) => Effect.Effect<A, E, R>,
    options?: Options
  ): Effect.Effect<T, E, Awaitable.Given<R> | EventLoop> {
    const call = "TaskGroup.start"
    const site = creationSite(this.start)
    const make = (fiber: AnyFiber, isAsked = this.isAsked(fiber)): Effect.Effect<T, E> => {
      if (isAsked) return inNextTick(() => make(fiber, false))
      check.body(call, "the body", body)
      let starting: Starting<T>
      const started = (value: T) => Effect.sync(() => starting.started(value))
      const effect = Effect.suspend(() => check.given(call, "the body", body(started)))
      this.add(call, fiber, effect, options, site, (task) => new Starter(this, task, starting = new Starting(task)))
      // A failure of the task is of the task's own type.
      return join(starting! as FutureImpl<T, E>)
    }
    // In a bare fiber nothing may come between making the task and waiting for it, or its failure would be nobody's.
    return atomically((fiber) => make(fiber))
  }

  /**
   * A wait by Effect's own means may resume the fiber before a request to cancel is delivered, where asyncio's future
   * would already have been cancelled. The fiber then meets the request, and not a group that takes no more tasks.
   */
  private isAsked(fiber: AnyFiber): boolean {
    if (!this.aborting) return false
    const pending = ownRegion(fiber)?.owner.pending
    return pending !== undefined && pending.by !== fiber.id
  }

  private add<A, E, R>(
    call: string,
    fiber: Fiber.Fiber<unknown, unknown>,
    effect: Effect.Effect<A, E, R>,
    options: Options | undefined,
    site: CallSite | undefined,
    makeMember: (task: TaskImpl<A, E>) => Member
  ): TaskImpl<A, E> {
    if (this.state === "ended" || this.state === "waiting" && this.tasks.size === 0) {
      throw new RuntimeError({ message: `${call}: the group has ended` })
    }
    if (this.aborting) throw new RuntimeError({ message: `${call}: the group is shutting down` })
    let member: Member
    const created = (task: TaskImpl<A, E>) => task.push(member = makeMember(task))
    const { places } = this
    if (places !== undefined && Effect.isEffect(effect)) effect = Effect.andThen(places.acquire, effect)
    const task = createTask(call, fiber, effect, options, site, created)
    this.tasks.add(task)
    this.progress?.added()
    member!.join()
    // An eager task cancelled the group in its first step, before it belonged to the group (python/cpython#155418).
    if (this.aborting) cancel(task, undefined)
    return task
  }

  /** `isTaken`: its outcome goes to somebody else. */
  taskEnded(task: TaskImpl<any, any>, isTaken = false): void {
    this.tasks.delete(task)
    const exit = task.exit!
    this.progress?.ended(exit)
    if (!isTaken && isFailure(exit)) {
      task.retrieve()
      this.addFailure(exit.cause)
      this.breakOff()
    }
    // Not before: those that wait for their turn must not begin once one has failed.
    this.places?.leave(task)
    if (this.tasks.size === 0) this.waiter?.look()
  }

  /** Interrupts beside a failure belong to it. */
  private addFailure(cause: Cause.Cause<unknown>): void {
    for (const reason of cause.reasons) if (reason._tag !== "Interrupt") this.failures.push(reason)
  }

  // -------------------------------------------------------------------------------------------------------------- cancelling

  readonly cancel: Effect.Effect<void> = Effect.sync(() => {
    if (this.state !== "ended") this.breakOff()
  })

  private breakOff(): void {
    if (this.aborting) return
    this.abort()
    this.askToCancel()
  }

  abort(): void {
    if (this.aborting) return
    this.aborting = true
    for (const task of Array.from(this.tasks)) cancel(task, undefined)
  }

  /**
   * The group's own request to its block: to the body if it runs; else it is only counted, as the wait goes on anyway.
   */
  private askToCancel(): void {
    this.asked = true
    if (this.region.open) cancelRegion(this.region)
    else {
      this.region.owner.requests++
      this.waiter?.keeps({ message: undefined, by: undefined, origin: this.region })
    }
  }

  // ---------------------------------------------------------------------------------------------------------------- its end

  bodyEnded(exit: Exit.Exit<any, any>): Effect.Effect<any, any> {
    this.state = "waiting"
    this.body = exit
    const { owner } = this.region
    if (owner.pending?.origin === this.region) this.owed = owner.pending
    return Effect.suspend(() => {
      if (exit._tag === "Failure") this.abort()
      return Effect.flatMap(this.tasksEnded(), (request) => {
        const isOwn = request?.origin === this.region && owner.requests === 1
        if (request === undefined || isOwn) return this.finish(exit)
        this.region.interrupted ??= request
        return this.finish(exit._tag === "Failure" ? exit : cancelledExit(request.message))
      })
    })
  }

  /** Effect interrupts the block: what is left ends first, and failures come out beside the interruption. */
  interrupted(): Effect.Effect<void, any> {
    if (this.state === "ended") return Effect.void
    this.state = "ended"
    this.abort()
    return Effect.flatMap(this.tasksEnded(), () => this.finish(this.body, true))
  }

  /** Waits for the tasks, and gives the request to cancel that came meanwhile. */
  private tasksEnded(): Effect.Effect<Request | undefined> {
    return atomically(() => {
      if (this.tasks.size === 0) return Effect.undefined
      this.waiter = new GroupWaiter(this)
      return this.waiter.park()
    })
  }

  private finish(exit: Exit.Exit<any, any>, interrupted = false): Effect.Effect<any, any> {
    this.state = "ended"
    const { owner } = this.region
    if (this.asked) uncancel(owner)
    if (isFailure(this.body)) this.addFailure(this.body.cause)
    const { asked, failures } = this
    const cancelled = isCancelled(exit)
    const failed = failures.length > 0
    const outcome = verdict({ failed, cancelled, asked, requests: owner.requests, interrupted })
    if (observer !== undefined) {
      observer.closed(this, failed ? "failed" : outcome === "body" && cancelled ? "cancelled" : "ok")
    }
    // As in asyncio: if the body met and dropped somebody else's request, the group's own is not recognized as such.
    const isOwed = this.owed !== undefined && this.waiter === undefined && owner.requests > 0 && exit._tag === "Success"
    if (outcome === "failures, then cancelled" || outcome === "body" && isOwed) putOff(owner)
    if (outcome === "body") return exit
    if (outcome === "nothing") return Effect.void
    return Effect.failCause(Cause.fromReasons(failures))
  }
}

const inNextTick = <A, E, R>(effect: () => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.andThen(Effect.yieldNow, Effect.suspend(effect))

const isFailure = <E>(exit: Exit.Exit<unknown, E>): exit is Exit.Failure<never, E> =>
  exit._tag === "Failure" && !isCancelled(exit)

/**
 * The block, waiting for its tasks. A request to cancel is noted and does not end the wait: as in asyncio, the block
 * wakes, looks, and waits on while tasks are left.
 */
class GroupWaiter extends Waiter<Request | undefined> {
  get label(): string {
    return "the tasks of its TaskGroup"
  }
  override waitsFor(): ReadonlyArray<FutureImpl<any, any>> {
    return Array.from(this.group.tasks)
  }
  /** Somebody asked to cancel while the block waited. */
  private request: Request | undefined = undefined
  // INVARIANT: true while its step is in the ready queue.
  private looking = false
  // INVARIANT: somebody has asked since it last looked, during the wait.
  private asked = false
  private readonly group: TaskGroupImpl
  constructor(group: TaskGroupImpl) {
    super()
    this.group = group
  }

  /** All tasks have ended, or somebody asks to cancel: the block looks in the next tick. */
  look(): void {
    if (this.state === "over") return
    if (observer !== undefined && this.group.tasks.size === 0) observer.woken(this)
    if (this.looking) return
    this.looking = true
    this.group.loop.ready.schedule(this, 0)
  }

  override enter(): void {
    if (this.group.owed !== undefined) this.keeps(this.group.owed)
  }

  /**
   * Within a tick the first counts; over several ticks the first, or the last if the group has asked: as in asyncio.
   */
  override keeps(request: Request): true {
    if (!this.asked && (this.request === undefined || this.group.asked)) this.request = request
    // Once all have ended, the wait is over: a later request is for whatever comes after it.
    this.asked = this.group.tasks.size > 0
    this.look()
    return true
  }

  /** The block looks; while tasks are left it waits on. */
  proceed() {
    this.looking = this.asked = false
    if (this.request !== undefined) this.group.abort()
    return this.group.tasks.size === 0 ? Effect.succeed(this.request) : undefined
  }
}

/** The callback that a task of a group holds. */
class Member extends FutureCallback {
  // INVARIANT: false until the first step of an eager task is over; until then it only says who awaits the task.
  private joined = false
  protected readonly group: TaskGroupImpl
  protected readonly task: TaskImpl<any, any>
  constructor(group: TaskGroupImpl, task: TaskImpl<any, any>) {
    super(task)
    this.group = group
    this.task = task
  }
  override get awaiter(): Node["awaiter"] {
    return this.group.parent
  }
  /** Behind the callbacks that the first step added; through the ready queue even if the task is already done. */
  join(): void {
    this.joined = true
    if (this.future.exit !== undefined) return this.wake()
    this.future.remove(this)
    this.future.push(this)
  }
  override wake(): void {
    if (this.joined) super.wake()
  }
  run(): void {
    this.group.taskEnded(this.task)
  }
}

/** The same while the task starts: the starter awaits it, and gets its outcome. */
class Starter extends Member {
  private readonly starting: Starting<any>
  constructor(group: TaskGroupImpl, task: TaskImpl<any, any>, starting: Starting<any>) {
    super(group, task)
    this.starting = starting
  }
  override get awaiter(): Node["awaiter"] {
    return this.starting.exit === undefined ? this.starting : super.awaiter
  }
  override run(): void {
    this.group.taskEnded(this.task, this.starting.taskEnded())
  }
}
