/**
 * The fair wait queue: the line that every primitive is built on.
 *
 * Strictly first come, first served. A doubly linked list through the members themselves, so that parking, waking and
 * withdrawing are O(1) each and cost no allocation beyond the member; an array would make the withdrawal of n waiters
 * quadratic, as with Effect's Latch. Waiter.ts says what stands in it, and what happens once it is woken.
 *
 * trio's and WebKit's parking lots are the same line; WebKit finds it by the address of what is waited for, here each
 * primitive holds its own.
 */
import type { Future } from "../../Future.ts"

/** A member of a wait queue: a parked waiter, or a callback that waits for a future. */
export abstract class Node {
  // INVARIANT: the queue whose list holds this node; undefined outside of any, and then so are both neighbours.
  queue: WaitQueue | undefined = undefined
  before: Node | undefined = undefined
  after: Node | undefined = undefined

  /** On whose behalf it waits: a task, or a future that others wait for in turn. */
  get awaiter(): Future<unknown, unknown> | undefined {
    return undefined
  }

  /** Called once the node has left the queue because its turn came: schedules it. Never runs anything itself. */
  abstract wake(): void
}

export class WaitQueue {
  // INVARIANT: `first` has no `before`, `last` no `after`; both undefined exactly when nothing waits.
  private first: Node | undefined = undefined
  private last: Node | undefined = undefined

  get head(): Node | undefined {
    return this.first
  }

  /** O(n): a count in each queue would take memory, and only tools ask for it. */
  get length(): number {
    return Array.from(this.nodes()).length
  }

  /** Puts a node before another one of the line, or at its end. */
  push(node: Node, after: Node | undefined = undefined): void {
    const before = after === undefined ? this.last : after.before
    node.queue = this
    node.before = before
    node.after = after
    if (before === undefined) this.first = node
    else before.after = node
    if (after === undefined) this.last = node
    else after.before = node
  }

  /** Takes a node out, wherever it stands. */
  remove(node: Node): void {
    if (node.queue !== this) return
    if (node.before === undefined) this.first = node.after
    else node.before.after = node.after
    if (node.after === undefined) this.last = node.before
    else node.after.before = node.before
    node.queue = node.before = node.after = undefined
  }

  /** Wakes the first waiter, if there is one. */
  wakeFirst(): boolean {
    const node = this.first
    if (node === undefined) return false
    this.remove(node)
    node.wake()
    return true
  }

  /** Wakes everyone who waits now, in order. */
  wakeAll(): void {
    while (this.wakeFirst());
  }

  *nodes(): IterableIterator<Node> {
    for (let node = this.first; node !== undefined; node = node.after) yield node
  }
}
