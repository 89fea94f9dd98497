/** What exploring finds in a program of this folder. Loaded with a change planted, all of it is the changed package's. */
import { Effect } from "effect"
import { Explore } from "effect-asyncio/testing"
import { primitives, type Program } from "./primitives.ts"
import { promises } from "./promises.ts"
import { replays } from "./replays.ts"

const programs: Readonly<Record<string, Program>> = { ...primitives, ...promises }

export interface Finding {
  readonly runs: number
  /** The deviations that it was found with; none: it fails as it is written. */
  readonly found: number
  readonly shrunk: ReadonlyArray<Explore.Deviation["kind"]>
  readonly replays: boolean
  /** The first line of the report. */
  readonly says: string
}

/** Within 500 runs. */
export type Find = (subject: string, vary: Explore.Vary) => Promise<Finding | undefined>

export const find: Find = (subject, vary) => {
  const program = programs[subject]!
  const options: Explore.Options = { vary, runs: 500, seed: 1, timeLimit: Infinity }
  return Effect.runPromise(
    Effect.gen(function*() {
      const result = yield* Effect.result(Explore.check(program, options))
      if (result._tag === "Success") return undefined
      const error = result.failure
      if (error._tag !== "ScheduleError") return yield* error
      return {
        runs: error.runs,
        found: error.found.length,
        shrunk: error.shrunk.map(({ kind }) => kind),
        replays: yield* replays(program, options, error),
        says: error.message.split("\n", 1)[0]!
      }
    })
  )
}
