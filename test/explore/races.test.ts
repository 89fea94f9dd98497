/** The museum of races, `examples/races`: what passes in the written order, and what exploring finds. */
import { assert, describe, expect, it } from "@effect/vitest"
import { Console, Effect } from "effect"
import type * as asyncio from "effect-asyncio"
import { Explore, VirtualLoop } from "effect-asyncio/testing"
import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { exhibits, main } from "../../examples/races.ts"
import { draw, page, picture, world } from "../../scripts/races.ts"
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

/** How it fails, and what the schedules that show it may deviate in. */
type Expected = readonly [kind: Explore.Kind, ...deviations: ReadonlyArray<Explore.Deviation["kind"]>]

const atSeeds = (name: string, program: Program, vary: Explore.Vary, [kind, ...deviations]: Expected) =>
  it.live(
    `${name}: ${kind} by ${deviations.join(" or ")}`,
    () =>
      Effect.forEach([1, 2, 3, 4, 5], (seed) =>
        Effect.map(Effect.flip(Explore.check(program, { ...unlimited, seed, vary })), (error) => {
          if (error._tag !== "ScheduleError") {
            return assert.fail(error.message)
          }
          assert.strictEqual(error.kind, kind)
          assert.includeMembers(
            deviations,
            error.shrunk.map((deviation) =>
              deviation.kind
            )
          )
          assert.strictEqual(error.canHappen, vary.order !== true)
        }))
  )

describe("found within 500 runs, whatever the seed", () => {
  const expected: Readonly<Record<string, Expected>> = {
    "lost-wakeup": ["deadlock", "pause"],
    "check-then-act": ["died", "latency"],
    "double-release": ["invariant", "latency", "pause"],
    "notified-too-early": ["deadlock", "latency"],
    "lost-item": ["died", "pause"],
    "gather-leftovers": ["leak", "fault"],
    "lock-order": ["deadlock", "latency"],
    "late-break": ["died", "pause"],
    "lost-permit": ["died", "latency"],
    "cache-stampede": ["died", "latency"],
    "shutdown-while-putting": ["deadlock", "latency"],
    "double-charge": ["died", "latency"]
  }
  for (const [name, { race }] of Object.entries(exhibits)) atSeeds(name, race, {}, expected[name]!)
})

describe("found in plain Effect within 500 runs, whatever the seed", () => {
  const expected: Readonly<Record<string, Expected>> = {
    "lost-wakeup": ["deadlock", "yield", "pause", "latency"],
    "check-then-act": ["died", "latency"],
    "double-release": ["invariant", "latency", "pause"],
    "notified-too-early": ["deadlock", "latency"],
    "lost-item": ["died", "latency"],
    "gather-leftovers": ["died", "fault"],
    "lock-order": ["deadlock", "latency"],
    "late-break": ["died", "yield", "pause", "latency"],
    "lost-permit": ["died", "latency"],
    "cache-stampede": ["died", "latency"],
    "shutdown-while-putting": ["deadlock", "latency"],
    "double-charge": ["died", "latency"]
  }
  for (const [name, { race, vary }] of Object.entries(effectRaces)) atSeeds(name, race, vary, expected[name]!)
})

describe("only fragile", () => {
  for (const [name, program] of Object.entries(fragile)) {
    atSeeds(name, program, { order: true }, ["died", "delay"])
    it.live(`${name} passes what can happen`, () => Explore.check(program, unlimited))
  }
})

describe("the whole report", () => {
  for (const name of ["double-charge", "check-then-act", "late-break"]) {
    it.live(`of ${name}`, () =>
      Effect.flatMap(
        Effect.flip(Explore.check(exhibits[name]!.race)),
        ({ message }) => Effect.promise(() => expect(`${message}\n`).toMatchFileSnapshot(`reports/${name}.txt`))
      ))
  }
})

describe("npm run example races", () => {
  const printed = (name?: string) => {
    const lines: Array<string> = []
    const recorder: Console.Console = Object.assign(Object.create(console), { log: (line: string) => lines.push(line) })
    return Effect.as(Effect.provideService(main(name), Console.Console, recorder), lines)
  }

  it.live("shows each, what it fails by, and that its twin does not", () =>
    Effect.map(printed(), (lines) => {
      assert.strictEqual(lines.length, 3 * Object.keys(exhibits).length)
      assert.deepStrictEqual(lines.slice(-3), [
        `\n== double-charge: ${exhibits["double-charge"]!.title}\n${exhibits["double-charge"]!.story}\n` +
        `A report: ${exhibits["double-charge"]!.report}`,
        "\ncan happen: died: charged 2 times\n  latency 1 of 'call 1' takes 40 ms",
        "\nmended: 13 schedules, and none fails"
      ])
    }))

  it.live("shows one with its whole report", () =>
    Effect.map(printed("late-break"), ([, report]) => {
      assert.strictEqual(
        report,
        `\n${readFileSync(resolve(import.meta.dirname, "reports/late-break.txt"), "utf8").trimEnd()}`
      )
    }))
})

describe("docs/races.md", () => {
  it.live(
    "has the figures of what can happen (scripts/races.ts writes it)",
    () => Effect.map(world, (table) => assert.include(readFileSync(page, "utf8"), table))
  )

  it.live("shows the picture of the first report", () =>
    Effect.map(draw, (svg) => assert.strictEqual(readFileSync(picture, "utf8"), svg)))
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
      }))
  }
})
