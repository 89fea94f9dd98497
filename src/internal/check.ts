/**
 * Arguments that no type can check. What is wrong dies with `IllegalArgumentError`, which names the call, the value and
 * what was expected; inside an effect, throwing it is a defect.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import { format } from "./printing.ts"

export const illegal = (call: string, what: string, value: unknown, expected: string): never => {
  throw new Cause.IllegalArgumentError(`${call}: ${what} is ${format(value)}, expected ${expected}`)
}

const aDuration = "a Duration or what makes one (a number of milliseconds, \"3 seconds\" …), not NaN"

/** A duration in nanoseconds. Effect reads NaN as zero; asyncio refuses it, and so do we. */
export const nanos = (call: string, input: Duration.Input): number => {
  if (typeof input === "number") {
    return Number.isNaN(input) ? illegal(call, "the duration", input, aDuration) : Math.round(input * 1e6)
  }
  const duration = Duration.fromInput(input)
  if (duration._tag === "None" || hasNaN(input)) return illegal(call, "the duration", input, aDuration)
  return Math.round(Duration.toMillis(duration.value) * 1e6)
}

const hasNaN = (input: Duration.Input): boolean =>
  typeof input === "object" && !Duration.isDuration(input) &&
  Object.values(input).some((part) => typeof part === "number" && Number.isNaN(part))

/** A time of the loop's clock. */
export const seconds = (call: string, when: number): void => {
  if (typeof when !== "number" || Number.isNaN(when)) illegal(call, "the time", when, "seconds of the loop's clock")
}

export const wholeNumber = (call: string, what: string, value: number, least: number): void => {
  if (!Number.isInteger(value) || value < least) illegal(call, what, value, `a whole number from ${least} on`)
}

/** A queue's bound: asyncio takes 0 and negative numbers for none. */
export const maxsize = (call: string, value: number = 0): number =>
  Number.isInteger(value) || value === Infinity ? value : illegal(call, "maxsize", value, "a whole number")
