/** Checks what insight is given, for callers without types. */
import * as Predicate from "effect/Predicate"
import * as check from "../internal/host/check.ts"

const isLoop = (value: unknown): boolean => Predicate.hasProperty(value, "tasks") && Array.isArray(value.tasks)

const isTimeline = (value: unknown): boolean => isLoop(value) && Predicate.hasProperty(value, "wakes")

const loops = check.kind(
  (value) => Array.isArray(value) && value.every(isLoop),
  "an array of loops, as currentLoop gives them"
)
const timeline = check.kind(isTimeline, "a Timeline of record or recorder")

export const checkLoops = (call: string, value: unknown): void => loops(call, "the argument", value)
export const checkTimeline = (call: string, value: unknown): void => timeline(call, "the argument", value)
