/**
 * A pool of workers: who does which job.
 *
 * Jobs come here one for each place of the executor (parts/JobPlaces.ts), so that the others wait as suspended fibers,
 * not in a worker's buffer. A job goes to the ready worker with the fewest jobs; if none is free, because one is
 * starting or was lost, it waits for the first free one. First come, first served. Finding a worker is O(size).
 *
 * A worker starts when a job finds none free: a pool that nobody uses costs nothing, and one that is too large for its
 * load stays small, as Python's do. A worker that has had jobs and is lost is replaced at once. One that does not start
 * is not tried again before the next job comes: so a module that does not load fails each job, but is not loaded over
 * and over. There is no limit to how long one may take to start, as in Python: whoever waits for it can be cancelled,
 * or have a timeout.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { RuntimeError } from "../../Errors.ts"
import type { EventLoop } from "../../EventLoop.ts"
import { BrokenExecutor } from "../errors.ts"
import { codecsOf } from "../parts/codecs.ts"
import type { Execution } from "../parts/makeExecutor.ts"
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
  /** The context in which it was made: what happens while no job runs is logged there. */
  private readonly context: Context.Context<never>
  // INVARIANT: at most `size`; those that are not gone are starting or ready.
  private readonly workers = new Set<Remote>()
  /** Those that were recycled and have not ended. */
  private readonly leaving = new Set<Remote>()
  // INVARIANT: empty while a ready worker has room.
  private readonly unsent = new Set<Call>()
  private isOpen = true

  constructor(launch: Launch, settings: PoolSettings, context: Context.Context<never>) {
    this.launch = launch
    this.settings = settings
    this.context = context
  }

  get noun(): string {
    return this.settings.noun
  }
  get module(): URL {
    return this.settings.module
  }
  get grace(): number {
    return this.settings.grace
  }
  get graceInWords(): string {
    return this.settings.graceInWords
  }

  /** Runs a job. */
  readonly run = (execution: Execution): Effect.Effect<unknown, unknown, EventLoop> =>
    Effect.withFiber((fiber) => {
      if (isVirtual(fiber.getRef(Clock.Clock))) {
        const { name } = this.settings
        const message = `${name}: workers live in real time, which a virtual loop does not wait for; use Executor.local`
        throw new RuntimeError({ message })
      }
      return Effect.flatMap(
        Effect.orDie(pack(codecsOf(execution.job).input.encode(execution.input), !execution.mayRetry)),
        (input) => new Call(this, execution, input).park()
      )
    })

  private broken(why: string, cause?: unknown): Effect.Effect<never, BrokenExecutor> {
    return Effect.fail(new BrokenExecutor({ message: `${this.settings.name}: ${why}`, cause }))
  }

  // --------------------------------------------------------------------------------------------------------------- calls

  place(call: Call): void {
    if (!this.isOpen) return call.settle(Effect.interrupt)
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

  /** Starts as many as are needed. `busy`: the worker that has just got a job. */
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

  gone(worker: Remote, end: End, isTold: boolean): void {
    this.leaving.delete(worker)
    const isMissed = this.workers.delete(worker) && this.isOpen
    if (isMissed && !worker.cameUp) return this.failed(end)
    if (!isTold && (isMissed || end.code !== 0)) this.log(`${end.reason}; it had no job`, end.thrown)
    if (!isMissed) return
    if (worker.given > 0) this.start()
    else this.staff()
  }

  /** A worker did not start: if there is no other, nobody can do what waits. */
  private failed({ reason, thrown }: End): void {
    if (this.workers.size > 0) return this.log(`a worker did not start: ${reason}`, thrown)
    const broken = this.broken(`no worker comes up: ${reason}`, thrown)
    for (const call of this.unsent) call.settle(broken)
    this.unsent.clear()
  }

  /** Logs what no task is told. */
  private log(what: string, thrown: unknown): void {
    const text = `${this.settings.name}: ${what}`
    const logged = thrown === undefined ? Effect.logError(text) : Effect.logError(text, Cause.die(thrown))
    Effect.runForkWith(this.context)(logged)
  }

  /** Cancels what it has; when this ends, no worker is left. */
  readonly close = Effect.promise(async () => {
    this.isOpen = false
    for (const call of this.unsent) call.settle(Effect.interrupt)
    this.unsent.clear()
    await Promise.all([...this.workers, ...this.leaving].map((worker) => worker.close(this.grace)))
  })
}

/** A virtual loop's clock, recognized by its brand so that effect-asyncio/testing need not be loaded. */
const isVirtual = (clock: Clock.Clock): boolean => "~effect-asyncio/VirtualClock" in clock
