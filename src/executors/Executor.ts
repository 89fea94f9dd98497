/**
 * Executors: what runs jobs. Each backend is one function, `execute`; all else is asyncio's, as what is submitted is a task.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { EventLoop } from "../EventLoop.ts"
import * as check from "../internal/host/check.ts"
import { version } from "../internal/host/version.ts"
import type { Failure } from "./errors.ts"
import type * as Job from "./Job.ts"
import { handlersOf } from "./parts/handlers.ts"
import { jobsOf } from "./parts/JobImpl.ts"
import { runHere } from "./parts/LocalExecutor.ts"
import { makeExecutor } from "./parts/makeExecutor.ts"
import { Places } from "./parts/Places.ts"

/**
 * What runs the jobs `J`: threads, processes, a cluster, or this process.
 *
 * **Details**
 *
 * Who asks it is `submit` and its kin; `execute` is for those who build on executors.
 *
 * In Python `concurrent.futures.Executor`.
 *
 * @category models
 * @since 0.2.0
 */
export interface Executor<in J extends Job.Any> {
  readonly "~effect-asyncio/Executor": (_: J) => void
  /**
   * Runs a job once, in the calling fiber. Its interruption cancels the job, and ends when the job has ended or its worker is
   * gone. No retries, and no task.
   */
  readonly execute: <K extends J>(
    job: K,
    input: Job.Input<K>,
    options: ExecuteOptions<Job.Progress<K>>
  ) => Effect.Effect<Job.Success<K>, Job.Error<K> | Failure, EventLoop>
  /** `<Executor name='images' hash, resize>`. */
  toString(): string
}

/**
 * What goes with a job to its executor.
 *
 * @category models
 * @since 0.2.0
 */
export interface ExecuteOptions<in P = never> {
  /** The submission's, the same in each attempt. */
  readonly id: string
  /** Counted from 1, which is the default. */
  readonly attempt?: number | undefined
  /** Takes the job's reports, one after the other. */
  readonly onProgress?: ((value: P) => Effect.Effect<unknown>) | undefined
}

/**
 * The service that `submit`, `map` and `toThread` ask for.
 *
 * @category services
 * @since 0.2.0
 */
export interface Service {
  readonly "~effect-asyncio/Executor/Service": unique symbol
}

/**
 * The default executor: that of `submit`, `map` and `toThread`. Its jobs are not in its type: asked for one that it does not
 * have, it dies.
 *
 * **Details**
 *
 * `layer` makes one the default. asyncio's `loop.set_default_executor`; there is none unless it is provided.
 *
 * @category services
 * @since 0.2.0
 */
export const Executor: Context.Service<Service, Executor<Job.Any>> = Context.Service(
  `effect-asyncio@${version}/Executor`
)

/**
 * Makes an executor the default one, as long as the layer's scope is open.
 *
 * **Example** (Two groups, one default)
 *
 * ```ts import.meta.vitest
 * import { Effect, Schema } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { Executor, Job, toThread } from "effect-asyncio/executors"
 *
 * const hash = Job.make("hash", { payload: Schema.String, success: Schema.Number })
 * const make = Executor.local(Job.group("cpu", hash), { hash: (text) => Effect.succeed(text.length) })
 *
 * await asyncio.run(toThread(hash, "text").pipe(Effect.provide(Executor.layer(make)))) // => 4
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = <J extends Job.Any, E, R>(
  make: Effect.Effect<Executor<J>, E, R>
): Layer.Layer<Service, E, Exclude<R, Scope.Scope>> =>
  Layer.effect(
    Executor,
    Effect.suspend(() => {
      check.effect("Executor.layer", "the argument", make)
      // Asked for a job that it has not, it says so itself.
      return make as unknown as Effect.Effect<Executor<Job.Any>, E, R>
    })
  )

/**
 * Options of an executor in this process.
 *
 * @category models
 * @since 0.2.0
 */
export interface LocalOptions {
  /** How many jobs run at once. Default: all. */
  readonly size?: number | undefined
}

const checkLocal = check.options<LocalOptions>({ size: check.count(1) })

/**
 * Makes an executor that runs its jobs in this process, as tasks of the caller's loop.
 *
 * **When to use**
 *
 * In tests, in the place of threads, processes or a cluster: on the virtual loop and under `Explore`, without a worker. And
 * wherever a job waits more than it computes.
 *
 * **Details**
 *
 * Inputs, results, failures and reports go through the schemas, as everywhere: a value that does not survive the way shows in
 * the test. The handlers have the services of the place where it is made, before the caller's; clock and loop are the caller's.
 *
 * `size` is a whole number above 0.
 *
 * **Gotchas**
 *
 * A handler that computes for long holds up the whole loop. No worker is ever lost here: `WorkerLost` does not happen.
 *
 * **Example** (Two at a time)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { Executor, Job, runInExecutor } from "effect-asyncio/executors"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const sweep = Job.make("sweep")
 *
 * const main = Effect.gen(function*() {
 *   const house = yield* Executor.local(Job.group("house", sweep), { sweep: () => asyncio.sleep("1 hour") }, { size: 2 })
 *   const tasks = []
 *   for (let i = 0; i < 10; i++) tasks.push(yield* runInExecutor(house, sweep, undefined))
 *   yield* asyncio.gather(tasks)
 *   return yield* asyncio.EventLoop.time
 * })
 *
 * await Effect.runPromise(VirtualLoop.run(main)) // => 18000
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const local = <J extends Job.Any, const H extends Job.Handlers<J, unknown>>(
  jobs: Job.Jobs<J>,
  handlers: Job.HandlersOf<J, H>,
  options?: LocalOptions
): Effect.Effect<Executor<J>, never, Job.Services<H>> =>
  Effect.map(handlersOf("Executor.local", jobs, handlers), (handlers) => {
    checkLocal("Executor.local", options)
    return makeExecutor<J>({
      jobs: jobsOf("Executor.local", jobs),
      name: jobs.name,
      places: new Places(options?.size ?? Infinity, jobs.name),
      run: (execution) => runHere(handlers, execution)
    })
  })

/**
 * `local` as the default executor.
 *
 * **Example** (A stub of what workers do)
 *
 * ```ts import.meta.vitest
 * import { Effect, Schema } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { Executor, Job, map } from "effect-asyncio/executors"
 *
 * const resize = Job.make("resize", { payload: Schema.String, success: Schema.String })
 * const layer = Executor.layerLocal(Job.group("images", resize), { resize: (path) => Effect.succeed(`small ${path}`) })
 *
 * await asyncio.run(map(resize, ["a.png", "b.png"]).pipe(Effect.provide(layer))) // => ["small a.png", "small b.png"]
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layerLocal = <J extends Job.Any, const H extends Job.Handlers<J, unknown>>(
  jobs: Job.Jobs<J>,
  handlers: Job.HandlersOf<J, H>,
  options?: LocalOptions
): Layer.Layer<Service, never, Exclude<Job.Services<H>, Scope.Scope>> => layer(local(jobs, handlers, options))
