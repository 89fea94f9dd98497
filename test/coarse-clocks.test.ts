/**
 * On a host whose monotonic clock is rounded, stands, goes back or jumps, every program takes the time that it takes with
 * Effect's own verbs. The host is made of fake timers, in place before Effect and the library look for it.
 */
import { Clock, Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { type EventLoop } from "effect-asyncio"
import { describe, expect, it, vi } from "vitest"
import { observeEffects, observeOurs, programs } from "./support/besideEffect.ts"

type Read = (nanos: number) => number

const host = vi.hoisted(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "hrtime", "performance"] })
  // Fake timers tell that they are; this host is as good as any.
  const fake = globalThis.setTimeout
  const host = { timers: 0, read: (nanos: number) => nanos }
  globalThis.setTimeout = ((run: () => void, millis: number) => {
    host.timers++
    return fake(run, millis)
  }) as typeof setTimeout
  const began = performance.now()
  process.hrtime.bigint = () => BigInt(Math.round(5e13 + host.read(Math.round((performance.now() - began) * 1e6))))
  return host
})

const ms = 1e6
const hour = 3_600_000 * ms

/** A clock that moves on while the program computes: by 10 ns a reading. */
const running = (read: Read): Read => {
  let readings = 0
  return (nanos) => read(nanos) + 10 * readings++
}

/** The time in the reading is that of the program, from 0 on. */
const clocks: Readonly<Record<string, () => Read>> = {
  "runs": () => running((t) => t),
  "stands from reading to reading": () => (t) => t,
  "is rounded to 1 ms": () => (t) => Math.floor(t / ms) * ms,
  "is rounded down to 16.67 ms": () => (t) => Math.floor(t / (16.67 * ms)) * 16.67 * ms,
  "is rounded to the next 16.67 ms": () => (t) => Math.round(t / (16.67 * ms)) * 16.67 * ms,
  "is rounded down to 100 ms": () => (t) => Math.floor(t / (100 * ms)) * 100 * ms,
  "is rounded to the next 100 ms": () => (t) => Math.round(t / (100 * ms)) * 100 * ms,
  "stands": () => () => 0,
  "runs backwards": () => running((t) => -t),
  "goes back by 5 ms": () => running((t) => t < 25 * ms ? t : t - 5 * ms),
  "goes back by hours": () => running((t) => t < 25 * ms ? t : t - 3 * hour),
  "jumps by two hours": () => running((t) => t < 25 * ms ? t : t + 2 * hour),
  "jumps by ten hours": () => running((t) => t < 25 * ms ? t : t + 10 * hour),
  "jumps to and fro": () => running((t) => Math.floor(t / (40 * ms)) % 2 === 0 ? t : t + 2 * hour),
  "jumps on and on": () => running((t) => t + Math.floor(t / (30 * ms)) * hour)
}

/** With a clock of this kind. */
const on = async <A>(clock: Read, run: () => Promise<A>): Promise<A> => {
  let began: number | undefined
  host.read = (nanos) => clock(nanos - (began ??= nanos))
  try {
    return await run()
  } finally {
    host.read = (nanos) => nanos
  }
}

const drive = () => vi.advanceTimersByTimeAsync(6 * 3_600_000)

for (const [kind, clock] of Object.entries(clocks)) {
  describe(`a clock that ${kind}`, () => {
    it.each(Object.keys(programs))("%s", async (name) => {
      const expected = await observeEffects(name, drive)
      // What comes in the same millisecond has an order of its own.
      expect((await on(clock(), () => observeOurs(name, drive))).toSorted()).toEqual(expected.toSorted())
    })
  })
}

describe("a clock that goes another way from some reading on, whichever that is", () => {
  it.each([["back by three hours", -3 * hour], ["on by two hours", 2 * hour]])("%s", async (_, jump) => {
    for (const name of ["sleeps at once", "loops in step", "sleeps far away", "deadlines far away"]) {
      const expected = (await observeEffects(name, drive)).toSorted()
      for (let reading = 1; reading <= 40; reading++) {
        let readings = 0
        const clock: Read = (nanos) => nanos + 10 * readings + (++readings > reading ? jump : 0)
        expect([reading, (await on(clock, () => observeOurs(name, drive))).toSorted()]).toEqual([reading, expected])
      }
    }
  })
})

describe("a clock that stands or slows down on its way is noticed within 2 ms", () => {
  it.each([
    ["stands", running((t) => Math.min(t, 25 * ms))],
    ["is half as fast", running((t) => t / 2)],
    ["is twice as fast", running((t) => 2 * t)]
  ])("%s", async (_, clock) => {
    const millisOf = (lines: ReadonlyArray<string>) =>
      lines.map((line) => Number.parseInt(line, 10)).toSorted((a, b) => a - b)
    for (const name of Object.keys(programs)) {
      const expected = millisOf(await observeEffects(name, drive))
      const seen = millisOf(await on(clock, () => observeOurs(name, drive)))
      expect(seen).toHaveLength(expected.length)
      for (const [i, millis] of seen.entries()) expect(Math.abs(millis - expected[i]!)).toBeLessThanOrEqual(2)
    }
  })
})

describe("the host's timers", () => {
  const timersOf = async (clock: Read, program: Effect.Effect<unknown, unknown, EventLoop.EventLoop>) => {
    host.timers = 0
    await on(clock, async () => {
      const ended = asyncio.run(program)
      await drive()
      await ended
    })
    return host.timers
  }
  const sleeps = (n: number, millis: number) =>
    Effect.forEach(Array.from({ length: n }), () => asyncio.sleep(millis), { discard: true })

  it("one a sleep, whatever the clock", async () => {
    for (const clock of Object.values(clocks)) {
      expect(await timersOf(clock(), sleeps(10, 10))).toBeLessThanOrEqual(11)
    }
  })

  it("one for all that sleep at once, where the clock runs; one each, where it does not", async () => {
    const program = asyncio.gather(Array.from({ length: 50 }, () => asyncio.sleep(10)))
    expect(await timersOf(running((t) => t), program)).toBe(1)
    expect(await timersOf(() => 0, program)).toBe(50)
  })

  it("none for deadlines behind an earlier one, where the clock runs", async () => {
    const program = asyncio.timeout(
      "1 minute",
      () =>
        asyncio.timeout(
          "10 millis",
          () =>
            Effect.forEach(Array.from({ length: 50 }), (_, i) => asyncio.timeout(1000 + i, () => asyncio.sleep(0)), {
              discard: true
            })
        )
    )
    // That of the minute, and that of the 10 ms.
    expect(await timersOf(running((t) => t), program)).toBe(2)
  })

  it("once all are gone that counted on readings from before a jump, readings count again", async () => {
    let jumped = false
    const program = Effect.gen(function*() {
      const first = yield* asyncio.createTask(asyncio.sleep("10 seconds"))
      yield* asyncio.sleep(0)
      jumped = true
      const far = yield* asyncio.createTask(asyncio.sleep("1 hour"))
      yield* asyncio.sleep(0)
      yield* asyncio.Task.cancel(first)
      yield* asyncio.gather(Array.from({ length: 50 }, () => asyncio.sleep(10)))
      yield* asyncio.Task.cancel(far)
      yield* asyncio.Task.await(far) // else the closing loop has a timer of its own
    })
    expect(await timersOf(running((t) => jumped ? t - hour : t), program)).toBe(3)
  })

  it("a sleep that a host ends early, by its rounding, is slept to its end", async () => {
    const program = Effect.gen(function*() {
      const clock = yield* Clock.Clock
      const begin = clock.monotonicTimeNanosUnsafe()
      yield* asyncio.sleep(10)
      return Number(clock.monotonicTimeNanosUnsafe() - begin) / 1e6
    })
    // Half a millisecond is lost on the way.
    const took = await on(running((t) => t < 5 * ms ? t : t - 0.5 * ms), async () => {
      const running = asyncio.run(program)
      await drive()
      return running
    })
    expect(took).toBeGreaterThanOrEqual(10)
    expect(took).toBeLessThan(11)
  })
})

describe("another Clock", () => {
  /** Sleeps as the host does, and reads what it is told to. */
  const clockThat = (read: (live: Clock.Clock) => number) =>
    Effect.map(Clock.Clock, (live): Clock.Clock => ({
      ...live,
      currentTimeMillisUnsafe: () => live.currentTimeMillisUnsafe(),
      currentTimeNanosUnsafe: () => live.currentTimeNanosUnsafe(),
      monotonicTimeNanosUnsafe: () => BigInt(Math.round(read(live))),
      sleep: (duration) => live.sleep(duration)
    }))

  it("that stands, or goes back, is taken at its word until it ends a sleep too early", async () => {
    for (const read of [() => 0, (live: Clock.Clock) => -Number(live.monotonicTimeNanosUnsafe())]) {
      const lines: Array<string> = []
      const begin = Date.now()
      const nap = (name: string) =>
        Effect.forEach(
          [10, 20, 30],
          (millis) =>
            Effect.andThen(asyncio.sleep(millis), Effect.sync(() => lines.push(`${name} ${Date.now() - begin}`)))
        )
      const program = Effect.flatMap(
        clockThat(read),
        (clock) => Effect.provideService(asyncio.gather([nap("a"), nap("b")]), Clock.Clock, clock)
      )
      const ended = asyncio.run(program)
      await drive()
      await ended
      expect(lines).toEqual(["a 10", "b 10", "a 30", "b 30", "a 60", "b 60"])
    }
  })
})
