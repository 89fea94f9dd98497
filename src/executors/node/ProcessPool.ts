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
 * Use it for what may take its process down: native code that crashes, memory that grows, `process.chdir`, code that may never
 * end. For everything else threads are cheaper.
 *
 * **Details**
 *
 * asyncio's and `concurrent.futures`' `ProcessPoolExecutor`, except that a process that dies loses only its own jobs, and the
 * pool goes on. The rest is as with `ThreadPool`, with the same `worker` module. `Transferable` values are copied.
 *
 * A child prints where this process prints, and has no standard input. It ignores SIGINT, SIGTERM and SIGHUP, which a terminal
 * sends to this process too. It ends when this process does, even if that is killed: in order, or after `grace` by SIGKILL if
 * it computes.
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
): Layer.Layer<Executor.DefaultExecutor> => Executor.layer(make(jobs, worker, options))
