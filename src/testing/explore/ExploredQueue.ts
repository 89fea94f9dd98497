/**
 * The ready queue of an explored run: the written order, except where the schedule says so.
 *
 * There is one way to differ: a step is put off, to the end of the queue, and so comes a tick later. Never put off are plain
 * callbacks, what is due, and the library's own entries, whose order is promised; and those of one line keep theirs: behind
 * one that is put off the others of its line wait.
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
  readonly variesOrder: boolean
  laneOf(entry: Entry): Lane | undefined
  /** The steps that are put off: for how many ticks. `again`: it has been, and its time has come. */
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
  // INVARIANT: the entries that were put off and are in the queue, with the ticks left.
  private readonly delayed = new Map<Entry, number>()
  // INVARIANT: how many of `delayed` were woken from each line.
  private readonly held = new Map<WaitQueue, number>()
  // INVARIANT: true from Effect's request to the entry that comes of it.
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
    if (policy.variesOrder && this.isPutOff(lane, entry)) this.schedule(entry, 0)
    else policy.run(entry, lane, () => super.runEntry(entry))
  }

  private isPutOff(lane: Lane | undefined, entry: Entry): boolean {
    const line = entry instanceof QueuedWaiter ? entry.line : undefined
    let left = this.delayed.get(entry)
    const again = left !== undefined
    if (lane === undefined) {
      // One that has been dropped meanwhile holds nobody up.
      if (again) this.release(entry, line)
      return false
    }
    if (left === undefined && line !== undefined && this.held.has(line)) return true
    if (left === undefined || left === 0) left = this.policy.delay(lane, entry, again)
    if (left === 0) {
      if (again) this.release(entry, line)
      return false
    }
    if (!again && line !== undefined) this.held.set(line, (this.held.get(line) ?? 0) + 1)
    this.delayed.set(entry, left - 1)
    return true
  }

  private release(entry: Entry, line: WaitQueue | undefined): void {
    this.delayed.delete(entry)
    if (line === undefined) return
    const held = this.held.get(line)! - 1
    if (held === 0) this.held.delete(line)
    else this.held.set(line, held)
  }

  /** The first that is ready and somebody's step. */
  get next(): Entry | undefined {
    return this.ready.find((entry) => this.policy.laneOf(entry) !== undefined)
  }
}
