/**
 * `npm run bench`: this library beside raw Effect, promises and their libraries, Effection, asyncio and uvloop.
 *
 * Every figure comes from several processes, each of which measures one variant of one workload at one n. A first round
 * goes from small n to large, and leaves out what would take too long; then all the rest is measured again and again, in
 * random order, until figures agree or time is up. What is to be compared is so measured at the same times on the same
 * machine: look at ratios, not at times.
 *
 * A run of everything writes RESULTS.md, and the table in docs/costs.md.
 *
 * - `--only NAME`: the workloads whose names begin so; several times, or with commas
 * - `--variants A,B`: these variants, and raw Effect
 * - `--against REV`: also the library as it was at that commit, as `effect-asyncio@REV`
 * - `--quick`: n = 1e4 alone, few rounds, in less than three minutes
 * - `--cpu`: processor time everywhere, for a machine that is busy with other things
 * - `--minutes N`: how long to go on
 * - `--json FILE`: every sample
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { writePart } from "../scripts/workshop.ts"
import { buildLibrary, buildLibraryAt, findPython, installPeers, pythonProgram, versions } from "./prepare.ts"
import { type Cell, longTables, type Named, Results, shortTable } from "./report.ts"
import { loadRow, rowsOf } from "./rows.ts"
import { measure, type Process } from "./schedule.ts"

const here = import.meta.dirname

const { values: options } = parseArgs({
  options: {
    against: { type: "string" },
    cpu: { type: "boolean", default: false },
    json: { type: "string" },
    minutes: { type: "string" },
    only: { type: "string", multiple: true, default: [] },
    quick: { type: "boolean", default: false },
    variants: { type: "string", multiple: true, default: [] }
  }
})
const listed = (values: ReadonlyArray<string>): Array<string> => values.flatMap((value) => value.split(","))
const only = listed(options.only)
const wanted = listed(options.variants)
const isWhole = !options.quick && only.length === 0 && wanted.length === 0 && options.against === undefined &&
  !options.cpu

const names = rowsOf(only)

const missing = installPeers()
const python = findPython()
const libraries: Record<string, string> = { "effect-asyncio": await buildLibrary() }
if (options.against !== undefined) {
  libraries[`effect-asyncio@${options.against}`] = await buildLibraryAt(options.against)
}
const pythonLoops = python === undefined ? [] : python.uvloop === undefined ? ["asyncio"] : ["asyncio", "uvloop"]

const workloads = await Promise.all(
  names.map(async (name): Promise<Named> => {
    const workload = await loadRow(name)
    const measure = options.cpu && workload.measure === "wall" ? "cpu" : workload.measure
    return { name, workload: { ...workload, measure } }
  })
)
const allSizes = options.quick ? [1e4] : [1e3, 1e4, 1e5]
const cells = workloads.flatMap(({ name, workload }) => {
  const variants = [
    ...Object.keys(libraries),
    ...Object.keys(workload.variants),
    ...workload.python === false ? [] : pythonLoops
  ]
    .filter((variant) => !missing.includes(variant))
  const sizes = (workload.sizes ?? allSizes).filter((n) => !options.quick || n <= 1e4)
  return Array.from(new Set(variants))
    .filter((variant) => wanted.length === 0 || variant === "effect" || wanted.includes(variant.split("@")[0]!))
    .flatMap((variant) => sizes.map((n): Cell => ({ workload: name, variant, n, samples: [], skipped: undefined })))
})

const [warm, budget] = options.quick ? ["200", "150"] : ["400", "400"]

const processOf = ({ n, variant, workload }: Cell): Process => {
  const args = [String(n), warm, budget]
  if (pythonLoops.includes(variant)) {
    return { command: python!.executable, args: [pythonProgram, variant, workload, ...args], env: {} }
  }
  const library = libraries[variant]
  const program = library === undefined ? variant : "effect-asyncio"
  return {
    command: process.execPath,
    args: ["--expose-gc", join(here, "worker.ts"), workload, program, ...args],
    env: { BENCH_LIBRARY: library ?? libraries["effect-asyncio"] }
  }
}

const results = new Results(workloads, cells)

await measure(cells, {
  isMain: (cell) => cell.n === results.mainSize(cell.workload),
  named: (cell) => workloads.find(({ name }) => name === cell.workload)!,
  processOf,
  time: 60_000 * Number(options.minutes ?? (options.quick ? 2.7 : 19)),
  longest: options.quick ? 4000 : 10_000
})

const date = new Date().toISOString().slice(0, 10)
const about = versions(python)
const shown = shortTable(results, { reach: true })
console.log(`${date}, ${describe(about)}\n\n${shown}\n${results.interference()}`)
if (!isWhole) console.log(`\n${longTables(results)}`)

if (options.json !== undefined) {
  writeFileSync(options.json, `${JSON.stringify({ date, versions: about, cells }, undefined, 1)}\n`)
}
if (isWhole && cells.some(({ skipped }) => skipped === "no time")) {
  console.error("bench: there was no time for all of it, so nothing is written; try --minutes 40")
} else if (isWhole) {
  writeFileSync(join(here, "RESULTS.md"), resultsPage())
  writePart(
    "docs/costs.md",
    "bench",
    `${shortTable(results, { reach: false })}\n\nMeasured ${date}: ${describe(about)}.`
  )
}

function describe(about: Record<string, string>): string {
  return Object.entries(about).map(([name, version]) => `${name} ${version}`).join(", ")
}

function resultsPage(): string {
  return `# Results

Written by \`npm run bench\`, ${date}. ${describe(about)}.

What raw Effect 4 takes, and how many times as long the others take: less than 1 is faster. At n = 1e4 where nothing
else is said; \`reach\` is what we want, and whether we have it. Times are of this machine on this day, ratios travel
better.

${shown}

${results.interference()}

## In full

Medians over processes, with (min..max; how many processes). The exponent is that of the growth of a whole run with n: 1
is linear. B/item are bytes of garbage and kept memory allocated an item, at the largest n. Left out is what one run would
take too long for.

${longTables(results)}
`
}
