/**
 * `npm run explore`: the library explores itself. Every verb and primitive under 10,000 random schedules, and under all of up
 * to two deviations; every program of the laws under each single one, and 10,000 random ones a subject; every failure that
 * the museum, or a law that states something, has at ten seeds is replayed. Prints a table, and how long it took; exit code
 * 1 if anything is found in the library, or does not replay.
 *
 * Arguments that are names choose subjects; `--seed n` another seed for what is random. `--mutants` looks for planted bugs
 * instead, and runs the ordinary tests with each: exit code 1 if one is not found, or fails a test.
 */
import { Effect } from "effect"
import { Explore } from "effect-asyncio/testing"
import { markdownTable } from "markdown-table"
import { resolve } from "node:path"
import { parseArgs } from "node:util"
import { exhibits } from "../../examples/races.ts"
import { execute, root } from "../../scripts/workshop.ts"
import { subjects } from "../laws/subjects.ts"
import { effectRaces } from "./effectRaces.ts"
import { fragile } from "./fragile.ts"
import { hunt } from "./hunt.ts"
import { cancel, type Class, lawful, order, single, time } from "./lawful.ts"
import { type Mutant, mutants, unbound } from "./mutants.ts"
import { everything, primitives, type Program } from "./primitives.ts"
import { replays } from "./replays.ts"

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
let replayed = 0
let notReplayed = 0

/** Replays what a check has found. */
const replay = (program: Program, options: Explore.Options, failure: { readonly _tag: string }) =>
  Effect.gen(function*() {
    if (!(failure instanceof Explore.ScheduleError)) return
    if (yield* replays(program, options, failure)) replayed++
    else notReplayed++
  })

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
        yield* replay(program, { ...options, seed }, result.failure)
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
  yield* museum
  console.log(`\n${schedules} schedules, ${failures} failures, in ${secondsSince(began)} seconds`)
  console.log(`${replayed} of ${replayed + notReplayed} failures replay`)
})

/** Races that are there to be found, in every class and at ten seeds, as they are found and made smaller. */
const museum = Effect.gen(function*() {
  const races: Readonly<Record<string, readonly [program: Program, vary: Explore.Vary]>> = {
    ...Object.fromEntries(Object.entries(exhibits).map(([name, { race }]) => [name, [race, {}]])),
    ...Object.fromEntries(Object.entries(fragile).map(([name, race]) => [name, [race, { order: true }]])),
    ...Object.fromEntries(
      Object.entries(effectRaces).map(([name, { race, vary }]) => [`${name}, Effect`, [race, vary]])
    )
  }
  for (const [name, [race, vary]] of Object.entries(races)) {
    if (!isChosen(name)) continue
    for (let seed = 1; seed <= 10; seed++) {
      for (const strategy of ["mixed", { random: 1 / 4 }] as const) {
        for (const wider of [vary, { ...vary, order: true, cancel: true, how: "both" }] as const) {
          const options: Explore.Options = { vary: wider, strategy, seed, runs: 500, timeLimit: Infinity }
          const result = yield* Effect.result(Explore.check(race, options))
          if (result._tag === "Failure") yield* replay(race, options, result.failure)
        }
      }
    }
  }
})

/** What the ordinary tests say with the mutant in the library's place. */
const passesOrdinaryTests = (mutant: Mutant) =>
  Effect.map(
    Effect.promise(() =>
      execute(
        process.execPath,
        [resolve(root, "node_modules/vitest/vitest.mjs"), "run", "--config", "test/explore/ordinary.config.ts"],
        { env: { PLANTED: JSON.stringify(mutant) } }
      )
    ),
    ({ ok }) => ok
  )

const showMutants = Effect.gen(function*() {
  const row = (mutant: Mutant, isPlanted: boolean) =>
    Effect.gen(function*() {
      const finding = yield* Effect.promise(() => hunt(mutant))
      const passes = isPlanted && (yield* passesOrdinaryTests(mutant))
      const isFound = finding !== undefined && finding.found > 0
      if (!isFound || isPlanted && !passes) failures++
      return [
        mutant.subject,
        mutant.wrong,
        ...isPlanted ? [passes ? "pass" : "fail"] : [],
        ...isFound ? [finding.shrunk.join(", "), String(finding.runs)] : ["–", "–"]
      ]
    })
  const rows = yield* Effect.forEach(mutants, (mutant) => row(mutant, true))
  console.log(markdownTable([["program", "what is wrong", "ordinary tests", "found by", "in run"], ...rows]))
  const others = yield* Effect.forEach(unbound, (mutant) => row(mutant, false))
  console.log(
    `\n${markdownTable([["right program that fails", "what Explore does", "found by", "in run"], ...others])}`
  )
  const all = mutants.length + unbound.length
  console.log(`\n${all} mutants, ${all - failures} as they should be, in ${secondsSince(began)} seconds`)
})

await Effect.runPromise(values.mutants ? showMutants : explore)
if (failures + notReplayed > 0) process.exitCode = 1
