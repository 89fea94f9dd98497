/**
 * The queue under `Queue`, `LifoQueue` and `PriorityQueue`; only the storage differs.
 *
 * An item stays in the queue until its getter's own step. Customer.ts has those who stand in line for an item, or for
 * room.
 *
 * An order that throws is a defect of the put or get that called it, and leaves the queue unchanged.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { QueueEmpty, QueueFull, QueueShutDown } from "../../Errors.ts"
import type { Options, Queue } from "../../Queue.ts"
import * as check from "../host/check.ts"
import { inPlace } from "../host/inPlace.ts"
import type { Words } from "../host/printing.ts"
import { counted, numbered } from "../host/words.ts"
import { WaitQueue } from "../kernel/WaitQueue.ts"
import type { FutureImpl } from "../task/future.ts"
import { Getter, Line, Putter, type Source } from "./Customer.ts"
import { Primitive, Visitor } from "./Primitive.ts"
import type { Storage } from "./Storage.ts"

export const optionKinds = { maxsize: check.maxsize, fair: check.boolean }
export const checkOptions = check.options<Options>(optionKinds)

export class QueueImpl<A> extends Primitive implements Queue<A>, Source<A> {
  readonly "~effect-asyncio/Queue" = { _A: (_: A) => _ }
  readonly maxsize: number
  readonly kind: string
  readonly storage: Storage<A>
  readonly getters = new Line()
  readonly putters = new Line()
  readonly joiners = new WaitQueue()
  // INVARIANT: the items put and not marked done; above 0 while somebody is parked in `joiners`.
  unfinished = 0
  isShutDown = false
  /** Whether all getters and putters take turns. */
  private readonly fair: boolean
  /** Counts those that take turns. */
  private numbers = 0

  constructor(kind: string, storage: Storage<A>, options?: Options) {
    super()
    this.kind = kind
    this.maxsize = options?.maxsize ?? 0
    this.fair = options?.fair === true
    this.storage = storage
  }

  describe(): Words {
    return [
      this.isShutDown ? "shutdown" : undefined,
      this.fair ? "fair" : undefined,
      `size=${this.size}`,
      this.room < Infinity ? `maxsize=${this.maxsize}` : undefined,
      counted("unfinished", this.unfinished),
      counted("getters", this.getters.length),
      counted("putters", this.putters.length),
      counted("joiners", this.joiners.length)
    ]
  }

  get isPrivate(): boolean {
    return false
  }
  get size(): number {
    return this.storage.size
  }
  get isEmpty(): boolean {
    return this.size === 0
  }
  /** How many more items fit in. */
  get room(): number {
    return this.maxsize > 0 ? this.maxsize - this.size : Infinity
  }
  /** Whether a newcomer has to stand behind others, whatever there is for it. */
  private isBehind(line: Line, takesTurns: boolean): boolean {
    return takesTurns && line.inTurn > 0
  }
  /** Whether there is an item for a newcomer. */
  private get hasItem(): boolean {
    return !this.isEmpty && !this.isBehind(this.getters, this.fair)
  }
  /** Whether there is room for a newcomer. */
  get hasRoom(): boolean {
    return this.room > 0 && !this.isBehind(this.putters, this.fair)
  }

  /** Those that fill it, if they are known. */
  feeders(): ReadonlyArray<FutureImpl<any, any>> {
    return []
  }

  readonly get: Effect.Effect<A, QueueShutDown> = inPlace(() => this.receive(this.fair))

  get receiveInTurn(): Effect.Effect<A, QueueShutDown> {
    return inPlace(() => this.receive(true))
  }

  private receive(takesTurns: boolean): Effect.Effect<A, QueueShutDown> {
    if (!this.isBehind(this.getters, takesTurns)) {
      if (!this.isEmpty) return Effect.succeed(this.take())
      if (this.isShutDown) return this.failShutDown("get")
    }
    return new Getter(this, takesTurns ? this.numbers++ : undefined).parkIn(this.getters)
  }

  put(item: A): Effect.Effect<void, QueueShutDown> {
    if (this.isShutDown) return this.failShutDown("put")
    if (this.hasRoom) {
      this.add(item)
      return Effect.void
    }
    return new Putter(this, item, this.fair ? this.numbers++ : undefined).parkIn(this.putters)
  }

  putNowait(item: A): Effect.Effect<void, QueueFull | QueueShutDown> {
    if (this.isShutDown) return this.failShutDown("putNowait")
    if (!this.hasRoom) {
      const why = this.room > 0 ? "others wait for the room" : `it already has ${numbered(this.maxsize, "item")}`
      return Effect.fail(new QueueFull({ message: `${this.kind}.putNowait: ${why}` }))
    }
    this.add(item)
    return Effect.void
  }

  getNowait(): Effect.Effect<A, QueueEmpty | QueueShutDown> {
    if (this.hasItem) return Effect.succeed(this.take())
    if (this.isShutDown && this.isEmpty) return this.failShutDown("getNowait")
    const why = this.isEmpty ? "there is no item" : "others wait for the items"
    return Effect.fail(new QueueEmpty({ message: `${this.kind}.getNowait: ${why}` }))
  }

  /** INVARIANT: called only while there is room. */
  add(item: A): void {
    this.storage.push(item)
    this.unfinished++
    this.getters.wakeFirst()
  }

  /** INVARIANT: called only while there is an item. */
  take(): A {
    const item = this.storage.take()
    this.putters.wakeFirst()
    return item
  }

  taskDone(): void {
    if (this.unfinished === 0) {
      throw new Cause.IllegalArgumentError(`${this.kind}.taskDone: called too often, expected once for each item put`)
    }
    this.finish(1)
  }

  private finish(items: number): void {
    this.unfinished -= items
    if (this.unfinished === 0) this.joiners.wakeAll()
  }

  readonly join: Effect.Effect<void> = inPlace(() => {
    if (this.unfinished === 0) return Effect.void
    return new Visitor(this, "join").parkIn(this.joiners)
  })

  shutdown(immediate: boolean): void {
    this.isShutDown = true
    if (immediate) {
      // Items dropped count as done; those already taken still need their `taskDone`.
      const dropped = Math.min(this.size, this.unfinished)
      this.storage.clear()
      this.finish(dropped)
    }
    this.getters.wakeAll()
    this.putters.wakeAll()
  }

  failShutDown(call: string): Effect.Effect<never, QueueShutDown> {
    return Effect.fail(new QueueShutDown({ message: `${this.kind}.${call}: the queue is shut down` }))
  }
}
