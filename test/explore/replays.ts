/** Whether the token of a failure brings the same failure: its kind, and every step. */
import { Effect } from "effect"
import { Explore } from "effect-asyncio/testing"
import { isDeepStrictEqual } from "node:util"
import type { Program } from "./primitives.ts"

export const replays = (program: Program, options: Explore.Options, error: Explore.ScheduleError) =>
  Effect.map(
    Effect.result(Explore.check(program, { ...options, replay: error.token })),
    (result) =>
      result._tag === "Failure" && result.failure._tag === "ScheduleError" && result.failure.kind === error.kind &&
      isDeepStrictEqual(result.failure.failing.steps, error.failing.steps)
  )
