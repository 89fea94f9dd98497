import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { root, withPart } from "../../scripts/workshop.ts"
import { namesWithoutRow, problemsOf, readLedger, readNames, tablesOf } from "./ledger.ts"

const [names, ledger] = [readNames(), readLedger()]

it("each of CPython's tests has a verdict that holds", () => {
  expect(problemsOf(names, ledger)).toEqual([])
})

const first = ledger[0]!
const rest = ledger.slice(1)

it.each([
  ["no row", [], "no verdict"],
  ["no verdict", [{ ...first, verdict: "" }], "no verdict"],
  ["another verdict", [{ ...first, verdict: "done" }], "no verdict of the list: done"],
  ["two", [first, first], "several verdicts"],
  [
    "no such scenario",
    [{ ...first, verdict: "covered", pointer: "scenario none" }],
    "no scenario and no test: scenario none"
  ],
  [
    "no such title",
    [{ ...first, verdict: "covered", pointer: "test/Task.test.ts: none" }],
    "no scenario and no test: test/Task.test.ts: none"
  ],
  ["no port", [{ ...first, verdict: "ported", pointer: "" }], "no port in test_tasks.test.ts"],
  [
    "no such row",
    [{ ...first, verdict: "deliberate", pointer: "docs/differences.md: none" }],
    "no row and no heading: docs/differences.md: none"
  ],
  ["no such reason", [{ ...first, verdict: "n/a", pointer: "none" }], "no reason of the list: none"]
])("a name with %s is told of", (_, rows, problem) => {
  expect(problemsOf(names, [...rows, ...rest])).toEqual([`${first.file} ${first.test}: ${problem}`])
})

it("so are a row without a name, a port that is not judged so, and a name that asyncio has and no row", () => {
  const [ported, ...others] = ledger.toSorted((a) => a.verdict === "ported" ? -1 : 1)
  expect(problemsOf(names, [...others, { ...ported!, verdict: "n/a", pointer: "types" }])).toEqual([
    `${ported!.file} ${ported!.test}: a port, not so judged`
  ])
  expect(problemsOf(names, [...ledger, { ...first, test: "A.test_b" }])).toEqual([
    `${first.file} A.test_b: no test of that name`
  ])
  expect(namesWithoutRow({ ...names, public: [{ name: "new_verb", versions: [] }] })).toEqual([
    "asyncio.new_verb: no row of docs/names.md"
  ])
})

it("each of asyncio's public names for coordination has a row of docs/names.md", () => {
  expect(namesWithoutRow(names)).toEqual([])
})

it("docs/conformance.md has the verdicts in numbers, as `npm run cpython` writes them", () => {
  const page = readFileSync(join(root, "docs/conformance.md"), "utf8")
  expect(page).toBe(withPart(page, "cpython", tablesOf(names, ledger)))
})
