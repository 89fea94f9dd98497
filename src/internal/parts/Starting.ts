/**
 * What `group.start` waits for: that the task says it has started, or ends without saying so.
 *
 * It is a future, so that a cancellation of the starter walks down to the task as through a join, and comes back the
 * same way. trio runs the task in a nursery of the starter first, and moves it when it has started; a request to cancel
 * in between finds it in neither, or in the wrong one (python-trio/trio#2895, #1431). Here it belongs to the group from
 * the start, and only its outcome takes another way: to the starter, as long as it has not started.
 */
import * as Exit from "effect/Exit"
import { RuntimeError } from "../../Errors.ts"
import { FutureImpl } from "../task/future.ts"
import type { TaskImpl } from "../task/task.ts"
import { cancelledExit } from "../waiting/cancelled.ts"
import type { Walk } from "../waiting/Walk.ts"

export class Starting<T> extends FutureImpl<T, unknown> {
  private readonly starts: TaskImpl<any, any>

  constructor(task: TaskImpl<any, any>) {
    super(task.loop)
    this.starts = task
    this.retrieved = true // its outcome is the starter's
  }
  override get kind(): string {
    return "Starting"
  }
  override get label(): string {
    return `the start of ${this.starts.label}`
  }
  override members(): ReadonlyArray<FutureImpl<any, any>> {
    return [this.starts]
  }

  started(value: T): void {
    if (this.complete(Exit.succeed(value))) return
    const why = this.exit?._tag === "Success" ? "a second time" : "after its task had ended"
    throw new RuntimeError({ message: `TaskGroup.start: started was called ${why}` })
  }

  /** The task has ended. True if its outcome is the starter's, since it had not started. */
  taskEnded(): boolean {
    if (this.exit !== undefined) return false
    const { exit, requests } = this.starts
    this.starts.retrieve()
    if (exit!._tag === "Failure") this.complete(exit as Exit.Exit<T, unknown>)
    // It was cancelled, and ended some other way: that is not a mistake.
    else if (requests > 0) this.complete(cancelledExit(undefined))
    else {
      const message = `TaskGroup.start: ${this.starts.label} has ended without calling started`
      this.complete(Exit.die(new RuntimeError({ message })))
    }
    return true
  }

  /** The task can still be cancelled. */
  override accepts(): boolean {
    return this.exit === undefined && this.starts.exit === undefined
  }
  override requestCancel(walk: Walk): void {
    walk.goOn(this.starts)
  }
  override get endedByRequest(): boolean {
    return this.exit?._tag === "Failure" && this.starts.endedByRequest
  }
}
