/**
 * Makes a failing schedule smaller: no move of the result can go, and the world's own moves stand for others where they can.
 *
 * Zeller and Hildebrandt's ddmin, by halves and then one by one; moves that only order or cancellation bring are replaced by
 * those of the world; then smaller amounts are tried.
 */
import * as Effect from "effect/Effect"
import type { Failure } from "../Explore.ts"
import { amountsOf, isOfTheWorld, type Move, type Place, Schedule } from "./moves.ts"
import { Planned } from "./pickers.ts"
import type { Runs } from "./Runs.ts"

/** So many places are tried in the place of one move. */
const replacements = 60

export class Shrinker {
  private readonly runs: Runs
  private readonly failure: Failure
  private left: number
  count = 0

  constructor(runs: Runs, failure: Failure) {
    this.runs = runs
    this.failure = failure
    this.left = runs.exploration.settings.shrinkRuns
  }

  shrink(moves: ReadonlyArray<Move>): Effect.Effect<ReadonlyArray<Move>> {
    return Effect.gen({ self: this }, function*() {
      // What a random run did has to be the same as a schedule.
      if (!(yield* this.fails(moves))) return moves
      let current = yield* this.remove(moves)
      for (const move of current) {
        if (this.isOver) return current
        if (!isOfTheWorld(move.kind)) current = yield* this.replace(current, move)
      }
      for (const move of current) {
        if (this.isOver) return current
        current = yield* this.lessen(current, move)
      }
      return yield* this.remove(current)
    })
  }

  /** There are no runs left, or no time: a schedule may have ten thousand moves, and asking after each takes its time, too. */
  private get isOver(): boolean {
    return this.left === 0 || this.runs.isLate
  }

  /** Whether it fails in the same way; false also once there are no runs left. */
  private fails(moves: ReadonlyArray<Move>): Effect.Effect<boolean> {
    return Effect.map(this.attempt(moves), (failure) => failure !== undefined && isSame(failure, this.failure))
  }

  private attempt(moves: ReadonlyArray<Move>, places?: Array<Place>): Effect.Effect<Failure | undefined> {
    if (this.isOver) return Effect.succeed(undefined)
    this.left--
    this.count++
    const hooks = places === undefined ? undefined : { places: { list: places, after: 0 } }
    return Effect.map(this.runs.run(new Planned(new Schedule(moves)), hooks), ({ result }) => result.failure)
  }

  private remove(moves: ReadonlyArray<Move>): Effect.Effect<ReadonlyArray<Move>> {
    return Effect.gen({ self: this }, function*() {
      let current = moves
      let size = Math.ceil(current.length / 2)
      while (current.length > 0) {
        let removed = false
        for (let start = 0; start < current.length && !this.isOver;) {
          const fewer = current.toSpliced(start, size)
          if (yield* this.fails(fewer)) {
            current = fewer
            removed = true
          } else start += size
        }
        if (this.isOver) break
        if (size > 1) size = Math.ceil(size / 2)
        else if (!removed) break
      }
      return current
    })
  }

  /** By one move of the world, the nearest first. */
  private replace(moves: ReadonlyArray<Move>, move: Move): Effect.Effect<ReadonlyArray<Move>> {
    return Effect.gen({ self: this }, function*() {
      const others = moves.filter((other) => other !== move)
      const places: Array<Place> = []
      yield* this.attempt(others, places)
      const at = places.findIndex(({ kind, path, slot }) =>
        kind === move.kind && path === move.path && slot === move.slot
      )
      const nearest = places.map((place, index) => ({ place, distance: Math.abs(index - at) }))
        .filter(({ place }) => isOfTheWorld(place.kind) && !others.some((other) => isAt(other, place)))
        .toSorted((a, b) => a.distance - b.distance)
      for (const { place } of nearest.slice(0, replacements)) {
        for (const amount of amountsOf(place)) {
          const other = [...others, { ...place, amount }]
          if (yield* this.fails(other)) return other
        }
      }
      return moves
    })
  }

  private lessen(moves: ReadonlyArray<Move>, move: Move): Effect.Effect<ReadonlyArray<Move>> {
    return Effect.gen({ self: this }, function*() {
      for (let amount = 1; amount < move.amount; amount++) {
        const less = moves.map((other) => other === move ? { ...move, amount } : other)
        if (yield* this.fails(less)) return less
      }
      return moves
    })
  }
}

const isAt = (move: Move, { kind, path, slot }: Place): boolean =>
  move.kind === kind && move.path === path && move.slot === slot

/** The same kind, and the same first line up to numbers. */
const isSame = (a: Failure, b: Failure): boolean => a.kind === b.kind && firstLine(a) === firstLine(b)

const firstLine = ({ message }: Failure): string => message.split("\n", 1)[0]!.replace(/\d+(\.\d+)?/g, "#")
