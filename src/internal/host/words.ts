/** The words that the prints of several things have in common. */
import * as Cause from "effect/Cause"
import type * as Exit from "effect/Exit"
import { format, oneLine, type Words } from "./printing.ts"

/** A number that is worth a word unless it is 0. */
export const counted = (what: string, count: number): string | undefined => count === 0 ? undefined : `${what}=${count}`

/** "1 tick", "2 ticks". */
export const numbered = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`

/** How a future ended. Where it comes from matters if it failed, and as long as it runs. */
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

export const withArticle = (name: string): string => `${/^[AEIOU]/.test(name) ? "an" : "a"} ${name}`
