/**
 * The queue under `Queue`, `LifoQueue` and `PriorityQueue`; only the storage differs.
 *
 * CPython's rule: an item stays in the queue until its getter's own step. A put wakes the first getter, which then looks
 * again; a newcomer may have been faster, and the getter waits once more, at the end of the line. Handing items over and
 * putting them back when a getter is cancelled would reorder them, or lose them (python/asyncio#343). A getter or putter
 * that is cancelled after its wake wakes the next, if there is still something for it (Effect-TS/effect#8391).
 */
import * as Effect from "effect/Effect"
import { pipeArguments } from "effect/Pipeable"
import { QueueEmpty, QueueFull, QueueShutDown } from "../Errors.ts"
import type { Options, Queue } from "../Queue.ts"
import * as check from "./check.ts"
import type { Storage } from "./Storage.ts"
import { QueuedWaiter, WaitQueue } from "./WaitQueue.ts"

export const optionKinds = { maxsize: check.maxsize }
export const checkOptions = check.options<Options>(optionKinds)

export class QueueImpl<A> implements Queue<A> {
  readonly "~effect-asyncio/Queue" = { _A: (_: A) => _ }
  readonly maxsize: number
  readonly kind: string
  readonly storage: Storage<A>
  readonly getters = new WaitQueue()
  readonly putters = new WaitQueue()
  readonly joiners = new WaitQueue()
  // INVARIANT: the items put and not marked done; above 0 while somebody is parked in `joiners`.
  unfinished = 0
  isShutDown = false

  constructor(kind: string, maxsize: number | undefined, storage: Storage<A>) {
    this.kind = kind
    this.maxsize = maxsize ?? 0
    this.storage = storage
  }

  pipe() {
    return pipeArguments(this, arguments)
  }

  get isEmpty(): boolean {
    return this.storage.size === 0
  }
  get isFull(): boolean {
    return this.maxsize > 0 && this.storage.size >= this.maxsize
  }

  readonly get: Effect.Effect<A, QueueShutDown> = Effect.suspend((): Effect.Effect<A, QueueShutDown> => {
    if (!this.isEmpty) return Effect.succeed(this.take())
    if (this.isShutDown) return this.failShutDown("get")
    return new Getter(this).parkIn(this.getters)
  })

  put(item: A): Effect.Effect<void, QueueShutDown> {
    if (this.isShutDown) return this.failShutDown("put")
    if (!this.isFull) {
      this.add(item)
      return Effect.void
    }
    return new Putter(this, item).parkIn(this.putters)
  }

  putNowait(item: A): Effect.Effect<void, QueueFull | QueueShutDown> {
    if (this.isShutDown) return this.failShutDown("putNowait")
    if (this.isFull) {
      return Effect.fail(new QueueFull({ message: `${this.kind}.putNowait: ${this.maxsize} items are in it already` }))
    }
    this.add(item)
    return Effect.void
  }

  getNowait(): Effect.Effect<A, QueueEmpty | QueueShutDown> {
    if (!this.isEmpty) return Effect.succeed(this.take())
    if (this.isShutDown) return this.failShutDown("getNowait")
    return Effect.fail(new QueueEmpty({ message: `${this.kind}.getNowait: there is no item` }))
  }

  /** INVARIANT: called only while there is room. */
  add(item: A): void {
    this.storage.push(item)
    this.unfinished++
    this.getters.wakeFirst()
  }

  private take(): A {
    const item = this.storage.take()
    this.putters.wakeFirst()
    return item
  }

  taskDone(): void {
    if (this.unfinished === 0) {
      check.illegal(`${this.kind}.taskDone`, "the number of calls", "more", "at most one for each item put")
    }
    this.finish(1)
  }

  private finish(items: number): void {
    this.unfinished -= items
    if (this.unfinished === 0) this.joiners.wakeAll()
  }

  readonly join: Effect.Effect<void> = Effect.suspend(() => {
    if (this.unfinished === 0) return Effect.void
    return new Joiner(this.kind).parkIn(this.joiners)
  })

  shutdown(immediate: boolean): void {
    this.isShutDown = true
    if (immediate) {
      // Items dropped count as done; those already taken still need their `taskDone`.
      const dropped = Math.min(this.storage.size, this.unfinished)
      this.storage.clear()
      this.finish(dropped)
    }
    this.getters.wakeAll()
    this.putters.wakeAll()
  }

  private failShutDown(call: string): Effect.Effect<never, QueueShutDown> {
    return Effect.fail(new QueueShutDown({ message: `${this.kind}.${call}: the queue is shut down` }))
  }
}

class Getter<A> extends QueuedWaiter<A, QueueShutDown> {
  private readonly source: QueueImpl<A>
  constructor(queue: QueueImpl<A>) {
    super()
    this.source = queue
  }
  get label(): string {
    return `${this.source.kind}.get`
  }
  /** Looks again, in its own step. */
  proceed() {
    return this.source.get
  }
  override passOn(): void {
    if (!this.source.isEmpty) this.source.getters.wakeFirst()
  }
}

class Putter<A> extends QueuedWaiter<void, QueueShutDown> {
  private readonly source: QueueImpl<A>
  private readonly item: A
  constructor(queue: QueueImpl<A>, item: A) {
    super()
    this.source = queue
    this.item = item
  }
  get label(): string {
    return `${this.source.kind}.put`
  }
  proceed() {
    return this.source.put(this.item)
  }
  override passOn(): void {
    if (!this.source.isFull) this.source.putters.wakeFirst()
  }
}

class Joiner extends QueuedWaiter {
  readonly label: string
  constructor(kind: string) {
    super()
    this.label = `${kind}.join`
  }
  proceed() {
    return Effect.void
  }
}
