/** What happened in a run, for those who read it. Most runs keep none. */
import * as Cause from "effect/Cause"
import type * as Exit from "effect/Exit"
import { format, shortened } from "../../internal/host/printing.ts"
import { isCancelled } from "../../internal/waiting/cancelled.ts"
import { waiterOf, waitOf } from "../../internal/waiting/Region.ts"
import type { Deviation, Run, Step } from "../Explore.ts"
import type { Lane } from "./Lanes.ts"
import type { Kind } from "./moves.ts"

/** A deviation, and how it reads: alone, and at the step that it is about. */
export class Deviated implements Deviation {
  readonly kind: Kind
  readonly task: string
  readonly step: number
  readonly amount: number
  private readonly words: string
  private readonly brief: string

  constructor(kind: Kind, task: string, step: number, amount: number, words: string, brief: string) {
    this.kind = kind
    this.task = task
    this.step = step
    this.amount = amount
    this.words = words
    this.brief = brief
  }
  toString(): string {
    return this.words
  }
  /** At its step. */
  get atStep(): string {
    return this.brief
  }
}

/** Of a very long run the last steps are kept. */
const kept = 10_000

export class Trace {
  private readonly lanes = new Map<Lane, number>()
  private readonly steps: Array<Omit<Step, "task">> = []
  private readonly deviations: Array<Deviated> = []
  // What the next step is told with.
  private marks: Array<Deviated> = []
  private notes: Array<string> = []

  deviates(deviation: Deviated): void {
    this.deviations.push(deviation)
    this.marks.push(deviation)
  }

  note(text: string): void {
    this.notes.push(text)
  }

  step(lane: Lane, millis: number): void {
    let index = this.lanes.get(lane)
    if (index === undefined) this.lanes.set(lane, index = this.lanes.size)
    const [end, what] = stateOf(lane)
    const step = ++lane.shown
    const { marks: deviations, notes } = this
    this.steps.push({ millis, lane: index, step, end, what, deviations, notes })
    this.marks = []
    this.notes = []
    if (this.steps.length === 2 * kept) this.steps.splice(0, kept)
  }

  get run(): Run {
    // By the names that are known in the end.
    const lanes = Array.from(this.lanes.keys(), ({ name }) => name)
    const steps = this.steps.map((step) => ({ ...step, task: lanes[step.lane]! }))
    return { lanes, steps, deviations: this.deviations }
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

/** An error in one line: what it is, and what it says. */
export const wordsOf = (error: unknown): string => {
  if (!(error instanceof Error)) return shortened(typeof error === "string" ? error : format(error))
  const { message, name } = error
  return shortened(message === "" ? name : name === "Error" ? message : `${name}: ${message}`)
}
