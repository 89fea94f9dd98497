/** Timelines as Chrome's trace events. */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { EventLoop, gather, Queue, sleep, TaskGroup, timeout } from "effect-asyncio"
import { lint, record, type Timeline, toChrome, toSvg, toText } from "effect-asyncio/insight"
import { VirtualLoop } from "effect-asyncio/testing"
import type { Program } from "../support/loops.ts"
import { recorded } from "../support/recorded.ts"
import { awkward, chain, failing, pipeline } from "../support/scenes.ts"
import { wrongIn } from "../support/traceEvents.ts"

/** Blocks begin and end in the midst of steps that take time. */
const busy: Program = Effect.gen(function*() {
  const { advance } = VirtualLoop
  const queue = yield* Queue.make<number>()
  const limited = Effect.gen(function*() {
    yield* advance("1 second")
    yield* timeout("10 seconds", () =>
      Effect.gen(function*() {
        yield* advance("1 second")
        yield* timeout("5 seconds", () => Effect.andThen(Queue.get(queue), advance("1 second")))
        yield* advance("500 millis")
      }))
    yield* advance("1 second")
  })
  const other = TaskGroup.run(() => Effect.andThen(advance("2 seconds"), Queue.put(queue, 1)))
  yield* gather([limited, other])
})

const programs: ReadonlyArray<readonly [name: string, program: Program]> = [
  ["a pipeline", pipeline],
  ["a group that fails", failing],
  ["steps that take time", busy],
  ["names of all kinds", awkward],
  ["tasks that create tasks", chain(200)]
]

describe("toChrome", () => {
  for (const [name, program] of programs) {
    it.live(`keeps the rules of the format: ${name}`, () =>
      Effect.gen(function*() {
        const trace = toChrome(yield* recorded(Effect.exit(program)))
        expect(wrongIn(trace)).toEqual([])
        expect(JSON.parse(JSON.stringify(trace))).toEqual(trace)
      }))
    it.live(`also of what a recorder has forgotten half of: ${name}`, () =>
      Effect.gen(function*() {
        expect(wrongIn(toChrome(yield* recorded(Effect.exit(program), { capacity: 30 })))).toEqual([])
      }))
  }

  it.live("on the host's own clock", () =>
    Effect.gen(function*() {
      const [, live] = yield* record(EventLoop.provide(gather([sleep(1), sleep(2)])))
      expect(live.tasks.length).toBe(3)
      expect(wrongIn(toChrome(live))).toEqual([])
    }))

  it.live("a track for each task, as it is called, and arrows for wakes", () =>
    Effect.gen(function*() {
      const { traceEvents } = toChrome(yield* recorded(pipeline))
      const names = traceEvents.filter(({ name }) => name === "thread_name").map(({ args }) => args!["name"])
      expect(names).toEqual(["Task-1", "worker 1", "worker 2", "worker 3", "producer A", "producer B"])
      expect(traceEvents.filter(({ ph }) => ph === "s").length).toBeGreaterThan(5)
      const wait = traceEvents.find(({ name }) => name === "Lock \"db\"")!
      expect([wait.cat, wait.args!["heldBy"], wait.dur]).toEqual(["wait", "worker 2", 400_000])
    }))

  it("nothing is a trace, too", () => {
    const nothing: Timeline = { from: 0, to: 0, dropped: 0, tasks: [], wakes: [] }
    expect(toChrome(nothing)).toEqual({ traceEvents: [], displayTimeUnit: "ms", otherData: { timeline: nothing } })
  })
})

it("what is no timeline is refused, by all who take one", () => {
  const timeline = "expected a Timeline of record or recorder"
  for (const [call, take] of Object.entries({ lint, toChrome, toSvg, toText })) {
    expect(() => take({} as never)).toThrow(`${call}: the argument is {}, ${timeline}`)
    expect(() => take(undefined as never)).toThrow(`${call}: the argument is undefined, ${timeline}`)
  }
})
