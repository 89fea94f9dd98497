/**
 * One process: measures one variant of one workload at one n, and prints the sample as JSON.
 *
 * `worker.ts WORKLOAD VARIANT N WARM_MS BUDGET_MS`
 */
import { HeapSampler, type Sample, TimeSampler } from "./sampler.ts"
import type { Workload } from "./workload.ts"

const [name, variant, size, warm, budget] = process.argv.slice(2) as [string, string, string, string, string]
const n = Number(size)

const report = (sample: Sample): never => {
  console.log(JSON.stringify(sample))
  // Tasks may be asleep.
  process.exit()
}

const { workload } = await import(`./workloads/${name}.ts`) as { readonly workload: Workload }
const start = performance.now()
const cpu = process.cpuUsage()
const run = await workload.variants[variant]!()
const loaded = performance.now() - start

if (workload.measure === "import") {
  const { system, user } = process.cpuUsage(cpu)
  report({ runs: 1, items: 1, wall: loaded * 1e6, cpu: (user + system) * 1e3, bytes: undefined })
} else if (workload.measure === "heap") {
  await run(new HeapSampler(n, report))
} else {
  const itemsOf = (n: number) => workload.items?.(n, variant) ?? n
  const sampler = new TimeSampler(n, itemsOf, Number(warm), Number(budget))
  await run(sampler)
  report(sampler.sample)
}
