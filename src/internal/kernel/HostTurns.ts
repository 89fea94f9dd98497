/**
 * Gives the live loop's queue its turns of the host's event loop.
 *
 * A trip through the host costs more than the ticks of most programs (1.7 µs against 0.05 to 0.2 an entry), so one turn
 * runs several ticks. That changes no order inside the loop. It ends after 64 ticks, or after the tick in which 2 ms
 * have passed: the host's timers, promises and I/O get their turn then, however busy the loop is.
 *
 * A timer of the host that wakes the loop is a turn, too. Fake timers would wait to be advanced, and move time by a
 * millisecond each; so there a message asks for a turn as well.
 */
import type * as Clock from "effect/Clock"
import type * as Scheduler from "effect/Scheduler"
import { hasFakeTurns, takeMessageTurn } from "../host/hostTime.ts"

const maxTicks = 64
const maxMillis = 2

export class HostTurns {
  private readonly host: Scheduler.SchedulerDispatcher
  private readonly clock: Clock.Clock
  // INVARIANT: the tick that the queue has asked for, until it runs.
  private next: (() => void) | undefined = undefined
  // INVARIANT: true from the request of a turn to its end.
  private busy = false
  private running = false

  constructor(host: Scheduler.SchedulerDispatcher, clock: Clock.Clock) {
    this.host = host
    this.clock = clock
  }

  readonly request = (tick: () => void): void => {
    this.next = tick
    if (!this.busy) this.ask()
  }

  private ask(): void {
    this.busy = true
    this.host.scheduleTask(() => this.turn(), 0)
    if (hasFakeTurns()) takeMessageTurn(() => this.turn())
  }

  /** Uses a turn, whoever got it, for what `prepare` schedules and everything that is ready. */
  readonly turn = (prepare?: () => void): void => {
    if (this.running) return prepare?.()
    this.running = true
    this.busy = true
    try {
      prepare?.()
      const end = this.clock.currentTimeMillisUnsafe() + maxMillis
      for (let ticks = 0; ticks < maxTicks && this.next !== undefined; ticks++) {
        const tick = this.next
        this.next = undefined
        tick()
        if (this.clock.currentTimeMillisUnsafe() >= end) break
      }
    } finally {
      this.running = false
      this.busy = false
      if (this.next !== undefined) this.ask()
    }
  }
}
