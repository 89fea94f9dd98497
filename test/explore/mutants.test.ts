/** Planted bugs: each passes in the written order, and is found; the library itself passes all that they are looked for with. */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Explore } from "effect-asyncio/testing"
import { hunt, mutants, search } from "./mutants.ts"
import { primitives } from "./primitives.ts"

describe("a mutant is found within 500 runs", () => {
  it.live.each(mutants)("$subject: $wrong", (mutant) =>
    Effect.gen(function*() {
      const error = yield* hunt(mutant)
      if (error._tag !== "ScheduleError") throw error
      // What fails in the written order has found nothing.
      expect(error.found.length).toBeGreaterThan(0)
      expect(error.shrunk.map(({ kind }) => kind)).toEqual(mutant.found)
    }), 60_000)
})

describe("once they are taken back, nothing is found", () => {
  const searches = new Map(mutants.map((mutant) => [`${mutant.subject}, ${JSON.stringify(mutant.vary)}`, mutant]))
  it.live.each(Array.from(searches))("%s", ([, mutant]) =>
    Effect.gen(function*() {
      const { runs } = yield* Explore.check(primitives[mutant.subject]!, search(mutant))
      expect(runs).toBeGreaterThan(2)
    }), 60_000)
})
