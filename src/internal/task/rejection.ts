/**
 * What a promise rejects with. A promise has one reason, while a Cause may have several, or none but an interruption;
 * so only here, at the edge, do they become an error, and an error of the library shows where the program was.
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Errors from "../../Errors.ts"
import { cancelMessage } from "../waiting/cancelled.ts"
import { abortedBy } from "./abort.ts"
import type { FutureImpl } from "./future.ts"

/** `future` is the one that ended with the cause, if it had begun. */
export const rejectionOf = (cause: Cause.Cause<unknown>, future: FutureImpl<any, any> | undefined): unknown => {
  if (Cause.hasInterruptsOnly(cause)) {
    const signal = future === undefined ? undefined : abortedBy(future)
    return signal === undefined ? cancelledError(cause) : signal.reason
  }
  // One for each reason that is not an interrupt, with the frames of the Effect.fns that it came through.
  const pretty = Cause.prettyErrors(cause)
  const errors = cause.reasons.filter((reason) => reason._tag !== "Interrupt").map((reason, i) => {
    const error = reason._tag === "Die" ? reason.defect : reason.error
    if (isOurs(error)) error.stack = pretty[i]!.stack!
    return error
  })
  if (errors.length <= 1) return Cause.squash(cause)
  const lines = pretty.map(({ message, name }) => `\n  ${name}: ${message}`)
  return new AggregateError(errors, `${errors.length} failures:${lines.join("")}`)
}

const cancelledError = (cause: Cause.Cause<unknown>): Errors.CancelledError => {
  const error = new Errors.CancelledError({
    message: cancelMessage(Exit.failCause(cause)) ?? "cancelled without a message"
  })
  // The frames of the place where it was interrupted, under its own name.
  const frames = Cause.prettyErrors(cause)[0]?.stack?.split("\n").slice(1) ?? []
  error.stack = [`${error.name}: ${error.message}`, ...frames].join("\n")
  return error
}

const isOurs = (error: unknown): error is Error =>
  [Cause.IllegalArgumentError, Cause.TimeoutError, ...Object.values(Errors)].some((Class) => error instanceof Class)
