/**
 * `waitFor`: a deadline for one awaitable.
 *
 * It is a `timeout` block around the awaiting, except that if no time is left, no step of an Effect runs, and a future
 * is cancelled at once. asyncio's is such a block too, from 3.12 on (python/cpython#98518): the separate waiter that it
 * had before could hide a cancellation (python/cpython#86296).
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Awaitable } from "./Awaitable.ts"
import type { EventLoop } from "./EventLoop.ts"
import * as check from "./internal/host/check.ts"
import { dual } from "./internal/host/curried.ts"
import { ofNanos } from "./internal/host/Moment.ts"
import { timeoutError } from "./internal/parts/timeoutError.ts"
import { block } from "./internal/parts/TimeoutImpl.ts"
import * as awaitables from "./internal/task/awaitables.ts"
import { FutureImpl, join } from "./internal/task/future.ts"
import { StandIn } from "./internal/task/StandIn.ts"
import { isCancelled } from "./internal/waiting/cancelled.ts"
import { cancel } from "./internal/waiting/Walk.ts"

/**
 * Awaits something for at most `duration`.
 *
 * **Details**
 *
 * An Effect runs in the calling task, without a new task and without a tick of its own; a Future or Task is joined, and
 * cancelled when the time is over. `waitFor` then waits for the clean-up and fails with `TimeoutError`; if a value or
 * failure arrives all the same, that is the outcome. With zero or less, an Effect never starts; a Future that is done
 * still gives its value. To let a task live on, `shield` it. NaN dies with `IllegalArgumentError`. asyncio's
 * `wait_for`.
 *
 * **Example** (A task that is cancelled when time is over)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const task = yield* asyncio.createTask(asyncio.sleep("1 hour"))
 *   const error = yield* Effect.flip(asyncio.waitFor(task, "5 millis"))
 *   return [error._tag, asyncio.Task.cancelled(task)]
 * })
 *
 * await asyncio.run(program) // => ["TimeoutError", true]
 * ```
 *
 * @category verbs
 * @since 0.1.0
 */
export const waitFor: {
  (duration: Duration.Input): <A, E = never, R = never>(
    awaitable: Awaitable<A, E, R>
  ) => Effect.Effect<A, E | Cause.TimeoutError, R | EventLoop>
  <A, E = never, R = never>(
    awaitable: Awaitable<A, E, R>,
    duration: Duration.Input
  ): Effect.Effect<A, E | Cause.TimeoutError, R | EventLoop>
} = dual(
  <A, E, R>(
    awaitable: Awaitable<A, E, R>,
    duration: Duration.Input
  ): Effect.Effect<A, E | Cause.TimeoutError, R | EventLoop> =>
    Effect.withFiber((fiber) => {
      const nanos = check.nanos("waitFor", duration)
      awaitables.checkAwaitable("waitFor", awaitable, fiber)
      if (nanos <= 0) return waitNoTime(fiber, awaitable)
      const body = awaitable instanceof FutureImpl ? join<A, E>(awaitable) : awaitable as Effect.Effect<A, E, R>
      return block("waitFor", fiber, () => body, (now) => ofNanos(now + nanos), Effect.fail)
    }),
  (duration) => check.duration("waitFor", "the duration", duration)
)

/** No time at all: a value that is already there, or a cancellation that it waits for. */
const waitNoTime = <A, E, R>(
  fiber: Fiber.Fiber<unknown, unknown>,
  awaitable: Awaitable<A, E, R>
): Effect.Effect<A, E | Cause.TimeoutError> => {
  const future: FutureImpl<A, E> = awaitables.start("waitFor", fiber, awaitable, undefined)
  if (future.exit !== undefined) return join(future)
  const ended = new Ended(future)
  cancel(future, undefined)
  return Effect.flatMap(
    join(ended),
    (): Effect.Effect<A, E | Cause.TimeoutError> =>
      isCancelled(future.exit!) ? Effect.fail(timeoutError("waitFor", 0)) : join(future)
  )
}

/**
 * What the waiter joins while a future is being cancelled: it has no outcome of its own, and only an outside
 * cancellation ends it.
 */
class Ended extends StandIn<void, never, FutureImpl<any, any>> {
  override get label(): string {
    return this.original.label
  }
  originalEnded(): void {
    this.complete(Exit.void)
  }
}
