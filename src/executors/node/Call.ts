/**
 * A fiber that waits for a worker to do a job: one wait, from the job's turn to its end.
 *
 *     parked: no worker is free ──► sent ──► the worker's answer: it goes on with that
 *       │ cancelled: never sent      │ cancelled: the worker is told, and its answer waited for, for `grace`;
 *       ▼                            ▼ then the worker is killed
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Tracer from "effect/Tracer"
import { shortened } from "../../internal/host/printing.ts"
import { asAwaited, failureBeside } from "../../internal/waiting/cancelled.ts"
import { Waiter } from "../../internal/waiting/Waiter.ts"
import { BrokenExecutor, WorkerLost } from "../errors.ts"
import { codecsOf, withStacks } from "../parts/codecs.ts"
import { isLost } from "../parts/Loss.ts"
import type { Execution } from "../parts/makeExecutor.ts"
import type { Remote } from "./Remote.ts"
import type { FromWorker, Parcel, Span } from "./wire.ts"

/** The pool, as its calls see it. */
export interface Desk {
  /** "thread", "process". */
  readonly noun: string
  /** What its workers run. */
  readonly module: URL
  /** How many milliseconds a cancelled job has to end. */
  readonly grace: number
  /** "1 second". */
  readonly graceInWords: string
  readonly place: (call: Call) => void
  readonly withdraw: (call: Call) => void
}

type Outcome = Effect.Effect<unknown, unknown>

export class Call extends Waiter<unknown, unknown> {
  readonly execution: Execution
  readonly input: Parcel
  private readonly desk: Desk
  // INVARIANT: both defined once it has been sent.
  private worker: Remote | undefined = undefined
  private number: number | undefined = undefined
  // INVARIANT: defined once the worker has answered or is gone, or nobody can do the job.
  private outcome: Outcome | undefined = undefined
  /** Replaces the worker's answer if a report can't be taken. */
  private instead: Outcome | undefined = undefined
  /** The pool closes: the job is cancelled, and so is whoever waits for it. */
  private isAbandoned = false
  private reporting: Fiber.Fiber<unknown, unknown> | undefined = undefined
  private ending: Ending | undefined = undefined
  // INVARIANT: defined once the job is cancelled; fires unless the job ends first.
  private timer: NodeJS.Timeout | undefined = undefined

  constructor(desk: Desk, execution: Execution, input: Parcel) {
    super()
    this.desk = desk
    this.execution = execution
    this.input = input
  }

  get job(): string {
    return `job '${shortened(this.execution.job.name)}'`
  }
  get label(): string {
    const { worker } = this
    return worker === undefined ? `a ${this.desk.noun} for ${this.job}` : `${this.job} on ${worker.name}`
  }
  get span(): Span | undefined {
    const span = Context.getOrUndefined(this.fiber.context, Tracer.ParentSpan)
    return span === undefined ? undefined : { traceId: span.traceId, spanId: span.spanId, sampled: span.sampled }
  }
  get isDone(): boolean {
    return this.outcome !== undefined
  }

  override enter(): void {
    this.desk.place(this)
  }
  override leave(): void {
    if (this.worker === undefined) this.desk.withdraw(this)
  }
  sent(worker: Remote, number: number): void {
    this.worker = worker
    this.number = number
  }

  // ---------------------------------------------------------------------------------------------- what the worker says

  report(encoded: unknown): void {
    const { job, onProgress } = this.execution
    const { fiber, number, worker } = this
    // Nobody takes it any longer; the handler goes on with its clean-up.
    if (this.state !== "parked" || this.instead !== undefined) return worker!.taken(number!)
    const taking = Effect.flatMap(Effect.orDie(codecsOf(job).progress.decode(encoded)), onProgress!)
    const taker = this.reporting = Effect.runForkWith(fiber.context)(taking)
    taker.addObserver((exit) => {
      this.reporting = undefined
      if (this.isDone) return
      if (exit._tag === "Failure" && this.state === "parked") {
        // A submitter that can't take reports gets no result, either.
        this.instead = Exit.failCause(exit.cause)
        this.cancel()
      }
      // A handler that can't be interrupted waits for this, cancelled or not.
      worker!.taken(number!)
    })
  }

  ended({ exit, stacks }: Extract<FromWorker, { readonly _tag: "Exit" }>): void {
    const decoded = Effect.orDie(codecsOf(this.execution.job).exit.decode(exit))
    this.settle(Effect.flatMap(decoded, (exit) => asAwaited(withStacks(exit as Exit.Exit<unknown, unknown>, stacks))))
  }

  unknown(serves: string): void {
    const message = `${this.job}: its worker serves ${serves}, and no such job: ${this.desk.module.href}`
    this.settle(Effect.fail(new BrokenExecutor({ message })))
  }

  lost(reason: string): void {
    const { id, job } = this.execution
    this.settle(Effect.fail(new WorkerLost({ job: job.name, id, reason })))
  }

  settle(outcome: Outcome): void {
    const { instead = outcome, reporting } = this
    this.outcome = reporting === undefined ? instead : Effect.andThen(Fiber.interrupt(reporting), instead)
    if (this.isAbandoned) this.outcome = Effect.andThen(this.besideCancellation, Effect.interrupt)
    clearTimeout(this.timer)
    this.ending?.settled()
    if (this.state === "parked") this.wake()
  }

  proceed(): Outcome {
    return this.outcome!
  }

  // ------------------------------------------------------------------------------------------------------ cancellation

  abandon(number: number): void {
    this.isAbandoned = true
    this.worker!.cancel(number)
  }

  /** Waits for its end, for at most `grace`. */
  private cancel(): void {
    const { desk: { grace, graceInWords }, job, number, worker } = this
    worker!.cancel(number!)
    if (grace === Infinity) return
    this.timer ??= setTimeout(() => {
      worker!.kill(`was terminated, as ${job} did not end within ${graceInWords} of being cancelled`)
    }, grace)
  }

  override interrupted(): Effect.Effect<void, unknown> {
    const done = super.interrupted()
    if (this.worker === undefined || this.isDone) return done
    this.cancel()
    this.reporting?.interruptUnsafe()
    return (this.ending = new Ending(this)).park()
  }

  /** What a cancelled job failed with besides. That its worker had to be killed is not a failure. */
  get besideCancellation(): Effect.Effect<void, unknown> {
    return Effect.flatMap(Effect.exit(this.outcome!), (exit) => isLost(exit) ? Effect.void : failureBeside(exit))
  }
}

/** A fiber that waits for a cancelled job to end. */
class Ending extends Waiter<void, unknown> {
  private readonly call: Call

  constructor(call: Call) {
    super()
    this.call = call
  }
  get label(): string {
    return `the end of ${this.call.label}`
  }
  // INVARIANT: it is suspended, and may be woken.
  private isParked = false

  override enter(): void {
    this.isParked = true
    if (this.call.isDone) this.wake()
  }
  settled(): void {
    if (this.isParked) this.wake()
  }
  proceed() {
    return this.call.besideCancellation
  }
}
