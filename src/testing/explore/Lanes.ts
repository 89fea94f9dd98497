/**
 * Whose step it is: the tasks and fibers of a run, identified by how they came to be.
 *
 * A task is the nth that its creator made. A fiber that Effect forks has no visible moment of creation: it becomes known
 * when it first does something with the loop, as a fork of the step that runs at that time.
 */
import * as Fiber from "effect/Fiber"
import type { Entry, Whose } from "../../internal/kernel/Entry.ts"
import { isTaskImpl, type TaskImpl } from "../../internal/task/task.ts"
import { CurrentRegion, type Owner } from "../../internal/waiting/Region.ts"
import { Waiter } from "../../internal/waiting/Waiter.ts"
import type { Paths } from "./Paths.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>
type AnyTask = TaskImpl<any, any>
type AnyWaiter = Waiter<any, any, any>

/** There are three kinds of slots: a lane's own steps, those that Effect's runtime asks for, and those after a forced yield. */
const ownStep = 0
const runtimeStep = 1
const forcedStep = 2
const slotKinds = 3

/** How many ticks that begin with the same step are told apart. */
const ticksKept = 8

/** How it became known: as its creator's nth task, nth entry of Effect's runtime, or nth fiber seen. */
const asTask = 0
const asFork = 1
const asSeen = 2
const ways = 3

/** A task or fiber in one run. */
export class Lane {
  readonly path: number
  private readonly paths: Paths
  readonly task: AnyTask | undefined
  readonly fiber: AnyFiber | undefined
  /** What it waited for last, if it is a fiber that is not a task's own. */
  waiter: AnyWaiter | undefined = undefined
  // How many of each it has had so far.
  steps = 0
  latencies = 0
  faults = 0
  choices = 0
  operations = 0
  tasks = 0
  runtimeSteps = 0
  fibers = 0
  /** Steps in the report. */
  shown = 0
  /** Its last step is among them. */
  hasEnded = false
  /** Its step that began the last tick, and how often it had done so before. */
  private firstOf = 0
  private ticks = 0
  // INVARIANT: the last step that it asked Effect's runtime for, until that runs.
  asked: RuntimeStep | undefined = undefined
  /** A yield was forced before this operation; its entry is to come. */
  forced = 0
  /** How many ticks that entry takes. */
  forcedTicks = 0
  /** Operations after a forced yield that do not exist in the written order. */
  repeats = 0

  constructor(paths: Paths, path: number, task: AnyTask | undefined, fiber: AnyFiber | undefined) {
    this.paths = paths
    this.path = path
    this.task = task
    this.fiber = fiber
  }

  get name(): string {
    return this.task?.name ?? this.paths.fiberName(this.path)
  }

  /** A fiber has no name: it gets that of its first own function that is seen. */
  learnName(): void {
    const frame = this.fiber?.cache.stackFrame
    if (frame !== undefined) this.paths.nameFiber(this.path, frame.name)
  }

  get isYielding(): boolean {
    return this.asked?.isYield === true
  }

  /** A delayed step may be the first of several ticks. */
  tickSlot(slot: number): number {
    this.ticks = slot === this.firstOf ? this.ticks + 1 : 0
    this.firstOf = slot
    return slot * ticksKept + Math.min(this.ticks, ticksKept - 1)
  }

  /** The slot of its next own step. */
  get nextSlot(): number {
    return (this.steps + 1) * slotKinds + ownStep
  }
}

/**
 * A step that Effect's runtime asked for: a fork or a yield. A yield is the last operation of the fiber before it is
 * suspended, so it shows in the fiber's count of them.
 */
export class RuntimeStep implements Entry {
  readonly entry: Entry
  readonly lane: Lane
  readonly slot: number
  /** The index of the fiber that it forks, if it does. */
  readonly index: number | undefined
  readonly fiber: AnyFiber | undefined
  private readonly operation: number | undefined
  /** How many ticks a yield of several still waits. */
  private late = 0
  constructor(entry: Entry, lane: Lane, fiber: AnyFiber | undefined) {
    this.entry = entry
    this.lane = lane
    this.fiber = fiber
    this.operation = fiber?.currentOpCount
    lane.asked = this
    if (lane.forced > 0) {
      this.slot = lane.forced * slotKinds + forcedStep
      this.index = undefined
      this.late = lane.forcedTicks - 1
      lane.forced = 0
    } else {
      this.index = lane.runtimeSteps++
      this.slot = this.index * slotKinds + runtimeStep
    }
  }
  get what() {
    return "step" as const
  }
  get owner(): Whose {
    return this.entry.owner
  }
  run(): void {
    if (this.lane.asked === this) this.lane.asked = undefined
    this.entry.run()
  }
  /** By how many ticks it comes after the next one; gives this once. */
  takeLate(): number {
    const { late } = this
    this.late = 0
    return late
  }
  /** Until it runs: whether it is a yield, for which the fiber waits. */
  get isYield(): boolean {
    return this.fiber !== undefined && this.fiber.currentOpCount === this.operation
  }
}

export class Lanes {
  private readonly paths: Paths
  private readonly known = new Map<object, Lane>()
  /** The fiber that runs the program: a wait there is not a step of the program. */
  private readonly user: AnyFiber
  private lastFiber: AnyFiber | undefined = undefined
  private lastLane: Lane | undefined = undefined
  /** The lane whose step runs. */
  current: Lane | undefined = undefined
  // INVARIANT: defined while a step of Effect's runtime runs in which nobody has been seen yet.
  private fork: RuntimeStep | undefined = undefined
  private seen: Lane | undefined = undefined
  main: Lane | undefined = undefined

  constructor(paths: Paths, user: AnyFiber) {
    this.paths = paths
    this.user = user
  }

  ofTask(task: object): Lane | undefined {
    return this.known.get(task)
  }

  /** A task was made, by the fiber that runs. */
  created(task: AnyTask): void {
    const fiber = Fiber.getCurrent()
    const creator = this.main === undefined ? undefined : fiber === undefined ? this.main : this.ofFiber(fiber)
    const path = creator === undefined ? 0 : this.paths.child(creator.path, creator.tasks++ * ways + asTask)
    const lane = new Lane(this.paths, path, task, undefined)
    this.known.set(task, lane)
    this.main ??= lane
  }

  ofEntry(entry: Entry): Lane | undefined {
    if (entry instanceof RuntimeStep) return entry.lane
    if (isTaskImpl(entry)) return this.known.get(entry)
    // One that is over has been dropped.
    if (entry instanceof Waiter && entry.state !== "over" && entry.fiber !== this.user) return this.ofFiber(entry.fiber)
    return undefined
  }

  ofFiber(fiber: AnyFiber): Lane {
    if (fiber === this.lastFiber && this.fork === undefined) return this.lastLane!
    const region = fiber.getRef(CurrentRegion)
    // A region does not know its own fiber before the first operation.
    const isOwn = region !== undefined && (region.fiber === undefined || region.fiber === fiber)
    const key = isOwn ? region.owner : fiber
    const lane = this.known.get(key) ?? this.discover(key, fiber)
    if (this.fork !== undefined) this.seen = lane
    this.fork = undefined
    this.lastFiber = fiber
    this.lastLane = lane
    return lane
  }

  private discover(key: Owner | AnyFiber, fiber: AnyFiber): Lane {
    const { fork } = this
    const parent = fork?.lane ?? this.current ?? this.main!
    const index = fork?.index === undefined ? parent.fibers++ * ways + asSeen : fork.index * ways + asFork
    const path = this.paths.child(parent.path, index)
    this.paths.forked(path, parent.name)
    const lane = new Lane(this.paths, path, undefined, fiber)
    this.known.set(key, lane)
    return lane
  }

  /** Effect's runtime asks for a step, of the fiber that runs. */
  runtimeStep(entry: Entry): RuntimeStep {
    const fiber = Fiber.getCurrent()
    return new RuntimeStep(entry, fiber === undefined ? this.current ?? this.main! : this.ofFiber(fiber), fiber)
  }

  isUser(fiber: AnyFiber): boolean {
    return fiber === this.user
  }

  parked(waiter: AnyWaiter): void {
    if (waiter.fiber !== this.user) this.ofFiber(waiter.fiber).waiter = waiter
  }

  /** A step of `lane` begins; with `step`, one that Effect's runtime asked for. */
  begin(lane: Lane, step: RuntimeStep | undefined): void {
    this.current = lane
    this.fork = step
    this.seen = undefined
  }

  /** It ends. Gives the lane that it turned out to be, if that could be seen. */
  end(): Lane | undefined {
    this.current = undefined
    this.fork = undefined
    return this.seen
  }
}

export type { AnyFiber, AnyTask, AnyWaiter }
