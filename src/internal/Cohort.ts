/**
 * The futures that `wait` waits for, and the set of those still pending that it gives back.
 *
 * A loop `while (pending.size > 0) … = wait(pending)` costs asyncio O(n) a round, because every call adds a callback to
 * each task and removes it again (python/cpython#74741). Here the second call on a set that `wait` itself gave back keeps
 * its members attached: a completion puts its future on a list, a round takes what is on it, and the pending set of each
 * round is a view of the same members as they were at that round. So a completion costs O(1), whatever n.
 *
 * A first call attaches and detaches as asyncio does: whoever waits once for a few of many long-lived tasks must leave
 * nothing behind on them. A kept cohort that its holder drops is detached when the holder's last view is collected.
 */
import { NodeInspectSymbol } from "effect/Inspectable"
import type { Entry, Whose } from "./Entry.ts"
import type { FutureImpl } from "./future.ts"
import { Node } from "./WaitQueue.ts"

type AnyFuture = FutureImpl<any, any>

/** Who is told of completions, each from the ready queue. */
export interface Listener {
  /** Who waits meanwhile. */
  readonly awaiter: Node["awaiter"]
  completed(future: AnyFuture): void
}

class Member extends Node implements Entry {
  readonly cohort: Cohort
  readonly future: AnyFuture
  readonly index: number
  /** The round that handed it out as done. */
  removedAt = Infinity
  /** The listener that was told already. */
  toldTo: Listener | undefined = undefined

  constructor(cohort: Cohort, future: AnyFuture, index: number) {
    super()
    this.cohort = cohort
    this.future = future
    this.index = index
  }
  get what() {
    return "internal" as const
  }
  get owner(): Whose {
    return this.future
  }
  override get awaiter(): Node["awaiter"] {
    return this.cohort.listener?.awaiter
  }
  /** The future is done. */
  wake(): void {
    this.cohort.finished.push(this)
    if (this.cohort.listener !== undefined) this.future.loop.ready.schedule(this, 0)
  }
  run(): void {
    const { listener } = this.cohort
    if (listener === undefined || this.toldTo === listener || this.removedAt !== Infinity) return
    this.toldTo = listener
    listener.completed(this.future)
  }
}

export class Cohort {
  // INVARIANT: in input order; those handed out before may still be among them.
  members: Array<Member>
  /** How many are not handed out. */
  size: number
  /** Counts the rounds. */
  round = 0
  // INVARIANT: while attached, those that are done and not handed out.
  finished: Array<Member> = []
  listener: Listener | undefined = undefined
  /** Stays attached between rounds. */
  kept = false
  private attached = false
  // Weak, so that a done future is not kept for the sake of the views of rounds before.
  private readonly byFuture = new WeakMap<AnyFuture, Member>()
  private readonly indexed = new WeakSet<ReadonlyArray<Member>>()

  constructor(futures: Iterable<AnyFuture>) {
    this.members = Array.from(futures, (future, index) => new Member(this, future, index))
    this.size = this.members.length
  }

  /** Begins a round. Those that are done already tell the listener in the next tick. */
  listen(listener: Listener): void {
    this.listener = listener
    if (!this.attached) this.attach()
    for (const member of this.finished) member.future.loop.ready.schedule(member, 0)
  }

  /** Ends a round that gives nothing back. */
  unlisten(): void {
    this.listener = undefined
    if (!this.kept) this.detach()
  }

  /** Ends a round: hands out what is done, in input order. */
  take(): ReadonlyArray<AnyFuture> {
    const done = this.finished
    this.finished = []
    this.round++
    this.size -= done.length
    for (const member of done) member.removedAt = this.round
    if (done.length > 1) done.sort((a, b) => a.index - b.index)
    this.unlisten()
    // Halving keeps walking over a view within twice its size, and costs O(n) in all.
    if (this.members.length > 2 * this.size) this.members = this.members.filter((m) => m.removedAt === Infinity)
    return done.map((member) => member.future)
  }

  /** Those that are neither handed out nor done. */
  pending(): ReadonlyArray<AnyFuture> {
    return this.members.filter((m) => m.removedAt === Infinity && m.future.exit === undefined).map((m) => m.future)
  }

  private attach(): void {
    this.attached = true
    for (const member of this.members) {
      if (member.removedAt !== Infinity) continue
      if (member.future.exit !== undefined) this.finished.push(member)
      else member.future.push(member)
    }
  }

  detach(): void {
    if (!this.attached) return
    this.attached = false
    this.finished = []
    for (const member of this.members) member.queue?.remove(member)
  }

  memberOf(future: AnyFuture, members: ReadonlyArray<Member>): Member | undefined {
    if (!this.indexed.has(members)) {
      this.indexed.add(members)
      for (const member of members) this.byFuture.set(member.future, member)
    }
    return this.byFuture.get(future)
  }
}

/** Held by every view of a kept cohort, by nothing else: once it is garbage, nobody can go on with the cohort. */
export class Holder {
  readonly cohort: Cohort
  constructor(cohort: Cohort) {
    this.cohort = cohort
    cohort.kept = true
    dropped.register(this, cohort)
  }
}

const dropped = new FinalizationRegistry<Cohort>((cohort) => {
  if (cohort.listener === undefined) cohort.detach()
  cohort.kept = false
})

/** The pending set of one round of a kept cohort. */
class PendingView<T> implements ReadonlySet<T> {
  readonly size: number
  readonly holder: Holder
  readonly round: number
  private readonly members: ReadonlyArray<Member>

  constructor(holder: Holder) {
    this.holder = holder
    this.round = holder.cohort.round
    this.size = holder.cohort.size
    this.members = holder.cohort.members
  }

  has(value: T): boolean {
    const member = this.holder.cohort.memberOf(value as unknown as AnyFuture, this.members)
    return member !== undefined && member.removedAt > this.round
  }

  *values(): SetIterator<T> {
    for (const member of this.members) if (member.removedAt > this.round) yield member.future as unknown as T
  }
  keys(): SetIterator<T> {
    return this.values()
  }
  *entries(): SetIterator<[T, T]> {
    for (const value of this.values()) yield [value, value]
  }
  [Symbol.iterator](): SetIterator<T> {
    return this.values()
  }
  forEach(f: (value: T, key: T, set: ReadonlySet<T>) => void, thisArg?: unknown): void {
    for (const value of this.values()) f.call(thisArg, value, value, this)
  }

  union<U>(other: ReadonlySetLike<U>): Set<T | U> {
    return new Set<T>(this).union(other)
  }
  intersection<U>(other: ReadonlySetLike<U>): Set<T & U> {
    return new Set<T>(this).intersection(other)
  }
  difference<U>(other: ReadonlySetLike<U>): Set<T> {
    return new Set<T>(this).difference(other)
  }
  symmetricDifference<U>(other: ReadonlySetLike<U>): Set<T | U> {
    return new Set<T>(this).symmetricDifference(other)
  }
  isSubsetOf(other: ReadonlySetLike<unknown>): boolean {
    return new Set<T>(this).isSubsetOf(other)
  }
  isSupersetOf(other: ReadonlySetLike<unknown>): boolean {
    return new Set<T>(this).isSupersetOf(other)
  }
  isDisjointFrom(other: ReadonlySetLike<unknown>): boolean {
    return new Set<T>(this).isDisjointFrom(other)
  }

  // Prints and compares as the Set that it stands for.
  get [Symbol.toStringTag](): string {
    return "Set"
  }
  [NodeInspectSymbol](): unknown {
    return new Set(this)
  }
}
Object.defineProperty(PendingView.prototype, "constructor", { value: Set })

/** The sets that a first round gave back, and their cohorts. */
const given = new WeakMap<object, Cohort>()

/** The pending set of a round that has just ended. */
export const pendingOf = <T>(cohort: Cohort, holder: Holder | undefined): ReadonlySet<T> => {
  if (cohort.size === 0) return new Set()
  if (holder !== undefined) return new PendingView<T>(holder)
  const pending = new Set<T>()
  for (const member of cohort.members) {
    if (member.removedAt === Infinity) pending.add(member.future as unknown as T)
  }
  given.set(pending, cohort)
  return pending
}

/** The cohort to go on with, if `input` is the latest pending set of one that nobody listens to. */
export const resume = (input: object): Holder | undefined => {
  if (input instanceof PendingView) {
    const { holder, round } = input
    return holder.cohort.round === round && holder.cohort.listener === undefined ? holder : undefined
  }
  const cohort = given.get(input)
  if (cohort === undefined) return undefined
  given.delete(input)
  return cohort.listener === undefined && isSame(input as ReadonlySet<unknown>, cohort) ? new Holder(cohort) : undefined
}

/** The first set given back is a real one: somebody may have changed it. */
const isSame = (input: ReadonlySet<unknown>, cohort: Cohort): boolean =>
  input.size === cohort.size &&
  cohort.members.every((member) => member.removedAt !== Infinity || input.has(member.future))
