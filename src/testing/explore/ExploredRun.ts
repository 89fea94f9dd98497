/**
 * One run of a program on a virtual loop of its own, under a schedule.
 *
 * It runs without a turn of the host, from its begin to its end or until its slice of real time is over: no promise is heard
 * meanwhile, and nothing else of the process comes between, so that it repeats. With `outside` it takes the host's turns, as
 * `VirtualLoop.run` does.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Scheduler from "effect/Scheduler"
import type { EventLoop } from "../../EventLoop.ts"
import { withoutFiber } from "../../internal/host/beyondTypes.ts"
import type { Entry } from "../../internal/kernel/Entry.ts"
import type { LoopImpl, Resident } from "../../internal/loop/loop.ts"
import { Registry } from "../../internal/loop/Registry.ts"
import { close } from "../../internal/task/closing.ts"
import { runMain } from "../../internal/task/main.ts"
import { InnerRegion, type Strikable } from "../../internal/task/openRegion.ts"
import { isTaskImpl } from "../../internal/task/task.ts"
import { tasksOf } from "../../internal/task/tasks.ts"
import { isCancelled } from "../../internal/waiting/cancelled.ts"
import type { Region } from "../../internal/waiting/Region.ts"
import { interruptFiber } from "../../internal/waiting/unwinding.ts"
import { Waiter } from "../../internal/waiting/Waiter.ts"
import { cancel } from "../../internal/waiting/Walk.ts"
import { DeadlockError, SpinError } from "../errors.ts"
import type { Failure, Kind as FailureKind, Run } from "../Explore.ts"
import { hostTurns, makeVirtualLoop } from "../makeVirtualLoop.ts"
import { type Sleeper, VirtualClock } from "../VirtualClock.ts"
import { CurrentRun, type ProgramRun } from "./CurrentRun.ts"
import { ExploredQueue, type Policy } from "./ExploredQueue.ts"
import { type AnyFiber, type AnyWaiter, type Lane, Lanes, RuntimeStep } from "./Lanes.ts"
import { type Kind, latencyParts, longestDelay, type Move, type Place } from "./moves.ts"
import type { Paths } from "./Paths.ts"
import type { Picker } from "./pickers.ts"
import type { Settings } from "./settings.ts"
import { Deviated, exitOf, type Trace, wordsOf } from "./Trace.ts"

/** What all runs of a check have in common. */
export interface Exploration {
  readonly program: Effect.Effect<unknown, unknown, EventLoop>
  readonly context: Context.Context<never>
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
  readonly places: number
}

/** What a run is watched with, each part of it that runs at once. */
type Watch = (part: () => void, whose: () => string | undefined) => void

export interface Hooks {
  /** Keeps the steps. */
  readonly trace?: Trace | undefined
  /** Gets the places behind the last move of the schedule. */
  readonly places?: { readonly list: Array<Place>; readonly after: number } | undefined
  readonly watch?: Watch | undefined
}

/** So many turns between two looks at the time. */
const turnsPerLook = 32

export class ExploredRun implements ProgramRun, Policy {
  private readonly exploration: Exploration
  private readonly settings: Settings
  private readonly picker: Picker
  private readonly hooks: Hooks
  private readonly clock: ExploredClock
  private queue!: ExploredQueue
  private loop!: LoopImpl
  private lanes!: Lanes
  private readonly fiber: AnyFiber
  /** What is to come in the next turn, where the turns are not the host's. */
  private next: (() => void) | undefined = undefined
  /** Main has ended: what comes now goes as it is written. */
  isOver = false
  /** It took too long. */
  isGivenUp = false
  private failure: Failure | undefined = undefined
  private readonly moves: Array<Move> = []
  private readonly invariants: Array<readonly [name: string, holds: () => boolean]> = []
  private readonly hit = new Set<string>()
  private hash = 0
  private fingerprint = 0
  private steps = 0
  private places = 0
  /** The tasks that have ended in the step that runs. */
  private readonly finished: Array<Resident> = []
  /** Who had an operation in the step that runs, where operations are asked about. */
  private ran = new Set<Lane>()

  constructor(exploration: Exploration, picker: Picker, hooks: Hooks = {}) {
    this.exploration = exploration
    this.settings = exploration.settings
    this.picker = picker
    this.hooks = hooks
    this.clock = new ExploredClock((sleeper, wake) => this.slept(sleeper, wake))
    this.fiber = withoutFiber(() => Effect.runForkWith(exploration.context)(this.main))
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
        this.mainEnded(exit)
        return Effect.map(Effect.exit(Effect.andThen(close(loop), driver.end(exit))), (exit) => this.closed(exit))
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

  /** Goes on until nothing is left, or its time is over, and says whether it has ended. */
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

  /** The end, where the turns are the host's. */
  get ended(): Effect.Effect<void> {
    return Effect.callback((resume) => {
      this.fiber.addObserver(() => resume(Effect.void))
    })
  }

  /** Ends it, whatever it does. */
  interrupt(): void {
    this.isOver = true
    this.fiber.interruptUnsafe()
  }

  /** It takes too long. */
  giveUp(millis: number): void {
    const { clock, loop } = this
    const message =
      `after ${Math.round(millis)} ms of real time the run had not ended: it was at ${
        clock.nanos / 1e6
      } ms of its own, with ` +
      Array.from(loop.tasks, (task) => `'${task.name}'`).join(", ")
    this.fail("spin", new SpinError({ message }), message)
    this.isGivenUp = true
    this.interrupt()
  }

  get result(): Result {
    if (this.fiber.pollUnsafe() === undefined) {
      const message = `the program has ended, and something of it waits for what is not the loop's; ${hint}`
      this.fail("deadlock", new DeadlockError({ message, tasks: [] }), message)
      this.interrupt()
    }
    const { failure, fingerprint, hash, moves, places, steps } = this
    return { failure, moves, hash, fingerprint, steps, places }
  }

  get trace(): Run {
    return this.hooks.trace!.run
  }

  // ---------------------------------------------------------------------------------------------------------- failures

  private fail(kind: FailureKind, error: unknown, message: string): void {
    this.failure ??= { kind, error, message }
  }

  private mainEnded(exit: Exit.Exit<unknown, unknown>): void {
    this.isOver = true
    if (exit._tag === "Failure") {
      if (!isCancelled(exit)) this.failBy(exit.cause)
      else if (this.hit.size === 0) this.fail("failed", Cause.squash(exit.cause), "main was cancelled")
    }
    if (!this.settings.leaks || this.loop.tasks.size === 0) return
    const left = Array.from(this.loop.tasks, (task) => `\n  ${task}`).join("")
    this.fail("leak", undefined, `main is done, and these tasks are not:${left}`)
  }

  private failBy(cause: Cause.Cause<unknown>): void {
    const error = Cause.squash(cause)
    if (error instanceof DeadlockError) {
      const isHeard = this.settings.outside ||
        tasksOf(this.loop).every((task) => task.waiter !== undefined || task.inner !== undefined)
      this.fail("deadlock", error, isHeard ? error.message : `${error.message}\n${hint}`)
    } else if (error instanceof SpinError) this.fail("spin", error, error.message)
    else this.fail(Cause.hasFails(cause) ? "failed" : "died", error, wordsOf(error))
  }

  private closed(exit: Exit.Exit<unknown, unknown>): void {
    if (exit._tag === "Failure" && !isCancelled(exit)) {
      const error = Cause.squash(exit.cause)
      this.fail("unseen", error, wordsOf(error))
    }
  }

  private checkInvariants(): void {
    for (const [name, holds] of this.invariants) {
      let why = ""
      try {
        if (holds()) continue
      } catch (thrown) {
        why = `: ${wordsOf(thrown)}`
      }
      const message = `"${name}" does not hold${why}`
      const error = new Error(message)
      this.fail("invariant", error, message)
      this.isOver = true
      for (const main of this.loop.mains) main.fail(Cause.die(error))
      return
    }
  }

  // ------------------------------------------------------------------------------------------------------------ places

  private pick(
    kind: Kind,
    lane: Lane,
    slot: number,
    most: number,
    words: (amount: number) => Deviated
  ): number {
    this.places++
    const { list, after } = this.hooks.places ?? none
    if (list !== undefined && this.moves.length >= after) list.push({ kind, path: lane.path, slot, most })
    const amount = Math.min(this.picker.pick(kind, lane, slot, most), most)
    if (amount > 0) this.take({ kind, path: lane.path, slot, most, amount }, words)
    return amount
  }

  private take(move: Move, words: (amount: number) => Deviated): void {
    this.moves.push(move)
    this.hash = mix(this.hash, move.kind.length + move.amount)
    this.hooks.trace?.deviates(words(move.amount))
  }

  laneOf(entry: Entry): Lane | undefined {
    return this.lanes.ofEntry(entry)
  }

  get variesOrder(): boolean {
    return this.settings.order
  }

  delay(lane: Lane, entry: Entry, again: boolean): number {
    const slot = slotOf(lane, entry)
    const times = again ? this.moves.find((move) => isDelay(move, lane, slot))?.amount ?? 0 : 0
    if (!again) {
      this.places++
      const { list, after } = this.hooks.places ?? none
      if (list !== undefined && this.moves.length >= after) {
        list.push({ kind: "delay", path: lane.path, slot, most: longestDelay })
      }
    }
    const ticks = this.picker.delay(lane, slot, times, () => this.readyLanes())
    if (ticks === 0) return 0
    const index = this.moves.findIndex((move) => isDelay(move, lane, slot))
    if (index >= 0) {
      const move = this.moves[index]!
      this.moves[index] = { ...move, amount: move.amount + ticks }
      return ticks
    }
    this.take({ kind: "delay", path: lane.path, slot, most: longestDelay, amount: ticks }, (amount) => {
      const step = lane.shown + 1
      const late = `${amount} ${amount === 1 ? "tick" : "ticks"}`
      return new Deviated(
        "delay",
        lane.name,
        step,
        amount,
        `'${lane.name}' step ${step} comes ${late} later`,
        `${late} late`
      )
    })
    return ticks
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
    const amount = this.pick("pause", lane, lane.tickSlot(slotOf(lane, entry)), deadlines.length, (amount) => {
      const step = lane.shown + 1
      const to = amount === 1 ? "to the next deadline" : "to the deadline after the next"
      const words = `time passes before the tick of '${lane.name}' step ${step}, ${to}`
      return new Deviated(
        "pause",
        lane.name,
        step,
        amount,
        words,
        `slow host: it is ${deadlines[amount - 1]! / 1e6} ms now`
      )
    })
    if (amount > 0) clock.nanos = deadlines[amount - 1]!
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
    const amount = this.pick(
      "yield",
      lane,
      operation,
      1,
      () =>
        new Deviated(
          "yield",
          lane.name,
          operation,
          1,
          `'${lane.name}' yields before its operation ${operation}`,
          "yields"
        )
    )
    if (amount === 0) return natural
    lane.forced = operation
    lane.repeats = 2
    return true
  }

  // ------------------------------------------------------------------------------------------------------------- steps

  run(entry: Entry, lane: Lane | undefined, step: () => void): void {
    if (lane === undefined) {
      step()
      return this.stepEnded()
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
      // Of a fork nothing may have been seen: what it runs has nothing to do with the loop, then.
      if (isOwn) this.happened(lane)
      if (seen !== undefined && seen !== lane) this.happened(seen)
    }
    this.stepEnded()
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

  private stepEnded(): void {
    // Tasks that Effect has resumed on somebody else's stack, or that a cancellation has ended.
    for (const task of this.finished) {
      const lane = this.lanes.ofTask(task)
      if (lane?.hasEnded === false) this.happened(lane)
    }
    this.finished.length = 0
    this.checkInvariants()
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
    const amount = this.pick("timeout", lane, slot, armed.length, (amount) => {
      const step = lane.shown + 1
      const words = `a timeout of '${lane.name}' strikes right before its step ${step}`
      return new Deviated("timeout", lane.name, step, amount, words, "its timeout strikes")
    })
    if (amount > 0) armed[amount - 1]!.strike()
  }

  /** Somebody cancels or interrupts it, before its step or right after. */
  private hitWith(lane: Lane, slot: number, when: 0 | 1): void {
    const { cancels, interrupts, isTarget, operations } = this.settings
    if (!cancels && !interrupts || lane === this.lanes.main || exitOf(lane) !== undefined || this.isOver) return
    if (lane.task === undefined && !operations || !isTarget(lane.name)) return
    const { task } = lane
    if (task !== undefined && cancels && this.isHit("cancel", lane, slot, when)) cancel(task, undefined)
    const fiber = task === undefined ? lane.fiber : interrupts ? task.fiber : undefined
    if (fiber !== undefined && this.isHit("interrupt", lane, slot, when)) interruptFiber(fiber)
  }

  private isHit(kind: "cancel" | "interrupt", lane: Lane, slot: number, when: 0 | 1): boolean {
    const amount = this.pick(kind, lane, slot * 2 + when, 1, () => {
      const step = lane.shown + 1 - when
      const how = kind === "cancel" ? "cancelled" : "interrupted"
      const place = when === 0 ? "right before" : "right after"
      const words = `'${lane.name}' is ${how} ${place} its step ${step}`
      return new Deviated(kind, lane.name, step, 1 + when, words, `'${lane.name}' is ${how}`)
    })
    if (amount > 0) this.hit.add(lane.name)
    return amount > 0
  }

  // ------------------------------------------------------------------------------------------ what the program may say

  latency(fiber: AnyFiber, least: number, most: number): number {
    if (this.isOver || !this.settings.latency || most === least) return least
    const lane = this.lanes.ofFiber(fiber)
    const n = ++lane.latencies
    // Whole milliseconds, where the range has enough of them.
    const unit = most - least < latencyParts * 1e6 ? 1 : 1e6
    const nanosOf = (amount: number) => least + Math.round((most - least) * amount / latencyParts / unit) * unit
    const amount = this.pick("latency", lane, n, latencyParts, (amount) => {
      const takes = `takes ${nanosOf(amount) / 1e6} ms`
      return new Deviated("latency", lane.name, n, amount, `latency ${n} of '${lane.name}' ${takes}`, takes)
    })
    return nanosOf(amount)
  }

  fault(fiber: AnyFiber): boolean {
    if (this.isOver || !this.settings.faults) return false
    const lane = this.lanes.ofFiber(fiber)
    const n = ++lane.faults
    const words = `fault ${n} of '${lane.name}' strikes`
    return this.pick("fault", lane, n, 1, () => new Deviated("fault", lane.name, n, 1, words, "a fault strikes")) > 0
  }

  choose(fiber: AnyFiber, count: number): number {
    if (this.isOver || !this.settings.choices || count === 1) return 0
    const lane = this.lanes.ofFiber(fiber)
    const n = ++lane.choices
    return this.pick("choice", lane, n, count - 1, (amount) => {
      const takes = `takes value ${amount + 1} of ${count}`
      return new Deviated("choice", lane.name, n, amount, `choice ${n} of '${lane.name}' ${takes}`, takes)
    })
  }

  always(name: string, holds: () => boolean): void {
    this.invariants.push([name, holds])
  }

  note(text: string): void {
    this.hooks.trace?.note(text)
  }

  get cancelled(): ReadonlySet<string> {
    return new Set(this.hit)
  }
}

const hint = "if that is a promise or I/O, say `outside: true`: no promise is heard here without"

const none: { readonly list?: Array<Place>; readonly after: number } = { after: 0 }

const isDelay = ({ kind, path, slot }: Move, lane: Lane, at: number): boolean =>
  kind === "delay" && path === lane.path && slot === at

const slotOf = (lane: Lane, entry: Entry): number => entry instanceof RuntimeStep ? entry.slot : lane.nextSlot

const mix = (hash: number, value: number): number => {
  const mixed = Math.imul(hash ^ value, 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}

/** Tells of each task that is made, and that has ended. */
class KnownTasks extends Registry<Resident> {
  private readonly onAdd: (task: Resident) => unknown
  private readonly onDelete: (task: Resident) => unknown
  constructor(onAdd: (task: Resident) => unknown, onDelete: (task: Resident) => unknown) {
    super()
    this.onAdd = onAdd
    this.onDelete = onDelete
  }
  override add(task: Resident): void {
    super.add(task)
    this.onAdd(task)
  }
  override delete(task: Resident): boolean {
    this.onDelete(task)
    return super.delete(task)
  }
}

/** Tells of those it wakes. */
class ExploredClock extends VirtualClock {
  private readonly onWake: (sleeper: Sleeper, wake: () => void) => void
  constructor(onWake: (sleeper: Sleeper, wake: () => void) => void) {
    super()
    this.onWake = onWake
  }
  protected override wake(sleeper: Sleeper): void {
    this.onWake(sleeper, () => super.wake(sleeper))
  }
}
