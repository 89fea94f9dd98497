/** A timeline for viewers of Chrome's trace events. */
import { checkTimeline } from "./inputs.ts"
import { inTree, nameOf, namesOf } from "./rows.ts"
import type { Row, Span, Timeline } from "./Timeline.ts"

/**
 * An event of Chrome's trace format: `X` a slice, `i` a moment, `s` and `f` the ends of an arrow, `M` a name. Times are
 * microseconds.
 *
 * @category models
 * @since 0.2.0
 */
export interface ChromeEvent {
  /** Its phase: which kind of event it is. */
  readonly ph: "X" | "i" | "s" | "f" | "M"
  /** What the viewer shows on it. */
  readonly name: string
  /** The process: a loop. */
  readonly pid: number
  /** The thread: a task or branch. */
  readonly tid: number
  /** Its category. */
  readonly cat?: string
  /** When it began, in microseconds. */
  readonly ts?: number
  /** How long it took, in microseconds. */
  readonly dur?: number
  /** The same for both ends of an arrow. */
  readonly id?: number
  /** The scope of a moment: its thread. */
  readonly s?: "t"
  /** Where an arrow ends: at the slice around it. */
  readonly bp?: "e"
  /** What the viewer shows when it is selected. */
  readonly args?: Readonly<Record<string, string | number>>
}

/**
 * The file that viewers of Chrome's traces read, to be written as JSON.
 *
 * @category models
 * @since 0.2.0
 */
export interface ChromeTrace {
  /** In no order that matters. */
  readonly traceEvents: ReadonlyArray<ChromeEvent>
  /** The viewer's unit of time. */
  readonly displayTimeUnit: "ms"
  /** What viewers ignore. */
  readonly otherData: {
    /** The timeline it was made from, for `effect-asyncio draw`. */
    readonly timeline: Timeline
  }
}

/** Milliseconds as whole nanoseconds, so that slices that touch still touch. */
const nanos = (millis: number): number => Math.round(millis * 1e6)
const micros = (nanos: number): number => nanos / 1e3

interface Slice {
  readonly from: number
  readonly to: number
  readonly span: Span
}

/** Slices of a track have to nest, but a block begins and ends in the middle of a run, which is cut there. */
const slicesOf = ({ spans }: Row): ReadonlyArray<Slice> => {
  const edges = spans.filter(({ kind }) => kind === "block").flatMap(({ from, to }) => [nanos(from), nanos(to)])
    .toSorted((a, b) => a - b)
  let passed = 0
  const slices: Array<Slice> = []
  for (const span of spans) {
    let from = nanos(span.from)
    const to = nanos(span.to)
    if (span.kind !== "block") {
      while (passed < edges.length && edges[passed]! <= from) passed++
      for (let next = passed; next < edges.length && edges[next]! < to; next++) {
        const edge = edges[next]!
        if (edge > from) slices.push({ from, to: edge, span })
        from = edge
      }
    }
    slices.push({ from, to, span })
  }
  // Containing slices come first.
  return slices.toSorted((a, b) => a.from - b.from || b.to - a.to)
}

/** The moment of an arrow's end within a slice: at its start, or else just before its end. */
const momentIn = (slices: ReadonlyArray<Slice>, at: number): number | undefined => {
  if (slices.some(({ from, to }) => from <= at && at < to)) return at
  return slices.some(({ from, to }) => to === at && from < at) ? at - 1 : undefined
}

/**
 * Converts a timeline to Chrome's trace events: a process for each loop, a track for each task, an arrow for each wake.
 *
 * **When to use**
 *
 * Use for what is too long for a picture: write it as JSON, and open the file at https://ui.perfetto.dev, in speedscope
 * or in Chrome's devtools, where you can zoom, search and measure.
 *
 * **Details**
 *
 * What took no time is a moment, not a slice; on the virtual loop that is every step. O(n log n) in the number of
 * spans. asyncio has nothing like it. `npx effect-asyncio draw FILE` draws such a file in a terminal, or as SVG: it
 * contains the timeline.
 *
 * **Example** (A file for Perfetto)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import * as Insight from "effect-asyncio/insight"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const program = VirtualLoop.run(asyncio.sleep("1 second"))
 *
 * const [, timeline] = await Effect.runPromise(Insight.record(program))
 * const { traceEvents } = Insight.toChrome(timeline)
 * const text = JSON.stringify({ traceEvents })
 * text.includes("sleep 1 s") // => true
 * traceEvents.find((event) => event.ph === "X")?.dur // => 1000000
 * ```
 *
 * @category drawing
 * @since 0.2.0
 */
export const toChrome = (timeline: Timeline): ChromeTrace => {
  checkTimeline("toChrome", timeline)
  const names = namesOf(timeline)
  const tracks = new Map(timeline.tasks.map((row) => [row.id, { pid: row.loop, slices: slicesOf(row) }]))
  const traceEvents: Array<ChromeEvent> = []
  for (const loop of new Set(timeline.tasks.map((row) => row.loop))) {
    traceEvents.push({ ph: "M", name: "process_name", pid: loop, tid: 0, args: { name: `loop ${loop}` } })
  }
  inTree(timeline.tasks).forEach(({ row }, index) => {
    const { id: tid, loop: pid } = row
    traceEvents.push(
      { ph: "M", name: "thread_name", pid, tid, args: { name: nameOf(row) } },
      { ph: "M", name: "thread_sort_index", pid, tid, args: { sort_index: index } }
    )
    for (const { from, span, to } of tracks.get(tid)!.slices) {
      const args = argsOf(span, row, names)
      const event = { name: span.what ?? span.kind, cat: span.kind, pid, tid, ts: micros(from), ...args }
      if (to > from) traceEvents.push({ ph: "X", dur: micros(to - from), ...event })
      else if (span.kind !== "ready") traceEvents.push({ ph: "i", s: "t", ...event })
    }
    for (const { at, by } of row.cancels) {
      const who = by === undefined ? undefined : names.get(by)
      const args = who === undefined ? {} : { args: { by: who } }
      traceEvents.push({ ph: "i", s: "t", name: "cancel", cat: "cancel", pid, tid, ts: micros(nanos(at)), ...args })
    }
  })
  timeline.wakes.forEach(({ at, from, to }, index) => {
    const [source, target] = [tracks.get(from)!, tracks.get(to)!]
    const [begin, end] = [momentIn(source.slices, nanos(at)), momentIn(target.slices, nanos(at))]
    if (begin === undefined || end === undefined) return
    const event = { name: "wakes", cat: "wake", id: index + 1 }
    traceEvents.push({ ph: "s", ...event, ts: micros(Math.min(begin, end)), pid: source.pid, tid: from })
    traceEvents.push({ ph: "f", bp: "e", ...event, ts: micros(end), pid: target.pid, tid: to })
  })
  return { traceEvents, displayTimeUnit: "ms", otherData: { timeline } }
}

const argsOf = ({ heldBy, outcome, wokenBy }: Span, { createdAt }: Row, names: ReadonlyMap<number, string>) => {
  const args: Record<string, string> = {}
  const [holder, waker] = [heldBy, wokenBy].map((id) => id === undefined ? undefined : names.get(id))
  if (holder !== undefined) args["heldBy"] = holder
  if (waker !== undefined) args["wokenBy"] = waker
  if (outcome !== undefined) args["outcome"] = outcome
  if (createdAt !== undefined) args["createdAt"] = createdAt
  return Object.keys(args).length === 0 ? {} : { args }
}
