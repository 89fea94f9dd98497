/**
 * A failing schedule as text: what failed and whether it can happen, how to replay it, what differs from the written order,
 * and both runs side by side.
 */
import * as Option from "effect/Option"
import { format } from "../../internal/host/printing.ts"
import type { Deviation, Failure, Options, Run, Step } from "../Explore.ts"
import { NotDeterministicError, ScheduleError } from "./errors.ts"
import { canHappen, type Move } from "./moves.ts"
import type { Settings } from "./settings.ts"
import { Deviated } from "./Trace.ts"

export interface Finding {
  readonly failure: Failure
  readonly token: string
  readonly runs: number
  readonly shrinkRuns: number
  readonly moves: ReadonlyArray<Move>
  readonly found: ReadonlyArray<Deviation>
  readonly failing: Run
  readonly passing: Nearest | undefined
  readonly settings: Settings
}

export interface Nearest {
  readonly run: Run
  /** The deviation that it lacks. */
  readonly without: string
}

/** How parts of the text are set off. */
interface Ink {
  readonly bad: (text: string) => string
  readonly odd: (text: string) => string
  readonly quiet: (text: string) => string
}

const plain: Ink = { bad: (text) => text, odd: (text) => text, quiet: (text) => text }
const ansi = (code: number) => (text: string): string => `\u001B[${code}m${text}\u001B[0m`
const coloured: Ink = { bad: ansi(31), odd: ansi(33), quiet: ansi(2) }

export const scheduleError = (finding: Finding): ScheduleError =>
  new ScheduleError({
    message: report(finding, plain),
    coloured: report(finding, coloured),
    kind: finding.failure.kind,
    error: finding.failure.error,
    token: finding.token,
    runs: finding.runs,
    found: finding.found,
    shrunk: finding.failing.deviations,
    canHappen: finding.moves.every(({ kind }) => canHappen(kind)),
    failing: finding.failing,
    passing: Option.map(Option.fromUndefinedOr(finding.passing), ({ run }) => run)
  })

const report = (finding: Finding, ink: Ink): string => {
  const { failing, failure, passing, settings, token } = finding
  const lines = [
    ink.bad(`${claimOf(finding)}: ${failure.kind}: ${failure.message}`),
    howFound(finding),
    `replay: Explore.check(program, ${optionsOf(settings.options, token)})`,
    ""
  ]
  const { deviations } = failing
  if (deviations.length === 0) lines.push("as written:", "")
  else lines.push("as written, except:", ...deviations.map((deviation) => ink.odd(`  ${deviation}`)), "")
  lines.push(...sideBySide(failing, passing, ink))
  return lines.join("\n")
}

/** What a failure by this schedule says. */
const claimOf = ({ moves }: Finding): string => {
  const kinds = new Set(moves.map(({ kind }) => kind))
  if (kinds.size === 0) return "in the written order"
  if (kinds.has("delay")) return "fragile: relies on the written order"
  if (kinds.has("cancel") || kinds.has("interrupt")) return "can happen if it is cancelled"
  return kinds.has("yield") ? "can happen in plain Effect" : "can happen"
}

const howFound = ({ failing, found, runs, shrinkRuns }: Finding): string => {
  if (found.length === 0) return "found in the written order, before any other"
  const shrunk = shrinkRuns === 0 ? "" : `, shrunk to ${failing.deviations.length} in ${counted(shrinkRuns, "run")}`
  return `found in run ${runs}; ${counted(found.length, "deviation")} from the written order${shrunk}`
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`

// ---------------------------------------------------------------------------------------------------- the line to paste

/** The options that a replay depends on. */
const optionsOf = ({ leaks, maxTicks, outside, pause, vary }: Options, token: string): string => {
  const options = { vary, pause, leaks, outside, maxTicks, replay: token }
  return sourceOf(options)
}

/** As one would write it. */
const sourceOf = (value: unknown): string => {
  if (typeof value === "function") return shortSource(value.toString())
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    return format(value)
  }
  const fields = Object.entries(value).filter(([, part]) => part !== undefined)
  return fields.length === 0 ? "{}" : `{ ${fields.map(([name, part]) => `${name}: ${sourceOf(part)}`).join(", ")} }`
}

const shortSource = (source: string): string =>
  source.length <= 80 && !source.includes("\n") ? source : "/* your function */"

// ----------------------------------------------------------------------------------------------------------- both runs

/** So many of the steps that both have are shown, and so many of the others. */
const alikeShown = 12
const othersShown = 60
const widest = 76

interface Row {
  readonly text: string
  readonly isOther: boolean
  readonly isOdd: boolean
}

const sideBySide = (failing: Run, passing: Nearest | undefined, ink: Ink): ReadonlyArray<string> => {
  const common = passing === undefined ? 0 : commonSteps(failing, passing.run)
  const left = rowsOf(failing, common, passing !== undefined)
  if (passing === undefined) return ["this run fails", ...left.map((row) => inked(row, row.text, ink))]
  const right = rowsOf(passing.run, common, true)
  const width = Math.max(...left.map(({ text }) => text.length), "this run fails".length)
  const head = failing.deviations.length === 1 ? "as written, it passes" : `it passes without: ${passing.without}`
  const lines = [
    `${"this run fails".padEnd(width)} | ${head}`,
    `${"-".repeat(width)}-+-${"-".repeat(Math.min(head.length, widest))}`
  ]
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const text = (left[i]?.text ?? "").padEnd(width)
    lines.push(`${left[i] === undefined ? text : inked(left[i]!, text, ink)} | ${right[i]?.text ?? ""}`.trimEnd())
  }
  return lines
}

const inked = ({ isOdd, isOther }: Row, text: string, ink: Ink): string =>
  isOdd ? ink.odd(text) : isOther ? ink.bad(text) : ink.quiet(text)

const rowsOf = ({ steps }: Run, common: number, isCompared: boolean): ReadonlyArray<Row> => {
  const first = Math.max(0, isCompared ? common - alikeShown : steps.length - othersShown)
  const last = Math.min(steps.length, isCompared ? common + othersShown : steps.length)
  const rows: Array<Row> = []
  const skipped = (count: number): void => {
    if (count > 0) rows.push({ text: `   … ${counted(count, "step")}`, isOther: false, isOdd: false })
  }
  skipped(first)
  for (let i = first; i < last; i++) {
    const step = steps[i]!
    const isOther = isCompared && i >= common
    rows.push({ text: cut(`${isOther ? "*" : " "} ${lineOf(step)}`), isOther, isOdd: step.deviations.length > 0 })
  }
  skipped(steps.length - last)
  return rows
}

const cut = (text: string): string => text.length <= widest ? text : `${text.slice(0, widest - 1)}…`

const lineOf = ({ deviations, millis, notes, task, what }: Step): string => {
  const marks = [
    ...deviations.map((deviation) => deviation instanceof Deviated ? deviation.atStep : String(deviation)),
    ...notes
  ]
  const time = `${Math.round(millis * 1000) / 1000} ms`.padStart(9)
  return `${time} ${task}: ${what}${marks.length === 0 ? "" : ` [${marks.join("; ")}]`}`
}

export const commonSteps = (a: Run, b: Run): number => {
  let count = 0
  while (count < a.steps.length && count < b.steps.length && isSameStep(a.steps[count]!, b.steps[count]!)) count++
  return count
}

const isSameStep = (a: Step, b: Step): boolean =>
  a.lane === b.lane && a.step === b.step && a.what === b.what && a.millis === b.millis &&
  a.notes.join() === b.notes.join()

// ------------------------------------------------------------------------------------------------- two different runs

/** Undefined if they are the same. */
export const notDeterministic = (
  first: Run,
  second: Run,
  sources: ReadonlyArray<string>
): NotDeterministicError | undefined => {
  const at = commonSteps(first, second)
  const one = first.steps[at]
  const other = second.steps[at]
  if (one === undefined && other === undefined) return undefined
  const line = (step: Step | undefined) => step === undefined ? "has ended" : lineOf(step).trim()
  const why = sources.length === 0
    ? [
      "nothing was called that gives another value each time: state outside of the program, then, that the first run has",
      "changed: a module's variable, a cache, an id that counts on"
    ]
    : ["called on the way, and another each time:", ...sources.map((source) => `  ${source}`)]
  const message = [
    `the program ran twice in the written order, and differed at step ${at + 1}:`,
    `  first:  ${line(one)}`,
    `  second: ${line(other)}`,
    ...why
  ].join("\n")
  return new NotDeterministicError({
    message,
    first: Option.fromUndefinedOr(one),
    second: Option.fromUndefinedOr(other),
    sources
  })
}
