/** A deadlock in words: who is left, what each waits for, and who waits for one another in a circle. */
import { circleInWords, circlesOf } from "../internal/task/circles.ts"
import type { TaskImpl } from "../internal/task/task.ts"
import { waiterOf, waitOf } from "../internal/waiting/Region.ts"
import type { Waiter } from "../internal/waiting/Waiter.ts"

type AnyTask = TaskImpl<any, any>
type AnyWaiter = Waiter<any, any, any>

/** `branches`: what the fibers that a task forked wait for, which the task's own line does not show. */
export const explain = (
  tasks: ReadonlyArray<AnyTask>,
  branches: ReadonlyArray<AnyWaiter>,
  outside: ReadonlyArray<string>
): string => {
  const own = new Map<unknown, Array<AnyWaiter>>(tasks.map((task) => [task, []]))
  for (const waiter of branches) own.get(waiter.awaiter)?.push(waiter)
  const lines = ["nothing is ready, nothing is scheduled"]
  if (tasks.length > 0) lines[0] += ", and these tasks are not done:"
  for (const task of tasks) {
    lines.push(`  ${task}`)
    const forked = own.get(task)!
    for (const waiter of forked) lines.push(`    in a fiber that it forked: waiting for ${waitOf(waiter)}`)
    if (forked.length === 0 && waiterOf(task) === undefined) lines.push("    waiting for something outside of the loop")
  }
  if (outside.length > 0) lines.push("fibers outside of tasks wait for:", ...outside.map((label) => `  ${label}`))
  const waitersOf = (task: AnyTask) => [waiterOf(task), ...own.get(task)!].filter((waiter) => waiter !== undefined)
  for (const circle of circlesOf(tasks, waitersOf)) {
    lines.push(`these wait for each other in a circle: ${circleInWords(circle.map((task) => task.name))}`)
    const [first] = circle
    if (waitersOf(first!).some(({ resource }) => resource?.holder === first)) {
      lines.push("  it holds the lock itself: locks are not reentrant")
    }
  }
  return lines.join("\n")
}
