/** What each submitted task does: a job's attempts, all but the first after a worker was lost. */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { RuntimeError } from "../../Errors.ts"
import type { EventLoop } from "../../EventLoop.ts"
import * as check from "../../internal/host/check.ts"
import { WorkerLost } from "../errors.ts"
import { type ExecuteOptions, Executor, type Executor as ExecutorOf } from "../Executor.ts"
import type { Any } from "../Job.ts"
import { codecsOf, orIllegal } from "./codecs.ts"
import type { AnyJob } from "./JobImpl.ts"
import { ExecutorImpl } from "./makeExecutor.ts"

/** An executor of unknown jobs: it checks itself what it is asked for. */
export type AnyExecutor = ExecutorOf<Any>

export interface Submission extends ExecuteOptions<unknown> {
  readonly job: AnyJob
  readonly input: unknown
  readonly retries: number
}

type Checked = Pick<Submission, "job" | "onProgress">

/** Dies if the executor is known not to run it. */
export const checkJob = (call: string, executor: AnyExecutor, { job, onProgress }: Checked): void => {
  // A user's own executor does its own checks.
  if (executor instanceof ExecutorImpl) executor.check(call, job, onProgress)
}

const isExecutor = check.branded("Executor")

/** Typed by the caller: the executor has the job, or says that it does not. */
export const executorOf = (call: string, executor: ExecutorOf<never>): AnyExecutor => {
  isExecutor(call, "the executor", executor)
  return executor as AnyExecutor
}

export const defaultExecutor = (call: string, fiber: Fiber.Fiber<unknown, unknown>): AnyExecutor => {
  const executor = Context.getOrUndefined(fiber.context, Executor)
  if (executor !== undefined) return executorOf(call, executor)
  const message = `${call}: no executor: provide ThreadPool.layer, Executor.layerLocal, or another`
  throw new RuntimeError({ message })
}

/** Runs the job, and again if its worker is lost. `call`: the function that asks for it. */
export const attempts = (
  call: string,
  executor: AnyExecutor,
  { input, job, onProgress, retries, ...options }: Submission
): Effect.Effect<unknown, unknown, EventLoop> =>
  Effect.withFiber((fiber) => {
    const heard = onProgress === undefined ? {} : { onProgress: asSubmitter(call, onProgress, fiber.context) }
    const attempt = (count: number): Effect.Effect<unknown, unknown, EventLoop> => {
      // Its type was checked where the job's was known.
      const once = executor.execute(job, input as never, {
        ...options,
        ...heard,
        attempt: count,
        mayRetry: count <= retries
      })
      return count > retries ? once : Effect.catchIf(once, isLossOf(options.id), () => attempt(count + 1))
    }
    return Effect.catchCause(
      attempt(1),
      (cause) => Effect.andThen(refuse(call, job, input, cause), Effect.failCause(cause))
    )
  })

/** With the submitter's services and as its task, whichever fiber of the backend takes reports. */
const asSubmitter = (
  call: string,
  onProgress: NonNullable<Submission["onProgress"]>,
  context: Context.Context<never>
) =>
(value: unknown) =>
  Effect.provideContext(Effect.suspend(() => check.given(call, "onProgress", onProgress(value))), context)

/** Not every `WorkerLost` is this job's: its handler may have met others. */
const isLossOf = (id: string) => (error: unknown): boolean => error instanceof WorkerLost && error.id === id

/**
 * Dies if the job's schema did not accept the input. To tell that refusal from others, the input is encoded again; what
 * goes well is encoded once.
 */
const refuse = (call: string, job: AnyJob, input: unknown, cause: Cause.Cause<unknown>): Effect.Effect<void> => {
  const isRefusal = cause.reasons.some((reason) => reason._tag === "Die" && Schema.isSchemaError(reason.defect))
  if (!isRefusal) return Effect.void
  const encoded = codecsOf(job).input.encode(input)
  return Effect.asVoid(
    orIllegal(encoded, call, `the input of job '${job.name}'`, input, "a value of its payload schema")
  )
}
