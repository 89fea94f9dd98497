/** What a run needs before it can begin: the packages to compare with, the library built, a Python. */
import { execFileSync, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs"
import { cpus } from "node:os"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { bundle } from "../scripts/build.ts"

const here = import.meta.dirname
const root = join(here, "..")

const readJson = (...path: ReadonlyArray<string>): any => JSON.parse(readFileSync(join(...path), "utf8"))

const peers = (): ReadonlyArray<string> => Object.keys(readJson(here, "package.json").dependencies)
const isInstalled = (peer: string): boolean => existsSync(join(here, "node_modules", peer))

/** Installs the packages to compare with, if they are not there. Gives those that could not be. */
export const installPeers = (): ReadonlyArray<string> => {
  if (peers().every(isInstalled)) return []
  console.error("npm ci --prefix bench")
  const { status } = spawnSync("npm", ["ci", "--prefix", here], { stdio: ["ignore", 2, 2] })
  const missing = peers().filter((peer) => !isInstalled(peer))
  if (status !== 0) console.error(`bench: npm ci failed; going on without ${missing.join(", ")}`)
  return missing
}

/** Builds the library as it is published, and gives the address of its index. */
export const buildLibrary = (): Promise<string> => build(root, "current")

/** The same, as it was at a commit. In here, so that `effect` is the project's own. */
export const buildLibraryAt = (revision: string): Promise<string> => {
  const directory = join(here, "dist", "revision")
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  const archive = execFileSync("git", [
    "archive",
    revision,
    "src",
    "package.json",
    "tsconfig.json"
  ], {
    cwd: root,
    maxBuffer: 1 << 28
  })
  execFileSync("tar", ["-x", "-C", directory], { input: archive })
  return build(directory, "revision/dist")
}

const build = async (project: string, name: string): Promise<string> => {
  const output = join(here, "dist", name)
  rmSync(output, { recursive: true, force: true })
  await bundle(project, output)
  const index = pathToFileURL(join(output, "index.js")).href
  if (spawnSync(process.execPath, [fileURLToPath(index)], { stdio: ["ignore", 2, 2] }).status !== 0) {
    throw new Error(`bench: the library does not load: ${index}`)
  }
  return index
}

export interface Python {
  readonly executable: string
  readonly python: string
  readonly uvloop?: string
}

export const pythonProgram = join(here, "python", "bench.py")

/** asyncio of this Python is what the library is measured by in all that it says. */
const wantedPython = "3.14"

const isWanted = ({ python }: Python): boolean => python.startsWith(`${wantedPython}.`)

/** `$PYTHON`, `python3.14`, `python3`, or the system's: the first of the wanted version, with uvloop if one has it. */
export const findPython = (): Python | undefined => {
  const commands = [process.env["PYTHON"], `python${wantedPython}`, "python3", "/usr/bin/python3"]
  const found = commands.flatMap((command): Array<Python> => {
    if (command === undefined) return []
    const { status, stdout } = spawnSync(command, [pythonProgram, "--about"], { encoding: "utf8" })
    return status === 0 ? [JSON.parse(stdout)] : []
  })
  const wanted = found.filter(isWanted)
  if (wanted.length === 0) console.error(`bench: no Python ${wantedPython} is found; $PYTHON names one`)
  const usable = wanted.length > 0 ? wanted : found
  return usable.find(({ uvloop }) => uvloop !== undefined) ?? usable[0]
}

/** The versions of everything, and what it ran on. */
export const versions = (python: Python | undefined): Record<string, string> => ({
  node: process.versions.node,
  "effect-asyncio": `${readJson(root, "package.json").version} ${commit()}`.trim(),
  effect: readJson(root, "node_modules", "effect", "package.json").version,
  ...Object.fromEntries(
    peers().filter(isInstalled).map((peer) => [peer, readJson(here, "node_modules", peer, "package.json").version])
  ),
  ...(python === undefined ? {} : { python: nameOf(python) }),
  ...(python?.uvloop === undefined ? {} : { uvloop: python.uvloop }),
  machine: `${process.platform} ${process.arch}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? "unknown"}`
})

const nameOf = (python: Python): string =>
  isWanted(python) ? python.python : `${python.python} (no ${wantedPython} was found)`

const commit = (): string => {
  const git = (...args: ReadonlyArray<string>): string => {
    const { status, stdout } = spawnSync("git", args, { cwd: root, encoding: "utf8" })
    return status === 0 ? stdout.trim() : ""
  }
  const revision = git("rev-parse", "--short", "HEAD")
  if (revision === "") return ""
  return git("status", "--porcelain", "src") === "" ? `at ${revision}` : `after ${revision}`
}
