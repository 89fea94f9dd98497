/**
 * Gives a virtual loop's queue its turns, and moves its clock.
 *
 * It goes through phases, as libuv's `uv_run` does: ticks follow each other at once; when nothing is ready, the host
 * gets a turn, so that promises in flight can settle; then the clock jumps to the next sleeper; if there is no sleeper,
 * nothing can go on. A program is driven only while somebody waits for one: a `Runner`'s loop stands still between two
 * runs, and a closed loop runs nothing.
 *
 * When nothing can go on, or ticks go by for ever, those that wait for the loop end with the error: Users.ts.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Entry } from "../internal/kernel/Entry.ts"
import type { LoopImpl } from "../internal/loop/loop.ts"
import { isWaiting } from "../internal/task/closing.ts"
import { currentTask } from "../internal/task/task.ts"
import { isCancelled } from "../internal/waiting/cancelled.ts"
import { defectsOf, Rest } from "./Rest.ts"
import { Users } from "./Users.ts"
import type { VirtualClock } from "./VirtualClock.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

export interface Limits {
  /** Nanoseconds of real time; 0: one turn of the host. */
  readonly settle: number
  readonly patience: number
  readonly maxTicks: number
}

/** What it drives. */
export interface Driven {
  /** What is ready, in the order in which it will run. */
  readonly ready: ReadonlyArray<Entry>
  /** Told before each tick; it may move the clock. */
  readonly beforeTick?: () => void
}

/** Runs `next` in a turn of the host, or in something like one. */
export type Turns = (next: () => void) => void

/** Between so many ticks the host gets a turn. */
const ticksPerTurn = 1024
/** In how many of the last ticks it looks for those who spin. */
const watchedTicks = 64

/** Yields the nanoseconds of real time to wait before it goes on, and is told whether something happened meanwhile. */
type Course = Generator<number, void, boolean>

/** What a course yields to wait for a turn of the host. */
const aTurn = 0
const over: IteratorReturnResult<void> = { done: true, value: undefined }

export class Driver {
  private readonly loop: LoopImpl
  private readonly clock: VirtualClock
  private readonly queue: Driven
  private readonly limits: Limits
  private readonly turns: Turns
  private readonly users: Users
  private readonly rest: Rest
  /** The clock of the virtual loop in which this one is made. */
  private readonly around: VirtualClock | undefined
  /** The host's own clock, whatever the surroundings provide. */
  private readonly realClock: Clock.Clock = Context.get(Context.empty(), Clock.Clock)
  // INVARIANT: the tick that the queue asked for, until it runs.
  private tick: (() => void) | undefined = undefined
  // INVARIANT: defined while the loop works.
  private course: Course | undefined = undefined
  /** Ends the wait early, while it waits for real time. */
  private stir: (() => void) | undefined = undefined
  // INVARIANT: whether `around` counts this loop, or one inside it, among those that work.
  private holds = false
  private ticks = 0
  private readonly spinners = new Set<unknown>()
  // INVARIANT: who last awaited something already done, and how often in this tick without anybody else in between.
  private looker: unknown = undefined
  private looks = 0
  /** What spins can't be ended, as with callbacks: the loop gets no further tick. */
  private halted = false
  /** The loop is closed, and fibers are finishing what they have left to do. */
  private ending: (() => void) | undefined = undefined

  constructor(
    loop: LoopImpl,
    clock: VirtualClock,
    queue: Driven,
    limits: Limits,
    turns: Turns,
    around: VirtualClock | undefined
  ) {
    this.loop = loop
    this.clock = clock
    this.queue = queue
    this.limits = limits
    this.turns = turns
    this.around = around
    this.users = new Users(loop, () => this.wake())
    this.rest = new Rest(loop, clock)
    loop.onChange = () => this.wake()
    loop.atOnce = (fiber) => this.lookedAtOnce(fiber)
    clock.onChange = () => this.wake()
  }

  /** A fiber uses the loop, and waits for something of this library. */
  know(fiber: AnyFiber, waiter?: Parameters<Users["know"]>[1]): void {
    this.users.know(fiber, waiter)
  }

  /** The queue has something to run. */
  request(tick: () => void): void {
    this.tick = tick
    this.wake()
  }

  // ------------------------------------------------------------------------------------------------------------ phases

  private *phases(): Course {
    for (;;) {
      for (let n = 1; this.tick !== undefined && this.isWanted; n++) {
        this.runTick(this.tick)
        if (n % ticksPerTurn === 0) yield aTurn
      }
      if (!this.isWanted) return
      yield aTurn // promises in flight are heard
      if (this.tick === undefined && this.limits.settle > 0 && (yield this.limits.settle)) continue
      if (this.tick !== undefined || this.jump()) continue
      if (this.ending !== undefined) return this.finish()
      if (!this.isWaitedFor) return
      if (this.limits.patience > 0 && (yield this.limits.patience)) continue
      // A loop inside this one is working, and says when it no longer is.
      if (this.clock.inside > 0 || !this.users.endDeadlocked()) return
      yield aTurn
    }
  }

  /** Goes on, or begins again, as there may be something to do. */
  private wake(): void {
    if (this.stir !== undefined) this.stir()
    // In the middle of a phase it will look anyway.
    else if (this.course === undefined) this.begin()
  }

  private begin(): void {
    this.course = this.phases()
    this.count()
    this.turns(this.advance)
  }

  private readonly advance = (): void => this.goOn(false)

  private goOn(stirred: boolean): void {
    let pause: IteratorResult<number, void> = over
    try {
      pause = this.course!.next(stirred)
    } finally {
      // Even if something that ran has thrown: the others run in the next tick.
      if (pause.done === true) this.stand()
    }
    if (pause.done === true) return
    if (pause.value === aTurn) this.turns(this.advance)
    else this.waitFor(pause.value)
  }

  private stand(): void {
    this.course = undefined
    if (this.tick !== undefined && this.isWanted) this.begin()
    else this.count()
  }

  /** Waits in real time, unless something happens meanwhile. */
  private waitFor(nanos: number): void {
    const duration = nanos === Infinity ? Duration.infinity : Duration.nanos(BigInt(Math.round(nanos)))
    const fiber = Effect.runFork(this.realClock.sleep(duration))
    this.stir = () => {
      this.stir = undefined
      fiber.interruptUnsafe()
      this.turns(() => this.goOn(true))
    }
    fiber.addObserver((exit) => {
      if (exit._tag === "Failure") return
      this.stir = undefined
      this.advance()
    })
  }

  /** Whether anybody waits for what the loop does. */
  private get isWanted(): boolean {
    const { loop } = this
    if (loop.state !== "open") return loop.state === "closing" || this.ending !== undefined
    return !this.halted && (!loop.runsByMains || loop.mains.size > 0)
  }

  private get isWaitedFor(): boolean {
    const { loop } = this
    return loop.state === "closing"
      ? isWaiting(loop)
      : loop.tasks.size > 0 || loop.mains.size > 0 || this.users.exist
  }

  /** Tells the surrounding loop whether this one is working. */
  private count(): void {
    const holds = this.course !== undefined || this.clock.inside > 0
    if (this.around === undefined || holds === this.holds) return
    this.holds = holds
    this.around.inside += holds ? 1 : -1
    if (!holds) this.around.onChange?.()
  }

  // ------------------------------------------------------------------------------------------------------ ticks and time

  private runTick(tick: () => void): void {
    this.queue.beforeTick?.()
    // Sleepers whose time has come fire behind what is ready, in the same tick.
    this.clock.wakeDue()
    this.tick = undefined
    this.looker = undefined
    if (++this.ticks > this.limits.maxTicks - watchedTicks) {
      for (const { owner } of this.queue.ready) this.spinners.add(owner)
    }
    tick()
    if (this.ticks >= this.limits.maxTicks) this.spun()
  }

  /** Moves the clock to the next sleeper, if there is one. */
  private jump(): boolean {
    if (this.ending !== undefined && this.rest.interruptSleepers()) return true
    const { next } = this.clock
    if (next === undefined) return false
    if (next > this.clock.nanos) {
      this.clock.nanos = next
      // After the end the count bounds everything that is left, since nobody waits for it.
      if (this.ending === undefined) this.restart()
    }
    this.clock.wakeDue()
    return true
  }

  /** Time has passed. */
  private restart(): void {
    this.ticks = 0
    this.spinners.clear()
  }

  private spun(): void {
    const owners = Array.from(this.spinners)
    if (this.ending !== undefined) return this.finish()
    this.restart()
    if (!this.users.endSpinning(owners, this.limits.maxTicks)) this.halted = true
  }

  /** A loop that awaits what is already done takes no tick, so it is counted separately. */
  private lookedAtOnce(fiber: AnyFiber): Effect.Effect<never> | undefined {
    const looker = currentTask(fiber) ?? fiber
    if (looker !== this.looker) {
      this.looker = looker
      this.looks = 0
    }
    if (++this.looks < this.limits.maxTicks || this.loop.isClosed()) return undefined
    this.looks = 0
    return this.users.endLooking(looker, this.limits.maxTicks)
  }

  // ---------------------------------------------------------------------------------------------------------- the end

  /**
   * After the loop has closed: fibers outside of its tasks that are ready run on; those that sleep are interrupted, since time
   * ends here. Fails with the failures that nobody saw, and with what ended the user if that was an interruption.
   */
  readonly end = (exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> =>
    Effect.andThen(
      this.runOut,
      Effect.suspend((): Effect.Effect<void> => {
        const causes = [...this.loop.reports.failures ?? []]
        const { reported } = this.users
        if (reported !== undefined && isCancelled(exit)) causes.push(Cause.die(reported))
        const defects = defectsOf(causes)
        return defects.length === 0 ? Effect.void : Effect.failCause(Cause.fromReasons(defects))
      })
    )

  private readonly runOut = Effect.callback<void>((resume) => {
    if (this.tick === undefined && this.rest.sleepers.length === 0) return resume(Effect.void)
    this.ending = () => resume(Effect.void)
    this.restart()
    this.wake()
  })

  private finish(): void {
    const resume = this.ending
    this.ending = undefined
    resume?.()
  }
}
