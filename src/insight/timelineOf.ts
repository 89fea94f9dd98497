/** A recorder's slots and lives, put together. */
import { milliseconds } from "./drawing/axis.ts"
import type { Life } from "./Life.ts"
import type { Recording } from "./Recording.ts"
import type { Ring, Slot } from "./Ring.ts"
import type { Cancel, Row, Span, Timeline, Wake } from "./Timeline.ts"

interface Parts {
  readonly cancels: Array<Cancel>
  readonly spans: Array<Span>
}

const wordsOf = (what: string | number | undefined): string | undefined =>
  typeof what === "number" ? `sleep ${milliseconds(what)}` : what

const idOrNone = (id: number): number | undefined => id === 0 ? undefined : id

const spanOf = ({ from, heldBy, kind, to, what, wokenBy }: Slot): Span => {
  const isBlock = kind === "ok" || kind === "failed" || kind === "cancelled"
  return {
    kind: isBlock ? "block" : kind as Span["kind"],
    from,
    to,
    what: wordsOf(what),
    heldBy: idOrNone(heldBy),
    wokenBy: idOrNone(wokenBy),
    outcome: isBlock ? kind : undefined
  }
}

/** What is under way. */
const openSpans = (life: Life, now: number): ReadonlyArray<Span> => {
  const { heldBy, since: from, state, what } = life
  const none = { from, to: now, what: undefined, heldBy: undefined, wokenBy: undefined, outcome: undefined }
  const blocks = Array.from(
    life.blocks ?? [],
    ({ since, what }): Span => ({ ...none, kind: "block", from: since, what })
  )
  switch (state) {
    case "ready":
      return [...blocks, { ...none, kind: "ready" }]
    case "wait":
      return [...blocks, { ...none, kind: "wait", what: wordsOf(what), heldBy: idOrNone(heldBy) }]
    case "between":
      return [...blocks, { ...none, kind: what === undefined ? "outside" : "wait", what: wordsOf(what) }]
    case "over":
      return blocks
    default:
      return [...blocks, { ...none, kind: "run" }]
  }
}

const rowOf = (life: Life, { cancels, spans }: Parts): Row => ({
  kind: life.kind,
  id: life.id,
  loop: life.loop,
  name: life.shownName,
  runs: life.runs,
  parent: idOrNone(life.parent),
  createdAt: life.createdAt,
  begin: life.begin,
  end: life.end,
  outcome: life.outcome,
  error: life.error,
  cancels,
  // Of those that begin at once, a block is around the others.
  spans: spans.toSorted((a, b) => a.from - b.from || (a.kind === "block" || b.kind === "block" ? b.to - a.to : 0))
})

export const timelineOf = (ring: Ring, recording: Recording): Timeline => {
  const parts = new Map<Life, Parts>()
  const partsOf = (life: Life): Parts => {
    let found = parts.get(life)
    if (found === undefined) parts.set(life, found = { cancels: [], spans: [] })
    return found
  }
  const lives = recording.lives
  let from = Infinity
  let to = -Infinity
  for (const life of lives) {
    const now = recording.now(life)
    partsOf(life).spans.push(...openSpans(life, now))
    to = Math.max(to, now)
  }
  const whole = ring.dropped === 0
  for (const slot of ring.slots()) {
    // What was dropped had ended by then.
    if (!whole && from === Infinity) from = slot.to
    to = Math.max(to, slot.to)
    if (slot.kind === "cancel") partsOf(slot.life).cancels.push({ at: slot.from, by: idOrNone(slot.wokenBy) })
    else partsOf(slot.life).spans.push(spanOf(slot))
  }
  const tasks = Array.from(parts, ([life, parts]) => rowOf(life, parts)).toSorted((a, b) => a.id - b.id)
  if (whole) { for (const { begin } of tasks) from = Math.min(from, begin) }
  const shown = new Set(tasks.map(({ id }) => id))
  const wakes = tasks.flatMap(({ id, spans }) =>
    spans.flatMap(({ to: at, wokenBy }): Array<Wake> =>
      wokenBy === undefined || !shown.has(wokenBy) ? [] : [{ from: wokenBy, to: id, at }]
    )
  )
  const isEmpty = tasks.length === 0
  return { from: isEmpty ? 0 : from, to: isEmpty ? 0 : to, dropped: ring.dropped, tasks, wakes }
}
