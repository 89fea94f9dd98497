/**
 * `npm run cpython`: what is wrong with the ledger of CPython's own tests, and which of asyncio's names have no row; prints
 * the verdicts in numbers, and writes them into `docs/conformance.md`. Exit code 1 if anything is wrong.
 */
import { writePart } from "../../scripts/workshop.ts"
import { namesWithoutRow, problemsOf, readLedger, readNames, tablesOf } from "./ledger.ts"

const [names, ledger] = [readNames(), readLedger()]
const tables = tablesOf(names, ledger)
writePart("docs/conformance.md", "cpython", tables)

const problems = [...problemsOf(names, ledger), ...namesWithoutRow(names)]
for (const problem of problems) console.log(problem)
console.log(`\n${tables}\n\n${ledger.length} of ${names.tests.length} have a row, ${problems.length} problems`)
if (problems.length > 0) process.exitCode = 1
