/**
 * The ready queue of an explored run: the written order, except where the schedule says so.
 *
 * It differs in only one way: a step is delayed, to the end of the queue, so that it comes a tick later. It never delays plain
 * callbacks, due timers and the library's own entries, whose order is promised; and waiters in one line keep their order: behind
 * a delayed one, the others of its line wait.
 */
import type { Entry } from "../../internal/kernel/Entry.ts"
import { OwnQueue } from "../../internal/kernel/ReadyQueue.ts"
import type { WaitQueue } from "../../internal/kernel/WaitQueue.ts"
import { QueuedWaiter } from "../../internal/waiting/QueuedWaiter.ts"
import { runtimeSteps } from "../../internal/waiting/runtimeSteps.ts"
import type { Lobby } from "../../internal/waiting/Waiter.ts"
import type { Lane } from "./Lanes.ts"

/** What the queue asks. */
export interface Policy {
  /** Steps are no longer asked about: the program has ended. */
  readonly isOver: boolean
  /** Whether any step may be delayed. */
  readonly putsOff: boolean
  laneOf(entry: Entry): Lane | undefined
  /** By how many ticks a step is delayed. `again`: it was, and its time has come. */
  delay(lane: Lane, entry: Entry, again: boolean): number
  /** What Effect's runtime asks for. */
  runtimeStep(entry: Entry): Entry
  /** Before each tick; it may move the clock. */
  beforeTick(): void
  /** `step` runs the entry. */
  run(entry: Entry, lane: Lane | undefined, step: () => void): void
}

export class ExploredQueue extends OwnQueue implements Lobby {
  parkedOutside: Lobby["parkedOutside"]
  private readonly policy: Policy
  // INVARIANT: the delayed entries that are in the queue, with the ticks left.
  private readonly delayed = new Map<Entry, number>()
  // INVARIANT: for each line, its entries that are delayed or wait behind a delayed one, in the order of their wakes; never
  // empty. Only the first of them may go.
  private readonly held = new Map<WaitQueue, Set<Entry>>()
  // INVARIANT: true from Effect's request to the entry that results from it.
  private asksRuntime = false

  constructor(host: (tick: () => void) => void, policy: Policy) {
    super(host, runtimeSteps)
    this.policy = policy
  }

  beforeTick(): void {
    this.policy.beforeTick()
  }

  override scheduleTask(task: () => void, priority: number): void {
    this.asksRuntime = !this.policy.isOver
    super.scheduleTask(task, priority)
  }

  override schedule(entry: Entry, priority: number): void {
    if (!this.asksRuntime) return super.schedule(entry, priority)
    this.asksRuntime = false
    super.schedule(this.policy.runtimeStep(entry), priority)
  }

  protected override runEntry(entry: Entry): void {
    const { policy } = this
    if (policy.isOver) return super.runEntry(entry)
    const lane = policy.laneOf(entry)
    if (policy.putsOff && this.isPutOff(lane, entry)) this.schedule(entry, 0)
    else policy.run(entry, lane, () => super.runEntry(entry))
  }

  private isPutOff(lane: Lane | undefined, entry: Entry): boolean {
    const line = entry instanceof QueuedWaiter ? entry.line : undefined
    if (lane === undefined) {
      // One that was dropped meanwhile holds nobody up.
      this.release(entry, line)
      return false
    }
    if (line !== undefined && this.isBehind(entry, line)) return true
    let left = this.delayed.get(entry)
    if (left === undefined || left === 0) left = this.policy.delay(lane, entry, left !== undefined)
    if (left === 0) {
      this.release(entry, line)
      return false
    }
    if (line !== undefined && !this.held.has(line)) this.held.set(line, new Set([entry]))
    this.delayed.set(entry, left - 1)
    return true
  }

  /** Whether another one of its line was delayed before; it waits behind that, and the next ones behind it. */
  private isBehind(entry: Entry, line: WaitQueue): boolean {
    const held = this.held.get(line)
    if (held === undefined || held.values().next().value === entry) return false
    held.add(entry)
    return true
  }

  private release(entry: Entry, line: WaitQueue | undefined): void {
    this.delayed.delete(entry)
    const held = line === undefined ? undefined : this.held.get(line)
    if (held?.delete(entry) === true && held.size === 0) this.held.delete(line!)
  }

  /** The first ready one that is somebody's step. */
  get next(): Entry | undefined {
    return this.ready.find((entry) => this.policy.laneOf(entry) !== undefined)
  }
}
