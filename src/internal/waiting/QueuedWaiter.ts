/** A waiter whose place is in a line. */
import type * as Effect from "effect/Effect"
import type { Node, WaitQueue } from "../kernel/WaitQueue.ts"
import { Waiter } from "./Waiter.ts"

export abstract class QueuedWaiter<A = void, E = never, R = never> extends Waiter<A, E, R> implements Node {
  queue: WaitQueue | undefined = undefined
  before: Node | undefined = undefined
  after: Node | undefined = undefined
  private given: WaitQueue | undefined = undefined

  /** The line in which it stands, or stood until it was woken. */
  get line(): WaitQueue | undefined {
    return this.given
  }

  /** `park` at the end of a line. */
  parkIn(line: WaitQueue): Effect.Effect<A, E, R> {
    this.given = line
    return this.park()
  }
  override enter(): void {
    this.given!.push(this)
  }
  override leave(): void {
    this.line!.remove(this)
  }
}
