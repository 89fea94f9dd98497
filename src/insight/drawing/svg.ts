/**
 * Draws a picture as SVG: a self-contained string, the same for the same data. For an `img`, in a page or in a terminal
 * that shows pictures; the colours follow the reader's scheme, unless a theme is chosen.
 *
 * Nothing overlaps. Texts are measured by a table of the letter widths of common fonts, and cut if there is no room. A
 * picture's size is bounded, whatever the run: what would be narrower than a pixel is left out, and beyond `rows` lanes
 * a line says how many more there are.
 */
import { roundTicks } from "./axis.ts"
import { styleOf } from "./colors.ts"
import type { Chart, Flag, Lane, Mark, Picture, Span, SpanKind, Tick, Wake } from "./picture.ts"
import { boldness, clean, cut, cutWords, escape, fonts, px, text, titleOf, widthOf } from "./text.ts"

export interface SvgOptions {
  /** Pixels. Default: 800. */
  readonly width?: number | undefined
  /** `auto`, the default, follows the reader's colour scheme. */
  readonly theme?: "light" | "dark" | "auto" | undefined
  /** Lanes of a chart. Default: 40. */
  readonly rows?: number | undefined
  /** Default: true. */
  readonly legend?: boolean | undefined
}

// --------------------------------------------------------------------------------------------------------------- layout

const padding = 16
const rowHeight = 28
const barHeight = 20
const nameSize = 13
const labelSize = 11.5
const flagRadius = 8
const flagsHeight = 2 * flagRadius + 4

/** Where the lanes of all charts are, and the scale of the axis. */
interface Frame {
  readonly left: number
  readonly right: number
  /** Of a chart's axis. */
  readonly units: number
  readonly rows: number
}

const xOf = ({ left, right, units }: Frame, chart: Chart, at: number): number =>
  left + (Math.min(Math.max(at, chart.from), chart.from + units) - chart.from) / units * (right - left)

const indent = ({ depth = 0 }: Lane): number => Math.min(depth, 6) * 12

const nameRoom = (lane: Lane): number => Math.ceil(indent(lane) + widthOf(clean(lane.name), nameSize)) + 1

const frameOf = ({ charts }: Picture, width: number, rows: number): Frame => {
  const lanes = charts.flatMap((chart) => chart.lanes.slice(0, rows))
  const names = Math.min(Math.max(0, ...lanes.map(nameRoom)), width * 0.3)
  // Room to the right of the last mark, so that an end at the edge can be labelled.
  const ends = lanes.map(({ marks }) => marks.at(-1)?.label).filter((label) => label !== undefined)
  const room = Math.min(Math.max(0, ...ends.map((label) => widthOf(clean(label), labelSize) + 20)), width / 4)
  return {
    left: padding + names + 12,
    right: width - padding - Math.max(room, 12),
    units: Math.max(...charts.map(({ from, to }) => to - from), Number.MIN_VALUE),
    rows
  }
}

// ----------------------------------------------------------------------------------------------------------------- axis

const drawAxis = (frame: Frame, chart: Chart, top: number, bottom: number): Array<string> => {
  const drawn: Array<string> = []
  const most = Math.max(1, Math.floor((frame.right - frame.left) / 100))
  const round = () => roundTicks(0, frame.units, most).map(({ at, label }) => ({ at: chart.from + at, label }))
  const ticks: ReadonlyArray<Tick> = (chart.ticks ?? round())
    .filter(({ at }) => at >= chart.from && at <= chart.from + frame.units)
  // Gaps first.
  const taken: Array<readonly [left: number, right: number]> = []
  for (
    const { at, isGap = false, label } of ticks.toSorted((a, b) => Number(b.isGap ?? false) - Number(a.isGap ?? false))
  ) {
    const x = xOf(frame, chart, at)
    const half = widthOf(label, labelSize) / 2
    if (!isGap) drawn.push(`<path class="grid" d="M${px(x)} ${px(top)}V${px(bottom)}"/>`)
    if (x - half < 0 || taken.some(([left, right]) => x - half - 6 < right && x + half + 6 > left)) continue
    taken.push([x - half, x + half])
    drawn.push(text(label, { x, y: bottom + 14, className: "faint", size: labelSize, anchor: "middle" }))
  }
  return drawn
}

// ---------------------------------------------------------------------------------------------------------------- lanes

const drawSpans = (frame: Frame, chart: Chart, spans: ReadonlyArray<Span>, y: number): Array<string> => {
  const drawn: Array<string> = []
  let free = -Infinity
  for (const { from, kind, label = "", short = label, title, to } of spans) {
    const x = Math.max(xOf(frame, chart, from) + 0.5, free)
    const width = xOf(frame, chart, to) - 0.5 - x
    if (width < 0.5) continue
    free = x + width
    drawn.push(
      `<rect class="${kind}" x="${px(x)}" y="${y}" width="${px(width)}" height="${barHeight}" rx="3">${
        titleOf(title)
      }</rect>`
    )
    const fits = widthOf(clean(label), labelSize) <= width - 12
    const shown = cutWords(fits ? label : short, width - 12, labelSize)
    drawn.push(text(shown, { x: x + width / 2, y: y + 14, className: "text", size: labelSize, anchor: "middle" }))
  }
  return drawn
}

const drawStep = (x: number, y: number, title = ""): string =>
  `<rect class="step" x="${px(x - 1.25)}" y="${y - 1}" width="2.5" height="${barHeight + 2}" rx="1">${title}</rect>`

/** Around its middle. */
const drawEnd = (kind: "failed" | "cancelled", x: number, y: number, title = ""): string =>
  kind === "failed"
    ? `<path class="cross" stroke-width="2.5" d="M${px(x - 4)} ${px(y - 4)}l8 8m0 -8l-8 8">${title}</path>`
    : `<path class="cross" stroke-width="2" d="M${px(x - 5)} ${
      px(y)
    }a5 5 0 1 0 10 0a5 5 0 1 0 -10 0m1.5 3.5l7 -7">${title}</path>`

const drawBroken = (x: number, y: number, title = ""): string =>
  `<path class="bad" d="M${px(x)} ${px(y - 6)}l6 6l-6 6l-6 -6z">${title}</path>`

/** An end, or something that no longer holds, stands to the right of its step. */
const drawMark = ({ kind, title }: Mark, x: number, y: number): string => {
  switch (kind) {
    case "step":
    case "ok":
      return drawStep(x, y, titleOf(title))
    case "note":
      return `<circle class="note" cx="${px(x)}" cy="${y - 1}" r="3">${titleOf(title)}</circle>`
    case "failed":
    case "cancelled":
      return drawStep(x, y) + drawEnd(kind, x + 8, y + barHeight / 2, titleOf(title))
    case "broken":
      return drawBroken(x + 8, y + barHeight / 2, titleOf(title))
  }
}

const drawMarks = (frame: Frame, chart: Chart, lane: Lane, y: number, edge: number): Array<string> => {
  const drawn: Array<string> = []
  const free = new Map<boolean, number>()
  for (const mark of lane.marks) {
    if (mark.at < chart.from) continue
    const x = xOf(frame, chart, mark.at)
    // Notes stand above the bar, the others on it. An end is always drawn.
    const above = mark.kind === "note"
    if ((mark.kind === "step" || above) && x < (free.get(above) ?? -Infinity)) continue
    free.set(above, x + (above ? 7 : 3))
    drawn.push(drawMark(mark, x, y))
  }
  const last = lane.marks.at(-1)
  if (last?.label !== undefined && last.at >= chart.from) {
    const isBad = last.kind === "failed" || last.kind === "cancelled" || last.kind === "broken"
    const x = xOf(frame, chart, last.at) + (isBad ? 17 : 9)
    const className = isBad ? "bad" : "faint"
    drawn.push(text(cut(last.label, edge - x, labelSize), { x, y: y + 14, className, size: labelSize }))
  }
  return drawn
}

const drawLane = (frame: Frame, chart: Chart, lane: Lane, top: number, edge: number): Array<string> => {
  const y = top + (rowHeight - barHeight) / 2
  const x = padding + indent(lane)
  const name = cut(lane.name, frame.left - 12 - x, nameSize)
  const whole = name === clean(lane.name) ? undefined : lane.name
  return [
    whole === undefined
      ? text(name, { x, y: y + 14.5, className: "text", size: nameSize })
      : `<g>${titleOf(whole)}${text(name, { x, y: y + 14.5, className: "text", size: nameSize })}</g>`,
    ...drawSpans(frame, chart, lane.spans, y),
    ...drawMarks(frame, chart, lane, y, edge)
  ]
}

/** Left of the step where it is; under the bars, like everything that crosses lanes. */
const drawParting = (x: number, top: number, bottom: number): string =>
  `<path class="parting" stroke-width="1.5" stroke-dasharray="4 3" d="M${px(x - 3)} ${px(top)}V${px(bottom)}"/>`

interface PlacedFlag extends Flag {
  /** Where it points, and where its number stands. */
  readonly x: number
  readonly center: number
}

/** Flags that would overlap move to the right. */
const placeFlags = (frame: Frame, chart: Chart): ReadonlyArray<PlacedFlag> => {
  let free = -Infinity
  return (chart.flags ?? [])
    .filter(({ at, lane }) => at >= chart.from && lane < frame.rows)
    .map((flag) => ({ ...flag, x: xOf(frame, chart, flag.at) }))
    .toSorted((a, b) => a.x - b.x)
    .map((flag) => {
      const center = Math.max(flag.x, free)
      free = center + 2 * flagRadius + 2
      return { ...flag, center }
    })
    .filter(({ center }) => center <= frame.right + flagRadius)
}

const flagFoot = (lane: number, top: number): number =>
  top + flagsHeight + lane * rowHeight + (rowHeight - barHeight) / 2

/** Under the bars, whose texts they would cross. */
const drawFlagLines = (flags: ReadonlyArray<PlacedFlag>, top: number): Array<string> =>
  flags.map(({ center, lane, x }) =>
    `<path class="cross" stroke-width="1.5" d="M${px(center)} ${px(top + flagRadius)}L${px(x)} ${
      px(top + 2 * flagRadius + 3)
    }V${px(flagFoot(lane, top))}"/>`
  )

const drawFlags = (flags: ReadonlyArray<PlacedFlag>, top: number): Array<string> =>
  flags.map(({ center, lane, number, title, x }) =>
    `<g>${titleOf(title)}<rect class="bad" x="${px(x - 2)}" y="${px(flagFoot(lane, top) - 1)}" width="4" height="${
      barHeight + 2
    }" rx="1.5"/><circle class="bad" cx="${px(center)}" cy="${px(top + flagRadius)}" r="${flagRadius}"/>${
      text(String(number), { x: center, y: top + flagRadius + 4, className: "on-bad", size: 11, anchor: "middle" })
    }</g>`
  )

const mostWakes = 300

const drawWakes = (frame: Frame, chart: Chart, wakes: ReadonlyArray<Wake>, top: number): Array<string> =>
  wakes
    .filter(({ from, to }) => from !== to && from < frame.rows && to < frame.rows)
    .slice(0, mostWakes)
    .map(({ at, from, to }) => {
      const x = px(xOf(frame, chart, at))
      const down = to > from
      const edgeOf = (lane: number, lower: boolean) => top + lane * rowHeight + rowHeight / 2 + (lower ? 11 : -11)
      const start = edgeOf(from, down)
      const end = edgeOf(to, !down)
      const back = down ? -5 : 5
      return `<path class="wake" d="M${x} ${start}V${
        end + back
      }"/><path class="head" d="M${x} ${end}l-3.5 ${back}h7z"/>`
    })

interface Drawn {
  readonly parts: ReadonlyArray<string>
  readonly bottom: number
}

const drawChart = (frame: Frame, chart: Chart, begin: number, width: number): Drawn => {
  const parts: Array<string> = []
  let top = begin
  if (chart.title !== undefined) {
    const title = cut(chart.title, (width - 2 * padding) / boldness, 13)
    parts.push(text(title, { x: padding, y: top + 14, className: "text", size: 13, bold: true }))
    top += 22
  }
  const flags = placeFlags(frame, chart)
  const above = top
  if (flags.length > 0) top += flagsHeight
  const lanes = chart.lanes.slice(0, frame.rows)
  const bottom = top + lanes.length * rowHeight
  parts.push(...drawAxis(frame, chart, top, bottom + 2))
  if (chart.parting !== undefined) parts.push(drawParting(xOf(frame, chart, chart.parting), top, bottom + 2))
  parts.push(...drawFlagLines(flags, above))
  const edge = width - padding
  lanes.forEach((lane, index) => parts.push(...drawLane(frame, chart, lane, top + index * rowHeight, edge)))
  parts.push(...drawWakes(frame, chart, chart.wakes ?? [], top))
  parts.push(...drawFlags(flags, above))
  const hidden = chart.lanes.length - lanes.length
  if (hidden === 0) return { parts, bottom: bottom + 22 }
  parts.push(text(`and ${hidden} more`, { x: padding, y: bottom + 32, className: "faint", size: labelSize }))
  return { parts, bottom: bottom + 40 }
}

// --------------------------------------------------------------------------------------------------------------- legend

const spanNames: Readonly<Record<SpanKind, string>> = {
  run: "runs",
  yield: "yields",
  ready: "is ready",
  wait: "waits",
  join: "waits for tasks",
  lock: "waits for a lock",
  outside: "outside",
  stuck: "waits for ever",
  block: "a timeout, a group"
}

const drawLegend = (charts: ReadonlyArray<Chart>, rows: number, top: number, width: number): Drawn => {
  const lanes = charts.flatMap((chart) => chart.lanes.slice(0, rows))
  const spans = new Set(lanes.flatMap((lane) => lane.spans.map(({ kind }) => kind)))
  const marks = new Set(lanes.flatMap((lane) => lane.marks.map(({ kind }) => kind)))
  const entries: Array<readonly [sign: (x: number, y: number) => string, name: string]> = []
  if (marks.has("step") || marks.has("ok")) {
    entries.push([
      (x, y) => `<rect class="step" x="${px(x + 4)}" y="${y - 9}" width="2.5" height="11" rx="1"/>`,
      "a step"
    ])
  }
  for (const [kind, name] of Object.entries(spanNames)) {
    if (!spans.has(kind as SpanKind)) continue
    entries.push([(x, y) => `<rect class="${kind}" x="${px(x)}" y="${y - 9}" width="11" height="11" rx="2"/>`, name])
  }
  if (marks.has("failed")) entries.push([(x, y) => drawEnd("failed", x + 5, y - 4), "fails"])
  if (marks.has("cancelled")) {
    entries.push([(x, y) => drawEnd("cancelled", x + 5, y - 4), "is cancelled"])
  }
  if (marks.has("note")) {
    entries.push([(x, y) => `<circle class="note" cx="${px(x + 5)}" cy="${y - 4}" r="3"/>`, "a note"])
  }
  if (marks.has("broken")) entries.push([(x, y) => drawBroken(x + 5, y - 4), "does not hold"])
  if (charts.some(({ parting }) => parting !== undefined)) {
    entries.push([(x, y) => drawParting(x + 8, y - 10, y + 2), "the runs differ from here on"])
  }
  if (charts.some(({ flags }) => (flags ?? []).length > 0)) {
    entries.push([
      (x, y) =>
        `<circle class="bad" cx="${px(x + 5)}" cy="${y - 4}" r="${flagRadius - 1}"/>${
          text("1", { x: x + 5, y, className: "on-bad", size: 10, anchor: "middle" })
        }`,
      "not as written: see the numbers above"
    ])
  }
  if (charts.some(({ wakes }) => (wakes ?? []).length > 0)) {
    entries.push([(x, y) => `<path class="head" d="M${px(x + 5)} ${y}l-4.5 -7h9z"/>`, "wakes"])
  }
  const parts: Array<string> = []
  let x = padding
  let y = top + 14
  for (const [sign, name] of entries) {
    const room = 18 + widthOf(name, labelSize)
    if (x > padding && x + room > width - padding) {
      x = padding
      y += 20
    }
    parts.push(sign(x, y), text(name, { x: x + 18, y, className: "faint", size: labelSize }))
    x += room + 12
  }
  return { parts, bottom: entries.length === 0 ? top : y + 6 }
}

// ------------------------------------------------------------------------------------------------------------------ all

const mostLines = 12

export const toSvg = (picture: Picture, options?: SvgOptions): string => {
  const width = Math.max(options?.width ?? 800, 240)
  const theme = options?.theme ?? "auto"
  const rows = options?.rows ?? 40
  const frame = frameOf(picture, width, rows)
  const parts: Array<string> = []
  const title = cut(picture.title, (width - 2 * padding) / boldness, 14)
  parts.push(text(title, { x: padding, y: 28, className: "text", size: 14, bold: true }))
  let top = title === "" ? 8 : 40
  const lines = picture.lines ?? []
  for (const line of lines.slice(0, mostLines)) {
    const shown = cut(line, width - 2 * padding, 12)
    parts.push(text(shown, { x: padding, y: top + 10, className: "faint", size: 12 }))
    top += 18
  }
  if (lines.length > mostLines) {
    const more = `and ${lines.length - mostLines} more`
    parts.push(text(more, { x: padding, y: top + 10, className: "faint", size: 12 }))
    top += 18
  }
  for (const chart of picture.charts) {
    const drawn = drawChart(frame, chart, top + 6, width)
    parts.push(...drawn.parts)
    top = drawn.bottom
  }
  if (picture.axis !== undefined) {
    const shown = cut(picture.axis, width - 2 * padding, labelSize)
    parts.push(text(shown, { x: padding, y: top + 14, className: "faint", size: labelSize }))
    top += 18
  }
  if (options?.legend ?? true) {
    const legend = drawLegend(picture.charts, rows, top + 4, width)
    parts.push(...legend.parts)
    top = legend.bottom
  }
  const height = Math.ceil(top + padding - 6)
  const label = escape(clean(picture.title))
  return `<svg xmlns="http://www.w3.org/2000/svg" class="lanes-${theme}" viewBox="0 0 ${width} ${height}" \
width="${width}" height="${height}" font-family="${fonts}" direction="ltr" role="img" aria-label="${label}">
<style>${styleOf(theme)}</style>
<rect class="card" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>
${parts.filter((part) => part !== "").join("\n")}
</svg>
`
}
