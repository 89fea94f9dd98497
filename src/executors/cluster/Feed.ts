/** What a job has reported, for those who listen, now or soon. A listener that is slower than the job misses the oldest. */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

/** How many are kept, and how many wait for a listener. */
const capacity = 1_000

type Listener = Queue.Queue<Schema.Json, Cause.Done>

export class Feed {
  // INVARIANT: the newest, `capacity` of them at most.
  private readonly kept: Array<Schema.Json> = []
  private readonly listeners = new Set<Listener>()
  private isEnded = false

  publish(report: Schema.Json): void {
    if (this.kept.push(report) > capacity) this.kept.shift()
    for (const listener of this.listeners) Queue.offerUnsafe(listener, report)
  }

  end(): void {
    this.isEnded = true
    for (const listener of this.listeners) Queue.endUnsafe(listener)
  }

  /** From the oldest that is kept to the job's end. */
  readonly reports: Stream.Stream<Schema.Json> = Stream.callback<Schema.Json>(
    (listener) => Effect.acquireRelease(Effect.sync(() => this.add(listener)), () => this.remove(listener)),
    { bufferSize: capacity, strategy: "sliding" }
  )

  private add(listener: Listener): void {
    for (const report of this.kept) Queue.offerUnsafe(listener, report)
    if (this.isEnded) Queue.endUnsafe(listener)
    else this.listeners.add(listener)
  }

  private remove(listener: Listener): Effect.Effect<void> {
    return Effect.sync(() => this.listeners.delete(listener))
  }
}
