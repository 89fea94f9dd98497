/**
 * What insight calls loops, tasks and primitives: numbers and names, so that nothing that it gives away keeps one alive.
 *
 * A task's number stands on the task itself: a recorder asks for it at every event, and a `WeakMap` of very many tasks
 * was slower than all the rest of it.
 */
import type { Resource, Waiting } from "../internal/kernel/observer.ts"
import type { LoopImpl } from "../internal/loop/loop.ts"
import type { TaskImpl } from "../internal/task/task.ts"

let last = 0

/** Of a task: unique in the process. */
export const idOf = (task: TaskImpl<any, any>): number => task.id === 0 ? (task.id = ++last) : task.id

interface Known {
  readonly id: number
  /** How many primitives of each kind were named here. */
  readonly counts: Map<string, number>
}

const loops = new WeakMap<LoopImpl, Known>()
let loopCount = 0

const known = (loop: LoopImpl): Known => {
  let found = loops.get(loop)
  if (found === undefined) loops.set(loop, found = { id: ++loopCount, counts: new Map() })
  return found
}

/** Of a loop: unique in the process, counted as they are looked at. */
export const loopIdOf = (loop: LoopImpl): number => known(loop).id

// INVARIANT: by primitive, what those without a name are called.
const names = new WeakMap<Resource, string>()

/** `Lock "db"`; `Lock#1` where it has no name, counted by loop and kind as they are looked at. */
const nameOf = (resource: Resource, loop: LoopImpl): string => {
  const { kind, name } = resource
  if (name !== undefined) return `${kind} "${name}"`
  let given = names.get(resource)
  if (given === undefined) {
    const { counts } = known(loop)
    const count = (counts.get(kind) ?? 0) + 1
    counts.set(kind, count)
    names.set(resource, given = `${kind}#${count}`)
  }
  return given
}

/** What a fiber on the loop waits for: `Lock "db"`, `Queue#1.get`, `a timer`, `task 'x'`. */
export const whatOf = ({ label, resource, verb }: Waiting, loop: LoopImpl): string => {
  if (resource === undefined) return label
  return verb === undefined ? nameOf(resource, loop) : `${nameOf(resource, loop)}.${verb}`
}
