/**
 * An executor whose workers are threads of this process.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Executor from "../Executor.ts"
import type * as Job from "../Job.ts"
import { launchThread } from "./hosts.ts"
import { makePool, type Options } from "./Options.ts"

/**
 * Makes a pool of worker threads.
 *
 * **When to use**
 *
 * Use it for what computes: while a step runs, nothing else on its loop does. A thread starts sooner than a process, values get
 * there faster, and buffers can move. What may crash in native code, or needs an environment of its own, goes into a
 * `ProcessPool`.
 *
 * **Details**
 *
 * asyncio's and `concurrent.futures`' `ThreadPoolExecutor`, and `InterpreterPoolExecutor`: a JavaScript thread shares no objects
 * with others. `worker` is a module that calls `serve`; jobs and results cross as their schemas say.
 *
 * At most `size × concurrency` jobs run at a time. The others wait as suspended fibers, first come, first served, never in a
 * worker's buffer. A worker starts when a job finds none free; one that is lost, or was recycled, is replaced at once.
 *
 * A job that is cancelled before its turn never runs. One that runs is interrupted in its worker, its finalizers run, and its
 * task ends when they have ended; after `grace` the worker is terminated. When a worker dies, the jobs it had fail with
 * `WorkerLost`, and no others. When the module does not come up, each job fails with `BrokenExecutor`. What a worker throws
 * while it has no job is logged where the pool was made.
 *
 * Closing the scope cancels the jobs that are left, and takes `grace` at most.
 *
 * **Gotchas**
 *
 * A job can't be interrupted while it computes, as no other code of that thread runs. It ends with its thread, after `grace`; if
 * it reports its progress, or yields, now and then, it ends there.
 *
 * V8 can't end an optimized loop that calls nothing but builtins, `for (;;) all.push(new Array(1000))`, neither when the thread
 * is terminated nor at its memory limit: what may do such a thing belongs in a process.
 *
 * Threads live in real time: on the virtual loop, and under `Explore`, jobs die. Use `Executor.local` there.
 *
 * **Example** (Hashing on all processors)
 *
 * ```ts
 * const program = Effect.gen(function*() {
 *   const pool = yield* ThreadPool.make(hashing, new URL("./worker.ts", import.meta.url))
 *   const task = yield* runInExecutor(pool, hash, "large.bin")
 *   return yield* task
 * })
 * await asyncio.run(Effect.scoped(program))
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = <J extends Job.Any>(
  jobs: Job.Jobs<J>,
  worker: URL,
  options?: Options
): Effect.Effect<Executor.Executor<J>, never, Scope.Scope> =>
  makePool("ThreadPool", "thread", launchThread, jobs, worker, options)

/**
 * `make` as the default executor: of `submit`, `map` and `toThread`.
 *
 * **Example** (Every job of a program)
 *
 * ```ts
 * const threads = ThreadPool.layer(hashing, new URL("./worker.ts", import.meta.url), { size: 4 })
 * await runMain(main.pipe(Effect.provide(threads)))
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = <J extends Job.Any>(
  jobs: Job.Jobs<J>,
  worker: URL,
  options?: Options
): Layer.Layer<Executor.DefaultExecutor> => Executor.layer(make(jobs, worker, options))
