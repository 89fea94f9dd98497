/** Runs programs on both sides and compares what they log. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { type LoopName, record } from "../conformance/harness.ts"
import { loadPython } from "../conformance/python.ts"
import type { Line } from "../conformance/suite.ts"
import { interpret } from "./interpret.ts"
import { horizon, type Program, resources } from "./program.ts"

/** What CPython does with a program. */
export interface Recorded {
  readonly trace: ReadonlyArray<Line>
  /** How many lines can be compared, where it is not all. */
  readonly cut?: number
}

/** Random programs, and what a CPython did with them: `npm run fuzz -- --record test/fuzz/corpus.json`. */
export interface Corpus {
  readonly python: string
  readonly entries: ReadonlyArray<Recorded & { readonly program: Program }>
}

export const readCorpus = (): Corpus => JSON.parse(readFileSync(join(import.meta.dirname, "corpus.json"), "utf8"))

/** CPython, with the interpreter loaded. */
export interface Python {
  readonly version: string
  readonly run: (programs: ReadonlyArray<Program>) => ReadonlyArray<Recorded>
}

export const makePython = async (command: string | undefined): Promise<Python> => {
  const { call, version } = await loadPython(command, ["virtual_loop.py", "../fuzz/python.py"])
  const run = (programs: ReadonlyArray<Program>) =>
    JSON.parse(call("python", "run_json", [JSON.stringify(programs), JSON.stringify(resources), String(horizon)]))
  return { version, run }
}

/** What we do with it. */
export const ours = async (program: Program, loop: LoopName): Promise<ReadonlyArray<Line>> => {
  const { outcome, trace } = await record(interpret(program), loop)
  return outcome === "ok" ? trace : [...trace, [NaN, outcome]]
}

/** The first line that differs. */
export const firstDifference = ({ cut, trace }: Recorded, lines: ReadonlyArray<Line>): number | undefined => {
  const length = cut ?? Math.max(trace.length, lines.length)
  for (let i = 0; i < length; i++) {
    if (trace[i]?.[0] !== lines[i]?.[0] || trace[i]?.[1] !== lines[i]?.[1]) return i
  }
  return undefined
}
