/**
 * `node test/docs/python.ts`: runs every Python program of the documentation on CPython 3.14 (npm `pyodide`), on the virtual
 * loop of the conformance suite, and compares what it prints with the `# =>` comments in it. A program without such
 * comments, because it needs threads, sockets or processes, is only compiled.
 */
import { globSync, readFileSync } from "node:fs"
import { resolve } from "node:path"
import { loadPyodide } from "pyodide"

const root = resolve(import.meta.dirname, "../..")

const python = await loadPyodide({ stdout: () => {} })
python.FS.writeFile("/home/pyodide/virtual_loop.py", readFileSync(resolve(root, "test/conformance/virtual_loop.py")))
python.runPython(`
import asyncio, contextlib, io, logging, sys
sys.path.insert(0, "/home/pyodide")
from virtual_loop import VirtualLoop

# What is logged belongs to what is printed.
class Printer(logging.Handler):
    def emit(self, record):
        print(record.getMessage().splitlines()[0])

logging.getLogger("asyncio").addHandler(Printer())
logging.getLogger("asyncio").propagate = False

def run_program(source, expected):
    code = compile(source, "program.py", "exec")
    if not expected:
        return None
    outer = asyncio.events._get_running_loop()
    asyncio.events._set_running_loop(None)
    asyncio.tasks._task_name_counter = __import__("itertools").count(1).__next__
    original = asyncio.runners.run
    asyncio.run = lambda main: original(main, loop_factory=VirtualLoop)
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(code, {"__name__": "__main__"})
    except BaseException as error:
        return printed.getvalue() + repr(error)
    finally:
        asyncio.events._set_running_loop(outer)
    return printed.getvalue()
`)
const runProgram = python.globals.get("run_program") as (source: string, expected: string) => string | undefined

let ran = 0
let compiled = 0
let failed = 0
for (const file of globSync("docs/*.md", { cwd: root }).toSorted()) {
  const text = readFileSync(resolve(root, file), "utf8")
  for (const match of text.matchAll(/^```python\n(.*?)^```$/gms)) {
    const source = match[1]!
    const line = text.slice(0, match.index).split("\n").length
    const expected = Array.from(source.matchAll(/# => (.*)\n/g), ([, said]) => `${said}\n`).join("")
    const printed = runProgram(source, expected) ?? ""
    if (expected === "") compiled++
    else ran++
    if (printed === expected) continue
    failed++
    console.error(`${file}:${line}: expected\n${expected}\nbut CPython printed\n${printed}\n`)
  }
}
console.log(`${ran} programs ran, ${compiled} compiled, ${failed} failed`)
if (failed > 0) process.exitCode = 1
