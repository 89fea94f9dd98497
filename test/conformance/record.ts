/**
 * Runs the Python programs on CPython, on each that is here: npm's `pyodide` (CPython compiled to WebAssembly), and an
 * installed `python3.14` or `python3.15`. A trace names the one that made it, and is compared with what that prints; in
 * which programs the others print something else is listed.
 *
 *     npm run conformance:record                       reports every trace that differs; exit code 1 if one does
 *     npm run conformance:record -- --write            writes the traces that differ anew. A program without one gets it
 *                                                      from the Python of its group, a new group from the newest here
 *     npm run conformance:record -- --python pyodide   on one alone
 *     npm run conformance:record -- --stable           also runs each program with asyncio's sets shuffled and with
 *                                                      equal timers in order: a program whose trace changes then shows
 *                                                      what asyncio does not define
 *     npm run conformance:record -- my_program.py ...  prints what CPython, the newest here, does with programs of your own
 */
import { readFileSync, writeFileSync } from "node:fs"
import { basename } from "node:path"
import { parseArgs } from "node:util"
import { loadPython, type Python, pythons } from "./python.ts"
import { groupOf, type Line, readPrograms, readTraces, type Recording, type Trace, traceFileOf } from "./suite.ts"

interface Recorded extends Recording {
  readonly unstable?: ReadonlyArray<string>
  readonly error?: string
}

type Programs = Iterable<readonly [name: string, source: string]>

const modules = ["virtual_loop.py"]

const record = (python: Python, programs: Programs): Readonly<Record<string, Recorded>> =>
  JSON.parse(
    python.call("virtual_loop", "run_many_json", [JSON.stringify(Array.from(programs)), JSON.stringify(modes)])
  ).scenarios

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
  const python = await loadPython(values.python, modules)
  console.log(`CPython ${python.version}`)
  for (const [name, recorded] of Object.entries(record(python, programs))) {
    console.log(`\n${name}\n${show(recorded)}`)
    if (recorded.unstable) console.log(`    not the same every time: ${recorded.unstable.join(", ")}`)
  }
}

/** One that is here, and what it does with every program. */
interface Judge {
  readonly version: string
  readonly scenarios: Readonly<Record<string, Recorded>>
}

const judgesOf = async (programs: Programs): Promise<ReadonlyArray<Judge>> => {
  const judges: Array<Judge> = []
  for (const command of values.python === undefined ? pythons : [values.python]) {
    const python = await loadPython(command, modules)
    judges.push({ version: python.version, scenarios: record(python, programs) })
  }
  return judges
}

const pick = ({ end, outcome, trace }: Recording): string => JSON.stringify([trace, outcome, end])

const recordSuite = async (write: boolean): Promise<void> => {
  const files = readTraces()
  const all = readPrograms()
  const groups = Map.groupBy(all, ([name]) => groupOf(name, files.keys()))
  const judges = await judgesOf(all)
  const others = new Map(judges.map(({ version }) => [version, [] as Array<string>]))
  const counts = new Map(judges.map(({ version }) => [version, 0]))
  let differing = 0
  for (const [group, programs] of groups) {
    const file = files.get(group)
    const known = file?.scenarios ?? {}
    const before = differing
    for (const { scenarios, version } of judges) {
      if (version === file?.python) continue
      const unlike = programs.filter(([name]) =>
        known[name] !== undefined && pick(known[name]) !== pick(scenarios[name]!)
      )
      others.get(version)!.push(...unlike.map(([name]) => name))
    }
    const judge = file === undefined ? judges.at(-1)! : judges.find(({ version }) => version === file.python)
    if (judge === undefined) {
      console.log(`not compared: ${group}, recorded on ${file!.python}`)
      continue
    }
    const { scenarios, version } = judge
    counts.set(version, counts.get(version)! + programs.length)
    const recordings = programs.map(([name, source]): [string, Trace] => {
      const { end, outcome, trace } = scenarios[name]!
      return [name, { ...known[name], doc: docOf(source), outcome, end, trace }]
    })
    for (const [name] of programs) {
      const { unstable, ...recorded } = scenarios[name]!
      const trace = known[name]
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
    if (write && differing > before) writeFileSync(traceFileOf(group), printTraces(version, group, recordings))
  }
  for (const { version } of judges) {
    const unlike = others.get(version)!
    console.log(`CPython ${version}: ${counts.get(version)} programs compared`)
    if (unlike.length > 0) console.log(`  prints something else than another version did: ${unlike.join(", ")}`)
  }
  console.log(`${differing} differ${write ? ", traces written" : ""}`)
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
