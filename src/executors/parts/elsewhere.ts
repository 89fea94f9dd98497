/**
 * A fiber that waits for something that runs elsewhere shows what that is: "job 'hash' on thread 2".
 *
 *     parked ──► the work has ended: it goes on with what that gave
 *       │ a request to cancel, or an interruption by Effect's own means
 *       └──────► the work is interrupted, and waited for: it shows as "the end of job 'hash' on thread 2"
 *
 * The work is an effect in a separate fiber, started when this one is suspended, with the same services: tasks of
 * Effect's RPC wait by Effect's own means, which no observer sees.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { asAwaited, failureBeside } from "../../internal/waiting/cancelled.ts"
import { Waiter } from "../../internal/waiting/Waiter.ts"

/** Runs `work` while the fiber waits for it, shown as `label`. */
export const elsewhere = <A, E, R>(label: string, work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => new WorkWaiter(label, work).park())

class WorkWaiter<A, E, R> extends Waiter<A, E, R> {
  readonly label: string
  private readonly work: Effect.Effect<A, E, R>
  // INVARIANT: defined once it has been parked, unless it was cancelled before.
  private worker: Fiber.Fiber<A, E> | undefined = undefined
  constructor(label: string, work: Effect.Effect<A, E, R>) {
    super()
    this.label = label
    this.work = work
  }

  override suspended(resume: Parameters<Waiter<A, E, R>["suspended"]>[0]): Effect.Effect<void> {
    const finalizer = super.suspended(resume)
    if (this.state === "parked") {
      // The fiber has every service that the work asks for: `R` is in the type of `elsewhere`.
      this.worker = Effect.runForkWith(this.fiber.context as Context.Context<R>)(this.work)
      this.worker.addObserver(() => {
        if (this.state === "parked") this.wake()
      })
    }
    return finalizer
  }

  proceed(): Exit.Exit<A, E> {
    return asAwaited(this.worker!.pollUnsafe()!)
  }

  override interrupted(): Effect.Effect<void, E> {
    const { fiber, label, worker } = this
    const done = super.interrupted()
    if (worker === undefined) return done
    worker.interruptUnsafe(fiber.id)
    return Effect.flatMap(new EndWaiter(`the end of ${label}`, worker).park(), failureBeside)
  }
}

class EndWaiter<A, E> extends Waiter<Exit.Exit<A, E>> {
  readonly label: string
  private readonly worker: Fiber.Fiber<A, E>
  constructor(label: string, worker: Fiber.Fiber<A, E>) {
    super()
    this.label = label
    this.worker = worker
  }
  override enter(): void {
    this.worker.addObserver(() => {
      if (this.state === "parked") this.wake()
    })
  }
  proceed() {
    return Effect.succeed(this.worker.pollUnsafe()!)
  }
}
