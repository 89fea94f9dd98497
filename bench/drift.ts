/**
 * `node bench/drift.ts`, a part of `npm run verify`: what each workload takes in this library, counted and not timed, beside what
 * `drift.json` says. Fails where that is no longer so.
 *
 * - `--write`: writes it anew, for a change that is worth it, or that takes less
 * - `--only NAME`: the workloads whose names begin so; several times, or with commas
 *
 * Entries of the ready queue have to be the same. So were bytes in each of ten runs on a machine that was busy with other
 * things, from another folder too; the margin is for other machines.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { execute, makeFolder, table } from "../scripts/workshop.ts"
import type { Counts } from "./count.ts"
import { loadRow, rowsOf } from "./rows.ts"

/** Leave out what V8 does by time or in other threads, and make the young generation larger than what a run allocates. */
const flags = [
  "--no-opt",
  "--no-maglev",
  "--no-sparkplug",
  "--no-lazy-feedback-allocation",
  "--single-threaded",
  "--expose-gc",
  "--min-semi-space-size=64",
  "--max-semi-space-size=64"
]

/** Those of a workload that run on this library. */
const variants = ["effect-asyncio", "without creation sites"]

const margin = (bytes: number): number => 0.003 * bytes + 2

const { values } = parseArgs({
  allowPositionals: true,
  options: { only: { type: "string", multiple: true, default: [] }, write: { type: "boolean", default: false } }
})
const only = values.only.flatMap((names) => names.split(","))
const file = join(import.meta.dirname, "drift.json")

interface Row {
  readonly title: string
  readonly name: string
  readonly variant: string
}

const rows = (await Promise.all(
  rowsOf(only).map(async (name): Promise<ReadonlyArray<Row>> => {
    const workload = await loadRow(name)
    return workload.measure === "import" ? [] : variants.filter((variant) => variant in workload.variants)
      .map((variant) => ({ title: variant === "effect-asyncio" ? name : `${name}, ${variant}`, name, variant }))
  })
)).flat()

// Types are stripped from the sources once, not in each process.
const env = { NODE_COMPILE_CACHE: makeFolder() }

const count = async ({ name, title, variant }: Row): Promise<readonly [string, Counts]> => {
  const program = join(import.meta.dirname, "count.ts")
  const { ok, output, stdout } = await execute(process.execPath, [...flags, program, name, variant], { env })
  if (!ok) throw new Error(`drift: ${title} could not be counted\n${output}`)
  return [title, JSON.parse(stdout.trimEnd().split("\n").at(-1)!)]
}

const counted: Record<string, Counts> = {}
const waiting = rows.values()
await Promise.all(Array.from({ length: availableParallelism() }, async () => {
  for (const row of waiting) {
    const [title, counts] = await count(row)
    counted[title] = counts
  }
}))

interface Recorded {
  readonly node: string
  readonly rows: Readonly<Record<string, Counts>>
}

const recorded: Recorded = JSON.parse(readFileSync(file, "utf8"))

if (values.write) {
  const all = only.length === 0 ? counted : { ...recorded.rows, ...counted }
  const lines = Object.entries(all).toSorted(([a], [b]) => a < b ? -1 : 1).map(([title, { bytes, entries }]) =>
    `    ${JSON.stringify(title)}: { "entries": ${entries}, "bytes": ${bytes} }`
  )
  writeFileSync(file, `{\n  "node": "${process.versions.node}",\n  "rows": {\n${lines.join(",\n")}\n  }\n}\n`)
} else {
  compare()
}

function compare(): void {
  const titles = only.length === 0 ? Object.keys({ ...recorded.rows, ...counted }) : Object.keys(counted)
  const differences = titles.flatMap((title): ReadonlyArray<ReadonlyArray<string>> => {
    const [was, is] = [recorded.rows[title], counted[title]]
    if (was === undefined) return [[title, "the row", "not in drift.json", "a workload"]]
    if (is === undefined) return [[title, "the row", "in drift.json", "no workload"]]
    return [
      ...was.entries === is.entries ? [] : [[title, "entries an item", `${was.entries}`, `${is.entries}`]],
      ...Math.abs(is.bytes - was.bytes) <= margin(was.bytes)
        ? []
        : [[title, "bytes an item", `${was.bytes}`, `${is.bytes}`]]
    ]
  })
  if (differences.length === 0) {
    console.log(`drift: ${rows.length} rows take what bench/drift.json says`)
    return
  }
  console.error(`${table([["workload", "what", "was", "is"], ...differences])}

drift: bench/drift.json says otherwise (of Node ${recorded.node}, this is ${process.versions.node}).
Where that is meant: node bench/drift.ts --write, and commit the file.`)
  process.exitCode = 1
}
