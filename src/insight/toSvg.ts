/** A timeline as a picture. */
import * as check from "../internal/host/check.ts"
import { timeInWords } from "../internal/host/words.ts"
import type { Chart, Lane, Mark, Span as Bar, Wake } from "./drawing/picture.ts"
import * as drawing from "./drawing/svg.ts"
import { checkTimeline } from "./inputs.ts"
import {
  byLoop,
  cancelledIn,
  holderIn,
  inTree,
  missingInWords,
  nameOf,
  namesOf,
  type Placed,
  shortOf,
  waitKind
} from "./rows.ts"
import type { Row, Span, Timeline } from "./Timeline.ts"

/**
 * Options of `toSvg`.
 *
 * @category models
 * @since 0.2.0
 */
export interface SvgOptions extends drawing.SvgOptions {
  /** Default: none, except for a note of how much is missing. */
  readonly title?: string | undefined
  /** Whether to draw arrows from the task that ends a wait to the one that waited. Default: true. */
  readonly wakes?: boolean | undefined
}

const checkOptions = check.options<SvgOptions>({
  title: check.string,
  width: (call, what, value) => check.wholeNumber(call, what, value as number, 240),
  theme: check.kind((value) => value === "light" || value === "dark" || value === "auto", "light, dark or auto"),
  rows: (call, what, value) => check.wholeNumber(call, what, value as number, 1),
  wakes: check.boolean,
  legend: check.boolean
})

type Names = ReadonlyMap<number, string>

const length = ({ from, to }: Span): string => timeInWords(Number((to - from).toFixed(3)))

const titleOf = (span: Span, label: string, names: Names): string => {
  const waker = span.wokenBy === undefined ? undefined : names.get(span.wokenBy)
  return `${label}: ${length(span)}${waker === undefined ? "" : `, until ${waker}`}`
}

const barOf = (span: Span, names: Names): Bar => {
  const { from, kind, to, what = "" } = span
  if (kind === "wait") {
    const label = holderIn(span, names)
    return { kind: waitKind(what), from, to, label, short: shortOf(what), title: titleOf(span, label, names) }
  }
  if (kind === "block") return { kind: "block", from, to, label: what, title: titleOf(span, what, names) }
  return { kind, from, to, title: titleOf(span, what || kind, names) }
}

const endOf = (row: Row, names: Names): ReadonlyArray<Mark> => {
  const { end, error, outcome } = row
  if (outcome === undefined || outcome === "ok") return []
  const span = cancelledIn(row)
  if (span === undefined) return [{ kind: outcome, at: end!, label: error ?? outcome, title: error ?? outcome }]
  const [label, title] = [shortOf(span.what!), holderIn(span, names)].map((what) => `cancelled in ${what}`)
  return [{ kind: outcome, at: end!, label, title }]
}

/** The mark of a block that did not end well. */
const blockEnd = ({ outcome, to }: Span): ReadonlyArray<Mark> =>
  outcome === "failed" || outcome === "cancelled" ? [{ kind: outcome, at: to }] : []

/** A lane without a name for each depth of blocks: outer ones above inner ones. */
const blockLanes = ({ spans }: Row, names: Names): ReadonlyArray<Lane> => {
  const lanes: Array<{ readonly spans: Array<Bar>; readonly marks: Array<Mark> }> = []
  const around: Array<Span> = []
  for (const span of spans) {
    if (span.kind !== "block") continue
    while (around.length > 0 && around.at(-1)!.to <= span.from) around.pop()
    const lane = lanes[around.length] ??= { spans: [], marks: [] }
    around.push(span)
    lane.spans.push(barOf(span, names))
    lane.marks.push(...blockEnd(span))
  }
  return lanes.map((lane) => ({ name: "", ...lane }))
}

const lanesOf = ({ depth, row }: Placed, names: Names): ReadonlyArray<Lane> => {
  const spans = row.spans.filter(({ kind }) => kind !== "block")
  const lane: Lane = {
    name: nameOf(row),
    depth,
    spans: spans.filter(({ from, to }) => to > from).map((span) => barOf(span, names)),
    marks: [
      ...spans.filter(({ kind }) => kind === "run").map(({ from }): Mark => ({ kind: "step", at: from })),
      ...endOf(row, names)
    ]
  }
  return [lane, ...blockLanes(row, names)]
}

/** A chart for each loop, as each has a clock of its own. */
export const chartsOf = (timeline: Timeline, title: string | undefined, wakes: boolean): ReadonlyArray<Chart> => {
  const names = namesOf(timeline)
  const loops = byLoop(timeline)
  return loops.map(({ from, loop, rows, to }): Chart => {
    const lanes: Array<Lane> = []
    const places = new Map<number, number>()
    for (const placed of inTree(rows)) {
      places.set(placed.row.id, lanes.length)
      lanes.push(...lanesOf(placed, names))
    }
    const arrows = timeline.wakes.flatMap((wake): Array<Wake> => {
      const [source, target] = [places.get(wake.from), places.get(wake.to)]
      return !wakes || source === undefined || target === undefined ? [] : [{ at: wake.at, from: source, to: target }]
    })
    return { title: loops.length === 1 ? title : `loop ${loop}`, lanes, from, to, wakes: arrows }
  })
}

/**
 * Draws a timeline as SVG.
 *
 * **When to use**
 *
 * Use for documentation, for an issue, for what a failed test leaves behind. For a long recording, `toChrome` shows
 * more.
 *
 * **Details**
 *
 * The string needs nothing else: no script, no font, no style sheet. In a page it follows the reader's colour scheme,
 * unless `theme` sets one. Each task has a lane, below the task that created it, and a lane below that for its blocks.
 * Bars are labelled if there is room, and otherwise when the pointer rests on them. Texts never overlap. Its size is
 * bounded by `width` and `rows`, whatever the run. O(n) in the spans shown. asyncio has nothing like it.
 *
 * **Example** (A picture for a page)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import * as Insight from "effect-asyncio/insight"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const main = asyncio.gather([asyncio.sleep("3 seconds"), asyncio.sleep("1 second")])
 *
 * const [, timeline] = await Effect.runPromise(VirtualLoop.run(main).pipe(Insight.record()))
 * const svg = Insight.toSvg(timeline, { title: "two sleepers", width: 640 })
 * svg.startsWith("<svg") // => true
 * svg.includes(">sleep 3 s<") // => true
 * ```
 *
 * @category drawing
 * @since 0.2.0
 */
export const toSvg = (timeline: Timeline, options?: SvgOptions): string => {
  checkTimeline("toSvg", timeline)
  checkOptions("toSvg", options)
  const { title = "", wakes = true, ...others } = options ?? {}
  const missing = timeline.dropped > 0 ? [missingInWords(timeline)] : undefined
  return drawing.toSvg({ title, lines: missing, charts: chartsOf(timeline, undefined, wakes) }, others)
}
