/** The command `effect-asyncio`, on processes of its own. Real time passes: until a process has printed what is waited for. */
import { describe, expect, it } from "@effect/vitest"
import type { LoopInfo } from "effect-asyncio/insight"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { cpSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { stripVTControlCharacters } from "node:util"
import { beforeAll } from "vitest"
import { version } from "../../src/internal/host/version.ts"
import { command } from "../../src/node/command.ts"
import { listenerOn } from "../../src/node/Inspector.ts"
import { look } from "../../src/node/look.ts"
import { Child, freePort } from "./Child.ts"
import { installed } from "./installed.ts"

let folder: string

beforeAll(async () => {
  folder = await installed()
  cpSync(join(import.meta.dirname, "watched.ts"), join(folder, "watched.ts"))
})

/** What the command prints, and its exit code. */
const run = async (...args: ReadonlyArray<string>): Promise<readonly [output: string, code: number]> => {
  const { code, text } = await command(args)
  return [stripVTControlCharacters(text), code]
}

/** With a port of its own for the inspector: others on this machine may have the usual one. */
const start = async (program: string, flags: ReadonlyArray<string> = [], given?: number) => {
  const port = given ?? await freePort()
  const child = new Child("watched.ts", [program], { cwd: folder, flags: [`--inspect-port=${port}`, ...flags] })
  const ps = (...args: ReadonlyArray<string>) =>
    run("ps", String(child.pid), `--port=${port}`, "--timeout=60 seconds", ...args)
  await child.printed(/up/)
  return { child, port, ps, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() }
}

const copiesProgram = (copies: ReadonlyArray<string>): string => `
import * as Effect from "effect/Effect"
for (const copy of ${JSON.stringify(copies)}) {
  const { createTask, run, sleep } = await import("./" + copy + "/index.js")
  const up = Effect.sync(() => console.log("up"))
  void run(Effect.andThen(createTask(sleep("1 hour"), { name: "by " + copy }), Effect.andThen(up, sleep("1 hour"))))
}
`

const isClosed = async (port: number): Promise<boolean> => await listenerOn(port) === "nobody"

describe.concurrent("effect-asyncio ps", { skip: process.platform === "win32" }, () => {
  it("tells of a process that waits, as text, in parts and as data, and closes the port", async () => {
    await using started = await start("waits")
    const { port, ps } = started
    const [text, code] = await ps()
    expect(code).toBe(0)
    expect(text).toMatch(
      /^3 tasks, 0 ready\nTask-1 {2}waits for a timer due in .*\nalice {2}waits for Lock "savings" held by bob/
    )
    expect(text).toMatch(/\n {4}in transfer watched\.ts:/)
    expect(text).toMatch(/'alice' -> 'bob' -> 'alice'$/)
    expect(await isClosed(port)).toBe(true)

    expect(await ps("--filter", "bob")).toEqual([
      expect.stringMatching(/^3 tasks, 0 ready, 1 shown\nbob {2}waits for Lock "checking" held by alice/),
      0
    ])
    const [loop, ...others] = JSON.parse((await ps("--json"))[0]) as ReadonlyArray<LoopInfo>
    expect(others).toEqual([])
    expect(loop!.tasks.map(({ name, state }) => [name, state])).toEqual([
      ["Task-1", "waiting"],
      ["alice", "waiting"],
      ["bob", "waiting"]
    ])
    expect(loop!.circles).toHaveLength(1)
    expect(await isClosed(port)).toBe(true)
    expect(started.child.isAlive).toBe(true)
  })

  it("tells of a process that is stuck in JavaScript, and where", async () => {
    await using started = await start("hogs")
    const [text, code] = await started.ps()
    expect(code).toBe(0)
    expect(text).toMatch(/\n.*hog \(Task-2\) {2}runs\n.* in hog watched/)
    // Above it may be what it calls.
    expect(text).toMatch(/\nin the middle of JavaScript, in\n( {4}at .*\n)* {4}at .*watched\.ts:\d+:\d+\)?/)
    expect(text).not.toMatch(/node_modules|<anonymous>/)
    expect(await isClosed(started.port)).toBe(true)
  })

  it("tells of one that is busy", async () => {
    await using started = await start("busy")
    // Where it is asked between the queue and its fiber, its step is in neither.
    const states = /^1 task, [01] ready\nTask-1 {2}(runs|is ready|waits for something outside of the loop)/
    expect(await started.ps()).toEqual([expect.stringMatching(states), 0])
  })

  it("tells of two loops", async () => {
    await using started = await start("twice")
    await started.child.printed(/up\nup/)
    const [text] = await started.ps()
    expect(text).toMatch(/^loop 1: .*\n[^]*one {2}waits[^]*\nloop 2: .*\n[^]*two {2}waits/)
  })

  it("shows no more than 500 lines", async () => {
    await using started = await start("crowd")
    const [text] = await started.ps()
    expect(text.trimEnd().split("\n")).toHaveLength(501)
    expect(text).toMatch(/\n… and \d+ more$/)
  })

  it("says that there is nothing to see", async () => {
    await using started = await start("without")
    expect(await started.ps()).toEqual([expect.stringMatching(/^no loop of effect-asyncio was ever made/), 0])
    expect(await isClosed(started.port)).toBe(true)
  })

  it("leaves an inspector open that was", async () => {
    const port = await freePort()
    await using started = await start("waits", [`--inspect=${port}`], port)
    expect(await started.ps()).toEqual([expect.stringMatching(/^3 tasks/), 0])
    expect(await isClosed(port)).toBe(false)
  })

  it("says who has the port", async () => {
    const port = await freePort()
    await using other = await start("without", [`--inspect=${port}`], port)
    await using started = await start("waits", [], port)
    expect(await started.ps()).toEqual([expect.stringContaining(`is taken by process ${other.child.pid}`), 1])
  })

  it("says that the port is somebody else's, who speaks something else", async () => {
    await using started = await start("waits")
    const server = createServer((socket) => socket.end("220 mail\r\n")).listen(started.port, "127.0.0.1")
    expect(await started.ps()).toEqual([
      expect.stringContaining(`port ${started.port}, where its inspector would be, is taken`),
      1
    ])
    server.close()
    expect(started.child.isAlive).toBe(true)
  })

  it("says that a program may have a SIGUSR1 handler of its own", async () => {
    await using started = await start("handles")
    expect(await started.ps("--timeout=1 second")).toEqual([
      expect.stringContaining("it has a SIGUSR1 handler of its own"),
      1
    ])
    await started.child.printed(/handled/)
    expect(started.child.isAlive).toBe(true)
  })

  it("sends no signal to what that would end", async () => {
    await using deaf = await start("waits", ["--disable-sigusr1"])
    expect(await deaf.ps()).toEqual([expect.stringContaining("--disable-sigusr1"), 1])
    expect(deaf.child.isAlive).toBe(true)
    const sleeper = spawn("sleep", ["1000"])
    expect(await run("ps", String(sleeper.pid))).toEqual([
      expect.stringMatching(/: it runs .*sleep, and only Node/),
      1
    ])
    expect(sleeper.exitCode ?? sleeper.signalCode).toBe(null)
    sleeper.kill("SIGKILL")
    await once(sleeper, "close")
    expect((await run("ps", String(sleeper.pid)))[0]).toContain("there is no such process")
  })

  it("tells of loops by two copies of the package, and of one whose files are not there", async () => {
    const port = await freePort()
    const built = join(folder, "node_modules/effect-asyncio/dist")
    const copies = ["one/dist", "two/dist", "bundle"]
    for (const copy of copies) cpSync(built, join(folder, copy), { recursive: true })
    writeFileSync(join(folder, "copies.js"), copiesProgram(copies))
    await using child = new Child("copies.js", [], { cwd: folder, flags: [`--inspect-port=${port}`] })
    await child.printed(/(up\n){3}/)
    const [text, code] = await run("ps", String(child.pid), `--port=${port}`, "--timeout=60 seconds")
    expect(code).toBe(0)
    expect(text).toMatch(
      /^by file:.*\/one\/dist\/.*\n2 tasks, [^]*\nby one\/dist {2}waits[^]*\nby file:.*\/two\/dist\/[^]*\nby two\/dist {2}waits/
    )
    expect(text).toMatch(
      /\na loop of another copy .*\n<Task pending name='Task-1'.*>\n<Task pending name='by bundle'.*>$/
    )
  })
})

describe.concurrent("effect-asyncio", () => {
  it.each<readonly [ReadonlyArray<string>, RegExp, number]>([
    [["--version"], new RegExp(`^${version}$`), 0],
    [["--help"], /^effect-asyncio \d[^]*ps PID/, 0],
    [[], /^effect-asyncio: no command\n\neffect-asyncio \d/, 2],
    [["top"], /^effect-asyncio: no command top\n/, 2],
    [["ps"], /^effect-asyncio: ps needs one PID\n/, 2],
    [["ps", "me"], /^effect-asyncio: PID is "me", expected a whole number above 0\n/, 2],
    [["ps", "1", "--colour"], /^effect-asyncio: Unknown option '--colour'/, 2],
    [
      ["ps", "1", "--timeout=soon"],
      /^effect-asyncio: --timeout is "soon", expected a duration such as "5 seconds"\n/,
      2
    ],
    [["ps", "1", "--timeout=0"], /^effect-asyncio: --timeout is "0", expected a duration such as "5 seconds"\n/, 2],
    [["ps", "1", "--port=65536"], /^effect-asyncio: --port is "65536", expected at most 65535\n/, 2],
    [["ps", "1", "--svg"], /^effect-asyncio: ps has no --svg\n/, 2],
    [["draw", "package.json", "--json"], /^effect-asyncio: draw has no --json\n/, 2],
    [["draw", "nothing.json"], /^effect-asyncio draw nothing.json: ENOENT/, 1],
    [["draw", "package.json"], /^effect-asyncio draw package.json: it is not a recording/, 1],
    [["draw", "README.md"], /^effect-asyncio draw README.md: it is not a recording/, 1]
  ])("%s", async (args, output, code) => {
    expect(await run(...args)).toEqual([expect.stringMatching(output), code])
  })

  it("refuses to look at itself", async () => {
    await expect(look(process.pid, 9229, 1_000)).rejects.toThrow("it is this very process, which can't look at itself")
  })

  it("ends well where nobody reads it to the end", async () => {
    const flags = ["--conditions=effect-asyncio-source", "src/node/bin.ts", "--help"]
    const child = spawn(process.execPath, flags, { stdio: ["ignore", "pipe", "inherit"] })
    child.stdout.destroy()
    expect(await once(child, "exit")).toEqual([0, null])
  })
})
