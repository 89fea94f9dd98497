/**
 * A pool of workers: who does which job.
 *
 * Jobs come here one for each place of the executor (backend/Places.ts), so that the others wait as suspended fibers and in no
 * buffer of a worker. A job goes to the ready worker with the fewest; where none is free, as one starts or was lost, it waits
 * for the first that is. First come, first served. Finding a worker is O(size).
 *
 * A worker starts when a job finds none free: a pool that nobody uses costs nothing, and one that is large for the load stays
 * small, as with Python's. One that has had jobs and is lost is replaced at once. One that does not come up is not tried again
 * before the next job comes: so a module that does not load fails each job, and is not loaded over and over.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { EventLoop } from "../../EventLoop.ts"
import { Waiter } from "../../internal/waiting/Waiter.ts"
import { BrokenExecutor } from "../errors.ts"
import { codecsOf } from "../parts/codecs.ts"
import type { Execution } from "../parts/makeExecutor.ts"
import type { Places } from "../parts/Places.ts"
import { Call, type Desk } from "./Call.ts"
import type { End, Launch, Settings } from "./hosts.ts"
import { pack } from "./Parcels.ts"
import { type Owner, Remote } from "./Remote.ts"

export interface PoolSettings extends Settings {
  readonly name: string
  readonly noun: string
  readonly size: number
  readonly concurrency: number
  readonly graceInWords: string
  readonly maxJobsPerWorker: number
}

export class Pool implements Desk, Owner {
  private readonly launch: Launch
  private readonly settings: PoolSettings
  // INVARIANT: at most `size`, and those among them that are not gone are starting or ready.
  private readonly workers = new Set<Remote>()
  /** Those that were recycled, and have not ended. */
  private readonly leaving = new Set<Remote>()
  // INVARIANT: empty while a ready worker has room.
  private readonly unsent = new Set<Call>()
  private readonly places: Places
  private state: "open" | "closing" | "closed" = "open"

  constructor(launch: Launch, settings: PoolSettings, places: Places) {
    this.launch = launch
    this.settings = settings
    this.places = places
  }

  get noun(): string {
    return this.settings.noun
  }
  get grace(): number {
    return this.settings.grace
  }
  get graceInWords(): string {
    return this.settings.graceInWords
  }

  /** Runs a job. */
  readonly run = (execution: Execution): Effect.Effect<unknown, unknown, EventLoop> =>
    Effect.flatMap(
      Effect.orDie(pack(codecsOf(execution.job).input, execution.input)),
      (input) => {
        if (this.state === "open") return new Call(this, execution, input).park()
        return this.state === "closing" ? Effect.interrupt : this.broken("the pool is closed")
      }
    )

  private broken(why: string, cause?: unknown): Effect.Effect<never, BrokenExecutor> {
    return Effect.fail(new BrokenExecutor({ message: `${this.settings.name}: ${why}`, cause }))
  }

  // --------------------------------------------------------------------------------------------------------------- calls

  place(call: Call): void {
    const worker = this.freest()
    if (worker !== undefined) this.give(worker, call)
    else this.unsent.add(call)
    this.staff(worker)
  }

  withdraw(call: Call): void {
    this.unsent.delete(call)
  }

  private freest(): Remote | undefined {
    let best: Remote | undefined
    for (const worker of this.workers) {
      if (this.roomOf(worker) > 0 && (best === undefined || worker.load < best.load)) best = worker
    }
    return best
  }

  private roomOf(worker: Remote): number {
    const { concurrency, maxJobsPerWorker } = this.settings
    return worker.state === "ready" ? Math.min(concurrency - worker.load, maxJobsPerWorker - worker.given) : 0
  }

  private give(worker: Remote, call: Call): void {
    try {
      worker.send(call)
    } catch (refusal) {
      call.settle(Effect.die(refusal))
    }
  }

  // ------------------------------------------------------------------------------------------------------------- workers

  /** As many as are needed come up. `busy`: who has just got a job, which it shares itself with others. */
  private staff(busy?: Remote): void {
    const { concurrency, size } = this.settings
    let room = 0
    for (const worker of this.workers) if (worker.state === "starting") room += concurrency
    let wanted = this.unsent.size > room || room === 0 && busy !== undefined && busy.load > 1
    while (wanted && this.workers.size < size && this.start()) {
      room += concurrency
      wanted = this.unsent.size > room
    }
  }

  private start(): boolean {
    try {
      this.workers.add(new Remote(this.launch, this.settings, this))
      return true
    } catch (thrown) {
      this.failed({ reason: String(thrown), thrown })
      return false
    }
  }

  free(worker: Remote): void {
    for (const call of this.unsent) {
      if (this.roomOf(worker) <= 0) break
      this.unsent.delete(call)
      this.give(worker, call)
    }
    if (worker.load > 0 || worker.given < this.settings.maxJobsPerWorker) return
    this.workers.delete(worker)
    this.leaving.add(worker)
    worker.leave(this.grace)
    this.start()
  }

  gone(worker: Remote, end: End): void {
    this.leaving.delete(worker)
    if (!this.workers.delete(worker) || this.state !== "open") return
    if (!worker.cameUp) return this.failed(end)
    if (worker.given > 0) this.start()
    else this.staff()
  }

  /** A worker did not come up: where there is no other, nobody can do what waits. */
  private failed({ reason, thrown }: End): void {
    if (this.workers.size > 0) return
    const broken = this.broken(`no worker comes up: ${reason}`, thrown)
    for (const call of this.unsent) call.settle(broken)
    this.unsent.clear()
  }

  /** Cancels what runs and what waits; when this ends no worker is left. */
  readonly close = Effect.promise(async () => {
    this.state = "closing"
    // A copy of the line, which they leave.
    const waiting = Array.from(this.places.line.nodes())
    for (const waiter of waiting) if (waiter instanceof Waiter) waiter.fail(Cause.interrupt())
    for (const call of this.unsent) call.settle(Effect.interrupt)
    this.unsent.clear()
    await Promise.all([...this.workers, ...this.leaving].map((worker) => worker.close(this.grace)))
    this.state = "closed"
  })
}
