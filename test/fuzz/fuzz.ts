/**
 * Runs random programs on CPython's asyncio and on this library, or in plain Effect and with this library's counterparts,
 * and shows where they differ. CPython is the newest that is here: an installed `python3.15` or `python3.14`, else npm's
 * `pyodide`.
 *
 *     npm run fuzz                                   1000 programs on CPython, other ones every time
 *     npm run fuzz -- --effect                       10000 programs in plain Effect
 *     npm run fuzz -- --seed 1 --count 5000          those of the seeds 1 to 5000
 *     npm run fuzz -- --kinds 3                      stops after so many kinds of differences (default 10)
 *     npm run fuzz -- --show program.json            what both do with one program
 *     npm run fuzz -- --recorded                     while a recorder listens
 *     npm run fuzz -- --loop live                    on another of our loops: virtual, TestClock or live
 *     npm run fuzz -- --python pyodide               on another CPython: pyodide's has no `TaskGroup.cancel` yet
 *     npm run fuzz -- --record corpus.json           writes the programs, and what CPython does with them; those that
 *                                                    were added by hand, in found.json, come first
 *
 * What differs is made smaller while it differs, and printed once for each kind.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { type LoopName, loopNames } from "../conformance/harness.ts"
import type { Line } from "../conformance/suite.ts"
import { recordAll } from "../support/recordAll.ts"
import { run, type Suite } from "./campaign.ts"
import { firstDifference, makePython, ours, type Python } from "./differ.ts"
import { suite as effectSuite } from "./effect/suite.ts"
import { generate, type Program, smaller } from "./program.ts"

/** Programs that once showed a difference, as small as they got. */
const found: ReadonlyArray<Program> = JSON.parse(readFileSync(join(import.meta.dirname, "found.json"), "utf8"))

const showLines = (lines: ReadonlyArray<Line>, mark: number | undefined): string =>
  lines.map(([time, text], i) => `  ${i === mark ? ">" : " "} ${time} ${text}`).join("\n")

const pythonSuite = (python: Python, loop: LoopName): Suite<Program> => ({
  generate,
  smaller,
  judge: async (programs) => {
    const verdicts = []
    for (const [i, recorded] of python.run(programs).entries()) {
      verdicts.push({
        differs: firstDifference(recorded, await ours(programs[i]!, loop)) !== undefined,
        remark: recorded.cut === undefined ? undefined : "compared in part"
      })
    }
    return verdicts
  },
  show: async (program) => {
    const recorded = python.run([program])[0]!
    const lines = await ours(program, loop)
    const mark = firstDifference(recorded, lines)
    console.log(JSON.stringify(program))
    console.log(
      `  CPython ${python.version}${recorded.cut === undefined ? "" : ` (compared up to line ${recorded.cut})`}:`
    )
    console.log(showLines(recorded.trace, mark))
    console.log(mark === undefined ? "  ours: the same" : `  ours:\n${showLines(lines, mark)}`)
  }
})

const record = (file: string, python: Python, first: number, count: number): void => {
  const programs = [...found, ...Array.from({ length: count }, (_, i) => generate(first + i))]
  const entries = python.run(programs).map(({ cut, trace }, i) =>
    cut === undefined ? { program: programs[i]!, trace } : { program: programs[i]!, cut, trace: trace.slice(0, cut) }
  )
  const lines = entries.map((entry) => JSON.stringify(entry)).join(",\n")
  writeFileSync(file, `{"python": ${JSON.stringify(python.version)}, "entries": [\n${lines}\n]}\n`)
}

const { values } = parseArgs({
  options: {
    effect: { type: "boolean", default: false },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e9)) },
    count: { type: "string" },
    loop: { type: "string", default: "virtual" },
    python: { type: "string" },
    recorded: { type: "boolean", default: false },
    show: { type: "string" },
    record: { type: "string" },
    kinds: { type: "string", default: "10" }
  }
})
if (values.recorded) recordAll()
const loop = loopNames.find((name) => name === values.loop)
if (loop === undefined) throw new Error(`--loop is one of ${loopNames.join(", ")}`)

const fuzz = async <Program>(suite: Suite<Program>): Promise<void> => {
  if (values.show !== undefined) return suite.show(JSON.parse(readFileSync(values.show, "utf8")))
  const options = { seed: Number(values.seed), count, kinds: Number(values.kinds) }
  if (await run(suite, options) > 0) process.exitCode = 1
}

const count = Number(values.count ?? (values.effect ? 10_000 : 1000))
if (values.effect) {
  Error.stackTraceLimit = 0 // creation sites cost a tenth of the time
  await fuzz(effectSuite)
} else {
  const python = await makePython(values.python)
  console.log(`CPython ${python.version}`)
  if (values.record !== undefined) record(values.record, python, Number(values.seed), count)
  else await fuzz(pythonSuite(python, loop))
}
