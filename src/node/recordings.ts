/** Recordings as files: a trace for Chrome's viewers, which contains the timeline that it was made from. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import type { Timeline } from "../insight/Timeline.ts"
import { toChrome } from "../insight/toChrome.ts"

// INVARIANT: how many this process has written.
let written = 0

/** Writes a timeline into the folder, and gives the file's path, relative if it is below the current folder. */
export const writeRecording = (directory: string, timeline: Timeline): string => {
  mkdirSync(directory, { recursive: true })
  const file = join(directory, `effect-asyncio-${process.pid}-${++written}.json`)
  writeFileSync(file, JSON.stringify(toChrome(timeline)))
  const near = relative(process.cwd(), file)
  return near.startsWith("..") ? file : near
}

/** The timeline in a file; throws if there is none. */
export const readRecording = (file: string): Timeline => {
  const read = parsed(readFileSync(file, "utf8"))
  const timeline = isRecord(read) && isRecord(read["otherData"]) ? read["otherData"]["timeline"] : read
  if (isTimeline(timeline)) return timeline
  throw new Error("it is not a recording: neither a Timeline nor the output of Insight.toChrome")
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

const isTimeline = (value: unknown): value is Timeline =>
  isRecord(value) && typeof value["from"] === "number" && typeof value["to"] === "number" &&
  Array.isArray(value["tasks"]) && value["tasks"].every((row) => isRecord(row) && Array.isArray(row["spans"])) &&
  Array.isArray(value["wakes"])
