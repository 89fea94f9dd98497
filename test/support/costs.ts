/** Costs by counting, not by time: how many entries of the ready queue a program takes. */
import { it } from "@effect/vitest"
import { Effect } from "effect"
import { expect } from "vitest"
import { beforeEntries, onVirtual, type Program } from "./loops.ts"

const entriesOf = (program: Program): Effect.Effect<number, unknown> =>
  onVirtual(Effect.gen(function*() {
    let entries = 0
    yield* beforeEntries(() => void entries++)
    yield* program
    return entries
  }))

/** So many entries for each of `n`, and for each of `10 n`. */
export const linear = (name: string, most: number, program: (n: number) => Program): void => {
  it.live(`${name}: at most ${most} entries each`, () =>
    Effect.gen(function*() {
      for (const n of [50, 500]) expect(yield* entriesOf(program(n))).toBeLessThanOrEqual(most * n + 20)
    }))
}
