/** The files of the suite: the Python programs, the traces that CPython printed for them, the translations. */
import { readdirSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import type { Group, Scenario } from "./scenario.ts"

/** `[seconds, text]`. */
export type Line = readonly [time: number, text: string]

/** What one program did. */
export interface Recording {
  readonly outcome: string
  /** The clock when main ended. */
  readonly end: number
  readonly trace: ReadonlyArray<Line>
}

/** What CPython did, with the program's own sentence; what an older Python did, where that is known to differ. */
export interface Trace extends Recording {
  readonly doc: string
  readonly "cpython_3.11.7"?: { readonly outcome: string; readonly trace: ReadonlyArray<Line> }
}

/** One file of `traces/`. */
export interface TraceFile {
  readonly python: string
  readonly group: string
  readonly scenarios: Readonly<Record<string, Trace>>
}

/** A program, its trace and its translation; each of the latter two is undefined where it is missing. */
export interface Case {
  readonly name: string
  readonly group: string
  readonly source: string
  readonly trace: Trace | undefined
  readonly scenario: Scenario | undefined
}

const here = import.meta.dirname

const filesIn = (folder: string, extension: string): ReadonlyArray<string> =>
  readdirSync(join(here, folder))
    .filter((file) => file.endsWith(extension))
    .sort()
    .map((file) => join(here, folder, file))

const nameOf = (file: string): string => basename(file).replace(/\.\w+$/, "")

/** The source of every Python program, by name. */
export const readPrograms = (): ReadonlyMap<string, string> =>
  new Map(filesIn("python", ".py").map((file) => [nameOf(file), readFileSync(file, "utf8")]))

export const traceFileOf = (group: string): string => join(here, "traces", `${group}.json`)

/** Every file of traces, by group. */
export const readTraces = (): ReadonlyMap<string, TraceFile> =>
  new Map(filesIn("traces", ".json").map((file) => [nameOf(file), JSON.parse(readFileSync(file, "utf8"))]))

/** A program's name begins with that of its group. */
export const groupOf = (name: string, groups: Iterable<string>): string => {
  let found = ""
  for (const group of groups) {
    if (name.startsWith(`${group}_`) && group.length > found.length) found = group
  }
  return found === "" ? name.slice(0, name.indexOf("_")) : found
}

/** Everything there is to compare, and the entries of group files that have no program. */
export const readCases = async (): Promise<
  { readonly cases: ReadonlyArray<Case>; readonly strays: ReadonlyArray<string> }
> => {
  const traces = readTraces()
  const translations = new Map<string, { readonly group: string; readonly scenario: Scenario }>()
  const strays: Array<string> = []
  const programs = readPrograms()
  for (const file of filesIn("groups", ".ts")) {
    const group = nameOf(file)
    const { default: scenarios } = await import(file) as { readonly default: Group }
    for (const [name, scenario] of Object.entries(scenarios)) {
      if (programs.has(name) && groupOf(name, traces.keys()) === group) translations.set(name, { group, scenario })
      else strays.push(`groups/${group}.ts: ${name}`)
    }
  }
  const cases = Array.from(programs, ([name, source]): Case => {
    const group = groupOf(name, traces.keys())
    return {
      name,
      group,
      source,
      trace: traces.get(group)?.scenarios[name],
      scenario: translations.get(name)?.scenario
    }
  })
  return { cases, strays }
}
