/** The axis of time: round numbers, and how they read. */
import type { Tick } from "./picture.ts"

/** `0`, `1.5 s`, `250 ms`, `20 µs`. */
export const milliseconds = (value: number): string => {
  if (value === 0) return "0"
  const [amount, unit] = value < 1 ? [value * 1000, "µs"] : value < 1000 ? [value, "ms"] : [value / 1000, "s"]
  return `${Number(amount.toPrecision(6))} ${unit}`
}

/** At most so many round numbers. */
export const roundTicks = (from: number, to: number, most: number): ReadonlyArray<Tick> => {
  const rough = (to - from) / most
  if (!(rough > 0)) return [{ at: from, label: milliseconds(from) }]
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough)!
  const first = Math.ceil(from / step - 1e-9)
  return Array.from({ length: Math.floor(to / step + 1e-9) - first + 1 }, (_, index) => {
    const at = Number(((first + index) * step).toPrecision(12))
    return { at, label: milliseconds(at) }
  })
}
