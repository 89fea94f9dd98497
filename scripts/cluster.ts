/**
 * `npm run cluster`: what a cluster does while its processes die, on a real PostgreSQL, and what it costs: the tables of
 * docs/executors.md. Exit code 1 if a result is lost. A quarter of an hour; `npm run cluster -- NAME TIMES` is one of them:
 *
 * - `rough 20`: runs in which two of a runner, the caller and PostgreSQL die; half a minute each. `--seed 18`: that one alone,
 *   so many times.
 * - `takeover 3`: how long until a lost runner's jobs are done by the other one; four cases, half a minute each.
 * - `last 3`: the same of the only runner, after which another one starts; two cases, a minute each.
 * - `costs`: jobs a second, latency, CPU.
 *
 * `--write`: into the page. On a machine that does nothing else.
 */
import { loadavg } from "node:os"
import { parseArgs } from "node:util"
import { startPostgres } from "../examples/real/cluster/postgres.ts"
import { costs } from "../test/executors/cluster/costs.ts"
import { Processes } from "../test/executors/cluster/processes.ts"
import { last, rough, takeover } from "../test/executors/cluster/rough.ts"
import { table, writePart } from "./workshop.ts"

type Rows = Array<ReadonlyArray<string>>

// The folder goes as this process does, and its children with it.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1))

const { positionals: [only, times], values: { seed, write = false } } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: "string" }, write: { type: "boolean" } }
})

/** Of that many runs, in the order that they took. */
const secondsOf = async (run: () => Promise<number>): Promise<ReadonlyArray<string>> => {
  const seconds: Array<number> = []
  for (let i = 0; i < Number(times ?? 3); i++) seconds.push(await run())
  seconds.sort((a, b) => a - b)
  return [seconds[seconds.length >> 1]!.toFixed(1), `${seconds[0]!.toFixed(1)} to ${seconds.at(-1)!.toFixed(1)}`]
}

const parts: Readonly<Record<string, (processes: Processes) => Promise<ReadonlyArray<ReadonlyArray<string>>>>> = {
  rough: async (processes) => {
    const rows: Rows = [["seed", "what happens", "results", "starts", "started again", "seconds", "load"]]
    for (let run = 1; run <= Number(times ?? 20); run++) {
      const number = Number(seed ?? run)
      const { again, lost, seconds, starts, what } = await rough(processes, database, number)
      const load = loadavg()[0]!.toFixed(1)
      rows.push([
        String(number),
        what,
        lost === undefined ? "200" : "LOST",
        ...[starts, again].map(String),
        seconds.toFixed(1),
        load
      ])
      console.error(rows.at(-1)!.join(" | "))
      if (lost === undefined) continue
      process.exitCode = 1
      console.error(lost)
    }
    return rows
  },
  takeover: async (processes) => {
    const rows: Rows = [["signal", "the runner that dies", "seconds, median", "least to most"]]
    for (const signal of ["SIGKILL", "SIGTERM"] as const) {
      for (const [place, which] of [[0, "the one that checks the others"], [1, "the other one"]] as const) {
        rows.push([signal, which, ...await secondsOf(() => takeover(processes, place, signal))])
        console.error(rows.at(-1)!.join(" | "))
      }
    }
    return rows
  },
  last: async (processes) => {
    const rows: Rows = [["the only runner dies by SIGKILL, and one starts at once", "seconds, median", "least to most"]]
    for (const [same, where] of [[false, "at another address"], [true, "at the same address"]] as const) {
      rows.push([where, ...await secondsOf(() => last(processes, same))])
      console.error(rows.at(-1)!.join(" | "))
    }
    return rows
  },
  costs
}

const database = await startPostgres()
const processes = await Processes.make(database.url)
try {
  for (const [name, run] of Object.entries(parts)) {
    if (only !== undefined && only !== name) continue
    const text = table(await run(processes))
    console.log(text)
    if (write && process.exitCode === undefined) writePart("docs/executors.md", `cluster ${name}`, text)
  }
} finally {
  await processes.endAll()
  await database.close()
}
