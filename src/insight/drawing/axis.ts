/** The axis of time: round numbers. */
import { timeInWords } from "../../internal/host/words.ts"
import type { Tick } from "./picture.ts"

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** From a minute on: clocks do not count in tens. */
const longSteps = [1, 2, 5, 10, 15, 30].map((n) => n * minute).concat([1, 2, 3, 6, 12].map((n) => n * hour), day)

/** The least round number that is not below `rough`. */
const stepFrom = (rough: number): number => {
  const power = 10 ** Math.floor(Math.log10(rough))
  const decimal = [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough)!
  return decimal < minute || rough > day ? decimal : longSteps.find((step) => step >= rough)!
}

/** At most so many round numbers. */
export const roundTicks = (from: number, to: number, most: number): ReadonlyArray<Tick> => {
  const rough = (to - from) / most
  if (!(rough > 0)) return [{ at: from, label: timeInWords(from) }]
  const step = stepFrom(rough)
  const first = Math.ceil(from / step - 1e-9)
  return Array.from({ length: Math.floor(to / step + 1e-9) - first + 1 }, (_, index) => {
    const at = Number(((first + index) * step).toPrecision(12))
    return { at, label: timeInWords(at) }
  })
}
