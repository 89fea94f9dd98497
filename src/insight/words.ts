/** Words that texts of insight have in common. */
import { timeInWords } from "../internal/host/words.ts"

/** `fetch (Task-2)`: a task without a given name is called by what runs in it, if that is known. */
export const titleOf = (name: string, runs: string | undefined, isUnnamed = /^Task-\d+$/.test(name)): string =>
  runs !== undefined && isUnnamed ? `${runs} (${name})` : name

/** No more digits than anybody reads. */
export const durationInWords = (seconds: number): string => {
  const millis = seconds * 1000
  const unit = millis < 1 ? 0.001 : millis < 1000 ? 1 : millis < 60_000 ? 10 : 1000
  const rounded = Math.round(millis / unit) * unit
  return rounded === 0 ? "0 ms" : timeInWords(rounded)
}
