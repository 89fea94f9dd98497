/** What happened in a run, for readers. Most runs keep no trace. */
import * as Cause from "effect/Cause"
import type * as Exit from "effect/Exit"
import { format, shortened } from "../../internal/host/printing.ts"
import { isCancelled } from "../../internal/waiting/cancelled.ts"
import { waiterOf, waitOf } from "../../internal/waiting/Region.ts"
import type { Broken, Deviation, Run, Step } from "../Explore.ts"
import type { Lane } from "./Lanes.ts"
import { type Told, told, toldAmong } from "./moments.ts"
import type { Kind } from "./moves.ts"

/**
 * A deviation and its texts: one for itself, and one at the step that it is about. A text that ends with a space is followed by the time
 * that it names, written like all times of its report.
 */
export class Deviated implements Deviation {
  readonly kind: Kind
  readonly task: string
  readonly step: number
  readonly amount: number
  private readonly words: string
  private readonly brief: string
  readonly millis: number | undefined

  constructor(kind: Kind, task: string, step: number, amount: number, words: string, brief: string, millis?: number) {
    this.kind = kind
    this.task = task
    this.step = step
    this.amount = amount
    this.words = words
    this.brief = brief
    this.millis = millis
  }
  toString(): string {
    return this.say(told)
  }
  say(told: Told): string {
    return this.complete(this.words, told)
  }
  sayAtStep(told: Told): string {
    return this.complete(this.brief, told)
  }
  private complete(text: string, told: Told): string {
    return text.endsWith(" ") && this.millis !== undefined ? text + told(this.millis) : text
  }
}

/** In words, with the times of its report. */
export const say = (deviation: Deviation, told: Told): string =>
  deviation instanceof Deviated ? deviation.say(told) : String(deviation)

export const sayAtStep = (deviation: Deviation, told: Told): string =>
  deviation instanceof Deviated ? deviation.sayAtStep(told) : String(deviation)

/** How a report writes the times of these runs. */
export const toldIn = (...runs: ReadonlyArray<Run | undefined>): Told =>
  toldAmong(runs.flatMap((run) =>
    run === undefined ? [] : [
      ...run.steps.map(({ millis }) => millis),
      ...run.broken.map(({ millis }) => millis),
      ...run.deviations.flatMap((deviation) => deviation instanceof Deviated ? deviation.millis ?? [] : [])
    ]
  ))

/** Of a very long run only the last steps are kept. */
const kept = 10_000

export class Trace {
  private readonly lanes = new Map<Lane, number>()
  private readonly steps: Array<Omit<Step, "task"> & { readonly deviations: Array<Deviated> }> = []
  private readonly deviations: Array<Deviated> = []
  private broken: ReadonlyArray<Broken> = []
  /** What will be said at the next step of each lane. */
  private readonly marks = new Map<Lane, Array<Deviated>>()
  // What will be said at the next step.
  private notes: Array<string> = []

  /** A deviation at the next step of `lane`, or at its last. */
  deviates(deviation: Deviated, lane: Lane, isAfter: boolean): void {
    this.deviations.push(deviation)
    const last = isAfter ? this.steps.findLast((step) => step.lane === this.lanes.get(lane)) : undefined
    if (last !== undefined) last.deviations.push(deviation)
    else this.marks.set(lane, [...this.marks.get(lane) ?? [], deviation])
  }

  note(text: string): void {
    this.notes.push(text)
  }

  step(lane: Lane, millis: number): void {
    let index = this.lanes.get(lane)
    if (index === undefined) this.lanes.set(lane, index = this.lanes.size)
    const [end, what] = stateOf(lane)
    const step = ++lane.shown
    const { notes } = this
    const deviations = this.marks.get(lane) ?? []
    this.steps.push({ millis, lane: index, step, end, what, deviations, notes })
    this.marks.delete(lane)
    this.notes = []
    if (this.steps.length === 2 * kept) this.steps.splice(0, kept)
  }

  /** After the last step of `lane`, or after a callback of the loop: the run ends. */
  breaks(lane: Lane, millis: number, whats: ReadonlyArray<string>): void {
    const index = this.lanes.get(lane) ?? 0
    this.broken = whats.map((what) => ({ millis, lane: index, what }))
  }

  get run(): Run {
    // With the names that are known at the end.
    const lanes = Array.from(this.lanes.keys(), ({ name }) => name)
    const steps = this.steps.map((step) => ({ ...step, task: lanes[step.lane]! }))
    // A delayed step that was not reached before the end is shown with the last.
    const last = steps.at(-1)
    if (last !== undefined) {
      steps[steps.length - 1] = { ...last, deviations: [...last.deviations, ...Array.from(this.marks.values()).flat()] }
    }
    return { lanes, steps, deviations: this.deviations, broken: this.broken }
  }
}

export const exitOf = ({ fiber, task }: Lane): Exit.Exit<unknown, unknown> | undefined =>
  task?.exit ?? fiber?.pollUnsafe()

const stateOf = (lane: Lane): readonly [end: Step["end"], what: string] => {
  const exit = exitOf(lane)
  if (exit !== undefined) return endOf(exit)
  const waiter = lane.task === undefined ? lane.waiter : waiterOf(lane.task)
  if (waiter !== undefined && waiter.state !== "over") return ["waits", `waits for ${waitOf(waiter)}`]
  return lane.isYielding ? ["yields", "yields"] : ["waits", "waits"]
}

const endOf = (exit: Exit.Exit<unknown, unknown>): readonly [end: Step["end"], what: string] => {
  if (exit._tag === "Success") {
    return ["succeeds", exit.value === undefined ? "ends" : `ends with ${shortened(format(exit.value))}`]
  }
  return isCancelled(exit) ? ["cancelled", "ends cancelled"] : ["fails", `fails: ${wordsOf(Cause.squash(exit.cause))}`]
}

/** An error in one short line: its name and its message. */
export const wordsOf = (error: unknown): string => shortened(textOf(error).split("\n", 1)[0]!)

/** Nobody reads on after that. */
const mostLines = 200

/** Its whole text; lines after the first, as of another report, are indented. */
export const textOf = (error: unknown): string => {
  if (!(error instanceof Error)) return typeof error === "string" ? setIn(error) : format(error)
  const { message, name } = error
  return setIn(message === "" ? name : name === "Error" ? message : `${name}: ${message}`)
}

const setIn = (text: string): string => {
  const lines = text.trim().split(/\r?\n/)
  const shown = lines.length <= mostLines ? lines : [...lines.slice(0, mostLines), "…"]
  return shown.map((line, index) => index === 0 || line === "" ? line : `  ${line}`).join("\n")
}
