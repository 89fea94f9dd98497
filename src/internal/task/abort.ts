/** A future that ends when an AbortSignal says so. */
import { cancel } from "../waiting/Walk.ts"
import type { FutureImpl } from "./future.ts"

const aborted = new WeakMap<FutureImpl<any, any>, AbortSignal>()

/** The signal that cancelled the future, if one did. */
export const abortedBy = (future: FutureImpl<any, any>): AbortSignal | undefined => aborted.get(future)

/** Cancels the future when the signal is aborted, as long as it is not done. */
export const cancelOnAbort = (future: FutureImpl<any, any>, signal: AbortSignal): void => {
  const abort = () => {
    if (cancel(future, typeof signal.reason === "string" ? signal.reason : undefined)) aborted.set(future, signal)
  }
  if (signal.aborted) return abort()
  signal.addEventListener("abort", abort, { once: true })
  future.addCallback(() => signal.removeEventListener("abort", abort))
}
