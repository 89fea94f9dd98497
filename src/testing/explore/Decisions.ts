/** What a run's schedule decides, place by place, and the text of each deviation. */
import { format, shortened } from "../../internal/host/printing.ts"
import { numbered } from "../../internal/host/words.ts"
import type { Lane } from "./Lanes.ts"
import { type Kind, latencyParts, longestDelay, type Move, type Place } from "./moves.ts"
import type { Picker } from "./pickers.ts"
import { Deviated, type Trace } from "./Trace.ts"

export interface Places {
  readonly list: Array<Place>
  /** Those after so many moves. */
  readonly after: number
}

type Say = (amount: number) => Deviated

export class Decisions {
  readonly moves: Array<Move> = []
  /** The places so far. */
  count = 0
  private readonly picker: Picker
  private readonly trace: Trace | undefined
  private readonly places: Places | undefined

  constructor(picker: Picker, trace: Trace | undefined, places: Places | undefined) {
    this.picker = picker
    this.trace = trace
    this.places = places
  }

  private pick(kind: Kind, lane: Lane, slot: number, most: number, say: Say, isAfter = false): number {
    this.comesTo(kind, lane, slot, most)
    const picked = this.picker.pick(kind, lane, slot, most)
    // A yield may be longer than any that is tried first: shrinking makes one of many.
    const amount = kind === "yield" ? picked : Math.min(picked, most)
    if (amount > 0) this.take({ kind, path: lane.path, slot, most, amount }, lane, say, isAfter)
    return amount
  }

  private comesTo(kind: Kind, lane: Lane, slot: number, most: number): void {
    this.count++
    const { places } = this
    if (places !== undefined && this.moves.length >= places.after) {
      places.list.push({ kind, path: lane.path, slot, most })
    }
  }

  private take(move: Move, lane: Lane, say: Say, isAfter: boolean): void {
    this.moves.push(move)
    this.trace?.deviates(say(move.amount), lane, isAfter)
  }

  // ----------------------------------------------------------------------------------------------------- time and order

  /** To which of the deadlines the clock has moved before the tick that begins with the step, if to any. */
  pause(lane: Lane, slot: number, deadlines: ReadonlyArray<number>): number | undefined {
    const amount = this.pick("pause", lane, lane.tickSlot(slot), deadlines.length, (amount) => {
      const step = lane.shown + 1
      const to = amount === 1 ? "to the next deadline" : "to the deadline after the next"
      const words = `time passes before the tick of '${lane.name}' step ${step}, ${to}`
      const now = deadlines[amount - 1]! / 1e6
      return new Deviated("pause", lane.name, step, amount, words, "slow host: it is now ", now)
    })
    return deadlines[amount - 1]
  }

  /** Which of `armed` timeouts strikes before the step, from 1; 0 is none. */
  timeout(lane: Lane, slot: number, armed: number): number {
    return this.pick("timeout", lane, slot, armed, (amount) => {
      const step = lane.shown + 1
      const words = `a timeout of '${lane.name}' strikes early, right before its step ${step}`
      return new Deviated("timeout", lane.name, step, amount, words, "its timeout strikes")
    })
  }

  /** By how many ticks the step is delayed; `again`: it was, and its time has come. */
  delay(lane: Lane, slot: number, again: boolean, ready: () => Iterable<Lane>): number {
    const index = again ? this.moves.findIndex((move) => isDelay(move, lane, slot)) : -1
    const before = this.moves[index]
    if (before === undefined) this.comesTo("delay", lane, slot, longestDelay)
    const ticks = this.picker.delay(lane, slot, before?.amount ?? 0, ready)
    if (ticks === 0) return 0
    if (before !== undefined) this.moves[index] = { ...before, amount: before.amount + ticks }
    else {
      const say = (amount: number) => {
        const step = lane.shown + 1
        const late = numbered(amount, "tick")
        const words = `'${lane.name}' step ${step} comes ${late} later`
        return new Deviated("delay", lane.name, step, amount, words, `${late} late`)
      }
      this.take({ kind: "delay", path: lane.path, slot, most: longestDelay, amount: ticks }, lane, say, false)
    }
    return ticks
  }

  /** For how many ticks the fiber yields before this operation. */
  yield(lane: Lane, operation: number): number {
    return this.pick("yield", lane, operation, 1, (amount) => {
      const long = amount === 1 ? "" : `, for ${numbered(amount, "tick")}`
      const words = `'${lane.name}' yields before its operation ${operation}${long}`
      return new Deviated("yield", lane.name, operation, amount, words, `yields${long}`)
    })
  }

  /** Whether it is cancelled or interrupted before its step (`when` is 0) or right after. */
  hit(kind: "cancel" | "interrupt", lane: Lane, slot: number, when: 0 | 1): boolean {
    const say = () => {
      const step = lane.shown + 1 - when
      const how = kind === "cancel" ? "cancelled" : "interrupted"
      const words = `'${lane.name}' is ${how} right ${when === 0 ? "before" : "after"} its step ${step}`
      return new Deviated(kind, lane.name, step, 1 + when, words, `is ${how} right ${when === 0 ? "before" : "after"}`)
    }
    return this.pick(kind, lane, slot * 2 + when, 1, say, when === 1) > 0
  }

  // -------------------------------------------------------------------------------------------- what the program asks for

  /** In nanoseconds. */
  latency(lane: Lane, least: number, most: number): number {
    const n = ++lane.latencies
    // Round numbers: whole milliseconds, if the range has enough of them.
    const unit = Math.min(10 ** Math.max(0, Math.floor(Math.log10((most - least) / latencyParts))), 1e6)
    const nanosOf = (amount: number) =>
      amount === latencyParts ? most : least + Math.round((most - least) * amount / latencyParts / unit) * unit
    return nanosOf(this.pick("latency", lane, n, latencyParts, (amount) => {
      const words = `latency ${n} of '${lane.name}' takes `
      return new Deviated("latency", lane.name, n, amount, words, "takes ", nanosOf(amount) / 1e6)
    }))
  }

  fault(lane: Lane): boolean {
    const n = ++lane.faults
    const words = `fault ${n} of '${lane.name}' strikes`
    const say = () => new Deviated("fault", lane.name, n, 1, words, "a fault strikes")
    return this.pick("fault", lane, n, 1, say) > 0
  }

  choose(lane: Lane, values: ReadonlyArray<unknown>): number {
    const n = ++lane.choices
    return this.pick("choice", lane, n, values.length - 1, (amount) => {
      const takes = `takes value ${amount + 1} of ${values.length}: ${shortened(format(values[amount]))}`
      return new Deviated("choice", lane.name, n, amount, `choice ${n} of '${lane.name}' ${takes}`, takes)
    })
  }
}

const isDelay = ({ kind, path, slot }: Move, lane: Lane, at: number): boolean =>
  kind === "delay" && path === lane.path && slot === at
