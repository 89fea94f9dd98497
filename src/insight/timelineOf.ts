/** Puts a timeline together from a recorder's ring and the live tasks. */
import { formatCallSite } from "../internal/host/callSite.ts"
import { timeInWords } from "../internal/host/words.ts"
import type { Life } from "./Life.ts"
import type { Recording } from "./Recording.ts"
import type { Ended, Known, Ring, Seen } from "./Ring.ts"
import type { Cancel, Row, Span, Timeline, Wake } from "./Timeline.ts"

interface Parts {
  readonly cancels: Array<Cancel>
  readonly spans: Array<Span>
}

const wordsOf = (what: string | number | undefined): string | undefined =>
  typeof what === "number" ? `sleep ${timeInWords(what)}` : what

const idOrNone = (id: number): number | undefined => id === 0 ? undefined : id

const spanOf = ({ from, heldBy, kind, to, what, wokenBy }: Seen): Span => {
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

/** The spans that are under way. */
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
    default:
      return [...blocks, { ...none, kind: "run" }]
  }
}

const nameOf = ({ kind, name }: Known): string =>
  typeof name === "string" ? name : kind === "task" ? `Task-${name}` : `branch ${name}`

const rowOf = (known: Known, ended: Ended | undefined, { cancels, spans }: Parts): Row => ({
  kind: known.kind,
  id: known.id,
  loop: known.loop,
  name: nameOf(known),
  runs: known.runs === "" ? undefined : known.runs,
  parent: idOrNone(known.parent),
  createdAt: formatCallSite(known.site),
  begin: known.begin,
  end: ended?.end,
  outcome: ended?.outcome,
  error: known.error,
  cancels,
  spans: inOrder(spans)
})

/**
 * By their start. A block contains what begins with it; of several blocks, the one that ended last contains the others.
 */
const inOrder = (spans: ReadonlyArray<Span>): ReadonlyArray<Span> => {
  const [others, blocks] = [false, true].map((isBlock) => spans.filter(({ kind }) => (kind === "block") === isBlock))
  return [...blocks!.toReversed(), ...others!].toSorted((a, b) =>
    a.from - b.from || (a.kind === "block" && b.kind === "block" ? b.to - a.to : 0)
  )
}

export const timelineOf = (ring: Ring, recording: Recording): Timeline => {
  const { ended, seen } = ring.read()
  const { lives } = recording
  const parts = new Map<number, Parts>()
  const tasks: Array<Row> = []
  const partsOf = (id: number): Parts => {
    let found = parts.get(id)
    if (found === undefined) parts.set(id, found = { cancels: [], spans: [] })
    return found
  }
  for (const one of seen) {
    const { cancels, spans } = partsOf(one.id)
    if (one.kind === "cancel") cancels.push({ at: one.from, by: idOrNone(one.wokenBy) })
    else spans.push(spanOf(one))
  }
  for (const one of ended) tasks.push(rowOf(one, one, partsOf(one.id)))
  for (const life of lives) {
    partsOf(life.id).spans.push(...openSpans(life, recording.now(life)))
    tasks.push(rowOf(life, undefined, partsOf(life.id)))
  }
  tasks.sort((a, b) => a.id - b.id)
  const { dropped } = ring
  const spans = tasks.flatMap((row) => row.spans)
  // Whatever was dropped ended before the oldest that is left.
  const first = seen[0]?.to ?? ended[0]?.end
  const from = dropped > 0 && first !== undefined
    ? first
    : tasks.reduce((least, { begin }) => Math.min(least, begin), Infinity)
  const to = spans.reduce((most, span) => Math.max(most, span.to), from)
  const shown = new Set(tasks.map(({ id }) => id))
  const wakes = tasks.flatMap(({ id, spans }) =>
    spans.flatMap(({ to: at, wokenBy }): Array<Wake> =>
      wokenBy === undefined || !shown.has(wokenBy) ? [] : [{ from: wokenBy, to: id, at }]
    )
  )
  return tasks.length === 0 ? { from: 0, to: 0, dropped, tasks, wakes } : { from, to, dropped, tasks, wakes }
}
