/**
 * `node bench/paired.ts REV NAME…`: this library beside itself as it was at a commit, and raw Effect, on a busy machine.
 *
 * All take turns in one process, each a run of n = 1e4 (`--n N`), in random order: what else the machine does hits them alike.
 * A figure is the median of the ratios of processor time to raw Effect in the same round, with the quartiles.
 */
import { cpSync } from "node:fs"
import { parseArgs } from "node:util"
import { buildLibrary, buildLibraryAt } from "./prepare.ts"
import type { Sampler } from "./sampler.ts"
import type { Workload } from "./workload.ts"

const { positionals: [revision, ...names], values } = parseArgs({
  allowPositionals: true,
  options: { n: { type: "string", default: "1e4" }, seconds: { type: "string", default: "10" } }
})
if (revision === undefined || names.length === 0) throw new Error("usage: node bench/paired.ts REV NAME…")
const n = Number(values.n)

const index = await buildLibrary()
const copy = new URL("../copy/", index)
cpSync(new URL(".", index), copy, { recursive: true })
const libraries = {
  [revision]: await buildLibraryAt(revision),
  now: index,
  "now, a copy": new URL("index.js", copy).href
}

/** One run. */
class Once implements Sampler {
  private left = 1
  private began = process.cpuUsage()
  micros = 0
  begin(): number {
    this.began = process.cpuUsage()
    return this.left-- > 0 ? n : 0
  }
  end(): void {
    const { system, user } = process.cpuUsage(this.began)
    this.micros = user + system
  }
}

const quantile = (values: ReadonlyArray<number>, q: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * q)]!
const short = (value: number): string => value.toPrecision(2)

console.log(`| n = ${values.n} | raw Effect | ${Object.keys(libraries).join(" | ")} | rounds |`)
console.log(`| --- | --- |${" --- |".repeat(Object.keys(libraries).length + 1)}`)
for (const name of names) {
  const { workload } = await import(`./workloads/${name}.ts`) as { readonly workload: Workload }
  const runs = [await workload.variants["effect"]!()]
  for (const library of Object.values(libraries)) {
    process.env["BENCH_LIBRARY"] = library
    runs.push(await workload.variants["effect-asyncio"]!())
  }
  const taken = runs.map((): Array<number> => [])
  const end = performance.now() + 1000 * Number(values.seconds)
  for (let round = -20; round < 9 || performance.now() < end; round++) {
    for (const one of runs.map((_, one) => one).toSorted(() => Math.random() - 0.5)) {
      const sampler = new Once()
      await runs[one]!(sampler)
      if (round >= 0) taken[one]!.push(sampler.micros)
    }
  }
  const [raw, ...others] = taken
  const figures = others.map((micros) => {
    const ratios = micros.map((one, round) => one / raw![round]!)
    return `${short(quantile(ratios, 0.5))} (${short(quantile(ratios, 0.25))}..${short(quantile(ratios, 0.75))})`
  })
  console.log(
    `| ${workload.title} | ${Math.round(1000 * quantile(raw!, 0.5) / n)} ns | ${figures.join(" | ")} | ${raw!.length} |`
  )
}
