import { Effect } from "effect"
import { createTask, EventLoop, Future, sleep } from "effect-asyncio"
import { describe, expect, it } from "vitest"
import { checksOf } from "./compare.ts"
import { ValueError } from "./errors.ts"
import { loopNames, loopsOf, record } from "./harness.ts"
import type { Case } from "./suite.ts"

describe.each(loopNames)("on the %s loop", (loop) => {
  it("notes lines with their times", async () => {
    const recording = await record((log) =>
      Effect.gen(function*() {
        log("one", 1)
        yield* sleep("1.5 seconds")
        log("two", yield* EventLoop.time)
        yield* sleep("1 second")
      }), loop)
    expect(recording).toEqual({ outcome: "ok", end: 2.5, trace: [[0, "one 1"], [1.5, "two 1.5"]] })
  })

  it("notes what runs beside the end, and nothing after it", async () => {
    const recording = await record((log) =>
      Effect.gen(function*() {
        const { callSoonUnsafe } = yield* EventLoop.EventLoop
        callSoonUnsafe(() => log("same tick"))
        callSoonUnsafe(() => callSoonUnsafe(() => log("next tick")))
        yield* createTask(
          Effect.gen(function*() {
            log("task")
            yield* sleep("1 second")
          }).pipe(Effect.ensuring(Effect.sync(() => log("left over"))))
        )
        log("end")
      }), loop)
    expect(recording.trace.map(([, text]) => text)).toEqual(["end", "same tick", "task"])
  })

  it("a deadlock", async () => {
    const { outcome, trace } = await record((log) =>
      Effect.gen(function*() {
        const future = yield* Future.make<string>()
        log("waiting")
        log(yield* future)
      }), loop)
    expect(outcome).toBe("deadlock")
    expect(trace).toEqual([[0, "waiting"]])
  })

  it("an error that is left unhandled", async () => {
    expect((await record(() => Effect.fail(new ValueError("x")), loop)).outcome).toBe("raised ValueError(x)")
    const throwing = { sync: () => Promise.reject(new ValueError("y")) }
    expect((await record(throwing, loop)).outcome).toBe("raised ValueError(y)")
  })

  it("several runs, on one loop after the other", async () => {
    const recording = await record({
      sync: async (log, makeRunner) => {
        for (const name of ["a", "b"]) {
          const runner = makeRunner()
          log(name, await runner.run(sleep("1 second", "first")))
          log(name, await runner.run(sleep("2.5 seconds", "second")))
          await runner.close()
        }
      }
    }, loop)
    expect(recording.trace).toEqual([[1, "a first"], [3.5, "a second"], [1, "b first"], [3.5, "b second"]])
  })
})

it("busy time is for the virtual loop", async () => {
  expect(loopsOf("loop.advance(1)")).toEqual(["virtual"])
  expect(loopsOf("asyncio.sleep(1)")).toEqual(loopNames)
  const { end, trace } = await record((log, loop) =>
    Effect.sync(() => {
      loop.advance(2.5)
      log(loop.time())
    }), "virtual")
  expect({ end, trace }).toEqual({ end: 2.5, trace: [[2.5, "2.5"]] })
})

describe("what has to hold for a case", () => {
  const trace = { doc: "", outcome: "ok", end: 0, trace: [[0, "a"], [0, "b"]] } as const
  const self: Case = { name: "x_y", group: "x", source: "", trace, scenario: undefined }
  const messageOf = async (self: Case): Promise<string> => {
    for (const { run } of checksOf(self)) {
      try {
        await run()
      } catch (error) {
        return String(error)
      }
    }
    return "none"
  }

  it("both logs are shown side by side", async () => {
    const scenario = (log: (text: string) => void) =>
      Effect.sync(() => {
        log("a")
        log("c")
        log("d")
      })
    expect((await messageOf({ ...self, scenario })).split("\n")).toEqual([
      "Error: ",
      "  CPython | here, virtual",
      "  0 a     | 0 a",
      "! 0 b     | 0 c",
      "! ok at 0 | 0 d",
      "!         | ok at 0",
      ""
    ])
  })

  it("every program has a translation and a trace", async () => {
    expect(await messageOf(self)).toContain("is in no group file")
    expect(await messageOf({ ...self, scenario: () => Effect.void, trace: undefined })).toContain("has no trace")
  })

  it("a deliberate difference is one, and does what it lists", async () => {
    const main = (log: (text: string) => void) => Effect.sync(() => log("c"))
    const listed = (...lines: ReadonlyArray<string>): Case => ({
      ...self,
      scenario: {
        status: "difference",
        reason: "",
        instead: { main, trace: lines.map((line) => [0, line] as const) }
      }
    })
    expect(await messageOf(listed("c"))).toBe("none")
    expect(await messageOf(listed("d"))).toContain("! 0 d     | 0 c")
    await expect(checksOf(listed("a", "b")).at(-1)?.run()).rejects.toThrow("x_y has become equal")
  })
})
