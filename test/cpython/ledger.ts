/**
 * CPython's own tests of asyncio's coordination, accounted for by name: `names.json` has the names, `ledger.tsv` a verdict
 * on each, with what it points to:
 *
 * - `covered`: a scenario or a test that asserts the same, `scenario NAME` or `test/File.test.ts: title`, several behind
 *   `; `. Of a title inside of another either one, or both as `outer > inner`.
 * - `ported`: nothing; the port is in `test/cpython/FILE.test.ts`, under the test's name.
 * - `deliberate`: what says so, `docs/differences.md: the first cell of its row`, or a heading of a page.
 * - `n/a`: one of `reasons`.
 *
 * What asyncio exports for coordination has a row of `docs/names.md`: its name here, or why it is left out.
 */
import { existsSync, globSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { root, table } from "../../scripts/workshop.ts"

export interface Test {
  readonly file: string
  /** `Class.test_name`, once in all files. */
  readonly test: string
  /** The CPythons that have it. */
  readonly versions: ReadonlyArray<string>
}

export interface Names {
  readonly tests: ReadonlyArray<Test>
  readonly public: ReadonlyArray<{ readonly name: string; readonly versions: ReadonlyArray<string> }>
}

interface Row {
  readonly file: string
  readonly test: string
  readonly verdict: string
  readonly pointer: string
  readonly note: string
}

const verdicts = ["covered", "ported", "deliberate", "n/a"]

/** Why a test's meaning can't be told here. */
const reasons: Readonly<Record<string, string>> = {
  "network": "sockets, servers, transports, subprocesses",
  "threads": "another thread; a JavaScript heap has one",
  "coroutines": "coroutine objects, generators, Python's protocol of awaitables",
  "classes": "subclasses, generics, special methods with side effects, half-made objects, the twin in C",
  "private": "what asyncio keeps to itself: methods, fields, registries",
  "memory": "reference counts, cycles, what the collector does when",
  "traces": "frames, stacks, tracebacks, chains of exceptions",
  "types": "does not compile here, a missing event loop for one",
  "contexts": "the objects of contextvars",
  "process": "signals, the environment, the interpreter's own exits and warnings"
}

/** More would say that it is no account of the suite. */
const mostWithoutMeaning = 264

const here = import.meta.dirname

export const readNames = (): Names => JSON.parse(readFileSync(join(here, "names.json"), "utf8"))

export const readLedger = (): ReadonlyArray<Row> =>
  readFileSync(join(here, "ledger.tsv"), "utf8").trimEnd().split("\n").slice(1).map((line) => {
    const [file = "", test = "", verdict = "", pointer = "", note = ""] = line.split("\t")
    return { file, test, verdict, pointer, note }
  })

// ------------------------------------------------------------------------------------------------------- what there is

const withoutComments = (source: string): string => source.replace(/\/\*.*?\*\//gs, "").replace(/^\s*\/\/.*$/gm, "")

const files = new Map<string, string>()

/** What a page says, or a program beside its comments; nothing, where it is not there. */
const read = (path: string): string => {
  let text = files.get(path)
  if (text === undefined) {
    const whole = existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : ""
    text = path.endsWith(".ts") ? withoutComments(whole) : whole
    files.set(path, text)
  }
  return text
}

/** The ports' names, each with its file. */
const readPorts = (): ReadonlyMap<string, string> =>
  new Map(
    globSync("test/cpython/test_*.test.ts", { cwd: root }).flatMap((path) =>
      Array.from(
        read(path).matchAll(/"(\w+\.test_\w+)"/g),
        ([, test]) => [test!, basename(path, ".test.ts")] as const
      )
    )
  )

const isScenario = (name: string): boolean =>
  globSync("test/conformance/groups/*.ts", { cwd: root }).some((path) =>
    new RegExp(`^  ${name}[:(,]`, "m").test(read(path))
  )

/** Each part of the title is what a call or a row of a table begins with. */
const hasTitle = (path: string, title: string): boolean =>
  title.split(" > ").every((part) => new RegExp(`[([]\\s*(["\`])${RegExp.escape(part)}\\1\\s*,`).test(read(path)))

/** The first cells of a page's tables, and its headings. */
const subjectsOf = (page: string): ReadonlyArray<string> =>
  Array.from(page.matchAll(/^(?:\| (.*?[^\\]) *\||#+ (.*)$)/gm), ([, cell, heading]) => cell ?? heading!)

// ------------------------------------------------------------------------------------------------------------ problems

const wrongWith = ({ file, pointer, test, verdict }: Row, ports: ReadonlyMap<string, string>): string | undefined => {
  switch (verdict) {
    case "covered":
      for (const one of pointer.split(/; (?=scenario |test\/)/)) {
        const [, scenario] = /^scenario (\w+)$/.exec(one) ?? []
        const [, path, title] = /^(test\/\S+): (.+)$/.exec(one) ?? []
        if (!(scenario === undefined ? path !== undefined && hasTitle(path, title!) : isScenario(scenario))) {
          return `no scenario and no test: ${one}`
        }
      }
      return undefined
    case "ported":
      return ports.get(test) === file ? undefined : `no port in ${file}.test.ts`
    case "deliberate": {
      const [, page, subject] = /^(\S+\.md): (.+)$/.exec(pointer) ?? []
      const known = page !== undefined && subjectsOf(read(page)).includes(subject!)
      return known ? undefined : `no row and no heading: ${pointer}`
    }
    case "n/a":
      return pointer in reasons ? undefined : `no reason of the list: ${pointer}`
    case "":
      return "no verdict"
    default:
      return `no verdict of the list: ${verdict}`
  }
}

/** Everything that is wrong with the ledger, a line each. */
export const problemsOf = (names: Names, ledger: ReadonlyArray<Row>): ReadonlyArray<string> => {
  const ports = readPorts()
  const known = new Set(names.tests.map(({ file, test }) => `${file} ${test}`))
  const judged = Map.groupBy(ledger, ({ file, test }) => `${file} ${test}`)
  const without = ledger.filter(({ verdict }) => verdict === "n/a").length
  return [
    ...Array.from(known).filter((name) => !judged.has(name)).map((name) => `${name}: no verdict`),
    ...Array.from(judged).filter(([, rows]) => rows.length > 1).map(([name]) => `${name}: several verdicts`),
    ...ledger.flatMap((row) => {
      const name = `${row.file} ${row.test}`
      const wrong = known.has(name) ? wrongWith(row, ports) : "no test of that name"
      return wrong === undefined ? [] : [`${name}: ${wrong}`]
    }),
    ...Array.from(ports).flatMap(([test, file]) =>
      ledger.some((row) => row.test === test && row.verdict === "ported")
        ? []
        : [`${file} ${test}: a port, not so judged`]
    ),
    ...(without > mostWithoutMeaning ? [`${without} are n/a, more than ${mostWithoutMeaning}`] : [])
  ]
}

/** The public names of asyncio that no row's first cell has, a line each. */
export const namesWithoutRow = (names: Names): ReadonlyArray<string> => {
  const code = subjectsOf(read("docs/names.md")).flatMap((subject) => subject.match(/`[^`]+`/g) ?? []).join(" ")
  return names.public
    .filter(({ name }) => !new RegExp(`\\b${name}\\b`).test(code))
    .map(({ name }) => `asyncio.${name}: no row of docs/names.md`)
}

// --------------------------------------------------------------------------------------------------------------- table

/** The verdicts in numbers, as `docs/conformance.md` shows them. */
export const tablesOf = (names: Names, ledger: ReadonlyArray<Row>): string => {
  const row = (title: string, rows: ReadonlyArray<Row>) => [
    title,
    String(rows.length),
    ...verdicts.map((verdict) => String(rows.filter((row) => row.verdict === verdict).length))
  ]
  const versions = Array.from(new Set(names.tests.flatMap(({ versions }) => versions)))
  const files = Array.from(Map.groupBy(ledger, ({ file }) => file), ([file, rows]) => row(file, rows))
  const without = Map.groupBy(ledger.filter(({ verdict }) => verdict === "n/a"), ({ pointer }) => pointer)
  return [
    `The suites of CPython ${versions.join(" and ")}.`,
    table([["file", "tests", ...verdicts], ...files, row("**all**", ledger)], new Set([1, 2, 3, 4, 5])),
    table(
      [
        ["n/a", "why", "tests"],
        ...Object.entries(reasons).map(([name, why]) => [name, why, String(without.get(name)?.length ?? 0)])
      ],
      new Set([2])
    )
  ].join("\n\n")
}
