/** The reports of a job, for its caller. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { codecsOf } from "../parts/codecs.ts"
import type { Execution } from "../parts/makeExecutor.ts"
import { ofAnotherVersion } from "./outcome.ts"
import type { Client } from "./protocol.ts"
import { fromJson } from "./values.ts"

/** Hands on what the job reports until it has `ended`, then what is still on its way, for `grace` milliseconds. */
export const listen = (
  client: Client,
  execution: Execution,
  ended: Effect.Effect<Exit.Exit<unknown, unknown>>,
  grace: number
): Effect.Effect<void, unknown> => {
  const { attempt, id, job, onProgress } = execution
  if (onProgress === undefined) return Effect.void
  const { progress } = codecsOf(job)
  const of = { job: job.name, attempt }
  // There are none any more: the job has ended before, or its runner is gone.
  const isOver = client(id).hasReports(of).pipe(
    Effect.catchCause(() => Effect.succeed(true)),
    Effect.flatMap((hasReports) => hasReports ? Effect.never : Effect.void)
  )
  return client(id).reports(of).pipe(
    // Its runner is full, or leaves, which is an interruption here, too.
    Stream.catchCause(Stream.fail),
    Stream.retry(Schedule.spaced("1 second")),
    Stream.interruptWhen(
      Effect.flatMap(ended, (exit) => Exit.isSuccess(exit) ? Effect.timeoutOption(isOver, grace) : Effect.void)
    ),
    Stream.buffer({ capacity: 16 }),
    Stream.runForEach((json) =>
      Effect.matchEffect(progress.decode(fromJson(json)), {
        onSuccess: onProgress,
        onFailure: (error) => ofAnotherVersion(execution, `a report of ${id}`, error)
      })
    )
  )
}
