/** Under Vitest's fake timers every program takes the time that it takes with Effect's own verbs. */
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop } from "effect-asyncio"
import { mock } from "node:test"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { observeEffects, observeOurs, programs } from "./support/besideEffect.ts"
import * as timed from "./support/timedPrograms.ts"

const realImmediate = setImmediate
const turns = async (n: number) => {
  for (let i = 0; i < n; i++) await new Promise<void>((resolve) => realImmediate(() => resolve()))
}

const day = 86_400_000

/** Ways to let time pass. */
const drives: Readonly<Record<string, () => unknown>> = {
  "advanceTimersByTimeAsync, at once": () => vi.advanceTimersByTimeAsync(day),
  "advanceTimersByTimeAsync, in steps": async () => {
    for (let i = 0; i < 60; i++) await vi.advanceTimersByTimeAsync(10)
    for (let i = 0; i < 50; i++) await vi.advanceTimersByTimeAsync(100)
    for (let i = 0; i < 10; i++) await vi.advanceTimersByTimeAsync(1_800_000)
  },
  runAllTimersAsync: () => vi.runAllTimersAsync(),
  runOnlyPendingTimersAsync: async () => {
    for (let i = 0; i < 200; i++) await vi.runOnlyPendingTimersAsync()
  },
  advanceTimersToNextTimerAsync: async () => {
    for (let i = 0; i < 200; i++) await vi.advanceTimersToNextTimerAsync()
  },
  "setTimerTickMode, by itself": async () => {
    vi.setTimerTickMode("nextTimerAsync")
    await turns(300)
    vi.setTimerTickMode("manual")
  }
}

/** Those during which no promise is heard: for programs that wait for none. */
const drivesAtOnce: Readonly<Record<string, () => unknown>> = {
  advanceTimersByTime: () => vi.advanceTimersByTime(day),
  runAllTimers: () => vi.runAllTimers()
}
const waitsForPromises = new Set([
  "a sleep that begins half-way",
  "loops that begin at different times",
  "sleeps far away"
])

const fakes: Readonly<Record<string, Parameters<typeof vi.useFakeTimers>[0]>> = {
  "all that Vitest replaces": undefined,
  "without its hrtime": { toNotFake: ["hrtime"] },
  "without its setImmediate": { toNotFake: ["setImmediate"] },
  "setTimeout alone, and Date": { toFake: ["setTimeout", "clearTimeout", "Date"] }
}

afterEach(() => void vi.useRealTimers())

for (const [fake, options] of Object.entries(fakes)) {
  describe(fake, () => {
    beforeEach(() => void vi.useFakeTimers(options))
    const hasImmediate = options === undefined || options.toNotFake?.includes("hrtime") === true
    for (const [way, drive] of Object.entries(hasImmediate ? { ...drives, ...drivesAtOnce } : drives)) {
      it.each(Object.keys(programs).filter((name) => !(way in drivesAtOnce && waitsForPromises.has(name))))(
        `${way}: %s`,
        async (name) => {
          const expected = await observeEffects(name, drive)
          expect(await observeOurs(name, drive)).toEqual(expected)
        }
      )
    }
  })
}

describe("those of node:test", () => {
  it.each([[undefined], [["setTimeout", "Date"]], [["setTimeout", "setImmediate"]]] as const)("%s", async (apis) => {
    mock.timers.enable(apis === undefined ? undefined : { apis: [...apis] })
    try {
      const lines: Array<string> = []
      const say = (line: string) => Effect.sync(() => void lines.push(line))
      const running = asyncio.run(asyncio.gather([
        Effect.andThen(asyncio.sleep(30), say("slept")),
        Effect.catch(
          asyncio.timeout(10, () => asyncio.sleep(1000)),
          () => Effect.andThen(asyncio.sleep(15), say("late"))
        )
      ]))
      for (let millis = 1; millis <= 30; millis++) {
        await turns(5)
        mock.timers.tick(1)
        await turns(5)
        expect([millis, ...lines]).toEqual([millis, ...millis >= 25 ? ["late"] : [], ...millis >= 30 ? ["slept"] : []])
      }
      await running
    } finally {
      mock.timers.reset()
    }
  })
})

describe("what Effect has no counterpart for", () => {
  beforeEach(() => void vi.useFakeTimers())

  it.each(Object.keys(timed.programs))("%s: as on the virtual loop", async (name) => {
    const program = timed.programs[name]!
    const [run, lines] = timed.recorded(program)
    const running = asyncio.run(run)
    await vi.advanceTimersByTimeAsync(10_000)
    await running
    vi.useRealTimers()
    expect(lines).toEqual(await Effect.runPromise(timed.expectedOf(program)))
  })

  it("the time of the loop is theirs", async () => {
    const program = Effect.gen(function*() {
      const begin = yield* EventLoop.time
      yield* asyncio.sleep("3 seconds")
      const slept = (yield* EventLoop.time) - begin
      const late = yield* Effect.flip(asyncio.timeoutAt(begin + 5, () => asyncio.sleep("1 hour")))
      return [slept, late._tag, (yield* EventLoop.time) - begin]
    })
    const running = asyncio.run(program)
    await vi.advanceTimersByTimeAsync(5000)
    expect(await running).toEqual([3, "TimeoutError", 5])
  })

  it("nothing is done a millisecond before its time", async () => {
    const lines: Array<string> = []
    const running = asyncio.run(asyncio.gather([
      Effect.andThen(asyncio.sleep("3 seconds"), Effect.sync(() => lines.push("slept"))),
      EventLoop.callLater("2 seconds", () => lines.push("called"))
    ]))
    await vi.advanceTimersByTimeAsync(1999)
    expect(lines).toEqual([])
    await vi.advanceTimersByTimeAsync(1000)
    expect(lines).toEqual(["called"])
    await vi.advanceTimersByTimeAsync(1)
    expect(lines).toEqual(["called", "slept"])
    await running
  })

  it("turns cost no time: many ticks, promises, tasks that are left at the end", async () => {
    const begin = Date.now()
    const program = Effect.gen(function*() {
      for (let i = 0; i < 1000; i++) yield* asyncio.sleep(0)
      for (let i = 0; i < 10; i++) yield* yield* asyncio.Future.fromPromise(Promise.resolve(i))
      yield* asyncio.createTask(asyncio.sleep("1 hour"))
      yield* asyncio.sleep("1 second")
      return Date.now() - begin
    })
    const running = asyncio.run(program)
    await turns(100)
    await vi.advanceTimersByTimeAsync(1000)
    expect(await running).toBe(1000)
  })

  it("a loop from before, and after", async () => {
    vi.useRealTimers()
    await using runner = asyncio.Runner.make()
    await runner.run(Effect.void)
    const lines: Array<string> = []
    const nap = (name: string, millis: number) =>
      Effect.andThen(asyncio.sleep(millis), Effect.sync(() => void lines.push(name)))
    const outside = runner.run(asyncio.gather([nap("real", 30), nap("real", 10)]))
    await turns(3)
    vi.useFakeTimers()
    const inside = runner.run(asyncio.gather([nap("fake", 7_200_000), nap("fake", 3_600_000)]))
    await vi.advanceTimersByTimeAsync(7_200_000)
    await inside
    expect(lines.filter((line) => line === "fake")).toHaveLength(2)
    vi.useRealTimers()
    await outside
    await runner.run(nap("after", 1))
    expect(lines).toHaveLength(5)
  })
})
