/** The worker's side of a job: its handler, and what the handler is told. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import * as Scheduler from "effect/Scheduler"
import * as Tracer from "effect/Tracer"
import * as check from "../../internal/host/check.ts"
import type { Words } from "../../internal/host/printing.ts"
import { EventLoop } from "../../internal/loop/service.ts"
import { Holdable } from "../../internal/parts/Holdable.ts"
import { CurrentRegion } from "../../internal/waiting/Region.ts"
import type { Any, Info, Jobs } from "../Job.ts"
import { codecsOf, orIllegal } from "./codecs.ts"
import { type AnyJob, type JobsImpl, jobsOf } from "./JobImpl.ts"

/** One attempt at a job, as the handler's side gets it. */
export interface Attempt {
  readonly id: string
  readonly attempt: number
  readonly input: unknown
}

/** Sends a report: its value, and the same as JSON. The handler goes on when the report has gone. */
export type Report = (value: unknown, encoded: unknown) => Effect.Effect<void>

type AnyHandler = (input: unknown, info: Info<unknown>) => Effect.Effect<unknown, unknown>

/** What a handler gets from the task as which it runs, wherever its own services were made. */
const ofTheTask = Context.omit(
  EventLoop,
  Scheduler.Scheduler,
  Scheduler.PreventSchedulerYield,
  CurrentRegion,
  Clock.Clock,
  References.CurrentStackFrame,
  Tracer.ParentSpan
)

export class HandlersImpl {
  readonly jobs: JobsImpl<Any>
  private readonly call: string
  private readonly handlers: Readonly<Record<string, AnyHandler>>
  private readonly context: Context.Context<never>

  /** `context`: the services that the handlers ask for. */
  constructor(call: string, jobs: Jobs<Any>, handlers: unknown, context: Context.Context<never>) {
    this.jobs = jobsOf(call, jobs)
    const named = check.isNamed(handlers) ? handlers : noHandlers(call, handlers)
    for (const name of this.jobs.byName.keys()) check.body(call, `the handler of job '${name}'`, named[name])
    for (const name in named) {
      if (!this.jobs.byName.has(name)) check.illegal(call, "the name of a handler", name, `one of ${this.jobs}`)
    }
    // The types of each handler are those of its job.
    this.handlers = named as Readonly<Record<string, AnyHandler>>
    this.call = call
    this.context = ofTheTask(context)
  }

  /** What the job's handler does, to be run as a task named after the job; `span` is the submitter's, if it has one. */
  run(
    job: AnyJob,
    { attempt, id, input }: Attempt,
    report: Report,
    span: Tracer.AnySpan | undefined
  ): Effect.Effect<unknown, unknown> {
    const handled = Effect.suspend(() => {
      const turns = new Turns(1)
      const info: Info<unknown> = {
        attempt,
        id,
        progress: (value) => turns.withHeld(Effect.suspend(() => this.progress(job, value, report)))
      }
      return check.given(this.call, `the handler of job '${job.name}'`, this.handlers[job.name]!(input, info))
    })
    const provided = Effect.provideContext(handled, this.context)
    return span === undefined
      ? provided
      : Effect.withSpan(provided, job.name, { kind: "server", parent: span, attributes: { "job.id": id } })
  }

  private progress(job: AnyJob, value: unknown, report: Report): Effect.Effect<void> {
    if (job.progress === undefined) return check.illegal("Info.progress", "the job", job, "one with a progress schema")
    const expected = `a value of the progress schema of job '${job.name}'`
    return Effect.flatMap(
      orIllegal(codecsOf(job).progress.encode(value), "Info.progress", "the report", value, expected),
      (encoded) => report(value, encoded)
    )
  }
}

/** For a handler that reports from several fibers: one report after the other. */
class Turns extends Holdable {
  get kind(): string {
    return "reports"
  }
  override labelFor(): string {
    return "the report before this one"
  }
  describe(): Words {
    return []
  }
}

const noHandlers = (call: string, handlers: unknown): never =>
  check.illegal(call, "the handlers", handlers, "an object with a function for each job")

/** `R`: the services that the handlers ask for. */
export const handlersOf = <R>(
  call: string,
  jobs: Jobs<Any>,
  handlers: unknown
): Effect.Effect<HandlersImpl, never, R> =>
  Effect.contextWith((context: Context.Context<R>) =>
    Effect.sync(() => new HandlersImpl(call, jobs, handlers, context as Context.Context<never>))
  )
