/** What executors do, as Effect's metrics; docs/executors.md lists them. */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import { nowNanos } from "../../internal/host/hostTime.ts"
import type { AnyJob } from "./JobImpl.ts"
import { isLost } from "./Loss.ts"

/** In milliseconds: 100 µs to 1000 s, two in each decade. */
const boundaries = [-1, 0, 1, 2, 3, 4, 5].flatMap((power) => [10 ** power, 3 * 10 ** power])

const metricsOf = (attributes: Readonly<Record<string, string>>) => ({
  waiting: Metric.gauge("asyncio_jobs_waiting", {
    description: "Jobs that wait for a place in their executor",
    attributes
  }),
  running: Metric.gauge("asyncio_jobs_in_flight", { description: "Jobs that a worker has", attributes }),
  lost: Metric.counter("asyncio_jobs_lost", {
    description: "Jobs that were lost with their worker",
    attributes,
    incremental: true
  }),
  duration: Metric.histogram("asyncio_job_ms", {
    description: "How long a worker had a job, in milliseconds",
    boundaries,
    attributes
  })
})

type JobMetrics = ReturnType<typeof metricsOf>

/** The metrics of one executor, by job. */
export class Meters {
  private readonly executor: string
  private readonly byJob = new Map<AnyJob, JobMetrics>()
  constructor(executor: string) {
    this.executor = executor
  }

  /** For one attempt at the job. */
  of(job: AnyJob, fiber: Fiber.Fiber<unknown, unknown>): Meter {
    let metrics = this.byJob.get(job)
    if (metrics === undefined) this.byJob.set(job, metrics = metricsOf({ executor: this.executor, job: job.name }))
    return new Meter(metrics, fiber.context, fiber.getRef(Clock.Clock))
  }
}

export class Meter {
  private readonly metrics: JobMetrics
  private readonly context: Context.Context<never>
  private readonly clock: Clock.Clock
  /** When a worker got it, in nanoseconds. */
  private since: number | undefined = undefined

  constructor(metrics: JobMetrics, context: Context.Context<never>, clock: Clock.Clock) {
    this.metrics = metrics
    this.context = context
    this.clock = clock
  }

  wait(): void {
    this.metrics.waiting.modifyUnsafe(1, this.context)
  }

  begin(): void {
    const { context, metrics } = this
    this.since = nowNanos(this.clock)
    metrics.waiting.modifyUnsafe(-1, context)
    metrics.running.modifyUnsafe(1, context)
  }

  end(exit: Exit.Exit<unknown, unknown>): void {
    const { context, metrics, since } = this
    if (since === undefined) return metrics.waiting.modifyUnsafe(-1, context)
    metrics.running.modifyUnsafe(-1, context)
    metrics.duration.updateUnsafe((nowNanos(this.clock) - since) / 1e6, context)
    if (isLost(exit)) metrics.lost.updateUnsafe(1, context)
  }
}
