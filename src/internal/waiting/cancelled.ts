/** What an exit says of a cancellation, and how one is made that does. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"

/** The cancel message, among the annotations of an interrupt. */
class CancelMessage extends Context.Service<CancelMessage, string>()("effect-asyncio/CancelMessage") {}

/** Beside it: the interrupt is a request's, or a future's that ended cancelled. `Effect.interrupt` raises one without. */
class Cancelled extends Context.Service<Cancelled, true>()("effect-asyncio/Cancelled") {}

// The annotations of a cause are a bag of values, typed as a context that offers nothing.
const withoutMessage = Context.make(Cancelled, true) as Context.Context<never>

export const annotations = (message: string | undefined): Context.Context<never> =>
  message === undefined ? withoutMessage : Context.add(withoutMessage, CancelMessage, message) as Context.Context<never>

export const cancelMessage = (exit: Exit.Exit<unknown, unknown>): string | undefined =>
  exit._tag === "Failure" ? Context.getOrUndefined(Cause.annotations(exit.cause), CancelMessage) : undefined

export const cancelledExit = (message: string | undefined): Exit.Exit<never> =>
  Exit.failCause(Cause.annotate(Cause.interrupt(Fiber.getCurrent()?.id), annotations(message)))

/** Makes an interrupt that nobody asked for a cancellation. One that was asked for keeps its own message. */
export const asCancelled = <A, E>(exit: Exit.Exit<A, E>, message: string | undefined): Exit.Exit<A, E> =>
  isCancelled(exit) && !exit.cause.reasons.some((reason) => reason.annotations.has(Cancelled.key))
    ? Exit.failCause(Cause.annotate(exit.cause, annotations(message)))
    : exit

/** Interrupts and nothing beside: a failure or defect makes it that failure. */
export const isCancelled = <E>(exit: Exit.Exit<unknown, E>): exit is Exit.Failure<never, E> =>
  exit._tag === "Failure" && Cause.hasInterruptsOnly(exit.cause)

const besideInterrupts = <E>({ reasons }: Cause.Cause<E>): Cause.Cause<E> =>
  Cause.fromReasons(reasons.filter((reason) => reason._tag !== "Interrupt"))

/** What an exit has beside interrupts, for a finalizer that must not lose it. */
export const failureBeside = <E>(exit: Exit.Exit<unknown, E>): Exit.Exit<void, E> =>
  exit._tag === "Success" || isCancelled(exit) ? Exit.void : Exit.failCause(besideInterrupts(exit.cause))

/** A failure without the interrupts beside it. What is cancelled stays so. */
export const withoutInterrupts = <A, E>(exit: Exit.Exit<A, E>): Exit.Exit<A, E> =>
  exit._tag === "Success" || isCancelled(exit) ? exit : Exit.failCause(besideInterrupts(exit.cause))
