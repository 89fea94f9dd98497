/** What a job has reported, for those who listen, now or soon. A listener that is slower than the job misses the oldest. */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as MutableList from "effect/MutableList"
import * as Queue from "effect/Queue"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

/** How many are kept, and how many wait for a listener. */
const capacity = 1_000

type Listener = Queue.Queue<Schema.Json, Cause.Done>

export class Feed {
  // INVARIANT: the newest, `capacity` of them at most.
  private readonly kept = MutableList.make<Schema.Json>()
  private readonly listeners = new Set<Listener>()
  private state: "before" | "begun" | "ended" = "before"

  /** Whether the job has begun here. */
  get isBegun(): boolean {
    return this.state !== "before"
  }

  /** Begins and ends with the job. */
  during<A, E, R>(job: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.suspend(() => {
      this.state = "begun"
      return Effect.ensuring(job, Effect.sync(() => this.end()))
    })
  }

  publish(report: Schema.Json): void {
    MutableList.append(this.kept, report)
    if (this.kept.length > capacity) MutableList.take(this.kept)
    for (const listener of this.listeners) Queue.offerUnsafe(listener, report)
  }

  private end(): void {
    this.state = "ended"
    for (const listener of this.listeners) Queue.endUnsafe(listener)
  }

  /** From the oldest that is kept to the job's end. */
  readonly reports: Stream.Stream<Schema.Json> = Stream.callback<Schema.Json>(
    (listener) => Effect.acquireRelease(Effect.sync(() => this.add(listener)), () => this.remove(listener)),
    { bufferSize: capacity, strategy: "sliding" }
  )

  private add(listener: Listener): void {
    for (const report of MutableList.toArray(this.kept)) Queue.offerUnsafe(listener, report)
    if (this.state === "ended") Queue.endUnsafe(listener)
    else this.listeners.add(listener)
  }

  private remove(listener: Listener): Effect.Effect<void> {
    return Effect.sync(() => this.listeners.delete(listener))
  }
}
