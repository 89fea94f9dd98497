/**
 * Jobs in this process: a handler runs as a task of the caller's loop.
 *
 * Values go both ways through the codecs, so that what works here works where there is no other way. The submitter waits for
 * the handler as one waits for a worker: cancelled, it interrupts the handler, waits for its end, and ends cancelled whatever
 * that gave. (Joining the handler would be asyncio's rule for tasks: one that swallows the request goes on with its value.
 * No interrupt that went to another process can do that.)
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
import { type Codec, codecsOf } from "./codecs.ts"
import type { HandlersImpl } from "./handlers.ts"
import type { Execution } from "./makeExecutor.ts"

type Handling = TaskImpl<Exit.Exit<unknown, unknown>, never>

export const runHere = (handlers: HandlersImpl, execution: Execution): Effect.Effect<unknown, unknown> => {
  const { attempt, id, job, onProgress } = execution
  const { exit, input, progress } = codecsOf(job)
  return Effect.flatMap(through(input, execution.input), (received) =>
    atomically((fiber) => {
      const span = Context.getOrUndefined(fiber.context, Tracer.ParentSpan)
      let broken: Exit.Exit<never> | undefined
      const report = (_: unknown, encoded: unknown) => {
        if (onProgress === undefined || waiter.state !== "parked") return Effect.void
        return Effect.matchCauseEffect(Effect.flatMap(Effect.orDie(progress.decode(encoded)), onProgress), {
          onSuccess: () => Effect.void,
          // Who can't take reports gets no result either.
          onFailure: (cause) => {
            broken ??= Exit.failCause(cause)
            return Effect.interrupt
          }
        })
      }
      const work = Effect.flatMap(
        Effect.exit(handlers.run(job, { attempt, id, input: received }, report, span)),
        (ended) => broken === undefined ? through(exit, ended) : Effect.succeed(broken)
      )
      const task = createTask("submit", fiber, work, { name: job.name }, undefined)
      const waiter = new HandlerWaiter(task as Handling)
      return Effect.flatten(waiter.parkIn(task))
    }))
}

const through = ({ decode, encode }: Codec, value: unknown): Effect.Effect<any> =>
  Effect.orDie(Effect.flatMap(encode(value), decode))

/** A fiber that waits for a handler; cancelled, it cancels that and waits for its end. */
class HandlerWaiter extends QueuedWaiter<Exit.Exit<unknown, unknown>> {
  private readonly handling: Handling
  constructor(handling: Handling) {
    super()
    this.handling = handling
  }
  get label(): string {
    return `job '${shortened(this.handling.name)}'`
  }
  override waitsFor(): ReadonlyArray<Handling> {
    return [this.handling]
  }
  proceed() {
    this.handling.retrieve()
    return asAwaited(this.handling.exit!)
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
