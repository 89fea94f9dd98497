/** Finds tasks: those of a loop, those that stand in a line, those that wait for a future. */
import type { Task } from "../../Task.ts"
import type { WaitQueue } from "../kernel/WaitQueue.ts"
import type { LoopImpl } from "../loop/loop.ts"
import { FutureImpl } from "./future.ts"
import { isTaskImpl, type TaskImpl } from "./task.ts"

/** The tasks of a loop that are not done, the oldest first. */
export const tasksOf = (loop: LoopImpl): Array<TaskImpl<unknown, unknown>> => Array.from(loop.tasks).filter(isTaskImpl)

/** The tasks that stand in a line, in order; bare fibers are left out. */
export const tasksIn = (line: WaitQueue): Array<Task<unknown, unknown>> =>
  Array.from(line.nodes(), ({ awaiter }) => awaiter).filter(isTaskImpl)

/** The tasks that wait for a future, found by asking those in its line: there are no edges to keep up to date. */
export const awaitedBy = (self: FutureImpl<any, any>): ReadonlySet<Task<unknown, unknown>> => {
  const tasks = new Set<Task<unknown, unknown>>()
  const futures = [self]
  for (const future of futures) {
    for (const awaiter of future.awaiters()) {
      // A task that asked for completions may be done by now.
      if (!(awaiter instanceof FutureImpl) || awaiter.exit !== undefined) continue
      if (isTaskImpl(awaiter)) tasks.add(awaiter)
      else futures.push(awaiter)
    }
  }
  return tasks
}
