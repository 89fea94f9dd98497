/**
 * Runs random programs on CPython's asyncio (npm `pyodide`) and on this library, and shows where they differ.
 *
 *     npm run fuzz                                   1000 programs, other ones every time
 *     npm run fuzz -- --seed 1 --count 5000          those of the seeds 1 to 5000
 *     npm run fuzz -- --loop live                    on another of our loops: virtual, TestClock or live
 *     npm run fuzz -- --python python3.15            on a CPython of your own: pyodide's has no `TaskGroup.cancel` yet
 *     npm run fuzz -- --kinds 3                      stops after so many kinds of differences (default 10)
 *     npm run fuzz -- --show program.json            what both do with one program
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
import { firstDifference, makePython, ours, type Python, type Recorded } from "./differ.ts"
import { generate, type Program, smaller } from "./program.ts"

/** Programs that once showed a difference, as small as they got. */
const found: ReadonlyArray<Program> = JSON.parse(readFileSync(join(import.meta.dirname, "found.json"), "utf8"))

/** As many programs go to CPython at once. */
const batch = 50

const differs = async (program: Program, recorded: Recorded, loop: LoopName): Promise<boolean> =>
  firstDifference(recorded, await ours(program, loop)) !== undefined

/** The smallest program that still differs, one step at a time. */
const shrink = async (program: Program, python: Python, loop: LoopName): Promise<Program> => {
  let smallest = program
  search: while (true) {
    const candidates = smaller(smallest)
    for (let i = 0; i < candidates.length; i += batch) {
      const some = candidates.slice(i, i + batch)
      const recorded = python(some)
      for (const [j, candidate] of some.entries()) {
        if (await differs(candidate, recorded[j]!, loop)) {
          smallest = candidate
          continue search
        }
      }
    }
    return smallest
  }
}

const showLines = (lines: ReadonlyArray<Line>, mark: number | undefined): string =>
  lines.map(([time, text], i) => `  ${i === mark ? ">" : " "} ${time} ${text}`).join("\n")

const show = async (program: Program, python: Python, loop: LoopName): Promise<void> => {
  const recorded = python([program])[0]!
  const lines = await ours(program, loop)
  const mark = firstDifference(recorded, lines)
  console.log(JSON.stringify(program))
  console.log(`  CPython${recorded.cut === undefined ? "" : ` (compared up to line ${recorded.cut})`}:`)
  console.log(showLines(recorded.trace, mark))
  console.log(mark === undefined ? "  ours: the same" : `  ours:\n${showLines(lines, mark)}`)
}

/** Programs of the same operations are taken to show the same thing. */
const kindOf = (program: Program): string =>
  Array.from(new Set(JSON.stringify(program).match(/"(op|do|kind)":"\w+"|"eager":true/g)).values()).sort().join(" ")

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e9)) },
    count: { type: "string", default: "1000" },
    loop: { type: "string", default: "virtual" },
    python: { type: "string" },
    show: { type: "string" },
    record: { type: "string" },
    kinds: { type: "string", default: "10" }
  }
})
const loop = loopNames.find((name) => name === values.loop)
if (loop === undefined) throw new Error(`--loop is one of ${loopNames.join(", ")}`)

const python = await makePython(values.python)
const first = Number(values.seed)
const count = Number(values.count)

if (values.show !== undefined) await show(JSON.parse(readFileSync(values.show, "utf8")), python, loop)
else if (values.record !== undefined) {
  const programs = [...found, ...Array.from({ length: count }, (_, i) => generate(first + i))]
  const entries = python(programs).map(({ cut, trace }, i) =>
    cut === undefined ? { program: programs[i]!, trace } : { program: programs[i]!, cut, trace: trace.slice(0, cut) }
  )
  writeFileSync(values.record, `[\n${entries.map((entry) => JSON.stringify(entry)).join(",\n")}\n]\n`)
} else {
  const kinds = new Map<string, number>()
  let differing = 0
  let cut = 0
  for (let seed = first; seed < first + count && kinds.size < Number(values.kinds); seed += batch) {
    const programs = Array.from({ length: Math.min(batch, first + count - seed) }, (_, i) => generate(seed + i))
    const recorded = python(programs)
    for (const [i, program] of programs.entries()) {
      if (recorded[i]!.cut !== undefined) cut++
      if (!await differs(program, recorded[i]!, loop)) continue
      differing++
      const smallest = await shrink(program, python, loop)
      const kind = kindOf(smallest)
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
      if (kinds.get(kind) !== 1) continue
      console.log(`\nseed ${seed + i}:`)
      await show(smallest, python, loop)
    }
  }
  console.log(
    `\nseeds from ${first}: ${differing} programs differ, in ${kinds.size} ways; ${cut} were compared in part`
  )
  if (differing > 0) process.exitCode = 1
}
