/** What `lint` finds, and what it does not. */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { createTask, Event, gather, Lock, sleep } from "effect-asyncio"
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

/** `a` sleeps too, but later, when it has the lock no more. */
const passedOn = Effect.gen(function*() {
  const lock = named(yield* Lock.make, "db")
  const go = yield* Event.make
  const tasks = [
    yield* createTask(Effect.andThen(Lock.withLock(lock, Event.wait(go)), sleep(1000)), { name: "a" }),
    yield* createTask(Lock.withLock(lock, sleep(500)), { name: "b" }),
    yield* createTask(Lock.withLock(lock, Effect.void), { name: "c" })
  ]
  yield* sleep(100)
  yield* Event.set(go)
  yield* gather(tasks)
})

/** In the moment in which `a` lets go, `b` gets the lock and gives it on, to sleep without it. */
const throughHands = Effect.gen(function*() {
  const lock = named(yield* Lock.make, "db")
  yield* gather([
    yield* createTask(Lock.withLock(lock, sleep(100)), { name: "a" }),
    yield* createTask(Effect.andThen(Lock.withLock(lock, Effect.void), sleep(1000)), { name: "b" }),
    yield* createTask(Lock.withLock(lock, sleep(500)), { name: "c" }),
    yield* createTask(Lock.withLock(lock, Effect.void), { name: "d" })
  ])
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
    "sleeps-with-lock: holder sleeps for 2 s while it holds Lock \"db\", for which w1 waits @"
  ]],
  ["and many wait", locked(2000, 5), [
    "sleeps-with-lock: holder sleeps for 2 s while it holds Lock \"db\", for which w1, w2 and 3 more wait @"
  ]],
  ["and nobody waits", locked(2000, 0), []],
  ["a task that polls", gather([yields(200)]), [
    "spins: Task-2 yielded in 200 of its 201 steps: does it poll? @"
  ]],
  ["one that hands over, a few times", gather([yields(50)]), []],
  ["a lock that was passed on, and whoever has it now sleeps", passedOn, [
    "sleeps-with-lock: b sleeps for 500 ms while it holds Lock \"db\", for which c waits @"
  ]],
  ["a lock that goes through several hands in one moment", throughHands, [
    "sleeps-with-lock: a sleeps for 100 ms while it holds Lock \"db\", for which b, c, d wait @",
    "sleeps-with-lock: c sleeps for 500 ms while it holds Lock \"db\", for which d waits @"
  ]],
  [
    "one that yields within a long computation",
    gather([
      Effect.forEach(new Array(200).fill(0), () => Effect.andThen(advance(5), sleep(0)), { discard: true })
    ]),
    []
  ],
  ["one that sleeps in between", gather([Effect.repeat(Effect.andThen(sleep(0), sleep(1)), { times: 200 })]), []]
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
