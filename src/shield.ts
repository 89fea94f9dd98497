/**
 * `shield`: waits for something without passing a cancellation on to it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Awaitable } from "./Awaitable.ts"
import type { EventLoop } from "./EventLoop.ts"
import { creationSite } from "./internal/loop/creationSite.ts"
import * as awaitables from "./internal/task/awaitables.ts"
import { type FutureImpl, join } from "./internal/task/future.ts"
import { StandIn } from "./internal/task/StandIn.ts"
import { cancelledExit, isCancelled } from "./internal/waiting/cancelled.ts"

/**
 * Awaits something that lives on when this wait is cancelled.
 *
 * **Details**
 *
 * An Effect becomes a task. The waiter itself is cancelled as usual. After that, a failure of the inner task is
 * reported as "Task exception was never retrieved" unless somebody else looks at it. If the inner task is cancelled, so
 * is the wait. Resumes two ticks after the inner task ends, or at once if it is done already. asyncio's `shield`.
 *
 * **Example** (Work that must end)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const work = yield* asyncio.createTask(asyncio.sleep("10 millis", "saved"))
 *   const error = yield* Effect.flip(asyncio.waitFor(asyncio.shield(work), "1 millis"))
 *   return [error._tag, yield* work]
 * })
 *
 * await asyncio.run(program) // => ["TimeoutError", "saved"]
 * ```
 *
 * @category verbs
 * @since 0.1.0
 */
export const shield = <A, E = never, R = never>(
  awaitable: Awaitable<A, E, R>
): Effect.Effect<A, E, R | EventLoop> => {
  const site = creationSite(shield)
  return Effect.withFiber((fiber) => {
    awaitables.checkAwaitable("shield", awaitable, fiber)
    const inner: FutureImpl<A, E> = awaitables.start("shield", fiber, awaitable, site)
    if (inner.exit !== undefined) return join(inner)
    return join(new Shield(inner))
  })
}

/** What the waiter joins instead of the inner future. */
class Shield<A, E> extends StandIn<A, E, FutureImpl<A, E>> {
  override get kind(): string {
    return "Shield"
  }
  override get label(): string {
    return `shield of ${this.original.label}`
  }
  originalEnded(): void {
    const { original } = this
    const exit = original.exit!
    if (this.complete(isCancelled(exit) ? cancelledExit(undefined) : exit)) original.retrieve()
  }
}
