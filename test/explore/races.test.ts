/** The museum of races, `examples/races`: what passes in the written order, and what exploring finds. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type * as asyncio from "effect-asyncio"
import { Explore, VirtualLoop } from "effect-asyncio/testing"
import { exhibits } from "../../examples/races.ts"
import { effectRaces } from "./effectRaces.ts"
import { fragile } from "./fragile.ts"

type Program = Effect.Effect<unknown, unknown, asyncio.EventLoop.EventLoop>

describe("in the written order", () => {
  const passes = (name: string, program: Program) =>
    it.live(`${name} passes`, () => VirtualLoop.run(program, { patience: 0 }))

  for (const [name, { fixed, race }] of Object.entries(exhibits)) {
    passes(name, race)
    passes(`${name}, mended`, fixed)
  }
  for (const [name, { race }] of Object.entries(effectRaces)) passes(`${name} in plain Effect`, race)
  for (const [name, program] of Object.entries(fragile)) passes(name, program)
})

describe("an exhibit", () => {
  for (const [name, { report, story, title }] of Object.entries(exhibits)) {
    it(`${name} has a title, a story in three lines and the address of a report`, () => {
      assert.match(title, /^[a-z]/)
      assert.strictEqual(story.split("\n").length, 3)
      assert.match(report, /^https:\/\/github\.com\/[^/]+\/[^/]+\/(?:issues|pull)\/\d+$/)
    })
  }
})

/** Within 500 runs, however long they take here. */
const unlimited: Explore.Options = { runs: 500, timeLimit: "1 hour" }

/** How it fails, and by which kinds of deviations. */
const found = (program: Program, options: Explore.Options) =>
  Effect.map(Effect.flip(Explore.check(program, { ...unlimited, ...options })), (error) => {
    assert.strictEqual(error._tag, "ScheduleError")
    if (error._tag !== "ScheduleError") return
    const kinds = [...new Set(error.shrunk.map(({ kind }) => kind))].toSorted()
    return `${error.kind} by ${kinds.join(" and ")}${error.canHappen ? "" : ", if at all"}`
  })

const atSeeds = (name: string, program: Program, vary: Explore.Vary, expected: string) =>
  it.live(
    `${name}: ${expected}`,
    () =>
      Effect.map(
        Effect.forEach([1, 2, 3, 4, 5], (seed) => found(program, { seed, vary })),
        (all) => assert.deepStrictEqual([...new Set(all)], [expected])
      ),
    60_000
  )

describe("found within 500 runs, whatever the seed", () => {
  const expected: Readonly<Record<string, string>> = {
    "lost-wakeup": "deadlock by timeout",
    "check-then-act": "died by latency",
    "double-release": "invariant by latency",
    "notified-too-early": "deadlock by latency",
    "lost-item": "died by timeout",
    "gather-leftovers": "leak by fault",
    "lock-order": "deadlock by latency",
    "late-break": "died by timeout",
    "lost-permit": "died by latency",
    "cache-stampede": "died by latency",
    "shutdown-while-putting": "deadlock by latency",
    "double-charge": "died by latency"
  }
  for (const [name, { race }] of Object.entries(exhibits)) atSeeds(name, race, {}, expected[name]!)
})

describe("found in plain Effect within 500 runs, whatever the seed", () => {
  const expected: Readonly<Record<string, string>> = {
    "lost-wakeup": "deadlock by interrupt and yield, if at all",
    "check-then-act": "died by latency",
    "double-release": "invariant by latency",
    "notified-too-early": "deadlock by latency",
    "lost-item": "died by latency",
    "gather-leftovers": "died by fault",
    "lock-order": "deadlock by latency",
    "late-break": "died by latency and yield",
    "lost-permit": "died by latency",
    "cache-stampede": "died by latency",
    "shutdown-while-putting": "deadlock by latency",
    "double-charge": "died by latency"
  }
  for (const [name, { race, vary }] of Object.entries(effectRaces)) atSeeds(name, race, vary, expected[name]!)
})

describe("only fragile", () => {
  for (const [name, program] of Object.entries(fragile)) {
    atSeeds(name, program, { order: true }, "died by delay, if at all")
    it.live(`${name} passes what can happen`, () => Explore.check(program, unlimited))
  }
})

describe("a mended twin passes each single deviation", () => {
  const everything: Explore.Options = {
    strategy: "single",
    runs: 5000,
    timeLimit: "1 hour",
    vary: { order: true, cancel: true, how: "both" }
  }
  for (const [name, { fixed }] of Object.entries(exhibits)) {
    it.live(name, () =>
      Effect.map(Explore.check(fixed, everything), ({ exhausted, runs }) => {
        assert.isAtLeast(exhausted, 1)
        assert.isAbove(runs, 2)
      }), 60_000)
  }
})
