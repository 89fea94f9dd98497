/** CPython with our own modules: npm's `pyodide`, or one that is installed. */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { basename, join } from "node:path"

/** Calls a function of a module with texts; it gives a text. */
export type Python = (module: string, name: string, args: ReadonlyArray<string>) => string

/** `files` are the modules, in this folder or from there. Without a command: pyodide. */
export const loadPython = (command: string | undefined, files: ReadonlyArray<string>): Promise<Python> => {
  const paths = files.map((file) => join(import.meta.dirname, file))
  return command === undefined ? pyodide(paths) : Promise.resolve(installed(command, paths))
}

const pyodide = async (paths: ReadonlyArray<string>): Promise<Python> => {
  const { loadPyodide } = await import("pyodide")
  const python = await loadPyodide({ stdout: () => {}, stderr: (line) => console.error(line) })
  for (const path of paths) python.FS.writeFile(`/home/pyodide/${basename(path)}`, readFileSync(path, "utf8"))
  python.runPython(`import sys; sys.path.insert(0, "/home/pyodide")`)
  return (module, name, args) => python.pyimport(module)[name](...args)
}

// Leaves without an end: what programs left behind would run once more.
const call = `
import importlib, json, os, sys
module, name, args, folders = json.load(sys.stdin)
sys.path[:0] = folders
print(getattr(importlib.import_module(module), name)(*args), end="", flush=True)
os._exit(0)
`

const installed = (command: string, paths: ReadonlyArray<string>): Python => (module, name, args) => {
  const folders = Array.from(new Set(paths.map((path) => join(path, ".."))))
  const input = JSON.stringify([module, name, args, folders])
  const { error, status, stderr, stdout } = spawnSync(command, ["-B", "-c", call], {
    input,
    encoding: "utf8",
    maxBuffer: 1 << 30
  })
  if (error !== undefined || status !== 0) throw error ?? new Error(stderr)
  return stdout
}
