/** The laws' programs under other schedules: right programs, in which a deviation that keeps the promises finds nothing. */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { Explore } from "effect-asyncio/testing"
import { LoopImpl } from "../../src/internal/loop/loop.ts"
import { Law, type Program } from "../laws/everyStep.ts"
import { subjects } from "../laws/subjects.ts"

const { EventLoop, Task, wait } = asyncio

/** One run of a law's program, as `everyStep` runs it undisturbed; dies with what it violates. */
const lawful = (program: Program) =>
  Effect.gen(function*() {
    const law = new Law()
    const loop = yield* EventLoop.EventLoop
    if (!(loop instanceof LoopImpl)) return yield* Effect.die(new Error("no loop of this package"))
    const root = Array.from(loop.tasks)[0]!
    yield* EventLoop.setExceptionHandler((context) => Effect.sync(() => void law.reports.push(context)))
    const main = yield* Task.create(Effect.suspend(() => program.main(law)), { name: "main" })
    law.sawExit(yield* Task.await(main))
    if (program.leaves !== true) {
      while (loop.tasks.size > 1) yield* wait(Array.from(loop.tasks).filter((task) => task !== root))
      for (let i = 0; i < 8; i++) yield* Effect.yieldNow
      for (const check of law.atRest) check()
      for (const timer of law.timers) timer.cancelUnsafe()
    }
    if (law.violations.length > 0) return yield* Effect.die(new Error(law.violations.join("; ")))
  })

/** Those that say of a deadline that it does not pass, of starts in which order they come, of a tick what is in it. */
const stating: Readonly<Record<string, ReadonlyArray<string>>> = {
  time: [
    "deadlines, equal ones and others, and clean-ups that suspend",
    "deadlines in deadlines",
    "going on after what was awaited is cancelled, beside deadlines",
    "a race: the loser's regions end with it",
    "a stream's"
  ],
  order: ["concurrency with failures", "an uninterruptible body that ends in the tick of the deadline"]
}

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
