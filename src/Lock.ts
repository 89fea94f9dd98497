/**
 * A lock: one at a time, first come, first served.
 *
 * A release opens the lock and wakes the first waiter, which takes it in its own step, one tick later; meanwhile nobody
 * overtakes it, though `locked` is false. That is asyncio's rule; handing the lock over would keep the order, but not
 * what `locked` says. A waiter that is cancelled between being woken and its step wakes the next
 * (python/cpython#90155). Acquiring a free lock, releasing and withdrawing are O(1) each.
 *
 * Not re-entrant: a task that acquires a lock it holds waits for itself. The virtual loop names such a deadlock.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { Pipeable } from "effect/Pipeable"
import type * as Scope from "effect/Scope"
import { RuntimeError } from "./Errors.ts"
import * as check from "./internal/host/check.ts"
import { curried } from "./internal/host/curried.ts"
import { named, type Words } from "./internal/host/printing.ts"
import { counted } from "./internal/host/words.ts"
import { Holdable } from "./internal/parts/Holdable.ts"
import { currentTask, type TaskImpl } from "./internal/task/task.ts"
import { tasksIn } from "./internal/task/tasks.ts"
import type { Task } from "./Task.ts"

/**
 * A lock for tasks.
 *
 * **Details**
 *
 * asyncio's `Lock`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Lock extends Pipeable {
  readonly "~effect-asyncio/Lock": unknown
  /** `<Lock unlocked>`, `<Lock locked holder='a' waiters=2>`. */
  toString(): string
}

/**
 * Who holds a lock and who waits for it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Statistics {
  /** Whether somebody has it. */
  readonly locked: boolean
  /** The task that acquired it; undefined if it is free, or was acquired outside of any task. */
  readonly holder: Task<unknown, unknown> | undefined
  /** How many wait, including one that is about to take it. */
  readonly waiting: number
  /** The tasks among them, first in line first. */
  readonly waiters: ReadonlyArray<Task<unknown, unknown>>
}

/**
 * Creates a free lock.
 *
 * **Example** (It belongs to no loop)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const lock = Effect.runSync(asyncio.Lock.make)
 * const turn = asyncio.Lock.withLock(lock, asyncio.sleep(0, "my turn"))
 *
 * await asyncio.run(turn) // => "my turn"
 * await Effect.runPromise(turn) // => "my turn"
 * asyncio.Lock.locked(lock) // => false
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<Lock> = Effect.sync(() => new LockImpl())

/**
 * Runs an effect while holding the lock.
 *
 * **When to use**
 *
 * Use in place of `acquire` and `release` wherever the lock is held for one effect: it is released however the effect
 * ends.
 *
 * **Details**
 *
 * The wait for the lock can be cancelled, and then loses its place in line, nothing else. A free lock costs no tick.
 * asyncio's `async with lock`.
 *
 * **Example** (Read, then write, undisturbed)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const lock = yield* asyncio.Lock.make
 *   let balance = 0
 *   const deposit = asyncio.Lock.withLock(lock, Effect.gen(function*() {
 *     const before = balance
 *     yield* asyncio.sleep(0)
 *     balance = before + 1
 *   }))
 *   yield* asyncio.gather([deposit, deposit, deposit])
 *   return balance
 * })
 *
 * await asyncio.run(program) // => 3
 * ```
 *
 * **Gotchas**
 *
 * It is not re-entrant: `withLock(lock, withLock(lock, effect))` waits for itself forever.
 *
 * @category using
 * @since 0.1.0
 */
export const withLock: {
  (self: Lock): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(self: Lock, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R>
} = curried(
  "Lock.withLock",
  (self: Lock) => impl("withLock", self),
  (lock, effect) => lock.withHeld(effect)
)

/**
 * Acquires the lock.
 *
 * **Details**
 *
 * O(1); no tick if the lock is free and nobody waits, otherwise one tick after the release that wakes it. A
 * cancellation loses its place in line, nothing else.
 *
 * **Example** (Giving up leaves nothing behind)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const lock = yield* asyncio.Lock.make
 *   yield* asyncio.Lock.acquire(lock)
 *   const error = yield* Effect.flip(asyncio.waitFor(asyncio.Lock.acquire(lock), "1 millis"))
 *   yield* asyncio.Lock.release(lock)
 *   return [error._tag, asyncio.Lock.locked(lock)]
 * })
 *
 * await asyncio.run(program) // => ["TimeoutError", false]
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const acquire = (self: Lock): Effect.Effect<void> => impl("acquire", self).acquire

/**
 * Acquires the lock if that needs no waiting; returns whether it did.
 *
 * **When to use**
 *
 * Use to do something else when the lock is taken. `locked` and then `acquire` are two steps; this is one, so nothing
 * can come between.
 *
 * **Details**
 *
 * It never overtakes: if somebody waits, or has been woken and is about to run, it returns false. Never takes a tick;
 * O(1). trio's `acquire_nowait`, which raises `WouldBlock` instead of returning false.
 *
 * **Example** (One clean-up at a time)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const lock = yield* asyncio.Lock.make
 *   const cleanUp = Effect.gen(function*() {
 *     if (!(yield* asyncio.Lock.acquireNowait(lock))) return "somebody is at it"
 *     return yield* Effect.ensuring(asyncio.sleep(0, "cleaned up"), asyncio.Lock.release(lock))
 *   })
 *   return yield* asyncio.gather([cleanUp, cleanUp])
 * })
 *
 * await asyncio.run(program) // => ["cleaned up", "somebody is at it"]
 * ```
 *
 * @category using
 * @since 0.2.0
 */
export const acquireNowait = (self: Lock): Effect.Effect<boolean> => impl("acquireNowait", self).acquireNowait()

/**
 * Acquires the lock until the scope closes. The wait can be cancelled.
 *
 * **Example** (Two locks in one scope)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const locks = [yield* asyncio.Lock.make, yield* asyncio.Lock.make]
 *   const transfer = Effect.gen(function*() {
 *     for (const lock of locks) yield* asyncio.Lock.acquireScoped(lock)
 *     return locks.map(asyncio.Lock.locked)
 *   })
 *   return { inside: yield* Effect.scoped(transfer), after: locks.map(asyncio.Lock.locked) }
 * })
 *
 * await asyncio.run(program) // => { inside: [true, true], after: [false, false] }
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const acquireScoped = (self: Lock): Effect.Effect<void, never, Scope.Scope> =>
  impl("acquireScoped", self).acquireScoped()

/**
 * Releases the lock and wakes the first waiter.
 *
 * **Details**
 *
 * O(1). Dies with `RuntimeError` if it is not acquired. The lock has no owner: any task may release it, as in asyncio.
 *
 * **Example** (Nobody overtakes who waits)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const seen: Array<string> = []
 * await asyncio.run(Effect.gen(function*() {
 *   const lock = yield* asyncio.Lock.make
 *   const turn = (name: string) => asyncio.Lock.withLock(lock, Effect.sync(() => seen.push(name)))
 *   yield* asyncio.Lock.acquire(lock)
 *   yield* asyncio.createTask(turn("waiter"))
 *   yield* asyncio.sleep(0)
 *   yield* asyncio.Lock.release(lock)
 *   yield* turn("newcomer")
 * }))
 * seen // => ["waiter", "newcomer"]
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const release = (self: Lock): Effect.Effect<void> => impl("release", self).giveBack

/**
 * `release` for plain callbacks. Throws `RuntimeError` if the lock is not acquired.
 *
 * **Example** (Closed for a while)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const program = Effect.gen(function*() {
 *   const lock = yield* asyncio.Lock.make
 *   yield* asyncio.Lock.acquire(lock)
 *   yield* asyncio.EventLoop.callLater("5 seconds", () => asyncio.Lock.releaseUnsafe(lock))
 *   return yield* asyncio.Lock.withLock(lock, asyncio.EventLoop.time)
 * })
 *
 * await Effect.runPromise(VirtualLoop.run(program)) // => 5
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const releaseUnsafe = (self: Lock): void => impl("releaseUnsafe", self).release()

/**
 * Whether the lock is held. False between a release and the step of the waiter that it woke.
 *
 * **Example** (Free for one tick)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const lock = yield* asyncio.Lock.make
 *   yield* asyncio.Lock.acquire(lock)
 *   const waiter = yield* asyncio.createTask(asyncio.Lock.acquire(lock))
 *   yield* asyncio.sleep(0)
 *   yield* asyncio.Lock.release(lock)
 *   const between = asyncio.Lock.locked(lock)
 *   yield* waiter
 *   return [between, asyncio.Lock.locked(lock)]
 * })
 *
 * await asyncio.run(program) // => [false, true]
 * ```
 *
 * @category state
 * @since 0.1.0
 */
export const locked = (self: Lock): boolean => impl("locked", self).isLocked

/**
 * Who holds the lock and who waits for it. O(n) in the number of waiters.
 *
 * **Example** (Who holds up whom)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const lock = yield* asyncio.Lock.make
 *   for (const name of ["writer", "reader", "auditor"]) {
 *     yield* asyncio.createTask(asyncio.Lock.withLock(lock, asyncio.sleep("1 hour")), { name })
 *   }
 *   yield* asyncio.sleep(0)
 *   const { holder, waiters } = asyncio.Lock.statistics(lock)
 *   return { holder: holder?.name, waiters: waiters.map(({ name }) => name) }
 * })
 *
 * await asyncio.run(program) // => { holder: "writer", waiters: ["reader", "auditor"] }
 * ```
 *
 * @category state
 * @since 0.1.0
 */
export const statistics = (self: Lock): Statistics => {
  const { holder, isLocked, line } = impl("statistics", self)
  return { locked: isLocked, holder, waiting: line.length, waiters: tasksIn(line) }
}

class LockImpl extends Holdable implements Lock {
  readonly "~effect-asyncio/Lock" = "~effect-asyncio/Lock"
  // INVARIANT: the fiber that holds it, if one does. Its task is looked up only for explanations.
  private heldBy: Fiber.Fiber<unknown, unknown> | undefined = undefined

  constructor() {
    super(1)
  }

  get kind(): string {
    return "Lock"
  }
  get isLocked(): boolean {
    return this.heldBy !== undefined
  }
  override get holder(): TaskImpl<unknown, unknown> | undefined {
    return this.heldBy === undefined ? undefined : currentTask(this.heldBy)
  }
  describe(): Words {
    const { holder } = this
    return [
      this.isLocked ? "locked" : "unlocked",
      holder === undefined ? undefined : named("holder", holder.name),
      counted("waiters", this.line.length)
    ]
  }

  override take(fiber: Fiber.Fiber<unknown, unknown>): void {
    super.take(fiber)
    this.heldBy = fiber
  }

  override release(): void {
    if (!this.isLocked) throw new RuntimeError({ message: "Lock.release: the lock is not acquired" })
    this.heldBy = undefined
    super.release()
  }
}

const impl: (call: string, self: Lock) => LockImpl = check.self("Lock", LockImpl)
