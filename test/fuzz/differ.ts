/** Runs programs on both sides and compares what they log. */
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

/** CPython, with the interpreter loaded. */
export type Python = (programs: ReadonlyArray<Program>) => ReadonlyArray<Recorded>

export const makePython = async (command: string | undefined): Promise<Python> => {
  const run = await loadPython(command, ["virtual_loop.py", "../fuzz/python.py"])
  return (programs) =>
    JSON.parse(run("python", "run_json", [JSON.stringify(programs), JSON.stringify(resources), String(horizon)]))
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
