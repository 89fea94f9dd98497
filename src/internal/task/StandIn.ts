/**
 * A future that stands in another's line for a waiter: it ends when the other has ended, and can be cancelled alone.
 *
 * Its waiter counts as the other's (`awaitedBy`). It leaves the line as soon as it is cancelled, so that a long-lived
 * future keeps nothing of those who gave up. It ends a tick after its original, as a callback that completes a future
 * does in asyncio.
 */
import type { Walk } from "../waiting/Walk.ts"
import { FutureCallback, FutureImpl } from "./future.ts"

export abstract class StandIn<A, E, Original extends FutureImpl<any, any>> extends FutureImpl<A, E> {
  protected readonly original: Original
  private readonly link: Link

  constructor(original: Original) {
    super(original.loop)
    this.original = original
    this.link = new Link(this, original)
    original.push(this.link)
    this.retrieved = true // its outcome is its waiter's; the original reports for itself
  }
  override get kind(): string {
    return "StandIn"
  }
  override members(): ReadonlyArray<FutureImpl<any, any>> {
    return this.original.members()
  }

  /** The original is done: completes this one. */
  abstract originalEnded(): void

  override requestCancel(walk: Walk): void {
    super.requestCancel(walk)
    this.original.remove(this.link)
  }
}

class Link extends FutureCallback {
  private readonly standIn: StandIn<any, any, any>
  constructor(standIn: StandIn<any, any, any>, original: FutureImpl<any, any>) {
    super(original)
    this.standIn = standIn
  }
  override get awaiter(): FutureImpl<any, any> {
    return this.standIn
  }
  run(): void {
    this.standIn.originalEnded()
  }
}
