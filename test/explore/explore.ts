/**
 * `npm run explore`: the programs of every law under many schedules. Prints for each subject and class the schedules tried,
 * how many of them differed, and what was found; exit code 1 on anything but what programs state.
 *
 * Arguments that are names choose subjects; `--runs n` is the schedules of a subject in a class, 10,000 by default; `--seed n`
 * another seed for the random part.
 */
import { Effect } from "effect"
import { Explore } from "effect-asyncio/testing"
import { parseArgs } from "node:util"
import { subjects } from "../laws/subjects.ts"
import { lawful, stating } from "./lawful.ts"

const { positionals: chosen, values } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: "string", default: "10000" }, seed: { type: "string", default: "1" } }
})

const classes: ReadonlyArray<readonly [name: string, vary: Explore.Vary]> = [
  ["time", {}],
  ["order", { time: false, order: true }]
]

const line = (name: string, cells: ReadonlyArray<string | number>) =>
  console.log(name.padEnd(34) + cells.map((cell) => String(cell).padStart(12)).join(""))

line("", ["class", "programs", "schedules", "distinct", "found", "seconds"])
const began = performance.now()
let all = 0
for (const { name, programs } of subjects) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  for (const [kind, vary] of classes) {
    const start = performance.now()
    const runs = Math.max(2, Math.ceil(Number(values.runs) / programs.length))
    const options = { vary, runs, seed: Number(values.seed), timeLimit: Infinity, leaks: false }
    const found: Array<string> = []
    let [schedules, distinct] = [0, 0]
    for (const program of programs) {
      const result = await Effect.runPromise(Effect.result(Explore.check(lawful(program), options)))
      if (result._tag === "Success") {
        schedules += result.success.runs
        distinct += result.success.distinct
      } else if (!stating[kind]!.includes(program.name)) found.push(`${program.name}\n${result.failure.message}`)
    }
    all += schedules
    line(name, [
      kind,
      programs.length,
      schedules,
      distinct,
      found.length,
      ((performance.now() - start) / 1000).toFixed(1)
    ])
    if (found.length > 0) process.exitCode = 1
    for (const report of found) console.log(report)
  }
}
console.log(`${all} schedules in ${((performance.now() - began) / 1000).toFixed(0)} s`)
