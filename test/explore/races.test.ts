/** The museum of races, `examples/races`: what passes in the written order, and what exploring finds. */
import { assert, describe, it } from "@effect/vitest"
import type { Effect } from "effect"
import type * as asyncio from "effect-asyncio"
import { VirtualLoop } from "effect-asyncio/testing"
import { exhibits } from "../../examples/races.ts"
import { effectRaces } from "./effectRaces.ts"
import { fragile } from "./fragile.ts"

describe("in the written order", () => {
  const passes = (name: string, program: Effect.Effect<unknown, unknown, asyncio.EventLoop.EventLoop>) =>
    it.live(`${name} passes`, () => VirtualLoop.run(program, { patience: 0 }))

  for (const [name, { fixed, race }] of Object.entries(exhibits)) {
    passes(name, race)
    passes(`${name}, mended`, fixed)
  }
  for (const [name, race] of Object.entries(effectRaces)) passes(`${name} in plain Effect`, race)
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
