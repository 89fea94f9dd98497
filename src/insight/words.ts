/** Words that texts of insight have in common. */
import * as Duration from "effect/Duration"

/** `fetch (Task-2)`: what nobody gave a name goes by what runs in it, where that is known. */
export const titleOf = (name: string, runs: string | undefined, isUnnamed = /^Task-\d+$/.test(name)): string =>
  runs !== undefined && isUnnamed ? `${runs} (${name})` : name

/** No more digits than somebody reads. */
export const durationInWords = (seconds: number): string => {
  const millis = seconds * 1000
  // Effect tells what is below a millisecond in nanoseconds.
  if (millis < 1) return `${Math.round(millis * 1000)}µs`
  const unit = millis < 1000 ? 1 : millis < 60_000 ? 10 : 1000
  return Duration.format(Duration.millis(Math.round(millis / unit) * unit))
}
