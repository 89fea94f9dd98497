/** Who is there, what each waits for, and who waits for each other: the tasks of open loops as plain data. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as References from "effect/References"
import type { EventLoop } from "../EventLoop.ts"
import { formatCallSite } from "../internal/host/callSite.ts"
import { nowNanos } from "../internal/host/hostTime.ts"
import { toSeconds } from "../internal/host/Moment.ts"
import type { Entry } from "../internal/kernel/Entry.ts"
import { OwnQueue } from "../internal/kernel/ReadyQueue.ts"
import type { WaitQueue } from "../internal/kernel/WaitQueue.ts"
import { getLoop } from "../internal/loop/currentLoop.ts"
import { LoopImpl } from "../internal/loop/loop.ts"
import { openLoops } from "../internal/loop/openLoops.ts"
import { TimedWaiter } from "../internal/loop/TimedWaiter.ts"
import { TimeoutImpl } from "../internal/parts/TimeoutImpl.ts"
import { circlesOf } from "../internal/task/circles.ts"
import { InnerRegion } from "../internal/task/openRegion.ts"
import { isTaskImpl, type TaskImpl } from "../internal/task/task.ts"
import { awaitedBy, tasksOf } from "../internal/task/tasks.ts"
import { QueuedWaiter } from "../internal/waiting/QueuedWaiter.ts"
import { type Region, type Suspension, waiterOf } from "../internal/waiting/Region.ts"
import type { Waiter } from "../internal/waiting/Waiter.ts"
import { currentUnsafe } from "../Task.ts"
import { idOf, loopIdOf, whatOf } from "./ids.ts"
import { ask } from "./witnesses.ts"

type AnyTask = TaskImpl<unknown, unknown>
type AnyWaiter = Waiter<any, any, any>

/**
 * What a task is doing.
 *
 * **Details**
 *
 * - `new`: its first step has not run yet.
 * - `running`: its code is what makes the call.
 * - `ready`: its next step is in the ready queue.
 * - `waiting`: for something of this library's.
 * - `outside`: for something else: a promise, `Effect.sleep`, a fiber that it forked.
 *
 * @category models
 * @since 0.2.0
 */
export type State = "new" | "running" | "ready" | "waiting" | "outside"

/**
 * An `Effect.fn` or a span that a task is in.
 *
 * @category models
 * @since 0.2.0
 */
export interface Frame {
  /** The name of the function or span. */
  readonly name: string
  /** Where it was called, `file:line:column`, if stack traces are on. */
  readonly at: string | undefined
}

/**
 * What a task waits for.
 *
 * @category models
 * @since 0.2.0
 */
export interface Wait {
  /** `Lock "db"`, `Queue#1.get`, `a timer`, `gather`, `task 'x'`. */
  readonly what: string
  /** Id of the task that holds it, if there is one. */
  readonly heldBy: number | undefined
  /** Its place in the line, from 1, and the line's length. */
  readonly place: readonly [place: number, length: number] | undefined
  /** Seconds until its own deadline. */
  readonly dueIn: number | undefined
  /** Seconds until the first of the surrounding timeouts. */
  readonly timeout: number | undefined
  /** Seconds since it began; known only while a recorder listens. */
  readonly since: number | undefined
}

/**
 * A task that is not done.
 *
 * @category models
 * @since 0.2.0
 */
export interface TaskInfo {
  /** Unique in the process; recorders use the same id. */
  readonly id: number
  /** The task's name. */
  readonly name: string
  /** What it is doing. */
  readonly state: State
  /** What it waits for, if its state is `waiting`. */
  readonly wait: Wait | undefined
  /** The `Effect.fn`s and spans it is in, innermost first; those of its creator are left out. */
  readonly stack: ReadonlyArray<Frame>
  /** Where it was created, `file:line:column`, if stack traces are on. */
  readonly createdAt: string | undefined
  /** Id of the task that created it; known only for tasks that were created while a recorder listens. */
  readonly createdBy: number | undefined
  /** Ids of the tasks that wait for it. */
  readonly awaitedBy: ReadonlyArray<number>
  /** The number of requests to cancel that have not been taken back. */
  readonly cancelling: number
}

/**
 * An open loop.
 *
 * @category models
 * @since 0.2.0
 */
export interface LoopInfo {
  /** Unique in the process. */
  readonly id: number
  /** The time of its clock, in seconds. */
  readonly time: number
  /** How many entries its next tick has. */
  readonly ready: number
  /** In order of creation. */
  readonly tasks: ReadonlyArray<TaskInfo>
  /**
   * Ids of tasks that wait for each other in a circle that no timeout will break, each for the next and the last for
   * the first. A circle with tasks of several loops is listed with each of them.
   */
  readonly circles: ReadonlyArray<ReadonlyArray<number>>
}

/**
 * Returns what all open loops of the process are doing, the oldest loop first.
 *
 * **When to use**
 *
 * Use to find out what hangs in a running program: in a failed test, in a signal handler, on a page for operators, in a
 * debugger that has stopped the program. `format` turns it into text.
 *
 * **Details**
 *
 * The result is plain JSON data that keeps nothing of the program alive. Taking it runs no code of the program and
 * changes nothing, so it may be called anywhere, even in the middle of a step. O(tasks + what they wait for): 10,000
 * tasks take some 100 ms, and several times as long the first time, when the places where they were created are turned
 * into text.
 *
 * What a task's forked fibers wait for is not known: the task is `outside`. asyncio's `all_tasks` and
 * `capture_call_graph`, and `python -m asyncio ps`, show parts of it.
 *
 * **Example** (What a lock's waiters are at)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import * as Insight from "effect-asyncio/insight"
 *
 * const { Lock } = asyncio
 *
 * const program = Effect.gen(function*() {
 *   const ledger = Insight.named(yield* Lock.make, "ledger")
 *   yield* asyncio.createTask(Lock.withLock(ledger, asyncio.sleep("1 hour")), { name: "writer" })
 *   yield* asyncio.createTask(Lock.withLock(ledger, Effect.void), { name: "reader" })
 *   yield* asyncio.sleep(0)
 *   const tasks = Insight.snapshot().flatMap(({ tasks }) => tasks)
 *   return tasks.filter(({ wait }) => wait?.what === 'Lock "ledger"').map(({ name, state }) => `${name}: ${state}`)
 * })
 *
 * await asyncio.run(program) // => ["reader: waiting"]
 * ```
 *
 * @category snapshots
 * @since 0.2.0
 */
export const snapshot = (): ReadonlyArray<LoopInfo> => {
  const loops = ownLoops()
  const tasks = loops.map(tasksOf)
  const circles = circlesIn(loops, tasks)
  return loops.map((loop, i) => infoOf(loop, tasks[i]!, circles))
}

const ownLoops = (): ReadonlyArray<LoopImpl> => openLoops().filter((loop) => loop instanceof LoopImpl)

const circlesIn = (
  loops: ReadonlyArray<LoopImpl>,
  tasks: ReadonlyArray<ReadonlyArray<AnyTask>>
): ReadonlyArray<ReadonlyArray<AnyTask>> => {
  const timed = new Set(loops.flatMap(({ timers }) => timers.sleepers))
  return circlesOf(tasks.flat(), (task) => {
    const waiter = waiterOf(task)
    // A woken one, or one that was asked to cancel, goes on in the next tick.
    return waiter?.state !== "parked" || regionsOf(task).some((region) => isTimed(region, timed)) ? [] : [waiter]
  })
}

/** Only the circles of all loops, for those who look often: a fifth of a snapshot's cost. */
export const openCircles = (): ReadonlyArray<ReadonlyArray<number>> => {
  const loops = ownLoops()
  return circlesIn(loops, loops.map(tasksOf)).map((circle) => circle.map(idOf))
}

/**
 * `snapshot` of the loop that the fiber runs on.
 *
 * **Example** (Asking whether anything is stuck)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import * as Insight from "effect-asyncio/insight"
 *
 * const isHealthy = Effect.map(Insight.currentLoop, ({ circles }) => circles.length === 0)
 *
 * const program = Effect.gen(function*() {
 *   const before = yield* isHealthy
 *   const ann: asyncio.Task.Task<void> = yield* asyncio.createTask(Effect.suspend(() => asyncio.Task.join(bob)))
 *   const bob: asyncio.Task.Task<void> = yield* asyncio.createTask(asyncio.Task.join(ann))
 *   yield* asyncio.sleep(0)
 *   return [before, yield* isHealthy]
 * })
 *
 * await asyncio.run(program) // => [true, false]
 * ```
 *
 * @category snapshots
 * @since 0.2.0
 */
export const currentLoop: Effect.Effect<LoopInfo, never, EventLoop> = Effect.withFiber((fiber) => {
  const loop = getLoop("currentLoop", fiber)
  return Effect.succeed(snapshot().find(({ id }) => id === loopIdOf(loop))!)
})

const infoOf = (loop: LoopImpl, tasks: ReadonlyArray<AnyTask>, circles: ReadonlyArray<ReadonlyArray<AnyTask>>) => {
  const look = new Look(loop)
  return {
    id: loopIdOf(loop),
    time: toSeconds(nowNanos(loop.clock)),
    ready: look.ready.length,
    tasks: tasks.map((task) => look.at(task)),
    circles: circles.filter((circle) => circle.some((task) => task.loop === loop)).map((circle) => circle.map(idOf))
  }
}

/** What has to be known about a loop before looking at its tasks. */
class Look {
  private readonly loop: LoopImpl
  readonly ready: ReadonlyArray<Entry>
  /** Those whose next step is in the ready queue. */
  private readonly next: ReadonlySet<unknown>
  private readonly running = currentUnsafe()
  /** The places in each line, read once for all that stand in it. */
  private readonly places = new Map<WaitQueue, ReadonlyMap<unknown, number>>()

  constructor(loop: LoopImpl) {
    this.loop = loop
    this.ready = loop.ready instanceof OwnQueue ? loop.ready.ready : []
    this.next = new Set(this.ready.filter(({ what }) => what === "step" || what === "wake").map(({ owner }) => owner))
  }

  at(task: AnyTask): TaskInfo {
    const waiter = waiterOf(task)
    const state = this.stateOf(task, waiter)
    const id = idOf(task)
    return {
      id,
      name: task.name,
      state,
      wait: state === "waiting" ? this.waitOf(task, waiter!) : undefined,
      stack: stackOf(task),
      createdAt: task.createdAt,
      createdBy: ask("creatorOf", id),
      awaitedBy: Array.from(awaitedBy(task), (awaiter) => idOf(awaiter as AnyTask)),
      cancelling: task.requests
    }
  }

  private stateOf(task: AnyTask, waiter: Suspension | undefined): State {
    if (task === this.running) return "running"
    if (task.fiber === undefined) return "new"
    if (waiter !== undefined) return waiter.state === "parked" ? "waiting" : "ready"
    return this.next.has(task) ? "ready" : "outside"
  }

  private waitOf(task: AnyTask, waiter: Suspension): Wait {
    const holder = waiter.resource?.holder
    const deadline = Math.min(...regionsOf(task).map((region) => timeoutOf(region)?.when ?? Infinity))
    return {
      what: whatOf(waiter as AnyWaiter, this.loop),
      heldBy: isTaskImpl(holder) ? idOf(holder) : undefined,
      place: this.placeOf(waiter),
      dueIn: dueIn(waiter),
      timeout: deadline === Infinity ? undefined : deadline - toSeconds(nowOf(task.fiber!)),
      since: ask("waitingSince", idOf(task))
    }
  }

  private placeOf(waiter: Suspension): Wait["place"] {
    if (!(waiter instanceof QueuedWaiter) || waiter.resource === undefined || waiter.line === undefined) {
      return undefined
    }
    const { line } = waiter
    let places = this.places.get(line)
    if (places === undefined) {
      this.places.set(line, places = new Map(Array.from(line.nodes(), (node, i) => [node, i + 1])))
    }
    return [places.get(waiter)!, places.size]
  }
}

/** A task's open regions, the innermost last. */
const regionsOf = (task: AnyTask): ReadonlyArray<Region> => {
  const regions: Array<Region> = []
  for (let region: Region | undefined = task; region !== undefined; region = region.inner) regions.push(region)
  return regions
}

/** The timeout over a region, until it strikes. */
const timeoutOf = (region: Region): TimeoutImpl | undefined => {
  const timeout = region instanceof InnerRegion ? region.timeout : undefined
  return timeout instanceof TimeoutImpl && timeout.state === "active" ? timeout : undefined
}

/** Whether what its fiber is suspended in ends by itself: `timed` are the fibers for which a timer waits. */
const isTimed = (region: Region, timed: ReadonlySet<unknown>): boolean =>
  timed.has(region.fiber) || timeoutOf(region)?.when !== undefined

const nowOf = (fiber: Fiber.Fiber<unknown, unknown>): number => nowNanos(fiber.getRef(Clock.Clock))

/** Seconds until a waiter wakes by itself, if it ever does. */
const dueIn = (waiter: Suspension): number | undefined =>
  waiter instanceof TimedWaiter && waiter.due !== undefined ? toSeconds(waiter.due - nowOf(waiter.fiber)) : undefined

/** The frames of what runs, down to those in which the task was created. */
const stackOf = (task: AnyTask): ReadonlyArray<Frame> => {
  const fiber = regionsOf(task).findLast(({ fiber }) => fiber !== undefined)?.fiber
  const base = Context.get(task.services, References.CurrentStackFrame)
  const frames: Array<Frame> = []
  let frame = fiber?.cache.stackFrame
  for (; frame !== undefined && frame !== base; frame = frame.parent) {
    // `Effect.fn` gives two: one for the call, one for the definition.
    if (frame.name.endsWith(" (definition)")) continue
    const stack = frame.stack()
    frames.push({ name: frame.name, at: stack === undefined ? undefined : formatCallSite({ stack }) })
  }
  return frames
}
