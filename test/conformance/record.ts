/**
 * Runs the Python programs on CPython 3.14 (npm `pyodide`, CPython compiled to WebAssembly) and compares what they print
 * with `traces/`. What was recorded on a later CPython is left out.
 *
 *     npm run conformance:record                       reports every trace that differs; exit code 1 if one does
 *     npm run conformance:record -- --write            writes the traces that differ anew
 *     npm run conformance:record -- --python python3.15
 *                                                      on a CPython of your own
 *     npm run conformance:record -- --stable           also runs each program with asyncio's sets shuffled and with
 *                                                      equal timers in order: a program whose trace changes then shows
 *                                                      what asyncio does not define
 *     npm run conformance:record -- my_program.py ...  prints what CPython does with programs of your own
 */
import { readFileSync, writeFileSync } from "node:fs"
import { basename } from "node:path"
import { parseArgs } from "node:util"
import { loadPython } from "./python.ts"
import { groupOf, type Line, readPrograms, readTraces, type Recording, type Trace, traceFileOf } from "./suite.ts"

interface Recorded extends Recording {
  readonly unstable?: ReadonlyArray<string>
  readonly error?: string
}

const record = async (
  programs: Iterable<readonly [name: string, source: string]>
): Promise<{ readonly python: string; readonly scenarios: Readonly<Record<string, Recorded>> }> => {
  const python = await loadPython(values.python, ["virtual_loop.py"])
  return JSON.parse(
    python("virtual_loop", "run_many_json", [JSON.stringify(Array.from(programs)), JSON.stringify(modes)])
  )
}

const show = ({ end, error, outcome, trace }: Recorded): string =>
  [...trace.map(([time, text]) => `    ${time} ${text}`), `    ${outcome} at ${end}`, ...(error ? [error] : [])].join(
    "\n"
  )

/** The first string of a module. */
const docOf = (source: string): string => /^"""(.*?)"""/s.exec(source)?.[1] ?? ""

const printLines = (lines: ReadonlyArray<Line>): string =>
  lines.map((line) => `    [${line[0]}, ${JSON.stringify(line[1])}]`).join(",\n")

/** One line of a trace in one line of the file. */
const printTraces = (python: string, group: string, scenarios: Iterable<readonly [string, Trace]>): string => {
  const entries = Array.from(scenarios, ([name, { doc, end, outcome, trace, ...older }]) => {
    const head = `${JSON.stringify(name)}: {"doc": ${JSON.stringify(doc)}, "outcome": ${JSON.stringify(outcome)}`
    const tail = Object.entries(older).map(([key, value]) => `,\n  ${JSON.stringify(key)}: ${JSON.stringify(value)}`)
    return ` ${head}, "end": ${end}, "trace": [\n${printLines(trace)}\n  ]${tail.join("")}}`
  })
  return `{"python": ${JSON.stringify(python)}, "group": ${JSON.stringify(group)}, "scenarios": {\n${
    entries.join(",\n")
  }\n}}\n`
}

const recordOwn = async (files: ReadonlyArray<string>): Promise<void> => {
  const programs = files.map((file) => [basename(file, ".py"), readFileSync(file, "utf8")] as const)
  const { python, scenarios } = await record(programs)
  console.log(`CPython ${python}`)
  for (const [name, recorded] of Object.entries(scenarios)) {
    console.log(`\n${name}\n${show(recorded)}`)
    if (recorded.unstable) console.log(`    not the same every time: ${recorded.unstable.join(", ")}`)
  }
}

/** Whether CPython `a` is later than `b`. */
const isLater = (a: string, b: string): boolean => a.localeCompare(b, "en", { numeric: true }) > 0

const recordSuite = async (write: boolean): Promise<void> => {
  const files = readTraces()
  const groups = Map.groupBy(readPrograms(), ([name]) => groupOf(name, files.keys()))
  const { python, scenarios } = await record(Array.from(groups.values()).flat())
  for (const file of files.values()) {
    if (!isLater(file.python, python)) continue
    console.log(`left out: ${file.group}, recorded on ${file.python}`)
    groups.delete(file.group)
  }
  let count = 0
  let differing = 0
  for (const [group, programs] of groups) {
    const known = files.get(group)?.scenarios ?? {}
    const before = differing
    count += programs.length
    const recordings = programs.map(([name, source]): [string, Trace] => {
      const { end, outcome, trace } = scenarios[name]
      return [name, { ...known[name], doc: docOf(source), outcome, end, trace }]
    })
    for (const [name] of programs) {
      const { unstable, ...recorded } = scenarios[name]
      const trace = known[name]
      const pick = ({ end, outcome, trace }: Recording) => JSON.stringify([trace, outcome, end])
      if (trace === undefined) console.log(`\n${name} has no trace:\n${show(recorded)}`)
      else if (pick(trace) !== pick(recorded)) {
        console.log(`\n${name} differs. In traces/:\n${show(trace)}\nNow:\n${show(recorded)}`)
      } else if (unstable) console.log(`\n${name} is not the same every time: ${unstable.join(", ")}`)
      else continue
      differing++
    }
    for (const name of Object.keys(known)) {
      if (programs.some(([program]) => program === name)) continue
      console.log(`\n${name} has a trace, but no program`)
      differing++
    }
    if (write && differing > before) writeFileSync(traceFileOf(group), printTraces(python, group, recordings))
  }
  console.log(`CPython ${python}: ${count} programs, ${differing} differ${write ? ", traces written" : ""}`)
  if (differing > 0 && !write) process.exitCode = 1
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    write: { type: "boolean", default: false },
    stable: { type: "boolean", default: false },
    python: { type: "string" }
  }
})
const modes = values.stable ? ["plain", "fifo", "shuffle"] : []
if (positionals.length > 0) await recordOwn(positionals)
else await recordSuite(values.write)
