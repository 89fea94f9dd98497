/** Timelines as text, byte for byte. */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { EventLoop, sleep } from "effect-asyncio"
import { type TextOptions, toText } from "effect-asyncio/insight"
import { VirtualLoop } from "effect-asyncio/testing"
import type { Program } from "../support/loops.ts"
import { recorded } from "../support/recorded.ts"
import { awkward, chain, failing, pipeline, transfers } from "../support/scenes.ts"

const textOf = (program: Program, options?: TextOptions) =>
  Effect.map(recorded(Effect.exit(program)), (timeline) => `\n${toText(timeline, options)}`)

/** Columns of a terminal, but for what takes none or two. */
const longest = (text: string) => Math.max(...text.split("\n").map((line) => Array.from(line).length))

describe("toText", () => {
  it.live("a pipeline", () =>
    Effect.gen(function*() {
      expect(yield* textOf(pipeline)).toMatchInlineSnapshot(`
        "
        Task-1        │─ gather ─────────────────────│─ sleep 1 s ───────────────────│
          worker 1    │──│──│────────│──│─ Lock "db" │───────│──│─ Lock "db" │───────│ ∅
          worker 2    │────│──│──────│───────│──│─ Lock "db" │───────│──│─ Lock "db" │ ∅
          worker 3    │─────│───│─ Lock "db" │───────│──│─ Lock "db" │───────│───────│ ∅
          producer A  │──│──│───│──│─│
          producer B  │────│────│────│───────│───│───│
                      0               500 ms          1 s             1.5 s
        │ a step  ─ waits  ∅ cancelled"
      `)
    }))

  it.live("a group that fails, and its timeout, with colours", () =>
    Effect.gen(function*() {
      expect(yield* textOf(failing)).toMatchInlineSnapshot(`
        "
        Task-1            │─ its branches ───────────│─ its tasks ───────│
                          ╰─ TaskGroup ──────────────────────────────────╯ ✗
                          ╰─ timeout 700 ms ─────────╯ ✗
          job (Task-2)    │─ sleep 500 ms ────│
          slow            │─ sleep 1.5 s ────────────────────────────────│ ∅
          job (branch 1)  │─ 300 ms ──│
          job (branch 2)  │─ sleep 1 s ──────────────│ ∅
          bad                                        │─ sleep 500 ms ────│ ✗ no route t…
                          0                   500 ms             1 s
        │ a step  ─ waits  ╰╯ timeout, group  ✗ failed  ∅ cancelled"
      `)
      expect((yield* textOf(failing, { color: true })).replaceAll("\u001b", "~")).toMatchInlineSnapshot(`
        "
        Task-1            ~[32m│~[35m─ its branches ───────────~[32m│~[35m─ its tasks ───────~[32m│~[0m
                          ~[36m╰─ TaskGroup ──────────────────────────────────╯~[0m ~[31m✗~[0m
                          ~[36m╰─ timeout 700 ms ─────────╯~[0m ~[31m✗~[0m
          job (Task-2)    ~[32m│~[34m─ sleep 500 ms ────~[32m│~[0m
          slow            ~[32m│~[34m─ sleep 1.5 s ────────────────────────────────~[32m│~[0m ~[31m∅~[0m
          job (branch 1)  ~[32m│~[34m─ 300 ms ──~[32m│~[0m
          job (branch 2)  ~[32m│~[34m─ sleep 1 s ──────────────~[32m│~[0m ~[31m∅~[0m
          bad                                        ~[32m│~[34m─ sleep 500 ms ────~[32m│~[0m ~[31m✗~[0m ~[31mno route t…~[0m
                          0                   500 ms             1 s
        │ a step  ─ waits  ╰╯ timeout, group  ✗ failed  ∅ cancelled"
      `)
    }))

  it.live("what a deadlock ends at once is said at the end, as it has no length", () =>
    Effect.gen(function*() {
      expect(yield* textOf(transfers)).toMatchInlineSnapshot(`
        "
        Task-1    │─ gather ───────────────────────────────────────────│ ∅
          Task-2  │─ sleep 1 s ────────────────────────────────────────│ ∅ "savings"
          Task-3  │─ sleep 1 s ────────────────────────────────────────│ ∅ "checking"
                  0          200 ms    400 ms     600 ms    800 ms   1 s
        │ a step  ─ waits  ∅ cancelled"
      `)
    }))

  it.live("a narrow axis has a second time in any case", () =>
    Effect.gen(function*() {
      for (const millis of [201, 280, 405, 599, 990, 55_000, 23 * 60_000, 25 * 3600_000]) {
        const [bar, axis] = (yield* textOf(sleep(millis), { width: 36 })).trim().split("\n")
        expect(bar).toContain("sleep")
        expect(axis).toMatch(/0 .*[1-9]/)
      }
    }))

  it.live("a step that holds the loop, one that is ready, one that is outside", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        yield* Effect.sleep("1 second")
        yield* VirtualLoop.advance("2 seconds")
        yield* sleep("1 second")
      })
      const others = Effect.andThen(sleep("1500 millis"), sleep("1 second"))
      expect(yield* textOf(Effect.all([program, others], { concurrency: "unbounded" }))).toMatchInlineSnapshot(`
        "
        Task-1      │─ its branches ─────────────────────────────────────────────────│
          branch 1  │─ sleep 1.5 s ──────────────────────────────────│─ sleep 1 s ───│
          branch 2                  █████████████████████████████████── sleep 1 s ───│
                    0               1 s              2 s             3 s           4 s
        │ a step  █ runs  ─ waits"
      `)
    }))

  it.live("names of all kinds", () =>
    Effect.gen(function*() {
      expect(yield* textOf(awkward)).toMatchInlineSnapshot(`
        "
        Task-1                    │─ wait ─────────────────────────────────│
          <&"'>                   │─ sleep 1 s ────────────────────────────│
          <&"'>                   │─ Lock "<&"'>" held by <&"'> ───────────│ ✗ <&"'>
          שלום עולם               │─ sleep 1 s ────────────────────────────│
          שלום עולם               │─ Lock "שלום עולם" held by שלום עולם ───│ ✗ שלום עולם
          語語語語語語語語語語…   │─ sleep 1 s ────────────────────────────│
          語語語語語語語語語語…   │─ Lock "語語語語語語語語語語語語語語語… │ ✗
          xxxxxxxxxxxxxxxxxxxxx…  │─ sleep 1 s ────────────────────────────│
          xxxxxxxxxxxxxxxxxxxxx…  │─ Lock "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… │ ✗ xxxxxxxx…
          two lines�[31m          │─ sleep 1 s ────────────────────────────│
          two lines�[31m          │─ Lock "two lines�[31m" ────────────────│ ✗ two line…
                                  │─ sleep 1 s ────────────────────────────│
                                  │─ Lock "" held by  ─────────────────────│ ✗
                                  0                    500 ms            1 s
        │ a step  ─ waits  ✗ failed"
      `)
    }))

  for (const width of [20, 40, 80, 200]) {
    it.live(`is no wider than ${width}`, () =>
      Effect.gen(function*() {
        expect(longest(yield* textOf(pipeline, { width }))).toBeLessThanOrEqual(width)
        expect(longest(yield* textOf(failing, { width }))).toBeLessThanOrEqual(width)
        expect(longest(yield* textOf(awkward, { width }))).toBeLessThanOrEqual(width)
      }))
  }

  it.live("of many tasks the first, and how many more", () =>
    Effect.gen(function*() {
      const text = yield* textOf(chain(10_000), { rows: 3 })
      expect(text).toMatchInlineSnapshot(`
        "
        Task-1      │
          Task-2    │
            Task-3  │
        and 4998 more
                    0
        │ a step
        without the oldest 20001 spans, for which there was no room"
      `)
    }))

  it.live("a chart for each loop", () =>
    Effect.gen(function*() {
      const text = yield* textOf(Effect.andThen(sleep("1 second"), VirtualLoop.run(sleep("1 hour"))), { width: 60 })
      expect(text.replaceAll(/loop \d+/g, "loop N")).toMatchInlineSnapshot(`
        "
        loop N
        Task-1  │─ sleep 1 s ────────────────────────────────────│
                0                        500 ms                1 s
        loop N
        Task-1  │─ sleep 1 h ────────────────────────────────────│
                0           15 min       30 min      45 min    1 h
        │ a step  ─ waits"
      `)
    }))

  it.live("what is missing is said", () =>
    Effect.gen(function*() {
      const timeline = yield* recorded(pipeline, { capacity: 20 })
      expect(toText(timeline)).toContain("without the oldest 81 spans, for which there was no room")
    }))

  it("nothing is nothing", () => {
    expect(toText({ from: 0, to: 0, dropped: 0, tasks: [], wakes: [] })).toBe("")
  })

  it.live("times are from the begin on, whatever the clock's", () =>
    Effect.gen(function*() {
      const timeline = yield* recorded(EventLoop.provide(sleep(1)))
      expect(toText(timeline)).toMatch(/\n +0 /)
    }))

  it("refuses what is no width, and no option", () => {
    const timeline = { from: 0, to: 0, dropped: 0, tasks: [], wakes: [] }
    expect(() => toText(timeline, { width: 10 })).toThrow("toText: width is 10, expected a whole number of at least 20")
    expect(() => toText(timeline, { rows: 0 })).toThrow("toText: rows is 0, expected a whole number of at least 1")
    expect(() => toText(timeline, { colour: true } as object)).toThrow("colour")
  })
})
