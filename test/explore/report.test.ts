/** What a failing check says: which steps stand beside which, which are shown, how times are told, and what is of another report. */
import { describe, expect, it } from "@effect/vitest"
import { Data, Duration, Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { Explore } from "effect-asyncio/testing"
import { exhibits } from "../../examples/races.ts"
import { align, excerpt, isGap } from "../../src/testing/explore/alignment.ts"
import { told, toldAmong } from "../../src/testing/explore/moments.ts"

const { createTask, gather, sleep, Task } = asyncio

type Program = Effect.Effect<unknown, unknown, asyncio.EventLoop.EventLoop>

const failing = (program: Program, options?: Explore.Options) =>
  Effect.flatMap(
    Effect.flip(Explore.check(program, { timeLimit: "60 seconds", ...options })),
    (error) => error._tag === "ScheduleError" ? Effect.succeed(error) : Effect.die(new Error(error.message))
  )

const linesOf = ({ message }: Explore.ScheduleError) => message.split("\n")

describe("times", () => {
  it("are told in three digits, whole milliseconds whole", () => {
    const times = [0, 1, 15, 1070, 123_456, 0.857143, 2.5, 12.345678, 1234.5678, 0.000001]
    expect(times.map(told)).toEqual([
      "0 ms",
      "1 ms",
      "15 ms",
      "1070 ms",
      "123456 ms",
      "0.857 ms",
      "2.5 ms",
      "12.3 ms",
      "1235 ms",
      "0.000001 ms"
    ])
  })

  it("in as many more as two different ones need", () => {
    const tell = (...times: ReadonlyArray<number>) => times.map(toldAmong(times))
    expect(tell(0, 12.345678, 12.3)).toEqual(["0 ms", "12.35 ms", "12.3 ms"])
    expect(tell(1000.000001, 1000)).toEqual(["1000.000001 ms", "1000 ms"])
    expect(tell(0.857143, 0.857143)).toEqual(["0.857 ms", "0.857 ms"])
  })

  it.effect("of latencies are round ones, also within a millisecond", () =>
    Effect.gen(function*() {
      for (
        const [most, text] of [["1 millis", "0.6 ms"], ["3 millis", "1.7 ms"], ["7 millis", "4 ms"], [
          "1 second",
          "571 ms"
        ]] as const
      ) {
        const slow = Effect.gen(function*() {
          yield* Explore.latency(0, most)
          if ((yield* asyncio.EventLoop.time) > 0) return yield* Effect.fail("slow")
        })
        const error = yield* failing(slow, { shrinkRuns: 0 })
        expect(error.shrunk.map(String)).toEqual([`latency 1 of 'Task-1' takes ${text}`])
        expect(error.message).toContain(`[takes ${text}]`)
      }
    }))

  it.effect("that are different look different in one report", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        yield* gather([sleep(10.00004), sleep(10.00008), Explore.latency(1, 2)])
        if ((yield* asyncio.EventLoop.time) > 0) return yield* Effect.fail("no")
      })
      const error = yield* failing(program)
      const times = error.failing.steps.map(({ millis }) => millis)
      const shown = linesOf(error).flatMap((line) => /^\s*([\d.]+ ms) Task/.exec(line)?.[1] ?? [])
      expect(shown.length).toBe(times.length)
      expect(new Set(shown).size).toBe(new Set(times).size)
    }))
})

describe("both runs side by side", () => {
  const run = (...words: ReadonlyArray<string>): Explore.Run => ({
    lanes: ["a", "b"],
    steps: words.map((word, index) => ({
      millis: index,
      task: word[0]!,
      lane: word[0] === "a" ? 0 : 1,
      step: 1,
      end: "waits",
      what: word.slice(1).replace("!", ""),
      deviations: word.endsWith("!") ? [{ kind: "latency", task: "a", step: 1, amount: 1 }] : [],
      notes: []
    })),
    deviations: [],
    broken: []
  })

  const rows = (failing: Explore.Run, passing: Explore.Run) =>
    align(failing, passing).map((row) => `${row.isOther ? "*" : ""}${row.failing ?? ""}|${row.passing ?? ""}`)

  it("a step that comes elsewhere stands out, and those around it do not", () => {
    expect(rows(run("a1", "b1", "a2", "b2", "a3"), run("a1", "b1", "a2", "b2", "a3"))).toEqual([
      "0|0",
      "1|1",
      "2|2",
      "3|3",
      "4|4"
    ])
    // b1 comes later, b2 as before.
    expect(rows(run("a1", "a2", "a3", "b1", "b2"), run("a1", "b1", "a2", "a3", "b2"))).toEqual([
      "0|0",
      "*|1",
      "1|2",
      "2|3",
      "*3|",
      "4|4"
    ])
  })

  it("what stands in the place of something else is beside it; what is in one run alone, beside nothing", () => {
    expect(rows(run("a1", "ax", "ay", "a3"), run("a1", "az", "a3"))).toEqual(["0|0", "*1|1", "*2|", "3|2"])
    expect(rows(run(), run("a1"))).toEqual(["*|0"])
  })

  it("the same words of another task are another step", () => {
    expect(rows(run("a1"), run("b1"))).toEqual(["*0|0"])
  })

  it("an excerpt has the parting, every deviating step, what stands out and the end", () => {
    const alike = Array.from({ length: 300 }, (_, index) => `a${index}`)
    const failing = run(...alike.with(7, "a7!"), "bX", ...alike, "b late!", ...alike, "b fails")
    const passing = run(...alike, ...alike, ...alike)
    const shown = excerpt(align(failing, passing), failing, passing, { before: 2, after: 3, last: 4 })
    const texts = shown.map((part) =>
      isGap(part) ? `… ${part.to - part.from}` : failing.steps[part.failing ?? -1]?.what ?? "–"
    )
    expect(texts).toEqual([
      "… 7",
      "7",
      "… 290",
      "298",
      "299",
      "X",
      "0",
      "1",
      "… 298",
      " late",
      "… 297",
      "297",
      "298",
      "299",
      " fails"
    ])
  })

  it.effect("of a huge run: the report has the deviation and the failure", () =>
    Effect.gen(function*() {
      const tick = Effect.gen(function*() {
        for (let i = 0; i < 300; i++) yield* sleep(1)
      })
      const program = Effect.gen(function*() {
        let isLate = false
        const ticking = yield* createTask(tick, { name: "tick" })
        yield* createTask(
          Effect.gen(function*() {
            yield* Explore.latency("10 millis", "200 millis")
            isLate = (yield* asyncio.EventLoop.time) > 0.15
          }),
          { name: "slow" }
        )
        yield* Task.join(ticking)
        if (isLate) return yield* Effect.fail("too late")
      })
      const error = yield* failing(program)
      const lines = linesOf(error)
      expect(lines.length).toBeLessThan(100)
      expect(error.message).toMatch(/slow: waits for a timer \[takes \d+ ms\]/)
      expect(error.message).toMatch(/… \d+ lines/)
      // Both ends of the slow one, wherever they are.
      expect(lines.filter((line) => line.includes("slow: ends")).length).toBe(2)
      expect(lines.at(-1)).toMatch(/^\* +300 ms Task-1: fails: too late +\| +300 ms Task-1: ends$/)
    }))

  it.effect("thousands of deviations are not all listed", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        let sum = 0
        for (let i = 0; i < 2000; i++) sum += yield* Explore.choose([0, 1])
        if (sum > 600) return yield* Effect.fail("too many")
      })
      const error = yield* failing(program, { strategy: { random: 0.8 }, shrinkRuns: 0 })
      expect(error.shrunk.length).toBeGreaterThan(600)
      expect(error.message).toContain(`  and ${error.shrunk.length - 40} more\n`)
      expect(linesOf(error).length).toBeLessThan(100)
    }))
})

describe("what failed", () => {
  /** Money is made for a moment: of two transfers that read before either has written. */
  const bank = Effect.gen(function*() {
    let money = 100
    const other = yield* createTask(sleep("20 millis"), { name: "other" })
    yield* Explore.always("no money is made", () => money <= 100)
    yield* Explore.always("nor lost", () => money >= 100)
    const change = Effect.gen(function*() {
      yield* Explore.latency("1 millis", "50 millis")
      if (Task.done(other)) money = 120
    })
    yield* gather([change])
    yield* Task.join(other)
  })

  it.effect("an invariant has a line of its own, behind the step after which it does not hold", () =>
    Effect.gen(function*() {
      const error = yield* failing(bank)
      const at = linesOf(error).findIndex((line) => line.includes("\"no money is made\"") && line.startsWith("*"))
      expect(linesOf(error)[at - 1]).toMatch(/^\* +\d+ ms Task-2: ends/)
      expect(linesOf(error)[at]).toMatch(/^\* +\d+ ms "no money is made" does not hold +\|/)
      const { broken, lanes, steps } = error.failing
      expect(broken.map(({ lane, what }) => [lanes[lane], what])).toEqual([
        ["Task-2", "\"no money is made\" does not hold"]
      ])
      expect(broken[0]!.millis).toBe(steps.at(-1)!.millis)
      // And a mark on that lane of the picture.
      expect(error.svg()).toContain(">&quot;no money is made&quot;</text>")
      expect(error.svg()).toContain(">does not hold</text>")
    }))

  it.effect("all that do not hold are told; after a plain callback too, with its time", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        let isOpen = true
        yield* Explore.always("open", () => isOpen)
        yield* Explore.always("really open", () => isOpen)
        yield* asyncio.EventLoop.callLater(5, () => {
          isOpen = false
        })
        yield* sleep(10)
      })
      const error = yield* failing(program)
      expect(linesOf(error).slice(-3)).toEqual([
        "     0 ms Task-1: waits for a timer",
        "     5 ms \"open\" does not hold",
        "     5 ms \"really open\" does not hold"
      ])
    }))

  it.effect("as written: it says so, and shows one run", () =>
    Effect.gen(function*() {
      const error = yield* failing(Effect.andThen(sleep(1), Effect.fail("no")))
      expect(error.message.replace(error.token, "TOKEN")).toBe(`in the written order: failed: no
found in the first run: the program fails as it is written, without any deviation
replay: Explore.check(program, { replay: "TOKEN" })

the written order, which fails
------------------------------
     0 ms Task-1: waits for a timer
     1 ms Task-1: fails: no`)
      const again = yield* failing(Effect.andThen(sleep(1), Effect.fail("no")), { replay: error.token })
      expect(linesOf(again)[1]).toBe("replayed: the program fails as it is written, without any deviation")
      expect(error.svg()).toContain(">the written order, which fails</text>")
    }))

  it.effect("a replay is called one", () =>
    Effect.gen(function*() {
      const { race } = exhibits["double-charge"]!
      const error = yield* failing(race)
      const again = yield* failing(race, { replay: error.token })
      expect(linesOf(error)[1]).toMatch(/^found in run 3; 1 deviation/)
      expect(linesOf(again)[1]).toBe("replayed; 1 deviation from the written order")
      expect(linesOf(again).slice(2)).toEqual(linesOf(error).slice(2))
    }))

  it.effect("the report of a check inside is whole, and set in", () =>
    Effect.gen(function*() {
      const { race } = exhibits["double-charge"]!
      const inner = yield* failing(race)
      const outer = yield* failing(Explore.check(race))
      const [first, ...rest] = linesOf(inner)
      const lines = linesOf(outer)
      expect(lines[0]).toBe(`in the written order: failed: ScheduleError: ${first}`)
      expect(lines.slice(1, 1 + rest.length)).toEqual(rest.map((line) => line === "" ? "" : `  ${line}`))
      expect(lines[1 + rest.length]).toMatch(/^found in the first run/)
    }))

  it.effect("so are the lines of any other error, up to a bound", () =>
    Effect.gen(function*() {
      class Diff extends Data.TaggedError("Diff")<{ readonly message: string }> {}
      const error = yield* failing(Effect.fail(new Diff({ message: "not equal:\n+ 1\n\n- 2" })))
      expect(linesOf(error).slice(0, 5)).toEqual([
        "in the written order: failed: Diff: not equal:",
        "  + 1",
        "",
        "  - 2",
        "found in the first run: the program fails as it is written, without any deviation"
      ])
      expect(linesOf(error).at(-1)).toBe("     0 ms Task-1: fails: Diff: not equal:")
      const long = yield* failing(Effect.fail(new Diff({ message: "x\n".repeat(5000) })))
      expect(linesOf(long).length).toBeLessThan(250)
    }))

  it.effect("one is not several", () =>
    Effect.gen(function*() {
      const error = yield* failing(Effect.forever(Effect.yieldNow), { maxTicks: 1 })
      expect(linesOf(error)[0]).toMatch(/: 1 tick went by without time passing/)
    }))

  it.effect("what deviates is said at the step of whom it is about, however long the names", () =>
    Effect.gen(function*() {
      const name = "one whose name takes nearly all of the room that there is on a line of a report"
      const program = Effect.gen(function*() {
        let isReady = false
        const first = yield* createTask(Effect.sync(() => void (isReady = true)), { name })
        const second = yield* createTask(Effect.suspend(() => isReady ? Effect.void : Effect.fail("not ready")))
        yield* gather([first, second])
      })
      const error = yield* failing(program, { vary: { order: true } })
      expect(error.shrunk.map(({ kind }) => kind)).toEqual(["delay"])
      const marked = linesOf(error).filter((line) => line.includes("[1 tick late]"))
      expect(marked).toEqual([
        expect.stringMatching(/ms one whose name takes .*….*line of a report: ends \[1 tick late\] +\|/)
      ])
      const owner = error.failing.steps.find(({ deviations }) => deviations.length > 0)!
      expect(owner.task).toBe(name)
    }))

  it.effect("columns are columns whatever a name is written in, and what it does stands behind a long one", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const names = ["日本語タスク", "two\nlines", "one of a family: the first of two", `${"long ".repeat(20)}first`]
        const tasks = []
        for (const name of names) tasks.push(yield* createTask(Explore.latency(1, 50), { name }))
        yield* asyncio.wait(tasks)
        if ((yield* asyncio.EventLoop.time) > 0.005) return yield* Effect.fail("late")
      })
      const error = yield* failing(program, { strategy: { bounded: 1 } })
      const [title, , ...rows] = linesOf(error).slice(7)
      const left = (row: string) => row.split(" |")[0]!
      // Each of these six letters is two columns wide.
      const width = (row: string) => left(row).length + (left(row).includes("日本語タスク") ? 6 : 0)
      expect(rows.map(width)).toEqual(rows.map(() => left(title!).length))
      expect(linesOf(error)[5]).toBe("  latency 1 of '日本語タスク' takes 8 ms")
      expect(rows.some((row) => row.includes(" ms two lines: waits for a timer"))).toBe(true)
      expect(rows.some((row) => /ms long long .*….*long first: waits for a timer +\|/.test(row))).toBe(true)
    }))

  it.effect("a cancellation after a step is said at that step", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const task = yield* createTask(sleep(1), { name: "napper" })
        if ((yield* Task.await(task))._tag === "Failure") return yield* Effect.fail("no nap")
      })
      const error = yield* failing(program, { vary: { cancel: true }, strategy: { random: 0.5 } })
      const [deviation] = error.shrunk
      const step = error.failing.steps.find(({ deviations }) => deviations.length > 0)!
      expect([step.task, step.step, step.deviations.map(String)]).toEqual(["napper", deviation!.step, [
        String(deviation)
      ]])
    }))
})

describe("what test runners show beside the message", () => {
  const shown = (error: Error) => [Object.keys(error), error.stack]

  it.effect("is nothing but the program's own error", () =>
    Effect.gen(function*() {
      const own = new Error("no")
      for (
        const program of [Effect.fail(own), Effect.die(own), Effect.andThen(createTask(Effect.fail(own)), sleep(1))]
      ) {
        const error = yield* failing(program)
        expect(error.cause).toBe(own)
        expect(shown(error)).toEqual([["_tag"], `ScheduleError: ${error.message}`])
      }
      expect((yield* failing(Effect.fail("no"))).cause).toBeUndefined()
      // Its message is that of the report.
      expect((yield* failing(Effect.never)).cause).toBeUndefined()
    }))

  it.effect("nothing where there is no schedule", () =>
    Effect.gen(function*() {
      let runs = 0
      const counting = Effect.suspend(() => sleep(++runs))
      const different = yield* Effect.flip(Explore.check(counting))
      expect(shown(different)).toEqual([["_tag"], `NotDeterministicError: ${different.message}`])
      const none = yield* Effect.flip(Explore.check(Effect.void, { replay: "none" }))
      expect(shown(none)).toEqual([["_tag"], `TokenError: ${none.message}`])
    }))
})

describe("the line to paste", () => {
  const line = (options: Explore.Options) =>
    Effect.map(failing(Effect.fail("no"), options), (error) => linesOf(error)[2]!.replace(error.token, "TOKEN"))

  it.effect("has durations as one writes them", () =>
    Effect.gen(function*() {
      const written = "replay: Explore.check(program, { pause: "
      expect(yield* line({ pause: Duration.millis(1.5) })).toBe(`${written}"1500000 nanos", replay: "TOKEN" })`)
      expect(yield* line({ pause: { seconds: 0.5 } })).toBe(`${written}{ seconds: 0.5 }, replay: "TOKEN" })`)
      expect(yield* line({ pause: 20 })).toBe(`${written}20, replay: "TOKEN" })`)
    }))

  it.effect("has functions whose source is an expression", () =>
    Effect.gen(function*() {
      const picker = (cancel: (name: string) => boolean, how: string) =>
        Effect.map(line({ vary: { cancel } }), (text) =>
          expect(text).toBe(`replay: Explore.check(program, { vary: { cancel: ${how} }, replay: "TOKEN" })`))
      yield* picker((name) =>
        name === "a", `(name) => name === "a"`)
      const unnamed = "/* your function */"
      const options = {
        cancel(name: string) {
          return name === "a"
        }
      }
      yield* picker(options.cancel, unnamed)
      yield* picker(new Set(["a"]).has.bind(new Set(["a"])), unnamed)
      yield* picker(
        {
          cancel(name: string) {
            return name === "a"
          }
        }.cancel,
        unnamed
      )
    }))
})
