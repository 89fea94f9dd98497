/**
 * `npm run verify -- terminal`: what a terminal shows. Ctrl-\ brings a monitor's tree, in its colours and its width; what
 * fails is red, unless `NO_COLOR` is set. Python 3 makes the terminal. Exit code 1 if anything is wrong, or if there is no
 * Python.
 */
import { stripVTControlCharacters } from "node:util"
import { columnsOf } from "../src/insight/drawing/columns.ts"
import { execute, table } from "./workshop.ts"

/** Runs a command in a terminal of so many columns, presses Ctrl-\ when it is up, prints what it said until it has answered. */
const terminal = `
import fcntl, os, pty, signal, struct, sys, termios
pid, master = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, int(sys.argv[1]), 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
said = b""
def read_until(text):
    global said
    while text not in said:
        said += os.read(master, 65536)
read_until(b"up")
os.write(master, b"\\x1c")
read_until(b"-> 'alice'")
os.kill(pid, signal.SIGKILL)
print(said.decode())
`

const program = [
  process.execPath,
  "--conditions=effect-asyncio-source",
  "--import",
  "effect-asyncio/node/monitor",
  "test/node/watched.ts",
  "waits"
]

const problemsOf = (said: string, columns: number, isColoured: boolean): ReadonlyArray<string> => {
  const lines = stripVTControlCharacters(said.slice(said.indexOf("---"))).split(/\r?\n/).filter((line) => line !== "")
  const words = lines.map((line) => line.trim()).join(" ")
  return [
    ...words.includes("alice  waits") && words.includes("(1 of 1 in line) [deadlock]") ? [] : ["not all is told"],
    ...said.includes("\u001B[") === isColoured ? [] : [isColoured ? "no colours" : "colours"],
    // A word alone may be longer.
    ...lines.filter((line) => columnsOf(line) > columns && line.trim().includes(" ")).map((line) => `too long: ${line}`)
  ]
}

const rows: Array<ReadonlyArray<string>> = []
const note = (what: string, isColoured: boolean, problems: ReadonlyArray<string>, said: string): void => {
  rows.push([what, isColoured ? "in colours" : "NO_COLOR", problems.length === 0 ? "ok" : "FAILED"])
  if (problems.length === 0) return
  console.log(`${problems.join("\n")}\n${said}`)
  process.exitCode = 1
}
const environment = (isColoured: boolean): NodeJS.ProcessEnv => ({
  // Node takes no terminal of a machine that builds for one with colours.
  CI: undefined,
  EFFECT_ASYNCIO_DEADLOCKS: "0",
  FORCE_COLOR: undefined,
  NO_COLOR: isColoured ? undefined : "1",
  TERM: "xterm"
})

for (const [columns, isColoured] of [[40, true], [80, true], [200, true], [80, false]] as const) {
  const args = ["-c", terminal, String(columns), ...program]
  const { ok, output, stdout } = await execute("python3", args, { env: environment(isColoured) })
  note(`Ctrl-\\, ${columns} columns`, isColoured, ok ? problemsOf(stdout, columns, isColoured) : [output], stdout)
}

const failing = [process.execPath, "--conditions=effect-asyncio-source", "test/node/programs.ts", "one"]
for (const isColoured of [true, false]) {
  const args = ["-c", "import pty, sys; pty.spawn(sys.argv[1:])", ...failing]
  const { stdout } = await execute("python3", args, { env: environment(isColoured) })
  const isRight = stdout.includes("NotFound") && stdout.includes("\u001B[31mNotFound") === isColoured
  note("a failure under runMain", isColoured, isRight ? [] : ["not as it should be"], stdout)
}
console.log(table([["in a terminal", "", ""], ...rows]))
