/**
 * `npm run conformance`: runs every scenario on every loop it can run on, prints the table, and writes it into
 * `docs/conformance.md` and the README. Exit code 1 if a scenario is neither equal nor listed, or listed and equal.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
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

const printTable = (head: ReadonlyArray<string>, body: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = head.map((title, column) => Math.max(title.length, ...body.map((cells) => cells[column].length)))
  const line = (cells: ReadonlyArray<string>) =>
    `| ${
      cells.map((cell, column) => column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])).join(
        " | "
      )
    } |`
  const rule = `| ${
    widths.map((width, column) => column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`).join(" | ")
  } |`
  return [line(head), rule, ...body.map(line)].join("\n")
}

const table = printTable(["group", "scenarios", ...columns.map(([title]) => title)], rows)

const listOf = (status: "difference" | "waiting"): string =>
  judged
    .flatMap(({ name, scenario }) =>
      scenario !== undefined && isUntranslated(scenario) && scenario.status === status
        ? [`- \`${name}\`: ${scenario.reason}.`]
        : []
    )
    .join("\n") || "None."

const page = `# Conformance with CPython

<!-- Written by \`npm run conformance\`. -->

Each scenario is a small asyncio program, run on CPython 3.14.x on a virtual clock (\`test/conformance/python/\`, what it
printed is in \`traces/\`), and the same program in TypeScript (\`groups/\`). _Equal_ means: every line and every time is the
same, on the virtual loop, on \`EventLoop.layer\` under TestClock, and on the live loop's ready queue.

${table}

## Deliberate differences

What we do instead is tested as well.

${listOf("difference")}

## Waiting

${listOf("waiting")}
`

const root = join(import.meta.dirname, "../..")
const file = join(root, "docs/conformance.md")
mkdirSync(dirname(file), { recursive: true })
writeFileSync(file, page)

/** The README has the columns that are not all zero. */
const shown = [true, true, ...columns.map(([, status]) => judged.some((self) => self.status === status))]
const pick = (cells: ReadonlyArray<string>) => cells.filter((_, column) => shown[column])
const short = printTable(pick(["group", "scenarios", ...columns.map(([title]) => title)]), rows.map(pick))
const readme = join(root, "README.md")
writeFileSync(
  readme,
  readFileSync(readme, "utf8").replace(
    /(<!-- conformance -->\n).*?(<!-- \/conformance -->)/s,
    (_, begin, end) => `${begin}${short}\n${end}`
  )
)

const problems = [
  ...strays.map((stray) => `${stray} has no Python program`),
  ...judged.flatMap((self) => self.problems)
]
for (const problem of problems) console.log(`${problem}\n`)
console.log(table)
console.log(`\n${judged.length} scenarios on up to three loops in ${seconds.toFixed(1)} s`)
if (problems.length > 0) process.exitCode = 1
