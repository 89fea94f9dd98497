/**
 * The group of `TaskGroup.make`: a block in a task of its own, the host, whose body waits for the scope to close.
 *
 * So nothing of a group is told a second time: a failure cancels the siblings and ends the host with all that failed, which
 * `join` hands out, and which is reported as any task's where nobody joins. That the host is a task keeps it listed, too.
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
    // Eager: it is open when it is handed out.
    this.host = createTask(call, fiber, block, { name: "TaskGroup", eager: true }, site)
  }

  readonly join: Effect.Effect<void, any> = Effect.suspend(() => Effect.flatten(watch(this.host)))
}

class Closing extends FutureImpl<void, never> {
  override get label(): string {
    return "its scope to close"
  }
}
