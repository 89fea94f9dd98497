/**
 * The errors of asyncio that Effect has no class for.
 *
 * `InvalidStateError`, `QueueEmpty`, `QueueFull`, `QueueShutDown` and `BrokenBarrierError` are typed failures.
 * `RuntimeError` is a defect: it stands for what Python raises as RuntimeError, a mistake in the program. A timeout
 * fails with Effect's own `Cause.TimeoutError`, and a bad argument dies with Effect's `Cause.IllegalArgumentError`.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/**
 * Fails an operation that the state of a future does not allow: asking for a result that is not there yet, or setting
 * one twice.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidStateError extends Data.TaggedError("InvalidStateError")<{ readonly message: string }> {}

/**
 * Fails `getNowait` on an empty queue.
 *
 * @category errors
 * @since 0.1.0
 */
export class QueueEmpty extends Data.TaggedError("QueueEmpty")<{ readonly message: string }> {}

/**
 * Fails `putNowait` on a full queue.
 *
 * @category errors
 * @since 0.1.0
 */
export class QueueFull extends Data.TaggedError("QueueFull")<{ readonly message: string }> {}

/**
 * Fails `put` on a queue that was shut down, and `get` once it is empty.
 *
 * @category errors
 * @since 0.1.0
 */
export class QueueShutDown extends Data.TaggedError("QueueShutDown")<{ readonly message: string }> {}

/**
 * Fails those who wait at a barrier that is aborted or reset.
 *
 * @category errors
 * @since 0.1.0
 */
export class BrokenBarrierError extends Data.TaggedError("BrokenBarrierError")<{ readonly message: string }> {}

/**
 * The defect of a mistake in the program: a task that awaits itself, a closed loop, a lock released by nobody.
 *
 * @category errors
 * @since 0.1.0
 */
export class RuntimeError extends Data.TaggedError("RuntimeError")<{ readonly message: string }> {}
