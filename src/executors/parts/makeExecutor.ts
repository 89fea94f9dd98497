/**
 * What every backend needs and none has to do itself: it is asked only for its own jobs, makes them wait for their
 * places, is measured, and closes.
 *
 *     open ──► closing: everything that waits, runs or still comes is cancelled; once all of it has ended ──► closed
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type { EventLoop } from "../../EventLoop.ts"
import * as check from "../../internal/host/check.ts"
import { Printable, shortened, type Words } from "../../internal/host/printing.ts"
import { Waiter } from "../../internal/waiting/Waiter.ts"
import { BrokenExecutor } from "../errors.ts"
import type { ExecuteOptions, Executor } from "../Executor.ts"
import type * as Job from "../Job.ts"
import type { Attempt } from "./handlers.ts"
import { type AnyJob, jobOf, type JobsImpl } from "./JobImpl.ts"
import type { JobPlaces } from "./JobPlaces.ts"
import { type Meter, Meters } from "./metrics.ts"

/** One attempt at a job, as its submitter's side sends it. */
export interface Execution extends Attempt {
  readonly job: AnyJob
  /** What would move is copied, so that it can be sent again. */
  readonly mayRetry: boolean
  /** Takes the reports, one after the other; undefined if nobody listens. */
  readonly onProgress: ((value: unknown) => Effect.Effect<unknown>) | undefined
}

export interface Backend {
  readonly jobs: JobsImpl<Job.Any>
  /** The name in texts and metrics. */
  readonly name: string
  /** Where jobs wait for their turn; undefined if the backend never makes them wait. */
  readonly places: JobPlaces | undefined
  /**
   * Runs a job that has its place. Interrupting it cancels the job, and ends when the job has ended or its worker is
   * gone.
   */
  readonly run: (execution: Execution) => Effect.Effect<unknown, unknown, EventLoop>
}

const TypeId = "~effect-asyncio/Executor"

export class ExecutorImpl<J extends Job.Any> extends Printable implements Executor<J> {
  declare readonly [TypeId]: Executor<J>[typeof TypeId]
  private readonly backend: Backend
  private readonly meters: Meters
  private state: "open" | "closing" | "closed" = "open"
  // INVARIANT: one for each execution that has not ended.
  private readonly open = new Set<Meter>()
  private closer: Closer | undefined = undefined

  constructor(backend: Backend) {
    super()
    this.backend = backend
    this.meters = new Meters(backend.name)
  }

  get kind(): string {
    return "Executor"
  }
  get name(): string {
    return this.backend.name
  }
  describe(): Words {
    return [undefined, ...this.backend.jobs.describe()]
  }

  /** Dies if it can't be asked for that job, in the name of the caller. */
  check(call: string, job: AnyJob, onProgress: unknown): void {
    const { jobs } = this.backend
    if (jobs.byName.get(job.name) !== job) check.illegal(call, "the job", job, `one of ${jobs}`)
    if (onProgress === undefined || job.progress !== undefined) return
    check.illegal(call, "the job", job, "one with a progress schema, since onProgress is given")
  }

  execute<K extends J>(
    job: K,
    input: Job.Input<K>,
    { attempt = 1, id, mayRetry = false, onProgress }: ExecuteOptions<Job.Progress<K>>
  ): Effect.Effect<Job.Success<K>, Job.Error<K>, EventLoop> {
    const { places, run } = this.backend
    const measured = Effect.withFiber<unknown, unknown, EventLoop>((fiber) => {
      const own = jobOf("Executor.execute", job)
      this.check("Executor.execute", own, onProgress)
      const meter = this.meters.of(own, fiber)
      const begun = Effect.suspend(() => {
        if (this.state !== "open") return this.refuse(own)
        meter.begin()
        // The submitter knows the job's own types.
        return run({ job: own, input, id, attempt, mayRetry, onProgress: onProgress as Execution["onProgress"] })
      })
      const placed = Effect.suspend(() => {
        this.open.add(meter)
        meter.wait()
        return places === undefined ? begun : places.withHeld(begun)
      })
      return Effect.onExitPrimitive(placed, (exit) => this.ended(meter, exit))
    })
    return measured as Effect.Effect<Job.Success<K>, Job.Error<K>, EventLoop>
  }

  private ended(meter: Meter, exit: Exit.Exit<unknown, unknown>): undefined {
    if (!this.open.delete(meter)) return
    meter.end(exit)
    if (this.open.size === 0 && this.closer?.state === "parked") this.closer.wake()
  }

  private refuse(job: AnyJob): Effect.Effect<never, BrokenExecutor> {
    if (this.state === "closing") return Effect.interrupt
    return new BrokenExecutor({ message: `job '${shortened(job.name)}': the executor is closed` })
  }

  /** `cancel` cancels what runs, and ends when everything that it runs on is gone. */
  close(cancel: Effect.Effect<void>): Effect.Effect<void> {
    const cancelled = Effect.suspend(() => {
      this.state = "closing"
      // A copy of the line, since they leave it.
      const waiting = Array.from(this.backend.places?.line.nodes() ?? [])
      for (const waiter of waiting) if (waiter instanceof Waiter) waiter.fail(Cause.interrupt())
      return cancel
    })
    const ended = Effect.suspend(() => {
      if (this.open.size === 0) return Effect.void
      this.closer = new Closer(this.name)
      return this.closer.park()
    })
    const closed = Effect.sync(() => {
      this.state = "closed"
    })
    return Effect.andThen(Effect.andThen(cancelled, ended), closed)
  }
}

Object.defineProperty(ExecutorImpl.prototype, TypeId, { value: TypeId })

/** Whoever closes the executor waits for what is left of its jobs. */
class Closer extends Waiter {
  private readonly executor: string
  constructor(executor: string) {
    super()
    this.executor = executor
  }
  get label(): string {
    return `the end of the jobs of '${shortened(this.executor)}'`
  }
  proceed() {
    return Effect.void
  }
}

export const makeExecutor = <J extends Job.Any>(backend: Backend): Executor<J> => new ExecutorImpl<J>(backend)

/** An executor that closes with the scope. `cancel`: see `ExecutorImpl.close`. */
export const makeScoped = <J extends Job.Any>(
  backend: Backend,
  cancel: Effect.Effect<void>
): Effect.Effect<Executor<J>, never, Scope.Scope> =>
  Effect.suspend(() => {
    const executor = new ExecutorImpl<J>(backend)
    return Effect.as(Effect.addFinalizer(() => executor.close(cancel)), executor)
  })
