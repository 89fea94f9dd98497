/**
 * `npm run verify -- hosts`: runs the conformance scenarios and the trials of clocks.ts, as one bundle, in every host that
 * is here or can be installed, and prints a row for each. Exit code 1 if one of them differs from CPython, or takes its
 * time where a clock is rounded or jumps; with `--all` also if one is absent.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { build, defaultClientConditions, type Plugin } from "vite"
import type { Verdict } from "../test/conformance/portable.ts"
import { groupOf, readPrograms, readTraces } from "../test/conformance/suite.ts"
import { findBrowser, type Site } from "./browser.ts"
import { type Ended, execute, install, makeFolder, root, table } from "./workshop.ts"

const conformance = join(root, "test/conformance")
const folder = makeFolder()

// -------------------------------------------------------------------------------------------------------------- bundle

/** The module that has the cases, and runs them. */
const cases = (): Plugin => {
  const name = "virtual:cases"
  return {
    name,
    resolveId: (id) => id === name ? id : null,
    load: (id) => {
      if (id !== name) return null
      const traces = readTraces()
      const groups = [...traces.keys()]
      const members = Array.from(readPrograms(), ([name, source]) => {
        const group = groupOf(name, groups)
        return { name, group, source, trace: traces.get(group)?.scenarios[name] }
      })
      const file = (path: string) => JSON.stringify(join(conformance, path))
      return `import { judgeAll, show } from ${file("portable.ts")}
import { judgeClocks } from ${JSON.stringify(join(root, "scripts/clocks.ts"))}
${groups.map((group, index) => `import group${index} from ${file(`groups/${group}.ts`)}`).join("\n")}
const scenarios = Object.assign({}, ${groups.map((_, index) => `group${index}`).join(", ")})
const cases = ${JSON.stringify(members)}
const verdict = await judgeAll(cases.map((self) => ({ ...self, scenario: scenarios[self.name] })))
show({ ...verdict, problems: verdict.problems.concat(await judgeClocks()) })
`
    }
  }
}

/** One file for all hosts: the scenarios, src and effect. */
const bundle = async (): Promise<string> => {
  await build({
    root,
    configFile: false,
    logLevel: "error",
    plugins: [cases()],
    // `effect-asyncio` is src here.
    resolve: { conditions: ["effect-asyncio-source", ...defaultClientConditions] },
    build: {
      outDir: folder,
      emptyOutDir: false,
      target: "es2022",
      // Names are in the traces.
      minify: false,
      modulePreload: false,
      rolldownOptions: {
        input: "virtual:cases",
        output: { entryFileNames: "suite.mjs", keepNames: true, codeSplitting: false }
      }
    }
  })
  return join(folder, "suite.mjs")
}

// --------------------------------------------------------------------------------------------------------------- hosts

/** A host that is there. */
interface Found {
  readonly version: string
  /** Runs the suite, which prints the verdict on a line of its own. */
  readonly run: (suite: string) => Promise<Ended>
}

interface Host {
  readonly name: string
  /** The host, or why there is none. */
  readonly find: () => Promise<Found | string>
}

const runtime = (program: string, version: string, args: ReadonlyArray<string> = []): Found => ({
  version,
  run: (suite) => execute(program, [...args, suite], { cwd: folder })
})

/** The version that a program prints; undefined if there is no such program. */
const versionOf = async (program: string): Promise<string | undefined> => {
  const { ok, stdout } = await execute(program, ["--version"], { cwd: folder })
  return ok ? /\d+(\.\d+)+/.exec(stdout)?.[0] : undefined
}

/** A runtime from its npm package. */
const fromPackage = (name: string, spec: string, args: ReadonlyArray<string> = []): Host["find"] => async () => {
  const home = join(folder, `${name}-${spec}`)
  const { ok, output } = await install(home, { [name]: spec }, [name])
  const program = join(home, "node_modules/.bin", name)
  const version = ok ? await versionOf(program) : undefined
  return version === undefined ? `not installed: ${output.trim().split("\n")[0]}` : runtime(program, version, args)
}

/** A runtime of this machine, or else from its npm package. */
const fromPath = (name: string, args: ReadonlyArray<string> = []): Host["find"] => async () => {
  const version = await versionOf(name)
  return version === undefined ? fromPackage(name, "latest", args)() : runtime(name, version, args)
}

const page = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>effect-asyncio</title>
<body style="white-space: pre-wrap; font-family: monospace"><script type="module" src="/suite.mjs"></script>`

const inBrowser: Host["find"] = async () => {
  const browser = await findBrowser()
  if (typeof browser === "string") return browser
  const run = async (suite: string): Promise<Ended> => {
    const files: Readonly<Record<string, ReturnType<Site>>> = {
      "/": { type: "text/html; charset=utf-8", content: page },
      "/suite.mjs": { type: "text/javascript; charset=utf-8", content: readFileSync(suite, "utf8") }
    }
    // The page's timers do not wait: a browser makes each at least 4 ms long, and the harness counts many turns.
    const ended = await browser.open((path) => files[path], ["--virtual-time-budget=100000000"])
    const verdict = /data-verdict="([^"]*)"/.exec(ended.stdout)?.[1]
    return verdict === undefined ? ended : { ...ended, stdout: decodeURIComponent(verdict) }
  }
  return { version: browser.version, run }
}

const hosts: ReadonlyArray<Host> = [
  { name: "Node 22", find: fromPackage("node", "22") },
  { name: "Node 24", find: fromPackage("node", "24") },
  { name: "Node 26", find: fromPackage("node", "26") },
  { name: "Chromium", find: inBrowser },
  { name: "Deno", find: fromPath("deno", ["run", "--no-config", "--no-lock"]) },
  { name: "Bun", find: fromPath("bun", ["run"]) }
]

// -------------------------------------------------------------------------------------------------------------- report

const suite = await bundle()
const problems: Array<string> = []
const rows: Array<ReadonlyArray<string>> = []
let absent = 0

const verdictIn = ({ ok, stdout }: Ended): Verdict | undefined => {
  const line = !ok ? undefined : stdout.split("\n").find((text) => text.startsWith(`{"counts"`))
  return line === undefined ? undefined : JSON.parse(line) as Verdict
}

for (const { find, name } of hosts) {
  const found = await find()
  if (typeof found === "string") {
    absent++
    rows.push([name, "", "", "", "", "", "", `absent: ${found}`])
    continue
  }
  const began = performance.now()
  const ended = await found.run(suite)
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  const verdict = verdictIn(ended)
  if (verdict === undefined) {
    problems.push(`== ${name}\n${ended.output.trim().slice(0, 4000)}`)
    rows.push([name, found.version, "", "", "", "", seconds, "did not run"])
    continue
  }
  const { difference, equal, missing, unequal, waiting } = verdict.counts
  const wrong = missing + unequal + waiting
  if (verdict.problems.length > 0) problems.push(`== ${name}\n${verdict.problems.join("\n")}`)
  const ok = wrong === 0 && verdict.problems.length === 0 && verdict.runs > 0
  if (!ok && verdict.problems.length === 0) problems.push(`== ${name}\nnot every scenario was judged`)
  const counts = [equal + difference + wrong, verdict.runs, equal, difference].map(String)
  rows.push([name, found.version, ...counts, seconds, ok ? "as CPython" : "DIFFERS"])
}

if (problems.length > 0) console.log(`${problems.join("\n\n")}\n`)
const head = ["host", "version", "scenarios", "runs", "equal", "deliberately different", "seconds", "verdict"]
console.log(table([head, ...rows], new Set([2, 3, 4, 5, 6])))
if (problems.length > 0 || (absent > 0 && process.argv.includes("--all"))) process.exitCode = 1
