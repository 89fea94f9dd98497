/**
 * The queue under `Queue`, `LifoQueue` and `PriorityQueue`; only the storage differs.
 *
 * CPython's rule: an item stays in the queue until its getter's own step. A put wakes the first getter, which then looks
 * again; a newcomer may have been faster, and the getter waits once more, at the end of the line. Handing items over and
 * putting them back when a getter is cancelled would reorder them, or lose them (python/asyncio#343). A getter or putter
 * that is cancelled after its wake wakes the next, if there is still something for it (Effect-TS/effect#8391).
 *
 * So whoever comes often starves those who wait. Getters and putters that take turns do not overtake each other: a
 * newcomer waits behind those that wait or are about to run. In a queue made `fair` all of them do; in any other the
 * streams of the queue do, among themselves, and the other getters follow CPython's rule.
 *
 * An order that throws is the defect of whoever put or got: the queue is as before.
 */
import * as Effect from "effect/Effect"
import { pipeArguments } from "effect/Pipeable"
import { QueueEmpty, QueueFull, QueueShutDown } from "../Errors.ts"
import type { Options, Queue } from "../Queue.ts"
import * as check from "./check.ts"
import type { FutureImpl } from "./future.ts"
import { Printable, type Words } from "./printing.ts"
import { QueuedWaiter } from "./QueuedWaiter.ts"
import type { Storage } from "./Storage.ts"
import { type Node, WaitQueue } from "./WaitQueue.ts"
import { counted } from "./words.ts"

export const optionKinds = { maxsize: check.maxsize, fair: check.boolean }
export const checkOptions = check.options<Options>(optionKinds)

/** One end of a queue: those who wait for items, or for room. */
class Line extends WaitQueue {
  // INVARIANT: how many were woken and have not run.
  woken = 0
  // INVARIANT: how many of those in line take turns, parked or woken. None of them is parked while there is something for
  // it, unless one before it is woken: that one's step wakes it.
  inTurn = 0

  override wakeFirst(): boolean {
    const woke = super.wakeFirst()
    if (woke) this.woken++
    return woke
  }
}

export class QueueImpl<A> extends Printable implements Queue<A> {
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

  pipe() {
    return pipeArguments(this, arguments)
  }

  describe(): Words {
    return [
      this.isShutDown ? "shutdown" : undefined,
      this.fair ? "fair" : undefined,
      `size=${this.storage.size}`,
      this.room < Infinity ? `maxsize=${this.maxsize}` : undefined,
      counted("unfinished", this.unfinished),
      counted("getters", this.getters.length),
      counted("putters", this.putters.length),
      counted("joiners", this.joiners.length)
    ]
  }

  get isEmpty(): boolean {
    return this.storage.size === 0
  }
  /** How many items fit in. */
  get room(): number {
    return this.maxsize > 0 ? this.maxsize - this.storage.size : Infinity
  }
  /** Whether one that comes now stands behind others, whatever there is for it. */
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

  /** Those that fill it, where that is known. */
  feeders(): ReadonlyArray<FutureImpl<any, any>> {
    return []
  }

  readonly get: Effect.Effect<A, QueueShutDown> = Effect.suspend(() => this.receive(this.fair))

  get receiveInTurn(): Effect.Effect<A, QueueShutDown> {
    return Effect.suspend(() => this.receive(true))
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
      const why = this.room > 0 ? "others wait for the room" : `${this.maxsize} items are in it already`
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

  failShutDown(call: string): Effect.Effect<never, QueueShutDown> {
    return Effect.fail(new QueueShutDown({ message: `${this.kind}.${call}: the queue is shut down` }))
  }
}

/** A getter or putter in line. */
abstract class Customer<A, B> extends QueuedWaiter<B, QueueShutDown> {
  protected readonly source: QueueImpl<A>
  /** Of those that take turns: the later it came, the higher. Undefined if it takes none. */
  protected readonly number: number | undefined
  /** It was woken, and a newcomer that takes no turns was faster. */
  private readonly isBack: boolean

  constructor(source: QueueImpl<A>, number: number | undefined, isBack = false) {
    super()
    this.source = source
    this.number = number
    this.isBack = isBack
  }

  abstract override get line(): Line
  /** How much there is for those in line: items, or room. */
  abstract readonly available: number
  /** Takes or puts, or fails at a queue that is shut down. Where it throws, nothing has changed. */
  abstract serve(): Effect.Effect<B, QueueShutDown>
  abstract waitAgain(): Effect.Effect<B, QueueShutDown>

  /** At the end of the line, as in CPython; but who takes turns keeps its place. */
  override enter(): void {
    const { line, number } = this
    if (number !== undefined) line.inTurn++
    line.push(this, number !== undefined && this.isBack ? this.placeOf(number) : undefined)
  }

  /** It was first in line; unless others that were have come back already. */
  private placeOf(number: number): Node | undefined {
    let node = this.line.head
    while (node instanceof Customer && node.number !== undefined && node.number < number) node = node.after
    return node
  }

  override leave(): void {
    super.leave()
    if (this.number !== undefined) this.line.inTurn--
  }

  /** Looks again, in its own step. */
  proceed(): Effect.Effect<B, QueueShutDown> {
    const isFutile = this.available <= 0 && !this.source.isShutDown
    const effect = isFutile ? this.waitAgain() : this.serve()
    this.give()
    return effect
  }

  override passOn(): void {
    this.give()
    if (this.number === undefined && this.available > 0) this.line.wakeFirst()
  }

  /** It was woken, and leaves the line: what is there for those that did not overtake it is theirs now. */
  private give(): void {
    const { line } = this
    line.woken--
    if (this.number === undefined) return
    line.inTurn--
    while ((this.source.isShutDown || this.available > line.woken) && line.wakeFirst());
  }
}

class Getter<A> extends Customer<A, A> {
  get label(): string {
    return `${this.source.kind}.get`
  }
  override waitsFor(): ReadonlyArray<FutureImpl<any, any>> {
    return this.source.feeders()
  }
  override get line(): Line {
    return this.source.getters
  }
  get available(): number {
    return this.source.storage.size
  }
  serve(): Effect.Effect<A, QueueShutDown> {
    return this.source.isEmpty ? this.source.failShutDown("get") : Effect.succeed(this.source.take())
  }
  waitAgain(): Effect.Effect<A, QueueShutDown> {
    return new Getter(this.source, this.number, true).parkIn(this.line)
  }
}

class Putter<A> extends Customer<A, void> {
  private readonly item: A
  constructor(source: QueueImpl<A>, item: A, number: number | undefined, isBack?: boolean) {
    super(source, number, isBack)
    this.item = item
  }
  get label(): string {
    return `${this.source.kind}.put`
  }
  override get line(): Line {
    return this.source.putters
  }
  get available(): number {
    return this.source.room
  }
  serve(): Effect.Effect<void, QueueShutDown> {
    if (this.source.isShutDown) return this.source.failShutDown("put")
    this.source.add(this.item)
    return Effect.void
  }
  waitAgain(): Effect.Effect<void, QueueShutDown> {
    return new Putter(this.source, this.item, this.number, true).parkIn(this.line)
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
