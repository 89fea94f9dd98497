/** Words that texts of insight have in common. */
import * as Duration from "effect/Duration"
import { shortened } from "../internal/host/printing.ts"

/** `fetch (Task-2)`: a task of default name goes by what runs in it, where that is known. */
export const titleOf = (name: string, runs: string | undefined): string =>
  runs !== undefined && /^Task-\d+$/.test(name) ? `${shortened(runs)} (${name})` : shortened(name)

/** No more digits than somebody reads. */
export const durationInWords = (seconds: number): string => {
  const millis = seconds * 1000
  // Of these Effect says how many nanoseconds.
  const micros = Math.round(millis * 1000)
  if (micros > 0 && micros < 1000) return `${micros}µs`
  const unit = millis < 1000 ? 1 : millis < 60_000 ? 10 : 1000
  return Duration.format(Duration.nanos(BigInt(Math.round(Math.round(millis / unit) * unit * 1e6))))
}
