/**
 * Executors: what runs jobs. Each backend is one function, `execute`; the rest is asyncio's, as every submitted job is
 * a task.
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
import { JobPlaces } from "./parts/JobPlaces.ts"
import { LocalExecutor } from "./parts/LocalExecutor.ts"
import { Loss } from "./parts/Loss.ts"
import { makeScoped } from "./parts/makeExecutor.ts"

/**
 * What runs the jobs `J`: threads, processes, a cluster, or this process.
 *
 * **Details**
 *
 * Programs use `submit`, `toThread`, `runInExecutor` and `map`; `execute` is for libraries that build on executors.
 *
 * In Python `concurrent.futures.Executor`.
 *
 * @category models
 * @since 0.2.0
 */
export interface Executor<in J extends Job.Any> {
  readonly "~effect-asyncio/Executor": (_: J) => void
  /**
   * Runs a job once, in the calling fiber: no retries, and no task. Interrupting that cancels the job, and takes until
   * the job has ended or its worker is gone.
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
  /** The submission's id, the same in each attempt. */
  readonly id: string
  /** Counted from 1, which is the default. */
  readonly attempt?: number | undefined
  /** Whether the input is needed again should the worker be lost: then what would move is copied. Default: false. */
  readonly mayRetry?: boolean | undefined
  /** Takes the job's reports, one at a time. */
  readonly onProgress?: ((value: P) => Effect.Effect<unknown>) | undefined
}

/**
 * The service that `submit`, `map` and `toThread` ask for: where the compiler misses it, provide an executor.
 *
 * @category services
 * @since 0.2.0
 */
export interface DefaultExecutor {
  readonly "~effect-asyncio/DefaultExecutor": "provide an executor: ThreadPool.layer, Executor.layerLocal, or another"
}

/**
 * The default executor, which `submit`, `map` and `toThread` use. Its type does not name its jobs: a job that it does
 * not have dies.
 *
 * **Details**
 *
 * There is none until one is provided, by `layer` or a layer of an executor's own. asyncio's
 * `loop.set_default_executor`.
 *
 * @category services
 * @since 0.2.0
 */
export const Executor: Context.Service<DefaultExecutor, Executor<Job.Any>> = Context.Service(
  `effect-asyncio@${version}/Executor`
)

/**
 * Makes an executor the default one for as long as the layer's scope is open.
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
): Layer.Layer<DefaultExecutor, E, Exclude<R, Scope.Scope>> =>
  Layer.effect(
    Executor,
    Effect.suspend(() => {
      check.effect("Executor.layer", "the argument", make)
      // If it is asked for a job that it does not have, it says so itself.
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
 * In tests, in place of threads, processes or a cluster: it needs no workers, and runs on the virtual loop and under
 * `Explore`. And wherever a job waits more than it computes.
 *
 * **Details**
 *
 * Inputs, results, failures and reports go through the schemas, as everywhere, so a value that can't cross shows in the
 * test. Handlers get the services of the place where the executor is made, then the caller's; clock and loop are the
 * caller's.
 *
 * `size` is a whole number above 0. Closing the scope cancels the jobs that are left, and waits for them.
 *
 * **Gotchas**
 *
 * A handler that computes for long holds up the whole loop. There is no `grace` either: a pool kills the worker of a
 * cancelled job that does not end, but nothing can kill a part of this process. So a cancelled job whose handler can't
 * be interrupted keeps its place, and its task, until it has ended.
 *
 * No worker is lost here, unless a handler says so: `loseWorker`.
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
 *   for (let i = 0; i < 10; i++) tasks.push(yield* runInExecutor(house, sweep))
 *   yield* asyncio.gather(tasks)
 *   return yield* asyncio.EventLoop.time
 * })
 *
 * await Effect.runPromise(VirtualLoop.run(Effect.scoped(main))) // => 18000
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const local = <J extends Job.Any, const H extends Job.Handlers<J, unknown>>(
  jobs: Job.Jobs<J>,
  handlers: Job.HandlersOf<J, H>,
  options?: LocalOptions
): Effect.Effect<Executor<J>, never, Job.Services<H> | Scope.Scope> =>
  Effect.flatMap(handlersOf<Job.Services<H>>("Executor.local", jobs, handlers), (handlers) => {
    checkLocal("Executor.local", options)
    const { cancelAll, run } = new LocalExecutor(handlers)
    const places = new JobPlaces(options?.size ?? Infinity, jobs.name)
    return makeScoped<J>({ jobs: jobsOf("Executor.local", jobs), name: jobs.name, places, run }, cancelAll)
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
): Layer.Layer<DefaultExecutor, never, Exclude<Job.Services<H>, Scope.Scope>> => layer(local(jobs, handlers, options))

/**
 * In a handler of `Executor.local`: the job's worker is lost, as far as its submitter can tell.
 *
 * **When to use**
 *
 * In tests of what a program does when a worker is lost: its `retries`, and whether its handlers may run twice.
 *
 * **Details**
 *
 * This attempt fails with `WorkerLost`, which has the `reason`; `retries` start another one. Other jobs go on. Outside
 * of `Executor.local` it is a defect, `RuntimeError`.
 *
 * **Gotchas**
 *
 * The handler's finalizers run, which those of a worker that is really lost do not.
 *
 * **Example** (Lost once, half way)
 *
 * ```ts import.meta.vitest
 * import { Effect, Schema } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { Executor, Job, toThread } from "effect-asyncio/executors"
 *
 * const sent: Array<string> = []
 * const send = Job.make("send", { payload: Schema.String })
 * const layer = Executor.layerLocal(Job.group("mail", send), {
 *   send: Effect.fnUntraced(function*(text, { attempt }) {
 *     sent.push(text)
 *     if (attempt === 1) return yield* Executor.loseWorker("out of memory")
 *   })
 * })
 *
 * await asyncio.run(toThread(send, "hello", { retries: 1 }).pipe(Effect.provide(layer)))
 * sent // => ["hello", "hello"]
 * ```
 *
 * @category testing
 * @since 0.2.0
 */
export const loseWorker = (reason: string): Effect.Effect<never> =>
  Effect.suspend(() => {
    check.string("Executor.loseWorker", "the reason", reason)
    return Effect.die(new Loss(reason))
  })
