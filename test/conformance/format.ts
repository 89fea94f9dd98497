/**
 * The one text form of a value in a trace. `virtual_loop.py` has the same function for Python.
 *
 * | value                                  | text                                                         |
 * | -------------------------------------- | ------------------------------------------------------------ |
 * | `undefined`, `null`, `Option.none`     | `none`                                                       |
 * | `Option.some(x)`, `Exit.succeed(x)`    | the text of `x`                                              |
 * | booleans, strings                      | as they are                                                  |
 * | numbers                                | at most 6 decimals, no trailing zeros                        |
 * | arrays                                 | `[a, b]`                                                     |
 * | Python's errors (`errors.ts`)          | `ValueError(boom)`, without a message `ValueError`           |
 * | asyncio's errors, Effect's             | `TimeoutError`: our messages are our own, the name is shared |
 * | error classes                          | their name                                                   |
 * | a Cause, or the Exit that holds it     | only interrupts: `CancelledError` or `CancelledError(why)`;  |
 * |                                        | one failure or defect: that error; several:                  |
 * |                                        | `ExceptionGroup[ValueError(1), KeyError]`                    |
 */
import { Task } from "effect-asyncio"
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"

/** The text of one value; throws for a value that has none. */
export const format = (value: unknown): string => {
  switch (typeof value) {
    case "undefined":
      return "none"
    case "string":
      return value
    case "boolean":
      return String(value)
    case "number":
      return String(Number(value.toFixed(6)) + 0)
    case "function":
      return value.name
  }
  if (value === null) return "none"
  if (Array.isArray(value)) return `[${value.map(format).join(", ")}]`
  if (Option.isOption(value)) return Option.isNone(value) ? "none" : format(value.value)
  if (Exit.isExit(value)) return Exit.isSuccess(value) ? format(value.value) : formatCause(value.cause)
  if (Cause.isCause(value)) return formatCause(value)
  if (value instanceof Error) return formatError(value)
  throw new TypeError(`log() cannot print ${String(value)}`)
}

/** The text of a `Cause` as that of Python's ExceptionGroup, of one error too. */
export const formatGroup = (cause: Cause.Cause<unknown>): string =>
  `ExceptionGroup[${errorsOf(cause).map(format).join(", ")}]`

/** The text of Python's CancelledError with the message of a cancellation. */
export const formatCancelled = (message: Option.Option<string>): string =>
  Option.isSome(message) ? `CancelledError(${message.value})` : "CancelledError"

const formatCause = (cause: Cause.Cause<unknown>): string => {
  const errors = errorsOf(cause)
  if (errors.length > 1) return formatGroup(cause)
  if (errors.length === 1) return format(errors[0])
  if (!Cause.hasInterrupts(cause)) throw new TypeError("log() cannot print an empty Cause")
  return formatCancelled(Task.cancelMessage(cause))
}

/** Its failures and defects; interrupts beside them do not count. */
const errorsOf = (cause: Cause.Cause<unknown>): ReadonlyArray<unknown> =>
  cause.reasons.flatMap((reason) =>
    Cause.isFailReason(reason) ? [reason.error] : Cause.isDieReason(reason) ? [reason.defect] : []
  )

/** Errors whose messages are ours or Effect's. */
const ownMessage = new Set([
  "TimeoutError",
  "InvalidStateError",
  "QueueEmpty",
  "QueueFull",
  "QueueShutDown",
  "BrokenBarrierError",
  "RuntimeError",
  "IllegalArgumentError"
])

const formatError = (error: Error): string => {
  const name = "_tag" in error && typeof error._tag === "string" ? error._tag : error.name
  return error.message === "" || ownMessage.has(name) ? name : `${name}(${error.message})`
}
