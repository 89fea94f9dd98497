/** The rows of a timeline as they are shown: each below the one that created it, under names that people know. */
import type { Row, Span, Timeline } from "./Timeline.ts"
import { titleOf } from "./words.ts"

export interface Placed {
  readonly row: Row
  /** Its depth in the tree. */
  readonly depth: number
}

/** Depth first, by loop, in order of creation. */
export const inTree = (rows: ReadonlyArray<Row>): ReadonlyArray<Placed> => {
  const shown = new Set(rows.map(({ id }) => id))
  const children = Map.groupBy(rows, ({ parent }) => parent !== undefined && shown.has(parent) ? parent : 0)
  const placed: Array<Placed> = []
  // With an explicit stack: a chain of tasks may be very long.
  const left = (children.get(0) ?? []).toReversed().map((row) => ({ row, depth: 0 }))
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    placed.push(next)
    const depth = next.depth + 1
    left.push(...(children.get(next.row.id) ?? []).toReversed().map((row) => ({ row, depth })))
  }
  return placed
}

/** The rows of each loop, and from when to when they are shown. */
export const byLoop = ({ from, tasks, to }: Timeline) => {
  const loops = Array.from(Map.groupBy(tasks, ({ loop }) => loop))
  if (loops.length <= 1) return loops.map(([loop, rows]) => ({ loop, rows, from, to }))
  // Their clocks may be unrelated.
  return loops.map(([loop, rows]) => {
    const spans = rows.flatMap((row) => row.spans)
    return {
      loop,
      rows,
      from: Math.max(from, spans.reduce((least, span) => Math.min(least, span.from), Infinity)),
      to: spans.reduce((most, span) => Math.max(most, span.to), -Infinity)
    }
  })
}

/** The name that it was given, or else `testA (Task-2)`. */
export const nameOf = ({ kind, name, runs }: Row): string => titleOf(name, runs, kind === "branch" || undefined)

export const namesOf = ({ tasks }: Timeline): ReadonlyMap<number, string> =>
  new Map(tasks.map((row) => [row.id, nameOf(row)]))

/** `Lock "db" held by bob`. */
export const holderIn = ({ heldBy, what = "" }: Span, names: ReadonlyMap<number, string>): string => {
  const holder = heldBy === undefined ? undefined : names.get(heldBy)
  return holder === undefined ? what : `${what} held by ${holder}`
}

/** The wait in which it was cancelled, if that has no length and so no place in a picture, as after a deadlock. */
export const cancelledIn = ({ outcome, spans }: Row): Span | undefined => {
  if (outcome !== "cancelled") return undefined
  const last = spans.findLast(({ kind }) => kind === "wait")
  return last !== undefined && last.from === last.to && last.to === spans.at(-1)!.to ? last : undefined
}

/** A shorter form: `"db"`, `250 ms`. */
export const shortOf = (what: string): string =>
  what === "the tasks of its TaskGroup" ? "its tasks" : what.replace(/^(?:sleep |[A-Z]\w* (?="))/, "")

/** The kind of wait, for its colour. */
export const waitKind = (what: string): "lock" | "join" | "wait" =>
  /^(?:Lock|Semaphore|BoundedSemaphore|Condition)\b/.test(what)
    ? "lock"
    : /^(?:task|shield|gather|wait|asCompleted|the tasks|its branches)\b/.test(what)
    ? "join"
    : "wait"

/** What a recorder had no room for. */
export const missingInWords = ({ dropped }: Timeline): string =>
  `without the ${dropped === 1 ? "oldest span" : `oldest ${dropped} spans`}, for which there was no room`
