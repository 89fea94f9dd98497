/**
 * What a Clock reads, and whether its readings say how long it sleeps.
 *
 * A browser that resists fingerprinting rounds readings to 16 or 100 ms; a clock may stand still, go back or jump. Its
 * sleeps are right in all of these cases, since the host makes them. So the host's readings have to show that they move
 * in small steps, and are no longer believed once they contradict each other or a sleep.
 *
 * Other Clocks, such as a TestClock or a virtual one, stand still between moves and are taken at their word, as is the
 * clock of fake timers.
 */
import type * as Clock from "effect/Clock"
import { hasFakeClock, hasFakeTimers, hostClock, nowNanos } from "./hostTime.ts"

/**
 * How coarse a host's clock may be, how far it may differ from the wall clock between two readings, and how early its
 * timers may end, because their delay and their start are rounded.
 */
export const ordinary = 2_000_000
/** Within how many readings a clock that is not coarse moves. */
const tries = 8

/** The Clocks whose readings are not taken at their word. */
const doubted = new WeakSet([hostClock])

export class Readings {
  latest: number
  /** The last reading before they broke. */
  latestSound: number
  /** "broken" until `renew`: later readings can't be compared with earlier ones. */
  private state: "unproven" | "sound" | "broken"
  /** A sleep ended much too early by them: they no longer prove anything. */
  private refuted = false
  private readonly clock: Clock.Clock
  private doubted: boolean
  // INVARIANT: of one moment.
  private monotonic = 0
  private wall = 0

  constructor(clock: Clock.Clock) {
    this.clock = clock
    this.doubted = doubted.has(clock)
    this.state = this.doubted ? "unproven" : "sound"
    this.latest = this.latestSound = nowNanos(clock)
  }

  get areBroken(): boolean {
    return this.state === "broken"
  }

  now(): number {
    const now = nowNanos(this.clock)
    if (this.doubted) this.judge(now)
    this.latest = now
    return now
  }

  /** Whether a wait that begins now may count on them. */
  areSound(): boolean {
    if (!this.doubted) return true
    if (this.refuted || (hasFakeTimers() && !hasFakeClock())) return false
    if (this.state === "unproven" && hasFakeTimers()) this.believe(this.latest)
    for (let i = 0; i < tries && this.state === "unproven"; i++) this.now()
    return this.state === "sound"
  }

  /** A sleep ended much too early by them. */
  refute(): void {
    doubted.add(this.clock)
    this.doubted = true
    this.refuted = true
    this.state = "broken"
  }

  /** Nothing counts on earlier readings any more. */
  renew(): void {
    if (this.doubted) this.state = "unproven"
  }

  private believe(now: number): void {
    this.state = "sound"
    this.monotonic = now
    this.wall = this.clock.currentTimeMillisUnsafe()
  }

  private judge(now: number): void {
    const step = now - this.latest
    if (step > 0 && step <= ordinary) {
      if (this.state === "unproven" && !this.refuted) this.believe(now)
    } else if (this.state === "sound" && (step < 0 || this.isOff(now))) {
      this.state = "broken"
      this.latestSound = this.latest
    }
  }

  /**
   * Whether they moved differently from the wall clock. Somebody may have set that; doubting them then does no harm.
   */
  private isOff(now: number): boolean {
    const wall = this.clock.currentTimeMillisUnsafe()
    const difference = now - this.monotonic - (wall - this.wall) * 1e6
    this.monotonic = now
    this.wall = wall
    return Math.abs(difference) > ordinary
  }
}
