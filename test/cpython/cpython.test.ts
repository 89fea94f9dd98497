import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { root, withPart } from "../../scripts/workshop.ts"
import { namesWithoutRow, problemsOf, readLedger, readNames, tablesOf } from "./ledger.ts"

it("each of CPython's tests has a verdict that holds", () => {
  const problems = problemsOf(readNames(), readLedger())
  expect(problems.filter((problem) => !problem.endsWith(": no verdict"))).toEqual([])
})

it("each of asyncio's public names for coordination has a row of docs/names.md", () => {
  expect(namesWithoutRow(readNames())).toEqual([])
})

it("docs/conformance.md has the verdicts in numbers, as `npm run cpython` writes them", () => {
  const page = readFileSync(join(root, "docs/conformance.md"), "utf8")
  expect(page).toBe(withPart(page, "cpython", tablesOf(readNames(), readLedger())))
})
