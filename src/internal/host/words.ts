/** Words that several prints have in common. */
import * as Cause from "effect/Cause"
import type * as Exit from "effect/Exit"
import { format, oneLine, type Words } from "./printing.ts"

/** A number, left out if it is 0. */
export const counted = (what: string, count: number): string | undefined => count === 0 ? undefined : `${what}=${count}`

/** "1 tick", "2 ticks". */
export const numbered = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`

/** How a future ended. Where it comes from matters only if it failed, or still runs. */
export const describeExit = (exit: Exit.Exit<unknown, unknown>, created?: Created): Words => {
  if (exit._tag === "Success") return ["finished", `result=${format(exit.value)}`]
  return Cause.hasInterruptsOnly(exit.cause)
    ? ["cancelled", placeOf(created)]
    : ["finished", `exception=${format(Cause.squash(exit.cause))}`, placeOf(created)]
}

interface Created {
  readonly createdAt: string | undefined
}

export const placeOf = (created: Created | undefined): string | undefined => {
  const place = created?.createdAt
  return place === undefined ? undefined : `created at ${oneLine(place)}`
}

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** The longest first, with the least count of each that is shown. */
const units: ReadonlyArray<readonly [unit: number, name: string, least: number]> = [
  [day, "d", 2 * day],
  [hour, "h", hour],
  [minute, "min", 2 * minute]
]

/** Milliseconds: `0`, `20 µs`, `250 ms`, `1.5 s`, `10 min`, `1.5 h`, and `59 min 59 s` if it is less round. */
export const timeInWords = (millis: number): string => {
  if (millis === 0 || millis === Infinity) return String(millis)
  if (millis < 0) return `-${timeInWords(-millis)}`
  if (millis < 1) return times(millis * 1000, "µs")
  if (millis < second) return times(millis, "ms")
  if (millis < 2 * minute) return times(millis / second, "s")
  let rest = Math.round(millis)
  const round = units.find(([unit, , least]) => rest >= least && (rest * 10) % unit === 0)
  if (round !== undefined) return times(rest / round[0], round[1])
  const parts: Array<string> = []
  for (const [unit, name] of [...units, [second, "s"] as const]) {
    // Anything below a second is a fraction of the seconds.
    const count = unit === second ? rest / second : Math.floor(rest / unit)
    if (count > 0) parts.push(times(count, name))
    rest %= unit
  }
  return parts.join(" ")
}

const times = (count: number, unit: string): string => `${Number(count.toPrecision(6))} ${unit}`

export const withArticle = (name: string): string => `${/^[AEIOU]/.test(name) ? "an" : "a"} ${name}`
