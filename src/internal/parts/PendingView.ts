/**
 * The set of the futures still pending that a round of `wait` gives back.
 *
 * The first round gives a real set. A second `wait` on that goes on with its cohort, which is kept from then on: the
 * pending set of each round is then a view of the same members as they were at that round, and costs O(1).
 *
 * A kept cohort is detached when the last of its views is collected. Its futures hold its members until then; a program
 * that keeps an old view for ever keeps the members of that round.
 */
import { NodeInspectSymbol } from "effect/Inspectable"
import type { FutureImpl } from "../task/future.ts"
import type { Cohort, Member } from "./Cohort.ts"

type AnyFuture = FutureImpl<any, any>

/** The pending set of a round that has just ended. */
export const pendingOf = <T>(cohort: Cohort, holder: Holder | undefined): ReadonlySet<T> => {
  if (cohort.size === 0) return new Set()
  if (holder !== undefined) return new PendingView<T>(holder)
  // What the cohort holds is what the input became: T, once running.
  const pending = new Set(cohort.left() as ReadonlyArray<unknown> as ReadonlyArray<T>)
  firstRounds.set(pending, cohort)
  return pending
}

/** The cohort to go on with, if `input` is the latest pending set of one that nobody listens to. */
export const goOn = (input: object): Holder | undefined => {
  if (input instanceof PendingView) {
    const { holder, round } = input
    return holder.cohort.round === round && holder.cohort.listener === undefined ? holder : undefined
  }
  const cohort = firstRounds.get(input)
  if (cohort === undefined) return undefined
  firstRounds.delete(input)
  return cohort.listener === undefined && isSame(input as ReadonlySet<unknown>, cohort) ? new Holder(cohort) : undefined
}

/** The first set given back is a real one, which somebody may have changed. */
const isSame = (input: ReadonlySet<unknown>, cohort: Cohort): boolean =>
  input.size === cohort.size &&
  cohort.left().every((future) => input.has(future))

/** The cohorts of the sets that first rounds gave back. */
const firstRounds = new WeakMap<object, Cohort>()

/** Held only by the views of a kept cohort: once it is garbage, nobody can go on with the cohort. */
export class Holder {
  readonly cohort: Cohort
  // Weak, so that the views of earlier rounds do not keep a done future.
  private readonly byFuture = new WeakMap<AnyFuture, Member>()
  private readonly indexed = new WeakSet<ReadonlyArray<Member>>()

  constructor(cohort: Cohort) {
    this.cohort = cohort
    cohort.kept = true
    dropped.register(this, cohort)
  }

  memberOf(future: AnyFuture, members: ReadonlyArray<Member>): Member | undefined {
    if (!this.indexed.has(members)) {
      this.indexed.add(members)
      for (const member of members) this.byFuture.set(member.future, member)
    }
    return this.byFuture.get(future)
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
    const member = this.holder.memberOf(value as unknown as AnyFuture, this.members)
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
