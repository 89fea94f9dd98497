/**
 * A timeline as text: a line per task, for a terminal, a log or a test.
 *
 * Each column is an equal piece of time. Anything narrower than half of one is a stroke.
 */
import * as check from "../internal/host/check.ts"
import { roundTicks } from "./drawing/axis.ts"
import { columnsOf, cutColumns, padColumns } from "./drawing/columns.ts"
import { clean } from "./drawing/text.ts"
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
 * Options of `toText`.
 *
 * @category models
 * @since 0.2.0
 */
export interface TextOptions {
  /** The width, in columns. Default: 80. */
  readonly width?: number | undefined
  /** The most tasks shown per loop; of the rest, only the number. Default: 40. */
  readonly rows?: number | undefined
  /** Whether to use terminal colours. Default: false. */
  readonly color?: boolean | undefined
}

const checkOptions = check.options<TextOptions>({
  width: (call, what, value) => check.wholeNumber(call, what, value as number, 20),
  rows: (call, what, value) => check.wholeNumber(call, what, value as number, 1),
  color: check.boolean
})

// ------------------------------------------------------------------------------------------------------------- columns

/** As much of a text as fits, with `…` for the rest; nothing if hardly a word fits. */
const fit = (text: string, room: number): string => {
  const line = clean(text)
  const kept = cutColumns(line, room)
  return kept === line || kept.length > 6 ? kept : ""
}

// --------------------------------------------------------------------------------------------------------------- signs

type Look = "step" | "run" | "ready" | "wait" | "lock" | "join" | "outside" | "block" | "bad"

const signs: Readonly<Record<Exclude<Look, "block" | "bad">, string>> = {
  step: "│",
  run: "█",
  ready: "▒",
  wait: "─",
  lock: "─",
  join: "─",
  outside: "·"
}

const colors: Readonly<Record<Look, number>> = {
  step: 32,
  run: 32,
  ready: 33,
  wait: 34,
  lock: 33,
  join: 35,
  outside: 90,
  block: 36,
  bad: 31
}

const legends: ReadonlyArray<readonly [sign: string, text: string]> = [
  ["│", "│ a step"],
  ["█", "█ runs"],
  ["─", "─ waits"],
  ["▒", "▒ is ready"],
  ["·", "· outside"],
  ["╰", "╰╯ timeout, group"],
  ["✗", "✗ failed"],
  ["∅", "∅ cancelled"]
]

/** A line of characters, each with its look. */
class Line {
  private readonly cells: Array<string>
  private readonly looks: Array<Look | undefined>
  constructor(columns: number) {
    this.cells = new Array(columns).fill(" ")
    this.looks = new Array(columns).fill(undefined)
  }

  set(column: number, sign: string, look: Look): void {
    this.cells[column] = sign
    this.looks[column] = look
  }

  /** A letter of two columns replaces the next one, too. */
  write(column: number, text: string, look: Look): void {
    let at = column
    for (const letter of text) {
      const columns = columnsOf(letter)
      if (columns === 0) {
        this.cells[at - 1] += letter
        continue
      }
      this.set(at, letter, look)
      if (columns === 2) this.set(at + 1, "", look)
      at += columns
    }
  }

  toText(color: boolean): string {
    let text = ""
    let current: Look | undefined
    const last = this.looks.findLastIndex((look) => look !== undefined)
    for (let i = 0; i <= last; i++) {
      const look = this.looks[i]
      if (color && look !== current) text += look === undefined ? "\u001b[0m" : `\u001b[${colors[look]}m`
      current = look
      text += this.cells[i]
    }
    return color && current !== undefined ? `${text}\u001b[0m` : text
  }
}

// ---------------------------------------------------------------------------------------------------------------- rows

interface Frame {
  readonly from: number
  readonly to: number
  /** How many there are to the right of the names. */
  readonly columns: number
  /** How many of those are for how a task has ended. */
  readonly ends: number
  readonly color: boolean
}

/** The longest first. */
const waitLabels = (span: Span, names: ReadonlyMap<number, string>): ReadonlyArray<string> =>
  [holderIn(span, names), span.what!, shortOf(span.what!)].map(clean)

/** The first that fits; or as much as fits of what it waits for, without who has it. */
const fitting = (labels: ReadonlyArray<string>, room: number): string =>
  labels.find((label) => columnsOf(label) <= room) ?? fit(labels[1] ?? labels[0] ?? "", room)

/** The text after the sign for its end. */
const endLabels = (row: Row, names: ReadonlyMap<number, string>): ReadonlyArray<string> => {
  const span = cancelledIn(row)
  if (span === undefined) return row.error === undefined ? [] : [clean(row.error)]
  return waitLabels(span, names)
}

/** The columns that the longest of them takes, within bounds. */
const endsOf = (rows: ReadonlyArray<Placed>, columns: number, names: ReadonlyMap<number, string>): number => {
  const ends = rows.flatMap(({ row }) => endLabels(row, names).slice(0, 1)).map((label) => columnsOf(label) + 2)
  return 2 + Math.min(Math.max(0, ...ends), Math.floor(columns / 5))
}

const columnOf = ({ columns, ends, from, to }: Frame, at: number): number =>
  to > from ? Math.round((Math.min(Math.max(at, from), to) - from) / (to - from) * (columns - 1 - ends)) : 0

const lookOf = ({ kind, what = "" }: Span): Look => kind === "wait" ? waitKind(what) : kind

/** `─ sleep 3 s ────`, between the steps at its ends. */
const drawWait = (line: Line, span: Span, first: number, last: number, names: ReadonlyMap<number, string>): void => {
  const look = lookOf(span)
  for (let i = first; i <= last; i++) line.set(i, signs[look as keyof typeof signs], look)
  if (span.what === undefined || span.kind !== "wait") return
  const room = last - first - 4
  const label = fitting(waitLabels(span, names), room)
  if (label !== "") line.write(first + 2, ` ${label} `, look)
}

const drawEnd = (line: Line, frame: Frame, row: Row, names: ReadonlyMap<number, string>): void => {
  const { end, outcome } = row
  if (outcome === undefined || outcome === "ok" || end! < frame.from) return
  const at = columnOf(frame, end!) + 2
  line.set(at, outcome === "failed" ? "✗" : "∅", "bad")
  line.write(at + 2, fitting(endLabels(row, names), frame.columns - at - 2), "bad")
}

const drawRow = (frame: Frame, row: Row, names: ReadonlyMap<number, string>): string => {
  const line = new Line(frame.columns)
  const spans = row.spans.filter(({ kind, to }) => kind !== "block" && to >= frame.from)
  const cell = (frame.to - frame.from) / (frame.columns - 1 - frame.ends)
  for (const span of spans) {
    if (span.kind === "run") continue
    const first = columnOf(frame, span.from)
    const last = columnOf(frame, span.to)
    if (last > first) drawWait(line, span, first, last, names)
  }
  for (const { from, kind, to } of spans) {
    if (kind !== "run" || from < frame.from) continue
    const first = columnOf(frame, from)
    if (to - from <= cell / 2) line.set(first, "│", "step")
    else for (let i = first; i <= Math.max(first, columnOf(frame, to) - 1); i++) line.set(i, "█", "run")
  }
  drawEnd(line, frame, row, names)
  return line.toText(frame.color)
}

/** Blocks stand below their task, inner ones below outer ones. */
const drawBlocks = (frame: Frame, { spans }: Row): ReadonlyArray<string> => {
  const lines: Array<Line> = []
  const around: Array<Span> = []
  for (const span of spans) {
    if (span.kind !== "block" || span.to < frame.from) continue
    while (around.length > 0 && around.at(-1)!.to <= span.from) around.pop()
    const line = lines[around.length] ??= new Line(frame.columns)
    around.push(span)
    const first = columnOf(frame, span.from)
    const last = columnOf(frame, span.to)
    const isBad = span.outcome === "failed" || span.outcome === "cancelled"
    for (let i = first + 1; i < last; i++) line.set(i, "─", "block")
    line.set(first, last > first ? "╰" : "│", "block")
    if (last > first) line.set(last, "╯", "block")
    const label = fit(span.what!, last - first - 4)
    if (label !== "") line.write(first + 2, ` ${label} `, "block")
    if (isBad) line.set(Math.min(last + 2, frame.columns - 1), span.outcome === "failed" ? "✗" : "∅", "bad")
  }
  return lines.map((line) => line.toText(frame.color))
}

const drawAxis = (frame: Frame): string => {
  const cells: Array<string> = new Array(frame.columns).fill(" ")
  let free = 0
  // With three, there is a second one however they are rounded.
  const most = Math.max(3, Math.floor(frame.columns / 12))
  for (const { at, label } of roundTicks(0, frame.to - frame.from, most)) {
    const last = frame.columns - frame.ends
    const column = Math.min(columnOf(frame, frame.from + at), last - label.length)
    if (column < free) continue
    for (let i = 0; i < label.length; i++) cells[column + i] = label[i]!
    free = column + label.length + 2
  }
  return cells.join("").trimEnd()
}

const indent = ({ depth }: Placed): number => 2 * Math.min(depth, 6)

const columnsOfHead = (placed: Placed): number => indent(placed) + columnsOf(clean(nameOf(placed.row)))

const drawHead = (placed: Placed, columns: number): string =>
  padColumns(" ".repeat(indent(placed)) + fit(nameOf(placed.row), columns - indent(placed)), columns)

/** What the signs in the lines mean. */
const legendOf = (lines: ReadonlyArray<string>, width: number): ReadonlyArray<string> => {
  const all = lines.join("")
  const legend: Array<string> = []
  for (const [sign, text] of legends) {
    if (!all.includes(sign)) continue
    const last = legend.at(-1)
    if (last === undefined || columnsOf(last) + columnsOf(text) + 2 > width) legend.push(text)
    else legend[legend.length - 1] = `${last}  ${text}`
  }
  return legend
}

/**
 * Draws a timeline as text.
 *
 * **When to use**
 *
 * Use in a terminal, in a log, or in a test that compares it: on the virtual loop it is the same every time, byte for
 * byte.
 *
 * **Details**
 *
 * Each task has a line, below the task that created it: bars are runs, strokes are steps that took hardly any time, and
 * lines are waits, labelled with what they are for if there is room. Blocks (timeouts, groups) stand below their task.
 * At the right, `✗` stands before what the task failed with; `∅` means that it was cancelled, followed by what it
 * waited for if it had only just begun to. Times count from the start of the timeline. No line is wider than `width`,
 * in terminal columns. O(n) in the spans shown. asyncio has nothing like it.
 *
 * **Example** (Three seconds, not four)
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
 * console.log(Insight.toText(timeline, { width: 48 }))
 * // => Task-1    │─ gather ─────────────────────────│
 * // =>   Task-2  │─ sleep 3 s ──────────────────────│
 * // =>   Task-3  │─ 1 s ─────│
 * // =>           0           1 s        2 s       3 s
 * // => │ a step  ─ waits
 * ```
 *
 * @category drawing
 * @since 0.2.0
 */
export const toText = (timeline: Timeline, options?: TextOptions): string => {
  checkTimeline("toText", timeline)
  checkOptions("toText", options)
  const { color = false, rows: most = 40, width = 80 } = options ?? {}
  const loops = byLoop(timeline)
  const names = namesOf(timeline)
  const lines: Array<string> = []
  for (const { from, loop, rows, to } of loops) {
    const placed = inTree(rows)
    const visible = placed.slice(0, most)
    const longest = Math.max(...visible.map(columnsOfHead))
    const head = Math.min(longest, Math.floor(width * 0.3))
    const columns = width - head - 2
    const frame: Frame = { from, to, columns, ends: endsOf(visible, columns, names), color }
    if (loops.length > 1) lines.push(`loop ${loop}`)
    for (const one of visible) {
      lines.push(`${drawHead(one, head)}  ${drawRow(frame, one.row, names)}`)
      for (const block of drawBlocks(frame, one.row)) lines.push(`${" ".repeat(head)}  ${block}`)
    }
    if (placed.length > most) lines.push(`and ${placed.length - most} more`)
    lines.push(`${" ".repeat(head)}  ${drawAxis(frame)}`)
  }
  lines.push(...legendOf(lines, width))
  if (timeline.dropped > 0) lines.push(missingInWords(timeline))
  return lines.map((line) => line.trimEnd()).join("\n")
}
