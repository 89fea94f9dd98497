/**
 * Those who stand in line at a queue: getters for an item, putters for room.
 *
 * CPython's rule: an item stays in the queue until its getter's own step. A put wakes the first getter, which then
 * looks again; if a newcomer was faster, the getter waits once more, at the end of the line. Handing items over and
 * putting them back when a getter is cancelled would reorder them, or lose them (python/asyncio#343). A getter or
 * putter that is cancelled after it was woken wakes the next, if there is still something for it
 * (Effect-TS/effect#8391).
 *
 * So a frequent customer can starve those who wait. Getters and putters that take turns do not overtake each other: a
 * newcomer waits behind those that wait or are about to run. In a `fair` queue all of them do; in any other, the
 * queue's streams take turns among themselves, and the other getters follow CPython's rule.
 */
import * as Effect from "effect/Effect"
import type { QueueShutDown } from "../../Errors.ts"
import { type Node, WaitQueue } from "../kernel/WaitQueue.ts"
import type { FutureImpl } from "../task/future.ts"
import { QueuedWaiter } from "../waiting/QueuedWaiter.ts"
import type { Resource } from "../waiting/Region.ts"

/** The queue, as those in line see it. */
export interface Source<A> extends Resource {
  readonly getters: Line
  readonly putters: Line
  /** How many items are in it, and how many more fit in. */
  readonly size: number
  readonly room: number
  readonly isShutDown: boolean
  /** Whether it is an internal part of something else, which nobody knows as a queue. */
  readonly isPrivate: boolean
  take(): A
  add(item: A): void
  failShutDown(call: string): Effect.Effect<never, QueueShutDown>
  feeders(): ReadonlyArray<FutureImpl<any, any>>
}

/** One end of a queue: those who wait for items, or for room. */
export class Line extends WaitQueue {
  // INVARIANT: how many were woken and have not run.
  woken = 0
  // INVARIANT: how many of those in line, parked or woken, take turns. None of them is parked while there is something
  // for it, unless one before it is woken: that one's step wakes it.
  inTurn = 0

  override wakeFirst(): boolean {
    const woke = super.wakeFirst()
    if (woke) this.woken++
    return woke
  }
}

/** A getter or putter in line. */
abstract class Customer<A, B> extends QueuedWaiter<B, QueueShutDown> {
  protected readonly source: Source<A>
  /** If it takes turns: the later it came, the higher. Undefined if it does not. */
  protected readonly number: number | undefined
  /** It was woken, and a newcomer that takes no turns was faster. */
  private readonly isBack: boolean

  constructor(source: Source<A>, number: number | undefined, isBack = false) {
    super()
    this.source = source
    this.number = number
    this.isBack = isBack
  }

  override get resource(): Resource | undefined {
    return this.source.isPrivate ? undefined : this.source
  }
  get label(): string {
    return this.source.labelFor(this.verb)
  }
  abstract override get line(): Line
  /** How much there is for those in line, of items or of room. */
  abstract readonly available: number
  /** Takes or puts, or fails if the queue is shut down. If it throws, nothing has changed. */
  abstract serve(): Effect.Effect<B, QueueShutDown>
  abstract waitAgain(): Effect.Effect<B, QueueShutDown>

  /** At the end of the line, as in CPython; but one that takes turns keeps its place. */
  override enter(): void {
    const { line, number } = this
    if (number !== undefined) line.inTurn++
    line.push(this, number !== undefined && this.isBack ? this.placeOf(number) : undefined)
  }

  /** It was first in line, so its place is there, unless others that were first have come back already. */
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
    this.serveOthers()
    return effect
  }

  override passOn(): void {
    this.serveOthers()
    if (this.number === undefined && this.available > 0) this.line.wakeFirst()
  }

  /** It was woken and leaves the line: those that did not overtake it may now have what is there. */
  private serveOthers(): void {
    const { line } = this
    line.woken--
    if (this.number === undefined) return
    line.inTurn--
    while ((this.source.isShutDown || this.available > line.woken) && line.wakeFirst());
  }
}

export class Getter<A> extends Customer<A, A> {
  override get verb() {
    return "get"
  }
  override waitsFor(): ReadonlyArray<FutureImpl<any, any>> {
    return this.source.feeders()
  }
  override get isForAny(): boolean {
    return true
  }
  override get line(): Line {
    return this.source.getters
  }
  get available(): number {
    return this.source.size
  }
  serve(): Effect.Effect<A, QueueShutDown> {
    return this.source.size === 0 ? this.source.failShutDown("get") : Effect.succeed(this.source.take())
  }
  waitAgain(): Effect.Effect<A, QueueShutDown> {
    return new Getter(this.source, this.number, true).parkIn(this.line)
  }
}

export class Putter<A> extends Customer<A, void> {
  private readonly item: A
  constructor(source: Source<A>, item: A, number: number | undefined, isBack?: boolean) {
    super(source, number, isBack)
    this.item = item
  }
  override get verb() {
    return "put"
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
