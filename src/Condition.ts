/**
 * A condition: waits, with a lock, for something to change.
 *
 * `wait` gives the lock back, waits to be notified, and takes the lock again before it ends, also when it is cancelled.
 * Notified waiters wake and queue for the lock as newcomers do, as in CPython, so a `notifyAll` of n costs O(n). A wait
 * that is cancelled passes a notification on, whether it had one or not: a wake-up may be spurious, none is lost
 * (python/cpython#112202). Prefer `waitFor`, which looks again.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import { RuntimeError } from "./Errors.ts"
import { meetBeforeRestore } from "./internal/cancellation.ts"
import * as check from "./internal/check.ts"
import { curried } from "./internal/curried.ts"
import { Waiter, WaitQueue } from "./internal/WaitQueue.ts"
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
  readonly lock: Lock.Lock
}

/**
 * Who waits to be notified; and the lock's own statistics.
 *
 * @category models
 * @since 0.1.0
 */
export interface Statistics {
  readonly waiting: number
  /** The tasks among them, first in line first. */
  readonly waiters: ReadonlyArray<Task<unknown, unknown>>
  readonly lock: Lock.Statistics
}

class ConditionImpl implements Condition {
  readonly "~effect-asyncio/Condition" = "~effect-asyncio/Condition"
  readonly lock: Lock.Lock
  readonly waiting = new WaitQueue()

  constructor(lock: Lock.Lock) {
    this.lock = lock
  }

  pipe() {
    return pipeArguments(this, arguments)
  }

  checkLocked(call: string): void {
    if (!Lock.locked(this.lock)) throw new RuntimeError({ message: `Condition.${call}: the lock is not acquired` })
  }

  notify(n: number): void {
    for (let i = 0; i < n && this.waiting.wakeFirst(); i++);
  }

  readonly wait: Effect.Effect<void> = Effect.uninterruptibleMask((restore) => {
    this.checkLocked("wait")
    Lock.releaseUnsafe(this.lock)
    const passOn = Effect.sync(() => this.notify(1))
    return Effect.flatMap(
      Effect.exit(restore(new ConditionWaiter().park(this.waiting))),
      (exit) =>
        // However the wait ended, the lock is held before it comes out.
        Effect.flatMap(Lock.acquire(this.lock), () =>
          exit._tag === "Failure"
            ? Effect.andThen(passOn, exit)
            // A cancellation that came while it waited for the lock comes out here.
            : Effect.onInterrupt(
              Effect.withFiber((fiber) => {
                meetBeforeRestore(fiber)
                return restore(Effect.void)
              }),
              () => passOn
            ))
    )
  })
}

class ConditionWaiter extends Waiter {
  get label(): string {
    return "a Condition"
  }
  proceed() {
    return Effect.void
  }
}

/** Made by `make` alone. */
const impl = (self: Condition): ConditionImpl => self as ConditionImpl

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
export const make = (lock?: Lock.Lock): Effect.Effect<Condition> =>
  lock === undefined
    ? Effect.map(Lock.make, (lock) => new ConditionImpl(lock))
    : Effect.sync(() => new ConditionImpl(lock))

/**
 * Runs an effect while holding the condition's lock.
 *
 * **Details**
 *
 * As `Lock.withLock`. asyncio's `async with condition`.
 *
 * @category using
 * @since 0.1.0
 */
export const withLock: {
  (self: Condition): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(self: Condition, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R>
} = curried(
  <A, E, R>(self: Condition, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => Lock.withLock(self.lock, effect)
)

/**
 * Waits until `predicate` gives something truthy; gives that.
 *
 * **Details**
 *
 * The predicate is asked at once, and after every notification, with the lock held. asyncio's `wait_for`.
 *
 * @category using
 * @since 0.1.0
 */
export const waitFor: {
  <A>(predicate: () => A): (self: Condition) => Effect.Effect<A>
  <A>(self: Condition, predicate: () => A): Effect.Effect<A>
} = dual(
  2,
  <A>(self: Condition, predicate: () => A): Effect.Effect<A> =>
    Effect.suspend(() => {
      const result = predicate()
      return result ? Effect.succeed(result) : Effect.flatMap(wait(self), () => waitFor(self, predicate))
    })
)

/**
 * Gives the lock back, waits to be notified, and takes the lock again.
 *
 * **Details**
 *
 * May wake spuriously: prefer `waitFor`. The lock is held when it ends, also when it is cancelled, however often; a
 * cancelled wait loses no notification. Dies with `RuntimeError` if the lock is not held. O(1).
 *
 * @category using
 * @since 0.1.0
 */
export const wait = (self: Condition): Effect.Effect<void> => impl(self).wait

/**
 * Wakes the first `n` who wait, one by default. With nobody waiting it is lost.
 *
 * **Details**
 *
 * They go on once they have the lock, so not before the caller gives it back. Dies with `RuntimeError` if the lock is
 * not held, with `IllegalArgumentError` if `n` is no whole number from 0 on. O(n).
 *
 * @category using
 * @since 0.1.0
 */
export const notify = (self: Condition, n: number = 1): Effect.Effect<void> =>
  Effect.sync(() => {
    const condition = impl(self)
    condition.checkLocked("notify")
    if (n !== Infinity) check.wholeNumber("Condition.notify", "n", n, 0)
    condition.notify(n)
  })

/**
 * Wakes everyone who waits.
 *
 * @category using
 * @since 0.1.0
 */
export const notifyAll = (self: Condition): Effect.Effect<void> => notify(self, Infinity)

/**
 * Acquires the condition's lock. See `withLock`.
 *
 * @category using
 * @since 0.1.0
 */
export const acquire = (self: Condition): Effect.Effect<void> => Lock.acquire(self.lock)

/**
 * Releases the condition's lock.
 *
 * @category using
 * @since 0.1.0
 */
export const release = (self: Condition): Effect.Effect<void> => Lock.release(self.lock)

/**
 * Whether the condition's lock is held.
 *
 * @category state
 * @since 0.1.0
 */
export const locked = (self: Condition): boolean => Lock.locked(self.lock)

/**
 * Who waits to be notified. O(n) in those who wait.
 *
 * @category state
 * @since 0.1.0
 */
export const statistics = (self: Condition): Statistics => {
  const { lock, waiting } = impl(self)
  return { waiting: waiting.length, waiters: waiting.tasks(), lock: Lock.statistics(lock) }
}
