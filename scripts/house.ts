/**
 * `npm run check`: how the house is built. `src/internal` stands in layers, a folder each: nobody imports from a layer
 * above, not even a type, and no imports among them go in a circle. The core loads none of the parts, and those no more of
 * each other than they say. A file of the core or of the executors has at most 150 lines of code, or its header says why it
 * has more.
 *
 * The types of the public modules are left out: internals are what those give, and so name them. That values go in no
 * circle anywhere is oxlint's `import/no-cycle`.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join, posix } from "node:path"
import { execute, root } from "./workshop.ts"

/** The text of each file, by its path from the root. */
export type Files = ReadonlyMap<string, string>

/** Lowest first. */
const layers = ["host", "kernel", "waiting", "loop", "task", "parts"]

/**
 * What of ours each part may load, beside itself and the core: who imports the core alone, or executors without Node, is to
 * get no more.
 */
const parts: Readonly<Record<string, ReadonlyArray<string>>> = {
  "src/executors/node/": ["src/executors/"],
  "src/executors/cluster/": ["src/executors/"],
  "src/executors/": [],
  "src/node/": ["src/insight/"],
  "src/testing/": ["src/insight/"],
  "src/insight/": []
}

/** The part that a file belongs to; the core is none. */
const partOf = (path: string): string | undefined => Object.keys(parts).find((part) => path.startsWith(part))

const maxLines = 150
/** What the header of a longer file says. */
const longer = /\bmore than 150 lines\b/

const internal = "src/internal/"

const layerOf = (path: string): string => path.slice(internal.length).split("/")[0]!

const isInternal = (path: string): boolean => path.startsWith(internal)

/** The files that it imports, or gives on, as values or as types. */
const importsOf = (path: string, text: string): ReadonlyArray<string> =>
  Array.from(
    text.matchAll(/^(?:import|export)\b[^"]*?"(\.[^"]+)"/gm),
    ([, target]) => posix.join(posix.dirname(path), target!)
  )

/** The lines that are neither empty nor a comment. */
export const linesOfCode = (text: string): number =>
  text.replace(/\/\*.*?\*\//gs, "").split("\n").filter((line) => !/^\s*(\/\/.*)?$/.test(line)).length

const headerOf = (text: string): string => /^\/\*\*.*?\*\//s.exec(text)?.[0].replace(/\s+\*\s+/g, " ") ?? ""

/** A way from a file back to it, if there is one. */
const findCircle = (graph: ReadonlyMap<string, ReadonlyArray<string>>): ReadonlyArray<string> | undefined => {
  const done = new Set<string>()
  const visit = (path: string, way: ReadonlyArray<string>): ReadonlyArray<string> | undefined => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path]
    if (done.has(path)) return undefined
    for (const next of graph.get(path) ?? []) {
      const circle = visit(next, [...way, path])
      if (circle !== undefined) return circle
    }
    done.add(path)
    return undefined
  }
  for (const path of graph.keys()) {
    const circle = visit(path, [])
    if (circle !== undefined) return circle
  }
  return undefined
}

/** What is wrong; `compiled` are the files that the compiler reads. */
export const problemsOf = (files: Files, compiled: Iterable<string>): ReadonlyArray<string> => {
  const problems: Array<string> = []
  for (const path of compiled) if (!files.has(path)) problems.push(`${path} was not read`)
  const graph = new Map<string, ReadonlyArray<string>>()
  for (const [path, text] of files) {
    if (isInternal(path)) {
      const layer = layers.indexOf(layerOf(path))
      if (layer === -1) problems.push(`${path} stands in no layer`)
      const targets = importsOf(path, text).filter(isInternal)
      graph.set(path, targets)
      for (const target of targets) {
        if (layers.indexOf(layerOf(target)) > layer) problems.push(`${path} imports ${target}, from a layer above`)
      }
    }
    const part = partOf(path)
    const known = part === undefined ? [] : [part, ...parts[part]!]
    for (const target of importsOf(path, text)) {
      const other = partOf(target)
      if (other !== undefined && !known.includes(other)) problems.push(`${path} imports ${target}, of another part`)
    }
    const lines = linesOfCode(text)
    if (isInternal(path) || posix.dirname(path) === "src" || path.startsWith("src/executors/")) {
      const isAllowed = longer.test(headerOf(text))
      if (lines > maxLines && !isAllowed) problems.push(`${path} has ${lines} lines of code, and no word on why`)
      if (lines <= maxLines && isAllowed) problems.push(`${path} says that it is long, and has ${lines} lines of code`)
    }
  }
  for (const layer of layers) {
    if (!Array.from(graph.keys()).some((path) => layerOf(path) === layer)) problems.push(`${layer} is empty`)
  }
  const circle = findCircle(graph)
  if (circle !== undefined) problems.push(`a circle: ${circle.join(" -> ")}`)
  return problems
}

export const readFiles = (): Files =>
  new Map(
    readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => posix.join("src", name.replaceAll("\\", "/")))
      .toSorted()
      .map((path) => [path, readFileSync(join(root, path), "utf8")])
  )

/** The files of `src` that the two projects are made of. */
const compiledFiles = async (): Promise<ReadonlyArray<string>> => {
  const listed = await Promise.all(
    ["tsconfig.build.json", "tsconfig.node.json"].map((project) =>
      execute("tsc", ["--project", project, "--listFilesOnly"])
    )
  )
  if (listed.some(({ ok }) => !ok)) throw new Error("the compiler has errors: see tsc")
  const folder = `${root.replaceAll("\\", "/")}/src/`
  return listed.flatMap(({ stdout }) => stdout.split("\n")).map((line) => line.trim())
    .filter((line) => line.startsWith(folder)).map((line) => `src/${line.slice(folder.length)}`)
}

if (import.meta.main) {
  for (const problem of problemsOf(readFiles(), await compiledFiles())) {
    console.error(problem)
    process.exitCode = 1
  }
}
