/**
 * An executor whose workers are processes.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Executor from "../Executor.ts"
import type * as Job from "../Job.ts"
import { launchProcess } from "./hosts.ts"
import { makePool, type Options } from "./Options.ts"

/**
 * Makes a pool of child processes.
 *
 * **When to use**
 *
 * Use for what may take its process along: native code that crashes, memory that grows, `process.chdir`, code that nobody
 * trusts to end. For all else threads are cheaper.
 *
 * **Details**
 *
 * asyncio's and `concurrent.futures`' `ProcessPoolExecutor`; but a process that dies loses its own jobs alone, and the pool
 * goes on. All else is as with `ThreadPool`, with the same `worker` module. What a `Transferable` schema has is copied.
 *
 * A child prints where this process prints, and has no standard input. It leaves SIGINT, SIGTERM and SIGHUP to this process,
 * which a terminal sends them to as well. It ends when this process does, also if that is killed: in order, or after `grace`
 * by SIGKILL, if it computes.
 *
 * **Gotchas**
 *
 * `kill PID` does not end a child, `kill -9 PID` does.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = <J extends Job.Any>(
  jobs: Job.Jobs<J>,
  worker: URL,
  options?: Options
): Effect.Effect<Executor.Executor<J>, never, Scope.Scope> =>
  makePool("ProcessPool", "process", launchProcess, jobs, worker, options)

/**
 * `make` as the default executor: of `submit`, `map` and `toThread`.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = <J extends Job.Any>(
  jobs: Job.Jobs<J>,
  worker: URL,
  options?: Options
): Layer.Layer<Executor.Service> => Executor.layer(make(jobs, worker, options))
