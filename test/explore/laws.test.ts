/**
 * The laws' programs with each single deviation; of the delays those by a tick. The longer ones, and cancellations, which
 * `laws/` tries at every step, are for `npm run explore`.
 */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Explore } from "effect-asyncio/testing"
import { subjects } from "../laws/subjects.ts"
import { lawful, order, single, time, unlimited } from "./lawful.ts"

for (const [name, { stating, vary }] of Object.entries({ time, order })) {
  describe(`${name}: nothing is found but what programs state`, () => {
    it.live.each(subjects)("$name", ({ programs }) =>
      Effect.gen(function*() {
        const found: Array<string> = []
        for (const program of programs) {
          const check = (runs: number) => Explore.check(lawful(program), { ...single, vary: vary(program), runs })
          // At all places the first amount comes before the second.
          const short = name === "order"
            ? Effect.flatMap(check(3), ({ points }) => check(Math.max(3, 2 + points)))
            : check(unlimited)
          const result = yield* Effect.result(short)
          if (result._tag === "Failure" && !stating.includes(program.name)) found.push(result.failure.message)
        }
        expect(found).toEqual([])
      }))
  })
}
