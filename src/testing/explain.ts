/** A deadlock in words: who is left, what each waits for, and who waits for each other in a circle. */
import { isTaskImpl, type TaskImpl } from "../internal/task/task.ts"
import { waiterOf, waitOf } from "../internal/waiting/Region.ts"
import type { Waiter } from "../internal/waiting/Waiter.ts"

type AnyTask = TaskImpl<any, any>
type AnyWaiter = Waiter<any, any, any>

/** `branches`: what fibers that a task forked wait for, which is not in the task's own line. */
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
    for (const waiter of own.get(task)!) lines.push(`    in a fiber that it forked: waiting for ${waitOf(waiter)}`)
  }
  if (outside.length > 0) lines.push("fibers outside of tasks wait for:", ...outside.map((label) => `  ${label}`))
  const circle = findCircle(
    tasks,
    (task) => [waiterOf(task), ...own.get(task) ?? []].flatMap((waiter) => waiter?.waitsFor() ?? []).filter(isTaskImpl)
  )
  if (circle !== undefined) {
    const names = circle.map((task) => `'${task.name}'`)
    lines.push(`these wait for each other in a circle: ${[...names, names[0]].join(" -> ")}`)
  }
  return lines.join("\n")
}

/** Follows who waits for whom until somebody comes again: depth first, on a stack of its own. */
const findCircle = (
  tasks: ReadonlyArray<AnyTask>,
  waitsFor: (task: AnyTask) => ReadonlyArray<AnyTask>
): ReadonlyArray<AnyTask> | undefined => {
  const seen = new Set<AnyTask>()
  for (const first of tasks) {
    // The way to where it looks now, in order, each with those it has not followed yet.
    const path = new Map<AnyTask, Array<AnyTask>>()
    const way: Array<AnyTask> = []
    const enter = (task: AnyTask): void => {
      seen.add(task)
      way.push(task)
      path.set(task, waitsFor(task).toReversed())
    }
    if (!seen.has(first)) enter(first)
    while (way.length > 0) {
      const next = path.get(way[way.length - 1]!)!.pop()
      if (next === undefined) path.delete(way.pop()!)
      else if (path.has(next)) return way.slice(way.indexOf(next))
      else if (!seen.has(next)) enter(next)
    }
  }
  return undefined
}
