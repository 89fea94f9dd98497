/** Limits how many of several effects run at once, and says which is next. */
import type * as Effect from "effect/Effect"
import * as check from "../host/check.ts"
import type { Starter } from "../task/awaitables.ts"
import { FutureImpl } from "../task/future.ts"
import type { TaskImpl } from "../task/task.ts"

export type Concurrency = number | "unbounded" | undefined

export const concurrency: check.Kind = check.kind(
  (value) => value === "unbounded" || value === Infinity || Number.isInteger(value) && (value as number) > 0,
  "a whole number above 0, or \"unbounded\""
)

export const limitOf = (concurrency: Concurrency): number => typeof concurrency === "number" ? concurrency : Infinity

/** Starts the effects among the items in order, at most `limit` at once. */
export class Limiter {
  readonly items: ReadonlyArray<unknown>
  private readonly limit: number
  private readonly starter: Starter
  /** Where it looks for the next one. */
  private place = 0
  // INVARIANT: the effects that run now; at most `limit`.
  private running = 0

  constructor(
    items: ReadonlyArray<unknown>,
    concurrency: Concurrency,
    starter: Starter
  ) {
    this.items = items
    this.limit = limitOf(concurrency)
    this.starter = starter
  }

  /** The place of the next effect, if there is one and it may run now. */
  next(): number | undefined {
    if (this.running >= this.limit) return undefined
    while (this.items[this.place] instanceof FutureImpl) this.place++
    return this.place < this.items.length ? this.place : undefined
  }

  start(place: number): TaskImpl<any, any> {
    this.running++
    this.place = place + 1
    // `next` gives only places of effects.
    return this.starter.startTask(this.items[place] as Effect.Effect<unknown, unknown>)
  }

  /** One of the running ones has ended. */
  free(): void {
    this.running--
  }

  /** No more will start. */
  end(): void {
    this.starter.end()
  }
}
