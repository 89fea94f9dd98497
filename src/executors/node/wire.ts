/**
 * What a pool and its workers say to each other: a small protocol on Effect's `Worker` platform.
 *
 * Why not Effect's rpc, with a job as a call? Its client forgets a call that is interrupted, while a pool has to wait
 * for its end, or hand out a busy worker (gaps.ts); a report would have to share a stream with the result; and loading
 * its server makes a worker's start a third longer. The values are the JSON of a job's codecs, as everywhere; what a
 * `Transferable` schema has moves beside it.
 */

/** The caller's span, which is the parent of the job's. */
export interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
}

/** `call`: the pool's number for each attempt at a job. */
export type ToWorker =
  | {
    readonly _tag: "Run"
    readonly call: number
    readonly job: string
    readonly input: unknown
    readonly id: string
    readonly attempt: number
    /** Whether anybody listens to its reports. */
    readonly reports: boolean
    readonly span: Span | undefined
  }
  | { readonly _tag: "Cancel"; readonly call: number }
  /** The report is taken: the handler, which has waited for this, goes on. */
  | { readonly _tag: "Taken"; readonly call: number }

export type FromWorker =
  | { readonly _tag: "Report"; readonly call: number; readonly report: unknown }
  /** `stacks`: those of typed failures, which schemas leave behind; one for each reason of the cause. */
  | {
    readonly _tag: "Exit"
    readonly call: number
    readonly exit: unknown
    readonly stacks: ReadonlyArray<string | undefined>
  }
  /** It does not have the job. `serves`: the jobs it has. */
  | { readonly _tag: "Unknown"; readonly call: number; readonly serves: string }

/** An encoded value, and what of it moves. */
export interface Parcel {
  readonly value: unknown
  readonly transfers: ReadonlyArray<unknown>
}
