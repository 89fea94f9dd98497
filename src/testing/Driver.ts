/**
 * Gives a virtual loop's queue its turns, and moves its clock.
 *
 * Ticks follow each other at once; when nothing is ready the host gets a turn, so that promises in flight are heard, and
 * then the clock jumps to the next sleeper. A program is driven only while somebody waits for one: a `Runner`'s loop
 * stands still between two runs.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import { cancel } from "../internal/cancellation.ts"
import type { FutureImpl } from "../internal/future.ts"
import type { LoopImpl } from "../internal/loop.ts"
import type { Entry, OwnQueue } from "../internal/ReadyQueue.ts"
import { currentTask, isTaskImpl, type TaskImpl } from "../internal/task.ts"
import { DeadlockError, SpinError } from "./errors.ts"
import type { VirtualClock } from "./VirtualClock.ts"

export interface Limits {
  /** Nanoseconds of real time; 0: one turn of the host. */
  readonly settle: number
  readonly patience: number
  readonly maxTicks: number
}

/** A long run of ticks still lets the host breathe. */
const ticksPerTurn = 1024
/** How many of the last ticks tell who spins. */
const watchedTicks = 64

export class Driver {
  private readonly loop: LoopImpl
  private readonly clock: VirtualClock
  private readonly queue: OwnQueue
  private readonly limits: Limits
  private readonly host = new Scheduler.MixedScheduler().makeDispatcher()
  /** The host's own clock, whatever the surroundings provide. */
  private readonly realClock: Clock.Clock = Context.get(Context.empty(), Clock.Clock)
  // INVARIANT: the tick that the queue asked for, until it runs.
  private tick: (() => void) | undefined = undefined
  // INVARIANT: true while a turn is asked of the host, or while one is under way.
  private busy = false
  private waiting: (() => void) | undefined = undefined
  private ticks = 0
  private readonly spinners = new Set<unknown>()
  // INVARIANT: who last found done what it awaits, and how often in this tick, nobody else between.
  private looker: unknown = undefined
  private looks = 0

  constructor(loop: LoopImpl, clock: VirtualClock, queue: OwnQueue, limits: Limits) {
    this.loop = loop
    this.clock = clock
    this.queue = queue
    this.limits = limits
    loop.onChange = () => this.wake()
    loop.atOnce = (fiber) => this.lookedAtOnce(fiber)
    clock.onSleep = () => this.wake()
  }

  /** The queue has something to run. */
  request(tick: () => void): void {
    this.tick = tick
    this.wake()
  }

  private wake(): void {
    this.waiting?.()
    if (this.busy) return // it will look
    this.turn(() => this.run())
  }

  /** Whether anybody waits for what the loop does. */
  private get wanted(): boolean {
    return !this.loop.runsByMains || this.loop.mains.size > 0 || this.loop.isClosing
  }

  private turn(next: () => void): void {
    this.busy = true
    this.host.scheduleTask(next, 0)
  }

  private readonly run = (): void => {
    for (let n = 0; this.tick !== undefined && this.wanted; n++) {
      if (n === ticksPerTurn) return this.turn(this.run)
      this.runTick()
    }
    if (!this.wanted || this.loop.isClosed()) {
      this.busy = false
      return
    }
    this.turn(() => this.settle(this.limits.settle, this.jump))
  }

  private runTick(): void {
    const tick = this.tick!
    // Sleepers whose time has come fire behind what is ready, in this same tick.
    this.clock.wakeDue()
    this.tick = undefined
    this.looker = undefined
    if (++this.ticks > this.limits.maxTicks - watchedTicks) this.queue.onRun = this.watch
    tick()
    if (this.ticks >= this.limits.maxTicks) this.spin()
  }

  private readonly watch = (entry: Entry): void => {
    this.spinners.add(entry.owner)
  }

  /** Waits for real time, unless something becomes ready meanwhile, and goes on. */
  private settle(nanos: number, next: () => void): void {
    if (this.tick !== undefined) return this.run()
    if (nanos <= 0) return next()
    const duration = nanos === Infinity ? Duration.infinity : Duration.nanos(BigInt(Math.round(nanos)))
    const fiber = Effect.runFork(this.realClock.sleep(duration))
    this.waiting = () => {
      this.waiting = undefined
      fiber.interruptUnsafe()
      this.turn(this.run)
    }
    fiber.addObserver((exit) => {
      if (exit._tag === "Failure") return
      this.waiting = undefined
      next()
    })
  }

  private readonly jump = (): void => {
    if (this.tick !== undefined) return this.run()
    const next = this.clock.next
    if (next === undefined) return this.stop()
    if (next > this.clock.nanos) {
      this.clock.nanos = next
      this.ticks = 0
      this.queue.onRun = undefined
      this.spinners.clear()
    }
    this.clock.wakeDue()
    this.run()
  }

  /** Nothing is ready, nothing is scheduled. */
  private stop(): void {
    if (this.loop.tasks.size === 0) this.busy = false
    else this.settle(this.limits.patience, () => this.deadlock())
  }

  private deadlock(): void {
    const tasks = Array.from(this.loop.tasks)
    this.fail(new DeadlockError({ message: explain(tasks), tasks }), tasks)
  }

  /** A loop over what is done takes no tick, so that is counted by itself. */
  private lookedAtOnce(fiber: Fiber.Fiber<unknown, unknown>): Effect.Effect<never> | undefined {
    const looker = currentTask(fiber) ?? fiber
    if (looker !== this.looker) {
      this.looker = looker
      this.looks = 0
    }
    if (++this.looks < this.limits.maxTicks || this.loop.isClosed()) return undefined
    this.looks = 0
    const who = isTaskImpl(looker) ? `'${looker.name}'` : "a bare fiber"
    const error = new SpinError({
      message: `${who} awaited what was done already ${this.limits.maxTicks} times in one tick, and no time passed; ` +
        "await what is not done, or let a tick pass with sleep(0)"
    })
    this.fail(error, Array.from(this.loop.tasks))
    // Parked, a task is cancelled like all others.
    return isTaskImpl(looker) ? Effect.never : Effect.die(error)
  }

  private spin(): void {
    const names = Array.from(this.spinners, (owner) => isTaskImpl(owner) ? `'${owner.name}'` : undefined)
    const known = names.filter((name) => name !== undefined)
    const who = known.length === 0 ? "no task: callbacks or bare fibers" : known.join(", ")
    this.ticks = 0
    this.queue.onRun = undefined
    this.spinners.clear()
    const message = `${this.limits.maxTicks} ticks went by without time passing; what ran: ${who}`
    this.fail(new SpinError({ message }), Array.from(this.loop.tasks))
  }

  private fail(error: DeadlockError | SpinError, tasks: ReadonlyArray<TaskImpl<any, any>>): void {
    const { loop } = this
    if (loop.isClosing) loop.abandonTasks()
    else if (loop.mains.size > 0) { for (const main of loop.mains) main.fail(Cause.die(error)) }
    else {
      loop.report({ message: error.message, cause: Cause.die(error) })
      for (const task of tasks) cancel(task, undefined)
    }
    this.turn(this.run)
  }
}

const explain = (tasks: ReadonlyArray<TaskImpl<any, any>>): string => {
  const lines = ["nothing is ready, nothing is scheduled, and these tasks are not done:"]
  for (const task of tasks) lines.push(`  ${task}`)
  const circle = findCircle(tasks)
  if (circle !== undefined) {
    const names = circle.map((task) => `'${task.name}'`)
    lines.push(`these wait for each other in a circle: ${[...names, names[0]].join(" -> ")}`)
  }
  return lines.join("\n")
}

/** Follows who waits for whom until somebody comes again: depth first, on a stack of its own. */
const findCircle = (tasks: ReadonlyArray<TaskImpl<any, any>>): ReadonlyArray<TaskImpl<any, any>> | undefined => {
  const seen = new Set<TaskImpl<any, any>>()
  for (const first of tasks) {
    // The way to where it looks now, in order, each with those it has not followed yet.
    const path = new Map<TaskImpl<any, any>, Array<TaskImpl<any, any>>>()
    const way: Array<TaskImpl<any, any>> = []
    const enter = (task: TaskImpl<any, any>): void => {
      seen.add(task)
      way.push(task)
      path.set(task, waitsFor(task).toReversed())
    }
    if (!seen.has(first)) enter(first)
    while (way.length > 0) {
      const next = path.get(way[way.length - 1]!)!.pop()
      if (next === undefined) path.delete(way.pop()!)
      else if (path.has(next)) return way.slice(way.indexOf(next))
      else if (!seen.has(next)) enter(next)
    }
  }
  return undefined
}

const waitsFor = (task: TaskImpl<any, any>): ReadonlyArray<TaskImpl<any, any>> => {
  const waiter = innermost(task).waiter
  const members: ReadonlyArray<FutureImpl<any, any>> = waiter?.target?.members() ?? []
  return (waiter?.blockedBy === undefined ? members : [waiter.blockedBy]).filter(isTaskImpl)
}

const innermost = (task: TaskImpl<any, any>) => {
  let region: { readonly inner: TaskImpl<any, any>["inner"]; readonly waiter: TaskImpl<any, any>["waiter"] } = task
  while (region.inner !== undefined) region = region.inner
  return region
}
