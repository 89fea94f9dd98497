/**
 * One run of a program on a fresh virtual loop, under a schedule.
 *
 * It runs without a turn of the host, from start to end or until its slice of real time is over: no promise settles
 * meanwhile, and nothing else in the process comes between, so that it repeats. With `outside` it takes the host's turns, as
 * `VirtualLoop.run` does.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Scheduler from "effect/Scheduler"
import type { EventLoop } from "../../EventLoop.ts"
import { withoutFiber } from "../../internal/host/beyondTypes.ts"
import type { Entry } from "../../internal/kernel/Entry.ts"
import type { LoopImpl, Resident } from "../../internal/loop/loop.ts"
import { close } from "../../internal/task/closing.ts"
import { runMain } from "../../internal/task/main.ts"
import { InnerRegion, type Strikable } from "../../internal/task/openRegion.ts"
import { isTaskImpl } from "../../internal/task/task.ts"
import { isCancelled } from "../../internal/waiting/cancelled.ts"
import type { Region } from "../../internal/waiting/Region.ts"
import { interruptFiber } from "../../internal/waiting/unwinding.ts"
import { Waiter } from "../../internal/waiting/Waiter.ts"
import { cancel } from "../../internal/waiting/Walk.ts"
import type { Failure } from "../Explore.ts"
import { hostTurns, makeVirtualLoop } from "../makeVirtualLoop.ts"
import type { Sleeper } from "../VirtualClock.ts"
import { CurrentRun, type ProgramRun } from "./CurrentRun.ts"
import { Decisions, type Places } from "./Decisions.ts"
import { ExploredQueue, type Policy } from "./ExploredQueue.ts"
import { type AnyFiber, type AnyWaiter, type Lane, Lanes, RuntimeStep } from "./Lanes.ts"
import type { Move } from "./moves.ts"
import type { Paths } from "./Paths.ts"
import type { Picker } from "./pickers.ts"
import type { Settings } from "./settings.ts"
import { ExploredClock, KnownTasks } from "./telling.ts"
import { exitOf, type Trace } from "./Trace.ts"
import { Verdict } from "./Verdict.ts"

/** What all runs of a check have in common. */
export interface Exploration {
  readonly program: Effect.Effect<unknown, unknown, EventLoop>
  readonly context: Context.Context<never>
  /** The same, without loggers. */
  readonly quiet: Context.Context<never>
  readonly settings: Settings
  readonly paths: Paths
}

export interface Result {
  readonly failure: Failure | undefined
  /** What differed from the written order. */
  readonly moves: ReadonlyArray<Move>
  /** Who did what. */
  readonly hash: number
  /** The same, and when. */
  readonly fingerprint: number
  readonly steps: number
}

/** Watches a run: each part of it that runs without a break. */
type Watch = (part: () => void, whose: () => string | undefined) => void

export interface Hooks {
  /** Keeps the steps. */
  readonly trace?: Trace | undefined
  /** Gets the places. */
  readonly places?: Places | undefined
  readonly watch?: Watch | undefined
  /** Whether the program's logs are shown; by default they are not. */
  readonly isLogged?: boolean | undefined
}

/** It looks at the time every so many turns. */
const turnsPerLook = 32

export class ExploredRun implements ProgramRun, Policy {
  private readonly exploration: Exploration
  private readonly settings: Settings
  private readonly decisions: Decisions
  private readonly verdict: Verdict
  private readonly hooks: Hooks
  private readonly clock: ExploredClock
  private queue!: ExploredQueue
  private loop!: LoopImpl
  private lanes!: Lanes
  private readonly fiber: AnyFiber
  /** What comes in the next turn, if the turns are not the host's. */
  private next: (() => void) | undefined = undefined
  /** Main has ended: from now on everything goes as written. */
  isOver = false
  /** It took too long. */
  isGivenUp = false
  /** What an option of the check threw; the check dies of it. */
  misuse: { readonly thrown: unknown } | undefined = undefined
  private readonly hit = new Set<string>()
  private hash = 0
  private fingerprint = 0
  private steps = 0
  /** The tasks that have ended in the running step. */
  private readonly finished: Array<Resident> = []
  /** Who had an operation in the running step, if operations vary. */
  private readonly ran = new Set<Lane>()

  constructor(exploration: Exploration, picker: Picker, hooks: Hooks = {}) {
    this.exploration = exploration
    this.settings = exploration.settings
    this.decisions = new Decisions(picker, hooks.trace, hooks.places)
    this.verdict = new Verdict(exploration.settings)
    this.hooks = hooks
    this.clock = new ExploredClock((sleeper, wake) => this.slept(sleeper, wake))
    this.fiber = withoutFiber(() =>
      Effect.runForkWith(hooks.isLogged === true ? exploration.context : exploration.quiet)(this.main)
    )
  }

  private readonly main = Effect.withFiber((fiber) => {
    this.lanes = new Lanes(this.exploration.paths, fiber)
    const { maxTicks, operations, outside } = this.settings
    const host = outside ? hostTurns() : undefined
    const { driver, loop, provided } = makeVirtualLoop(fiber, {
      clock: this.clock,
      queue: (request) => this.queue = new ExploredQueue(request, this),
      turns: host === undefined ? (next) => this.next = next : (next) => host(() => this.part(next)),
      limits: { settle: 0, patience: outside ? 1e9 : 0, maxTicks },
      options: undefined,
      unseen: "fail",
      tasks: new KnownTasks(
        (task) => isTaskImpl(task) && this.lanes.created(task),
        (task) => this.isOver || this.finished.push(task)
      ),
      shouldYield: operations ? (fiber) => this.shouldYield(fiber) : undefined
    })
    this.loop = loop
    const parkedOutside = this.queue.parkedOutside!
    this.queue.parkedOutside = (waiter) => {
      this.parked(waiter)
      parkedOutside(waiter)
    }
    const context = provided.pipe(
      Context.add(CurrentRun, this),
      Context.add(Scheduler.PreventSchedulerYield, !operations)
    )
    return runMain("Explore", this.exploration.program).pipe(
      Effect.onExit((exit) => {
        this.isOver = true
        this.verdict.ended(exit, loop, this.hit.size > 0)
        return Effect.map(
          Effect.exit(Effect.andThen(close(loop), driver.end(exit))),
          (exit) => this.verdict.closed(exit)
        )
      }),
      Effect.provideContext(context)
    )
  })

  // ------------------------------------------------------------------------------------------------------------ turns

  private part(next: () => void): void {
    const { watch } = this.hooks
    if (watch === undefined) next()
    else watch(next, () => this.lanes.current?.name)
  }

  /** Goes on until nothing is left or its time is up, and says whether it has ended. */
  drive(isTime: () => boolean): boolean {
    return withoutFiber(() => {
      for (let n = 1; this.next !== undefined; n++) {
        const { next } = this
        this.next = undefined
        this.part(next)
        if (n % turnsPerLook === 0 && isTime()) break
      }
      return this.next === undefined
    })
  }

  /** The end, if the turns are the host's. */
  get ended(): Effect.Effect<void> {
    return Effect.callback((resume) => {
      this.fiber.addObserver(() => {
        // Those who go on do so within the last step.
        this.tellFinished()
        resume(Effect.void)
      })
    })
  }

  /** Ends it, whatever it is doing. */
  interrupt(): void {
    this.isOver = true
    this.fiber.interruptUnsafe()
  }

  /** It takes too long, in milliseconds. */
  giveUp(limit: number): void {
    this.verdict.gaveUp(limit, this.clock.nanos / 1e6, this.loop)
    this.isGivenUp = true
    this.interrupt()
  }

  get result(): Result {
    if (this.fiber.pollUnsafe() === undefined) {
      this.verdict.stranded()
      this.interrupt()
    }
    const { decisions: { moves }, fingerprint, steps, verdict: { failure } } = this
    // A deviation may not show in any step.
    const hash = moves.reduce((hash, move) => mix(hash, move.kind.length + move.amount), this.hash)
    // Real time ends it at a different place each time.
    return { failure, moves, hash, fingerprint: this.isGivenUp ? 0 : fingerprint, steps }
  }

  // ------------------------------------------------------------------------------------------------------- the policy

  laneOf(entry: Entry): Lane | undefined {
    return this.lanes.ofEntry(entry)
  }

  get putsOff(): boolean {
    return this.settings.order || this.settings.operations
  }

  delay(lane: Lane, entry: Entry, again: boolean): number {
    const late = entry instanceof RuntimeStep ? entry.takeLate() : 0
    if (late > 0 || !this.settings.order) return late
    return this.decisions.delay(lane, slotOf(lane, entry), again, () => this.readyLanes())
  }

  private *readyLanes(): Iterable<Lane> {
    for (const entry of this.queue.ready) {
      const lane = this.laneOf(entry)
      if (lane !== undefined) yield lane
    }
  }

  runtimeStep(entry: Entry): Entry {
    return this.lanes.runtimeStep(entry)
  }

  /** The host pauses: time passes before the tick, to one of the next deadlines. */
  beforeTick(): void {
    const { clock, settings } = this
    if (this.isOver || !settings.time) return
    const until = clock.nanos + settings.pause
    if (clock.next === undefined || clock.next > until) return
    const deadlines = this.deadlines(until)
    const entry = deadlines.length === 0 ? undefined : this.queue.next
    if (entry === undefined) return
    const lane = this.laneOf(entry)!
    clock.nanos = this.decisions.pause(lane, slotOf(lane, entry), deadlines) ?? clock.nanos
  }

  /** The first two from now on. */
  private deadlines(until: number): ReadonlyArray<number> {
    const { clock, loop } = this
    const own = clock.sleepers.filter(({ fiber }) => !loop.timers.isOwn(fiber)).map(({ deadline }) => deadline)
    const all = [...own, ...loop.timers.deadlines(clock)].filter((deadline) =>
      deadline > clock.nanos && deadline <= until
    )
    return Array.from(new Set(all)).toSorted((a, b) => a - b).slice(0, 2)
  }

  private shouldYield(fiber: AnyFiber): boolean {
    const natural = fiber.currentOpCount >= fiber.cache.maxOpsBeforeYield
    if (this.isOver || this.lanes.isUser(fiber)) return natural
    const lane = this.lanes.ofFiber(fiber)
    this.ran.add(lane)
    if (this.hooks.trace !== undefined) lane.learnName()
    if (lane.repeats > 0) {
      lane.repeats--
      return natural
    }
    const operation = ++lane.operations
    const ticks = this.decisions.yield(lane, operation)
    if (ticks === 0) return natural
    lane.forced = operation
    lane.forcedTicks = ticks
    lane.repeats = 2
    return true
  }

  // ------------------------------------------------------------------------------------------------------------- steps

  run(entry: Entry, lane: Lane | undefined, step: () => void): void {
    if (lane === undefined) {
      step()
      return this.stepEnded(this.lanes.main!)
    }
    const slot = slotOf(lane, entry)
    const runtime = entry instanceof RuntimeStep ? entry : undefined
    if (runtime === undefined) lane.steps++
    if (this.settings.time && entry instanceof Waiter && entry.region !== undefined) {
      this.strike(lane, slot, entry.region.owner.root)
    }
    this.hitWith(lane, slot, 0)
    this.step(lane, runtime, step)
    this.hitWith(lane, slot, 1)
  }

  private step(lane: Lane, runtime: RuntimeStep | undefined, run: () => void): void {
    const isOwn = runtime === undefined || runtime.isYield
    this.ran.clear()
    this.lanes.begin(lane, runtime)
    run()
    const seen = this.lanes.end()
    if (this.ran.size > 0) { for (const one of this.ran) this.happened(one) }
    else {
      // A fork may show nothing: then it has nothing to do with the loop.
      if (isOwn) this.happened(lane)
      if (seen !== undefined && seen !== lane) this.happened(seen)
    }
    this.stepEnded(seen ?? lane)
  }

  private happened(lane: Lane): void {
    lane.learnName()
    const exit = exitOf(lane)
    lane.hasEnded = exit !== undefined
    const code = exit === undefined ? lane.isYielding ? 1 : 0 : exit._tag === "Success" ? 2 : isCancelled(exit) ? 4 : 3
    this.steps++
    this.hash = mix(this.hash, lane.path * 8 + code)
    this.fingerprint = mix(mix(this.fingerprint, lane.path * 8 + code), this.clock.nanos / 1e3)
    this.hooks.trace?.step(lane, this.clock.nanos / 1e6)
  }

  /** For tasks that Effect resumed on somebody else's stack, or that a cancellation ended. */
  private tellFinished(): void {
    for (const task of this.finished) {
      const lane = this.lanes.ofTask(task)
      if (lane?.hasEnded === false) this.happened(lane)
    }
    this.finished.length = 0
  }

  private stepEnded(lane: Lane): void {
    this.tellFinished()
    const broken = this.verdict.broken()
    if (broken.length === 0) return
    this.isOver = true
    this.hooks.trace?.breaks(lane, this.clock.nanos / 1e6, broken)
    for (const main of this.loop.mains) main.fail(Cause.die(this.verdict.failure!.error))
  }

  /** A sleep on the clock itself is over: Effect resumes the fiber at once. */
  private slept({ fiber }: Sleeper, wake: () => void): void {
    if (this.isOver || this.loop.timers.isOwn(fiber)) return wake()
    const lane = this.lanes.ofFiber(fiber)
    const slot = lane.nextSlot
    lane.steps++
    this.hitWith(lane, slot, 0)
    this.step(lane, undefined, wake)
    this.hitWith(lane, slot, 1)
  }

  private parked(waiter: AnyWaiter): void {
    if (!this.isOver) this.lanes.parked(waiter)
  }

  /** An open timeout strikes right before the step. */
  private strike(lane: Lane, slot: number, root: Region): void {
    const armed: Array<Strikable> = []
    for (let region: Region | undefined = root; region !== undefined; region = region.inner) {
      if (region instanceof InnerRegion && region.timeout?.isArmed === true) armed.unshift(region.timeout)
    }
    if (armed.length === 0) return
    const amount = this.decisions.timeout(lane, slot, armed.length)
    if (amount > 0) armed[amount - 1]!.strike()
  }

  /** Cancels or interrupts it, right before or right after its step. */
  private hitWith(lane: Lane, slot: number, when: 0 | 1): void {
    const { cancels, interrupts, operations } = this.settings
    if (!cancels && !interrupts || lane === this.lanes.main || exitOf(lane) !== undefined || this.isOver) return
    if (lane.task === undefined && !operations || !this.isTarget(lane.name)) return
    const { task } = lane
    if (task !== undefined && cancels && this.isHit("cancel", lane, slot, when)) cancel(task, undefined)
    const fiber = task === undefined ? lane.fiber : interrupts ? task.fiber : undefined
    if (fiber !== undefined && this.isHit("interrupt", lane, slot, when)) interruptFiber(fiber)
  }

  /** A picker that throws ends the run: none of its steps is to blame. */
  private isTarget(name: string): boolean {
    try {
      return this.settings.isTarget(name)
    } catch (thrown) {
      this.misuse ??= { thrown }
      this.interrupt()
      return false
    }
  }

  private isHit(kind: "cancel" | "interrupt", lane: Lane, slot: number, when: 0 | 1): boolean {
    const isHit = this.decisions.hit(kind, lane, slot, when)
    if (isHit) this.hit.add(lane.name)
    return isHit
  }

  // ------------------------------------------------------------------------------------------ what the program may say

  latency(fiber: AnyFiber, least: number, most: number): number {
    if (this.isOver || !this.settings.latency || most === least) return least
    return this.decisions.latency(this.lanes.ofFiber(fiber), least, most)
  }

  fault(fiber: AnyFiber): boolean {
    return !this.isOver && this.settings.faults && this.decisions.fault(this.lanes.ofFiber(fiber))
  }

  choose(fiber: AnyFiber, values: ReadonlyArray<unknown>): number {
    if (this.isOver || !this.settings.choices || values.length === 1) return 0
    return this.decisions.choose(this.lanes.ofFiber(fiber), values)
  }

  always(name: string, holds: () => boolean): void {
    this.verdict.always(name, holds)
  }

  note(text: string): void {
    this.hooks.trace?.note(text)
  }

  get cancelled(): ReadonlySet<string> {
    return new Set(this.hit)
  }
}

const slotOf = (lane: Lane, entry: Entry): number => entry instanceof RuntimeStep ? entry.slot : lane.nextSlot

const mix = (hash: number, value: number): number => {
  const mixed = Math.imul(hash ^ value, 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}
