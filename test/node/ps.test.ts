/** The command `effect-asyncio`, on processes of its own. Real time passes: until a process has printed what is waited for. */
import { describe, expect, it } from "@effect/vitest"
import type { LoopInfo } from "effect-asyncio/insight"
import { spawn } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { version } from "../../src/internal/host/version.ts"
import { listenerOn } from "../../src/node/Inspector.ts"
import { Child, freePort, root } from "./Child.ts"

const watched = join(import.meta.dirname, "watched.ts")
const bin = join(root, "src/node/bin.ts")

/** What the command printed, and its exit code. */
const run = async (...args: ReadonlyArray<string>): Promise<readonly [output: string, code: unknown]> => {
  await using command = new Child(bin, args)
  const code = await command.ended()
  return [command.output, code]
}

/** With a port of its own for the inspector: others on this machine may have the usual one. */
const start = async (program: string, flags: ReadonlyArray<string> = [], given?: number) => {
  const port = given ?? await freePort()
  const child = new Child(watched, [program], { flags: [`--inspect-port=${port}`, ...flags] })
  const ps = (...args: ReadonlyArray<string>) => run("ps", String(child.pid), `--port=${port}`, "--timeout=60 seconds", ...args)
  await child.printed(/up/)
  return { child, port, ps, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() }
}

const isClosed = async (port: number): Promise<boolean> => await listenerOn(port, 60_000) === "nobody"

describe.concurrent.skipIf(process.platform === "win32")("effect-asyncio ps", () => {
  it("tells of a process that waits, as text, in parts and as data, and closes the port", async () => {
    await using started = await start("waits")
    const { port, ps } = started
    const [text, code] = await ps()
    expect(code).toBe(0)
    expect(text).toMatch(/^3 tasks, 0 ready\nTask-1 {2}waits for a timer due in .*\nalice {2}waits for Lock "savings" held by bob/)
    expect(text).toMatch(/\n {4}in transfer test\/node\/watched\.ts:/)
    expect(text).toMatch(/'alice' -> 'bob' -> 'alice'\n$/)
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
    await using started = await start("sticks")
    const [text, code] = await started.ps()
    expect(code).toBe(0)
    expect(text).toMatch(/\nhog {2}runs\n {4}in hog /)
    expect(text).toMatch(/\nin the midst of JavaScript, in\n {4}at .*test\/node\/watched\.ts:\d+:\d+\)?\n/)
    expect(text).not.toMatch(/node_modules|<anonymous>/)
    expect(await isClosed(started.port)).toBe(true)
  })

  it("tells of one that is busy", async () => {
    await using started = await start("busy")
    expect(await started.ps()).toEqual([expect.stringMatching(/^1 task, [01] ready\nTask-1 {2}(runs|is ready)/), 0])
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
    expect(text).toMatch(/\n… and \d+ more\n$/)
  })

  it("says that there is nothing to see", async () => {
    await using started = await start("without")
    expect(await started.ps()).toEqual([expect.stringMatching(/^no loop of effect-asyncio was ever made there/), 0])
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
    expect(await started.ps()).toEqual([expect.stringContaining(`is taken by process ${other.child.pid}\n`), 1])
  })

  it("says that the port is somebody else's, who speaks something else", async () => {
    await using started = await start("waits")
    const server = createServer((socket) => socket.end("220 mail\r\n")).listen(started.port, "127.0.0.1")
    expect(await started.ps()).toEqual([expect.stringContaining(`port ${started.port}, where its inspector would be, is taken\n`), 1])
    server.close()
    expect(started.child.isAlive).toBe(true)
  })

  it("says that a program may have a SIGUSR1 handler of its own", async () => {
    await using started = await start("handles")
    expect(await started.ps("--timeout=100")).toEqual([expect.stringContaining("it has a SIGUSR1 handler of its own"), 1])
    await started.child.printed(/handled/)
    expect(started.child.isAlive).toBe(true)
  })

  it("sends no signal to what that would end", async () => {
    await using deaf = await start("waits", ["--disable-sigusr1"])
    expect(await deaf.ps()).toEqual([expect.stringContaining("--disable-sigusr1"), 1])
    expect(deaf.child.isAlive).toBe(true)
    const sleeper = spawn("sleep", ["1000"])
    expect(await run("ps", String(sleeper.pid))).toEqual([expect.stringMatching(/: it runs .*sleep, and Node alone/), 1])
    expect(sleeper.exitCode ?? sleeper.signalCode).toBe(null)
    sleeper.kill("SIGKILL")
    expect((await run("ps", String(sleeper.pid)))[0]).toContain("there is no such process")
  })

  it("tells of loops by two copies of the package, and of one whose files are not there", async () => {
    const folder = mkdtempSync(join(tmpdir(), "effect-asyncio-"))
    const port = await freePort()
    try {
      symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction")
      writeFileSync(join(folder, "package.json"), `{ "type": "module" }`)
      for (const copy of ["one/src", "two/src", "bundle"]) {
        mkdirSync(join(folder, copy), { recursive: true })
        cpSync(join(root, "src"), join(folder, copy), { recursive: true })
      }
      writeFileSync(
        join(folder, "app.ts"),
        `for (const copy of ["one/src", "two/src", "bundle"]) {
           const { run, sleep, createTask } = await import("./" + copy + "/index.ts")
           void run(createTask(sleep("1 hour"), { name: "by " + copy })[Symbol.iterator] ? (await import("effect")).Effect.andThen(createTask(sleep("1 hour"), { name: "by " + copy }), sleep("1 hour")) : undefined)
         }
         setTimeout(() => console.log("up"), 100)`
      )
      await using child = new Child(join(folder, "app.ts"), [], { flags: [`--inspect-port=${port}`] })
      await child.printed(/up/)
      const [text, code] = await run("ps", String(child.pid), `--port=${port}`)
      expect(code).toBe(0)
      expect(text).toMatch(/^by file:.*\/one\/src\/[^]*\nby one\/src {2}waits[^]*\nby file:.*\/two\/src\/[^]*\nby two\/src {2}waits/)
      expect(text).toMatch(/\na loop of another copy .*\n<Task pending name='Task-1'.*>\n<Task pending name='by bundle'.*>\n$/)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe.concurrent("effect-asyncio", () => {
  it.each<readonly [ReadonlyArray<string>, RegExp, number]>([
    [["--version"], new RegExp(`^${version}\n$`), 0],
    [["--help"], /^effect-asyncio \d[^]*ps PID/, 0],
    [[], /^effect-asyncio: no command\n\neffect-asyncio \d/, 2],
    [["top"], /^effect-asyncio: no command top\n/, 2],
    [["ps"], /^effect-asyncio: ps needs one PID\n/, 2],
    [["ps", "me"], /^effect-asyncio: PID is "me", expected a whole number above 0\n/, 2],
    [["ps", "1", "--colour"], /^effect-asyncio: Unknown option '--colour'/, 2],
    [["ps", "1", "--timeout=soon"], /^effect-asyncio: --timeout is "soon", expected such as "5 seconds"\n/, 2],
    [["draw", "nothing.json"], /^effect-asyncio draw nothing.json: ENOENT/, 1],
    [["draw", "package.json"], /^effect-asyncio draw package.json: it is no recording/, 1]
  ])("%s", async (args, output, code) => {
    expect(await run(...args)).toEqual([expect.stringMatching(output), code])
  })
})
