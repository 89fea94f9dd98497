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
 * - `--against REV`: the library beside itself as it was at that commit, and raw Effect, at n = 1e4, by processor time. The three
 *   run one after the other, round by round, so that what else the machine does hits them alike
 * - `--scale`: n from 1e3 to 1e6, others up to 1e5, into the picture and the table of docs/costs.md; fails where an item of ours
 *   costs more as n grows than 4 times, and than raw Effect's in the same run
 * - `--sizes A,B`: these n
 * - `--quick`: n = 1e4 alone, few rounds, in less than three minutes
 * - `--spread N`: N such runs of this library and raw Effect, one after the other; their spread goes into RESULTS.md. Five take 15
 *   minutes
 * - `--cpu`: processor time everywhere, for a machine that is busy with other things
 * - `--minutes N`: how long to go on
 * - `--json FILE`: every sample
 * - `--from FILE`: goes on with the samples in that file, which a run that had no time for all has written
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { root, writePart } from "../scripts/workshop.ts"
import { buildLibrary, buildLibraryAt, findPython, installPeers, pythonProgram, versions } from "./prepare.ts"
import { type Cell, longTables, type Named, pairedTable, Results, shortTable, spreadTable } from "./report.ts"
import { loadRow, rowsOf } from "./rows.ts"
import { growths, growthTable, largestOfPeers, pictureTitle, scalePicture, scaleSizes } from "./scale.ts"
import { measure, noTime, type Process } from "./schedule.ts"
import type { Workload } from "./workload.ts"

const here = import.meta.dirname

const { values: options } = parseArgs({
  options: {
    against: { type: "string" },
    cpu: { type: "boolean", default: false },
    from: { type: "string" },
    json: { type: "string" },
    minutes: { type: "string" },
    only: { type: "string", multiple: true, default: [] },
    quick: { type: "boolean", default: false },
    scale: { type: "boolean", default: false },
    sizes: { type: "string", multiple: true, default: [] },
    spread: { type: "string" },
    variants: { type: "string", multiple: true, default: [] }
  }
})
const listed = (values: ReadonlyArray<string>): Array<string> => values.flatMap((value) => value.split(","))
const only = listed(options.only)
const sizes = listed(options.sizes).map(Number)
const against = options.against === undefined ? undefined : `effect-asyncio@${options.against}`
const spread = options.spread === undefined ? undefined : Number(options.spread)
const isQuick = options.quick || spread !== undefined
/** What is compared beside raw Effect; without any, all. */
const wanted = against !== undefined
  ? ["effect-asyncio"]
  : spread !== undefined
  ? ["effect-asyncio", "without creation sites", "p-map"]
  : listed(options.variants)
/** Whether pages are written. */
const isAll = only.length === 0 && options.variants.length === 0 && sizes.length === 0 && !options.cpu
const isWhole = isAll && !isQuick && !options.scale && against === undefined

const names = rowsOf(only)

const missing = installPeers()
const python = findPython()
const libraries: Record<string, string> = { "effect-asyncio": await buildLibrary() }
if (against !== undefined) libraries[against] = await buildLibraryAt(options.against!)
const pythonLoops = python === undefined ? [] : python.uvloop === undefined ? ["asyncio"] : ["asyncio", "uvloop"]

const loaded = await Promise.all(
  names.map(async (name): Promise<Named> => {
    const workload = await loadRow(name)
    const measure = (options.cpu || options.scale || against !== undefined) && workload.measure === "wall"
      ? "cpu"
      : workload.measure
    return { name, workload: { ...workload, measure } }
  })
)
const workloads = options.scale ? loaded.filter(({ workload }) => workload.sizes?.length !== 1) : loaded

const isRough = isQuick || against !== undefined
const chosen = sizes.length > 0 ? sizes : options.scale ? scaleSizes : isRough ? [1e4] : [1e3, 1e4, 1e5]
/** Those of a workload that has one of its own stay. */
const sizesOf = ({ sizes: own = chosen }: Workload, variant: string): ReadonlyArray<number> => {
  if (options.scale) {
    const largest = variant === "effect-asyncio" || variant === "effect" ? Infinity : largestOfPeers
    return chosen.filter((n) => n <= largest)
  }
  return own.length === 1 ? own : sizes.length > 0 ? sizes : own.filter((n) => !isRough || n <= 1e4)
}

/** By an earlier run. */
const before: ReadonlyArray<Cell> = options.from === undefined
  ? []
  : JSON.parse(readFileSync(options.from, "utf8")).cells

const makeCell = (workload: string, variant: string, n: number): Cell => {
  const same = before.find((cell) => cell.workload === workload && cell.variant === variant && cell.n === n)
  const skipped = same?.skipped === noTime ? undefined : same?.skipped
  return { workload, variant, n, samples: same?.samples ?? [], skipped }
}

const makeCells = (): ReadonlyArray<Cell> =>
  workloads.flatMap(({ name, workload }) => {
    const variants = [
      ...Object.keys(libraries),
      ...Object.keys(workload.variants),
      ...workload.python === false ? [] : pythonLoops
    ]
      .filter((variant) => !missing.includes(variant))
    return Array.from(new Set(variants))
      .filter((variant) => wanted.length === 0 || variant === "effect" || wanted.includes(variant.split("@")[0]!))
      .flatMap((variant) => sizesOf(workload, variant).map((n) => makeCell(name, variant, n)))
  })

const [warm, budget] = isQuick || options.scale ? ["200", "150"] : ["400", "400"]

const processOf = ({ n, variant, workload }: Cell): Process => {
  const args = [String(n), warm, budget]
  if (pythonLoops.includes(variant)) {
    return { command: python!.executable, args: [pythonProgram, variant, workload, ...args], env: {} }
  }
  const library = libraries[variant]
  const program = library === undefined ? variant : "effect-asyncio"
  return {
    command: process.execPath,
    // A million tasks are more than Node's default.
    args: ["--expose-gc", "--max-old-space-size=12000", join(here, "worker.ts"), workload, program, ...args],
    env: { BENCH_LIBRARY: library ?? libraries["effect-asyncio"] }
  }
}

const date = new Date().toISOString().slice(0, 10)
const about = versions(python)

/** Of all runs. */
const all: Array<Cell> = []

const runAll = async (): Promise<Results> => {
  const results = new Results(workloads, makeCells())
  await measure(results.cells, {
    isMain: (cell) => cell.n === results.mainSize(cell.workload),
    named: (cell) => workloads.find(({ name }) => name === cell.workload)!,
    processOf,
    time: 60_000 * Number(options.minutes ?? (isQuick ? 2.7 : 30)),
    longest: isQuick ? 4000 : options.scale ? 40_000 : 10_000,
    untilTheyAgree: against === undefined
  })
  all.push(...results.cells)
  if (options.json !== undefined) {
    writeFileSync(options.json, `${JSON.stringify({ date, versions: about, cells: all }, undefined, 1)}\n`)
  }
  return results
}

const measured = `Measured ${date}: ${describe(about)}.`

if (spread !== undefined) {
  const runs: Array<Results> = []
  while (runs.length < spread) runs.push(await runAll())
  const shown = spreadTable(runs)
  console.log(`${shown}\n\n${measured}`)
  if (isAll) writePart("bench/RESULTS.md", "spread", `${shown}\n\n${measured}`)
} else if (options.scale) {
  const results = await runAll()
  const shown = growthTable(results)
  console.log(`${shown}\n\n${measured}`)
  const picture = await scalePicture(results)
  if (!isAll) writeFileSync(join(here, "dist", "scale.svg"), picture)
  else if (hadTime(results)) {
    writeFileSync(join(root, "docs", "scale.svg"), picture)
    writePart("docs/costs.md", "scale", `![${pictureTitle}](scale.svg)\n\n${shown}\n\n${measured}`)
  }
  if (growths(results).some(({ verdict }) => verdict !== "")) process.exitCode = 1
} else if (against !== undefined) {
  const results = await runAll()
  console.log(`${pairedTable(results, against)}\n\n${measured}`)
} else {
  const results = await runAll()
  console.log(`${shortTable(results, { reach: true })}\n${results.interference()}\n\n${measured}`)
  if (!isWhole) console.log(`\n${longTables(results)}`)
  if (isWhole && hadTime(results)) {
    writeFileSync(join(here, "RESULTS.md"), resultsPage(results))
    writePart("docs/costs.md", "bench", `${shortTable(results, { reach: false })}\n\n${measured}`)
  }
}

/** What is not measured is not written down. */
function hadTime({ cells }: Results): boolean {
  const had = cells.every(({ skipped }) => skipped !== noTime)
  if (!had) console.error("bench: there was no time for all of it, so nothing is written; try --minutes 40")
  return had
}

function describe(about: Record<string, string>): string {
  return Object.entries(about).map(([name, version]) => `${name} ${version}`).join(", ")
}

function resultsPage(results: Results): string {
  return `# Results

Written by \`npm run bench\`, ${date}. ${describe(about)}.

What raw Effect 4 takes, and how many times as long the others take: less than 1 is faster. At n = 1e4 where nothing
else is said; \`reach\` is what we want, and whether we have it. Times are of this machine on this day, ratios travel
better.

${shortTable(results, { reach: true })}

${results.interference()}

## Five quick runs

Ratios to raw Effect (milliseconds above it, for the import) in runs of \`npm run bench -- --spread 5\`: how far a mark is to be
believed. Less is better.

<!-- spread -->
Not measured since.
<!-- /spread -->

## In full

Medians over processes, with (min..max; how many processes). The exponent is that of the growth of a whole run with n: 1
is linear. B/item are bytes of garbage and kept memory allocated an item, at the largest n. Left out is what one run would
take too long for.

${longTables(results)}
`
}
