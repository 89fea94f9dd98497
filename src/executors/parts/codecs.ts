/** The JSON of a job's values: what crosses a thread, a process, a network. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as check from "../../internal/host/check.ts"
import { format, oneLine } from "../../internal/host/printing.ts"
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

/** Dies where the schema does not take the value, as of any wrong argument. `expected`: what it is the schema of. */
export const orIllegal = (
  coded: Effect.Effect<unknown, Schema.SchemaError>,
  call: string,
  what: string,
  value: unknown,
  expected: string
): Effect.Effect<unknown> =>
  Effect.catch(
    coded,
    ({ message }) => Effect.sync(() => check.illegal(call, what, value, `${expected}: ${oneLine(message)}`))
  )

/**
 * What a job ends with whose handler has given or failed with what its schemas do not take: a defect that says so. An error
 * is not lost with that.
 */
export const refusalOf = (
  call: string,
  job: AnyJob,
  exit: Exit.Exit<unknown, unknown>
): Effect.Effect<Exit.Exit<never>> => {
  const failure = Exit.isFailure(exit) ? exit.cause.reasons.find(Cause.isFailReason) : undefined
  const [does, value, name] = Exit.isSuccess(exit)
    ? ["gives", exit.value, "success"] as const
    : ["fails with", failure?.error, "error"] as const
  // By its own schema, without the way to it within an exit.
  return Effect.map(Effect.orDie(Effect.flip(codec(job[name]).encode(value))), ({ message }) => {
    const expected = name === "error" && job.error === Schema.Never
      ? "no failure, as the job has no error schema"
      : `what its ${name} is: ${oneLine(message)}`
    const text = `${call}: what the handler of job '${job.name}' ${does} is ${format(value)}, expected ${expected}`
    const error = new Cause.IllegalArgumentError(text)
    return Exit.die(failure === undefined ? error : Object.assign(error, { cause: failure.error }))
  })
}

/** Where typed failures come from: their own stacks, one for each reason of the cause. Schemas make new ones. */
export const stacksOf = (exit: Exit.Exit<unknown, unknown>): ReadonlyArray<string | undefined> =>
  Exit.isSuccess(exit) ? [] : exit.cause.reasons.map(stackOf)

const stackOf = (reason: Cause.Reason<unknown>): string | undefined =>
  reason._tag === "Fail" && reason.error instanceof Error ? reason.error.stack : undefined

/** Gives the exit, whose failures have those stacks. */
export const withStacks = <A, E>(exit: Exit.Exit<A, E>, stacks: ReadonlyArray<string | undefined>): Exit.Exit<A, E> => {
  if (Exit.isSuccess(exit)) return exit
  exit.cause.reasons.forEach((reason, index) => {
    const stack = stacks[index]
    if (stack === undefined || reason._tag !== "Fail" || !(reason.error instanceof Error)) return
    Object.defineProperty(reason.error, "stack", { value: stack, configurable: true, writable: true })
  })
  return exit
}
