/**
 * An event: waits until somebody sets it.
 *
 * Setting it wakes every task that waits at that time, in order, with one ready-queue entry each; they go on even if it
 * is cleared before they run. O(1) for each.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Pipeable } from "effect/Pipeable"
import * as check from "./internal/host/check.ts"
import { atOnce, inPlace } from "./internal/host/inPlace.ts"
import type { Words } from "./internal/host/printing.ts"
import { counted } from "./internal/host/words.ts"
import { WaitQueue } from "./internal/kernel/WaitQueue.ts"
import { Primitive, Visitor } from "./internal/parts/Primitive.ts"
import { tasksIn } from "./internal/task/tasks.ts"
import type { Task } from "./Task.ts"

/**
 * A flag to wait for.
 *
 * **Details**
 *
 * asyncio's `Event`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Event extends Pipeable {
  readonly "~effect-asyncio/Event": unknown
  /** `<Event set>`, `<Event unset waiters=2>`. */
  toString(): string
}

/**
 * Whether an event is set, and who waits for it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Statistics {
  /** Whether it is set. */
  readonly isSet: boolean
  /** How many wait for it. */
  readonly waiting: number
  /** The tasks among them, first in line first. */
  readonly waiters: ReadonlyArray<Task<unknown, unknown>>
}

/**
 * Creates an event that is not set.
 *
 * **Example** (Waiting for a signal)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const ready = yield* asyncio.Event.make
 *   const task = yield* asyncio.createTask(Effect.as(asyncio.Event.wait(ready), "went on"))
 *   yield* asyncio.Event.set(ready)
 *   return yield* task
 * })
 *
 * await asyncio.run(program) // => "went on"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<Event> = Effect.sync(() => new EventImpl())

/**
 * Waits until the event is set.
 *
 * **Details**
 *
 * No tick if it is set already, otherwise one tick after it is set. O(1). A cancellation loses nothing.
 *
 * **Example** (Not for ever)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const program = Effect.gen(function*() {
 *   const ready = yield* asyncio.Event.make
 *   const wait = asyncio.waitFor(asyncio.Event.wait(ready), "10 seconds")
 *   const error = yield* Effect.flip(wait)
 *   yield* asyncio.Event.set(ready)
 *   yield* wait
 *   return [error._tag, yield* asyncio.EventLoop.time]
 * })
 *
 * await Effect.runPromise(VirtualLoop.run(program)) // => ["TimeoutError", 10]
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const wait = (self: Event): Effect.Effect<void> => impl("wait", self).wait

/**
 * Sets the event, and wakes everyone who waits. Does nothing if it is set already.
 *
 * **Example** (Everyone at once, in the order they came)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const seen: Array<string> = []
 * await asyncio.run(Effect.gen(function*() {
 *   const start = yield* asyncio.Event.make
 *   const say = (text: string) => Effect.sync(() => seen.push(text))
 *   const runner = (name: string) => Effect.andThen(asyncio.Event.wait(start), say(name))
 *   yield* asyncio.gather([runner("a"), runner("b"), Effect.andThen(asyncio.Event.set(start), say("go"))])
 * }))
 * seen // => ["go", "a", "b"]
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const set = (self: Event): Effect.Effect<void> =>
  atOnce(() => {
    impl("set", self).set()
    return Exit.void
  })

/**
 * `set` for plain callbacks.
 *
 * **Example** (A listener sets it)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { EventEmitter } from "node:events"
 *
 * const server = new EventEmitter()
 * const program = Effect.gen(function*() {
 *   const listening = yield* asyncio.Event.make
 *   server.once("listening", () => asyncio.Event.setUnsafe(listening))
 *   yield* asyncio.EventLoop.callLater("1 millis", () => server.emit("listening"))
 *   yield* asyncio.Event.wait(listening)
 *   return "connected"
 * })
 *
 * await asyncio.run(program) // => "connected"
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const setUnsafe = (self: Event): void => impl("setUnsafe", self).set()

/**
 * Unsets the event: from now on, `wait` waits again.
 *
 * **Example** (A pulse)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const pulse = yield* asyncio.Event.make
 *   const early = yield* asyncio.createTask(asyncio.Event.wait(pulse))
 *   yield* asyncio.sleep(0)
 *   yield* asyncio.Event.set(pulse)
 *   yield* asyncio.Event.clear(pulse)
 *   const late = yield* asyncio.createTask(asyncio.Event.wait(pulse))
 *   yield* early
 *   yield* asyncio.sleep(0)
 *   return [asyncio.Task.done(early), asyncio.Task.done(late)]
 * })
 *
 * await asyncio.run(program) // => [true, false]
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const clear = (self: Event): Effect.Effect<void> =>
  atOnce(() => {
    impl("clear", self).isSet = false
    return Exit.void
  })

/**
 * Whether the event is set.
 *
 * **Example** (A loop that stops between two rounds)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const program = Effect.gen(function*() {
 *   const stop = yield* asyncio.Event.make
 *   yield* asyncio.EventLoop.callLater("2500 millis", () => asyncio.Event.setUnsafe(stop))
 *   let rounds = 0
 *   while (!asyncio.Event.isSet(stop)) {
 *     yield* asyncio.sleep("1 second")
 *     rounds++
 *   }
 *   return rounds
 * })
 *
 * await Effect.runPromise(VirtualLoop.run(program)) // => 3
 * ```
 *
 * @category state
 * @since 0.1.0
 */
export const isSet = (self: Event): boolean => impl("isSet", self).isSet

/**
 * Whether the event is set, and who waits for it. O(n) in the number of waiters.
 *
 * **Example** (Whom it holds up)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const ready = yield* asyncio.Event.make
 *   for (const name of ["api", "mailer"]) {
 *     yield* asyncio.createTask(asyncio.Event.wait(ready), { name })
 *   }
 *   yield* asyncio.sleep(0)
 *   const names = asyncio.Event.statistics(ready).waiters.map(({ name }) => name)
 *   yield* asyncio.Event.set(ready)
 *   const { isSet, waiting } = asyncio.Event.statistics(ready)
 *   return { names, isSet, waiting }
 * })
 *
 * await asyncio.run(program) // => { names: ["api", "mailer"], isSet: true, waiting: 0 }
 * ```
 *
 * @category state
 * @since 0.1.0
 */
export const statistics = (self: Event): Statistics => {
  const { isSet, waiting } = impl("statistics", self)
  return { isSet, waiting: waiting.length, waiters: tasksIn(waiting) }
}

class EventImpl extends Primitive implements Event {
  readonly "~effect-asyncio/Event" = "~effect-asyncio/Event"
  isSet = false
  // INVARIANT: empty while the event is set.
  readonly waiting = new WaitQueue()

  get kind(): string {
    return "Event"
  }
  describe(): Words {
    return [this.isSet ? "set" : "unset", counted("waiters", this.waiting.length)]
  }

  readonly wait: Effect.Effect<void> = inPlace(() => {
    if (this.isSet) return Effect.void
    return new Visitor(this).parkIn(this.waiting)
  })

  set(): void {
    this.isSet = true
    this.waiting.wakeAll()
  }
}

const impl: (call: string, self: Event) => EventImpl = check.self("Event", EventImpl)
