/** Times, as exact as a reader needs them. */

/** Says a time in milliseconds. */
export type Told = (millis: number) => string

const toDigits = (digits: number): Told => (millis) => {
  const whole = String(Math.trunc(Math.abs(millis))).length
  return `${Number(millis.toPrecision(Math.max(digits, whole)))} ms`
}

/** For a single time. */
export const told: Told = toDigits(3)

/** Enough for the nanoseconds of a year. */
const mostDigits = 16

/** In three digits; in more if two different times among them would look equal. */
export const toldAmong = (all: Iterable<number>): Told => {
  const times = new Set(all)
  let digits = 3
  while (digits < mostDigits && new Set(Array.from(times, toDigits(digits))).size < times.size) digits++
  return toDigits(digits)
}
