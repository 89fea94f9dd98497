/**
 * The group of `TaskGroup.make`: a block in a separate task, the host, whose body waits for the scope to close.
 *
 * So a group works as any other does: a failure cancels the siblings and ends the host with everything that failed,
 * which `join` hands out, and which is reported like any task's failure if nobody joins. And since the host is a task,
 * it is listed.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { Options } from "../../TaskGroup.ts"
import type { CallSite } from "../host/callSite.ts"
import { getLoop } from "../loop/currentLoop.ts"
import { createTask } from "../task/createTask.ts"
import { FutureImpl, join, watch } from "../task/future.ts"
import type { TaskImpl } from "../task/task.ts"
import { runGroup, TaskGroupImpl } from "./TaskGroupImpl.ts"

export class BoundGroup extends TaskGroupImpl {
  readonly host: TaskImpl<void, any>

  constructor(
    call: string,
    fiber: Fiber.Fiber<unknown, unknown>,
    options: Options | undefined,
    site: CallSite | undefined
  ) {
    const loop = getLoop(call, fiber)
    super(call, loop, options)
    const block = runGroup(call, this, () => join(new Closing(loop)))
    // Eager, so that the group is open when it is handed out.
    this.host = createTask(call, fiber, block, { name: "TaskGroup", eager: true }, site)
  }

  readonly join: Effect.Effect<void, any> = Effect.suspend(() => Effect.flatten(watch(this.host)))
}

class Closing extends FutureImpl<void, never> {
  override get label(): string {
    return "its scope to close"
  }
}
