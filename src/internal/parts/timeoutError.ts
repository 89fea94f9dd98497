/** The error of every deadline. */
import * as Cause from "effect/Cause"
import { timeInWords } from "../host/words.ts"

export const TimeoutErrorTypeId = "~effect-asyncio/TimeoutError"

/** Effect's own class, for everything but `isTimeoutError`. */
class TimeoutError extends Cause.TimeoutError {
  get [TimeoutErrorTypeId](): true {
    return true
  }
}

/** `limit` in nanoseconds; `more`: further text. */
export const timeoutError = (call: string, limit: number, more = ""): Cause.TimeoutError =>
  new TimeoutError(`${call}: timed out ${limit > 0 ? `after ${format(limit)}` : "at once"}${more}`)

/** Whole milliseconds if it is a second or more: a deadline may be any number of nanoseconds away. */
const format = (nanos: number): string => {
  const unit = nanos < 1e9 ? 1e3 : 1e6
  return timeInWords(Math.round(nanos / unit) * unit / 1e6)
}
