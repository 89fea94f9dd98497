/** What a job may end with that is no doing of its own. */
import * as Data from "effect/Data"

/**
 * The worker that had the job is gone: it crashed, ran out of memory, was killed. The job may have run, in part or whole.
 *
 * **Details**
 *
 * It fails that one job; `retries` runs it again. In `concurrent.futures` a dead process is `BrokenProcessPool` for all jobs.
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
 * The executor can't take or finish jobs: it is closed, its workers do not start, its storage fails.
 *
 * @category errors
 * @since 0.2.0
 */
export class BrokenExecutor extends Data.TaggedError("BrokenExecutor")<{
  readonly message: string
  readonly cause?: unknown
}> {}

/**
 * What every submitted job may fail with beside its own errors.
 *
 * @category errors
 * @since 0.2.0
 */
export type Failure = WorkerLost | BrokenExecutor
