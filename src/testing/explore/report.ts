/**
 * A failing schedule as text: what failed and whether it can happen, how to replay it, what differs from the written
 * order, and both runs side by side.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { columnsOf, cutColumns, padColumns } from "../../insight/drawing/columns.ts"
import { coloured, type Ink, plain } from "../../insight/drawing/ink.ts"
import { clean } from "../../insight/drawing/text.ts"
import { format } from "../../internal/host/printing.ts"
import { numbered } from "../../internal/host/words.ts"
import type { Deviation, Failure, Options, Run, Step } from "../Explore.ts"
import { align, deviationsShown, excerpt, type Extent, type Gap, isGap, type Row, stepOf } from "./alignment.ts"
import { NotDeterministicError, ScheduleError } from "./errors.ts"
import { type Told, toldAmong } from "./moments.ts"
import { canHappen, type Move } from "./moves.ts"
import type { Settings } from "./settings.ts"
import { effectsRandom } from "./sources.ts"
import { say, sayAtStep, toldIn } from "./Trace.ts"

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
  /** The deviations that it lacks, in words. */
  readonly without: (told: Told) => string
}

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
  const told = toldIn(failing, passing?.run)
  const lines = [
    ink.bad(`${claimOf(finding)}: ${failure.kind}: ${failure.message}`),
    howFound(finding),
    `replay: Explore.check(program, ${optionsOf(settings.options, token)})`,
    ""
  ]
  const { deviations } = failing
  if (deviations.length > 0) {
    const shown = deviations.slice(0, deviationsShown).map((deviation) => ink.odd(`  ${clean(say(deviation, told))}`))
    const more = deviations.length - shown.length
    lines.push("as written, except:", ...shown, ...more === 0 ? [] : [`  and ${more} more`], "")
  }
  lines.push(...sideBySide(failing, passing, told, ink))
  return lines.join("\n")
}

/** What a failure under this schedule means. */
const claimOf = ({ moves }: Finding): string => {
  const kinds = new Set(moves.map(({ kind }) => kind))
  if (kinds.size === 0) return "in the written order"
  if (kinds.has("delay")) return "fragile: relies on the written order"
  if (kinds.has("cancel") || kinds.has("interrupt")) return "can happen if it is cancelled"
  return kinds.has("yield") ? "can happen in plain Effect" : "can happen"
}

const howFound = ({ failing, found, runs, settings, shrinkRuns }: Finding): string => {
  const isReplay = settings.replay !== undefined
  if (found.length === 0) {
    const how = isReplay ? "replayed" : "found in the first run"
    return `${how}: the program fails as it is written, without any deviation`
  }
  const deviations = `${numbered(found.length, "deviation")} from the written order`
  if (isReplay) return `replayed; ${deviations}`
  const shrunk = shrinkRuns === 0 ? "" : `, shrunk to ${failing.deviations.length} in ${numbered(shrinkRuns, "run")}`
  return `found in run ${runs}; ${deviations}${shrunk}`
}

// ---------------------------------------------------------------------------------------------------- the line to paste

/** The options that a replay depends on. */
const optionsOf = ({ leaks, maxTicks, outside, pause, vary }: Options, token: string): string => {
  const options = { vary, pause, leaks, outside, maxTicks, replay: token }
  return sourceOf(options)
}

/** As a programmer would write it. */
const sourceOf = (value: unknown): string => {
  if (typeof value === "function") return shortSource(value.toString())
  if (Duration.isDuration(value)) return format(String(value))
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    return format(value)
  }
  const fields = Object.entries(value).filter(([, part]) => part !== undefined)
  return fields.length === 0 ? "{}" : `{ ${fields.map(([name, part]) => `${name}: ${sourceOf(part)}`).join(", ")} }`
}

/** A method's source, for example, is not an expression. */
const isExpression = /^(?:function\b|\(|\w+ *=>)(?!.*\[native code\])/

const shortSource = (source: string): string =>
  source.length <= 80 && !source.includes("\n") && isExpression.test(source) ? source : "/* your function */"

// ----------------------------------------------------------------------------------------------------------- both runs

const extent: Extent = { before: 12, after: 40, last: 12 }
const widest = 76
const mostMarks = 40
const leastName = 20

interface Cell {
  readonly text: string
  readonly isOdd: boolean
}

/** A line of both columns. */
interface Line {
  readonly failing: Cell | undefined
  readonly passing: Cell | undefined
  readonly isOther: boolean
}

const sideBySide = (failing: Run, nearest: Nearest | undefined, told: Told, ink: Ink): ReadonlyArray<string> => {
  const passing = nearest?.run
  const rows = excerpt(align(failing, passing), failing, passing, extent)
  const lines = rows.map((row) =>
    isGap(row) ? lineOfGap(row, passing !== undefined) : lineOfRow(row, failing, passing, told)
  )
  // Right after the last step, whatever the other run does from there on.
  const end = lines.findLastIndex((line) => line.failing !== undefined) + 1
  failing.broken.forEach(({ millis, what }, index) => {
    const cell = { text: cutColumns(`${timeOf(millis, told)} ${clean(what)}`, widest), isOdd: false }
    lines[end + index] = { failing: cell, passing: lines[end + index]?.passing, isOther: true }
  })
  const isWritten = failing.deviations.length === 0
  const title = isWritten ? "the written order, which fails" : "this run fails"
  if (nearest === undefined) {
    const texts = lines.map((line) => inked(line, line.failing, line.failing?.text ?? "", ink))
    return [title, "-".repeat(title.length), ...texts]
  }
  const width = Math.max(...lines.map(({ failing }) => columnsOf(failing?.text ?? "")), title.length)
  const head = failing.deviations.length === 1
    ? "as written, it passes"
    : `it passes without: ${clean(nearest.without(told))}`
  return [
    `  ${title.padEnd(width)} | ${head}`,
    `--${"-".repeat(width)}-+-${"-".repeat(Math.min(columnsOf(head), widest))}`,
    ...lines.map((line) => {
      const left = inked(line, line.failing, padColumns(line.failing?.text ?? "", width), ink)
      const right = inked({ ...line, isOther: false }, line.passing, line.passing?.text ?? "", ink)
      return `${line.isOther ? "*" : " "} ${left} | ${right}`.trimEnd()
    })
  ]
}

const lineOfRow = (row: Row, failing: Run, passing: Run | undefined, told: Told): Line => {
  const cellOf = (step: Step | undefined): Cell | undefined =>
    step && { text: lineOf(step, told), isOdd: step.deviations.length > 0 }
  return {
    failing: cellOf(stepOf(failing, row.failing)),
    passing: cellOf(passing && stepOf(passing, row.passing)),
    isOther: row.isOther
  }
}

const lineOfGap = ({ from, to }: Gap, isCompared: boolean): Line => {
  const cell = { text: `          … ${numbered(to - from, isCompared ? "line" : "step")}`, isOdd: false }
  return { failing: cell, passing: undefined, isOther: false }
}

const inked = ({ isOther }: Line, cell: Cell | undefined, text: string, ink: Ink): string =>
  cell === undefined ? text : cell.isOdd ? ink.odd(text) : isOther ? ink.bad(text) : ink.quiet(text)

const timeOf = (millis: number, told: Told): string => told(millis).padStart(9)

const lineOf = ({ deviations, millis, notes, task, what }: Step, told: Told): string => {
  const marks = clean([...deviations.map((deviation) => sayAtStep(deviation, told)), ...notes].join("; "))
  // The deviation is always shown; what the step does comes before the whole of a long name.
  const mark = marks === "" ? "" : ` [${cutColumns(marks, mostMarks)}]`
  const time = timeOf(millis, told)
  const does = clean(what)
  const name = shortName(clean(task), Math.max(leastName, widest - columnsOf(`${time} : ${does}${mark}`)))
  return cutColumns(`${time} ${name}: ${does}`, widest - columnsOf(mark)) + mark
}

/** Without its middle, since long names begin alike. */
const shortName = (name: string, room: number): string => {
  const half = Math.floor(room / 2)
  return columnsOf(name) <= room
    ? name
    : cutColumns(name, room - half) + Array.from(name).slice(-half).join("").trimStart()
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
  const told = toldAmong([one, other].flatMap((step) => step === undefined ? [] : [step.millis]))
  const line = (step: Step | undefined) => step === undefined ? "has ended" : lineOf(step, told).trim()
  const why = sources.length === 0
    ? [
      "nothing was called that gives another value each time, so the first run has changed something outside of the",
      "program: a module's variable, a cache, a counter"
    ]
    : ["called on the way, with another result each time:", ...sources.map((source) => `  ${source}`)]
  if (sources.some((source) => source.startsWith(effectsRandom))) {
    why.push("with a seed, Effect's Random is the same each time: Random.withSeed(program, 1)")
  }
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
