/**
 * A barrier: waits until a given number have arrived, then lets them all go; again and again.
 *
 * CPython's algorithm, on our Condition: the barrier fills, drains, and fills again. The last to arrive passes at once,
 * without a tick; those that arrive while it drains wait for the next round. A party that is cancelled leaves, and
 * breaks nothing. A round costs O(n).
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Pipeable } from "effect/Pipeable"
import * as Condition from "./Condition.ts"
import { BrokenBarrierError } from "./Errors.ts"
import * as check from "./internal/host/check.ts"
import type { Words } from "./internal/host/printing.ts"
import { Primitive } from "./internal/parts/Primitive.ts"

/**
 * A meeting point for a number of tasks.
 *
 * **Details**
 *
 * asyncio's `Barrier`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Barrier extends Pipeable {
  readonly "~effect-asyncio/Barrier": unknown
  /** How many have to arrive. */
  readonly parties: number
  /** `<Barrier filling waiters=1/3>`, `<Barrier broken>`. */
  toString(): string
}

/**
 * Creates a barrier for a number of parties: a whole number, 1 or more; anything else dies with `IllegalArgumentError`.
 *
 * **Example** (Nobody goes before all have come)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const seen: Array<string> = []
 * await asyncio.run(Effect.gen(function*() {
 *   const barrier = yield* asyncio.Barrier.make(2)
 *   const walk = (name: string) =>
 *     Effect.gen(function*() {
 *       seen.push(`${name} comes`)
 *       yield* asyncio.Barrier.wait(barrier)
 *       seen.push(`${name} goes`)
 *     })
 *   yield* asyncio.gather([walk("a"), walk("b")])
 * }))
 * seen // => ["a comes", "b comes", "b goes", "a goes"]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (parties: number): Effect.Effect<Barrier> =>
  Effect.suspend(() => {
    check.wholeNumber("Barrier.make", "parties", parties, 1)
    return Effect.map(Condition.make(), (condition) => new BarrierImpl(parties, condition))
  })

/**
 * Waits until all parties have arrived; returns the index of arrival, 0 to `parties - 1`.
 *
 * **Details**
 *
 * Fails with `BrokenBarrierError` if the barrier is aborted, or reset meanwhile. If cancelled, it leaves the others
 * waiting for one more. asyncio's `wait`, and its `async with barrier`.
 *
 * **Example** (One of them speaks for all)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const barrier = yield* asyncio.Barrier.make(3)
 *   const worker = (name: string) =>
 *     Effect.gen(function*() {
 *       const index = yield* asyncio.Barrier.wait(barrier)
 *       return index === 0 ? `${name} reports` : `${name} goes on`
 *     })
 *   return yield* asyncio.gather([worker("a"), worker("b"), worker("c")])
 * })
 *
 * await asyncio.run(program) // => ["a reports", "b goes on", "c goes on"]
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const wait = (self: Barrier): Effect.Effect<number, BrokenBarrierError> => impl("wait", self).wait

/**
 * Breaks the barrier: those that wait, and those that arrive later, fail with `BrokenBarrierError` until it is reset.
 *
 * **Example** (A party that will never come)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const barrier = yield* asyncio.Barrier.make(2)
 *   const wait = asyncio.Barrier.wait(barrier)
 *   const prepare = Effect.onError(Effect.fail("disk full"), () => asyncio.Barrier.abort(barrier))
 *   const [first, second] = yield* asyncio.gather([Effect.flip(wait), Effect.flip(Effect.andThen(prepare, wait))])
 *   return [first.message, second]
 * })
 *
 * await asyncio.run(program) // => ["Barrier.wait: the barrier was aborted or reset", "disk full"]
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const abort = (self: Barrier): Effect.Effect<void> => impl("abort", self).change(() => "broken")

/**
 * Fails those that wait with `BrokenBarrierError`, and begins anew.
 *
 * **Example** (A round that begins anew)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const barrier = yield* asyncio.Barrier.make(2)
 *   const wait = asyncio.Barrier.wait(barrier)
 *   const early = yield* asyncio.createTask(Effect.flip(wait))
 *   yield* asyncio.sleep(0)
 *   yield* asyncio.Barrier.reset(barrier)
 *   const error = yield* early
 *   return [error._tag, ...(yield* asyncio.gather([wait, wait]))]
 * })
 *
 * await asyncio.run(program) // => ["BrokenBarrierError", 0, 1]
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const reset = (self: Barrier): Effect.Effect<void> => {
  const barrier = impl("reset", self)
  return barrier.change(() => barrier.count > 0 ? "resetting" : "filling")
}

/**
 * How many wait for the round to be complete.
 *
 * **Example** (Who is cancelled has left)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const barrier = yield* asyncio.Barrier.make(3)
 *   const first = yield* asyncio.createTask(asyncio.Barrier.wait(barrier))
 *   yield* asyncio.createTask(asyncio.Barrier.wait(barrier))
 *   yield* asyncio.sleep(0)
 *   const before = asyncio.Barrier.waiting(barrier)
 *   yield* asyncio.Task.cancel(first)
 *   yield* asyncio.Task.await(first)
 *   return [before, asyncio.Barrier.waiting(barrier)]
 * })
 *
 * await asyncio.run(program) // => [2, 1]
 * ```
 *
 * @category state
 * @since 0.1.0
 */
export const waiting = (self: Barrier): number => impl("waiting", self).waiting

/**
 * Whether the barrier is aborted.
 *
 * **Example** (Broken until it is reset)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const barrier = yield* asyncio.Barrier.make(2)
 *   yield* asyncio.Barrier.abort(barrier)
 *   const late = yield* Effect.flip(asyncio.Barrier.wait(barrier))
 *   const before = asyncio.Barrier.broken(barrier)
 *   yield* asyncio.Barrier.reset(barrier)
 *   return [late._tag, before, asyncio.Barrier.broken(barrier)]
 * })
 *
 * await asyncio.run(program) // => ["BrokenBarrierError", true, false]
 * ```
 *
 * @category state
 * @since 0.1.0
 */
export const broken = (self: Barrier): boolean => impl("broken", self).state === "broken"

/**
 * How many have to arrive, and how many wait, and which tasks: for their round to fill or for the one before it to
 * empty. O(n) in the number of waiters.
 *
 * **Example** (Who is still missing)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const barrier = yield* asyncio.Barrier.make(3)
 *   for (const name of ["ann", "bob"]) {
 *     yield* asyncio.createTask(asyncio.Barrier.wait(barrier), { name })
 *   }
 *   yield* asyncio.sleep(0)
 *   const { parties, waiters, waiting } = asyncio.Barrier.statistics(barrier)
 *   return `${waiters.map(({ name }) => name).join(" and ")} wait for ${parties - waiting} more`
 * })
 *
 * await asyncio.run(program) // => "ann and bob wait for 1 more"
 * ```
 *
 * @category state
 * @since 0.1.0
 */
export const statistics = (self: Barrier): Condition.Statistics & { readonly parties: number } => {
  const { condition, parties } = impl("statistics", self)
  return { ...Condition.statistics(condition), parties }
}

class BarrierImpl extends Primitive implements Barrier {
  readonly "~effect-asyncio/Barrier" = "~effect-asyncio/Barrier"
  readonly parties: number
  readonly condition: Condition.Condition
  state: "filling" | "draining" | "resetting" | "broken" = "filling"
  // INVARIANT: how many are inside, including those who have not yet left a finished round.
  count = 0

  constructor(parties: number, condition: Condition.Condition) {
    super()
    this.parties = parties
    this.condition = condition
    if (condition instanceof Primitive) condition.whole = this
  }

  get kind(): string {
    return "Barrier"
  }
  describe(): Words {
    return [this.state, this.state === "broken" ? undefined : `waiters=${this.waiting}/${this.parties}`]
  }
  /** How many wait for the round to fill. */
  get waiting(): number {
    return this.state === "filling" ? this.count : 0
  }

  readonly wait: Effect.Effect<number, BrokenBarrierError> = Effect.suspend(() =>
    Condition.withLock(
      this.condition,
      // Whoever has been counted leaves, however it is interrupted.
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(restore(this.waitForRound), () => Effect.ensuring(restore(this.join(this.count++)), this.leave))
      )
    )
  )

  private readonly waitForRound: Effect.Effect<void, BrokenBarrierError> = Effect.suspend(() =>
    Effect.flatMap(
      Condition.waitFor(this.condition, () => this.state !== "draining" && this.state !== "resetting"),
      () => this.state === "broken" ? fail("the barrier is aborted") : Effect.void
    )
  )

  private join(index: number): Effect.Effect<number, BrokenBarrierError> {
    if (index + 1 === this.parties) {
      this.state = "draining"
      return Effect.as(Condition.notifyAll(this.condition), index)
    }
    return Effect.flatMap(
      Condition.waitFor(this.condition, () => this.state !== "filling"),
      () => this.state === "draining" ? Effect.succeed(index) : fail("the barrier was aborted or reset")
    )
  }

  private readonly leave: Effect.Effect<void> = Effect.suspend(() => {
    this.count--
    if (this.count > 0) return Effect.void
    if (this.state === "draining" || this.state === "resetting") this.state = "filling"
    return Condition.notifyAll(this.condition)
  })

  change(state: () => BarrierImpl["state"]): Effect.Effect<void> {
    return Condition.withLock(
      this.condition,
      Effect.suspend(() => {
        this.state = state()
        return Condition.notifyAll(this.condition)
      })
    )
  }
}

const fail = (message: string) => Effect.fail(new BrokenBarrierError({ message: `Barrier.wait: ${message}` }))

const impl: (call: string, self: Barrier) => BarrierImpl = check.self("Barrier", BarrierImpl)
