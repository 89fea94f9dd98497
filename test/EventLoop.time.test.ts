/** callLater, callAt, and whose time it is. */
import { assert, describe, expect, it } from "@effect/vitest"
import { Cause, Clock, Duration, Effect, Fiber } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Future, Task } from "effect-asyncio"
import { TestLoop } from "effect-asyncio/testing"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import { defectOf, everywhere, logged, onVirtual, ticks, timed } from "./support/loops.ts"

const { callAt, callLater, callSoon } = EventLoop
const service = EventLoop.EventLoop

describe("callLater and callAt", () => {
  timed(
    "fire in order of their deadlines, equal ones first come, first served",
    logged((log) =>
      Effect.gen(function*() {
        const start = yield* EventLoop.time
        const expected: Array<readonly [number, string]> = []
        for (let i = 0; i < 60; i++) {
          // Five deadlines, mixed up; by delay and by time.
          const deadline = [3, 1, 5, 2, 4][(i * 7) % 5]!
          expected.push([deadline, `${deadline} #${i}`])
          const callback = () => log(`${deadline} #${i}`)
          if (i % 2 === 0) yield* callLater(`${deadline} seconds`, callback)
          else yield* callAt(start + deadline, callback)
        }
        yield* asyncio.sleep("6 seconds")
        log(expected.toSorted(([a], [b]) => a - b).map(([, line]) => line))
      })
    ).pipe(Effect.map((lines) => {
      expect(lines.slice(0, -1)).toEqual(lines.at(-1))
    }))
  )

  timed(
    "50 equal deadlines, sleeps and callbacks mixed: first come, first served",
    logged((log) =>
      Effect.gen(function*() {
        for (let i = 0; i < 50; i++) {
          if (i % 2 === 0) yield* asyncio.createTask(Effect.map(asyncio.sleep("1 second", i), log))
          else {
            const loop = yield* service
            yield* asyncio.createTask(
              Effect.sync(() => loop.callLaterUnsafe("1 second", () => loop.callSoonUnsafe(() => log(i))))
            )
          }
        }
        yield* asyncio.sleep("2 seconds")
      })
    ),
    Array.from({ length: 50 }, (_, i) => i)
  )

  timed(
    "fire at their time",
    logged((log) =>
      Effect.gen(function*() {
        const loop = yield* service
        yield* callLater(250, () => log(loop.timeUnsafe()))
        yield* callLater(Duration.seconds(2), () => log(loop.timeUnsafe()))
        yield* callAt(1.5, () => log(loop.timeUnsafe()))
        yield* asyncio.sleep("3 seconds")
        log(yield* EventLoop.time)
      })
    ),
    [0.25, 1.5, 2, 3]
  )

  everywhere(
    "zero and negative: behind what is ready, in order of their times, in the next tick",
    logged((log) =>
      Effect.gen(function*() {
        yield* callLater(0, () => log("0"))
        yield* callLater(-1000, () => log("-1"))
        yield* callAt(-Infinity, () => log("-Infinity"))
        yield* callLater("-2 seconds", () => log("-2"))
        yield* callSoon(() => log("soon"))
        yield* Effect.yieldNow
        log("main")
        yield* Effect.yieldNow
      })
    ),
    ["soon", "main", "-Infinity", "-2", "-1", "0"]
  )

  everywhere(
    "a timer that a timer starts fires in the next tick at the earliest",
    logged((log) =>
      Effect.gen(function*() {
        const loop = yield* service
        const again = (n: number) => {
          log(n)
          if (n < 4) loop.callLaterUnsafe(0, () => again(n + 1))
        }
        yield* callLater(0, () => again(1))
        for (let i = 0; i < 6; i++) {
          yield* Effect.yieldNow
          log("main")
        }
      })
    ),
    // CPython prints exactly this.
    ["main", 1, "main", 2, "main", 3, "main", 4, "main", "main"]
  )

  everywhere(
    "from plain code through Effect.runSync: the loop's own queue all the same",
    logged((log) =>
      Effect.gen(function*() {
        const run = Effect.runSyncWith(yield* Effect.context<EventLoop.EventLoop>())
        run(callLater(0, () => log("later")))
        run(callSoon(() => log("soon")))
        run(asyncio.createTask(Effect.sync(() => log("task"))))
        yield* Effect.yieldNow
        log("main")
        yield* Effect.yieldNow
        log("main again")
      })
    ),
    ["soon", "task", "main", "later", "main again"]
  )

  timed(
    "… and its own time",
    logged((log) =>
      Effect.gen(function*() {
        const run = Effect.runSyncWith(yield* Effect.context<EventLoop.EventLoop>())
        const loop = yield* service
        run(callLater("1 second", () => log(`first at ${loop.timeUnsafe()}`)))
        yield* asyncio.createTask(Effect.andThen(asyncio.sleep("1 second"), Effect.sync(() => log("second"))))
        yield* asyncio.sleep("2 seconds")
        log(yield* EventLoop.time)
      })
    ),
    ["first at 1", "second", 2]
  )

  timed(
    "due timers run behind what the tick found ready",
    logged((log) =>
      Effect.gen(function*() {
        const loop = yield* service
        yield* callLater("1 second", () => {
          log("first timer")
          loop.callSoonUnsafe(() => log("soon"))
          loop.callLaterUnsafe(0, () => log("timer of the first"))
        })
        yield* callLater("1 second", () => log("second timer"))
        yield* asyncio.sleep("2 seconds")
      })
    ),
    ["first timer", "second timer", "soon", "timer of the first"]
  )

  everywhere(
    "infinite: never, and nobody waits for it",
    Effect.gen(function*() {
      const later = yield* callLater(Duration.infinity, () => assert.fail("ran"))
      const at = yield* callAt(Infinity, () => assert.fail("ran"))
      expect([later.when, at.when]).toEqual([Infinity, Infinity])
      yield* later.cancel
      expect([later.cancelled, at.cancelled]).toEqual([true, false])
      yield* ticks(3)
    })
  )

  timed(
    "`when` is in seconds of the loop's clock",
    Effect.gen(function*() {
      yield* asyncio.sleep("10 seconds")
      expect((yield* callLater("1.5 seconds", () => {})).when).toBe(11.5)
      expect((yield* callLater(70, () => {})).when).toBe(10.07)
      expect((yield* callAt(12.345, () => {})).when).toBe(12.345)
    })
  )

  for (const bad of [NaN, "soon", { seconds: NaN }, null, undefined] as ReadonlyArray<any>) {
    everywhere(
      `callLater dies with IllegalArgumentError for ${inspect(bad)}`,
      Effect.gen(function*() {
        const defect = yield* defectOf(callLater(bad, () => {}))
        expect(Cause.isIllegalArgumentError(defect)).toBe(true)
        expect(defect.message).toMatch(/^callLater: /)
      })
    )
  }
  for (const bad of [NaN, "1", null, undefined] as ReadonlyArray<any>) {
    everywhere(
      `callAt dies with IllegalArgumentError for ${inspect(bad)}`,
      Effect.gen(function*() {
        const defect = yield* defectOf(callAt(bad, () => {}))
        expect(Cause.isIllegalArgumentError(defect)).toBe(true)
        expect(defect.message).toMatch(/^callAt: /)
      })
    )
  }

  describe("cancelled", () => {
    timed(
      "does not run, also by a timer of the same time",
      logged((log) =>
        Effect.gen(function*() {
          const handles: Array<EventLoop.TimerHandle> = []
          handles.push(yield* callLater("1 second", () => log("cancelled before")))
          yield* callLater("1 second", () => handles[1]!.cancelUnsafe())
          handles.push(yield* callLater("1 second", () => log("cancelled in the same tick")))
          yield* callLater("1 second", () => log("kept"))
          yield* handles[0]!.cancel
          yield* handles[0]!.cancel
          yield* asyncio.sleep("2 seconds")
          log(handles.map((handle) => handle.cancelled))
        })
      ),
      ["kept", [true, true]]
    )

    it.live("leaves nothing behind: the clock does not jump to it", () =>
      onVirtual(Effect.gen(function*() {
        const handles = yield* Effect.forEach([...Array(1000).keys()], (i) => callLater(`${i + 10} seconds`, () => {}))
        for (const handle of handles) yield* handle.cancel
        yield* asyncio.sleep("1 second")
        yield* ticks(2)
        expect(yield* EventLoop.time).toBe(1)
      })))

    it.live("leaves nothing behind: no sleep of the Clock stays armed", () =>
      Effect.gen(function*() {
        const clock = new CountingClock()
        const program = Effect.gen(function*() {
          const handles = yield* Effect.forEach([5, 3, 9, 1, 7], (s) => callLater(`${s} seconds`, () => {}))
          yield* ticks(2)
          expect(clock.sleeping).toBe(1)
          for (const handle of handles) {
            yield* handle.cancel
            yield* ticks(2)
            expect(clock.sleeping).toBeLessThanOrEqual(1)
          }
          expect(clock.sleeping).toBe(0)
          // A sleep and a wait with a timeout that are cancelled take their timers with them.
          const sleeper = yield* asyncio.createTask(asyncio.sleep("1 hour"))
          const waiter = yield* asyncio.createTask(asyncio.wait([sleeper], { timeout: "1 minute" }))
          yield* ticks(2)
          yield* Task.cancel(waiter)
          yield* Task.cancel(sleeper)
          yield* ticks(3)
          expect([Task.cancelled(waiter), Task.cancelled(sleeper), clock.sleeping]).toEqual([true, true, 0])
        })
        yield* Effect.provideService(EventLoop.provide(program), Clock.Clock, clock)
      }))

    it.live("leaves nothing behind: a closed loop has no sleep of the Clock", () =>
      Effect.gen(function*() {
        const clock = new CountingClock()
        yield* Effect.provideService(
          EventLoop.provide(Effect.andThen(callLater("1 hour", () => {}), ticks(2))),
          Clock.Clock,
          clock
        )
        expect(clock.sleeping).toBe(0)
        expect(clock.slept).toBe(1)
      }))
  })
})

/** Never moves; counts who sleeps. */
class CountingClock implements Clock.Clock {
  sleeping = 0
  slept = 0
  currentTimeMillisUnsafe = () => 0
  currentTimeNanosUnsafe = () => 0n
  monotonicTimeNanosUnsafe = () => 0n
  currentTimeMillis = Effect.sync(this.currentTimeMillisUnsafe)
  currentTimeNanos = Effect.sync(this.currentTimeNanosUnsafe)
  monotonicTimeNanos = Effect.sync(this.monotonicTimeNanosUnsafe)
  sleep = (): Effect.Effect<void> =>
    Effect.callback<void>(() => {
      this.sleeping++
      this.slept++
      return Effect.sync(() => {
        this.sleeping--
      })
    })
}

describe("time is the Clock's", () => {
  it.effect("TestClock governs the loop", () =>
    Effect.gen(function*() {
      const loop = yield* service
      const task = yield* asyncio.createTask(Effect.andThen(asyncio.sleep("1 hour"), EventLoop.time))
      yield* TestClock.adjust("59 minutes")
      expect(Task.done(task)).toBe(false)
      yield* TestClock.adjust("1 minute")
      expect(yield* task).toBe(3600)
      expect(loop.timeUnsafe()).toBe(3600)
    }).pipe(Effect.provide(TestLoop.layer())))

  const hour = Effect.gen(function*() {
    const start = yield* EventLoop.time
    const lines: Array<unknown> = []
    const loop = yield* service
    const now = () => loop.timeUnsafe() - start
    yield* callLater("10 minutes", () => lines.push(`callback at ${now()}`))
    const log = (line: unknown) => Effect.sync(() => void lines.push(`${line} at ${now()}`))
    const sleeper = yield* asyncio.createTask(Effect.andThen(asyncio.sleep("1 hour"), log("sleeper")))
    const waiter = Effect.andThen(asyncio.wait([sleeper], { timeout: "20 minutes" }), log("wait"))
    const gatherer = Effect.andThen(asyncio.gather([asyncio.sleep("30 minutes")]), log("gather"))
    const all = yield* asyncio.createTask(asyncio.gather([sleeper, waiter, gatherer]))
    yield* ticks(10)
    yield* TestClock.adjust("1 hour")
    yield* all
    return lines
  }).pipe(Effect.provide(TestClock.layer(), { local: true }))

  everywhere(
    "the calling fiber's: a TestClock inside the loop governs what is called there",
    Effect.map(hour, (lines) => lines.map((line) => String(line).replace(/ at .*/, "")).toSorted()),
    ["callback", "gather", "sleeper", "wait"]
  )

  it.live("two clocks at once, each with its own timers", () =>
    onVirtual(Effect.gen(function*() {
      const outer = yield* asyncio.createTask(asyncio.sleep("3 hours"))
      expect(yield* hour).toHaveLength(4)
      expect(yield* EventLoop.time).toBe(0)
      yield* outer
      expect(yield* EventLoop.time).toBe(10800)
    })))

  it.effect("TestClock beside a fiber that yields for ever", () =>
    Effect.gen(function*() {
      const busy = yield* Effect.forkChild(Effect.forever(Effect.yieldNow))
      const slept = yield* asyncio.createTask(asyncio.sleep("1 second", "slept"))
      const waited = yield* asyncio.createTask(asyncio.wait([slept], { timeout: "500 millis" }))
      yield* TestClock.adjust("1 second")
      expect([Task.done(slept), Task.done(waited)]).toEqual([true, true])
      // What begins after the adjustment is in time as well.
      const next = yield* asyncio.createTask(Effect.andThen(asyncio.sleep("1 second"), EventLoop.time))
      yield* TestClock.adjust("1 second")
      expect(yield* Task.result(next)).toBe(2)
      yield* Fiber.interrupt(busy)
    }).pipe(Effect.provide(TestLoop.layer())))

  it.effect("TestClock beside a task that sleeps zero for ever", () =>
    Effect.gen(function*() {
      yield* asyncio.createTask(Effect.forever(asyncio.sleep(0)))
      const slept = yield* asyncio.createTask(asyncio.gather([1, 2, 3].map((s) => asyncio.sleep(`${s} seconds`, s))))
      yield* TestClock.adjust("3 seconds")
      expect(yield* Task.result(slept)).toEqual([1, 2, 3])
    }).pipe(Effect.provide(TestLoop.layer())))

  timed(
    "time is monotonic and in seconds",
    logged((log) =>
      Effect.gen(function*() {
        for (const step of [100, 1, 0, 1234]) {
          yield* asyncio.sleep(step)
          log(yield* EventLoop.time)
        }
      })
    ),
    [0.1, 0.101, 0.101, 1.335]
  )

  it.live("live: the Clock's monotonic time", () =>
    EventLoop.provide(Effect.gen(function*() {
      const clock = yield* Clock.clockWith(Effect.succeed)
      const before = Number(clock.monotonicTimeNanosUnsafe()) / 1e9
      const time = yield* EventLoop.time
      const after = Number(clock.monotonicTimeNanosUnsafe()) / 1e9
      expect(before <= time && time <= after).toBe(true)
    })))

  it.live("live: the host's timers and promises get their turn while tasks yield for ever", () =>
    EventLoop.provide(Effect.gen(function*() {
      let turns = 0
      let stop = false
      const busy = Effect.gen(function*() {
        while (!stop && turns < 1_000_000) {
          turns++
          yield* asyncio.sleep(0)
        }
      })
      const spinners = yield* Effect.forEach([1, 2], () => asyncio.createTask(busy))
      const promise = yield* Future.fromPromise(new Promise((resolve) => setTimeout(resolve, 2, "timer")))
      expect(yield* promise).toBe("timer")
      expect(yield* asyncio.sleep("1 milli", "slept")).toBe("slept")
      expect(yield* Effect.promise(() => Promise.resolve("promise"))).toBe("promise")
      stop = true
      yield* Effect.forEach(spinners, Task.join)
      expect(turns).toBeLessThan(1_000_000)
    })))
})
