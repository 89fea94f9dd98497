/**
 * `npm run explore`: the library explores itself. Every verb and primitive under 10,000 random schedules, and under all of up
 * to two deviations; every program of the laws under each single one, and 10,000 random ones a subject. Prints a table, and
 * how long it took; exit code 1 if anything is found.
 *
 * Arguments that are names choose subjects; `--seed n` another seed for what is random. `--mutants` looks for planted bugs
 * instead: exit code 1 if one is not found.
 */
import { Effect } from "effect"
import { Explore } from "effect-asyncio/testing"
import { markdownTable } from "markdown-table"
import { parseArgs } from "node:util"
import { subjects } from "../laws/subjects.ts"
import { cancel, type Class, lawful, order, single, time } from "./lawful.ts"
import { hunt, mutants } from "./mutants.ts"
import { everything, primitives, type Program } from "./primitives.ts"

const { positionals: chosen, values } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: "string", default: "1" }, mutants: { type: "boolean", default: false } }
})
const seed = Number(values.seed)
const isChosen = (name: string): boolean => chosen.length === 0 || chosen.includes(name)

const began = performance.now()
const secondsSince = (moment: number): string => ((performance.now() - moment) / 1000).toFixed(1)

const line = (name: string, cells: ReadonlyArray<string | number>) =>
  console.log(name.padEnd(34) + cells.map((cell) => String(cell).padStart(11)).join(""))
const title = (text: string) => {
  console.log(`\n${text}\n`)
  line("", ["schedules", "distinct", "exhausted", "found", "seconds"])
}

let schedules = 0
let failures = 0

/** A row of the table: all that these checks have tried, and what they have found. */
const row = (
  name: string,
  checks: ReadonlyArray<readonly [program: Program, options: Explore.Options, isStated: boolean]>
) =>
  Effect.gen(function*() {
    const start = performance.now()
    const sum = { runs: 0, distinct: 0, exhausted: Infinity }
    const found: Array<string> = []
    for (const [program, options, isStated] of checks) {
      const result = yield* Effect.result(Explore.check(program, { ...options, seed }))
      if (result._tag === "Failure") {
        if (!isStated) found.push(result.failure.message)
        continue
      }
      sum.runs += result.success.runs
      sum.distinct += result.success.distinct
      sum.exhausted = Math.min(sum.exhausted, result.success.exhausted)
    }
    const exhausted = sum.exhausted === Infinity ? "–" : sum.exhausted
    line(name, [sum.runs, sum.distinct, exhausted, found.length, secondsSince(start)])
    for (const message of found) console.log(`\n${message}\n`)
    schedules += sum.runs
    failures += found.length
  })

const explore = Effect.gen(function*() {
  const strategies: ReadonlyArray<readonly [text: string, options: Explore.Options]> = [
    ["10,000 random schedules", { ...everything, strategy: { random: 1 / 8 }, runs: 10_000 }],
    ["every schedule of up to two deviations", { ...everything, strategy: { bounded: 2 } }]
  ]
  for (const [text, options] of strategies) {
    title(text)
    for (const [name, program] of Object.entries(primitives)) {
      if (isChosen(name)) yield* row(name, [[program, options, false]])
    }
  }
  const laws: ReadonlyArray<
    readonly [text: string, classes: ReadonlyArray<Class>, options: (programs: number) => Explore.Options]
  > = [
    ["the programs of the laws, each single deviation", [time, order, cancel], () => single],
    ["the programs of the laws, 10,000 random schedules", [order], (programs) => ({
      ...single,
      strategy: { random: 1 / 8 },
      runs: Math.ceil(10_000 / programs)
    })]
  ]
  for (const [text, classes, optionsOf] of laws) {
    title(text)
    for (const { name, programs } of subjects) {
      if (!isChosen(name)) continue
      const options = optionsOf(programs.length)
      yield* row(
        name,
        classes.flatMap(({ stating, vary }) =>
          programs.map((program) =>
            [lawful(program), { ...options, vary: vary(program) }, stating.includes(program.name)] as const
          )
        )
      )
    }
  }
  console.log(`\n${schedules} schedules, ${failures} failures, in ${secondsSince(began)} seconds`)
})

const showMutants = Effect.gen(function*() {
  const rows: Array<ReadonlyArray<string>> = []
  for (const mutant of mutants) {
    const error = yield* hunt(mutant)
    const isFound = error._tag === "ScheduleError" && error.found.length > 0
    if (!isFound) failures++
    rows.push([
      mutant.subject,
      mutant.wrong,
      JSON.stringify(mutant.vary),
      ...isFound ? [error.shrunk.map(({ kind }) => kind).join(", "), String(error.runs)] : ["–", "–"]
    ])
  }
  console.log(markdownTable([["program", "what is wrong", "vary", "found by", "in run"], ...rows]))
  console.log(`\n${mutants.length} mutants, ${mutants.length - failures} found, in ${secondsSince(began)} seconds`)
})

await Effect.runPromise(values.mutants ? showMutants : explore)
if (failures > 0) process.exitCode = 1
