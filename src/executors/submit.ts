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
import { atomically } from "../internal/host/withoutYield.ts"
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
export interface SubmitOptions<P = never, E = never, R = never> {
  /**
   * Default: a new one. In a cluster the same id is the same job: it joins a running one, or gets the stored result.
   */
  readonly id?: string | undefined
  /** The task's name. Default: the job's. */
  readonly name?: string | undefined
  /** How many times the job may run again after `WorkerLost`. It never does after its own failure. Default: 0. */
  readonly retries?: number | undefined
  /**
   * Takes what the job reports: one at a time, in order, all of it before the task ends, and nothing after a
   * cancellation. The job waits meanwhile. It runs with the submitter's services; if it fails, the task fails with
   * that, and the job is cancelled. (`onProgress` of `gather` is another one: it says how many of its tasks have
   * ended.)
   */
  readonly onProgress?:
    | ([P] extends [never] ? ReportsNothing : (value: P) => Effect.Effect<unknown, E, R>)
    | undefined
}

/**
 * What the compiler says of an `onProgress` that would never be called.
 *
 * @category models
 * @since 0.2.0
 */
export type ReportsNothing = "the job has no progress schema: it reports nothing"

/**
 * What follows the job: its input, which may be left out where the job takes nothing, and options.
 *
 * @category models
 * @since 0.2.0
 */
export type SubmitArguments<J extends Job.Any, E, R> = undefined extends Job.Input<J>
  ? [input?: Job.Input<J>, options?: SubmitOptions<Job.Progress<J>, E, R>]
  : [input: Job.Input<J>, options?: SubmitOptions<Job.Progress<J>, E, R>]

/**
 * Makes a task of a job on the default executor.
 *
 * **When to use**
 *
 * Use it to go on while the job runs, or to wait for it among others: the result is a task like any other. `toThread`
 * submits and awaits.
 *
 * **Details**
 *
 * The task waits for a place in the executor, first come, first served, and then for the job. If it is cancelled while
 * it waits for its place, the job never runs. Later, the job is interrupted where it runs, its finalizers run, and the
 * task ends when the job has ended or its worker is gone.
 *
 * It fails with the job's own error; with `WorkerLost` if the worker is gone; with `BrokenExecutor` if the executor
 * can't run the job. A defect of the handler arrives as a defect, with its message and the worker's stack. If the
 * handler is cancelled by its own doing, the task ends cancelled.
 *
 * A job that the executor does not have dies at once; an input that does not fit its schema is a defect of the task.
 *
 * A job without a payload takes no input: `submit(job)`, or `submit(job, undefined, options)`.
 *
 * It makes a task, as `createTask` does, so `gather([submit(job, x)])` is refused: give it `toThread(job, x)`, or the
 * task.
 *
 * In Python `executor.submit`, whose future can be cancelled only while it waits.
 *
 * **Example** (Two of them, with reports)
 *
 * ```ts import.meta.vitest
 * import { Console, Effect, Schema } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { Executor, Job, submit } from "effect-asyncio/executors"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const copy = Job.make("copy", { payload: Schema.Number, success: Schema.String, progress: Schema.Number })
 *
 * const layer = Executor.layerLocal(Job.group("disk", copy), {
 *   copy: Effect.fn("copy")(function*(seconds, { progress }) {
 *     yield* asyncio.sleep({ seconds })
 *     yield* progress(100)
 *     return `took ${seconds} s`
 *   })
 * })
 *
 * const main = Effect.gen(function*() {
 *   const slow = yield* submit(copy, 5, { onProgress: (percent) => Console.log(`slow: ${percent} %`) })
 *   const fast = yield* submit(copy, 1)
 *   const { done } = yield* asyncio.wait([slow, fast], { returnWhen: asyncio.FIRST_COMPLETED })
 *   yield* Console.log(done.has(fast), yield* slow)
 * })
 *
 * await Effect.runPromise(VirtualLoop.run(Effect.provide(main, layer)))
 * // => slow: 100 %
 * // => true took 5 s
 * ```
 *
 * @category verbs
 * @since 0.2.0
 */
export const submit = <J extends Job.Any, E = never, R = never>(
  job: J,
  ...[input, options]: SubmitArguments<J, E, R>
):
  & Effect.Effect<
    Task<Job.Success<J>, Job.Error<J> | Failure | E>,
    never,
    Awaitable.Given<R> | Executor.DefaultExecutor | EventLoop
  >
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
 * **When to use**
 *
 * Use it where there is more than one executor, or to have the compiler check that the executor has the job.
 *
 * **Details**
 *
 * As `submit`. asyncio's `loop.run_in_executor(executor, …)`.
 *
 * **Example** (One for each kind of work)
 *
 * ```ts import.meta.vitest
 * import { Effect, Schema } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { Executor, Job, runInExecutor } from "effect-asyncio/executors"
 *
 * const hash = Job.make("hash", { payload: Schema.String, success: Schema.Number })
 * const query = Job.make("query", { payload: Schema.String, success: Schema.String })
 *
 * const main = Effect.gen(function*() {
 *   const cpu = yield* Executor.local(Job.group("cpu", hash), { hash: (text) => Effect.succeed(text.length) }, { size: 1 })
 *   const database = yield* Executor.local(Job.group("database", query), { query: (sql) => Effect.succeed(`${sql}: 1`) })
 *   // @ts-expect-error not one of its jobs
 *   void runInExecutor(cpu, query, "select 1")
 *   return yield* asyncio.gather([
 *     yield* runInExecutor(cpu, hash, "text"),
 *     yield* runInExecutor(database, query, "select 1")
 *   ])
 * })
 *
 * await asyncio.run(Effect.scoped(main)) // => [4, "select 1: 1"]
 * ```
 *
 * @category verbs
 * @since 0.2.0
 */
export const runInExecutor = <J extends Job.Any, K extends J, E = never, R = never>(
  executor: Executor.Executor<J>,
  job: K,
  ...[input, options]: SubmitArguments<K, E, R>
):
  & Effect.Effect<Task<Job.Success<K>, Job.Error<K> | Failure | E>, never, Awaitable.Given<R> | EventLoop>
  & Awaitable.MakesTask =>
{
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
 * **Details**
 *
 * `submit`, then awaiting the task: being cancelled cancels the job. asyncio's `to_thread`; whether it is a thread is
 * for the executor to decide.
 *
 * **Example** (Not longer than a second)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { Executor, Job, toThread } from "effect-asyncio/executors"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const sweep = Job.make("sweep")
 * const layer = Executor.layerLocal(Job.group("house", sweep), { sweep: () => asyncio.sleep("1 hour") })
 *
 * const main = Effect.gen(function*() {
 *   const end = yield* asyncio.waitFor(toThread(sweep), "1 second").pipe(
 *     Effect.catchTag("TimeoutError", () => Effect.succeed("too slow"))
 *   )
 *   return [end, yield* asyncio.EventLoop.time]
 * })
 *
 * await Effect.runPromise(VirtualLoop.run(Effect.provide(main, layer))) // => ["too slow", 1]
 * ```
 *
 * @category verbs
 * @since 0.2.0
 */
export const toThread = <J extends Job.Any, E = never, R = never>(
  job: J,
  ...[input, options]: SubmitArguments<J, E, R>
): Effect.Effect<Job.Success<J>, Job.Error<J> | Failure | E, R | Executor.DefaultExecutor | EventLoop> => {
  const site = creationSite(toThread)
  return atomically((fiber) =>
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

const text = check.kind((value) => typeof value === "string" && value !== "", "a non-empty string")

const checkOptions = check.options<SubmitOptions>({
  id: text,
  name: check.string,
  retries: check.count(0),
  onProgress: check.callback
})

/** `A` and `E` are the job's, which the caller knows. */
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
