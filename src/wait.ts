/**
 * `wait`: waits for some of several, and lets the rest run on.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { Awaitable } from "./Awaitable.ts"
import type { EventLoop } from "./EventLoop.ts"
import * as check from "./internal/host/check.ts"
import { creationSite } from "./internal/loop/creationSite.ts"
import { getLoop } from "./internal/loop/currentLoop.ts"
import type { LoopImpl } from "./internal/loop/loop.ts"
import { TimedWaiter } from "./internal/loop/TimedWaiter.ts"
import { Cohort, type Listener } from "./internal/parts/Cohort.ts"
import { goOn, type Holder, pendingOf } from "./internal/parts/PendingView.ts"
import * as awaitables from "./internal/task/awaitables.ts"
import type { FutureImpl } from "./internal/task/future.ts"
import { isCancelled } from "./internal/waiting/cancelled.ts"

/**
 * `wait` returns when the first has ended, however it ended.
 *
 * **Example** (Work until told to stop)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const stop = yield* asyncio.Event.make
 *   yield* asyncio.EventLoop.callLater("1 millis", () => asyncio.Event.setUnsafe(stop))
 *   const { pending } = yield* asyncio.wait([asyncio.sleep("1 hour"), asyncio.Event.wait(stop)], {
 *     returnWhen: asyncio.FIRST_COMPLETED
 *   })
 *   for (const work of pending) yield* asyncio.Task.cancel(work)
 *   return pending.size
 * })
 *
 * await asyncio.run(program) // => 1
 * ```
 *
 * @category modes
 * @since 0.1.0
 */
export const FIRST_COMPLETED = "FIRST_COMPLETED"

/**
 * `wait` returns when the first has failed, or when all have ended if none fails. Being cancelled is not failing.
 *
 * **Example** (Neither a value nor a cancellation ends the wait)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const good = yield* asyncio.createTask(Effect.succeed("page"))
 *   const gone = yield* asyncio.createTask(asyncio.sleep("1 hour"))
 *   const bad = yield* asyncio.createTask(Effect.andThen(asyncio.sleep("1 millis"), Effect.fail("no route")))
 *   const slow = yield* asyncio.createTask(asyncio.sleep("1 hour"))
 *   yield* asyncio.Task.cancel(gone)
 *   const { done, pending } = yield* asyncio.wait([good, gone, bad, slow], { returnWhen: asyncio.FIRST_EXCEPTION })
 *   return [done.size, pending.has(slow), yield* Effect.flip(asyncio.Task.join(bad))]
 * })
 *
 * await asyncio.run(program) // => [3, true, "no route"]
 * ```
 *
 * @category modes
 * @since 0.1.0
 */
export const FIRST_EXCEPTION = "FIRST_EXCEPTION"

/**
 * `wait` returns when all have ended: the default.
 *
 * **Example** (To the end, or to the first failure)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const leftOver = Effect.fn("leftOver")(function*(failFast: boolean) {
 *   const { done, pending } = yield* asyncio.wait([Effect.fail("no route"), asyncio.sleep("1 millis")], {
 *     returnWhen: failFast ? asyncio.FIRST_EXCEPTION : asyncio.ALL_COMPLETED
 *   })
 *   yield* Effect.forEach(done, asyncio.Task.await)
 *   return pending.size
 * })
 *
 * await asyncio.run(leftOver(true)) // => 1
 * await asyncio.run(leftOver(false)) // => 0
 * ```
 *
 * @category modes
 * @since 0.1.0
 */
export const ALL_COMPLETED = "ALL_COMPLETED"

/**
 * @since 0.1.0
 */
export declare namespace wait {
  /**
   * How many of the awaitables have ended, and how.
   *
   * @since 0.1.0
   */
  export interface Tally {
    /** Those that ended with a value. */
    readonly succeeded: number
    /** Those that ended with a failure or defect. */
    readonly failed: number
    /** Those that ended cancelled. */
    readonly cancelled: number
    /** Those that have not ended. */
    readonly pending: number
  }

  /**
   * When to return: one of asyncio's three modes, or a predicate that is called after every completion. Once all have
   * ended, `wait` returns in any case.
   *
   * @since 0.1.0
   */
  export type ReturnWhen =
    | typeof FIRST_COMPLETED
    | typeof FIRST_EXCEPTION
    | typeof ALL_COMPLETED
    | ((tally: Tally) => boolean)

  /**
   * Options of `wait`.
   *
   * @since 0.1.0
   */
  export interface Options {
    /** Default `ALL_COMPLETED`. */
    readonly returnWhen?: ReturnWhen | undefined
    /** Return after this time with what is done by then. Zero or less: after a tick. Default: no limit. */
    readonly timeout?: Duration.Input | undefined
  }

  /**
   * What `wait` returns: the awaitables that have ended, and the others.
   *
   * @since 0.1.0
   */
  export interface Result<T> {
    /** Those that have ended, in the input's order. */
    readonly done: ReadonlySet<T>
    /** The others, in the input's order. They run on. */
    readonly pending: ReadonlySet<T>
  }
}

/**
 * Waits until some of several awaitables have ended; returns those that are done and those still pending.
 *
 * **When to use**
 *
 * Use to look at outcomes as they come while the rest runs on: the first of several, a deadline for a batch, a loop
 * over completions. Use `gather` when every value is needed.
 *
 * **Details**
 *
 * Effects become tasks; Futures and Tasks are taken as they are, once each. It never cancels anything and never fails
 * with a child's error, and its own cancellation leaves the tasks alone. Returning a task does not count as looking at
 * its outcome: a failure that nobody asks for is still reported. It resumes two ticks after the decisive completion,
 * even if all are done beforehand; `done` is everything that is done by then.
 *
 * O(n) for a first call. Going on with the `pending` set that it returned costs O(1) per completion, so the loop `while
 * (pending.size > 0)` is linear, where asyncio's is quadratic.
 *
 * An empty collection, a lone awaitable, an effect that makes a task (`createTask` without `yield*`) or an unknown mode
 * dies with `IllegalArgumentError`. asyncio's `wait`.
 *
 * **Example** (The first of two, then the other)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const slow = yield* asyncio.createTask(asyncio.sleep("300 millis", "slow"))
 *   const fast = yield* asyncio.createTask(asyncio.sleep("1 millis", "fast"))
 *   const first = yield* asyncio.wait([slow, fast], { returnWhen: asyncio.FIRST_COMPLETED })
 *   const rest = yield* asyncio.wait(first.pending)
 *   return [first.done.has(fast), first.pending.has(slow), rest.pending.size]
 * })
 *
 * await asyncio.run(program) // => [true, true, 0]
 * ```
 *
 * **Example** (As soon as two have succeeded)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const replies = [1, 2, 300].map((n) => asyncio.sleep(n, n))
 * const quorum = asyncio.wait(replies, { returnWhen: ({ succeeded }) => succeeded >= 2 })
 *
 * await asyncio.run(Effect.map(quorum, ({ done }) => done.size)) // => 2
 * ```
 *
 * @category verbs
 * @since 0.1.0
 */
export const wait = <T extends Awaitable.EffectOrFuture>(
  inputs: Awaitable.Collection<T>,
  options?: wait.Options
): Effect.Effect<wait.Result<Awaitable.Running<T>>, never, Awaitable.Services<T> | EventLoop> => {
  const site = creationSite(wait)
  return Effect.withFiber((fiber) => {
    checkOptions("wait", options)
    const { returnWhen = ALL_COMPLETED, timeout } = options ?? {}
    const isEnough = typeof returnWhen === "function" ? returnWhen : decisions[returnWhen]
    const limit = timeout === undefined ? Infinity : check.nanos("wait", timeout)
    const holder: Holder | undefined = typeof inputs === "object" && inputs !== null ? goOn(inputs) : undefined
    let cohort = holder?.cohort
    if (cohort === undefined) {
      const items = awaitables.itemsOf("wait", inputs)
      if (items.length === 0) return check.illegal("wait", "the collection", items, "at least one awaitable")
      awaitables.checkAwaitables("wait", items, fiber)
      cohort = new Cohort(new Set(new awaitables.Starter("wait", fiber, site).startAll(items)))
    }
    return new Wait<Awaitable.Running<T>>(getLoop("wait", fiber), fiber, limit, cohort, holder, isEnough).park()
  })
}

type Decision = (tally: wait.Tally) => boolean

const returnWhen = check.kind(
  (value) =>
    value === FIRST_COMPLETED || value === FIRST_EXCEPTION || value === ALL_COMPLETED || typeof value === "function",
  "FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED or a predicate of the tally"
)
const checkOptions = check.options<wait.Options>({ returnWhen, timeout: check.duration })

const decisions: Readonly<Record<Exclude<wait.ReturnWhen, Decision>, Decision>> = {
  [FIRST_COMPLETED]: () => true,
  [FIRST_EXCEPTION]: ({ failed }) => failed > 0,
  [ALL_COMPLETED]: () => false
}

/** The caller of `wait`, parked. */
class Wait<T> extends TimedWaiter<wait.Result<T>> implements Listener {
  private readonly cohort: Cohort
  private readonly holder: Holder | undefined
  private readonly isEnough: Decision
  private thrown: Effect.Effect<never> | undefined = undefined
  private readonly tally: { -readonly [K in keyof wait.Tally]: wait.Tally[K] }

  constructor(
    loop: LoopImpl,
    fiber: Fiber.Fiber<unknown, unknown>,
    limit: number,
    cohort: Cohort,
    holder: Holder | undefined,
    isEnough: Decision
  ) {
    super(loop, fiber, limit)
    this.cohort = cohort
    this.holder = holder
    this.isEnough = isEnough
    this.tally = { succeeded: 0, failed: 0, cancelled: 0, pending: cohort.size }
  }

  get label(): string {
    return "wait"
  }
  override waitsFor(): ReadonlyArray<FutureImpl<any, any>> {
    return this.cohort.pending()
  }
  override get isForAny(): boolean {
    return this.isEnough !== decisions[ALL_COMPLETED]
  }

  override enter(): void {
    this.cohort.listen(this)
    super.enter()
  }

  completed(future: FutureImpl<any, any>): void {
    if (this.state !== "parked") return
    const { tally } = this
    const exit = future.exit!
    tally.pending--
    if (exit._tag === "Success") tally.succeeded++
    else if (isCancelled(exit)) tally.cancelled++
    else tally.failed++
    if (tally.pending > 0 && !this.asks(tally)) return
    this.wake()
  }

  /** What the predicate throws becomes a defect of the wait. */
  private asks(tally: wait.Tally): boolean {
    try {
      const enough = this.isEnough(tally)
      check.answer("wait", "the result of returnWhen", enough)
      return enough
    } catch (thrown) {
      this.thrown = Effect.die(thrown)
      return true
    }
  }

  proceed() {
    if (this.thrown !== undefined) {
      this.leave()
      return this.thrown
    }
    super.leave()
    // What the cohort holds is what `inputs` became: T, once running.
    const done = new Set(this.cohort.take() as unknown as ReadonlyArray<T>)
    return Effect.succeed({ done, pending: pendingOf<T>(this.cohort, this.holder) })
  }

  override leave(): void {
    super.leave()
    this.cohort.unlisten()
  }
  override passOn(): void {
    this.leave()
  }
}
