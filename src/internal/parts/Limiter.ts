/** How many of a gather's effects run at once, and which is the next. */
import type { gather } from "../../gather.ts"
import type { Starter } from "../task/awaitables.ts"
import { FutureImpl } from "../task/future.ts"

/** Starts the effects among the items, in order, so many at once. */
export class Limiter {
  readonly items: ReadonlyArray<unknown>
  private readonly limit: number
  private readonly starter: Starter
  /** From where on it looks for the next one. */
  private place = 0
  // INVARIANT: the effects that run now; at most `limit`.
  private running = 0

  constructor(
    items: ReadonlyArray<unknown>,
    concurrency: gather.Options["concurrency"],
    starter: Starter
  ) {
    this.items = items
    this.limit = typeof concurrency === "number" ? concurrency : Infinity
    this.starter = starter
  }

  /** The place of the next effect, if there is one and it may run now. */
  next(): number | undefined {
    if (this.running >= this.limit) return undefined
    while (this.items[this.place] instanceof FutureImpl) this.place++
    return this.place < this.items.length ? this.place : undefined
  }

  start(place: number): FutureImpl<any, any> {
    this.running++
    this.place = place + 1
    return this.starter.start(this.items[place])
  }

  /** One of those that ran has ended. */
  free(): void {
    this.running--
  }

  /** No more will start. */
  end(): void {
    this.starter.end()
  }
}
