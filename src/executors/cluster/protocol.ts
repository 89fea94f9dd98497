/**
 * What callers and runners say to each other. A job is an entity of its own, whose address is the submission's id; it knows three
 * requests, which are the same for every job:
 *
 * - `run` is stored before anybody is told of it, and so is its answer, once. One attempt at a job is one such message, whoever
 *   sends it and however often: its primary key says so.
 * - `reports` is stored nowhere: what the job reports, to whoever listens while it runs. `hasReports`, neither: whether the
 *   runner that is asked has them.
 *
 * Why not one stream, with the result as its last element? Stored streams are for one reader. Whoever acknowledges an element
 * takes it from all others (SqlMessageStorage.ts: `acked`), so that a second caller of the same id would get no result; and an
 * element costs two commits.
 *
 * Why not a request for each job, with its schemas? Effect stores a defect for a message that it can't decode, which no caller
 * can tell from one of a handler's. So values cross as the JSON of the job's own codecs, as everywhere else.
 */
import { Persisted, Uninterruptible } from "effect/cluster/ClusterSchema"
import * as Entity from "effect/cluster/Entity"
import type * as Effect from "effect/Effect"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as check from "../../internal/host/check.ts"

/** The caller's span, which is the parent of the job's. */
const Span = Schema.Struct({ traceId: Schema.String, spanId: Schema.String, sampled: Schema.Boolean })

const job = { job: Schema.String, attempt: Schema.Int }

/** Effect puts a message's key together of the group, the id and the rest, with slashes: ids alone may have some of their own. */
const segment = (name: string): string => name.replaceAll(/[%/\0]/g, encodeURIComponent)

/** One attempt at a job; among those of an id, its key. */
export const keyOf = ({ attempt, job }: { readonly attempt: number; readonly job: string }): string =>
  `${segment(job)}/${attempt}`

/** Refuses what the tables of Effect's storages have no room for, or would make another id of. */
export const checkId = (id: string): void => {
  const refuse = (expected: string) => check.illegal("Executor.execute", "the id", id, expected)
  if (id.length > 255) refuse("one of at most 255 characters")
  if (!id.isWellFormed() || id.includes("\0")) refuse("text that a database takes: no NUL, no half of a surrogate pair")
}

/** How an attempt has ended. */
const Outcome = Schema.Union([
  Schema.TaggedStruct("Exit", { exit: Schema.Json }),
  Schema.TaggedStruct("WorkerLost", { reason: Schema.String }),
  /** The runner can't read what the caller has sent: they know two versions of the job. */
  Schema.TaggedStruct("Unreadable", { message: Schema.String })
])
export type Outcome = typeof Outcome.Type

export const Run = Rpc.make("run", {
  payload: { ...job, input: Schema.Json, span: Schema.optionalKey(Span) },
  success: Outcome,
  primaryKey: keyOf
}).annotate(Persisted, true)
  // A caller that is interrupted says itself whether the job is to end: see Caller.ts.
  .annotate(Uninterruptible, "client")

const Reports = Rpc.make("reports", { payload: job, success: Schema.Json, stream: true })

const HasReports = Rpc.make("hasReports", { payload: job, success: Schema.Boolean })

/** As the storage calls the jobs of a group. */
export const typeOf = (group: string): string => segment(group)

export const entityOf = (group: string) => Entity.make(typeOf(group), [Run, Reports, HasReports])

export type Client = Effect.Success<ReturnType<typeof entityOf>["client"]>
