/**
 * Makes a failing schedule smaller: no move of the result can be left out, and the world's own moves replace others
 * where they can.
 *
 * Zeller and Hildebrandt's ddmin, by halves and then one by one; moves that only order or cancellation bring are
 * replaced by those of the world; many delays of one task become a single longer one; then smaller amounts are tried.
 * If three moves or more are left, it looks for a smaller schedule from scratch.
 */
import * as Effect from "effect/Effect"
import type { Failure } from "../Explore.ts"
import { amountsOf, isOfTheWorld, type Move, type Place, Schedule } from "./moves.ts"
import { Planned } from "./pickers.ts"
import type { Runs } from "./Runs.ts"
import { movesAt } from "./strategies.ts"

/** At most so many places are tried to replace one move. */
const replacements = 60

const triesElsewhere = 1000

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
      // What a random run did has to fail as a schedule, too.
      if (!(yield* this.fails(moves))) return moves
      let current = yield* this.remove(moves)
      for (const move of current) {
        if (this.isOver) return current
        if (!isOfTheWorld(move.kind)) current = yield* this.replace(current, move)
      }
      current = yield* this.merge(current)
      for (const move of current) {
        if (this.isOver) return current
        current = yield* this.lessen(current, move)
      }
      return yield* this.elsewhere(yield* this.remove(current))
    })
  }

  /** There are no runs left, or no time: a schedule may have ten thousand moves, and each attempt takes time. */
  private get isOver(): boolean {
    return this.left === 0 || this.runs.isLate
  }

  /** Whether it fails in the same way; false also once there are no runs left. */
  private fails(moves: ReadonlyArray<Move>): Effect.Effect<boolean> {
    return Effect.map(this.attempt(moves), (failure) => failure !== undefined && isSame(failure, this.failure))
  }

  /** `places`: filled with those after so many moves. */
  private attempt(moves: ReadonlyArray<Move>, places?: Array<Place>, after = 0): Effect.Effect<Failure | undefined> {
    if (this.isOver) return Effect.succeed(undefined)
    this.left--
    this.count++
    const hooks = places === undefined ? undefined : { places: { list: places, after } }
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

  /**
   * If three or more are left, one or two of the same kinds may do in other places, which leaving out moves can't
   * reach.
   */
  private elsewhere(moves: ReadonlyArray<Move>): Effect.Effect<ReadonlyArray<Move>> {
    return Effect.gen({ self: this }, function*() {
      if (moves.length <= 2) return moves
      const kinds = new Set(moves.map(({ kind }) => kind))
      let tries = triesElsewhere
      let level: ReadonlyArray<ReadonlyArray<Move>> = [[]]
      for (let depth = 1; depth <= 2; depth++) {
        const next: Array<ReadonlyArray<Move>> = []
        for (const before of level) {
          const places: Array<Place> = []
          yield* this.attempt(before, places, before.length)
          for (const move of movesAt(places)) {
            if (this.isOver || tries === 0) return moves
            if (!kinds.has(move.kind)) continue
            tries--
            const some = [...before, move]
            if (yield* this.fails(some)) return some
            next.push(some)
          }
        }
        level = next
      }
      return moves
    })
  }

  /** Replaces it by one move of the world, the nearest first. */
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

  /** Merges yields and delays into one as long as all of them; else into one for each task, or of two. */
  private merge(moves: ReadonlyArray<Move>): Effect.Effect<ReadonlyArray<Move>> {
    return Effect.gen({ self: this }, function*() {
      let current = yield* this.mergeGroup(moves, moves.filter(putsOff))
      for (const path of new Set(current.filter(putsOff).map(({ path }) => path))) {
        if (this.isOver) return current
        const own = () => current.filter((move) => move.path === path && putsOff(move))
        current = yield* this.mergeGroup(current, own())
        for (let index = 1; index < own().length && !this.isOver;) {
          const fewer = yield* this.mergeGroup(current, own().slice(index - 1, index + 1))
          if (fewer === current) index++
          else current = fewer
        }
      }
      return current
    })
  }

  /** Into the place of one of them: a yield's, if there is one, and the last first, which is nearest to the failure. */
  private mergeGroup(moves: ReadonlyArray<Move>, group: ReadonlyArray<Move>): Effect.Effect<ReadonlyArray<Move>> {
    return Effect.gen({ self: this }, function*() {
      if (group.length < 2) return moves
      const merged = new Set(group)
      const amount = group.reduce((sum, move) => sum + move.amount, 0)
      const isYield = ({ kind }: Move) => Number(kind === "yield")
      for (const target of group.toReversed().toSorted((a, b) => isYield(b) - isYield(a))) {
        if (this.isOver) return moves
        const fewer = moves.flatMap((move) => move === target ? [{ ...move, amount }] : merged.has(move) ? [] : [move])
        if (yield* this.fails(fewer)) return fewer
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

const putsOff = ({ kind }: Move): boolean => kind === "yield" || kind === "delay"

const isAt = (move: Move, { kind, path, slot }: Place): boolean =>
  move.kind === kind && move.path === path && move.slot === slot

/** The same kind, and the same first line up to numbers. */
const isSame = (a: Failure, b: Failure): boolean => a.kind === b.kind && firstLine(a) === firstLine(b)

const firstLine = ({ message }: Failure): string => message.split("\n", 1)[0]!.replace(/\d+(\.\d+)?/g, "#")
