/**
 * The queue on somebody else's scheduler, such as TestClock's, which counts what it runs and moves time once that is
 * over. So every entry asks it for a turn; but everything that is ready has to run before time moves, however many
 * ticks it takes: a turn whose entry has already run does nothing, and any other drains the queue, up to a bound.
 *
 * With one entry a turn, time would overtake a program of many ticks. If every turn drained, turns would multiply when
 * a program spins: each of its entries would drain, and ask for as many again. Without turns for what a drain itself
 * schedules, a TestClock that is moved inside the drain would not see what it wakes.
 */
import type * as Scheduler from "effect/Scheduler"
import type { Entry } from "./Entry.ts"
import { OwnQueue, type RuntimeSteps } from "./ReadyQueue.ts"

/** At most so many ticks in one turn on somebody else's scheduler. */
const maxTicks = 64
/** More if they are short, as in a pipeline that hands on one item a tick: up to so many entries. */
const maxEntries = 2048

export class ForeignQueue extends OwnQueue {
  private readonly dispatcher: Scheduler.SchedulerDispatcher
  private scheduled = 0

  constructor(dispatcher: Scheduler.SchedulerDispatcher, runtimeSteps: RuntimeSteps) {
    super(() => {}, runtimeSteps)
    this.dispatcher = dispatcher
  }

  override schedule(entry: Entry, priority: number): void {
    super.schedule(entry, priority)
    this.ask(++this.scheduled)
  }

  // INVARIANT: at least as many turns are to come as entries wait. All have one priority, so that they come in the
  // order of their entries; entries of other priorities find their place in the tick.
  private ask(turn: number): void {
    this.dispatcher.scheduleTask(() => this.take(turn), 0)
  }

  /** How many entries have left the queue. */
  private get left(): number {
    return this.scheduled - this.size
  }

  private take(turn: number): void {
    if (this.left >= turn) return
    const end = this.left + maxEntries
    let thrown = true
    try {
      for (let ticks = 0; !this.isEmpty && (ticks < maxTicks || this.left < end); ticks++) this.tick()
      thrown = false
    } finally {
      // Effect's dispatcher drops what else it was about to run, so the turns that were to come may be gone.
      if (thrown && !this.isEmpty) this.ask(this.scheduled)
    }
  }

  override flush(): void {
    this.dispatcher.flush()
  }
}
