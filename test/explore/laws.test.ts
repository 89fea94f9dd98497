/** The laws' programs under other schedules; `npm run explore` has more of them. */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Explore } from "effect-asyncio/testing"
import { subjects } from "../laws/subjects.ts"
import { lawful, stating } from "./lawful.ts"

const options = (vary: Explore.Vary, runs: number): Explore.Options => ({
  vary,
  strategy: "single",
  runs,
  timeLimit: "60 seconds",
  shrinkRuns: 0,
  leaks: false
})

const classes = [
  ["time", options({ time: true }, 1000)],
  ["order", options({ time: false, order: true }, 12)]
] as const

for (const [name, given] of classes) {
  describe(`${name}: nothing is found but what programs state`, () => {
    it.live.each(subjects)("$name", ({ programs }) =>
      Effect.gen(function*() {
        const found: Array<string> = []
        for (const program of programs) {
          const result = yield* Effect.result(Explore.check(lawful(program), given))
          if (result._tag === "Failure" && !stating[name]!.includes(program.name)) found.push(result.failure.message)
        }
        expect(found).toEqual([])
      }), 60_000)
  })
}
