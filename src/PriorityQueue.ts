/**
 * A queue that returns the smallest item first.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Order from "effect/Order"
import * as Predicate from "effect/Predicate"
import * as check from "./internal/host/check.ts"
import { optionKinds, QueueImpl } from "./internal/parts/QueueImpl.ts"
import { Smallest } from "./internal/parts/Storage.ts"
import type * as Queue from "./Queue.ts"

/**
 * Creates a queue that returns the smallest item by `order` first, and equal ones in the order they were put.
 *
 * **Details**
 *
 * A put and a get cost O(log n). A getter that waited gets the smallest item present when it runs. If `order` throws,
 * the put or get that called it dies with that, even one that waited; the queue is unchanged. Everything else is as in
 * `Queue`, whose functions work on it. asyncio's `PriorityQueue`, which is not stable among equals.
 *
 * **Example** (Urgent work first)
 *
 * ```ts import.meta.vitest
 * import { Effect, Order } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * interface Job {
 *   readonly priority: number
 *   readonly name: string
 * }
 * const byPriority = Order.mapInput(Order.Number, (job: Job) => job.priority)
 *
 * const program = Effect.gen(function*() {
 *   const queue = yield* asyncio.PriorityQueue.make({ order: byPriority })
 *   yield* asyncio.Queue.put(queue, { priority: 2, name: "tidy up" })
 *   yield* asyncio.Queue.put(queue, { priority: 1, name: "put out the fire" })
 *   return (yield* asyncio.Queue.get(queue)).name
 * })
 *
 * await asyncio.run(program) // => "put out the fire"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <A>(options: Queue.Options & { readonly order: Order.Order<A> }): Effect.Effect<Queue.Queue<A>> =>
  Effect.sync(() => {
    checkOptions("PriorityQueue.make", options)
    order("PriorityQueue.make", "order", options?.order)
    return new QueueImpl("PriorityQueue", new Smallest(options.order), options)
  })

const order = check.kind(Predicate.isFunction, "an Order")
const checkOptions = check.options<Queue.Options & { readonly order: unknown }, Queue.Options>({ order }, optionKinds)
