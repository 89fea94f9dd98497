/**
 * What a loop reports: failures that nobody saw, callbacks that threw, clean-ups that failed. Each report goes to the
 * exception handler of the program, or to the log; on a virtual loop, failures may end the run instead.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { ExceptionContext } from "../../EventLoop.ts"
import type { Origin } from "../host/Origin.ts"
import { format } from "../host/printing.ts"
import { version } from "../host/version.ts"
import { observer } from "../kernel/observer.ts"
import { WaitQueue } from "../kernel/WaitQueue.ts"

type ExceptionHandler = (context: ExceptionContext) => Effect.Effect<void>

/** An exception handler that is running. */
interface Handling {
  readonly context: ExceptionContext
  fiber: Fiber.Fiber<void> | undefined
  /** Those who wait for its end. */
  readonly waiting: WaitQueue
}

/** The handling that the fiber is part of; tasks that a handler makes inherit it. */
export const CurrentHandling = Context.Reference<Handling | undefined>(`effect-asyncio@${version}/CurrentHandling`, {
  defaultValue: () => undefined
})

export class Reports<R> {
  private readonly context: Context.Context<R>
  /** Undefined: the default, a log. */
  handler: ExceptionHandler | undefined = undefined
  // INVARIANT: the handlings that have not ended; closing waits for them.
  readonly handlings = new Set<Handling>()
  /** If failures are to end the run: those that came to the default handler, instead of the log. */
  failures: Array<Cause.Cause<unknown>> | undefined = undefined

  /** `context`: the services of the loop, its loggers among them. */
  constructor(context: Context.Context<R>) {
    this.context = context
  }

  /** Starts the exception handler, in this very step. The default handler gets what it fails to handle. */
  report(context: ExceptionContext, origin?: Origin): void {
    observer?.reported(context)
    const { handler } = this
    if (handler === undefined) return this.byDefault(context, origin)
    const handling: Handling = { context, fiber: undefined, waiting: new WaitQueue() }
    this.handlings.add(handling)
    const own = Context.add(this.contextFor(origin), CurrentHandling, handling)
    const fiber = handling.fiber = Effect.runForkWith(own)(Effect.suspend(() => handler(context)))
    fiber.addObserver((exit) => {
      const isLeft = this.handlings.delete(handling)
      handling.waiting.wakeAll()
      if (exit._tag === "Success" || !isLeft) return
      this.byDefault(context, origin)
      this.byDefault({ ...context, message: "Unhandled error in exception handler", cause: exit.cause })
    })
  }

  /** Nobody waits for running handlers any longer. What they have not dealt with goes to the default one. */
  abandon(): void {
    for (const handling of Array.from(this.handlings)) {
      this.handlings.delete(handling)
      this.byDefault(handling.context)
      handling.fiber?.interruptUnsafe()
      handling.waiting.wakeAll()
    }
  }

  /** The default handler. */
  private byDefault(context: ExceptionContext, origin?: Origin): void {
    const { cause } = context
    if (this.failures === undefined || cause === undefined || Cause.hasInterruptsOnly(cause)) this.log(context, origin)
    else this.failures.push(cause)
  }

  /** Logs it, whatever else happens to it. */
  log(context: ExceptionContext, origin?: Origin): void {
    const { cause } = context
    const text = inWords(context)
    // Effect's loggers print the cause, and fail if a part of it can't be printed.
    const log = cause === undefined ? Effect.logError(text) : Effect.catchCause(
      Effect.logError(text, cause),
      () => Effect.logError(`${text}: ${format(Cause.squash(cause))}`)
    )
    Effect.runForkWith(this.contextFor(origin))(log)
  }

  private contextFor(origin: Origin | undefined): Context.Context<R> {
    return origin === undefined ? this.context : origin.addTo(this.context)
  }
}

export const inWords = ({ future, message, subject, task }: ExceptionContext): string => {
  const about = subject ?? task ?? future
  return about === undefined ? message : `${message}: ${about}`
}
