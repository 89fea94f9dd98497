/**
 * A semaphore: at most a given number at once, strictly first come, first served.
 *
 * A release promises its permit to the first waiter, so that nobody takes it before that waiter runs; and newcomers
 * queue behind those that wait or are about to run, even when another permit is free. Say one task waits, and two
 * permits are released. The first is promised to the waiter, which runs in the next tick; the second is free. A
 * newcomer that took it would run before a task that came earlier, and if it released it at once, the next newcomer
 * would too: internal/parts/Holdable.ts.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Pipeable } from "effect/Pipeable"
import type * as Scope from "effect/Scope"
import * as check from "./internal/host/check.ts"
import { curried } from "./internal/host/curried.ts"
import { SemaphoreImpl } from "./internal/parts/SemaphoreImpl.ts"
import { tasksIn } from "./internal/task/tasks.ts"
import type { Task } from "./Task.ts"

/**
 * A number of permits, shared by tasks.
 *
 * **Details**
 *
 * asyncio's `Semaphore`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Semaphore extends Pipeable {
  readonly "~effect-asyncio/Semaphore": unknown
  /** `<Semaphore unlocked value=2>`, `<BoundedSemaphore locked value=0 waiters=2>`. */
  toString(): string
}

/**
 * How many permits are free, and who waits for one.
 *
 * @category models
 * @since 0.1.0
 */
export interface Statistics {
  /** Permits that nobody has, and that are promised to nobody. */
  readonly available: number
  /** How many wait, including those that have a permit and are about to run. */
  readonly waiting: number
  /** The tasks among them, first in line first. */
  readonly waiters: ReadonlyArray<Task<unknown, unknown>>
}

/**
 * Creates a semaphore.
 *
 * **Details**
 *
 * `permits` is a whole number, 0 or more; anything else dies with `IllegalArgumentError`. Releasing may raise the
 * number above it; a `BoundedSemaphore` refuses that.
 *
 * **Example** (Counting up from zero)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const program = Effect.gen(function*() {
 *   const arrived = yield* asyncio.Semaphore.make(0)
 *   for (const seconds of [3, 1, 2]) {
 *     yield* asyncio.createTask(Effect.andThen(asyncio.sleep({ seconds }), asyncio.Semaphore.release(arrived)))
 *   }
 *   for (let i = 0; i < 2; i++) yield* asyncio.Semaphore.acquire(arrived)
 *   return yield* asyncio.EventLoop.time
 * })
 *
 * await Effect.runPromise(VirtualLoop.run(program)) // => 2
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (permits: number): Effect.Effect<Semaphore> =>
  Effect.sync(() => {
    check.wholeNumber("Semaphore.make", "permits", permits, 0)
    return new SemaphoreImpl(permits, Infinity)
  })

/**
 * Runs an effect while holding a permit.
 *
 * **When to use**
 *
 * Use to limit how many run at once.
 *
 * **Details**
 *
 * The wait for the permit can be cancelled, and then loses its place in line, nothing else. A free permit costs no
 * tick. asyncio's `async with semaphore`.
 *
 * **Example** (Two at a time)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const semaphore = yield* asyncio.Semaphore.make(2)
 *   let running = 0
 *   let most = 0
 *   const job = asyncio.Semaphore.withPermit(semaphore, Effect.gen(function*() {
 *     most = Math.max(most, ++running)
 *     yield* asyncio.sleep(0)
 *     running--
 *   }))
 *   yield* asyncio.gather([job, job, job, job])
 *   return most
 * })
 *
 * await asyncio.run(program) // => 2
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const withPermit: {
  (self: Semaphore): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(self: Semaphore, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R>
} = curried(
  "Semaphore.withPermit",
  (self: Semaphore) => impl("withPermit", self),
  (semaphore, effect) => semaphore.withHeld(effect)
)

/**
 * Takes a permit.
 *
 * **Details**
 *
 * O(1); no tick if one is free and nobody waits, otherwise one tick after the release that wakes it. A cancellation
 * loses its place in line, nothing else.
 *
 * **Example** (A cancelled waiter keeps no permit)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const semaphore = yield* asyncio.Semaphore.make(1)
 *   yield* asyncio.Semaphore.acquire(semaphore)
 *   const first = yield* asyncio.createTask(asyncio.Semaphore.acquire(semaphore))
 *   const second = yield* asyncio.createTask(asyncio.Semaphore.acquire(semaphore))
 *   yield* asyncio.sleep(0)
 *   yield* asyncio.Semaphore.release(semaphore) // for the first, which is cancelled before it runs
 *   yield* asyncio.Task.cancel(first)
 *   yield* second
 *   return [asyncio.Task.cancelled(first), asyncio.Task.done(second)]
 * })
 *
 * await asyncio.run(program) // => [true, true]
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const acquire = (self: Semaphore): Effect.Effect<void> => impl("acquire", self).acquire

/**
 * Takes a permit if that needs no waiting; returns whether it did.
 *
 * **When to use**
 *
 * Use to do something else when none is free. `locked` and then `acquire` are two steps; this is one, so nothing can
 * come between.
 *
 * **Details**
 *
 * It never overtakes: if somebody waits, or has been woken and is about to run, it returns false. Never takes a tick;
 * O(1). trio's `acquire_nowait`, which raises `WouldBlock` instead of returning false.
 *
 * **Example** (Turned away instead of made to wait)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const seats = yield* asyncio.Semaphore.make(2)
 *   const guest = Effect.gen(function*() {
 *     if (!(yield* asyncio.Semaphore.acquireNowait(seats))) return "full"
 *     return yield* Effect.ensuring(asyncio.sleep(0, "served"), asyncio.Semaphore.release(seats))
 *   })
 *   return yield* asyncio.gather([guest, guest, guest])
 * })
 *
 * await asyncio.run(program) // => ["served", "served", "full"]
 * ```
 *
 * @category using
 * @since 0.2.0
 */
export const acquireNowait = (self: Semaphore): Effect.Effect<boolean> => impl("acquireNowait", self).acquireNowait()

/**
 * Takes a permit until the scope closes. The wait can be cancelled.
 *
 * **Example** (A pool of one connection)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const seen: Array<string> = []
 * await asyncio.run(Effect.gen(function*() {
 *   const pool = yield* asyncio.Semaphore.make(1)
 *   const say = (text: string) => Effect.sync(() => seen.push(text))
 *   const connection = (name: string) =>
 *     Effect.andThen(
 *       asyncio.Semaphore.acquireScoped(pool),
 *       Effect.acquireRelease(say(`${name} opens`), () => say(`${name} closes`))
 *     )
 *   const query = (name: string) => Effect.scoped(Effect.andThen(connection(name), asyncio.sleep(0)))
 *   yield* asyncio.gather([query("a"), query("b")])
 * }))
 * seen // => ["a opens", "a closes", "b opens", "b closes"]
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const acquireScoped = (self: Semaphore): Effect.Effect<void, never, Scope.Scope> =>
  impl("acquireScoped", self).acquireScoped()

/**
 * Gives a permit back, to the first waiter if there is one.
 *
 * **Details**
 *
 * O(1). On a `BoundedSemaphore`, dies with `IllegalArgumentError` if that exceeds the initial number of permits.
 *
 * **Example** (Raising the limit)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const limit = yield* asyncio.Semaphore.make(1)
 *   let running = 0
 *   const job = Effect.andThen(Effect.sync(() => ++running), asyncio.sleep("1 hour"))
 *   for (let i = 0; i < 3; i++) yield* asyncio.createTask(asyncio.Semaphore.withPermit(limit, job))
 *   yield* asyncio.sleep(0)
 *   const before = running
 *   yield* asyncio.Semaphore.release(limit)
 *   yield* asyncio.sleep(0)
 *   return [before, running]
 * })
 *
 * await asyncio.run(program) // => [1, 2]
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const release = (self: Semaphore): Effect.Effect<void> => impl("release", self).giveBack

/**
 * `release` for plain callbacks. Throws where `release` dies.
 *
 * **Example** (At most two a second)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const starts: Array<number> = []
 * const program = Effect.gen(function*() {
 *   const semaphore = yield* asyncio.Semaphore.make(2)
 *   for (let i = 0; i < 5; i++) {
 *     yield* asyncio.Semaphore.acquire(semaphore)
 *     yield* asyncio.EventLoop.callLater("1 second", () => asyncio.Semaphore.releaseUnsafe(semaphore))
 *     starts.push(yield* asyncio.EventLoop.time)
 *   }
 * })
 *
 * await Effect.runPromise(VirtualLoop.run(program))
 * starts // => [0, 0, 1, 1, 2]
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const releaseUnsafe = (self: Semaphore): void => impl("releaseUnsafe", self).release()

/**
 * Whether an acquire would have to wait.
 *
 * **Details**
 *
 * To act on the answer, use `acquireNowait`.
 *
 * **Example** (One left, none left)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const seats = yield* asyncio.Semaphore.make(1)
 *   const before = asyncio.Semaphore.locked(seats)
 *   yield* asyncio.Semaphore.acquire(seats)
 *   return [before, asyncio.Semaphore.locked(seats)]
 * })
 *
 * await asyncio.run(program) // => [false, true]
 * ```
 *
 * @category state
 * @since 0.1.0
 */
export const locked = (self: Semaphore): boolean => impl("locked", self).isLocked

/**
 * How many permits are free, and who waits for one. O(n) in the number of waiters.
 *
 * **Example** (A permit that is promised)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const { make, release, statistics, withPermit } = asyncio.Semaphore
 *   const semaphore = yield* make(1)
 *   for (const name of ["a", "b"]) {
 *     yield* asyncio.createTask(withPermit(semaphore, asyncio.sleep("1 hour")), { name })
 *   }
 *   yield* asyncio.sleep(0)
 *   yield* release(semaphore)
 *   const { available, waiters, waiting } = statistics(semaphore)
 *   return [available, waiting, waiters.map(({ name }) => name)]
 * })
 *
 * await asyncio.run(program) // => [0, 1, ["b"]]
 * ```
 *
 * @category state
 * @since 0.1.0
 */
export const statistics = (self: Semaphore): Statistics => {
  const { available, line } = impl("statistics", self)
  return { available, waiting: line.length, waiters: tasksIn(line) }
}

const impl: (call: string, self: Semaphore) => SemaphoreImpl = check.self("Semaphore", SemaphoreImpl)
