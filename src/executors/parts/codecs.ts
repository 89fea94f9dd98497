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

// Made when a value first goes through one: most processes need only half of them.
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

/** Dies if the schema does not accept the value, like any wrong argument. `expected`: what the schema is for. */
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
 * How a job ends whose handler gave, or failed with, a value that its schemas do not accept: with a defect that says
 * so. An error is not lost by this.
 */
export const refusalOf = (
  call: string,
  job: AnyJob,
  exit: Exit.Exit<unknown, unknown>
): Effect.Effect<Exit.Exit<never>> => {
  const failure = Exit.isFailure(exit) ? exit.cause.reasons.find(Cause.isFailReason) : undefined
  const [what, value, name] = Exit.isSuccess(exit)
    ? ["result", exit.value, "success"] as const
    : ["error", failure?.error, "error"] as const
  // By its own schema, without the path to it within an exit.
  return Effect.map(Effect.orDie(Effect.flip(codec(job[name]).encode(value))), ({ message }) => {
    const expected = name === "error" && job.error === Schema.Never
      ? "no failure, since the job has no error schema"
      : `a value of its ${name} schema: ${oneLine(message)}`
    const text = `${call}: the ${what} of the handler of job '${job.name}' is ${format(value)}, expected ${expected}`
    const error = new Cause.IllegalArgumentError(text)
    return Exit.die(failure === undefined ? error : Object.assign(error, { cause: failure.error }))
  })
}

/** The stacks of typed failures, one for each reason of the cause: schemas make new errors, with other stacks. */
export const stacksOf = (exit: Exit.Exit<unknown, unknown>): ReadonlyArray<string | undefined> =>
  Exit.isSuccess(exit) ? [] : exit.cause.reasons.map(stackOf)

const stackOf = (reason: Cause.Reason<unknown>): string | undefined =>
  reason._tag === "Fail" && reason.error instanceof Error ? reason.error.stack : undefined

/** The exit, with those stacks on its failures. */
export const withStacks = <A, E>(exit: Exit.Exit<A, E>, stacks: ReadonlyArray<string | undefined>): Exit.Exit<A, E> => {
  if (Exit.isSuccess(exit)) return exit
  exit.cause.reasons.forEach((reason, index) => {
    const stack = stacks[index]
    if (stack === undefined || reason._tag !== "Fail" || !(reason.error instanceof Error)) return
    Object.defineProperty(reason.error, "stack", { value: stack, configurable: true, writable: true })
  })
  return exit
}
