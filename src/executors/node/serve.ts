/**
 * The worker's module.
 *
 * @since 0.2.0
 */
import * as Layer from "effect/Layer"
import type * as Job from "../Job.ts"
import { run } from "./Desk.ts"

/**
 * Makes the module that calls it the worker of a pool, of threads or processes.
 *
 * **Details**
 *
 * It is the whole of such a module. A handler runs as a task of the worker's own event loop, named as its job, so that all of
 * asyncio works in it; the caller's span is the parent of its span. The layer is built once in each worker, before its first
 * job, and released when the worker ends in order: connections, caches, what asyncio's `initializer` is for. A failure that
 * nobody sees is reported by the worker's loop.
 *
 * The worker logs as it is told by its own layer, and not through the loggers of the program that submits. Its output arrives
 * there: a thread's through the program's `process.stdout`, a child has the same one. Each log is annotated with `worker`,
 * "thread 3" or "process 4711".
 *
 * **Gotchas**
 *
 * A layer that fails, as a module that throws, is a worker that does not come up: jobs fail with `BrokenExecutor`.
 *
 * Called where no pool is, it throws `RuntimeError`.
 *
 * **Example** (A worker)
 *
 * ```ts
 * serve(hashing, {
 *   hash: (path) => Effect.map(Files, (files) => files.digest(path))
 * }, Files.layer)
 * ```
 *
 * @category running
 * @since 0.2.0
 */
export const serve: {
  <J extends Job.Any>(jobs: Job.Jobs<J>, handlers: Job.Handlers<J>): void
  <J extends Job.Any, const H extends Job.Handlers<J, unknown>>(
    jobs: Job.Jobs<J>,
    handlers: Job.HandlersOf<J, H>,
    layer: Layer.Layer<Job.Services<H>, unknown>
  ): void
} = (jobs: Job.Jobs<Job.Any>, handlers: unknown, layer: Layer.Layer<never, unknown> = Layer.empty): void =>
  run(jobs, handlers, layer)
