/**
 * Which schedules are tried, and in which order.
 *
 * A strategy is a generator: it yields what to try next, and is told what came of it.
 */
import type { Passed, Run, Strategy } from "../Explore.ts"
import type { Result } from "./ExploredRun.ts"
import { amountsOf, kinds, type Move, type Place, Schedule } from "./moves.ts"
import { diceOf, Pct, type Picker, Planned, RandomWalk } from "./pickers.ts"
import type { Settings } from "./settings.ts"

/** How a random schedule was made. */
export interface Origin {
  readonly strategy: { readonly pct: number } | { readonly random: number }
  readonly seed: number
  /** Which of the random runs of its check, from 0. */
  readonly number: number
}

export interface Attempt {
  readonly picker: Picker
  readonly origin?: Origin | undefined
  /** Asks for the places that come after so many moves. */
  readonly placesAfter?: number | undefined
}

export interface Outcome {
  readonly result: Result
  readonly places: ReadonlyArray<Place>
  /** Whether no earlier run did the same. */
  readonly isNew: boolean
}

/** The run in the written order, and its places. */
export interface Written {
  readonly result: Result
  readonly run: Run
  readonly places: ReadonlyArray<Place>
}

export type Attempts = Generator<Attempt, void, Outcome>

/** After so many random runs in a row that only repeat others, more would say nothing. */
const patience = 200

/** The probabilities of random walks, in turn. */
const probabilities = [1 / 8, 1 / 4, 1 / 16, 1 / 2]

export class Plan {
  private readonly settings: Settings
  private readonly written: Written
  /** Every schedule of up to so many moves was tried. */
  exhausted: Passed["exhausted"] = 0

  constructor(settings: Settings, written: Written) {
    this.settings = settings
    this.written = written
  }

  attempts(strategy: Strategy): Attempts {
    if (strategy === "mixed") return this.mixed()
    if (strategy === "single") return this.bounded(1)
    if ("bounded" in strategy) return this.bounded(strategy.bounded)
    return this.random(function*() {
      for (;;) yield strategy
    })
  }

  private *mixed(): Attempts {
    const all = movesAt(this.written.places)
    const some = spread(all, Math.floor(this.settings.runs / 2))
    for (const move of some) yield { picker: new Planned(new Schedule([move])) }
    if (some.length === all.length) this.exhausted = 1
    yield* this.random(function*() {
      for (let i = 0;; i++) {
        for (const pct of [2, 3, 4]) {
          yield { pct }
          yield { random: probabilities[i % probabilities.length]! }
        }
      }
    })
  }

  /** Every schedule of one move, then of two, each behind the other, and so on. */
  private *bounded(most: number): Attempts {
    let level: Array<{ readonly moves: ReadonlyArray<Move>; readonly places: ReadonlyArray<Place> }> = [
      { moves: [], places: this.written.places }
    ]
    for (let depth = 1; depth <= most && level.length > 0; depth++) {
      const next: typeof level = []
      for (const { moves, places } of level) {
        for (const move of movesAt(places)) {
          const longer = [...moves, move]
          const outcome = yield {
            picker: new Planned(new Schedule(longer)),
            placesAfter: depth < most ? longer.length : undefined
          }
          if (depth < most) next.push({ moves: longer, places: outcome.places })
        }
      }
      this.exhausted = depth
      level = next
    }
  }

  private *random(strategies: () => Generator<Origin["strategy"], void>): Attempts {
    let repeated = 0
    let number = 0
    for (const strategy of strategies()) {
      const { isNew } = yield this.attempt({ strategy, seed: this.settings.seed, number: number++ })
      repeated = isNew ? 0 : repeated + 1
      if (repeated === patience) return
    }
  }

  /** A random attempt, the same for the same origin. */
  attempt(origin: Origin): Attempt {
    const dice = diceOf(Math.imul(origin.seed, 0x9e3779b1) + Math.imul(origin.number, 0x85ebca6b))
    const { places, result } = this.written
    const delays = places.filter(({ kind }) => kind === "delay").length
    const picker = "pct" in origin.strategy
      ? new Pct(dice, origin.strategy.pct, result.steps, places.length - delays)
      : new RandomWalk(dice, origin.strategy.random)
    return { picker, origin }
  }
}

/** The cheapest kinds first; of each kind at all places the first amount, then the second. */
export const movesAt = (places: ReadonlyArray<Place>): ReadonlyArray<Move> =>
  kinds.flatMap((kind) => {
    const rounds: Array<Array<Move>> = []
    for (const place of places) {
      if (place.kind !== kind) continue
      amountsOf(place).forEach((amount, round) => (rounds[round] ??= []).push({ ...place, amount }))
    }
    return rounds.flat()
  })

/** At most so many: the first kinds as a whole, and an even choice from the kind that exceeds the number. */
const spread = (moves: ReadonlyArray<Move>, most: number): ReadonlyArray<Move> => {
  if (moves.length <= most) return moves
  const chosen: Array<Move> = []
  for (const kind of kinds) {
    const own = moves.filter((move) => move.kind === kind)
    const count = Math.min(own.length, most - chosen.length)
    for (let i = 0; i < count; i++) chosen.push(own[Math.floor(i * own.length / count)]!)
  }
  return chosen
}
