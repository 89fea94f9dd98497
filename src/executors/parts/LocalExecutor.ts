/**
 * Jobs in this process: a handler runs as a task of the caller's loop.
 *
 * Values go through the codecs both ways, so that what works here works elsewhere, too. The submitter waits for the
 * handler as for a worker: cancelled, it interrupts the handler, waits for its end, and ends cancelled whatever the
 * handler gave. (Joining the handler would be asyncio's rule for tasks: one that swallows the request goes on with its
 * value. An interrupt that went to another process can't do that.)
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Tracer from "effect/Tracer"
import { shortened } from "../../internal/host/printing.ts"
import { atomically } from "../../internal/host/withoutYield.ts"
import { createTask } from "../../internal/task/createTask.ts"
import { ended } from "../../internal/task/future.ts"
import type { TaskImpl } from "../../internal/task/task.ts"
import { asAwaited, failureBeside } from "../../internal/waiting/cancelled.ts"
import { QueuedWaiter } from "../../internal/waiting/QueuedWaiter.ts"
import { cancel } from "../../internal/waiting/Walk.ts"
import { WorkerLost } from "../errors.ts"
import { type Codec, codecsOf, refusalOf, stacksOf, withStacks } from "./codecs.ts"
import type { HandlersImpl } from "./handlers.ts"
import type { AnyJob } from "./JobImpl.ts"
import { lossIn } from "./Loss.ts"
import type { Execution } from "./makeExecutor.ts"

type Outcome = Exit.Exit<unknown, unknown>
type Handling = TaskImpl<Outcome, never>

export class LocalExecutor {
  private readonly handlers: HandlersImpl
  // INVARIANT: those who wait for a handler.
  private readonly waiting = new Set<HandlerWaiter>()
  constructor(handlers: HandlersImpl) {
    this.handlers = handlers
  }

  readonly run = (execution: Execution): Effect.Effect<unknown, unknown> => {
    const { attempt, id, job, onProgress } = execution
    const { input, progress } = codecsOf(job)
    return Effect.flatMap(Effect.orDie(through(input, execution.input)), (received) =>
      atomically((fiber) => {
        const span = Context.getOrUndefined(fiber.context, Tracer.ParentSpan)
        let broken: Exit.Exit<never> | undefined
        const report = (_: unknown, encoded: unknown) => {
          if (onProgress === undefined || broken !== undefined || waiter.state !== "parked") return Effect.void
          const taking = Effect.flatMap(Effect.orDie(progress.decode(encoded)), onProgress)
          // Even if the handler that calls it can't be interrupted.
          return Effect.matchCauseEffect(Effect.interruptible(taking), {
            onSuccess: () => Effect.void,
            onFailure: (cause) => {
              if (waiter.state !== "parked") return Effect.void
              // A submitter that can't take reports gets no result, either.
              broken ??= Exit.failCause(cause)
              return Effect.interrupt
            }
          })
        }
        const handled = Effect.exit(this.handlers.run(job, { attempt, id, input: received }, report, span))
        const work = Effect.flatMap(handled, (exit) => {
          if (broken !== undefined) return Effect.succeed(broken)
          const reason = lossIn(exit)
          return reason === undefined
            ? back(job, exit)
            : Effect.succeed(Exit.fail(new WorkerLost({ job: job.name, id, reason })))
        })
        const task: Handling = createTask("submit", fiber, work, { name: job.name }, undefined)
        const waiter = new HandlerWaiter(task, this.waiting)
        return Effect.flatten(waiter.parkIn(task))
      }))
  }

  readonly cancelAll = Effect.sync(() => {
    for (const waiter of this.waiting) waiter.abandon()
  })
}

const through = ({ decode, encode }: Codec, value: unknown) => Effect.flatMap(encode(value), decode)

/** An exit as it would come back from elsewhere. */
const back = (job: AnyJob, exit: Outcome): Effect.Effect<Outcome> => {
  const codec = codecsOf(job).exit
  const crossed = Effect.catch(
    through(codec, exit),
    () => Effect.flatMap(refusalOf("Executor.local", job, exit), (refusal) => through(codec, refusal))
  )
  return Effect.map(Effect.orDie(crossed), (crossed) => withStacks(crossed as Outcome, stacksOf(exit)))
}

/** A fiber that waits for a handler; when cancelled, it cancels the handler and waits for its end. */
class HandlerWaiter extends QueuedWaiter<Outcome> {
  private readonly handling: Handling
  private readonly waiting: Set<HandlerWaiter>
  /** The executor closes: the job is cancelled, and so is whoever waits for it. */
  private isAbandoned = false
  constructor(handling: Handling, waiting: Set<HandlerWaiter>) {
    super()
    this.handling = handling
    this.waiting = waiting
  }
  get label(): string {
    return `job '${shortened(this.handling.name)}'`
  }
  override waitsFor(): ReadonlyArray<Handling> {
    return [this.handling]
  }
  override enter(): void {
    super.enter()
    this.waiting.add(this)
  }
  override end(): void {
    super.end()
    this.waiting.delete(this)
  }
  abandon(): void {
    this.isAbandoned = this.state === "parked"
    if (this.isAbandoned) cancel(this.handling)
  }
  proceed(): Effect.Effect<Outcome> {
    this.handling.retrieve()
    const exit = asAwaited(this.handling.exit!)
    if (!this.isAbandoned) return exit
    const beside = failureBeside(Exit.isSuccess(exit) ? exit.value : exit)
    return Effect.succeed(Exit.isSuccess(beside) ? Exit.interrupt() : beside)
  }
  override passOn(): void {
    this.handling.retrieve()
  }
  override interrupted(): Effect.Effect<void> {
    const { handling } = this
    const done = super.interrupted()
    handling.retrieve()
    if (!cancel(handling)) return done
    return Effect.flatMap(ended(handling), failureBeside)
  }
}
