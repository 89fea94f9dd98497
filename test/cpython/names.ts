/**
 * Writes `names.json`: what CPython's own tests of the coordination layer are called, and what asyncio exports for it.
 *
 *     node test/cpython/names.ts
 *
 * It asks the CPythons that are installed, each with its test suite (Debian's `libpython3.14-testsuite` for one).
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { installed, loadPython } from "../conformance/python.ts"
import type { Names, Test } from "./ledger.ts"

/** The files of `test_asyncio` that are about coordination: the others are about sockets, pipes and their loops. */
const files = [
  "test_tasks",
  "test_taskgroups",
  "test_futures",
  "test_futures2",
  "test_locks",
  "test_queues",
  "test_timeouts",
  "test_waitfor",
  "test_runners",
  "test_eager_task_factory",
  "test_graph",
  "test_staggered",
  "test_context",
  "test_base_events",
  "test_pep492",
  "test_free_threading",
  "test_threads"
]

const tests = new Map<string, Test>()
const exported = new Map<string, Array<string>>()

if (installed.length === 0) throw new Error("there is neither a python3.14 nor a python3.15 here")
for (const command of installed) {
  const python = await loadPython(command, ["../cpython/names.py"])
  const { version } = python
  const found: Record<string, ReadonlyArray<string>> = JSON.parse(
    python.call("names", "tests_json", [JSON.stringify(files)])
  )
  for (const [file, names] of Object.entries(found)) {
    for (const test of names) {
      const known = tests.get(test)
      if (known !== undefined && known.file !== file) throw new Error(`${test} is in ${known.file} and in ${file}`)
      tests.set(test, { file, test, versions: [...known?.versions ?? [], version] })
    }
  }
  for (const name of JSON.parse(python.call("names", "public_json", [])) as ReadonlyArray<string>) {
    exported.set(name, [...exported.get(name) ?? [], version])
  }
}

const lines = (entries: Iterable<unknown>) => Array.from(entries, (entry) => `    ${JSON.stringify(entry)}`).join(",\n")
const names: Names = {
  tests: Array.from(tests.values()).sort((a, b) => files.indexOf(a.file) - files.indexOf(b.file)),
  public: Array.from(exported, ([name, versions]) => ({ name, versions })).sort((a, b) => a.name < b.name ? -1 : 1)
}
writeFileSync(
  join(import.meta.dirname, "names.json"),
  `{\n  "tests": [\n${lines(names.tests)}\n  ],\n  "public": [\n${lines(names.public)}\n  ]\n}\n`
)
