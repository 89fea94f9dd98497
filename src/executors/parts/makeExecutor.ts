/**
 * What every backend needs and none has to do itself: it is asked for its own jobs alone, makes them wait for their places,
 * and is measured.
 */
import * as Effect from "effect/Effect"
import type { EventLoop } from "../../EventLoop.ts"
import * as check from "../../internal/host/check.ts"
import { Printable, type Words } from "../../internal/host/printing.ts"
import type { ExecuteOptions, Executor } from "../Executor.ts"
import type * as Job from "../Job.ts"
import type { Attempt } from "./handlers.ts"
import { type AnyJob, jobOf, type JobsImpl } from "./JobImpl.ts"
import { Meters } from "./metrics.ts"
import type { Places } from "./Places.ts"

/** One attempt at a job, as its submitter's side sends it. */
export interface Execution extends Attempt {
  readonly job: AnyJob
  /** Takes the reports, one after the other; undefined where nobody listens. */
  readonly onProgress: ((value: unknown) => Effect.Effect<unknown>) | undefined
}

export interface Backend {
  readonly jobs: JobsImpl<Job.Any>
  /** As texts and metrics call it. */
  readonly name: string
  /** Where jobs wait for their turn; undefined where the backend never lets them wait. */
  readonly places: Places | undefined
  /** Runs a job that has its place. Its interruption cancels the job, and ends when that has ended or its worker is gone. */
  readonly run: (execution: Execution) => Effect.Effect<unknown, unknown, EventLoop>
}

const TypeId = "~effect-asyncio/Executor"

export class ExecutorImpl<J extends Job.Any> extends Printable implements Executor<J> {
  declare readonly [TypeId]: Executor<J>[typeof TypeId]
  private readonly backend: Backend
  private readonly meters: Meters

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

  /** Dies where it can't be asked for that, in the name of who asks. */
  check(call: string, job: AnyJob, onProgress: unknown): void {
    const { jobs } = this.backend
    if (jobs.byName.get(job.name) !== job) check.illegal(call, "the job", job, `one of ${jobs}`)
    if (onProgress === undefined || job.progress !== undefined) return
    check.illegal(call, "the job", job, "one with a progress schema, as there is onProgress")
  }

  execute<K extends J>(
    job: K,
    input: Job.Input<K>,
    { attempt = 1, id, onProgress }: ExecuteOptions<Job.Progress<K>>
  ): Effect.Effect<Job.Success<K>, Job.Error<K>, EventLoop> {
    const { places, run } = this.backend
    const measured = Effect.withFiber<unknown, unknown, EventLoop>((fiber) => {
      const own = jobOf("Executor.execute", job)
      this.check("Executor.execute", own, onProgress)
      const meter = this.meters.of(own, fiber)
      const begun = Effect.suspend(() => {
        meter.begin()
        // The job's own types are known to who submits it.
        return run({ job: own, input, id, attempt, onProgress: onProgress as Execution["onProgress"] })
      })
      const placed = Effect.suspend(() => {
        meter.wait()
        return places === undefined ? begun : places.withHeld(begun)
      })
      return Effect.onExitPrimitive(placed, meter.end)
    })
    return measured as Effect.Effect<Job.Success<K>, Job.Error<K>, EventLoop>
  }
}

Object.defineProperty(ExecutorImpl.prototype, TypeId, { value: TypeId })

export const makeExecutor = <J extends Job.Any>(backend: Backend): Executor<J> => new ExecutorImpl<J>(backend)
