/** What `lint` finds, and what it does not. */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { createTask, gather, Lock, sleep } from "effect-asyncio"
import { lint, type LintOptions, named } from "effect-asyncio/insight"
import { VirtualLoop } from "effect-asyncio/testing"
import type { Program } from "../support/loops.ts"
import { recorded } from "../support/recorded.ts"

const findingsOf = (program: Program, options?: LintOptions) =>
  Effect.map(recorded(program), (timeline) =>
    lint(timeline, options).map(({ message, rule, task }) => {
      expect(timeline.tasks.some(({ id }) => id === task)).toBe(true)
      return `${rule}: ${message.replace(/ \(created at .*lint\.test\.ts:\d+:\d+\)$/, " @")}`
    }))

const { advance } = VirtualLoop

const yields = (n: number) => Effect.forEach(new Array(n).fill(0), () => sleep(0), { discard: true })

const locked = (millis: number, others: number) =>
  Effect.gen(function*() {
    const lock = named(yield* Lock.make, "db")
    const holder = yield* createTask(Lock.withLock(lock, sleep(millis)), { name: "holder" })
    const waiting = []
    for (let n = 1; n <= others; n++) {
      waiting.push(yield* createTask(Lock.withLock(lock, Effect.void), { name: `w${n}` }))
    }
    yield* gather([holder, ...waiting])
  })

const cases: ReadonlyArray<
  readonly [name: string, program: Program, findings: ReadonlyArray<string>, options?: LintOptions]
> = [
  ["a step of 100 ms", gather([advance("100 millis")]), ["holds-the-loop: Task-2 held the loop for 100 ms @"]],
  ["a step of 99 ms", gather([advance("99 millis")]), []],
  ["as slow as asked", gather([advance("5 millis")]), ["holds-the-loop: Task-2 held the loop for 5 ms @"], { slow: 5 }],
  [
    "several steps",
    gather([Effect.forEach([1, 200, 100, 300], (n) => Effect.andThen(sleep(0), advance(n)))]),
    ["holds-the-loop: Task-2 held the loop for 300 ms, and 2 more times for 100 ms or longer @"]
  ],
  ["a lock that is held while asleep, and one waits", locked(2000, 1), [
    "sleeps-with-lock: holder: sleep 2 s while it holds Lock \"db\", for which w1 waits @"
  ]],
  ["and many wait", locked(2000, 5), [
    "sleeps-with-lock: holder: sleep 2 s while it holds Lock \"db\", for which w1, w2 and 3 more wait @"
  ]],
  ["and nobody waits", locked(2000, 0), []],
  ["a task that polls", gather([yields(200)]), [
    "spins: Task-2 yielded in 200 of its 201 steps: does it poll? @"
  ]],
  ["one that hands over, a few times", gather([yields(50)]), []],
  ["one that works in between", gather([Effect.repeat(Effect.andThen(sleep(0), sleep(1)), { times: 200 })]), []]
]

describe("lint", () => {
  for (const [name, program, findings, options] of cases) {
    it.live(name, () =>
      Effect.gen(function*() {
        expect(yield* findingsOf(program, options)).toEqual(findings)
      }))
  }

  it("refuses what is no duration", () => {
    const timeline = { from: 0, to: 0, dropped: 0, tasks: [], wakes: [] }
    expect(() => lint(timeline, { slow: NaN })).toThrow("lint: slow is NaN")
  })
})
