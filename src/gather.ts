/**
 * `gather`: runs awaitables at once and collects their values.
 *
 * Children are tasks of the loop. The gather itself is a future that they complete: internal/parts/Gathering.ts.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Predicate from "effect/Predicate"
import type { Awaitable } from "./Awaitable.ts"
import type { EventLoop } from "./EventLoop.ts"
import type { CallSite } from "./internal/host/callSite.ts"
import * as check from "./internal/host/check.ts"
import { creationSite } from "./internal/loop/creationSite.ts"
import { getLoop } from "./internal/loop/currentLoop.ts"
import { Gathering } from "./internal/parts/Gathering.ts"
import { concurrency } from "./internal/parts/Limiter.ts"
import * as awaitables from "./internal/task/awaitables.ts"
import { join } from "./internal/task/future.ts"
import { asAwaited } from "./internal/waiting/cancelled.ts"
import type { wait } from "./wait.ts"

/**
 * @since 0.1.0
 */
export declare namespace gather {
  /**
   * Options of `gather`.
   *
   * @since 0.1.0
   */
  export interface Options {
    /** How many effects may run at once; the others start in order, as places become free. Default: all at once. */
    readonly concurrency?: number | "unbounded" | undefined
    /** Return outcomes as `Exit`s instead of failing with the first failure. Default: false. */
    readonly returnExceptions?: boolean | undefined
    /** Cancel the siblings when one fails, and wait for them. Default: false; they run on, as in asyncio. */
    readonly cancelOnError?: boolean | undefined
    /**
     * Called at the start and each time a child has ended, with how many have ended in which way. What it throws goes
     * to the exception handler.
     */
    readonly onProgress?: ((tally: wait.Tally) => void) | undefined
  }

  /**
   * What can be gathered: a tuple or array, any other iterable, or a record.
   *
   * @since 0.1.0
   */
  export type CollectionOrRecord =
    | Awaitable.Collection<Awaitable.EffectOrFuture>
    | Readonly<Record<string, Awaitable.EffectOrFuture>>

  /**
   * The awaitables in an input.
   *
   * @since 0.1.0
   */
  export type Member<Arg> = Arg extends Iterable<infer T> ? T : Arg[keyof Arg]

  /**
   * `returnExceptions` as far as its type is known: `boolean` if nothing more is.
   *
   * @since 0.1.0
   */
  export type Flag<O> = O extends { readonly returnExceptions: infer B } ? B extends undefined ? false : B
    : O extends { readonly returnExceptions?: infer B } ? unknown extends B ? false : false | Exclude<B, undefined>
    : false

  /**
   * The results, in the input's own shape: values, or `Exit`s with `returnExceptions`. Either of the two, if that is
   * not known.
   *
   * @since 0.1.0
   */
  export type Values<Arg, O> = Flag<O> extends infer B ? B extends true ? Exits<Arg> : Successes<Arg> : never

  /**
   * @since 0.1.0
   */
  export type Successes<Arg> = Arg extends ReadonlyArray<Awaitable.EffectOrFuture>
    ? { -readonly [K in keyof Arg]: Awaitable.Success<Arg[K]> }
    : Arg extends Iterable<infer T> ? Array<Awaitable.Success<T>>
    : { -readonly [K in keyof Arg]: Awaitable.Success<Arg[K]> }

  /**
   * @since 0.1.0
   */
  export type Exits<Arg> = Arg extends ReadonlyArray<Awaitable.EffectOrFuture>
    ? { -readonly [K in keyof Arg]: Exit.Exit<Awaitable.Success<Arg[K]>, Awaitable.Error<Arg[K]>> }
    : Arg extends Iterable<infer T> ? Array<Exit.Exit<Awaitable.Success<T>, Awaitable.Error<T>>>
    : { -readonly [K in keyof Arg]: Exit.Exit<Awaitable.Success<Arg[K]>, Awaitable.Error<Arg[K]>> }

  /**
   * What the gather can fail with.
   *
   * @since 0.1.0
   */
  export type Error<Arg, O> = [Flag<O>] extends [true] ? never : Awaitable.Error<Member<Arg>>
}

/**
 * Runs awaitables at once and collects their values, in the input's own shape and order.
 *
 * **When to use**
 *
 * Use when every value is needed. Use `wait` to look at outcomes as they come, and `TaskGroup` when a failure has to
 * end the siblings and they have to be waited for.
 *
 * **Details**
 *
 * Effects become tasks, started in order; Futures and Tasks are taken as they are. A Future given twice is one child in
 * two places; an Effect given twice runs twice. The first failure to occur ends the gather at once; the siblings run
 * on, and their later failures count as seen. A child that was cancelled fails the gather with its interrupt cause.
 *
 * With `returnExceptions` every value is an `Exit`, and the gather itself can't fail. With `concurrency` children start
 * lazily; those that have not started when the gather ends never do. With `cancelOnError` the first failure cancels the
 * siblings, and the gather fails with it when all of them have ended; failures of their clean-ups count as seen, too. A
 * `TaskGroup` reports all failures.
 *
 * When the gather is cancelled it cancels all children, and ends as soon as the first has ended cancelled (with
 * `returnExceptions`, when all have ended). Costs O(1) per child. Resumes two ticks after the last one ends, or at once
 * if all are done already.
 *
 * asyncio's `gather`.
 *
 * **Gotchas**
 *
 * An effect that makes a task, `createTask(work)` without `yield*`, is refused: give `work` itself.
 *
 * It takes no tick when everything is done already, so `while (live.size > 0) yield* gather(live)` never lets the code
 * run that would take a task out of `live`: the loop hangs; a virtual loop fails with `SpinError`. Use `wait(live)`
 * there: it always lets ticks pass.
 *
 * **Example** (Three seconds, not four)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const program = Effect.gen(function*() {
 *   const values = yield* asyncio.gather([asyncio.sleep("3 seconds", "a"), asyncio.sleep("1 second", "b")])
 *   return { values, seconds: yield* asyncio.EventLoop.time }
 * })
 *
 * await Effect.runPromise(VirtualLoop.run(program)) // => { values: ["a", "b"], seconds: 3 }
 * ```
 *
 * **Example** (A record, and failures as values)
 *
 * ```ts import.meta.vitest
 * import { Effect, Exit } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const outcomes = asyncio.gather({ good: Effect.succeed(1), bad: Effect.fail("no") }, { returnExceptions: true })
 *
 * await asyncio.run(outcomes) // => { good: Exit.succeed(1), bad: Exit.fail("no") }
 * ```
 *
 * @category verbs
 * @since 0.1.0
 */
export const gather = <const Arg extends gather.CollectionOrRecord, const O extends gather.Options = {}>(
  inputs: Arg,
  // `Types.NoExcessProperties` would name the options' own type, and an argument of just that type would infer nothing.
  options?: O & { readonly [K in Exclude<keyof O, keyof gather.Options>]: never }
): Effect.Effect<
  gather.Values<Arg, O>,
  gather.Error<Arg, O>,
  Awaitable.Services<gather.Member<Arg>> | EventLoop
> => {
  const site = creationSite(gather)
  // The values are built in the input's shape, which the type of `Values` describes; no type follows them there.
  return Effect.withFiber((fiber) => gatherIn(fiber, inputs, options, site)) as Effect.Effect<any, any, any>
}

const checkOptions = check.options<gather.Options>({
  concurrency,
  returnExceptions: check.boolean,
  cancelOnError: check.boolean,
  onProgress: check.callback
})

const gatherIn = (
  fiber: Fiber.Fiber<unknown, unknown>,
  inputs: gather.CollectionOrRecord,
  options: gather.Options | undefined,
  site: CallSite | undefined
): Effect.Effect<unknown, unknown> => {
  const keys = isRecord(inputs) ? Object.keys(inputs) : undefined
  const items = keys === undefined
    ? awaitables.itemsOf("gather", inputs)
    : keys.map((key) => (inputs as Readonly<Record<string, unknown>>)[key])
  checkOptions("gather", options)
  awaitables.checkAwaitables("gather", items, fiber, keys)
  const loop = getLoop("gather", fiber)
  const gathering = new Gathering(loop, fiber, items, keys, options ?? {}, site)
  const exit = gathering.begin()
  return exit === undefined ? join(gathering) : loop.atOnce?.(fiber) ?? asAwaited(exit)
}

const isRecord = (inputs: unknown): inputs is Readonly<Record<string, Awaitable.EffectOrFuture>> =>
  // In this order: listing an array's keys makes a string for each item, a twentieth of the time with a limit.
  !Predicate.isIterable(inputs) && check.isNamed(inputs)
