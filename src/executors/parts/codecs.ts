/** The JSON of a job's values: what crosses a thread, a process, a network. */
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { AnyJob } from "./JobImpl.ts"

export interface Codec {
  readonly encode: (value: unknown) => Effect.Effect<unknown, Schema.SchemaError>
  readonly decode: (encoded: unknown) => Effect.Effect<unknown, Schema.SchemaError>
}

const codec = (schema: Schema.Codec<unknown, unknown>): Codec => {
  const json = Schema.toCodecJson(schema)
  return { encode: Schema.encodeUnknownEffect(json), decode: Schema.decodeUnknownEffect(json) }
}

/** How defects cross: with the worker's stack. */
export const Defect = Schema.Defect({ includeStack: true })

interface JobCodecs {
  readonly input: Codec
  readonly exit: Codec
  readonly progress: Codec
}

// Made when a value first goes through one: most processes need half of them.
const made = new WeakMap<AnyJob, JobCodecs>()

export const codecsOf = (job: AnyJob): JobCodecs => {
  let codecs = made.get(job)
  if (codecs === undefined) {
    made.set(
      job,
      codecs = {
        input: codec(job.payload),
        exit: codec(Schema.Exit(job.success, job.error, Defect)),
        progress: codec(job.progress ?? Schema.Never)
      }
    )
  }
  return codecs
}
