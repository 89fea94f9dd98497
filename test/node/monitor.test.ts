/** `monitor`, in processes of its own. Real time passes: until a process has printed what is waited for. */
import { describe, expect, it } from "@effect/vitest"
import { monitor } from "effect-asyncio/node"
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { beforeAll } from "vitest"
import { fitted } from "../../src/node/fitted.ts"
import { Child } from "./Child.ts"
import { installed } from "./installed.ts"

let folder: string

beforeAll(async () => {
  folder = await installed()
  cpSync(join(import.meta.dirname, "watched.ts"), join(folder, "watched.ts"))
})

const flags = ["--import", "effect-asyncio/node/monitor"]

const start = (program: string, env: Readonly<Record<string, string>> = {}, argument = ""): Child =>
  new Child("watched.ts", [program, argument], { cwd: folder, flags, env })

const makePlace = (): Disposable & { readonly folder: string } => {
  const folder = mkdtempSync(join(tmpdir(), "effect-asyncio-"))
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}

describe.concurrent("monitor", () => {
  it("prints the tree on SIGQUIT, and the program goes on", async () => {
    await using child = start("waits", { EFFECT_ASYNCIO_DEADLOCKS: "0" })
    await child.printed(/up/)
    child.kill("SIGQUIT")
    await child.printed(/^deadlock, .*\n/m)
    expect(child.output.replaceAll(/\b\d+ (ms|s|min|h)\b( \d+ \w+)*/g, "…").split("\n")).toEqual([
      "up",
      expect.stringMatching(/^--- SIGQUIT, process /),
      "3 tasks, 0 ready",
      "Task-1  waits … for a timer due in …",
      expect.stringMatching(/^alice {2}waits … for Lock "savings" held by bob .*\[deadlock\]$/),
      expect.stringMatching(/^ {4}in transfer watched.ts:/),
      expect.stringMatching(/^ {4}created at watched.ts:/),
      expect.stringMatching(/^bob {2}waits … for Lock "checking" held by alice .*\[deadlock\]$/),
      expect.stringMatching(/^ {4}in transfer/),
      expect.stringMatching(/^ {4}created at/),
      "deadlock, unless somebody else releases: 'alice' -> 'bob' -> 'alice'",
      ""
    ])
    child.kill("SIGQUIT")
    await child.printed(/--- SIGQUIT[^]*--- SIGQUIT/)
    expect(child.isAlive).toBe(true)
  })

  it("listens to the signal that it is told, in colours where they are wanted, without times where nothing is recorded", async () => {
    await using child = start("waits", {
      EFFECT_ASYNCIO_DEADLOCKS: "0",
      EFFECT_ASYNCIO_EVENTS: "0",
      EFFECT_ASYNCIO_SIGNAL: "SIGUSR2",
      FORCE_COLOR: "1"
    })
    await child.printed(/up/)
    child.kill("SIGUSR2")
    const line = await child.printed(/.*alice.*deadlock.*/)
    expect(line).toContain("\u001B[1malice\u001B[0m  waits for Lock")
  })

  it("keeps no process alive", async () => {
    await using child = start("ends", { EFFECT_ASYNCIO_WATCHDOG: "1 second" })
    expect(await child.ended()).toBe(0)
    expect(child.output).toBe("up\n")
  })

  it("tells a deadlock once, none that a timeout opens, and keeps a recording that can be drawn", async () => {
    using place = makePlace()
    const directory = join(place.folder, "new/recordings")
    await using child = start("opened", { EFFECT_ASYNCIO_DEADLOCKS: "1", EFFECT_ASYNCIO_DIR: directory })
    await child.printed(/recorded in (.*\.json)/)
    child.write("go on\n")
    await child.printed(/later/)
    expect(child.stderr).toMatch(/^--- deadlock, process \d+\n[^]*savings/)
    child.kill("SIGQUIT")
    await child.printed(/--- SIGQUIT[^]*recorded in/)
    expect(child.stderr.match(/^---.*process/gm)).toEqual(["--- deadlock, process", "--- SIGQUIT, process"])
    const files = readdirSync(directory)
    expect(files).toEqual([1, 2].map((n) => `effect-asyncio-${child.pid}-${n}.json`))
    const draw = (...args: ReadonlyArray<string>) =>
      new Child("node_modules/effect-asyncio/dist/node/bin.js", ["draw", ...args], { cwd: folder })
    await using text = draw(join(directory, files[0]!))
    await using svg = draw("--svg", join(directory, files[0]!))
    expect([await text.ended(), await svg.ended()]).toEqual([0, 0])
    expect(text.output).toMatch(/^ {2}alice {5}.*─$/m)
    expect(svg.output).toMatch(/^<svg .*<\/svg>\n$/s)
  })

  it("says why a recording could not be written", async () => {
    using place = makePlace()
    const file = join(place.folder, "file")
    writeFileSync(file, "")
    await using child = start("waits", { EFFECT_ASYNCIO_DEADLOCKS: "1", EFFECT_ASYNCIO_DIR: file })
    expect(await child.printed(/^not recorded.*$/m)).toContain("EEXIST")
  })

  it("tells failures that nobody saw, if that is wanted, not one after the other", async () => {
    await using child = start("fails", { EFFECT_ASYNCIO_UNSEEN: "1" })
    expect(await child.printed(/--- a failure[^]*?1 task.*/)).toMatch(/nobody saw, process \d+\nException in callback/)
    await child.printed(/ERROR .*Exception in callback[^]*second/)
    expect(child.output.match(/---/g)).toHaveLength(1)
  })

  it("tells where the loop is stuck while it is, and that it goes on", async () => {
    using place = makePlace()
    const file = join(place.folder, "go")
    // As `NODE_OPTIONS` reach threads, too.
    const env = { EFFECT_ASYNCIO_WATCHDOG: "100", NODE_OPTIONS: flags.join(" ") }
    await using child = new Child("watched.ts", ["hogs", file], { cwd: folder, env })
    const told = await child.printed(/--- the loop has been stuck[^]*created at .*/)
    // Above it may be what it calls.
    expect(told).toMatch(/for \d+ ms, process \d+, in\n( {4}at .*\n)* {4}at .*watched\.ts:\d+:\d+\)?\n/)
    expect(told).toMatch(/\nhog \(Task-2\) {2}runs\n {4}in hog watched/)
    expect(told).not.toContain("node_modules")
    writeFileSync(file, "")
    await child.printed(/--- the loop goes on after \d+ ms/)
  })

  it("tells that the loop is stuck outside of JavaScript", async () => {
    await using child = start("blocks", { EFFECT_ASYNCIO_WATCHDOG: "40 millis" })
    await child.printed(/--- the loop has been stuck for \d+ ms, process \d+, and not in JavaScript/)
  })

  it.each([
    ["WATCHDOG", "often", "EFFECT_ASYNCIO_WATCHDOG: its value is 'often', expected a Duration"],
    ["EVENTS", "many", "EFFECT_ASYNCIO_EVENTS: its value is 'many', expected a whole number of at least 0"],
    ["SIGNAL", "SIGKILL", "monitor: signal is 'SIGKILL', expected a signal that a process can listen to"]
  ])("refuses %s=%s", async (name, value, message) => {
    await using child = start("ends", { [`EFFECT_ASYNCIO_${name}`]: value })
    expect(await child.ended()).toBe(1)
    expect(child.output.replaceAll("\"", "'")).toContain(message)
  })

  it("refuses what is no option", () => {
    expect(() => monitor(JSON.parse(`{ "capacity": -1 }`))).toThrow(/^monitor: capacity is -1, expected a whole number/)
    expect(() => monitor(JSON.parse(`{ "dir": "x" }`))).toThrow(/^monitor: dir is/)
  })
})

describe("lines that fit the terminal", () => {
  const tree = [
    "bank  waits for gather",
    "├─ \u001B[1malice\u001B[0m  waits for Lock \"savings\" held by bob (1 of 1 in line)",
    "│      in transfer app.ts:13:31",
    "└─ bob  waits for /a/path/that/is/longer/than/all/of/it"
  ].join("\n")

  it("go on within the guides of the tree; a word is never cut", () => {
    expect(fitted(tree, { columns: 40, isTTY: true }).split("\n")).toEqual([
      "bank  waits for gather",
      "├─ \u001B[1malice\u001B[0m  waits for Lock \"savings\" held",
      "│      by bob (1 of 1 in line)",
      "│      in transfer app.ts:13:31",
      "└─ bob  waits for",
      "       /a/path/that/is/longer/than/all/of/it"
    ])
  })

  it("are as they are where there is room, or no terminal", () => {
    expect(fitted(tree, { columns: 200, isTTY: true })).toBe(tree)
    expect(fitted(tree, { columns: 40, isTTY: false })).toBe(tree)
  })
})
