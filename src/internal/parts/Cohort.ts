/**
 * The futures that `wait` or `asCompleted` waits for, in one round or in several.
 *
 * In asyncio a loop `while (pending.size > 0) … = wait(pending)` costs O(n) a round, because every call adds a callback
 * to each task and removes it again (python/cpython#74741). Here, the second call on a set that `wait` itself gave back
 * keeps its members attached: a completion puts its future on a list, and a round takes what is on the list. So a
 * completion costs O(1), whatever n is. PendingView.ts has the sets that a round gives back.
 *
 * A first call attaches and detaches as asyncio does: code that waits once for some long-lived tasks must leave nothing
 * behind on them.
 */
import type { Entry, Whose } from "../kernel/Entry.ts"
import { Node } from "../kernel/WaitQueue.ts"
import type { FutureImpl } from "../task/future.ts"

type AnyFuture = FutureImpl<any, any>

/** Is told of completions, of each from the ready queue. */
export interface Listener {
  /** Who waits for them. */
  readonly awaiter: Node["awaiter"]
  completed(future: AnyFuture): void
}

/** A future's place in a cohort, and the callback that it holds in the future's line. */
export class Member extends Node implements Entry {
  private readonly cohort: Cohort
  readonly future: AnyFuture
  /** Its place in the input. */
  readonly index: number
  /** The round that handed it out as done. */
  removedAt = Infinity
  /** The listener that has been told. */
  private knownTo: Listener | undefined = undefined

  constructor(cohort: Cohort, future: AnyFuture, index: number) {
    super()
    this.cohort = cohort
    this.future = future
    this.index = index
  }
  get isLeft(): boolean {
    return this.removedAt === Infinity
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
    if (listener === undefined || this.knownTo === listener || !this.isLeft) return
    this.knownTo = listener
    listener.completed(this.future)
  }
}

export class Cohort {
  // INVARIANT: in input order; those handed out before may still be among them.
  members: Array<Member>
  /** How many have not been handed out. */
  size: number
  /** Counts the rounds. */
  round = 0
  // INVARIANT: while attached, those that are done and have not been handed out.
  finished: Array<Member> = []
  listener: Listener | undefined = undefined
  /** Stays attached between rounds. */
  kept = false
  // INVARIANT: while true, those that are not done stand in their futures' lines.
  private attached = false

  constructor(futures: Iterable<AnyFuture>) {
    this.members = Array.from(futures, (future, index) => new Member(this, future, index))
    this.size = this.members.length
  }

  /** Adds a running one. */
  add(future: AnyFuture): void {
    const member = new Member(this, future, this.members.length)
    this.members.push(member)
    this.size++
    if (this.attached) future.push(member)
  }

  /** Begins a round. Those that are done already tell the listener in the next tick. */
  listen(listener: Listener): void {
    this.listener = listener
    if (!this.attached) this.attach()
    for (const member of this.finished) member.future.loop.ready.schedule(member, 0)
  }

  /** Ends a round without handing anything out. */
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
    // Halving keeps the cost of walking over a view within twice its size, and takes O(n) in all.
    if (this.members.length > 2 * this.size) this.members = this.members.filter((member) => member.isLeft)
    return done.map((member) => member.future)
  }

  /** Those that are not handed out. */
  left(): ReadonlyArray<AnyFuture> {
    return this.members.filter((member) => member.isLeft).map((member) => member.future)
  }

  /** Those that are neither handed out nor done. */
  pending(): ReadonlyArray<AnyFuture> {
    return this.left().filter((future) => future.exit === undefined)
  }

  private attach(): void {
    this.attached = true
    for (const member of this.members) {
      if (!member.isLeft) continue
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
}
