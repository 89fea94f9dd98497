/**
 * A queue between tasks that can be shut down, and that counts unfinished items.
 *
 * First in, first out. Waiters are served in the order they arrived, except that a newcomer may take an item before the
 * getter that was woken for it runs; that getter then waits again, at the end of the line. A `fair` queue has no such
 * exception. No item is lost: it stays in the queue until its getter's own step, so a get that is cancelled or timed
 * out takes nothing.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Pipeable } from "effect/Pipeable"
import type * as Stream from "effect/Stream"
import type * as Types from "effect/Types"
import type { QueueEmpty, QueueFull, QueueShutDown } from "./Errors.ts"
import * as check from "./internal/host/check.ts"
import { dual } from "./internal/host/curried.ts"
import { atOnce, InPlace, inPlace } from "./internal/host/inPlace.ts"
import { ChannelStream, isStream } from "./internal/parts/ChannelStream.ts"
import { checkOptions, QueueImpl } from "./internal/parts/QueueImpl.ts"
import { Fifo } from "./internal/parts/Storage.ts"
import { tasksIn } from "./internal/task/tasks.ts"
import type { Task } from "./Task.ts"

/**
 * A queue of values of type `A`; `LifoQueue` and `PriorityQueue` make them too.
 *
 * **Details**
 *
 * asyncio's `Queue`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Queue<in out A> extends Pipeable {
  readonly "~effect-asyncio/Queue": { readonly _A: Types.Invariant<A> }
  /** The bound; 0 or less for none. */
  readonly maxsize: number
  /** `<Queue size=0>`, `<PriorityQueue shutdown size=2 maxsize=9 unfinished=3 getters=1>`. */
  toString(): string
}

/**
 * Options of a queue.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** How many items fit: a whole number; 0 or less means no bound. Default 0. */
  readonly maxsize?: number | undefined
  /**
   * Serve getters, and putters, strictly in the order they arrived: a newcomer queues behind those that wait or are
   * about to run, and `getNowait` and `putNowait` fail while there are any. Default: false. As in asyncio, a newcomer
   * may then overtake a waiter that was just woken, and a task that comes often may starve the others.
   */
  readonly fair?: boolean | undefined
}

/**
 * How many items a queue holds, and which tasks wait for it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Statistics {
  /** How many items are in the queue. */
  readonly size: number
  /** How many items have been put but not marked done. */
  readonly unfinished: number
  /** Whether `shutdown` has been called. */
  readonly isShutDown: boolean
  /** The tasks that wait for an item, first in line first. */
  readonly getters: ReadonlyArray<Task<unknown, unknown>>
  /** Those that wait for room, first in line first. */
  readonly putters: ReadonlyArray<Task<unknown, unknown>>
  /** Those that wait in `join`. */
  readonly joiners: ReadonlyArray<Task<unknown, unknown>>
}

/** Every queue is made by this package. */
const impl: <A>(call: string, self: Queue<A>) => QueueImpl<A> = check.self("Queue", QueueImpl)

/**
 * Creates a queue that returns items in the order they were put.
 *
 * **Details**
 *
 * A `maxsize` that is not a whole number dies with `IllegalArgumentError`. `fair` costs nothing when nobody waits, and
 * at most one tick when a newcomer would have been faster.
 *
 * **Example** (A producer and a consumer)
 *
 * ```ts import.meta.vitest
 * import { Effect, Stream } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const queue = yield* asyncio.Queue.make<number>({ maxsize: 1 })
 *   const consumer = yield* asyncio.createTask(Stream.runCollect(asyncio.Queue.stream(queue)))
 *   for (const n of [1, 2, 3]) yield* asyncio.Queue.put(queue, n)
 *   yield* asyncio.Queue.shutdown(queue)
 *   return yield* consumer
 * })
 *
 * await asyncio.run(program) // => [1, 2, 3]
 * ```
 *
 * **Example** (A turn for each, also beside one that asks again at once)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const turns = (options?: asyncio.Queue.Options) =>
 *   Effect.gen(function*() {
 *     const { get, make, put } = asyncio.Queue
 *     const pool = yield* make<string>(options)
 *     yield* put(pool, "connection")
 *     const users: Array<string> = []
 *     const use = (name: string) =>
 *       Effect.flatMap(get(pool), (connection) => {
 *         users.push(name)
 *         return Effect.andThen(asyncio.sleep(0), put(pool, connection))
 *       })
 *     yield* asyncio.gather([Effect.andThen(use("busy"), use("busy")), use("patient")])
 *     return users
 *   })
 *
 * await asyncio.run(turns()) // => ["busy", "busy", "patient"]
 * await asyncio.run(turns({ fair: true })) // => ["busy", "patient", "busy"]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <A>(options?: Options): Effect.Effect<Queue<A>> =>
  Effect.sync(() => {
    checkOptions("Queue.make", options)
    return new QueueImpl("Queue", new Fifo<A>(), options)
  })

/**
 * Puts an item, and waits for room if the queue is full.
 *
 * **Details**
 *
 * Fails with `QueueShutDown` once the queue is shut down, even while it waits. O(1); no tick if there is room. If
 * cancelled, it has not put the item. asyncio's `put`.
 *
 * **Example** (Dropped where nobody keeps up)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const queue = yield* asyncio.Queue.make<string>({ maxsize: 2 })
 *   const log = (line: string) =>
 *     asyncio.waitFor(asyncio.Queue.put(queue, line), "1 millis").pipe(
 *       Effect.as(`kept ${line}`),
 *       Effect.catchTag("TimeoutError", () => Effect.succeed(`dropped ${line}`))
 *     )
 *   const outcomes = yield* Effect.forEach(["a", "b", "c"], log)
 *   return [...outcomes, asyncio.Queue.size(queue)]
 * })
 *
 * await asyncio.run(program) // => ["kept a", "kept b", "dropped c", 2]
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const put: {
  <A>(value: A): (self: Queue<A>) => Effect.Effect<void, QueueShutDown>
  <A>(self: Queue<A>, value: A): Effect.Effect<void, QueueShutDown>
} = dual(
  <A>(self: Queue<A>, value: A): Effect.Effect<void, QueueShutDown> => new Put(impl("put", self), value)
)

/** A put as an effect: a closure in an effect took most of the memory of a put. */
class Put<A> extends InPlace<void, QueueShutDown> {
  private readonly queue: QueueImpl<A>
  private readonly value: A
  constructor(queue: QueueImpl<A>, value: A) {
    super()
    this.queue = queue
    this.value = value
  }
  look() {
    return this.queue.put(this.value)
  }
}

/**
 * Takes an item, and waits for one if there is none.
 *
 * **Details**
 *
 * Fails with `QueueShutDown` once the queue is shut down and empty. O(1); no tick if there is an item, otherwise one
 * after the put. If cancelled or timed out, it has taken nothing; only in a bare fiber without a loop can one of
 * Effect's automatic yields come between the taking and the caller's next step. asyncio's `get`.
 *
 * **Example** (A worker, until nothing more will come)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const seen: Array<string> = []
 * await asyncio.run(Effect.gen(function*() {
 *   const queue = yield* asyncio.Queue.make<string>()
 *   const work = Effect.gen(function*() {
 *     while (true) seen.push(yield* asyncio.Queue.get(queue))
 *   })
 *   const goHome = Effect.catchTag(work, "QueueShutDown", () => Effect.sync(() => seen.push("home")))
 *   const worker = yield* asyncio.createTask(goHome)
 *   for (const job of ["wash", "dry"]) yield* asyncio.Queue.put(queue, job)
 *   yield* asyncio.Queue.shutdown(queue)
 *   yield* worker
 * }))
 * seen // => ["wash", "dry", "home"]
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const get = <A>(self: Queue<A>): Effect.Effect<A, QueueShutDown> => impl("get", self).get

/**
 * Puts an item, or fails: with `QueueFull` if there is no room, with `QueueShutDown` once the queue is shut down.
 *
 * **Details**
 *
 * In a `fair` queue the room belongs to those that wait: it fails with `QueueFull` as long as anybody does. asyncio's
 * `put_nowait`.
 *
 * **Example** (Refused, not kept waiting)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const queue = yield* asyncio.Queue.make<string>({ maxsize: 1 })
 *   const order = (dish: string) =>
 *     asyncio.Queue.putNowait(queue, dish).pipe(
 *       Effect.as("accepted"),
 *       Effect.catchTag("QueueFull", () => Effect.succeed("too busy"))
 *     )
 *   return [yield* order("soup"), yield* order("pizza")]
 * })
 *
 * await asyncio.run(program) // => ["accepted", "too busy"]
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const putNowait: {
  <A>(value: A): (self: Queue<A>) => Effect.Effect<void, QueueFull | QueueShutDown>
  <A>(self: Queue<A>, value: A): Effect.Effect<void, QueueFull | QueueShutDown>
} = dual(
  <A>(self: Queue<A>, value: A): Effect.Effect<void, QueueFull | QueueShutDown> =>
    inPlace(() => impl("putNowait", self).putNowait(value))
)

/**
 * `putNowait` for plain callbacks: returns false where that fails, and throws where that dies, which is when the order
 * of a `PriorityQueue` throws.
 *
 * **Example** (What a listener hears)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { EventEmitter } from "node:events"
 *
 * const socket = new EventEmitter()
 * const program = Effect.gen(function*() {
 *   const { get, make, putNowaitUnsafe } = asyncio.Queue
 *   const queue = yield* make<string>({ maxsize: 2 })
 *   let lost = 0
 *   socket.on("data", (chunk: string) => {
 *     if (!putNowaitUnsafe(queue, chunk)) lost++
 *   })
 *   for (const chunk of ["a", "b", "c"]) socket.emit("data", chunk)
 *   return [yield* get(queue), yield* get(queue), lost]
 * })
 *
 * await asyncio.run(program) // => ["a", "b", 1]
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const putNowaitUnsafe = <A>(self: Queue<A>, value: A): boolean => {
  const queue = impl("putNowaitUnsafe", self)
  if (queue.isShutDown || !queue.hasRoom) return false
  queue.add(value)
  return true
}

/**
 * Takes an item, or fails: with `QueueEmpty` if there is none, with `QueueShutDown` if none will come.
 *
 * **Details**
 *
 * In a `fair` queue the items belong to those that wait: it fails with `QueueEmpty` as long as anybody does. asyncio's
 * `get_nowait`.
 *
 * **Example** (A job, or something else to do)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const queue = yield* asyncio.Queue.make<string>()
 *   const next = Effect.catchTag(asyncio.Queue.getNowait(queue), "QueueEmpty", () => Effect.succeed("tidy up"))
 *   yield* asyncio.Queue.put(queue, "serve")
 *   return [yield* next, yield* next]
 * })
 *
 * await asyncio.run(program) // => ["serve", "tidy up"]
 * ```
 *
 * @category using
 * @since 0.1.0
 */
export const getNowait = <A>(self: Queue<A>): Effect.Effect<A, QueueEmpty | QueueShutDown> =>
  inPlace(() => impl("getNowait", self).getNowait())

/**
 * Marks a taken item as finished, for `join`.
 *
 * **Details**
 *
 * Dies with `IllegalArgumentError` if called more often than items have been put. asyncio's `task_done`.
 *
 * **Example** (Finished, even if it failed)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const done: Array<number> = []
 * await asyncio.run(Effect.gen(function*() {
 *   const { get, join, make, put, taskDone } = asyncio.Queue
 *   const queue = yield* make<number>()
 *   const handle = (job: number) => job === 2 ? Effect.fail("no") : Effect.sync(() => done.push(job))
 *   const work = Effect.gen(function*() {
 *     const job = yield* get(queue)
 *     yield* Effect.ignore(Effect.ensuring(handle(job), taskDone(queue)))
 *   })
 *   yield* asyncio.createTask(Effect.forever(work))
 *   for (const job of [1, 2, 3]) yield* put(queue, job)
 *   yield* join(queue)
 * }))
 * done // => [1, 3]
 * ```
 *
 * @category finishing
 * @since 0.1.0
 */
export const taskDone = (self: Queue<any>): Effect.Effect<void> =>
  atOnce(() => {
    impl("taskDone", self).taskDone()
    return Exit.void
  })

/**
 * Waits until every item that was put has been marked done.
 *
 * **Details**
 *
 * No tick if there is nothing to wait for. A cancellation loses nothing.
 *
 * **Example** (Waiting for the workers)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const done: Array<number> = []
 * await asyncio.run(Effect.gen(function*() {
 *   const queue = yield* asyncio.Queue.make<number>()
 *   const work = Effect.gen(function*() {
 *     done.push(yield* asyncio.Queue.get(queue))
 *     yield* asyncio.Queue.taskDone(queue)
 *   })
 *   yield* asyncio.createTask(Effect.forever(work))
 *   for (const n of [1, 2]) yield* asyncio.Queue.put(queue, n)
 *   yield* asyncio.Queue.join(queue)
 * }))
 * done // => [1, 2]
 * ```
 *
 * @category finishing
 * @since 0.1.0
 */
export const join = (self: Queue<any>): Effect.Effect<void> => impl("join", self).join

/**
 * Ends the queue: nothing more can be put; what is in it can still be taken.
 *
 * **Details**
 *
 * Waiting putters and getters fail with `QueueShutDown`. With `immediate`, the items are dropped and count as done.
 * Calling it again does nothing. asyncio's `shutdown`.
 *
 * **Example** (At once, with what is in it dropped)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const queue = yield* asyncio.Queue.make<number>({ maxsize: 1 })
 *   yield* asyncio.Queue.put(queue, 1)
 *   const putter = yield* asyncio.createTask(Effect.flip(asyncio.Queue.put(queue, 2)))
 *   yield* asyncio.sleep(0)
 *   yield* asyncio.Queue.shutdown(queue, { immediate: true })
 *   yield* asyncio.Queue.join(queue)
 *   return [asyncio.Queue.size(queue), (yield* putter)._tag]
 * })
 *
 * await asyncio.run(program) // => [0, "QueueShutDown"]
 * ```
 *
 * @category finishing
 * @since 0.1.0
 */
export const shutdown = (
  self: Queue<any>,
  options?: { readonly immediate?: boolean | undefined }
): Effect.Effect<void> =>
  Effect.sync(() => {
    checkShutdownOptions("Queue.shutdown", options)
    impl("shutdown", self).shutdown(options?.immediate === true)
  })

const checkShutdownOptions = check.options<{ readonly immediate?: boolean | undefined }>({ immediate: check.boolean })

/**
 * How many items are in the queue. asyncio's `qsize()`.
 *
 * **Example** (Who waits to put is not counted)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const queue = yield* asyncio.Queue.make<string>({ maxsize: 2 })
 *   for (const item of ["a", "b", "c"]) {
 *     yield* asyncio.createTask(asyncio.Queue.put(queue, item))
 *   }
 *   yield* asyncio.sleep(0)
 *   const before = asyncio.Queue.size(queue)
 *   yield* asyncio.Queue.get(queue)
 *   const between = asyncio.Queue.size(queue)
 *   yield* asyncio.sleep(0)
 *   return [before, between, asyncio.Queue.size(queue)]
 * })
 *
 * await asyncio.run(program) // => [2, 1, 2]
 * ```
 *
 * @category state
 * @since 0.1.0
 */
export const size = (self: Queue<any>): number => impl("size", self).storage.size

/**
 * Whether the queue is empty.
 *
 * **Example** (All that is there, as one batch)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const queue = yield* asyncio.Queue.make<number>()
 *   for (const n of [1, 2, 3]) yield* asyncio.Queue.put(queue, n)
 *   const batch: Array<number> = []
 *   while (!asyncio.Queue.empty(queue)) batch.push(yield* asyncio.Queue.get(queue))
 *   return batch
 * })
 *
 * await asyncio.run(program) // => [1, 2, 3]
 * ```
 *
 * @category state
 * @since 0.1.0
 */
export const empty = (self: Queue<any>): boolean => impl("empty", self).isEmpty

/**
 * Whether a put would wait.
 *
 * **Example** (Without a bound, never)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const bounded = yield* asyncio.Queue.make<number>({ maxsize: 2 })
 *   const unbounded = yield* asyncio.Queue.make<number>()
 *   for (const n of [1, 2]) {
 *     yield* asyncio.Queue.put(bounded, n)
 *     yield* asyncio.Queue.put(unbounded, n)
 *   }
 *   return [asyncio.Queue.full(bounded), asyncio.Queue.full(unbounded)]
 * })
 *
 * await asyncio.run(program) // => [true, false]
 * ```
 *
 * @category state
 * @since 0.1.0
 */
export const full = (self: Queue<any>): boolean => !impl("full", self).hasRoom

/**
 * How many items the queue holds, and which tasks wait for it. O(n) in the number of waiters.
 *
 * **Example** (Taken, but not finished)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const queue = yield* asyncio.Queue.make<string>()
 *   yield* asyncio.Queue.put(queue, "job")
 *   yield* asyncio.Queue.get(queue)
 *   yield* asyncio.createTask(asyncio.Queue.get(queue), { name: "idle worker" })
 *   yield* asyncio.createTask(asyncio.Queue.join(queue), { name: "closer" })
 *   yield* asyncio.sleep(0)
 *   const { getters, joiners, size, unfinished } = asyncio.Queue.statistics(queue)
 *   return { size, unfinished, waiting: [...getters, ...joiners].map(({ name }) => name) }
 * })
 *
 * await asyncio.run(program) // => { size: 0, unfinished: 1, waiting: ["idle worker", "closer"] }
 * ```
 *
 * @category state
 * @since 0.1.0
 */
export const statistics = (self: Queue<any>): Statistics => {
  const { getters, isShutDown, joiners, putters, storage, unfinished } = impl("statistics", self)
  return {
    size: storage.size,
    unfinished,
    isShutDown,
    getters: tasksIn(getters),
    putters: tasksIn(putters),
    joiners: tasksIn(joiners)
  }
}

/**
 * The items of the queue as a stream, which ends when the queue has been shut down and drained.
 *
 * **Details**
 *
 * It takes one item at a time, on demand. Several streams of one queue take turns: the one that asked first gets the
 * next item, however long each takes over its own. As with any getter, a newcomer may be faster than a stream that was
 * woken, but the stream keeps its place. A pull costs, and loses when cancelled, the same as `get`. Items are not
 * marked done. To feed an Effect `Queue`, run this stream into it (`Stream.runIntoQueue`).
 *
 * **Example** (Two who share the work)
 *
 * ```ts import.meta.vitest
 * import { Effect, Stream } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const queue = yield* asyncio.Queue.make<number>()
 *   const worker = (name: string) =>
 *     asyncio.Queue.stream(queue).pipe(
 *       Stream.mapEffect((n) => asyncio.sleep(0, `${name}${n}`)),
 *       Stream.runCollect
 *     )
 *   for (const n of [1, 2, 3, 4]) yield* asyncio.Queue.put(queue, n)
 *   yield* asyncio.Queue.shutdown(queue)
 *   return yield* asyncio.gather([worker("a"), worker("b")])
 * })
 *
 * await asyncio.run(program) // => [["a1", "a3"], ["b2", "b4"]]
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const stream = <A>(self: Queue<A>): Stream.Stream<A> =>
  new ChannelStream(Channel.fromPull(
    Effect.succeed(
      Effect.matchEffect(impl("stream", self).receiveInTurn, {
        onSuccess: (value) => Effect.succeed([value] as const),
        onFailure: () => Cause.done()
      })
    )
  ))

/**
 * Puts every item of a stream, waiting for room.
 *
 * **Details**
 *
 * Ends when the stream ends; it does not shut the queue down. To put from an Effect `Queue`, use
 * `Stream.fromQueue(queue)`.
 *
 * **Example** (From an Effect Queue)
 *
 * ```ts import.meta.vitest
 * import { Effect, Queue, Stream } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const source = yield* Queue.make<number>()
 *   yield* Queue.offerAll(source, [1, 2, 3])
 *   const queue = yield* asyncio.Queue.make<number>()
 *   yield* asyncio.Queue.putAll(queue, Stream.take(Stream.fromQueue(source), 3))
 *   return asyncio.Queue.size(queue)
 * })
 *
 * await asyncio.run(program) // => 3
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const putAll: {
  <A2, E, R>(
    stream: Stream.Stream<A2, E, R>
  ): <A>(self: Queue<A | A2>) => Effect.Effect<void, E | QueueShutDown, R>
  <A, E, R>(self: Queue<A>, stream: Stream.Stream<A, E, R>): Effect.Effect<void, E | QueueShutDown, R>
} = dual(
  <A, E, R>(self: Queue<A>, stream: Stream.Stream<A, E, R>): Effect.Effect<void, E | QueueShutDown, R> => {
    const queue = impl("putAll", self)
    checkStream(stream)
    return Channel.runForEach(
      stream.channel,
      (values) => Effect.forEach(values, (value) => new Put(queue, value), { discard: true })
    )
  },
  (stream) => checkStream(stream)
)

const checkStream = (stream: unknown): void => aStream("Queue.putAll", "the stream", stream)
const aStream = check.kind(isStream, "a Stream")
