/**
 * `asCompleted`: several awaitables, in order of completion.
 *
 * As in asyncio, a callback puts each one into a queue when it has ended; so a completion costs O(1), and so does
 * taking it.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import type * as Stream from "effect/Stream"
import type { Awaitable } from "./Awaitable.ts"
import type { EventLoop } from "./EventLoop.ts"
import { creationSite } from "./internal/loop/creationSite.ts"
import { ChannelStream } from "./internal/parts/ChannelStream.ts"
import { type Chunk, Completions } from "./internal/parts/Completions.ts"
import { join } from "./internal/task/future.ts"
import type { wait } from "./wait.ts"

/**
 * @since 0.1.0
 */
export declare namespace asCompleted {
  /**
   * Options of `asCompleted`.
   *
   * @since 0.1.0
   */
  export interface Options<out Timeout extends Duration.Input | undefined = Duration.Input | undefined> {
    /** For all of them together. Default: none. */
    readonly timeout?: Timeout | undefined
    /** How many effects may run at once; the others start in order, as places become free. Default: all at once. */
    readonly concurrency?: number | "unbounded" | undefined
    /**
     * Called at the start and each time one has ended, with how many have ended in which way, before the consumer gets
     * it. What it throws goes to the exception handler.
     */
    readonly onProgress?: ((tally: wait.Tally) => void) | undefined
  }

  /**
   * `TimeoutError`, if there may be a timeout.
   *
   * @since 0.2.0
   */
  export type Error<Timeout> = [Timeout] extends [undefined] ? never : Cause.TimeoutError
}

/**
 * Returns a stream of the very tasks and futures given, each as it ends.
 *
 * **Details**
 *
 * Effects become tasks, started with the timeout when the stream runs; Futures and Tasks are taken as they are, once
 * each. Each item is done: `yield* task` gives its value or fails. After `timeout` the stream gives what had ended by
 * then, and fails with `TimeoutError`. Neither that nor leaving early cancels anything. With `concurrency` effects
 * start lazily, whether or not anything takes the items; those that have not started when the time runs out or the
 * stream is left never do. An item arrives two ticks after its completion. O(1) each. asyncio's `async for task in
 * as_completed(…)`.
 *
 * **Example** (Results as they come)
 *
 * ```ts import.meta.vitest
 * import { Stream } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = asyncio.asCompleted([asyncio.sleep("20 millis", "slow"), asyncio.sleep("1 millis", "fast")]).pipe(
 *   Stream.mapEffect((task) => asyncio.Task.join(task)),
 *   Stream.runCollect
 * )
 *
 * await asyncio.run(program) // => ["fast", "slow"]
 * ```
 *
 * @category verbs
 * @since 0.1.0
 */
export const asCompleted = <T extends Awaitable.EffectOrFuture, Timeout extends Duration.Input | undefined = undefined>(
  inputs: Awaitable.Collection<T>,
  options?: asCompleted.Options<Timeout>
): Stream.Stream<Awaitable.Running<T>, asCompleted.Error<Timeout>, Awaitable.Services<T> | EventLoop> => {
  const site = creationSite(asCompleted)
  return new ChannelStream(Channel.unwrap(
    Effect.map(
      Effect.acquireRelease(
        Effect.withFiber((fiber) => Effect.succeed(new Completions<T>("asCompleted", fiber, inputs, options, site))),
        (completions) => Effect.sync(() => completions.stop())
      ),
      // Without a timeout it can't fail with one.
      ({ pull }) => Channel.fromPull(Effect.succeed(pull as Pull.Pull<Chunk<T>, asCompleted.Error<Timeout>>))
    )
  ))
}

/**
 * Returns as many effects as there are distinct awaitables; each gives the value of the next to finish.
 *
 * **When to use**
 *
 * Use when results are awaited one by one, later, or by several tasks at once. Otherwise use `asCompleted`, which also
 * tells which task has ended.
 *
 * **Details**
 *
 * Effects become tasks, started with the timeout by this call. The effect that is awaited first gets the first outcome,
 * a value or a failure, and so on. After `timeout` each one left fails with `TimeoutError`; nothing is cancelled. With
 * `concurrency` effects start as places become free. An await that is cancelled takes nothing. More awaits than there
 * are awaitables die with `RuntimeError`. When effects that were dropped are garbage-collected, their callbacks are
 * removed from the futures. O(1) each. asyncio's plain `for item in as_completed(…)`.
 *
 * **Example** (In order of completion, one at a time)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const [first, second] = yield* asyncio.asCompletedEffects([
 *     asyncio.sleep("20 millis", "slow"),
 *     asyncio.sleep("1 millis", "fast")
 *   ])
 *   return [yield* first!, yield* second!]
 * })
 *
 * await asyncio.run(program) // => ["fast", "slow"]
 * ```
 *
 * @category verbs
 * @since 0.1.0
 */
export const asCompletedEffects = <
  T extends Awaitable.EffectOrFuture,
  Timeout extends Duration.Input | undefined = undefined
>(
  inputs: Awaitable.Collection<T>,
  options?: asCompleted.Options<Timeout>
): Effect.Effect<
  ReadonlyArray<Effect.Effect<Awaitable.Success<T>, Awaitable.Error<T> | asCompleted.Error<Timeout>>>,
  never,
  Awaitable.Services<T> | EventLoop
> => {
  const site = creationSite(asCompletedEffects)
  return Effect.withFiber((fiber) => {
    const completions = new Completions<T>("asCompletedEffects", fiber, inputs, options, site)
    // A future of `T` gives what `T` gives; without a timeout it can't fail with one.
    const next = Effect.flatMap(completions.next, join) as Effect.Effect<
      Awaitable.Success<T>,
      Awaitable.Error<T> | asCompleted.Error<Timeout>
    >
    // One effect for all places, not held by the completions: once it is garbage, nobody can await the rest.
    dropped.register(next, completions)
    return Effect.succeed(Array.from({ length: completions.left }, () => next))
  })
}

/** A long-lived future must keep nothing of effects that were dropped before all of them were awaited. */
const dropped = new FinalizationRegistry<Completions<any>>((completions) => completions.stop())
