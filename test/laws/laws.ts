/**
 * `npm run laws`: every law, for every verb and primitive, with cancellation at every step and in random mixes. Prints
 * for each the programs, the points tried and the violations; exit code 1 on any.
 *
 * Arguments that are names choose subjects; `--seed n` another seed for the random parts; `--recorded` has a recorder listen.
 */
import { parseArgs } from "node:util"
import { recordAll } from "../support/recordAll.ts"
import { checkSubject, defaultSeed, describeViolation, subjects } from "./subjects.ts"

const { positionals: chosen, values } = parseArgs({
  allowPositionals: true,
  options: {
    recorded: { type: "boolean", default: false },
    seed: { type: "string" },
    show: { type: "string", default: "5" }
  }
})
if (values.recorded) recordAll()
const seed = Number(values.seed ?? defaultSeed)
const shown = Number(values.show)
console.log(`seed ${seed}\n`)

const columns = ["programs", "points", "violations", "seconds"]
const line = (name: string, cells: ReadonlyArray<string | number>) =>
  console.log(name.padEnd(34) + cells.map((cell) => String(cell).padStart(12)).join(""))

const total = { programs: 0, points: 0, violations: 0, seconds: 0 }
line("", columns)
for (const subject of subjects) {
  if (chosen.length > 0 && !chosen.includes(subject.name)) continue
  const began = performance.now()
  const { points, programs, violations } = await checkSubject(subject, seed)
  const seconds = (performance.now() - began) / 1000
  line(subject.name, [programs, points, violations.length, seconds.toFixed(1)])
  for (const violation of violations.slice(0, shown)) console.log(`  ${describeViolation(violation)}`)
  if (violations.length > shown) console.log(`  … and ${violations.length - shown} more`)
  total.programs += programs
  total.points += points
  total.violations += violations.length
  total.seconds += seconds
}
line("all", [total.programs, total.points, total.violations, total.seconds.toFixed(1)])
if (total.violations > 0) process.exitCode = 1
