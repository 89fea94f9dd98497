/** Jobs that tests submit; what they do stands in handlers.ts. */
import { Schema, SchemaTransformation } from "effect"
import { Job } from "effect-asyncio/executors"
import { Transferable } from "effect/workers"

export class Odd extends Schema.TaggedError<Odd>()("Odd", { n: Schema.Number }) {}

export const half = Job.make("half", { payload: Schema.Number, success: Schema.Number, error: Odd })
/** Reports from 1 to `n`, and gives what went before. */
export const steps = Job.make("steps", {
  payload: Schema.Number,
  success: Schema.Array(Schema.Number),
  progress: Schema.Struct({ step: Schema.Number, at: Schema.Date })
})
/** Reports that it has begun, and waits for ever. */
export const park = Job.make("park", { payload: Schema.String, progress: Schema.String })
/** As `park`; its clean-up needs some ticks, and reports. */
export const parkLong = Job.make("parkLong", { payload: Schema.String, progress: Schema.String })
/** What the jobs before have written into the worker's book. */
export const book = Job.make("book", { success: Schema.Array(Schema.String) })
export const write = Job.make("write", { payload: Schema.String })
export const broken = Job.make("broken", { payload: Schema.String })
/** Ends cancelled by itself. */
export const quit = Job.make("quit")
/** Who it is. */
export const self = Job.make("self", {
  success: Schema.Struct({
    id: Schema.String,
    attempt: Schema.Number,
    task: Schema.String,
    span: Schema.UndefinedOr(Schema.String),
    parent: Schema.UndefinedOr(Schema.String)
  })
})
export const echo = Job.make("echo", {
  payload: Schema.Struct({ when: Schema.Date, bytes: Schema.Uint8Array, tags: Schema.HashSet(Schema.String) }),
  success: Schema.Struct({ when: Schema.Date, bytes: Schema.Uint8Array, tags: Schema.HashSet(Schema.String) })
})
/** Reports what its schema refuses. */
export const wrongReport = Job.make("wrongReport", { progress: Schema.Number })
/** Gives what its schema refuses. */
export const wrongResult = Job.make("wrongResult", { success: Schema.Number })
/** Fails, which it did not say. */
export const wrongFailure = Job.make("wrongFailure")

/** Reports from that many fibers at once. */
export const chorus = Job.make("chorus", { payload: Schema.Number, progress: Schema.Number })
/** Reports twice, and can't be interrupted. */
export const stubborn = Job.make("stubborn", { progress: Schema.Number })
/** Turns bytes round. */
export const turn = Job.make("turn", {
  payload: Transferable.Uint8Array,
  success: Schema.Array(Transferable.Uint8Array)
})
/** Gives what its schema throws at. */
export const throwing = Job.make("throwing", {
  success: Schema.String.pipe(Schema.decodeTo(
    Schema.String,
    SchemaTransformation.transform({
      decode: (text) => text,
      encode: (): string => {
        throw new TypeError("no way")
      }
    })
  ))
})

/** A job belongs to one group, each law to a group of its own. */
export const groupNamed = (name: string) =>
  Job.group(
    name,
    half,
    steps,
    park,
    parkLong,
    book,
    write,
    broken,
    quit,
    self,
    echo,
    wrongReport,
    wrongResult,
    wrongFailure,
    chorus,
    stubborn,
    turn,
    throwing
  )

export const all = groupNamed("tests")
