import { Effect } from "effect"
import { Explore } from "effect-asyncio/testing"
import { exhibits } from "./examples/races.ts"
const now = () => Number(process.cpuUsage().user + process.cpuUsage().system) / 1e3
let runs = 0
const t0 = now()
const strategies: ReadonlyArray<[string, Explore.Options]> = [
  ["single", { strategy: "single" }],
  ["random", { strategy: { random: 0.2 } }],
  ["pct", { strategy: { pct: 3 } }],
  ["mixed", {}],
  ["mixed TXCD", { vary: { order: true, cancel: true, how: "both" } }]
]
for (const [name, { race, fixed }] of Object.entries(exhibits)) {
  const cells: string[] = []
  for (const [s, options] of strategies) {
    const error = await Effect.runPromise(Effect.result(Explore.check(race, { ...options, timeLimit: "30 seconds" })))
    if (error._tag === "Failure") {
      const e = error.failure
      if (e._tag !== "ScheduleError") {
        cells.push(`${s}: ${e.message}`)
        continue
      }
      runs += e.runs
      cells.push(`${s}: ${e.runs}, ${e.found.length}→${e.shrunk.length} ${e.shrunk.map((d) => d.kind)} ${e.kind}`)
      const again = await Effect.runPromise(
        Effect.result(Explore.check(race, { ...options, replay: e.token, timeLimit: "30 seconds" }))
      )
      if (again._tag !== "Failure" || again.failure._tag !== "ScheduleError") {
        cells.push("NO REPLAY " + e.token + (again._tag === "Failure" ? again.failure.message : ""))
      }
    } else {
      cells.push(`${s}: – ${JSON.stringify(error.success)}`)
      runs += error.success.runs
    }
    if (s !== "mixed TXCD") {
      const fine = await Effect.runPromise(Effect.result(Explore.check(fixed, { ...options, timeLimit: "30 seconds" })))
      if (fine._tag === "Failure") cells.push("TWIN FAILS " + fine.failure.message.slice(0, 3000))
      else runs += fine.success.runs
    }
  }
  console.log(name, "\n   " + cells.join("\n   "))
}
console.log(runs, "runs in CPU ms", now() - t0)
