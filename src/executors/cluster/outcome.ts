/** How a job has ended, for its caller. */
import type * as Cause from "effect/Cause"
import type {
  AlreadyProcessingMessage,
  EntityNotAssignedToRunner,
  MailboxFull,
  PersistenceError
} from "effect/cluster/ClusterError"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import { format, oneLine } from "../../internal/host/printing.ts"
import { BrokenExecutor, WorkerLost } from "../errors.ts"
import { codecsOf } from "../parts/codecs.ts"
import type { Execution } from "../parts/makeExecutor.ts"
import type { Outcome } from "./protocol.ts"

export type SendError = EntityNotAssignedToRunner | MailboxFull | AlreadyProcessingMessage | PersistenceError

/** What the job has ended with, by what the cluster says of it. */
export const outcomeOf = (
  { id, job }: Execution,
  ended: Exit.Exit<Outcome, SendError>
): Effect.Effect<unknown, unknown> =>
  Effect.matchCauseEffect(ended, {
    onFailure: (cause): Effect.Effect<never, BrokenExecutor> => {
      const failure = cause.reasons.find((reason) => reason._tag === "Fail")
      if (failure === undefined) return Effect.failCause(cause as Cause.Cause<never>)
      const { error } = failure
      // Of the storage's errors only the cause says something.
      const why = error._tag === "PersistenceError" ? error.cause : error
      return new BrokenExecutor({
        message: `job '${job.name}': ${error._tag}: ${oneLine(why instanceof Error ? why.message : format(why))}`,
        cause: error
      })
    },
    onSuccess: (outcome) => {
      switch (outcome._tag) {
        case "Exit":
          return Effect.matchEffect(codecsOf(job).exit.decode(outcome.exit), {
            onSuccess: (exit) => exit as Exit.Exit<unknown, unknown>,
            onFailure: ({ message }) =>
              new BrokenExecutor({
                message: `job '${job.name}': what is stored as the outcome of ${id} is none of this version's: ${
                  oneLine(message)
                }`
              })
          })
        case "WorkerLost":
          return new WorkerLost({ job: job.name, id, reason: outcome.reason })
        case "Unreadable":
          return new BrokenExecutor({ message: `job '${job.name}': ${outcome.message}` })
      }
    }
  })
