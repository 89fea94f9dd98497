/**
 * The errors of asyncio that Effect has no class for.
 *
 * `InvalidStateError`, `QueueEmpty`, `QueueFull`, `QueueShutDown` and `BrokenBarrierError` are typed failures.
 * `RuntimeError` is a defect: it stands for a mistake in the program, which Python raises as RuntimeError. A timeout
 * fails with Effect's own `Cause.TimeoutError`, and a bad argument dies with Effect's `Cause.IllegalArgumentError`. A
 * cancellation is an interruption and not an error; a promise, which has no such thing, rejects with `CancelledError`.
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
 * Fails the tasks that wait at a barrier that is aborted or reset.
 *
 * @category errors
 * @since 0.1.0
 */
export class BrokenBarrierError extends Data.TaggedError("BrokenBarrierError")<{ readonly message: string }> {}

/**
 * The defect of a mistake in the program: a task that awaits itself, a closed loop, releasing a lock that nobody holds.
 *
 * @category errors
 * @since 0.1.0
 */
export class RuntimeError extends Data.TaggedError("RuntimeError")<{ readonly message: string }> {}

/**
 * What the promise of `run`, `Runner.run` or `Future.toPromise` rejects with when what it waits for has been cancelled.
 * The message is the one given to `cancel`.
 *
 * **Details**
 *
 * Inside Effect a cancellation is an interruption, and this error does not occur. If an `AbortSignal` cancelled it, the
 * promise rejects with the signal's reason instead. asyncio's `CancelledError`.
 *
 * **Example** (A run that is cancelled)
 *
 * ```ts import.meta.vitest
 * import { Effect, Option } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const main = Effect.gen(function*() {
 *   const me = Option.getOrThrow(yield* asyncio.currentTask)
 *   yield* asyncio.Task.cancel(me, { message: "shutdown" })
 *   yield* asyncio.sleep("1 hour")
 * })
 *
 * const error = await asyncio.run(main).catch((error: unknown) => error)
 * error instanceof asyncio.CancelledError && error.message // => "shutdown"
 * ```
 *
 * @category errors
 * @since 0.2.0
 */
export class CancelledError extends Data.TaggedError("CancelledError")<{ readonly message: string }> {}
