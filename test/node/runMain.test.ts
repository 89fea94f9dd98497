/** `runMain` in processes of its own, with real signals. Nothing sleeps: whoever sends a signal has read a line before. */
import { describe, expect, it } from "@effect/vitest"
import { Cause, Data, Effect, Runtime } from "effect"
import * as asyncio from "effect-asyncio"
import { runMain } from "effect-asyncio/node"
import { globSync } from "node:fs"
import { basename } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { exitCodeOf, failuresOf, inWords } from "../../src/node/failures.ts"
import { bundle, endAll, Process } from "./processes.ts"

// The cluster needs a PostgreSQL, which `npm run verify -- cluster` has.
const examples = globSync(["examples/*.ts", "examples/real/*.ts"]).filter((file) => basename(file) !== "cluster.ts")

let pathOf: (name: string) => string

beforeAll(async () => {
  pathOf = await bundle(["test/node/programs.ts", ...examples])
})
afterAll(endAll)

const start = (program: string, env?: NodeJS.ProcessEnv) => new Process([pathOf("programs"), program], env)

/** How it ends by itself. */
const end = (program: string, env?: NodeJS.ProcessEnv) => start(program, env).end()

const lines = (...lines: ReadonlyArray<string>) => lines.map((line) => `${line}\n`).join("")

describe.concurrent("signals", () => {
  it.each([["SIGINT", 130], ["SIGTERM", 143]] as const)("%s cancels main, then what it leaves", async (name, code) => {
    const ended = await (await start("once").prints("running")).kill(name).end()
    expect(ended).toEqual({
      code,
      signal: null,
      out: lines("running", "main is released", "the task is released"),
      err: ""
    })
  })

  it("main decides: it meets the cancellation, and ends well", async () => {
    const ended = await (await start("catches").prints("running")).kill("SIGINT").end()
    expect(ended).toEqual({ code: 0, signal: null, out: lines("running", "met SIGINT", "0 0 0"), err: "" })
  })

  it("a clean-up that breaks is a failure", async () => {
    const { code, err } = await (await start("breaks").prints("running")).kill("SIGINT").end()
    expect(code).toBe(1)
    expect(err).toMatch(/^Error: the clean-up broke\n {4}at /)
  })

  it("a second one gives clean-ups closeTimeout, and says who was given up", async () => {
    const child = (await start("hurried").prints("running")).kill("SIGINT")
    const { code, err } = await (await child.prints("cleaning up")).kill("SIGTERM").end()
    expect(code).toBe(130)
    expect(err.replace(/due in [^,]+/, "due in …")).toBe(lines(
      "SIGTERM: clean-ups have 1 ms more; the next signal ends the process",
      "the program did not end within 1 ms; abandoned:",
      "  1 task, 0 ready",
      "  Task-1  waits for a timer due in …, asked to cancel"
    ))
  })

  it("a third one ends the process", async () => {
    const child = (await start("twice").prints("running")).kill("SIGINT")
    await (await child.prints("cleaning up")).kill("SIGTERM").prints("clean-ups have 5 s more")
    const { code, signal } = await child.kill("SIGINT").end()
    expect([code, signal]).toEqual([130, null])
  })

  it("a key that is pressed again and again gets there, too", async () => {
    const child = await start("ticks").prints("running")
    child.child.stdout!.on("data", () => child.kill("SIGINT"))
    const { code, err } = await child.kill("SIGINT").end()
    expect([code, err]).toEqual([130, "SIGINT: clean-ups have 5 s more; the next signal ends the process\n"])
  })

  it("what npm passes on is the same press of the key", async () => {
    expect(await end("echo")).toEqual({ code: 130, signal: null, out: lines("main is released"), err: "" })
  })

  it("while the loop closes there is nothing to cancel: the first one hurries", async () => {
    const child = (await start("closing").prints("cleaning up")).kill("SIGTERM")
    const { code, signal } = await (await child.prints("clean-ups have 1 h more")).kill("SIGINT").end()
    expect([code, signal]).toEqual([130, null])
  })

  it("one before main's first step keeps it from beginning", async () => {
    expect(await end("early")).toEqual({ code: 130, signal: null, out: "", err: "" })
  })

  it("one that the program waits for is its own; the next cancels", async () => {
    const child = (await start("awaited").prints("running")).kill("SIGINT")
    const { code, err } = await (await child.prints("draining")).kill("SIGINT").end()
    expect([code, err]).toEqual([130, ""])
  })

  it("what npm passes on of one that the program waits for is the same press, too", async () => {
    expect(await end("awaited echo")).toEqual({ code: 0, signal: null, out: lines("drained"), err: "" })
  })

  it("a pipe that nobody reads any more cancels main", async () => {
    const child = await start("unread").prints("tick")
    child.child.stdout!.destroy()
    const { code, err } = await child.end()
    expect([code, err]).toEqual([141, "cancelled by SIGPIPE\n"])
  })

  it("a pipe that nobody reads any more when main is done is no failure", async () => {
    const child = await start("unread at last").prints("tick")
    child.child.stdout!.destroy()
    const { code, err } = await child.end()
    expect([code, err]).toEqual([141, ""])
  })

  it("an exit code that the program has set stays", async () => {
    const { code } = await (await start("codes").prints("running")).kill("SIGINT").end()
    expect(code).toBe(3)
  })
})

describe.concurrent("how it ends", () => {
  it("well: with the value, and the process as it was", async () => {
    expect(await end("well")).toEqual({ code: 0, signal: null, out: lines("done", "gave 5"), err: "" })
  })

  it("with a failure: its fields, its causes", async () => {
    const { code, err } = await end("one")
    expect(code).toBe(1)
    expect(err.replaceAll(/^.* at .*\n/gm, "")).toBe(lines(
      "NotFound",
      "  { id: 7 }",
      "  caused by TypeError: no route",
      "    caused by \"the cable\""
    ))
  })

  it("with several, each of them", async () => {
    const { code, err } = await end("several")
    expect(code).toBe(1)
    expect(err.replaceAll(/^.* at .*\n/gm, "")).toBe(lines("2 failures:", "  1. RangeError: a bug", "  2. \"a text\""))
  })

  it.each([
    ["usage", 64, "Usage: no such file\n"],
    ["interrupted", 1, "CancelledError: cancelled without a message\n"],
    ["aborted", 1, "Error: not today\n"],
    ["unseen", 1, "\"lost\"\n"]
  ])("%s: exit code %i", async (program, code, text) => {
    const ended = await end(program)
    expect([ended.code, ended.err.replaceAll(/^.* at .*\n/gm, "")]).toEqual([code, text])
  })

  it("all that it printed comes through a pipe that is read late", async () => {
    const child = start("big")
    child.child.stdout!.pause()
    await child.prints("the end")
    child.child.stdout!.resume()
    const { code, out } = await child.end()
    expect([code, out.length]).toEqual([1, 5_000_001])
  })

  it("the lines of a stack are the program's", async () => {
    const child = new Process(["--conditions=effect-asyncio-source", "test/node/programs.ts", "one"])
    const { err } = await child.end()
    const frames = err.split("\n").filter((line) => line.includes(" at "))
    expect(frames.length).toBeGreaterThan(2)
    for (const frame of frames) expect(frame).toContain("test/node/programs.ts:")
  })

  it("stuck: which tasks wait for what, then the clean-ups", async () => {
    const { code, err, out } = await end("stuck")
    expect([code, out]).toEqual([70, lines("waiting", "released")])
    expect(err.replaceAll(/^.* created at .*\n/gm, "")).toBe(lines(
      "nothing is left to do, and main is not done:",
      "  2 tasks, 0 ready",
      "  Task-1  waits for Event#1 (1 of 1 in line)",
      "  second  waits for Lock#1 held by Task-1 (1 of 1 in line)"
    ))
  })

  it("stuck, and it can't be cancelled", async () => {
    const { code, err } = await end("stubborn")
    expect(code).toBe(70)
    expect(err).toContain("nothing is left to do, and main does not end:")
  })

  it("stuck before it has begun", async () => {
    const { code, err } = await end("unbuilt")
    expect(code).toBe(70)
    expect(err).toBe(lines(
      "nothing is left to do, and main is not done: no loop is open",
      "nothing is left to do, and main does not end: no loop is open"
    ))
  })

  it("of what is no program, or no option; a process has one", async () => {
    const wrong: Effect.Effect<void> = JSON.parse("{}")
    await expect(runMain(wrong)).rejects.toThrow("runMain: the argument is {}, expected an Effect")
    await expect(runMain(Effect.void, JSON.parse(`{ "closeTimeot": 1 }`))).rejects.toThrow("did you mean closeTimeout?")
    const first = runMain(asyncio.sleep(1, "well"))
    await expect(runMain(Effect.void)).rejects.toThrow("runMain: the process already has a main program")
    expect(await first).toBe("well")
    expect(await runMain(Effect.succeed("again"))).toBe("again")
  })
})

describe("failures", () => {
  const textOf = (cause: Cause.Cause<unknown>) => inWords(failuresOf(cause), false).replaceAll(/\n *at .*/g, "")
  const thrown = (): never => {
    throw round
  }
  const round = new Error("round")
  round.cause = round
  class Told extends Data.TaggedError("Told")<{}> {
    override readonly [Runtime.errorReported] = false
  }
  class Nameless extends Error {}

  it.each<readonly [string, unknown, ReadonlyArray<string>]>([
    ["a class without a name", new Nameless("no"), ["Nameless: no"]],
    ["no error", { code: 5 }, ["{\"code\":5}"]],
    [
      "what a group has",
      new AggregateError([new Error("first"), new AggregateError([1, "2"], "in it")], "all of them"),
      [
        "AggregateError: all of them",
        "  1. Error: first",
        "  2. AggregateError: in it",
        "       1. 1",
        "       2. \"2\""
      ]
    ],
    ["causes in a circle", round, ["Error: round", "  caused by Error: round"]],
    ["several lines", new Error("one\ntwo", { cause: new Error("three\nfour") }), [
      "Error: one",
      "two",
      "  caused by Error: three",
      "  four"
    ]],
    [
      "a getter that throws",
      Object.defineProperty(new Error("bad"), "field", { enumerable: true, get: () => thrown() }),
      [
        "Error: bad"
      ]
    ],
    ["what throws at every touch", new Proxy({}, { get: () => thrown(), has: () => thrown() }), ["<unprintable>"]],
    ["what is reported already", new Told(), ["0 failures:"]]
  ])("%s", (_, error, lines) => {
    expect(textOf(Cause.fail(error))).toBe(lines.join("\n"))
    expect(exitCodeOf(Cause.die(error))).toBe(1)
  })
})

describe("colours", () => {
  // In a terminal: `npm run verify -- terminal`.
  it("none through a pipe, unless they are asked for", async () => {
    const child = start("one", { FORCE_COLOR: "1" })
    await child.end()
    expect(child.err).toContain("\u001B[31mNotFound")
  })
})

/** Presses Ctrl-C as soon as it prints something, or has a connection. */
const ctrlC = `data:text/javascript,import { subscribe } from "node:diagnostics_channel";\
const { stdout } = process;\
const { write } = stdout;\
let press = () => { press = () => {}; process.kill(process.pid, "SIGINT") };\
stdout.write = (...args) => { press(); return write.apply(stdout, args) };\
subscribe("net.server.socket", () => press())`

/** What ends before a signal can come: 01 and 02, and what lives in virtual time. */
const fast = new Set(["01-coroutine", "02-await", "philosophers", "races"])

/** The threads of `hashing` load a module that its bundle does not have. */
const argsOf = (name: string): ReadonlyArray<string> =>
  name === "hashing" ? ["--conditions=effect-asyncio-source", "examples/real/hashing.ts"] : [pathOf(name)]

describe.concurrent("Ctrl-C ends every example", () => {
  for (const name of examples.map((file) => basename(file, ".ts")).filter((name) => !fast.has(name))) {
    it(name, async () => {
      const { code, err, out } = await new Process(["--import", ctrlC, ...argsOf(name)]).end()
      expect([code, err]).toEqual([name === "worker-pool" ? 0 : 130, ""])
      expect(out).toMatch(last[name] ?? "")
    })
  }
})

/** What they say when they end. */
const last: Readonly<Record<string, RegExp>> = {
  "run-main": /^running, Ctrl-C ends it\nmain has cleaned up\nthe heartbeat stops, last\n$/,
  "worker-pool": /^working, Ctrl-C ends it\nshutting down\nthe producer has stopped\n(\d+) of \1 jobs are done\n$/
}
