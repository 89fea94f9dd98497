/** What an exit says of a cancellation, and how one is made that does. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { Outcome } from "../kernel/observer.ts"

/** The cancel message, among the annotations of an interrupt. */
class CancelMessage extends Context.Service<CancelMessage, string>()("effect-asyncio/CancelMessage") {}

/**
 * Beside it: the interrupt is a request's, or a future's that ended cancelled; `Effect.interrupt` raises one without. Only a
 * handler of `catchCancelled` has to tell the two apart, so there is a mark only while one is at work: on every cancellation
 * it took a seventh of the time.
 */
class Cancelled extends Context.Service<Cancelled, true>()("effect-asyncio/Cancelled") {}

// The annotations of a cause are a bag of values, typed as a context that offers nothing.
const withoutMessage = Context.make(Cancelled, true) as Context.Context<never>

// INVARIANT: the handlers of `catchCancelled` that are at work, in any loop.
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

/** How a future ended, for a fiber that waits for it. */
export const asAwaited = <A, E>(exit: Exit.Exit<A, E>): Exit.Exit<A, E> =>
  handlers > 0 ? asCancelled(exit, undefined) : exit

/** Makes an interrupt that nobody asked for a cancellation. One that was asked for keeps its own message. */
export const asCancelled = <A, E>(exit: Exit.Exit<A, E>, message: string | undefined): Exit.Exit<A, E> =>
  isCancelled(exit) && !exit.cause.reasons.some((reason) => reason.annotations.has(Cancelled.key))
    ? Exit.failCause(Cause.annotate(exit.cause, annotations(message) ?? withoutMessage))
    : exit

/** Interrupts and nothing beside: a failure or defect makes it that failure. */
export const isCancelled = <E>(exit: Exit.Exit<unknown, E>): exit is Exit.Failure<never, E> =>
  exit._tag === "Failure" && Cause.hasInterruptsOnly(exit.cause)

export const outcomeOf = (exit: Exit.Exit<unknown, unknown>): Outcome =>
  exit._tag === "Success" ? "ok" : isCancelled(exit) ? "cancelled" : "failed"

const besideInterrupts = <E>({ reasons }: Cause.Cause<E>): Cause.Cause<E> =>
  Cause.fromReasons(reasons.filter((reason) => reason._tag !== "Interrupt"))

/** What an exit has beside interrupts, for a finalizer that must not lose it. */
export const failureBeside = <E>(exit: Exit.Exit<unknown, E>): Exit.Exit<void, E> =>
  exit._tag === "Success" || isCancelled(exit) ? Exit.void : Exit.failCause(besideInterrupts(exit.cause))

/** A failure without the interrupts beside it. What is cancelled stays so. */
export const withoutInterrupts = <A, E>(exit: Exit.Exit<A, E>): Exit.Exit<A, E> =>
  exit._tag === "Success" || isCancelled(exit) ? exit : Exit.failCause(besideInterrupts(exit.cause))
