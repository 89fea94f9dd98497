/**
 * `npm run verify -- cluster`: the cluster executor on a real PostgreSQL, with runners and callers as processes: the laws, a
 * program as a user writes it, and two runs in which processes die. `DATABASE_URL` names another PostgreSQL than the one that
 * is started here. Exit code 1 if anything fails; what is not run is said. `npm run cluster` has more of it, and figures.
 */
import { Effect } from "effect"
import { startPostgres } from "../examples/real/cluster/postgres.ts"
import { onPostgres } from "../test/executors/cluster/onPostgres.ts"
import { Processes } from "../test/executors/cluster/processes.ts"
import { rough } from "../test/executors/cluster/rough.ts"
import { Process } from "../test/node/processes.ts"
import { root, somePort, table } from "./workshop.ts"

// The folder goes as this process does, and its children with it.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1))

const rows: Array<ReadonlyArray<string>> = []
const note = (what: string, ok: boolean | undefined, text: string): void => {
  rows.push([what, ok === undefined ? "–" : ok ? "ok" : "FAILED", text])
  if (ok === false) process.exitCode = 1
}

const database = await startPostgres()
const port = somePort()
try {
  for (const { ok, what, why } of await Effect.runPromise(onPostgres(database, port))) note(what, ok, why)

  const env = { DATABASE_URL: database.url, HOST: "127.0.0.1", PORT: String(port + 1) }
  const client = (role: string) =>
    new Process(["--conditions=effect-asyncio-source", `${root}/test/executors/cluster/client.ts`, role], env)
  const runner = client("runner")
  for (const time of ["once", "again"]) {
    const { err, out } = await client("caller").end()
    note(`the program of a user, ${time}`, out.includes("the total is 21"), `${out}${err}`.trim())
  }
  await runner.kill("SIGTERM").end()

  const processes = await Processes.make(database.url)
  try {
    for (
      const [seed, events] of [
        [1, ["kill -9 of a runner", "kill -9 of the caller"]],
        [2, ["SIGTERM of a runner", "PostgreSQL restarts"]]
      ] as const
    ) {
      const possible = events.filter((event) => event !== "PostgreSQL restarts" || database.order !== undefined)
      const { again, lost, seconds, starts, what } = await rough(processes, database, seed, possible)
      note(what, lost === undefined, `${starts} starts of 200 jobs, ${again} of them again, ${seconds.toFixed(1)} s`)
      if (lost !== undefined) console.error(lost)
    }
  } finally {
    await processes.endAll()
  }
} finally {
  await database.close()
}
console.log(table([["in a cluster", "", ""], ...rows]))
