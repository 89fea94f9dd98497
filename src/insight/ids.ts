/**
 * What insight calls loops, tasks and primitives: numbers and names, so that nothing it returns keeps one alive.
 *
 * A task's number is a field of the task: a recorder asks for it at every event, and a `WeakMap` of very many tasks was
 * slower than everything else in it.
 */
import type { Resource, Waiting } from "../internal/kernel/observer.ts"
import type { LoopImpl } from "../internal/loop/loop.ts"
import type { TaskImpl } from "../internal/task/task.ts"

let last = 0

/** A number for something that is shown like a task. */
export const nextId = (): number => ++last

/** The id of a task, unique in the process. */
export const idOf = (task: TaskImpl<any, any>): number => task.id === 0 ? (task.id = nextId()) : task.id

let loopCount = 0

/** The id of a loop, unique in the process; loops are counted when they are first looked at. */
export const loopIdOf = (loop: LoopImpl): number => loop.id === 0 ? (loop.id = ++loopCount) : loop.id

/** How many primitives of each kind were named on a loop. */
const counts = new WeakMap<LoopImpl, Map<string, number>>()

const nextNumber = (kind: string, loop: LoopImpl): number => {
  let ofLoop = counts.get(loop)
  if (ofLoop === undefined) counts.set(loop, ofLoop = new Map())
  const number = (ofLoop.get(kind) ?? 0) + 1
  ofLoop.set(kind, number)
  return number
}

// INVARIANT: what primitives without a name are called.
const names = new WeakMap<Resource, string>()

/** `Lock "db"`, or `Lock#1` without a name: counted by loop and kind when first looked at. */
const nameOf = (resource: Resource, loop: LoopImpl): string => {
  const { kind, name } = resource
  if (name !== undefined) return `${kind} "${name}"`
  let given = names.get(resource)
  if (given === undefined) names.set(resource, given = `${kind}#${nextNumber(kind, loop)}`)
  return given
}

/** What a fiber on the loop waits for: `Lock "db"`, `Queue#1.get`, `a timer`, `task 'x'`. */
export const whatOf = ({ label, resource, verb }: Waiting, loop: LoopImpl): string => {
  if (resource === undefined) return label
  return verb === undefined ? nameOf(resource, loop) : `${nameOf(resource, loop)}.${verb}`
}
