/** Reads cancellations from exits, and makes exits that say so. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { Outcome } from "../kernel/observer.ts"

/** The cancel message, among the annotations of an interrupt. */
class CancelMessage extends Context.Service<CancelMessage, string>()("effect-asyncio/CancelMessage") {}

/**
 * Another annotation: the interrupt comes from a request, or from a future that ended cancelled; one of
 * `Effect.interrupt` has none. Only a handler of `catchCancelled` has to tell the two apart, so interrupts are marked
 * only while one runs: on every cancellation the mark took a seventh of the time.
 */
class Cancelled extends Context.Service<Cancelled, true>()("effect-asyncio/Cancelled") {}

// The annotations of a cause are a bag of values, typed as a context that offers nothing.
const withoutMessage = Context.make(Cancelled, true) as Context.Context<never>

// INVARIANT: how many handlers of `catchCancelled` are running, on any loop.
let handlers = 0

/** Runs such a handler. */
export const handling = <A, E, R>(handler: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    handlers++
    return Effect.onExitPrimitive(handler, () => {
      handlers--
      return undefined
    })
  })

export const annotations = (message: string | undefined): Context.Context<never> | undefined =>
  message !== undefined
    ? Context.add(withoutMessage, CancelMessage, message) as Context.Context<never>
    : handlers > 0
    ? withoutMessage
    : undefined

export const cancelMessage = (exit: Exit.Exit<unknown, unknown>): string | undefined =>
  exit._tag === "Failure" ? Context.getOrUndefined(Cause.annotations(exit.cause), CancelMessage) : undefined

export const cancelledExit = (message: string | undefined): Exit.Exit<never> => {
  const cause = Cause.interrupt(Fiber.getCurrent()?.id)
  const bag = annotations(message)
  return Exit.failCause(bag === undefined ? cause : Cause.annotate(cause, bag))
}

/** How a future ended, as a fiber that waits for it sees it. */
export const asAwaited = <A, E>(exit: Exit.Exit<A, E>): Exit.Exit<A, E> =>
  handlers > 0 ? asCancelled(exit, undefined) : exit

/** Turns an interrupt that nobody requested into a cancellation. A requested one keeps its own message. */
export const asCancelled = <A, E>(exit: Exit.Exit<A, E>, message: string | undefined): Exit.Exit<A, E> =>
  isCancelled(exit) && !exit.cause.reasons.some((reason) => reason.annotations.has(Cancelled.key))
    ? Exit.failCause(Cause.annotate(exit.cause, annotations(message) ?? withoutMessage))
    : exit

/** Only interrupts: with a failure or defect beside them it is that failure. */
export const isCancelled = <E>(exit: Exit.Exit<unknown, E>): exit is Exit.Failure<never, E> =>
  exit._tag === "Failure" && Cause.hasInterruptsOnly(exit.cause)

export const outcomeOf = (exit: Exit.Exit<unknown, unknown>): Outcome =>
  exit._tag === "Success" ? "ok" : isCancelled(exit) ? "cancelled" : "failed"

const besideInterrupts = <E>({ reasons }: Cause.Cause<E>): Cause.Cause<E> =>
  Cause.fromReasons(reasons.filter((reason) => reason._tag !== "Interrupt"))

/** An exit's failures beside interrupts, for a finalizer that must not lose them. */
export const failureBeside = <E>(exit: Exit.Exit<unknown, E>): Exit.Exit<void, E> =>
  exit._tag === "Success" || isCancelled(exit) ? Exit.void : Exit.failCause(besideInterrupts(exit.cause))

/** A failure without the interrupts beside it. A cancelled exit stays as it is. */
export const withoutInterrupts = <A, E>(exit: Exit.Exit<A, E>): Exit.Exit<A, E> =>
  exit._tag === "Success" || isCancelled(exit) ? exit : Exit.failCause(besideInterrupts(exit.cause))
