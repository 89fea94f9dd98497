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
import type { SchemaError } from "effect/Schema"
import { format, oneLine } from "../../internal/host/printing.ts"
import { BrokenExecutor, WorkerLost } from "../errors.ts"
import { codecsOf } from "../parts/codecs.ts"
import type { Execution } from "../parts/makeExecutor.ts"
import type { Outcome } from "./protocol.ts"
import { fromJson } from "./values.ts"

export type SendError = EntityNotAssignedToRunner | MailboxFull | AlreadyProcessingMessage | PersistenceError

/** The job's code has another version where it runs. */
export const ofAnotherVersion = ({ job }: Execution, what: string, { message }: SchemaError): BrokenExecutor =>
  new BrokenExecutor({ message: `job '${job.name}': ${what} is none of this version's: ${oneLine(message)}` })

/** What the job has ended with, by what the cluster says of it. */
export const outcomeOf = (
  execution: Execution,
  ended: Exit.Exit<Outcome, SendError>
): Effect.Effect<unknown, unknown> => {
  const { id, job } = execution
  return Effect.matchCauseEffect(ended, {
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
          return Effect.matchEffect(codecsOf(job).exit.decode(fromJson(outcome.exit)), {
            onSuccess: (exit) => exit as Exit.Exit<unknown, unknown>,
            onFailure: (error) => ofAnotherVersion(execution, `what is stored as the outcome of ${id}`, error)
          })
        case "WorkerLost":
          return new WorkerLost({ job: job.name, id, reason: outcome.reason })
        case "Unreadable":
          return new BrokenExecutor({ message: `job '${job.name}': ${outcome.message}` })
      }
    }
  })
}
