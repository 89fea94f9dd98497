/**
 * A check: the written order twice, then schedule after schedule until one fails. That one is shrunk, and shown beside
 * the nearest one that passes.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Failure, Passed, Run } from "../Explore.ts"
import { type NotDeterministicError, type ScheduleError, TokenError } from "./errors.ts"
import type * as ExploredRun from "./ExploredRun.ts"
import { type Move, type Place, Schedule } from "./moves.ts"
import { Planned } from "./pickers.ts"
import { commonSteps, type Nearest, notDeterministic, scheduleError } from "./report.ts"
import type { Runs } from "./Runs.ts"
import { Shrinker } from "./shrink.ts"
import { Sources } from "./sources.ts"
import { type Attempt, type Origin, Plan, type Written } from "./strategies.ts"
import { decode, flagsOf, tokenOf } from "./token.ts"
import { say, Trace } from "./Trace.ts"

/** What shrinking may take once a failure is found, as a share of the time limit. */
const shrinkShare = 0.5
/** And at least so much for the report. */
const reportShare = 0.1
/** At most so many runs are tried to find the nearest passing one. */
const contrasts = 20

const asWritten = new Schedule([])

export class Explorer {
  private readonly runs: Runs

  constructor(runs: Runs) {
    this.runs = runs
  }

  private get settings() {
    return this.runs.exploration.settings
  }

  /** All of it. */
  get check(): Effect.Effect<Passed, ScheduleError | NotDeterministicError | TokenError> {
    return Effect.gen({ self: this }, function*() {
      const { settings } = this
      const written = yield* this.writtenTwice
      if (settings.replay !== undefined) return yield* this.replay(written, settings.replay)
      if (written.result.failure !== undefined) return yield* this.fail(written, written.result, undefined)
      return yield* this.explore(written)
    })
  }

  /** One schedule, as it ends. */
  one(token: string | undefined): Effect.Effect<Run & { readonly failure: Option.Option<Failure> }, TokenError> {
    return Effect.gen({ self: this }, function*() {
      const first = yield* this.runs.traced([], token === undefined)
      const { result, run } = token === undefined
        ? first
        : yield* this.again({ ...first, places: [] }, token)
      return { ...run, failure: Option.fromUndefinedOr(result.failure) }
    })
  }

  /** The written order, and whether it is the same each time. */
  private get writtenTwice(): Effect.Effect<Written, NotDeterministicError> {
    const { runs } = this
    return Effect.gen({ self: this }, function*() {
      const sources = new Sources()
      const trace = new Trace()
      const list: Array<Place> = []
      const run = yield* runs.run(new Planned(asWritten), { trace, places: { list, after: 0 }, watch: sources.watch })
      const { result } = run
      if (run.isGivenUp) return { result, run: trace.run, places: list }
      const second = yield* runs.traced([])
      const error = notDeterministic(trace.run, second.run, sources.list)
      if (error !== undefined) return yield* Effect.fail(error)
      return { result, run: trace.run, places: list }
    })
  }

  private explore(written: Written): Effect.Effect<Passed, ScheduleError> {
    const { runs, settings } = this
    return Effect.gen({ self: this }, function*() {
      const plan = new Plan(settings, written)
      const distinct = new Set([written.result.hash])
      // If nothing can differ, there is nothing to try.
      const attempts = plan.attempts(written.places.length === 0 ? "single" : settings.strategy)
      let next = attempts.next()
      // Late or not, one is tried: a check that explored nothing has not passed.
      for (let n = 0; next.done !== true && runs.count < settings.runs && (n === 0 || !runs.isLate); n++) {
        const { origin, picker, placesAfter } = next.value
        const places: Array<Place> = []
        const hooks = placesAfter === undefined ? undefined : { places: { list: places, after: placesAfter } }
        const { result } = yield* runs.run(picker, hooks)
        if (result.failure !== undefined) return yield* this.fail(written, result, origin)
        const isNew = !distinct.has(result.hash)
        distinct.add(result.hash)
        next = attempts.next({ result, places, isNew })
      }
      return {
        runs: runs.count,
        exhausted: plan.exhausted,
        points: written.places.length,
        distinct: distinct.size
      }
    })
  }

  private fail(
    written: Written,
    found: ExploredRun.Result,
    origin: Origin | undefined
  ): Effect.Effect<never, ScheduleError> {
    const { runs, settings } = this
    return Effect.gen({ self: this }, function*() {
      const count = runs.count
      runs.allow(shrinkShare)
      const shrinker = new Shrinker(runs, found.failure!)
      const isWritten = found.moves.length === 0
      const shrunk = isWritten ? found.moves : yield* shrinker.shrink(found.moves)
      runs.allow(reportShare)
      const failing = isWritten ? written : yield* runs.traced(shrunk)
      const unshrunk = shrunk === found.moves ? failing : yield* runs.traced(found.moves)
      const passing = yield* this.nearest(failing.run, shrunk)
      return yield* Effect.fail(scheduleError({
        // A schedule that does not fail again is shown as it was found.
        failure: failing.result.failure ?? found.failure!,
        token: tokenOf(settings, written.result.fingerprint, shrunk, origin, runs.exploration.paths),
        runs: count,
        shrinkRuns: shrinker.count,
        moves: shrunk,
        found: unshrunk.run.deviations,
        failing: failing.run,
        passing,
        settings
      }))
    })
  }

  /** Among the passing runs that lack one of the moves, the one with the longest common beginning. */
  private nearest(failing: Run, moves: ReadonlyArray<Move>): Effect.Effect<Nearest | undefined> {
    const { runs } = this
    return Effect.gen({ self: this }, function*() {
      let nearest: Nearest | undefined
      let longest = -1
      for (let index = 0; index < Math.min(moves.length, contrasts) && !runs.isLate; index++) {
        const { result, run } = yield* runs.traced(moves.toSpliced(index, 1))
        const common = commonSteps(failing, run)
        if (result.failure !== undefined || common <= longest) continue
        longest = common
        const lacking = failing.deviations[index]
        nearest = { run, without: (told) => lacking === undefined ? "" : say(lacking, told) }
      }
      return nearest
    })
  }

  private replay(written: Written, token: string): Effect.Effect<Passed, ScheduleError | TokenError> {
    const { runs, settings } = this
    return Effect.gen({ self: this }, function*() {
      const { result, run } = yield* this.again(written, token)
      if (result.failure === undefined) {
        return { runs: runs.count, exhausted: 0, points: written.places.length, distinct: 2 }
      }
      const count = runs.count
      const passing = yield* this.nearest(run, result.moves)
      return yield* Effect.fail(scheduleError({
        failure: result.failure,
        token,
        runs: count,
        shrinkRuns: 0,
        moves: result.moves,
        found: run.deviations,
        failing: run,
        passing,
        settings
      }))
    })
  }

  /** The run of a token. */
  private again(
    written: Written,
    text: string
  ): Effect.Effect<{ readonly result: ExploredRun.Result; readonly run: Run }, TokenError> {
    const { runs, settings } = this
    return Effect.gen({ self: this }, function*() {
      const token = yield* Effect.fromResult(decode(text, runs.exploration.paths))
      const changed = (message: string) =>
        new TokenError({ message: `the token ${JSON.stringify(text)} ${message}`, reason: "changed" })
      if (token.flags !== flagsOf(settings) || token.pause !== settings.pause) {
        return yield* Effect.fail(
          changed("was made with other options: `vary`, `pause` and `outside` have to be as they were")
        )
      }
      if (token.fingerprint !== (written.result.fingerprint & 0xffff)) {
        return yield* Effect.fail(
          changed("is of another program, or this one has changed since: its written order differs")
        )
      }
      const trace = new Trace()
      const { content } = token
      const attempt: Attempt = "origin" in content
        ? new Plan(settings, written).attempt(content.origin)
        : { picker: new Planned(new Schedule(content.moves)) }
      const { result } = yield* this.runs.run(attempt.picker, { trace, isLogged: true })
      if ("moves" in content && result.moves.length < content.moves.length) {
        return yield* Effect.fail(changed("has a deviation that no longer has a place: the program has changed since"))
      }
      return { result, run: trace.run }
    })
  }
}
