/**
 * A queue that returns the latest item first.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { checkOptions, QueueImpl } from "./internal/parts/QueueImpl.ts"
import { Lifo } from "./internal/parts/Storage.ts"
import type * as Queue from "./Queue.ts"

/**
 * Creates a queue that returns the latest item first.
 *
 * **Details**
 *
 * Everything else is as in `Queue`, whose functions work on it. asyncio's `LifoQueue`.
 *
 * **Example** (Last in, first out)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const stack = yield* asyncio.LifoQueue.make<number>()
 *   yield* asyncio.Queue.put(stack, 1)
 *   yield* asyncio.Queue.put(stack, 2)
 *   return [yield* asyncio.Queue.get(stack), yield* asyncio.Queue.get(stack)]
 * })
 *
 * await asyncio.run(program) // => [2, 1]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <A>(options?: Queue.Options): Effect.Effect<Queue.Queue<A>> =>
  Effect.sync(() => {
    checkOptions("LifoQueue.make", options)
    return new QueueImpl("LifoQueue", new Lifo<A>(), options)
  })
