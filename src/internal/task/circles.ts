/**
 * Finds deadlocks: tasks that wait for each other and will never go on unless somebody else does something.
 *
 * It looks for the largest set of tasks each of which waits for one in the set. If one of several is enough, as in
 * `wait` for the first, all of them have to be in it. To find it, those that can go on are taken out, one after the
 * other; the rest stand in a circle or wait for one. O(tasks + those they wait for), however long a circle is.
 */
import { shortened } from "../host/printing.ts"
import type { Suspension } from "../waiting/Region.ts"
import { isTaskImpl, type TaskImpl } from "./task.ts"

type AnyTask = TaskImpl<any, any>

/** One thing that a task waits for. */
class Wait {
  readonly task: AnyTask
  readonly tasks: ReadonlyArray<AnyTask>
  /** How many of `tasks` have to go on before this can. */
  left: number
  constructor(task: AnyTask, waiter: Suspension) {
    const futures = waiter.waitsFor()
    this.task = task
    this.tasks = futures.filter(isTaskImpl)
    const { isForAny } = waiter
    if (!isForAny) this.left = this.tasks.length
    else this.left = this.tasks.length > 0 && this.tasks.length === futures.length ? 1 : 0
  }
}

/**
 * The circles among tasks, each once: every task in a circle waits for the next, the last for the first. `waitersOf`
 * gives what a task waits for, if it counts.
 */
export const circlesOf = (
  tasks: ReadonlyArray<AnyTask>,
  waitersOf: (task: AnyTask) => ReadonlyArray<Suspension>
): ReadonlyArray<ReadonlyArray<AnyTask>> => {
  const waits = new Map(tasks.map((task) => [task, waitersOf(task).map((waiter) => new Wait(task, waiter))]))
  const dependents = new Map<AnyTask, Array<Wait>>(tasks.map((task) => [task, []]))
  for (const own of waits.values()) {
    for (const wait of own) {
      for (const target of wait.tasks) {
        const known = dependents.get(target)
        // It is on another loop, or has ended: it can't be in a circle here.
        if (known === undefined) wait.left--
        else known.push(wait)
      }
    }
  }
  const isFree = (own: ReadonlyArray<Wait>): boolean => own.every((wait) => wait.left <= 0)
  const free = tasks.filter((task) => isFree(waits.get(task)!))
  for (const task of free) waits.delete(task)
  // It grows during the walk.
  for (const task of free) {
    for (const wait of dependents.get(task)!) {
      wait.left--
      const own = waits.get(wait.task)
      if (own === undefined || !isFree(own)) continue
      waits.delete(wait.task)
      free.push(wait.task)
    }
  }
  const nextOf = (task: AnyTask): AnyTask =>
    waits.get(task)!.find((wait) => wait.left > 0)!.tasks.find((target) => waits.has(target))!
  const circles: Array<ReadonlyArray<AnyTask>> = []
  const seen = new Set<AnyTask>()
  for (const first of waits.keys()) {
    const way = new Set<AnyTask>()
    let task = first
    for (; !seen.has(task); task = nextOf(task)) {
      seen.add(task)
      way.add(task)
    }
    const walked = Array.from(way)
    if (way.has(task)) circles.push(walked.slice(walked.indexOf(task)))
  }
  return circles
}

/** How many of a circle are named. */
const named = 20

/** The tasks of a circle, by their names: `'a' -> 'b' -> 'a'`. */
export const circleInWords = (names: ReadonlyArray<string>): string => {
  const more = names.length - named
  const way = names.slice(0, named).map((name) => `'${shortened(name)}'`)
  return [...way, ...more > 0 ? [`${more} more`] : [], way[0]].join(" -> ")
}
