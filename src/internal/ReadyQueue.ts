/**
 * The ready queue: what runs next, and in which order.
 *
 * A tick runs what was ready when it began, first come, first served; what that schedules runs in the next tick. This
 * is CPython's `_run_once`, and Effect's `MixedScheduler` drains in the same way. In Effect every fiber makes its own
 * dispatcher, so there is no order among fibers: the loop's scheduler hands this one queue to all of them.
 *
 * Entries of priority 0 are the ordinary ones. Timers that are due use priority 1: they run behind the ordinary entries
 * of the same tick, as asyncio appends them to what is already ready.
 *
 * Cost: O(1) for each entry scheduled and run.
 */
import * as Fiber from "effect/Fiber"
import type * as Scheduler from "effect/Scheduler"
import { meetAfterYield } from "./cancellation.ts"
import { CurrentRegion, type Region } from "./Region.ts"

/** One thing to run. */
export interface Entry {
  /** Whose step it is: a task, a callback's handle or a timer; undefined where that is not known. */
  readonly owner: unknown
  run(): void
}

/** What the loop schedules on. It is an Effect dispatcher too, shared by all fibers of the loop. */
export interface ReadyQueue extends Scheduler.SchedulerDispatcher {
  schedule(entry: Entry, priority: number): void
}

/**
 * A task that Effect's own runtime schedules: a fork, a yield. If the fiber that scheduled it has yielded and its task
 * was asked to cancel meanwhile, the request beats the resumption, as it does for every waiter.
 */
class RuntimeEntry implements Entry {
  private readonly region: Region | undefined
  private readonly task: () => void
  constructor(task: () => void) {
    this.region = currentRegion()
    this.task = task
  }
  get owner(): unknown {
    return this.region?.owner.task
  }
  run(): void {
    if (this.region?.owner.pending !== undefined) meetAfterYield(this.region)
    this.task()
  }
}

/** The region that the running fiber runs. */
const currentRegion = (): Region | undefined => {
  const fiber = Fiber.getCurrent()
  const region = fiber?.getRef(CurrentRegion)
  return region !== undefined && region.fiber === fiber ? region : undefined
}

interface Bucket {
  readonly priority: number
  readonly entries: Array<Entry>
}

/**
 * The loop's own queue. `host` is asked for a turn when the queue stops being empty, and calls `tick` in it; the live
 * loop gives it a turn of the host's event loop, the virtual loop its own driver.
 */
export class OwnQueue implements ReadyQueue {
  // INVARIANT: sorted by priority, one bucket each, none empty.
  private buckets: Array<Bucket> = []
  // INVARIANT: true from the call of `host` to the tick that it brings.
  private requested = false
  private readonly host: (tick: () => void) => void

  constructor(host: (tick: () => void) => void) {
    this.host = host
  }

  /** Told of every entry before it runs, while somebody wants to know. */
  onRun: ((entry: Entry) => void) | undefined = undefined

  get isEmpty(): boolean {
    return this.buckets.length === 0
  }

  schedule(entry: Entry, priority: number): void {
    const buckets = this.buckets
    let index = buckets.length
    while (index > 0 && buckets[index - 1]!.priority > priority) index--
    const before = index > 0 ? buckets[index - 1]! : undefined
    if (before !== undefined && before.priority === priority) before.entries.push(entry)
    else buckets.splice(index, 0, { priority, entries: [entry] })
    if (!this.requested) {
      this.requested = true
      this.host(this.tick)
    }
  }

  scheduleTask(task: () => void, priority: number): void {
    this.schedule(new RuntimeEntry(task), priority)
  }

  /** The tick rule. An entry that throws does not take the others with it: they run in the next tick. */
  readonly tick = (): void => {
    const buckets = this.buckets
    this.buckets = []
    this.requested = false
    let index = 0
    let position = 0
    try {
      for (; index < buckets.length; index++) {
        const entries = buckets[index]!.entries
        for (position = 0; position < entries.length;) {
          const entry = entries[position++]!
          this.onRun?.(entry)
          entry.run()
        }
      }
    } finally {
      for (; index < buckets.length; index++, position = 0) {
        const { entries, priority } = buckets[index]!
        while (position < entries.length) this.schedule(entries[position++]!, priority)
      }
    }
  }

  flush(): void {
    while (this.buckets.length > 0) this.tick()
  }
}

/**
 * The queue of a scheduler that somebody else gave us, TestClock's for one, which counts what it runs: every entry goes
 * to it one to one. A queue of our own, drained by a single task of theirs, would hide the work from them.
 */
export class ForeignQueue implements ReadyQueue {
  private readonly dispatcher: Scheduler.SchedulerDispatcher
  constructor(dispatcher: Scheduler.SchedulerDispatcher) {
    this.dispatcher = dispatcher
  }
  schedule(entry: Entry, priority: number): void {
    this.dispatcher.scheduleTask(() => entry.run(), priority)
  }
  scheduleTask(task: () => void, priority: number): void {
    this.schedule(new RuntimeEntry(task), priority)
  }
  flush(): void {
    this.dispatcher.flush()
  }
}
