/**
 * `run`: a whole program on a loop of its own.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type { EventLoop } from "./EventLoop.ts"
import * as check from "./internal/host/check.ts"
import { checkRunOptions } from "./internal/task/main.ts"
import * as Runner from "./Runner.ts"

/**
 * Runs a program as the first task of a fresh loop, closes the loop, and gives the program's value.
 *
 * **When to use**
 *
 * Use at the edge of a script. Inside an Effect program take `EventLoop.provide` or `EventLoop.layer`.
 *
 * **Details**
 *
 * Tasks left over are cancelled and awaited, and failures that nobody saw are reported, before the promise settles; with
 * `closeTimeout` it settles after that time at the latest. Aborting `signal` cancels the program, then the rest.
 * asyncio's `run`.
 *
 * The promise rejects with the very error the program failed with; where several failed, or closing fails too, as a
 * virtual loop's may, with an `AggregateError` of them; where it was cancelled, with the signal's reason if nobody but the
 * signal asked for it, else with a `CancelledError`.
 *
 * **Example** (A first program)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const main = Effect.gen(function*() {
 *   const [a, b] = yield* asyncio.gather([asyncio.sleep("2 millis", "a"), asyncio.sleep("1 millis", "b")])
 *   return a + b
 * })
 *
 * await asyncio.run(main) // => "ab"
 * ```
 *
 * **Example** (What it rejects with)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const both = asyncio.TaskGroup.run((group) =>
 *   Effect.gen(function*() {
 *     yield* group.createTask(Effect.fail(new Error("no route")))
 *     yield* group.createTask(Effect.die(new TypeError("a bug")))
 *   })
 * )
 *
 * const error: unknown = await asyncio.run(both).catch((error: unknown) => error)
 * error instanceof AggregateError && error.errors.map(String) // => ["Error: no route", "TypeError: a bug"]
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const run = async <A, E>(
  main: Effect.Effect<A, E, EventLoop>,
  options?: Runner.Options
): Promise<A> => {
  check.effect("run", "the argument", main)
  checkRunOptions("run", options)
  const runner = Runner.make(options)
  const [ran] = await Promise.allSettled([runner.run(main)])
  // On a virtual loop closing fails with what nobody saw.
  const [closed] = await Promise.allSettled([runner.close()])
  if (ran.status === "fulfilled" && closed.status === "fulfilled") return ran.value
  const errors: ReadonlyArray<unknown> = [ran, closed].flatMap((end) => end.status === "rejected" ? [end.reason] : [])
  throw errors.length === 1 ? errors[0] : new AggregateError(errors, errors.map(String).join("; "))
}
