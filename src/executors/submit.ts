/**
 * Submitting: a task of the caller's loop that waits for a job.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { Awaitable } from "../Awaitable.ts"
import type { EventLoop } from "../EventLoop.ts"
import type { CallSite } from "../internal/host/callSite.ts"
import * as check from "../internal/host/check.ts"
import { creationSite } from "../internal/loop/creationSite.ts"
import { createTask, makesTask } from "../internal/task/createTask.ts"
import { join } from "../internal/task/future.ts"
import type { TaskImpl } from "../internal/task/task.ts"
import type { Task } from "../Task.ts"
import type { Failure } from "./errors.ts"
import type * as Executor from "./Executor.ts"
import type * as Job from "./Job.ts"
import { nextId } from "./parts/ids.ts"
import { jobOf } from "./parts/JobImpl.ts"
import {
  type AnyExecutor,
  attempts,
  checkJob,
  defaultExecutor,
  executorOf,
  type Submission
} from "./parts/submission.ts"

/**
 * Options of `submit`, `runInExecutor` and `toThread`.
 *
 * @category models
 * @since 0.2.0
 */
export interface SubmitOptions<in P = never, out E = never, out R = never> {
  /** Default: a new one. In a cluster the same id is the same job: it joins the running one, or gets the stored result. */
  readonly id?: string | undefined
  /** The task's name. Default: the job's. */
  readonly name?: string | undefined
  /** Runs again after `WorkerLost`, at most so often. Never after the job's own failure. Default: 0. */
  readonly retries?: number | undefined
  /** Takes what the job reports, one after the other, in order, all of it before the task ends. */
  readonly onProgress?: ((value: P) => Effect.Effect<unknown, E, R>) | undefined
}

/**
 * Makes a task of a job on the default executor.
 *
 * @category verbs
 * @since 0.2.0
 */
export const submit = <J extends Job.Any, E = never, R = never>(
  job: J,
  input: Job.Input<J>,
  options?: SubmitOptions<Job.Progress<J>, E, R>
):
  & Effect.Effect<Task<Job.Success<J>, Job.Error<J> | Failure | E>, never, R | Executor.Service | EventLoop>
  & Awaitable.MakesTask =>
{
  const site = creationSite(submit)
  return makesTask(
    "submit",
    (fiber) => Effect.succeed(start("submit", fiber, defaultExecutor("submit", fiber), job, input, options, site))
  )
}

/**
 * Makes a task of a job on an executor that has it.
 *
 * @category verbs
 * @since 0.2.0
 */
export const runInExecutor = <J extends Job.Any, K extends J, E = never, R = never>(
  executor: Executor.Executor<J>,
  job: K,
  input: Job.Input<K>,
  options?: SubmitOptions<Job.Progress<K>, E, R>
): Effect.Effect<Task<Job.Success<K>, Job.Error<K> | Failure | E>, never, R | EventLoop> & Awaitable.MakesTask => {
  const site = creationSite(runInExecutor)
  return makesTask(
    "runInExecutor",
    (fiber) =>
      Effect.succeed(start("runInExecutor", fiber, executorOf("runInExecutor", executor), job, input, options, site))
  )
}

/**
 * Submits a job to the default executor, and awaits it.
 *
 * @category verbs
 * @since 0.2.0
 */
export const toThread = <J extends Job.Any, E = never, R = never>(
  job: J,
  input: Job.Input<J>,
  options?: SubmitOptions<Job.Progress<J>, E, R>
): Effect.Effect<Job.Success<J>, Job.Error<J> | Failure | E, R | Executor.Service | EventLoop> => {
  const site = creationSite(toThread)
  return Effect.withFiber((fiber) =>
    join(
      start<Job.Success<J>, Job.Error<J> | Failure | E>(
        "toThread",
        fiber,
        defaultExecutor("toThread", fiber),
        job,
        input,
        options,
        site
      )
    )
  )
}

const text = check.kind((value) => typeof value === "string" && value !== "", "some text")

const checkOptions = check.options<SubmitOptions>({
  id: text,
  name: check.string,
  retries: check.count(0),
  onProgress: check.callback
})

/** `A` and `E` are of the job, which the caller knows. */
const start = <A, E>(
  call: string,
  fiber: Fiber.Fiber<unknown, unknown>,
  executor: AnyExecutor,
  job: Job.Any,
  input: unknown,
  options: SubmitOptions<never, unknown, unknown> | undefined,
  site: CallSite | undefined
): TaskImpl<A, E> => {
  const own = jobOf(call, job)
  checkOptions(call, options)
  const { id = nextId(), name = own.name, onProgress, retries = 0 } = options ?? {}
  const submission = { id, job: own, input, onProgress, retries } as Submission
  checkJob(call, executor, submission)
  const effect = attempts(call, executor, submission) as Effect.Effect<A, E>
  return createTask(call, fiber, effect, { name }, site)
}
