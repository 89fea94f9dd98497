/** Futures that an AbortSignal cancels. */
import { cancel } from "../waiting/Walk.ts"
import type { FutureImpl } from "./future.ts"
import { isTaskImpl } from "./task.ts"

const aborted = new WeakMap<FutureImpl<any, any>, Array<AbortSignal>>()

/** The first signal that cancelled the future, if nothing else has asked for that. */
export const abortedBy = (future: FutureImpl<any, any>): AbortSignal | undefined => {
  const signals = aborted.get(future) ?? []
  return isTaskImpl(future) && future.requests > signals.length ? undefined : signals[0]
}

/** Cancels the future when the signal is aborted, as long as it is not done. */
export const cancelOnAbort = (future: FutureImpl<any, any>, signal: AbortSignal): void => {
  const abort = () => {
    if (!cancel(future, typeof signal.reason === "string" ? signal.reason : undefined)) return
    aborted.set(future, [...aborted.get(future) ?? [], signal])
  }
  if (signal.aborted) return abort()
  signal.addEventListener("abort", abort, { once: true })
  future.addCallback(() => signal.removeEventListener("abort", abort))
}
