/** The axis of time: round numbers, and how they read. */
import type { Tick } from "./picture.ts"

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** The longest first, with how much of it there has to be. */
const long: ReadonlyArray<readonly [unit: number, name: string, least: number]> = [
  [day, "d", 2 * day],
  [hour, "h", hour],
  [minute, "min", 2 * minute]
]

/** `0`, `20 µs`, `250 ms`, `1.5 s`, `10 min`, `1.5 h`: longer units where they come out round. */
export const milliseconds = (value: number): string => {
  if (value === 0) return "0"
  const round = long.find(([unit, , least]) => value >= least && (value * 10) % unit === 0)
  const [unit, name] = round ?? (value < 1 ? [0.001, "µs"] : value < 1000 ? [1, "ms"] : [1000, "s"])
  return `${Number((value / unit).toPrecision(6))} ${name}`
}

/** From a minute on: clocks do not count in tens. */
const longSteps = [1, 2, 5, 10, 15, 30].map((n) => n * minute).concat([1, 2, 3, 6, 12].map((n) => n * hour), day)

/** The least round number that is not below. */
const stepFrom = (rough: number): number => {
  const power = 10 ** Math.floor(Math.log10(rough))
  const decimal = [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough)!
  return decimal < minute || rough > day ? decimal : longSteps.find((step) => step >= rough)!
}

/** At most so many round numbers. */
export const roundTicks = (from: number, to: number, most: number): ReadonlyArray<Tick> => {
  const rough = (to - from) / most
  if (!(rough > 0)) return [{ at: from, label: milliseconds(from) }]
  const step = stepFrom(rough)
  const first = Math.ceil(from / step - 1e-9)
  return Array.from({ length: Math.floor(to / step + 1e-9) - first + 1 }, (_, index) => {
    const at = Number(((first + index) * step).toPrecision(12))
    return { at, label: milliseconds(at) }
  })
}
