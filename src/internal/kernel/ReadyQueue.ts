/**
 * The ready queue: what runs next, and in which order.
 *
 * A tick runs what was ready when it began, first come, first served; what that schedules runs in the next tick. This
 * is CPython's `_run_once`, and Effect's `MixedScheduler` drains in the same way. In Effect every fiber makes its own
 * dispatcher, so there is no order among fibers: the loop's scheduler hands this one queue to all of them.
 *
 * Ordinary entries have priority 0. Timers that are due have priority 1: they run behind the ordinary entries of the
 * same tick, as asyncio appends them to what is already ready.
 *
 * Cost: O(1) for each entry scheduled and run.
 */
import type * as Scheduler from "effect/Scheduler"
import type { Entry } from "./Entry.ts"
import { observer } from "./observer.ts"

/** What the loop schedules on: an Effect dispatcher, shared by all fibers of the loop. */
export interface ReadyQueue extends Scheduler.SchedulerDispatcher {
  schedule(entry: Entry, priority: number): void
  /** Uses a turn of the host that somebody else got, for what `prepare` schedules and everything that is ready. */
  readonly takeTurn?: ((prepare: () => void) => void) | undefined
}

/** How Effect's own runtime schedules a step of the running fiber, a fork or a yield: the `scheduleTask` of a queue. */
export type RuntimeSteps = (queue: ReadyQueue, task: () => void, priority: number) => void

/**
 * Schedules an entry on whatever dispatcher a fiber has: the loop's queue takes the entry itself, so it knows whose
 * step it is; any other takes a closure.
 */
export const scheduleOn = (dispatcher: Scheduler.SchedulerDispatcher, entry: Entry, priority: number): void => {
  if (isReadyQueue(dispatcher)) dispatcher.schedule(entry, priority)
  else dispatcher.scheduleTask(() => entry.run(), priority)
}

export const isReadyQueue = (dispatcher: Scheduler.SchedulerDispatcher): dispatcher is ReadyQueue =>
  (dispatcher as Partial<ReadyQueue>).schedule !== undefined

interface Bucket {
  readonly priority: number
  readonly entries: Array<Entry>
  /** How many of them have run, once their tick has come. */
  done: number
}

/**
 * The loop's own queue. `host` is asked for a turn when the queue stops being empty, and calls `tick` in it; the live
 * loop gives it a turn of the host's event loop, the virtual loop its own driver.
 *
 * A ring of entries, so that a tick allocates nothing: with an array for each tick, a lone fiber that yields spent a
 * third of its time on garbage. Entries of other priorities, a few a tick at most, are in buckets.
 */
export class OwnQueue implements ReadyQueue {
  // INVARIANT: `count` entries from `head` on, around the end; the length is a power of two; undefined elsewhere.
  private ring: Array<Entry | undefined> = Array.from({ length: 64 }, () => undefined)
  private head = 0
  private count = 0
  // INVARIANT: sorted by priority, one bucket each, none empty, none of priority 0.
  private buckets: Array<Bucket> = []
  // INVARIANT: true from the call of `host` to the tick that it brings.
  private requested = false
  private readonly host: (tick: () => void) => void
  private readonly runtimeSteps: RuntimeSteps
  readonly takeTurn: ((prepare: () => void) => void) | undefined

  constructor(
    host: (tick: () => void) => void,
    runtimeSteps: RuntimeSteps,
    takeTurn?: (prepare: () => void) => void
  ) {
    this.host = host
    this.runtimeSteps = runtimeSteps
    this.takeTurn = takeTurn
  }

  /** What is ready, in the order in which the next tick runs it. */
  get ready(): ReadonlyArray<Entry> {
    const { buckets, head, ring } = this
    const entries = [...ring.slice(head), ...ring.slice(0, head)].filter((entry) => entry !== undefined)
    const all = [...buckets, { priority: 0, entries }].toSorted((a, b) => a.priority - b.priority)
    return all.flatMap(({ entries }) => entries)
  }

  get isEmpty(): boolean {
    return this.count === 0 && this.buckets.length === 0
  }

  get size(): number {
    let size = this.count
    for (const { entries } of this.buckets) size += entries.length
    return size
  }

  schedule(entry: Entry, priority: number): void {
    if (priority === 0) {
      if (this.count === this.ring.length) this.grow()
      this.ring[(this.head + this.count++) & (this.ring.length - 1)] = entry
    } else this.scheduleElsewhere(entry, priority)
    if (!this.requested) {
      this.requested = true
      this.host(this.tick)
    }
  }

  private grow(): void {
    const { head, ring } = this
    this.ring = ring.slice(head).concat(ring.slice(0, head))
    this.head = 0
    for (let i = ring.length; i > 0; i--) this.ring.push(undefined)
  }

  private scheduleElsewhere(entry: Entry, priority: number): void {
    const buckets = this.buckets
    let index = buckets.length
    while (index > 0 && buckets[index - 1]!.priority > priority) index--
    const before = index > 0 ? buckets[index - 1]! : undefined
    if (before !== undefined && before.priority === priority) before.entries.push(entry)
    else buckets.splice(index, 0, { priority, entries: [entry], done: 0 })
  }

  scheduleTask(task: () => void, priority: number): void {
    this.runtimeSteps(this, task, priority)
  }

  /** The tick rule. An entry that throws does not take the others with it: they run in the next tick. */
  readonly tick = (): void => {
    this.requested = false
    if (observer !== undefined) observer.ticked(this)
    const end = this.count
    const buckets = this.buckets
    if (buckets.length === 0) return this.runReady(end)
    this.buckets = []
    let index = 0
    try {
      for (; index < buckets.length && buckets[index]!.priority < 0; index++) this.runBucket(buckets[index]!)
      this.runReady(end)
      for (; index < buckets.length; index++) this.runBucket(buckets[index]!)
    } finally {
      for (; index < buckets.length; index++) {
        const { done, entries, priority } = buckets[index]!
        for (const entry of entries.slice(done)) this.schedule(entry, priority)
      }
    }
  }

  private runReady(end: number): void {
    try {
      // An entry may flush the queue, and so take what was left of the tick.
      for (; end > 0 && this.count > 0; end--) {
        const { head, ring } = this
        const entry = ring[head]!
        ring[head] = undefined
        this.head = (head + 1) & (ring.length - 1)
        this.count--
        this.runEntry(entry)
      }
    } finally {
      if (end > 0 && this.count > 0 && !this.requested) {
        this.requested = true
        this.host(this.tick)
      }
    }
  }

  /** The one place where entries run: a queue that picks what runs next decides here. */
  protected runEntry(entry: Entry): void {
    if (observer === undefined) entry.run()
    else observer.run(entry, this)
  }

  private runBucket(bucket: Bucket): void {
    while (bucket.done < bucket.entries.length) {
      const entry = bucket.entries[bucket.done++]!
      this.runEntry(entry)
    }
  }

  flush(): void {
    while (!this.isEmpty) this.tick()
  }
}
