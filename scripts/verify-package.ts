/**
 * `npm run verify -- package`: packs the package and uses it as a stranger would: its files, the scenarios on the built
 * code, publint, attw and knip, a client in an empty folder with `effect` alone, under three TypeScripts and on this
 * Node, the programs of docs/executors.md as their reader puts them together, on a PostgreSQL, forgotten `yield*` found as
 * docs/forgotten-yield.md says, and what it adds to a bundle. Exit code 1 if anything fails.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { isDeepStrictEqual } from "node:util"
import { gzipSync } from "node:zlib"
import { build } from "vite"
import { startPostgres } from "../examples/real/cluster/postgres.ts"
import manifest from "../package.json" with { type: "json" }
import { Process } from "../test/node/processes.ts"
import { diagnosticsOf } from "./languageServer.ts"
import { type Ended, execute, install, makeFolder, root, table } from "./workshop.ts"

/** The oldest of each that has to do. */
const effectVersion = "4.1.0"

const typescripts: ReadonlyArray<string> = ["5.9.3", "6.0.3", "7.0.2"]

/** Those of docs/forgotten-yield.md, by their commands. */
const languageServices = {
  "effect-tsgo": { typescript: "7.0.2", "@effect/tsgo": "0.45.0" },
  "effect-language-service": { typescript: "6.0.3", "@effect/language-service": "0.87.2" }
}

const tools = { publint: "0.3.25", "@arethetypeswrong/cli": "0.18.5", knip: "6.44.2" }

/** What the tarball has, and nothing else; each of them at least once. */
const expected: ReadonlyArray<RegExp> = [
  /^package\.json$/,
  /^README\.md$/,
  /^AGENTS\.md$/,
  /^CHANGELOG\.md$/,
  /^LICENSE$/,
  /^docs\/.+\.(md|svg)$/,
  /^examples\/.+\.ts$/,
  /^src\/.+\.ts$/,
  /^dist\/.+\.js$/,
  /^dist\/.+\.js\.map$/,
  /^dist\/.+\.d\.ts$/,
  /^dist\/.+\.d\.ts\.map$/
]

/** Bytes, minified and compressed with gzip, beside `effect`: a tenth above what it was when the budget was set. */
const budgets: ReadonlyArray<readonly [title: string, entry: string, budget: number]> = [
  ["gather", `export { gather } from "effect-asyncio"`, 10_800],
  ["gather and run", `export { gather, run } from "effect-asyncio"`, 21_200],
  ["everything", `export * from "effect-asyncio"`, 35_500],
  [
    "everything and testing",
    `export * from "effect-asyncio"; export * as testing from "effect-asyncio/testing"`,
    61_700
  ],
  ["insight", `export * from "effect-asyncio/insight"`, 38_200],
  ["executors", `export * from "effect-asyncio/executors"`, 20_400]
]

const client = `import { Effect, Schema } from "effect"
import * as asyncio from "effect-asyncio"
import { gather } from "effect-asyncio/gather"
import { Executor, Job, toThread } from "effect-asyncio/executors"
import * as Queue from "effect-asyncio/Queue"
import { VirtualLoop } from "effect-asyncio/testing"

const program = Effect.gen(function*() {
  const pair: [number, string] = yield* gather([asyncio.sleep("1 second", 1), Effect.succeed("two")])
  const fast = yield* asyncio.createTask(asyncio.sleep("1 hour", "fast"))
  const slow = yield* asyncio.createTask(asyncio.sleep("3 hours", "slow"))
  const { done, pending } = yield* asyncio.wait([fast, slow], { returnWhen: asyncio.FIRST_COMPLETED })
  const queue: Queue.Queue<number> = yield* Queue.make<number>({ maxsize: 1 })
  yield* asyncio.TaskGroup.run(Effect.fnUntraced(function*(group) {
    yield* group.createTask(asyncio.Queue.put(queue, 1))
    yield* group.createTask(asyncio.Queue.put(queue, 2))
    yield* group.createTask(Effect.andThen(Queue.get(queue), Queue.get(queue)))
  }))
  const length = Job.make("length", { payload: Schema.String, success: Schema.Number })
  const here = Executor.layerLocal(Job.group("texts", length), { length: (text) => Effect.succeed(text.length) })
  const three: number = yield* Effect.orDie(Effect.provide(toThread(length, "abc"), here))
  const first: string = yield* fast
  const seconds: number = yield* asyncio.EventLoop.time
  return [...pair, done.has(fast), pending.has(slow), first, three, seconds]
})

// @ts-expect-error EventLoop is missing
export const missing = () => Effect.runPromise(program)

const result = JSON.stringify(await Effect.runPromise(VirtualLoop.run(program)))
const wanted = JSON.stringify([1, "two", true, true, "fast", 3, 3601])
if (result !== wanted) throw new Error(result)
`

/** For the monitor, which is asked by a signal, and for the command, which looks into it and draws what it has recorded. */
const server = `import { Effect } from "effect"
import { createTask, Lock, sleep } from "effect-asyncio"
import { run } from "effect-asyncio/run"
await run(Effect.gen(function*() {
  const lock = yield* Lock.make
  yield* Lock.acquire(lock)
  yield* createTask(Lock.acquire(lock), { name: "second" })
  yield* sleep("1 second")
  process.kill(process.pid, "SIGQUIT")
  console.log("ready")
  yield* sleep("1 hour")
}))
`

const blocked = [
  "internal/loop/loop",
  "internal/loop/loop.ts",
  "testing/Driver",
  "insight/drawing/svg",
  "node/signal",
  "node/preload",
  "executors/parts/JobImpl",
  "executors/node/Pool",
  "index",
  "src/index.ts",
  "dist/index.js"
]

/** The subpaths that have a line of their own in `exports`, the root among them. */
const subpaths = Object.entries(manifest.exports)
  .filter(([path, target]) => target !== null && path !== "./package.json" && !path.includes("*"))
  .map(([path]) => path.slice(1))

/** What a subpath needs beside `effect`. */
const peers: Readonly<Record<string, string>> = { "/executors/node": "@effect/platform-node" }

/**
 * Loads every subpath, each in a process of its own; the root and `Lock` load none of the others, nor anything of Node, and
 * executors are for any host.
 */
const loader = `import { registerHooks } from "node:module"
const loaded = []
registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context) } })
const path = process.argv[2]
const module = await import("effect-asyncio" + path)
if (Object.keys(module).length === 0 && path !== "/node/monitor") throw new Error("nothing is in effect-asyncio" + path)
const others = path === "/executors" ? /[/]dist[/](testing|insight|node)[/]/ : /[/]dist[/](testing|insight|node|executors)[/]/
const foreign = loaded.filter((url) => url.startsWith("node:") || others.test(url))
if (["", "/Lock", "/executors"].includes(path) && foreign.length > 0) throw new Error("effect-asyncio" + path + " loads " + foreign)
`

/** What is no entry is not found, whatever is in the package. */
const intruder = `for (const name of ${JSON.stringify(blocked)}) {
  const error = await import("effect-asyncio/" + name).then(() => undefined, (error) => error)
  if (error?.code !== "ERR_PACKAGE_PATH_NOT_EXPORTED" && error?.code !== "ERR_MODULE_NOT_FOUND") {
    throw new Error("effect-asyncio/" + name + " can be imported")
  }
}
`

/** A process whose main fails: the lines of its stack are the stranger's own. */
const failing = `import { Effect } from "effect"
import { runMain } from "effect-asyncio/node"
const load = Effect.fn("load")(function*() {
  return yield* Effect.die(new TypeError("a bug"))
})
await runMain(load())
`

const checkFailing = ({ ok, output }: Ended): void => {
  const frames = output.split("\n").filter((line) => /^ +at /.test(line))
  const isRight = !ok && output.startsWith("TypeError: a bug\n") && frames.length > 0 &&
    frames.every((line) => line.includes("failing.js:"))
  note("runMain", isRight, "a failure, and the program's own lines of its stack", output)
}

const rows: Array<readonly [check: string, verdict: "ok" | "FAILED", note: string]> = []
const outputs: Array<string> = []

const note = (check: string, ok: boolean, text: string, output = ""): void => {
  rows.push([check, ok ? "ok" : "FAILED", text])
  if (!ok && output !== "") outputs.push(`== ${check}\n${output.trim()}`)
}

const noteEnd = (check: string, text: string, { ok, output }: Ended): boolean => {
  note(check, ok, text, output)
  return ok
}

const checkFiles = (files: ReadonlyArray<string>): void => {
  const sources = new Set(files.filter((file) => file.startsWith("src/")).map((file) => file.slice(4, -3)))
  const problems = [
    ...files.filter((file) => !expected.some((pattern) => pattern.test(file))).map((file) => `unexpected: ${file}`),
    ...expected.filter((pattern) => !files.some((file) => pattern.test(file))).map((pattern) => `missing: ${pattern}`),
    // What entries share is in files of no module.
    ...files.filter((file) => file.startsWith("dist/") && !/^dist\/internal\/[\w-]+\.js(\.map)?$/.test(file))
      .filter((file) => !sources.has(file.slice(5).replace(/(\.d\.ts|\.js)(\.map)?$/, "")))
      .map((file) => `left from an older build: ${file}`)
  ]
  note("files", problems.length === 0, `${files.length} files`, problems.join("\n"))
}

const checkTools = async (folder: string, tarball: string, files: ReadonlyArray<string>): Promise<void> => {
  const installed = await install(folder, tools)
  if (!installed.ok) return void noteEnd("publint, attw, knip", "installed", installed)
  const bin = (name: string) => join(folder, "node_modules/.bin", name)
  noteEnd("publint", tools.publint, await execute(bin("publint"), ["run", tarball, "--strict"]))
  // It does not look behind a wildcard by itself.
  const modules = files.flatMap((file) => /^dist\/(\w+)\.js$/.exec(file)?.[1] ?? []).filter((name) => name !== "index")
  const attw = [tarball, "--profile", "esm-only", "--include-entrypoints", ...modules, "--no-color", "--no-emoji"]
  const entries = modules.length + subpaths.length
  noteEnd("attw", `${tools["@arethetypeswrong/cli"]}, ${entries} entries`, await execute(bin("attw"), attw))
  noteEnd("knip", `${tools.knip}: nothing unused, nothing unlisted`, await execute(bin("knip"), []))
}

/** The command beside nothing but `effect`, on a program with a monitor and without a word of it. */
const checkCommand = async (stranger: string): Promise<void> => {
  writeFileSync(join(stranger, "server.js"), server)
  const command = (...args: ReadonlyArray<string>) =>
    execute(join(stranger, "node_modules/.bin/effect-asyncio"), args, { cwd: stranger })
  noteEnd("effect-asyncio --help", "the command", await command("--help"))
  const child = spawn(process.execPath, ["--import", "effect-asyncio/node/monitor", "server.js"], {
    cwd: stranger,
    env: { ...process.env, EFFECT_ASYNCIO_DIR: "recordings" },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let said = ""
  child.stderr.on("data", (data) => said += String(data))
  await Promise.race([once(child.stdout, "data"), once(child, "close")])
  const looked = await command("ps", String(child.pid), "--timeout=60 seconds")
  const wanted = `second  waits`
  note("effect-asyncio ps", looked.ok && looked.stdout.includes(wanted), "a process of Node", looked.output)
  const recording = /^recorded in (.*\.json)/m.exec(said)?.[1] ?? ""
  note("--import effect-asyncio/node/monitor", said.includes(wanted) && recording !== "", "SIGQUIT", said)
  const drawn = await command("draw", recording)
  note("effect-asyncio draw", drawn.ok && drawn.stdout.includes("second"), recording, drawn.output)
  child.kill("SIGKILL")
}

const checkTypes = async (folder: string, stranger: string): Promise<void> => {
  const packages = Object.fromEntries(typescripts.map((version) => [`ts-${version}`, `npm:typescript@${version}`]))
  const installed = await install(folder, packages)
  if (!installed.ok) return void noteEnd("TypeScript", "installed", installed)
  for (const version of typescripts) {
    for (const [module, moduleResolution] of [["NodeNext", "NodeNext"], ["ESNext", "Bundler"]]) {
      const config = join(stranger, `tsconfig.${version}.${module}.json`)
      const compilerOptions = {
        target: "ES2022",
        module,
        moduleResolution,
        types: [],
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        noEmit: true
      }
      writeFileSync(config, JSON.stringify({ compilerOptions, files: ["client.ts"] }))
      const tsc = join(folder, "node_modules", `ts-${version}`, "bin/tsc")
      const ended = await execute(process.execPath, [tsc, "--project", config], { cwd: stranger })
      noteEnd(`TypeScript ${version}`, `strict, skipLibCheck: false, ${moduleResolution}`, ended)
    }
  }
}

/** The page's program, its steps, and what it says that they show: on the command line, in `tsc`, in an editor. */
const checkForgotten = async (folder: string, tarball: string): Promise<void> => {
  const page = readFileSync(join(root, "docs/forgotten-yield.md"), "utf8")
  const program = /```ts import\.meta\.vitest\n(.*?)```/s.exec(page)![1]!
  const found = /```text\n(.*?)```/s.exec(page)![1]!.trim().split("\n")
  const compilerOptions = {
    target: "ES2022",
    lib: ["ES2025", "ESNext.Disposable"],
    module: "NodeNext",
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    plugins: [{ name: "@effect/language-service" }]
  }
  const shown = (output: string) =>
    output.split("\n").map((line) => line.replace(`${project}/`, "")).filter((line) => line.includes("floatingEffect"))
  let project = ""
  for (const [name, packages] of Object.entries(languageServices)) {
    project = join(folder, name)
    const installed = await install(project, {
      effect: effectVersion,
      "effect-asyncio": `file:${tarball}`,
      ...packages
    })
    if (!installed.ok) return void noteEnd("forgotten yield*", "installed", installed)
    writeFileSync(join(project, "app.ts"), program)
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["app.ts"] }))
    const bin = join(project, "node_modules/.bin", name)
    const options = ["--project", "tsconfig.json", "--strict", "--severity", "error,warning", "--format", "text"]
    const told = await execute(bin, ["diagnostics", ...options], { cwd: project })
    const isTold = !told.ok && isDeepStrictEqual(shown(told.output).toSorted(), found.toSorted())
    note("forgotten yield*", isTold, `${name} diagnostics`, told.output)
    const patched = await execute(bin, ["patch"], { cwd: project })
    const tsc = join(project, "node_modules/typescript/bin/tsc")
    const compiled = await execute(process.execPath, [tsc], { cwd: project })
    note(
      "forgotten yield*",
      patched.ok && shown(compiled.output).length === found.length,
      `${name} patch, tsc`,
      patched.output + compiled.output
    )
    if (name !== "effect-tsgo") continue
    const underlined = await diagnosticsOf([tsc, "--lsp", "--stdio"], project, "app.ts")
    const isUnderlined = shown(underlined.join("\n")).length === found.length
    note("forgotten yield*", isUnderlined, "in an editor, by tsc --lsp", underlined.join("\n"))
  }
}

/** The subpaths that need more than `effect`, beside the oldest of it that has to do. */
const checkPeers = async (folder: string, tarball: string): Promise<void> => {
  const packages = Object.fromEntries(Object.values(peers).map((name) => [name, effectVersion]))
  const installed = await install(folder, { effect: effectVersion, ...packages, "effect-asyncio": `file:${tarball}` })
  if (!noteEnd("peers", Object.values(peers).join(", "), installed)) return
  writeFileSync(join(folder, "loader.js"), loader)
  for (const path of Object.keys(peers)) {
    const ended = await execute(process.execPath, ["loader.js", path], { cwd: folder })
    noteEnd(`effect-asyncio${path}`, `is there, beside ${peers[path]}`, ended)
  }
}

/** The files of docs/executors.md, which are named above their texts; and what it says that they print. */
const checkPages = async (folder: string, tarball: string): Promise<void> => {
  const installed = await install(folder, {
    effect: effectVersion,
    "@effect/platform-node": effectVersion,
    "@effect/sql-pg": manifest.devDependencies["@effect/sql-pg"],
    "effect-asyncio": `file:${tarball}`
  })
  if (!noteEnd("docs/executors.md", "installed", installed)) return
  const page = readFileSync(join(root, "docs/executors.md"), "utf8")
  const write = (heading: string): string => {
    const block = /```ts\n(.*?)```/s.exec(page.slice(page.indexOf(`\n## ${heading}`)))![1]!
    const program = join(folder, heading.replaceAll(" ", "-"))
    mkdirSync(program)
    for (const file of block.split(/^(?=\/\/ \w+\.ts\b)/m)) writeFileSync(join(program, /\w+\.ts/.exec(file)![0]), file)
    return program
  }
  const [cluster, threads] = [write("Many machines"), write("Threads and processes")]

  const compilerOptions = {
    lib: ["ES2025", "DOM"],
    module: "NodeNext",
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    types: []
  }
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions }))
  const tsc = join(root, "node_modules/typescript/bin/tsc")
  noteEnd("docs/executors.md", "its files, by tsc", await execute(process.execPath, [tsc], { cwd: folder }))

  const main = await execute(process.execPath, [join(threads, "main.ts")])
  note("docs/executors.md", main.stdout === "[ 832040, 1346269, 2178309 ]\n", "threads", main.output)

  const { close, url } = await startPostgres()
  const env = { DATABASE_URL: url, HOST: "127.0.0.1", PORT: String(30_000 + Math.floor(Math.random() * 20_000)) }
  const runner = new Process([join(cluster, "runner.ts")], env)
  for (const time of ["once", "again"]) {
    const caller = await execute(process.execPath, [join(cluster, "caller.ts")], { env, limit: 60_000 })
    note("docs/executors.md", caller.stdout === "10\n", `a cluster, ${time}`, caller.output + runner.out + runner.err)
  }
  await runner.kill("SIGTERM").end()
  await close()
}

const checkSize = async (folder: string, [title, code, budget]: (typeof budgets)[number]): Promise<void> => {
  const entry = join(folder, `${title.replaceAll(" ", "-")}.js`)
  writeFileSync(entry, code)
  const built = await build({
    root: folder,
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      target: "es2022",
      minify: true,
      modulePreload: false,
      rolldownOptions: { input: entry, external: /^effect($|\/)/, preserveEntrySignatures: "strict" }
    }
  })
  if (Array.isArray(built) || !("output" in built)) throw new Error("more than one bundle")
  const chunks = built.output.map((chunk) => chunk.type === "chunk" ? chunk.code : "").join("")
  const size = gzipSync(chunks, { level: 9 }).length
  const text = `${size} bytes of ${budget}; ${Buffer.byteLength(chunks)} before gzip`
  note(`size of ${title}`, size <= budget, text, `${size} bytes are more than ${budget}`)
}

const check = async (): Promise<void> => {
  const folder = makeFolder()

  const packed = await execute("npm", ["pack", "--json", "--pack-destination", folder, "--loglevel=error"])
  if (!noteEnd("build and pack", "npm pack", packed)) return
  // What the build prints comes first; newer ones give the packages by name.
  const answer = JSON.parse(packed.stdout.slice(packed.stdout.search(/^[[{]/m))) as Readonly<Record<string, Packed>>
  const [{ filename, files, size }] = Object.values(answer)
  note("tarball", true, `${filename}, ${size} bytes`)
  const paths = files.map(({ path }) => path)
  checkFiles(paths)

  // Without the condition that names the sources, the scenarios run on what was built.
  noteEnd("conformance", "on the built code", await execute(process.execPath, ["test/conformance/table.ts"]))

  const tarball = join(folder, filename)
  await checkTools(join(folder, "tools"), tarball, paths)

  const stranger = join(folder, "stranger")
  const installed = await install(stranger, { effect: effectVersion, "effect-asyncio": `file:${tarball}` })
  if (!noteEnd("install", `with effect ${effectVersion} alone`, installed)) return
  writeFileSync(join(stranger, "client.ts"), client)
  writeFileSync(join(stranger, "intruder.js"), intruder)
  writeFileSync(join(stranger, "loader.js"), loader)
  writeFileSync(join(stranger, "failing.js"), failing)
  await checkTypes(join(folder, "typescripts"), stranger)
  const run = (file: string, ...args: ReadonlyArray<string>) =>
    execute(process.execPath, [file, ...args], { cwd: stranger })
  noteEnd("client", `runs on Node ${process.versions.node}`, await run("client.ts"))
  noteEnd("internals", `${blocked.length} deep imports refused`, await run("intruder.js"))
  checkFailing(await run("failing.js"))
  for (const path of [...subpaths, "/Lock"]) {
    if (path in peers) continue
    noteEnd(`effect-asyncio${path}`, "is there, and loads no more than it should", await run("loader.js", path))
  }
  await checkPeers(join(folder, "peers"), tarball)
  await checkPages(join(folder, "pages"), tarball)
  await checkCommand(stranger)
  await checkForgotten(join(folder, "forgotten"), tarball)
  for (const budget of budgets) await checkSize(stranger, budget)
}

interface Packed {
  readonly filename: string
  readonly size: number
  readonly files: ReadonlyArray<{ readonly path: string }>
}

await check()
if (outputs.length > 0) console.log(`${outputs.join("\n\n")}\n`)
console.log(table([["check", "", "what"], ...rows]))
if (rows.some(([, verdict]) => verdict === "FAILED")) process.exitCode = 1
