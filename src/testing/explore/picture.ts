/**
 * A failing run above its nearest passing one, as a picture. Every step has equal room, whatever the time between: a
 * second of waiting says less than the order of three steps in one millisecond. Both charts have the same lanes, so that
 * what they share stands at the same place.
 */
import type { Chart, Flag, Lane, Mark, Picture, Span } from "../../insight/drawing/picture.ts"
import type { Run, Step } from "../Explore.ts"

/** A run with what the picture says above it. */
interface Shown {
  readonly title: string
  readonly run: Run
  /** Whether it ended because nothing could go on: who waits at its end waits for ever. */
  readonly stuck: boolean
}

const spanOf = ({ end, task, what }: Step, from: number, to: number, stuck: boolean): Span => {
  const label = what.replace(/^waits for /, "")
  const kind = stuck
    ? "stuck"
    : end === "yields"
    ? "ready"
    : /\b(?:Lock|Semaphore|Condition)\b/.test(label)
    ? "lock"
    : /^(?:task|shield|gather|wait|a TaskGroup)\b/.test(label)
    ? "join"
    : "wait"
  return { kind, from, to, label, title: `${task}: ${what}` }
}

const markOf = (step: Step, at: number): Mark => {
  const title = `${moment(step)} ${step.task}: ${step.what}`
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

const moment = ({ millis }: Step): string => `${Number(millis.toFixed(3))} ms`

const laneOf = (
  name: string,
  steps: ReadonlyArray<readonly [at: number, step: Step]>,
  end: number,
  stuck: boolean
): Lane => {
  const spans: Array<Span> = []
  const marks: Array<Mark> = []
  steps.forEach(([at, step], index) => {
    const next = steps[index + 1]
    marks.push(...step.notes.map((note): Mark => ({ kind: "note", at, title: note })), markOf(step, at))
    if (step.end !== "waits" && step.end !== "yields") return
    spans.push(spanOf(step, at, next?.[0] ?? end, stuck && next === undefined))
  })
  return { name, spans, marks }
}

/** What is the same task in both runs: its name, and how many before it have that. */
const tasksOf = ({ lanes }: Run): ReadonlyArray<string> =>
  lanes.map((name, lane) => `${lanes.slice(0, lane).filter((other) => other === name).length} ${name}`)

const chartOf = (
  { run, stuck, title }: Shown,
  tasks: ReadonlyArray<string>,
  from: number,
  numbers: ReadonlyArray<string>
): Chart => {
  const { steps } = run
  const rows = tasksOf(run).map((task) => tasks.indexOf(task))
  const own = tasks.map((): Array<readonly [number, Step]> => [])
  steps.forEach((step, at) => own[rows[step.lane]!]!.push([at, step]))
  return {
    title,
    lanes: tasks.map((task, row) => laneOf(task.slice(task.indexOf(" ") + 1), own[row]!, steps.length, stuck)),
    from,
    to: steps.length,
    // The moments, each where its first step is.
    ticks: steps.flatMap((step, at) =>
      at > from && step.millis === steps[at - 1]!.millis ? [] : [{ at, label: moment(step) }]
    ),
    flags: steps.flatMap((step, at) =>
      step.deviations.map((deviation): Flag => {
        const title = String(deviation)
        return { at, lane: rows[step.lane]!, number: numbers.indexOf(title) + 1, title }
      })
    )
  }
}

const mostSteps = 40

/** Where the charts begin: of a long way that both runs go alike only the last steps are shown. */
const beginOf = (failing: Run, passing: Run | undefined): number => {
  const parting = failing.steps.findIndex((step, index) => {
    const other = passing?.steps[index]
    return step.deviations.length > 0 || step.what !== other?.what || step.task !== other.task
  })
  const length = Math.max(failing.steps.length, passing?.steps.length ?? 0)
  return Math.max(0, Math.min(parting - 4, length - mostSteps))
}

const passes = (numbers: ReadonlyArray<string>, { deviations }: Run): string => {
  if (deviations.length === 0) return "as written, it passes"
  const kept = new Set(deviations.map(String))
  const missing = numbers.flatMap((number, index) => kept.has(number) ? [] : [index + 1])
  return `it passes without ${missing.join(", ")}`
}

/** `what` is the first line of the report. */
export const pictureOf = (what: string, failing: Run, passing: Run | undefined, stuck: boolean): Picture => {
  const numbers = failing.deviations.map(String)
  const runs: Array<Shown> = [{ title: "this run fails", run: failing, stuck }]
  if (passing !== undefined) runs.push({ title: passes(numbers, passing), run: passing, stuck: false })
  const tasks = [...new Set(runs.flatMap(({ run }) => tasksOf(run)))]
  const from = beginOf(failing, passing)
  return {
    title: what,
    lines: numbers.map((line, index) => `${index + 1}: ${line}`),
    charts: runs.map((shown) => chartOf(shown, tasks, from, numbers))
  }
}
