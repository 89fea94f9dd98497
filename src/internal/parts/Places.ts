/**
 * The places of a group that limits how many of its tasks work at once.
 *
 * A task waits for one in its own first step, so that it is pending meanwhile, is served in order, and never begins its
 * work if it is cancelled there. It keeps the place until it has ended and its group knows: given back when the work
 * ends, it would let the next one begin before the group has heard of a failure.
 */
import type * as Fiber from "effect/Fiber"
import { currentTask, type TaskImpl } from "../task/task.ts"
import { SemaphoreImpl } from "./SemaphoreImpl.ts"

export class Places extends SemaphoreImpl {
  // INVARIANT: the tasks that have a place.
  private readonly tasks = new Set<TaskImpl<any, any>>()

  constructor(places: number) {
    super(places, places)
  }
  override labelFor(): string {
    return "a place in its TaskGroup"
  }
  override take(fiber: Fiber.Fiber<unknown, unknown>): void {
    super.take(fiber)
    this.tasks.add(currentTask(fiber)!)
  }
  /** The task has ended, with a place or without. */
  leave(task: TaskImpl<any, any>): void {
    if (this.tasks.delete(task)) this.release()
  }
}
