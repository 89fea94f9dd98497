/**
 * `npm run cluster`: what a cluster does while its processes die, on a real PostgreSQL; prints the tables of
 * docs/executors.md. `npm run cluster -- rough 20`, `takeover 3` or `costs`: one of them. Exit code 1 if a result is lost.
 */
import { loadavg } from "node:os"
import { startPostgres } from "../examples/real/cluster/postgres.ts"
import { costs } from "../test/executors/cluster/costs.ts"
import { Processes } from "../test/executors/cluster/processes.ts"
import { rough, takeover } from "../test/executors/cluster/rough.ts"
import { table } from "./workshop.ts"

// The folder goes as this process does, and its children with it.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1))

const [part, times] = process.argv.slice(2)
const database = await startPostgres()
const processes = await Processes.make(database.url)
try {
  if (part === undefined || part === "takeover") {
    const rows: Array<ReadonlyArray<string>> = []
    for (const signal of ["SIGKILL", "SIGTERM"] as const) {
      for (const place of [0, 1] as const) {
        const seconds: Array<string> = []
        for (let i = 0; i < Number(times ?? 3); i++) seconds.push((await takeover(processes, place, signal)).toFixed(1))
        rows.push([signal, place === 0 ? "checks the others' health" : "does not", seconds.join(", ")])
      }
    }
    console.log(table([["signal", "the runner that dies", "seconds to the last of 200 results"], ...rows]))
  }
  if (part === undefined || part === "rough") {
    const rows: Array<ReadonlyArray<string>> = []
    for (let seed = 1; seed <= Number(times ?? 20); seed++) {
      const { again, ok, seconds, starts, what } = await rough(processes, database, seed)
      if (!ok) process.exitCode = 1
      rows.push([String(seed), what, ok ? "200" : "LOST", String(starts), String(again), seconds.toFixed(1)])
      console.error(rows.at(-1)!.join(" | "), `load ${loadavg()[0]!.toFixed(1)}`)
    }
    console.log(table([["seed", "what happens", "results", "starts", "started again", "seconds"], ...rows]))
  }
  if (part === undefined || part === "costs") console.log(table(await costs(processes)))
} finally {
  await processes.endAll()
  await database.close()
}
