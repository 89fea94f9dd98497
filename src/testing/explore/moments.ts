/** Times, as exactly as whoever reads them needs. */

/** Says a time in milliseconds. */
export type Told = (millis: number) => string

const toDigits = (digits: number): Told => (millis) => {
  const whole = String(Math.trunc(Math.abs(millis))).length
  return `${Number(millis.toPrecision(Math.max(digits, whole)))} ms`
}

/** Of one alone. */
export const told: Told = toDigits(3)

/** A nanosecond of a year has no more. */
const mostDigits = 16

/** In three digits; in more where two different ones among all of them would look equal. */
export const toldAmong = (all: Iterable<number>): Told => {
  const times = new Set(all)
  let digits = 3
  while (digits < mostDigits && new Set(Array.from(times, toDigits(digits))).size < times.size) digits++
  return toDigits(digits)
}
