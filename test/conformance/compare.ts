/** What has to hold for a case, on every loop it can run on; and how it is listed. */
import { loopsOf, record } from "./harness.ts"
import type { Scenario, Untranslated } from "./scenario.ts"
import type { Case, Recording } from "./suite.ts"

/** One thing that has to hold; `run` throws what is wrong. */
export interface Check {
  readonly title: string
  readonly run: () => Promise<void>
}

export const isUntranslated = (scenario: Scenario): scenario is Untranslated =>
  typeof scenario !== "function" && "status" in scenario

/** Everything that has to hold for a case. */
export const checksOf = (self: Case): ReadonlyArray<Check> => {
  const { name, scenario, source, trace } = self
  if (scenario === undefined) return [{ title: name, run: fail(`${name}.py is in no group file`) }]
  if (trace === undefined) {
    return [{ title: name, run: fail(`${name}.py has no trace: run npm run conformance:record -- --write`) }]
  }
  if (!isUntranslated(scenario)) {
    return loopsOf(source).map((loop) => ({
      title: `${name}, ${loop}`,
      run: async () => {
        const recording = await record(scenario, loop)
        // Where the harness moves the clock in steps between the runs of a synchronous main, its end is not exact.
        const hasEnd = typeof scenario === "function" || loop === "virtual"
        compare(["CPython", linesOf(trace, hasEnd)], [`here, ${loop}`, linesOf(recording, hasEnd)])
      }
    }))
  }
  const { instead } = scenario
  if (instead === undefined) return []
  const listed = { outcome: "ok", end: 0, trace: instead.trace }
  return [
    ...loopsOf(source).map((loop) => ({
      title: `${name}, ${loop}, deliberately different`,
      run: async () => {
        const recording = await record(instead.main, loop)
        compare(["instead", linesOf(listed, false)], [`here, ${loop}`, linesOf(recording, false)])
      }
    })),
    {
      title: `${name} is a difference`,
      run: JSON.stringify(trace.trace) === JSON.stringify(instead.trace) ? fail(`${name} has become equal`) : pass
    }
  ]
}

export type Status = "equal" | Untranslated["status"] | "missing" | "unequal"

/** The verdict on a case, over all its loops. */
export const judge = async (
  self: Case
): Promise<{ readonly status: Status; readonly problems: ReadonlyArray<string> }> => {
  const problems: Array<string> = []
  for (const { run, title } of checksOf(self)) {
    try {
      await run()
    } catch (error) {
      problems.push(`${title}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  const { scenario } = self
  if (scenario === undefined) return { status: "missing", problems }
  if (isUntranslated(scenario)) return { status: scenario.status, problems }
  return { status: problems.length === 0 ? "equal" : "unequal", problems }
}

const pass = async (): Promise<void> => {}

const fail = (message: string) => async (): Promise<void> => {
  throw new Error(message)
}

const linesOf = ({ end, outcome, trace }: Recording, hasEnd: boolean): ReadonlyArray<string> => [
  ...trace.map(([time, text]) => `${time} ${text}`),
  hasEnd ? `${outcome} at ${end}` : outcome
]

/** Throws both sides, side by side, if they differ; the lines that do are marked. */
const compare = (
  [leftTitle, left]: readonly [string, ReadonlyArray<string>],
  [rightTitle, right]: readonly [string, ReadonlyArray<string>]
): void => {
  if (left.join("\n") === right.join("\n")) return
  const width = Math.max(leftTitle.length, ...left.map((line) => line.length))
  const row = (a = "", b = "", mark = " ") => `${mark} ${a.padEnd(width)} | ${b}`
  const rows = [row(leftTitle, rightTitle)]
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    rows.push(row(left[index], right[index], left[index] === right[index] ? " " : "!"))
  }
  throw new Error(`\n${rows.join("\n")}\n`)
}
