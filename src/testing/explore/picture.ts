/**
 * A failing run above the nearest passing one, as a picture. Every step has the same width, whatever the time between: a
 * second of waiting says less than the order of three steps in one millisecond. Both charts have the same lanes, and
 * corresponding steps stand in the same place; of a long run, steps that say nothing are left out.
 */
import type { Chart, Flag, Lane, Mark, Picture, Span, Tick } from "../../insight/drawing/picture.ts"
import { numbered } from "../../internal/host/words.ts"
import type { Deviation, Run, Step } from "../Explore.ts"
import { align, excerpt, type Extent, isGap, partingOf, type Row, type Shown, tasksOf } from "./alignment.ts"
import type { Told } from "./moments.ts"
import { say, toldIn } from "./Trace.ts"

/** What one chart is drawn from. */
interface Drawn {
  readonly title: string
  readonly run: Run
  /** Where each step stands, and whether it is drawn there or left out. */
  readonly places: ReadonlyArray<Place>
  /** Whether it ended because nothing could go on: what waits at the end waits for ever. */
  readonly stuck: boolean
}

interface Place {
  readonly at: number
  readonly isShown: boolean
}

/** What both have in common. */
interface Frame {
  readonly tasks: ReadonlyArray<string>
  readonly to: number
  /** Where the runs diverge, if they do. */
  readonly parting: number | undefined
  readonly gaps: ReadonlyArray<Tick>
  readonly numbers: ReadonlyArray<string>
  readonly told: Told
}

const spanOf = ({ end, task, what }: Step, from: number, to: number, stuck: boolean): Span => {
  const label = what.replace(/^waits for /, "")
  const kind = stuck
    ? "stuck"
    : end === "yields"
    ? "yield"
    : /\b(?:Lock|Semaphore|Condition)\b/.test(label)
    ? "lock"
    : /^(?:task|shield|gather|wait|a TaskGroup)\b/.test(label)
    ? "join"
    : "wait"
  return { kind, from, to, label, title: `${task}: ${what}` }
}

const markOf = (step: Step, at: number, told: Told): Mark => {
  const title = `${told(step.millis)} ${step.task}: ${step.what}`
  switch (step.end) {
    case "waits":
    case "yields":
      return { kind: "step", at, title }
    case "succeeds":
      return { kind: "ok", at, title }
    case "fails":
      return { kind: "failed", at, title, label: step.what.replace(/^(?:fails|ends): /, "") }
    case "cancelled":
      return { kind: "cancelled", at, title, label: "cancelled" }
  }
}

const laneOf = ({ places, run, stuck }: Drawn, task: number, name: string, { to, told }: Frame): Lane => {
  const spans: Array<Span> = []
  const marks: Array<Mark> = []
  const own = run.steps.flatMap((step, index) => step.lane === task ? [index] : [])
  const last = places.at(-1)?.at ?? 0
  // A broken invariant ends the run.
  const ending = run.broken.length === 0 ? to : last
  own.forEach((index, n) => {
    const step = run.steps[index]!
    const { at, isShown } = places[index]!
    const next = own[n + 1]
    if (isShown) {
      marks.push(...step.notes.map((note): Mark => ({ kind: "note", at, title: note })), markOf(step, at, told))
    }
    if (step.end !== "waits" && step.end !== "yields") return
    // After a gap it goes on in the state in which the gap ends.
    const from = isShown ? at : at + 1
    const end = next === undefined ? ending : places[next]!.at
    if (from < end) spans.push(spanOf(step, from, end, stuck && next === undefined))
  })
  for (const { lane, millis, what } of run.broken) {
    const label = what.replace(/(?<=") does not hold.*$/, "")
    if (lane === task) marks.push({ kind: "broken", at: last, title: `${told(millis)} ${what}`, label })
  }
  return { name, spans, marks }
}

const chartOf = (drawn: Drawn, frame: Frame): Chart => {
  const { places, run, title } = drawn
  const { gaps, numbers, parting, tasks, to, told } = frame
  const own = tasksOf(run)
  const ticks: Array<Tick> = [...gaps]
  const flags: Array<Flag> = []
  let last = ""
  run.steps.forEach((step, index) => {
    const { at, isShown } = places[index]!
    if (!isShown) return
    // The times, each at its first step.
    const label = told(step.millis)
    if (label !== last) ticks.push({ at, label })
    last = label
    for (const deviation of step.deviations) {
      const number = numbers.indexOf(keyOf(deviation)) + 1
      flags.push({ at, lane: tasks.indexOf(own[step.lane]!), number, title: say(deviation, told) })
    }
  })
  return {
    title,
    lanes: tasks.map((task) => laneOf(drawn, own.indexOf(task), task.slice(task.indexOf(" ") + 1), frame)),
    from: 0,
    to,
    ticks,
    flags,
    parting
  }
}

/** What identifies it in both runs. */
const keyOf = (deviation: Deviation): string =>
  [deviation.kind, deviation.task, deviation.step, deviation.amount, deviation].join(" ")

const extent: Extent = { before: 4, after: 30, last: 8 }

/** One place stands for all consecutive ones that are left out. */
const placesOf = (
  { steps }: Run,
  rows: ReadonlyArray<Row>,
  shown: ReadonlyArray<Shown>,
  indexOf: (row: Row) => number | undefined
): ReadonlyArray<Place> => {
  const places = new Array<Place>(steps.length)
  shown.forEach((part, at) => {
    const isShown = !isGap(part)
    for (const row of isGap(part) ? rows.slice(part.from, part.to) : [part]) {
      const index = indexOf(row)
      if (index !== undefined) places[index] = { at, isShown }
    }
  })
  return places
}

const passes = (numbers: ReadonlyArray<string>, { deviations }: Run): string => {
  if (deviations.length === 0) return "as written, it passes"
  const kept = new Set(deviations.map(keyOf))
  const missing = numbers.flatMap((number, index) => kept.has(number) ? [] : [index + 1])
  return `it passes without ${missing.join(", ")}`
}

/** `what` is the first line of the report. */
export const pictureOf = (what: string, failing: Run, passing: Run | undefined, stuck: boolean): Picture => {
  const rows = align(failing, passing)
  const shown = excerpt(rows, failing, passing, extent)
  const told = toldIn(failing, passing)
  const parting = partingOf(rows, failing, passing)
  const frame: Frame = {
    tasks: [...new Set([failing, passing].flatMap((run) => run === undefined ? [] : tasksOf(run)))],
    to: shown.length,
    parting: parting === undefined ? undefined : shown.indexOf(rows[parting]!),
    gaps: shown.flatMap((part, at) =>
      isGap(part) ? [{ at: at + 0.5, label: `… ${numbered(part.to - part.from, "step")}`, isGap: true }] : []
    ),
    numbers: failing.deviations.map(keyOf),
    told
  }
  const isWritten = failing.deviations.length === 0
  const charts = [chartOf({
    title: isWritten ? "the written order, which fails" : "this run fails",
    run: failing,
    places: placesOf(failing, rows, shown, (row) => row.failing),
    stuck
  }, frame)]
  if (passing !== undefined) {
    charts.push(chartOf({
      title: passes(frame.numbers, passing),
      run: passing,
      places: placesOf(passing, rows, shown, (row) => row.passing),
      stuck: false
    }, frame))
  }
  return {
    title: what,
    lines: failing.deviations.map((deviation, index) => `${index + 1}: ${say(deviation, told)}`),
    charts,
    axis: "Steps are evenly spaced, whatever time passes between them; times are shown where they change."
  }
}
