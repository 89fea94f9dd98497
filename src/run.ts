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
 * Runs a program as the first task of a fresh loop, closes the loop, and resolves with the program's value.
 *
 * **When to use**
 *
 * Use at the edge of a script. Inside an Effect program, use `EventLoop.provide` or `EventLoop.layer`.
 *
 * **Details**
 *
 * Before the promise settles, leftover tasks are cancelled and awaited, and failures that nobody has seen are reported.
 * `closeTimeout` limits how long that may take. Aborting `signal` cancels the program, then the rest. asyncio's `run`.
 *
 * The promise rejects with the very error the program failed with. If there are several failures, or closing fails too
 * (as a virtual loop's may), it rejects with an `AggregateError` of them. If the program was cancelled, it rejects with
 * the signal's reason if only the signal asked for that, and with a `CancelledError` otherwise.
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
  // On a virtual loop, closing fails with the failures that nobody saw.
  const [closed] = await Promise.allSettled([runner.close()])
  if (ran.status === "fulfilled" && closed.status === "fulfilled") return ran.value
  const errors: ReadonlyArray<unknown> = [ran, closed].flatMap((end) => end.status === "rejected" ? [end.reason] : [])
  throw errors.length === 1 ? errors[0] : new AggregateError(errors, errors.map(String).join("; "))
}
