/**
 * Structured concurrency: a block that ends when all of its tasks have ended.
 *
 * The first failure cancels the siblings and the block's body, which runs in a cancellation region; then the group waits
 * for all of them, and all failures come out together, in order of completion, the body's own last. That wait is no
 * region: a request to cancel that comes meanwhile cancels the tasks, and comes out once they have ended. Whether a
 * cancellation was the group's own or somebody else's is decided by counting requests, as in asyncio.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { Awaitable } from "./Awaitable.ts"
import { RuntimeError } from "./Errors.ts"
import type { EventLoop } from "./EventLoop.ts"
import { callSite } from "./internal/callSite.ts"
import { cancelRegion, putOff, takeDue, uncancel } from "./internal/cancellation.ts"
import { cancelledExit, isCancelled } from "./internal/cancelled.ts"
import * as check from "./internal/check.ts"
import { FutureCallback, type FutureImpl } from "./internal/future.ts"
import { getLoop, type LoopImpl } from "./internal/loop.ts"
import { type InnerRegion, openRegion } from "./internal/openRegion.ts"
import { counted, Printable, type Words } from "./internal/printing.ts"
import type { Request } from "./internal/Region.ts"
import { createTask, makesTask, type TaskImpl } from "./internal/task.ts"
import { Waiter } from "./internal/Waiter.ts"
import { cancel } from "./internal/Walk.ts"
import type { Options, Task } from "./Task.ts"

/**
 * The group of a running block.
 *
 * @category models
 * @since 0.1.0
 */
export interface TaskGroup {
  /**
   * Creates a task in the group.
   *
   * **Details**
   *
   * `E` is in the creating effect, so that the block's error type needs no annotation; creating itself does not fail.
   * Catching around it removes the type and not the failure: catch around `run`. Dies with `RuntimeError` once the group
   * is shutting down or has ended. The tasks of the group may add to it as long as one of them runs.
   */
  createTask<A, E, R>(
    effect: Effect.Effect<A, E, R>,
    options?: Options
  ): Effect.Effect<Task<A, E>, E, R | EventLoop> & Awaitable.MakesTask
  /** Ends the block without an error: cancels its tasks and its body. After its end: nothing happens. */
  readonly cancel: Effect.Effect<void>
  /** `<TaskGroup entered tasks=2>`, `<TaskGroup cancelling tasks=1 errors=1>`, `<TaskGroup finished>`. */
  toString(): string
}

/**
 * Runs a block, and waits for every task that was created in it.
 *
 * **Details**
 *
 * A failing task cancels its siblings and the body; failures of their clean-ups are added. All failures arrive together
 * in one `Cause`. A task that is cancelled alone is no failure. Cancelling the block cancels its tasks, waits for them,
 * and stays a cancellation unless there are failures; these come out then, and the request is delivered at the next
 * suspension. Resumes two ticks after the last task, at once if there was none. O(1) a task. asyncio's
 * `async with TaskGroup()`.
 *
 * **Gotchas**
 *
 * A body that `group.cancel` cuts short has no value: the block then gives `undefined`. Let such a body end in `void`.
 *
 * **Example** (A failure ends the siblings)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = asyncio.TaskGroup.run((group) =>
 *   Effect.gen(function*() {
 *     yield* group.createTask(asyncio.sleep("1 hour"))
 *     yield* group.createTask(Effect.fail("no"))
 *   })
 * )
 *
 * await asyncio.run(Effect.flip(program)) // => "no"
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const run = <A, E, R>(
  body: (group: TaskGroup) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R | EventLoop> =>
  Effect.withFiber((fiber) => {
    check.callback("TaskGroup.run", "the body", body)
    const group = new TaskGroupImpl(getLoop("TaskGroup.run", fiber))
    return Effect.onInterrupt(
      openRegion(
        (region) => {
          group.region = region
          return check.given("TaskGroup.run", "the body", body(group))
        },
        (exit, region) => group.bodyEnded(exit, region)
      ),
      // Whoever interrupts the block for real, its tasks have ended when it has.
      () => group.endTasks()
    )
  })

class TaskGroupImpl extends Printable implements TaskGroup {
  region!: InnerRegion
  readonly loop: LoopImpl
  // INVARIANT: the tasks whose callback has not run.
  readonly tasks = new Set<TaskImpl<any, any>>()
  private readonly failures: Array<Cause.Reason<unknown>> = []
  private state: "open" | "waiting" | "ended" = "open"
  private aborting = false
  /** The group asked its own block to cancel; it takes that back at the end. */
  asked = false
  /** How the body ended, until that is part of the outcome. */
  private body: Exit.Exit<unknown, unknown> | undefined = undefined
  /** The block's end waits for the tasks. */
  private waiter: GroupWaiter | undefined = undefined

  constructor(loop: LoopImpl) {
    super()
    this.loop = loop
  }

  get kind(): string {
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

  createTask<A, E, R>(
    effect: Effect.Effect<A, E, R>,
    options?: Options
  ): Effect.Effect<Task<A, E>, E, R | EventLoop> & Awaitable.MakesTask {
    const site = callSite(this.createTask)
    return makesTask("group.createTask", (fiber) => {
      if (this.state === "ended" || this.state === "waiting" && this.tasks.size === 0) {
        throw new RuntimeError({ message: "TaskGroup.createTask: the group has ended" })
      }
      if (this.aborting) throw new RuntimeError({ message: "TaskGroup.createTask: the group is shutting down" })
      let member: Member
      const created = (task: TaskImpl<A, E>) => task.push(member = new Member(this, task))
      const task = createTask("TaskGroup.createTask", fiber, effect, options, site, created)
      this.tasks.add(task)
      member!.join()
      // An eager task has cancelled the group in its first step, before it was one of the group's (python/cpython#155418).
      if (this.aborting) cancel(task, undefined)
      return Effect.succeed(task)
    })
  }

  readonly cancel: Effect.Effect<void> = Effect.sync(() => {
    if (this.state === "ended" || this.aborting) return
    this.abort()
    this.askToCancel()
  })

  private abort(): void {
    this.aborting = true
    for (const task of Array.from(this.tasks)) cancel(task, undefined)
  }

  /** The group's own request to its block: the body if it runs, else only counted, as the wait goes on anyway. */
  private askToCancel(): void {
    this.asked = true
    if (this.region.open) cancelRegion(this.region)
    else {
      this.region.owner.requests++
      this.waiter?.look()
    }
  }

  taskEnded(task: TaskImpl<any, any>): void {
    this.tasks.delete(task)
    const exit = task.exit!
    if (exit._tag === "Failure" && !isCancelled(exit)) {
      task.retrieve()
      this.addFailure(exit.cause)
      if (!this.aborting) {
        this.abort()
        if (!this.asked) this.askToCancel()
      }
    }
    if (this.tasks.size === 0) this.waiter?.look()
  }

  /** The body's failure comes last. */
  private addBodyFailure(): void {
    const exit = this.body
    if (exit?._tag === "Failure" && !isCancelled(exit)) this.addFailure(exit.cause)
  }

  /** Interrupts beside a failure are part of it. */
  private addFailure(cause: Cause.Cause<unknown>): void {
    for (const reason of cause.reasons) if (reason._tag !== "Interrupt") this.failures.push(reason)
  }

  bodyEnded(exit: Exit.Exit<any, any>, region: InnerRegion): Effect.Effect<any, any> {
    this.state = "waiting"
    this.body = exit
    return Effect.suspend(() => {
      if (exit._tag === "Failure" && !this.aborting) this.abort()
      if (this.tasks.size === 0) return this.finish(exit)
      const waiter = new GroupWaiter(this)
      this.waiter = waiter
      return Effect.flatMap(
        waiter.park(),
        () => {
          const { request } = waiter
          if (request === undefined) return this.finish(exit)
          region.interrupted ??= request
          return this.finish(exit._tag === "Failure" ? exit : cancelledExit(request.message))
        }
      )
    })
  }

  /** The waiting block's step. Gives whether all tasks have ended. */
  looked(outside: boolean): boolean {
    if (outside && !this.aborting) this.abort()
    return this.tasks.size === 0
  }

  /** All tasks have ended. */
  private finish(exit: Exit.Exit<unknown, unknown>): Effect.Effect<unknown, unknown> {
    this.state = "ended"
    const { owner } = this.region
    const wanted = this.asked ? uncancel(owner) > 0 : true
    this.addBodyFailure()
    if (this.failures.length > 0) {
      // Somebody outside wants the code around cancelled as well.
      if (owner.requests > 0) putOff(owner)
      return Effect.failCause(Cause.fromReasons(this.failures))
    }
    return isCancelled(exit) && !wanted ? Effect.void : exit
  }

  /** The block is interrupted for real: what is left ends first, and failures come out beside the interruption. */
  endTasks(): Effect.Effect<void, any> {
    if (this.state === "ended") return Effect.void
    this.state = "ended"
    if (!this.aborting) this.abort()
    const waiter = new GroupWaiter(this)
    this.waiter = waiter
    return Effect.flatMap(this.tasks.size === 0 ? Effect.void : waiter.park(), () => {
      if (this.asked) uncancel(this.region.owner)
      this.addBodyFailure()
      return this.failures.length > 0 ? Effect.failCause(Cause.fromReasons(this.failures)) : Effect.void
    })
  }
}

/**
 * The block, waiting for its tasks. A request to cancel is noted and does not end the wait: like asyncio's, the block
 * wakes, looks, and waits on while tasks are left.
 */
class GroupWaiter extends Waiter {
  get label(): string {
    return "the tasks of its TaskGroup"
  }
  override waitsFor(): ReadonlyArray<FutureImpl<any, any>> {
    return Array.from(this.group.tasks)
  }
  /** Somebody asked to cancel while the block waited. */
  request: Request | undefined = undefined
  // INVARIANT: true while its step is in the ready queue.
  private looking = false
  private readonly group: TaskGroupImpl
  constructor(group: TaskGroupImpl) {
    super()
    this.group = group
  }
  proceed() {
    return Effect.void
  }

  /** All tasks have ended, or somebody asks to cancel: the block looks in the next tick. */
  look(): void {
    if (this.state === "over" || this.looking) return
    this.looking = true
    this.group.loop.ready.schedule(this, 0)
  }

  override withdraw(request: Request): void {
    this.note(request)
    this.look()
  }

  override run(): void {
    this.looking = false
    const { region, state } = this
    const request = state === "over" || region === undefined ? undefined : takeDue(region)
    if (request !== undefined) this.note(request)
    if (this.group.looked(this.request !== undefined)) super.run()
  }

  /** The first counts, unless the group had asked by itself: then the last, as in asyncio. */
  private note(request: Request): void {
    if (this.request === undefined || this.group.asked) this.request = request
  }
}

/** The callback that a task of a group holds. */
class Member extends FutureCallback {
  // INVARIANT: false until the first step of an eager task is over: in that it only tells who awaits the task.
  private joined = false
  private readonly group: TaskGroupImpl
  private readonly task: TaskImpl<any, any>
  constructor(group: TaskGroupImpl, task: TaskImpl<any, any>) {
    super(task)
    this.group = group
    this.task = task
  }
  override get awaiter(): Task<unknown, unknown> | undefined {
    return this.group.parent
  }
  /** Behind the callbacks that the first step added; through the ready queue also where the task is done already. */
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
