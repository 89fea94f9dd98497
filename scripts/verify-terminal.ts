/**
 * `npm run verify -- terminal`: Ctrl-\ in a terminal: a monitor's tree has its colours and its width. Python 3 makes the
 * terminal. Exit code 1 if anything is wrong, or if there is no Python.
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
for (const [columns, noColor] of [[40, ""], [80, ""], [200, ""], [80, "1"]] as const) {
  const env = { EFFECT_ASYNCIO_DEADLOCKS: "0", FORCE_COLOR: undefined, NO_COLOR: noColor || undefined, TERM: "xterm" }
  const { ok, output, stdout } = await execute("python3", ["-c", terminal, String(columns), ...program], { env })
  const problems = ok ? problemsOf(stdout, columns, noColor === "") : [output]
  if (problems.length > 0) {
    console.log(`${problems.join("\n")}\n${stdout}`)
    process.exitCode = 1
  }
  const what = noColor === "" ? "in colours" : "NO_COLOR"
  rows.push([`${columns} columns`, problems.length === 0 ? "ok" : "FAILED", what])
}
console.log(table([["Ctrl-\\ in a terminal", "", "what"], ...rows]))
