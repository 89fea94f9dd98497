/** What a job may fail with through no fault of its own. */
import * as Data from "effect/Data"

/**
 * The worker that had the job is gone: it crashed, ran out of memory or was killed. The job may have run, partly or wholly.
 *
 * **Details**
 *
 * Only that job fails; with `retries` it runs again. In `concurrent.futures` a dead process means `BrokenProcessPool` for all.
 *
 * @category errors
 * @since 0.2.0
 */
export class WorkerLost extends Data.TaggedError("WorkerLost")<{
  /** The job's name. */
  readonly job: string
  /** The submission's id. */
  readonly id: string
  /** What is known of the end: an exit code, a signal, an error. */
  readonly reason: string
}> {
  override get message(): string {
    return `job '${this.job}' was lost with its worker: ${this.reason}`
  }
}

/**
 * The executor can't take or finish the job: it is closed, its workers do not start or serve other jobs, its storage fails.
 *
 * @category errors
 * @since 0.2.0
 */
export class BrokenExecutor extends Data.TaggedError("BrokenExecutor")<{
  readonly message: string
  readonly cause?: unknown
}> {}

/**
 * What every submitted job may fail with besides its own errors.
 *
 * @category errors
 * @since 0.2.0
 */
export type Failure = WorkerLost | BrokenExecutor
