/** CPython with our own modules: one that is installed, or npm's `pyodide`, which is everywhere. */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { basename, join } from "node:path"

export interface Python {
  readonly version: string
  /** Calls a function of a module with texts; it gives a text. */
  readonly call: (module: string, name: string, args: ReadonlyArray<string>) => string
}

const version = "__import__('sys').version.split()[0]"

/** The installed CPythons that are judges, the oldest first. */
export const installed: ReadonlyArray<string> = ["python3.14", "python3.15"].filter(
  (command) => spawnSync(command, ["-c", ""]).status === 0
)

/** All that there are here. */
export const pythons: ReadonlyArray<string> = ["pyodide", ...installed]

/** `files` are the modules, in this folder or from there. Without a command: the newest that is here. */
export const loadPython = async (
  command: string | undefined = pythons.at(-1)!,
  files: ReadonlyArray<string>
): Promise<Python> => {
  const paths = files.map((file) => join(import.meta.dirname, file))
  return command === "pyodide" ? loadWasm(paths) : loadInstalled(command, paths)
}

const loadWasm = async (paths: ReadonlyArray<string>): Promise<Python> => {
  const { loadPyodide } = await import("pyodide")
  const python = await loadPyodide({ stdout: () => {}, stderr: (line) => console.error(line) })
  for (const path of paths) python.FS.writeFile(`/home/pyodide/${basename(path)}`, readFileSync(path, "utf8"))
  python.runPython(`import sys; sys.path.insert(0, "/home/pyodide")`)
  return {
    version: python.runPython(version),
    call: (module, name, args) => python.pyimport(module)[name](...args)
  }
}

// Leaves without an end: what programs left behind would run once more.
const call = `
import importlib, json, os, sys
module, name, args, folders = json.load(sys.stdin)
sys.path[:0] = folders
print(getattr(importlib.import_module(module), name)(*args), end="", flush=True)
os._exit(0)
`

const loadInstalled = (command: string, paths: ReadonlyArray<string>): Python => {
  const folders = Array.from(new Set(paths.map((path) => join(path, ".."))))
  const run = (code: string, input: string): string => {
    const { error, status, stderr, stdout } = spawnSync(command, ["-B", "-c", code], {
      input,
      encoding: "utf8",
      maxBuffer: 1 << 30
    })
    if (error !== undefined || status !== 0) throw error ?? new Error(stderr)
    return stdout
  }
  return {
    version: run(`print(${version}, end="")`, ""),
    call: (module, name, args) => run(call, JSON.stringify([module, name, args, folders]))
  }
}
