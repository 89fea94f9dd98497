/**
 * What callers and runners say to each other. A job is an entity of its own, whose address is the submission's id; it knows two
 * requests, which are the same for every job:
 *
 * - `run` is stored before anybody is told of it, and so is its answer, once. One attempt at a job is one such message, whoever
 *   sends it and however often: its primary key says so.
 * - `reports` is stored nowhere: what the job reports, to whoever listens while it runs.
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
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"

/** The caller's span, which is the parent of the job's. */
const Span = Schema.Struct({ traceId: Schema.String, spanId: Schema.String, sampled: Schema.Boolean })

const job = { job: Schema.String, attempt: Schema.Int }

/** One attempt at a job; among those of an id, its key. */
export const keyOf = ({ attempt, job }: { readonly attempt: number; readonly job: string }): string =>
  `${job}/${attempt}`

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

export const entityOf = (name: string) => Entity.make(name, [Run, Reports])
