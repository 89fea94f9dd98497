/** Decides in each place of a run whether it goes as written. */
import type { Lane } from "./Lanes.ts"
import { type Kind, longestDelay, type Schedule } from "./moves.ts"

export interface Picker {
  /** What happens in a place: 0 for as written, or an amount up to `most`. */
  pick(kind: Kind, lane: Lane, slot: number, most: number): number
  /** By how many ticks a step is delayed; `ready`: whose steps are behind it; `times`: how often it was delayed already. */
  delay(lane: Lane, slot: number, times: number, ready: () => Iterable<Lane>): number
}

/** A known schedule. */
export class Planned implements Picker {
  private readonly schedule: Schedule
  constructor(schedule: Schedule) {
    this.schedule = schedule
  }
  pick(kind: Kind, lane: Lane, slot: number): number {
    return this.schedule.amount(kind, lane.path, slot)
  }
  delay(lane: Lane, slot: number, times: number): number {
    return times > 0 ? 0 : this.schedule.amount("delay", lane.path, slot)
  }
}

/** Numbers from 0 to 1, the same ones for the same seed (mulberry32). */
export type Dice = () => number
export const diceOf = (seed: number): Dice => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const anyAmount = (dice: Dice, most: number): number => 1 + Math.floor(dice() * most)

/** Deviates in each place with a certain probability. */
export class RandomWalk implements Picker {
  private readonly dice: Dice
  private readonly probability: number
  constructor(dice: Dice, probability: number) {
    this.dice = dice
    this.probability = probability
  }
  pick(_kind: Kind, _lane: Lane, _slot: number, most: number): number {
    return this.dice() < this.probability ? anyAmount(this.dice, most) : 0
  }
  delay(_lane: Lane, _slot: number, times: number): number {
    return times === 0 && this.dice() < this.probability ? anyAmount(this.dice, longestDelay) : 0
  }
}

/** A step is delayed for others of higher priority at most so often; more would be starvation, which nobody would call a race. */
const mostDelays = 8

/**
 * Probabilistic concurrency testing, after Burckhardt, Kothari, Musuvathi and Nagarakatti (ASPLOS 2010): random priorities,
 * and `depth - 1` steps at which the running task falls behind all others. A bug of depth d is found with a probability of at
 * least 1 / (n · k ^ (d - 1)) for n tasks and k steps. Of the choices that do not concern the order, `depth` places
 * are picked in the same way.
 */
export class Pct implements Picker {
  private readonly dice: Dice
  private readonly priorities = new Map<number, number>()
  private readonly changes = new Set<number>()
  private readonly places = new Set<number>()
  private step = 0
  private place = 0
  private lowest = 0

  /** `steps` and `places`: how many of them the written order has. */
  constructor(dice: Dice, depth: number, steps: number, places: number) {
    this.dice = dice
    for (let i = 1; i < depth; i++) this.changes.add(Math.floor(dice() * steps))
    for (let i = 0; i < depth; i++) this.places.add(Math.floor(dice() * places))
  }

  pick(_kind: Kind, _lane: Lane, _slot: number, most: number): number {
    return this.places.has(this.place++) ? anyAmount(this.dice, most) : 0
  }

  delay(lane: Lane, _slot: number, times: number, ready: () => Iterable<Lane>): number {
    if (times === 0 && this.changes.has(this.step++)) this.priorities.set(lane.path, --this.lowest)
    const own = this.priorityOf(lane)
    if (times >= mostDelays) return 0
    for (const other of ready()) if (this.priorityOf(other) > own) return 1
    return 0
  }

  private priorityOf({ path }: Lane): number {
    let priority = this.priorities.get(path)
    if (priority === undefined) this.priorities.set(path, priority = this.dice())
    return priority
  }
}
