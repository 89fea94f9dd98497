/**
 * `npm run conformance`: runs every scenario on every loop it can run on, prints the table, and writes it into
 * `docs/conformance.md` and, in a line, into the README. Exit code 1 if a scenario is neither equal nor listed, or listed and equal.
 */
import { table, writePart } from "../../scripts/workshop.ts"
import { isUntranslated, judge, type Status } from "./compare.ts"
import { type Case, readCases } from "./suite.ts"

const { cases, strays } = await readCases()

interface Judged extends Case {
  readonly status: Status
  readonly problems: ReadonlyArray<string>
}

const began = performance.now()
const judged: Array<Judged> = []
for (const self of cases) judged.push({ ...self, ...await judge(self) })
const seconds = (performance.now() - began) / 1000

const columns: ReadonlyArray<readonly [title: string, status: Status]> = [
  ["equal", "equal"],
  ["deliberate differences", "difference"],
  ["waiting", "waiting"],
  ["missing", "missing"],
  ["unequal", "unequal"]
]

const row = (title: string, members: ReadonlyArray<Judged>): ReadonlyArray<string> => [
  title,
  String(members.length),
  ...columns.map(([, status]) => String(members.filter((self) => self.status === status).length))
]

const groups = Map.groupBy(judged, (self) => self.group)
const rows = [
  ...Array.from(groups, ([group, members]) => row(group, members)).sort(([a], [b]) => a < b ? -1 : 1),
  row("**all**", judged)
]

const titles = ["group", "scenarios", ...columns.map(([title]) => title)]
const numbers = new Set(titles.keys().drop(1))
const whole = table([titles, ...rows], numbers)

const listOf = (status: "difference" | "waiting"): string =>
  judged
    .flatMap(({ name, scenario }) =>
      scenario !== undefined && isUntranslated(scenario) && scenario.status === status
        ? [`- \`${name}\`: ${scenario.reason}.`]
        : []
    )
    .join("\n") || "None."

const pageName = "docs/conformance.md"
writePart(pageName, "scenarios", whole)
writePart(pageName, "differences", listOf("difference"))
writePart(pageName, "waiting", listOf("waiting"))

const count = (status: Status): number => judged.filter((self) => self.status === status).length
writePart(
  "README.md",
  "conformance",
  `**${count("equal")} of ${judged.length} are equal, ${count("difference")} differ on purpose.**`
)

const problems = [
  ...strays.map((stray) => `${stray} has no Python program`),
  ...judged.flatMap((self) => self.problems)
]
for (const problem of problems) console.log(`${problem}\n`)
console.log(whole)
console.log(`\n${judged.length} scenarios on up to three loops in ${seconds.toFixed(1)} s`)
if (problems.length > 0) process.exitCode = 1
