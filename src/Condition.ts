/**
 * A condition: tasks that share a lock wait for something to change.
 *
 * `wait` releases the lock, waits to be notified, and takes the lock again before it ends, even when cancelled.
 * Notified waiters wake and queue for the lock as newcomers do, as in CPython, so a `notifyAll` of n costs O(n). A
 * cancelled wait passes on a notification, whether it had one or not: a wake-up may be spurious, but none is lost
 * (python/cpython#112202). Prefer `waitFor`, which checks again.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Pipeable } from "effect/Pipeable"
import { RuntimeError } from "./Errors.ts"
import * as check from "./internal/host/check.ts"
import { curried, dual } from "./internal/host/curried.ts"
import type { Words } from "./internal/host/printing.ts"
import { atomically } from "./internal/host/withoutYield.ts"
import { counted } from "./internal/host/words.ts"
import { WaitQueue } from "./internal/kernel/WaitQueue.ts"
import { Primitive, Visitor } from "./internal/parts/Primitive.ts"
import { tasksIn } from "./internal/task/tasks.ts"
import { meetBeforeRestore } from "./internal/waiting/cancellation.ts"
import * as Lock from "./Lock.ts"
import type { Task } from "./Task.ts"

/**
 * A condition variable.
 *
 * **Details**
 *
 * asyncio's `Condition`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Condition extends Pipeable {
  readonly "~effect-asyncio/Condition": unknown
  /** The lock that its operations need: its own, or the one given to `make`. */
  readonly lock: Lock.Lock
  /** `<Condition unlocked>`, `<Condition locked waiters=2>`: whether its lock is held, and who waits to be notified. */
  toString(): string
}

/**
 * Which tasks wait to be notified, and the lock's own statistics.
 *
 * @category models
 * @since 0.1.0
 */
export interface Statistics {
  /** How many wait to be notified. */
  readonly waiting: number
  /** The tasks among them, first in line first. */
  readonly waiters: ReadonlyArray<Task<unknown, unknown>>
  /** The statistics of its lock. */
  readonly lock: Lock.Statistics
}

/**
 * What a predicate may return: an Effect or a promise would always be true.
 *
 * @category models
 * @since 0.2.0
 */
export type Answer<A> = A extends Effect.Effect<any, any, any> | PromiseLike<any> | Generator<any, any, any>
  ? "a predicate gives a plain value: this would always be true"
  : A

/**
 * Creates a condition, on a lock of its own or on one that others share.
 *
 * **Example** (A consumer that waits for something to eat)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const { make, notify, waitFor, withLock } = asyncio.Condition
 *   const condition = yield* make()
 *   const items: Array<string> = []
 *   const consumer = yield* asyncio.createTask(withLock(condition, Effect.gen(function*() {
 *     yield* waitFor(condition, () => items.length > 0)
 *     return items.shift()
 *   })))
 *   yield* asyncio.sleep(0)
 *   yield* withLock(condition, Effect.suspend(() => {
 *     items.push("bread")
 *     return notify(condition)
 *   }))
 *   return yield* consumer
 * })
 *
 * await asyncio.run(program) // => "bread"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (lock?: Lock.Lock): Effect.Effect<Condition> => {
  if (lock === undefined) return Effect.map(Lock.make, (lock) => new ConditionImpl(lock))
  check.branded("Lock")("Condition.make", "the lock", lock)
  return Effect.sync(() => new ConditionImpl(lock))
}

/**
 * Runs an effect while holding the condition's lock.
 *
 * **Details**
 *
 * Works like `Lock.withLock`. asyncio's `async with condition`.
 *
 * **Example** (Released after a failure too)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const condition = yield* asyncio.Condition.make()
 *   let stock = 1
 *   const buy = asyncio.Condition.withLock(
 *     condition,
 *     Effect.suspend(() => stock-- > 0 ? Effect.succeed("sold") : Effect.fail("sold out"))
 *   )
 *   const outcomes = [yield* buy, yield* Effect.flip(buy)]
 *   return [...outcomes, asyncio.Condition.locked(condition)]
 * })
 *
 * await asyncio.run(program) // => ["sold", "sold out", false]
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const withLock: {
  (self: Condition): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(self: Condition, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R>
} = curried(
  "Condition.withLock",
  (self: Condition) => impl("withLock", self),
  <A, E, R>({ lock }: ConditionImpl, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Lock.withLock(lock, effect)
)

/**
 * Waits until `predicate` returns something truthy; returns that.
 *
 * **Details**
 *
 * The predicate is called at once, and after every notification, with the lock held. It returns a plain value: an
 * Effect or a promise, which would always be true, is refused. asyncio's `wait_for`.
 *
 * **Example** (The first offer that is enough)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const { make, notifyAll, waitFor, withLock } = asyncio.Condition
 *   const condition = yield* make()
 *   const offers: Array<number> = []
 *   const seller = withLock(condition, waitFor(condition, () => offers.find((offer) => offer > 100)))
 *   const offer = (price: number) =>
 *     withLock(condition, Effect.andThen(Effect.sync(() => offers.push(price)), notifyAll(condition)))
 *   const [price] = yield* asyncio.gather([seller, offer(80), offer(120), offer(150)])
 *   return price
 * })
 *
 * await asyncio.run(program) // => 120
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const waitFor: {
  <A>(predicate: () => Answer<A>): (self: Condition) => Effect.Effect<A>
  <A>(self: Condition, predicate: () => Answer<A>): Effect.Effect<A>
} = dual(
  <A>(self: Condition, predicate: () => A): Effect.Effect<A> => {
    const condition = impl("waitFor", self)
    checkPredicate(predicate)
    const look: Effect.Effect<A> = Effect.suspend(() => {
      const result = predicate()
      check.answer("Condition.waitFor", "the result of the predicate", result)
      return result ? Effect.succeed(result) : Effect.flatMap(condition.wait, () => look)
    })
    return look
  },
  (predicate) => checkPredicate(predicate)
)

const checkPredicate = (predicate: unknown): void => check.callback("Condition.waitFor", "the predicate", predicate)

/**
 * Releases the lock, waits to be notified, and takes the lock again.
 *
 * **Details**
 *
 * May wake spuriously: prefer `waitFor`. The lock is held when it ends, even if it is cancelled, however often: so a
 * cancelled wait ends only once it has the lock. It loses no notification. Dies with `RuntimeError` if the lock is not
 * held. O(1).
 *
 * **Example** (Held again, even when cancelled)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const held: Array<boolean> = []
 * await asyncio.run(Effect.gen(function*() {
 *   const { locked, make, wait, withLock } = asyncio.Condition
 *   const condition = yield* make()
 *   const look = Effect.sync(() => held.push(locked(condition)))
 *   const task = yield* asyncio.createTask(withLock(condition, Effect.ensuring(wait(condition), look)))
 *   yield* asyncio.sleep(0)
 *   yield* look
 *   yield* asyncio.Task.cancel(task)
 *   yield* asyncio.Task.await(task)
 *   yield* look
 * }))
 * held // => [false, true, false]
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const wait = (self: Condition): Effect.Effect<void> => impl("wait", self).wait

/**
 * Wakes the first `n` waiters, one by default. If nobody waits, the notification is lost.
 *
 * **Details**
 *
 * They go on once they have the lock, so not before the caller releases it. Dies with `RuntimeError` if the lock is not
 * held, and with `IllegalArgumentError` if `n` is not a whole number, 0 or more. O(n).
 *
 * **Example** (Two of three, once the lock is free)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const seen: Array<string> = []
 * await asyncio.run(Effect.gen(function*() {
 *   const { make, notify, wait, withLock } = asyncio.Condition
 *   const condition = yield* make()
 *   const say = (text: string) => Effect.sync(() => seen.push(text))
 *   for (const name of ["a", "b", "c"]) {
 *     yield* asyncio.createTask(withLock(condition, Effect.andThen(wait(condition), say(name))))
 *   }
 *   yield* asyncio.sleep(0)
 *   yield* withLock(condition, Effect.andThen(notify(condition, 2), say("notified")))
 *   yield* asyncio.sleep(0)
 * }))
 * seen // => ["notified", "a", "b"]
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const notify = (self: Condition, n: number = 1): Effect.Effect<void> =>
  Effect.sync(() => {
    const condition = impl("notify", self)
    if (n !== Infinity) check.wholeNumber("Condition.notify", "n", n, 0)
    condition.checkLocked("notify")
    condition.notify(n)
  })

/**
 * Wakes everyone who waits.
 *
 * **Details**
 *
 * Like `notify`, dies with `RuntimeError` if the lock is not held. asyncio's `notify_all`.
 *
 * **Example** (A value that several wait for)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const { make, notifyAll, waitFor, withLock } = asyncio.Condition
 *   const condition = yield* make()
 *   let theme = ""
 *   const read = withLock(condition, waitFor(condition, () => theme))
 *   const load = Effect.suspend(() => {
 *     theme = "dark"
 *     return notifyAll(condition)
 *   })
 *   const [page, menu] = yield* asyncio.gather([read, read, withLock(condition, load)])
 *   return { page, menu }
 * })
 *
 * await asyncio.run(program) // => { page: "dark", menu: "dark" }
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const notifyAll = (self: Condition): Effect.Effect<void> =>
  Effect.sync(() => {
    const condition = impl("notifyAll", self)
    condition.checkLocked("notifyAll")
    condition.notify(Infinity)
  })

/**
 * Acquires the condition's lock. See `withLock`.
 *
 * **Example** (Nobody sees half of a change)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const { acquire, make, release, withLock } = asyncio.Condition
 *   const condition = yield* make()
 *   const parts: Array<string> = []
 *   yield* acquire(condition)
 *   parts.push("head")
 *   const reader = yield* asyncio.createTask(withLock(condition, Effect.sync(() => parts.join(" and "))))
 *   yield* asyncio.sleep(0)
 *   parts.push("body")
 *   yield* release(condition)
 *   return yield* reader
 * })
 *
 * await asyncio.run(program) // => "head and body"
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const acquire = (self: Condition): Effect.Effect<void> => Lock.acquire(impl("acquire", self).lock)

/**
 * Releases the condition's lock; dies with `RuntimeError` if it is not held.
 *
 * **Example** (Once too often)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const { acquire, make, release } = asyncio.Condition
 *   const condition = yield* make()
 *   yield* acquire(condition)
 *   yield* release(condition)
 *   return yield* Effect.catchDefect(release(condition), (defect) => Effect.succeed(String(defect)))
 * })
 *
 * await asyncio.run(program) // => "RuntimeError: Condition.release: the lock is not acquired"
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const release = (self: Condition): Effect.Effect<void> => {
  const condition = impl("release", self)
  return Effect.sync(() => {
    condition.checkLocked("release")
    Lock.releaseUnsafe(condition.lock)
  })
}

/**
 * Whether the condition's lock is held.
 *
 * **Example** (Two conditions on one lock)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const lock = yield* asyncio.Lock.make
 *   const notEmpty = yield* asyncio.Condition.make(lock)
 *   const notFull = yield* asyncio.Condition.make(lock)
 *   const look = Effect.sync(() => asyncio.Condition.locked(notFull))
 *   return [yield* asyncio.Condition.withLock(notEmpty, look), yield* look]
 * })
 *
 * await asyncio.run(program) // => [true, false]
 * ```
 *
 * @category state
 * @since 0.1.0
 */
export const locked = (self: Condition): boolean => Lock.locked(impl("locked", self).lock)

/**
 * Who waits to be notified. O(n) in the number of waiters.
 *
 * **Example** (From one line into the other)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const { make, notify, statistics, wait, withLock } = asyncio.Condition
 *   const condition = yield* make()
 *   for (const name of ["a", "b"]) {
 *     yield* asyncio.createTask(withLock(condition, wait(condition)), { name })
 *   }
 *   yield* asyncio.sleep(0)
 *   const notifyOne = Effect.andThen(notify(condition), asyncio.sleep(0))
 *   const look = Effect.sync(() => statistics(condition))
 *   const { lock, waiters } = yield* withLock(condition, Effect.andThen(notifyOne, look))
 *   return { notified: lock.waiters.map(({ name }) => name), waiting: waiters.map(({ name }) => name) }
 * })
 *
 * await asyncio.run(program) // => { notified: ["a"], waiting: ["b"] }
 * ```
 *
 * @category state
 * @since 0.1.0
 */
export const statistics = (self: Condition): Statistics => {
  const { lock, waiting } = impl("statistics", self)
  return { waiting: waiting.length, waiters: tasksIn(waiting), lock: Lock.statistics(lock) }
}

class ConditionImpl extends Primitive implements Condition {
  readonly "~effect-asyncio/Condition" = "~effect-asyncio/Condition"
  readonly lock: Lock.Lock
  readonly waiting = new WaitQueue()

  constructor(lock: Lock.Lock) {
    super()
    this.lock = lock
  }

  get kind(): string {
    return "Condition"
  }
  describe(): Words {
    return [Lock.locked(this.lock) ? "locked" : "unlocked", counted("waiters", this.waiting.length)]
  }

  checkLocked(call: string): void {
    if (!Lock.locked(this.lock)) throw new RuntimeError({ message: `Condition.${call}: the lock is not acquired` })
  }

  notify(n: number): void {
    for (let i = 0; i < n && this.waiting.wakeFirst(); i++);
  }

  /**
   * A cancellation of
   *
   * - `parked` ends it at once, and comes out once the lock is held again;
   * - `relock` can't be: it comes out in `deliverMeanwhile`, behind it;
   *
   * and of either passes a notification on, whether the wait had one or not.
   */
  readonly wait: Effect.Effect<void> = atomically(() =>
    Effect.uninterruptibleMask((restore) => {
      this.checkLocked("wait")
      Lock.releaseUnsafe(this.lock)
      const parked = restore(new Visitor(this).parkIn(this.waiting))
      const relock = Lock.acquire(this.lock)
      return Effect.flatMap(
        Effect.exit(parked),
        (exit) =>
          Effect.flatMap(
            relock,
            () => exit._tag === "Failure" ? Effect.andThen(this.passOn, exit) : this.deliverMeanwhile(restore)
          )
      )
    })
  )

  private readonly passOn: Effect.Effect<void> = Effect.sync(() => this.notify(1))

  private deliverMeanwhile(restore: (effect: Effect.Effect<void>) => Effect.Effect<void>): Effect.Effect<void> {
    const deliver = Effect.withFiber((fiber) => {
      meetBeforeRestore(fiber)
      return restore(Effect.void)
    })
    return Effect.onInterrupt(deliver, () => this.passOn)
  }
}

const impl: (call: string, self: Condition) => ConditionImpl = check.self("Condition", ConditionImpl)
