/**
 * Who uses a virtual loop, and how they end when it can't go on.
 *
 * Those who wait for the loop end with the error: the main program, or without one the fibers outside of tasks, which
 * are its users under a layer.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { resumeWith } from "../internal/host/beyondTypes.ts"
import { numbered } from "../internal/host/words.ts"
import { findLoop } from "../internal/loop/currentLoop.ts"
import type { LoopImpl } from "../internal/loop/loop.ts"
import { abandon } from "../internal/task/closing.ts"
import { isTaskImpl, type TaskImpl } from "../internal/task/task.ts"
import { tasksOf } from "../internal/task/tasks.ts"
import { CurrentRegion, waitOf } from "../internal/waiting/Region.ts"
import type { Waiter } from "../internal/waiting/Waiter.ts"
import { cancel } from "../internal/waiting/Walk.ts"
import { DeadlockError, SpinError } from "./errors.ts"
import { explain } from "./explain.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>
type AnyWaiter = Waiter<any, any, any>
type Stuck = DeadlockError | SpinError

const nameAndPlace = ({ createdAt, name }: TaskImpl<any, any>): string =>
  createdAt === undefined ? `'${name}'` : `'${name}' (created at ${createdAt})`

export class Users {
  private readonly loop: LoopImpl
  private readonly onChange: () => void
  // INVARIANT: the live fibers that are not a task's own region's and have waited here; what each waited for last.
  private readonly others = new Map<AnyFiber, AnyWaiter | undefined>()
  /** Tasks that were asked to end because the loop can't go on. */
  private readonly asked = new WeakSet<object>()
  /** Those that were stopped because they kept awaiting what was already done. */
  private readonly stopped = new WeakSet<object>()
  private said = false
  /** A program has ended because the loop could not go on. */
  private hasFailed = false
  /** Why the loop could not go on, if that was only reported. */
  reported: Stuck | undefined = undefined

  constructor(loop: LoopImpl, onChange: () => void) {
    this.loop = loop
    this.onChange = onChange
  }

  know(fiber: AnyFiber, waiter: AnyWaiter | undefined): void {
    if (!this.others.has(fiber)) fiber.addObserver(() => this.others.delete(fiber))
    this.others.set(fiber, waiter)
    this.onChange()
  }

  get exist(): boolean {
    return this.outside.length > 0
  }

  /** The fibers outside of tasks that are on the loop now. */
  private get outside(): ReadonlyArray<AnyFiber> {
    return Array.from(this.others.keys()).filter((fiber) => {
      const owner = fiber.getRef(CurrentRegion)?.owner
      return findLoop(fiber) === this.loop && (owner?.task === undefined || owner.ready !== this.loop.ready)
    })
  }

  /** What a fiber that is not a region's own waits for, if it is something of this library. */
  private waiterOf(fiber: AnyFiber): AnyWaiter | undefined {
    const waiter = this.others.get(fiber)
    return waiter?.state === "parked" ? waiter : undefined
  }

  // --------------------------------------------------------------------------------------------- why it can't go on

  /** Nothing is ready, nothing is scheduled. False if there is nobody to end, or all were asked before. */
  endDeadlocked(): boolean {
    const tasks = tasksOf(this.loop)
    const { mains } = this.loop
    // Whoever waits for a main task adds nothing new.
    const users = mains.size === 0
      ? this.outside.map((fiber) => this.waiterOf(fiber))
      : tasks.length === 0
      ? [...mains]
      : []
    const parked = Array.from(this.others.keys(), (fiber) => this.waiterOf(fiber)).filter((waiter) =>
      waiter !== undefined
    )
    const message = explain(
      tasks,
      parked,
      users.map((waiter) => waiter === undefined ? "something outside of the loop" : waitOf(waiter))
    )
    return this.end(new DeadlockError({ message, tasks }), [])
  }

  /** Ticks went by without time passing. */
  endSpinning(owners: ReadonlyArray<unknown>, ticks: number): boolean {
    const names = owners.filter(isTaskImpl).map(nameAndPlace)
    const who = names.length === 0 ? "no task: callbacks or bare fibers" : names.join(", ")
    const message = `${numbered(ticks, "tick")} went by without time passing; what ran: ${who}`
    return this.end(new SpinError({ message }), owners.filter(Fiber.isFiber))
  }

  /** Somebody keeps awaiting what is already done; it goes on with the result of this. */
  endLooking(looker: object, times: number): Effect.Effect<never> {
    // It has caught the error and goes on: once parked, it is cancelled like all others.
    if (this.stopped.has(looker)) return Effect.never
    this.stopped.add(looker)
    const who = isTaskImpl(looker) ? nameAndPlace(looker) : "a bare fiber"
    const error = new SpinError({
      message:
        `${who} awaited ${
          numbered(times, "time")
        } in one tick, each time something already done, and no time passed; ` +
        "await something that is not done, or let a tick pass with sleep(0)"
    })
    if (isTaskImpl(looker)) this.fail(error, [])
    return Effect.die(error)
  }

  // ----------------------------------------------------------------------------------------------------- how they end

  private end(error: Stuck, spinners: ReadonlyArray<AnyFiber>): boolean {
    if (this.fail(error, spinners)) return true
    // There is nobody whom the error could end.
    if (!this.said) this.loop.reports.log({ message: error.message, cause: Cause.die(error) })
    this.said = true
    return false
  }

  /** Ends those who wait for the loop. False if all of them were asked before. */
  private fail(error: Stuck, spinners: ReadonlyArray<AnyFiber>): boolean {
    const { loop } = this
    const cause = Cause.die(error)
    if (loop.state === "closing") {
      for (const task of tasksOf(loop)) {
        // If the loop could not go on before, this is not news.
        if (!this.hasFailed) loop.reports.report({ message: "Task was destroyed but it is pending!", cause, task })
      }
      abandon(loop)
      return true
    }
    if (loop.mains.size === 0) return this.failOthers(error, spinners)
    this.hasFailed = true
    for (const main of loop.mains) main.fail(cause)
    return true
  }

  /**
   * Without a main program: fibers outside of tasks end with the error, first those that wait for something of this
   * library, as others may wait for them. If there are none, the error is reported, and the tasks are cancelled. The
   * same if a program handles reports itself, as long as that helps.
   */
  private failOthers(error: Stuck, spinners: ReadonlyArray<AnyFiber>): boolean {
    const { loop } = this
    const tasks = tasksOf(loop).filter((task) => !this.asked.has(task))
    const takesReports = loop.reports.handler !== undefined || loop.reports.failures === undefined
    const fibers = tasks.length > 0 && takesReports ? [] : Array.from(new Set([...this.outside, ...spinners]))
    if (tasks.length === 0 && fibers.length === 0) return false
    const cause = Cause.die(error)
    const waiters = fibers.map((fiber) => this.waiterOf(fiber)).filter((waiter) => waiter !== undefined)
    if (waiters.length > 0) { for (const waiter of waiters) waiter.fail(cause) }
    else for (const fiber of fibers) endFiber(fiber, cause)
    if (fibers.length === 0) {
      this.reported = error
      loop.reports.report({ message: error.message, cause })
    }
    for (const task of tasks) {
      this.asked.add(task)
      cancel(task, undefined)
    }
    return true
  }
}

/** With an interrupt beside the cause, since only that cleans up what was waited for. */
const endFiber = (fiber: AnyFiber, cause: Cause.Cause<never>): void =>
  resumeWith(fiber, Cause.combine(cause, Cause.interrupt()))
