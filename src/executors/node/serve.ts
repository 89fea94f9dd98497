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
 * That is all such a module does, once. A handler runs as a task of the worker's own event loop, named after its job, so all of
 * asyncio works in it; the caller's span is the parent of its span. The layer is built once in each worker, before its first
 * job, and released when the worker ends in order: connections, caches, whatever asyncio's `initializer` is for. A failure that
 * nobody sees is reported by the worker's loop.
 *
 * The worker logs as its own layer says, not through the loggers of the program that submits. Its output arrives there: a
 * thread's through the program's `process.stdout`, a child has the same one. Each log is annotated with `worker`, "thread 3"
 * or "process 4711".
 *
 * **Gotchas**
 *
 * If the layer fails, or the module throws, the worker does not come up, and jobs fail with `BrokenExecutor`. A layer that never
 * finishes keeps jobs waiting: there is no limit, as there is none in Python, but their tasks can be cancelled.
 *
 * Called a second time, or anywhere but in a thread or process that a pool has started, it throws `RuntimeError`.
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
