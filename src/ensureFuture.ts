/**
 * `ensureFuture`: an awaitable that runs.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Awaitable } from "./Awaitable.ts"
import type { EventLoop } from "./EventLoop.ts"
import { creationSite } from "./internal/loop/creationSite.ts"
import * as awaitables from "./internal/task/awaitables.ts"
import { makesTask } from "./internal/task/createTask.ts"

/**
 * Makes an awaitable run: an Effect becomes a new task; a Future or Task is returned as it is.
 *
 * **Details**
 *
 * O(1). Anything else dies with `IllegalArgumentError`, a future of another loop with `RuntimeError`. asyncio's
 * `ensure_future`.
 *
 * **Example** (A task comes back as it is)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const task = yield* asyncio.ensureFuture(Effect.succeed(1))
 *   const same = yield* asyncio.ensureFuture(task)
 *   return [task === same, yield* task]
 * })
 *
 * await asyncio.run(program) // => [true, 1]
 * ```
 *
 * @category verbs
 * @since 0.1.0
 */
export const ensureFuture = <T extends Awaitable.EffectOrFuture>(
  awaitable: T
): Effect.Effect<Awaitable.Running<T>, never, Awaitable.Services<T> | EventLoop> & Awaitable.MakesTask => {
  const site = creationSite(ensureFuture)
  return makesTask("ensureFuture", (fiber) => {
    awaitables.checkAwaitable("ensureFuture", awaitable, fiber)
    // `Running<T>` says what `start` does.
    return Effect.succeed(awaitables.start("ensureFuture", fiber, awaitable, site) as unknown as Awaitable.Running<T>)
  })
}
