import { assert, describe, expect, it } from "@effect/vitest"
import {
  Cause,
  Clock,
  Context,
  Duration,
  Effect,
  Exit,
  Fiber,
  Layer,
  Logger,
  Option,
  References,
  Scheduler,
  Scope
} from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Future, Task } from "effect-asyncio"
import { TestLoop, VirtualLoop } from "effect-asyncio/testing"
import { TestClock } from "effect/testing"
import { AsyncLocalStorage } from "node:async_hooks"
import { inspect } from "node:util"
import { ForeignQueue } from "../src/internal/ReadyQueue.ts"
import {
  defectOf,
  everywhere,
  inside,
  logged,
  loggedBy,
  messagesOf,
  onVirtual,
  outcome,
  outcomeOf,
  reportsOf,
  ticks,
  timed
} from "./support/loops.ts"

const { callAt, callLater, callSoon } = EventLoop
const service = EventLoop.EventLoop

/** `b` begins at once and yields; in which order do the three go on? */
const forkThree = logged((log) =>
  Effect.gen(function*() {
    const say = (name: string) => Effect.sync(() => log(name))
    yield* Effect.forkChild(say("a"))
    yield* Effect.forkChild(Effect.andThen(Effect.yieldNow, say("b")), { startImmediately: true })
    yield* Effect.forkChild(say("c"))
    yield* ticks(10)
  })
)

describe("the ready queue", () => {
  it.live("raw Effect has no order among fibers", () =>
    Effect.map(forkThree, (lines) => expect(lines).toEqual(["a", "c", "b"])))

  everywhere("all fibers share one queue, first come, first served", forkThree, ["a", "b", "c"])

  everywhere(
    "so do the fibers of a layer's program, outside of any task",
    Effect.provide(forkThree, EventLoop.layer(), { local: true }),
    ["a", "b", "c"]
  )

  everywhere(
    "forks, yields, tasks and callbacks stand in one line",
    logged((log) =>
      Effect.gen(function*() {
        const say = (name: string) => Effect.sync(() => log(name))
        yield* asyncio.createTask(say("task 1"))
        yield* callSoon(() => log("callback 1"))
        yield* Effect.forkChild(say("fork 1"))
        yield* Effect.forkDetach(say("fork 2"))
        yield* callSoon(() => log("callback 2"))
        yield* asyncio.createTask(say("task 2"))
        yield* Effect.yieldNow
        yield* say("main")
      })
    ),
    ["task 1", "callback 1", "fork 1", "fork 2", "callback 2", "task 2", "main"]
  )

  everywhere(
    "a tick runs what was ready when it began; what that schedules waits for the next",
    logged((log) =>
      Effect.gen(function*() {
        const loop = yield* service
        yield* callSoon(() => {
          log("first")
          loop.callSoonUnsafe(() => log("scheduled by the first"))
        })
        yield* callSoon(() => log("second"))
        yield* Effect.yieldNow
        log("main")
        yield* Effect.yieldNow
      })
    ),
    ["first", "second", "main", "scheduled by the first"]
  )

  everywhere(
    "tasks take turns, a step each",
    logged((log) =>
      asyncio.gather(["a", "b", "c"].map((name) =>
        Effect.gen(function*() {
          for (let i = 0; i < 3; i++) {
            log(`${name}${i}`)
            yield* asyncio.sleep(0)
          }
        })
      ))
    ),
    ["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"]
  )

  everywhere(
    "an entry that throws does not take the rest of its tick with it",
    logged((log) =>
      Effect.gen(function*() {
        yield* EventLoop.setExceptionHandler(() => Effect.void)
        yield* callSoon(() => log("before"))
        yield* callSoon(() => {
          throw new Error("thrown")
        })
        yield* callSoon(() => log("after"))
        yield* Effect.yieldNow
        log("main")
      })
    ),
    ["before", "after", "main"]
  )

  everywhere(
    "whoever completes a future: its waiter runs in the next tick, not inside",
    logged((log) =>
      Effect.gen(function*() {
        const future = yield* Future.make<string>()
        yield* asyncio.createTask(Effect.map(Future.join(future), log))
        yield* Effect.yieldNow
        yield* callSoon(() => {
          Future.succeedUnsafe(future, "waiter")
          log("completed")
        })
        yield* callSoon(() => log("beside"))
        yield* ticks(2)
      })
    ),
    ["completed", "beside", "waiter"]
  )

  describe("steps are atomic", () => {
    const many = Effect.forEach(Array.from({ length: 10_000 }), () => Effect.void, { discard: true })
    const beside = (effect: Effect.Effect<void>) =>
      logged((log) =>
        Effect.gen(function*() {
          const long = yield* asyncio.createTask(Effect.andThen(effect, Effect.sync(() => log("long"))))
          const short = yield* asyncio.createTask(Effect.sync(() => log("short")))
          yield* asyncio.wait([long, short])
        })
      )
    everywhere("no step is cut by Effect's operation count", beside(many), ["long", "short"])
    everywhere(
      "whoever wants Effect's automatic yields sets them back",
      beside(Effect.provideService(many, Scheduler.PreventSchedulerYield, false)),
      ["short", "long"]
    )
    everywhere(
      "in bare fibers under the layer, too",
      Effect.provide(
        logged((log) =>
          Effect.gen(function*() {
            yield* callSoon(() => log("callback"))
            yield* many
            log("bare fiber")
            yield* Effect.yieldNow
          })
        ),
        EventLoop.layer(),
        { local: true }
      ),
      ["bare fiber", "callback"]
    )
  })
})

describe("callSoon", () => {
  everywhere(
    "in order, 1000 of them",
    logged((log) =>
      Effect.gen(function*() {
        for (let i = 0; i < 1000; i++) yield* callSoon(() => log(i))
        yield* Effect.yieldNow
      })
    ),
    Array.from({ length: 1000 }, (_, i) => i)
  )

  everywhere(
    "a cancelled handle does not run, also if it is in the tick under way",
    logged((log) =>
      Effect.gen(function*() {
        const early = yield* callSoon(() => log("early"))
        const handles: Array<EventLoop.Handle> = []
        yield* callSoon(() => handles[0]!.cancelUnsafe())
        handles.push(yield* callSoon(() => log("late")))
        log(early.cancelled)
        yield* early.cancel
        yield* early.cancel
        log(early.cancelled)
        yield* Effect.yieldNow
        log(handles[0]!.cancelled)
      })
    ),
    [false, true, true]
  )

  everywhere(
    "cancelling after it ran does nothing",
    logged((log) =>
      Effect.gen(function*() {
        const handle = yield* callSoon(() => log("ran"))
        yield* Effect.yieldNow
        yield* handle.cancel
        yield* ticks(2)
      })
    ),
    ["ran"]
  )
})

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

describe("exceptions", () => {
  const thrown = new Error("thrown")
  const throwing = () => {
    throw thrown
  }
  const handling = (f: (context: EventLoop.ExceptionContext) => Effect.Effect<void>, program: Effect.Effect<unknown>) =>
    Effect.andThen(EventLoop.setExceptionHandler(f), program)

  for (
    const [name, call] of [
      ["callSoon", (callback) => callSoon(callback)],
      ["callLater", (callback) => callLater(0, callback)],
      ["callAt", (callback) => callAt(0, callback)],
      [
        "addDoneCallback",
        (callback) =>
          Effect.flatMap(
            Future.make<number>(),
            (future) => Effect.andThen(Future.succeed(future, 1), Future.addDoneCallback(future, callback))
          )
      ]
    ] as ReadonlyArray<[string, (callback: () => void) => Effect.Effect<unknown, unknown, EventLoop.EventLoop>]>
  ) {
    const told = (callback: () => void) =>
      logged((log) =>
        Effect.gen(function*() {
          yield* EventLoop.setExceptionHandler(({ cause, message }) =>
            Effect.sync(() => log([message, String(Cause.squash(cause ?? Cause.empty))]))
          )
          yield* call(callback)
          yield* ticks(3)
          yield* Effect.promise(() => Promise.resolve())
          yield* callSoon(() => log("on"))
          yield* Effect.yieldNow
        })
      )
    everywhere(
      `what a callback of ${name} throws goes to the exception handler, and the loop goes on`,
      told(throwing),
      [["Exception in callback", "Error: thrown"], "on"]
    )
    everywhere(
      `so does what an async callback of ${name} rejects with`,
      told(async () => throwing()),
      [["Exception in callback", "Error: thrown"], "on"]
    )
    const unrun: ReadonlyArray<readonly [string, () => unknown]> = [
      ["an Effect", () => Effect.sync(() => expect.unreachable("ran"))],
      ["a generator", function*() {
        yield* Effect.sync(() => expect.unreachable("ran"))
      }]
    ]
    for (const [what, callback] of unrun) {
      everywhere(
        `${what} that a callback of ${name} gives is told of, as nothing runs it`,
        told(callback),
        [[
          "Exception in callback",
          expect.stringMatching(`^IllegalArgumentError: ${name}: what the callback gives is [^]*, expected no Effect`)
        ], "on"]
      )
    }
  }

  it.live("a handler that gives no Effect", () =>
    Effect.gen(function*() {
      const handler: any = () => 5
      const lines = yield* loggedBy(
        EventLoop.provide(
          Effect.andThen(EventLoop.setExceptionHandler(handler), EventLoop.callExceptionHandler({ message: "lost" }))
        )
      )
      expect(lines.map(({ error }) => String(error)).join()).toContain(
        "IllegalArgumentError: setExceptionHandler: what the handler gives is 5, expected an Effect"
      )
    }))

  everywhere(
    "the handler's effect starts in the reporting tick",
    logged((log) =>
      Effect.gen(function*() {
        yield* EventLoop.setExceptionHandler(() => Effect.sync(() => log("handler")))
        yield* callSoon(throwing)
        yield* callSoon(() => log("behind"))
        yield* Effect.yieldNow
      })
    ),
    ["handler", "behind"]
  )

  class Greeting extends Context.Service<Greeting, string>()("Greeting") {}
  everywhere(
    "the handler has the services of who set it",
    logged((log) =>
      Effect.gen(function*() {
        yield* EventLoop.setExceptionHandler(() => Effect.map(Greeting, log)).pipe(
          Effect.provideService(Greeting, "hello")
        )
        yield* EventLoop.callExceptionHandler({ message: "any" })
      })
    ),
    ["hello"]
  )

  everywhere(
    "callExceptionHandler hands over what it is given",
    Effect.gen(function*() {
      const contexts: Array<EventLoop.ExceptionContext> = []
      yield* EventLoop.setExceptionHandler((context) => Effect.sync(() => void contexts.push(context)))
      const context = { message: "mine", cause: Cause.fail("why") }
      yield* EventLoop.callExceptionHandler(context)
      expect(contexts).toEqual([context])
    })
  )

  describe("the default handler", () => {
    it.live("logs an error, with the cause", () =>
      Effect.gen(function*() {
        const lines = yield* loggedBy(EventLoop.provide(Effect.andThen(callSoon(throwing), ticks(2))))
        expect(lines).toEqual([{ level: "Error", text: "Exception in callback", error: thrown }])
      }))

    it.live("logs without a cause, too", () =>
      Effect.gen(function*() {
        const lines = yield* loggedBy(EventLoop.provide(EventLoop.callExceptionHandler({ message: "something" })))
        expect(lines).toEqual([{ level: "Error", text: "something", error: undefined }])
      }))

    it.live("comes back with setExceptionHandler(undefined)", () =>
      Effect.gen(function*() {
        const seen: Array<string> = []
        const lines = yield* loggedBy(EventLoop.provide(Effect.gen(function*() {
          yield* EventLoop.setExceptionHandler(({ message }) => Effect.sync(() => void seen.push(message)))
          yield* EventLoop.callExceptionHandler({ message: "one" })
          yield* EventLoop.setExceptionHandler(undefined)
          yield* EventLoop.callExceptionHandler({ message: "two" })
        })))
        expect(seen).toEqual(["one"])
        expect(lines.map(({ text }) => text)).toEqual(["two"])
      }))

    it.live("has the annotations and log spans of the task's creator, the task's name and place, not the body's own", () =>
      Effect.gen(function*() {
        const seen: Array<unknown> = []
        const logger = Logger.make(({ fiber, message }) => {
          seen.push([
            message,
            fiber.getRef(References.CurrentLogAnnotations),
            fiber.getRef(References.CurrentLogSpans).map(([label]) => label)
          ])
        })
        const failing = Effect.annotateLogs(Effect.andThen(Effect.yieldNow, Effect.fail("no")), { own: true })
        const request = (task: Effect.Effect<unknown, unknown>, name: string) =>
          asyncio.createTask(task, { name }).pipe(
            Effect.annotateLogs({ request: name }),
            Effect.withLogSpan("handling")
          )
        yield* EventLoop.provide(Effect.gen(function*() {
          yield* request(failing, "later")
          yield* request(Effect.fail("no"), "at once")
          yield* request(Effect.onInterrupt(Effect.never, () => Effect.fail("no")), "at the close")
          yield* Future.fail(yield* Future.make<never, string>(), "no")
          yield* ticks(3)
        })).pipe(Effect.annotateLogs({ app: "test" }), Effect.provide(Logger.layer([logger])))
        const annotations = (name: string) => ({
          app: "test",
          request: name,
          taskName: name,
          taskCreatedAt: expect.stringMatching(/EventLoop\.test\.ts:\d+:\d+$/)
        })
        const text = (start: string) => [expect.stringContaining(start)]
        expect(seen).toHaveLength(4)
        expect(seen).toEqual(expect.arrayContaining([
          [text("Task exception was never retrieved"), annotations("later"), ["handling"]],
          [text("Task exception was never retrieved"), annotations("at once"), ["handling"]],
          [text("Unhandled exception during shutdown"), annotations("at the close"), ["handling"]],
          [text("Future exception was never retrieved"), { app: "test" }, []]
        ]))
      }))

    it.live("names the task, and where it was created", () =>
      Effect.gen(function*() {
        const lines = yield* loggedBy(EventLoop.provide(
          asyncio.createTask(Effect.fail("no"), { name: "worker" })
        ))
        expect(lines.map(({ level }) => level)).toEqual(["Error"])
        expect(lines[0]!.text).toMatch(/^Task exception was never retrieved: .*'worker'.*EventLoop\.test\.ts:\d+:\d+/)
        expect(lines[0]!.error).toEqual("no")
      }))

    for (
      const [how, handler] of [
        ["dies", () => Effect.die(new Error("the handler's own"))],
        ["throws", () => {
          throw new Error("the handler's own")
        }]
      ] as ReadonlyArray<[string, () => Effect.Effect<never>]>
    ) {
      it.live(`gets what a handler that ${how} was told, and its failure, never the caller`, () =>
        Effect.gen(function*() {
          const lines = yield* loggedBy(EventLoop.provide(Effect.gen(function*() {
            yield* EventLoop.setExceptionHandler(handler)
            yield* callSoon(throwing)
            yield* ticks(2)
            expect(yield* outcome(EventLoop.callExceptionHandler({ message: "by hand" }))).toBe(undefined)
          })))
          const own = "Unhandled error in exception handler"
          expect(lines.map(({ error, text }) => [text, error])).toEqual([
            ["Exception in callback", thrown],
            [own, new Error("the handler's own")],
            ["by hand", undefined],
            [own, new Error("the handler's own")]
          ])
        }))
    }
  })

  everywhere(
    "setExceptionHandler dies with IllegalArgumentError for what is no function",
    Effect.gen(function*() {
      for (const bad of [null, 5, "handler"] as ReadonlyArray<any>) {
        const defect = yield* defectOf(EventLoop.setExceptionHandler(bad))
        expect(Cause.isIllegalArgumentError(defect)).toBe(true)
      }
    })
  )

  timed(
    "the closing loop waits for a handler that takes its time",
    Effect.gen(function*() {
      const lines: Array<string> = []
      yield* EventLoop.provide(Effect.gen(function*() {
        yield* EventLoop.setExceptionHandler(() =>
          Effect.map(Effect.sleep("1 second"), () => void lines.push("handled"))
        )
        yield* callSoon(throwing)
        yield* ticks(2)
        lines.push("main ends")
      }))
      lines.push("closed")
      expect(lines).toEqual(["main ends", "handled", "closed"])
    })
  )

  it.live("a handler does not hear of what is handled", () =>
    Effect.gen(function*() {
      const messages = yield* messagesOf(Effect.gen(function*() {
        yield* Effect.ignore(Task.join(yield* asyncio.createTask(Effect.fail("seen"))))
        yield* asyncio.createTask(Effect.interrupt)
        yield* Effect.exit(asyncio.gather([Effect.fail("seen"), Effect.fail("seen")]))
      }))
      expect(messages).toEqual([])
    }))

  it.live("handling() of one loop is not another's", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      yield* EventLoop.provide(handling(
        () => Effect.sync(() => void lines.push("outer")),
        EventLoop.provide(
          handling(
            () => Effect.sync(() => void lines.push("inner")),
            Effect.void
          ).pipe(Effect.andThen(EventLoop.callExceptionHandler({ message: "" })))
        )
      ))
      expect(lines).toEqual(["inner"])
    }))
})

describe("provide and layer", () => {
  for (
    const [name, main, expected] of [
      ["a value", Effect.succeed(1), 1],
      ["a failure", Effect.fail("no"), "fail no"],
      ["a defect", Effect.die("bug"), "die bug"],
      ["an interruption", Effect.interrupt, "cancelled"],
      [
        "its own cancellation",
        Effect.gen(function*() {
          yield* Task.cancel(Option.getOrThrow(yield* asyncio.currentTask))
          yield* asyncio.sleep(0)
        }),
        "cancelled"
      ]
    ] as ReadonlyArray<[string, Effect.Effect<unknown, unknown, EventLoop.EventLoop>, unknown]>
  ) {
    everywhere(`provide ends as its program: ${name}`, outcome(EventLoop.provide(main)), expected)
  }

  everywhere(
    "provide runs its program as the first task",
    EventLoop.provide(Effect.map(asyncio.currentTask, Option.map((task) => task.name))),
    Option.some("Task-1")
  )

  everywhere(
    "every provide makes a loop of its own",
    Effect.gen(function*() {
      const program = Effect.all([service, asyncio.allTasks])
      const [outer] = yield* program
      const [first, tasks] = yield* EventLoop.provide(program)
      const [second] = yield* EventLoop.provide(program)
      expect(new Set([outer, first, second]).size).toBe(3)
      expect(Array.from(tasks, (task) => task.name)).toEqual(["Task-1"])
    })
  )

  timed(
    "tasks left over are cancelled and awaited, in order",
    Effect.gen(function*() {
      const lines: Array<unknown> = []
      const leftover = (name: string) =>
        Effect.onExit(
          asyncio.sleep("1 hour"),
          (exit) => Effect.map(asyncio.sleep("1 second"), () => void lines.push(`${name} ${String(outcomeOf(exit))}`))
        )
      yield* EventLoop.provide(Effect.gen(function*() {
        yield* asyncio.createTask(leftover("a"))
        yield* asyncio.createTask(leftover("b"))
        yield* asyncio.sleep("1 second")
        lines.push("main ends")
      }))
      lines.push("closed", yield* EventLoop.time)
      expect(lines).toEqual(["main ends", "a cancelled", "b cancelled", "closed", 2])
    })
  )

  timed(
    "so are tasks that a clean-up makes while the loop closes",
    Effect.gen(function*() {
      const lines: Array<string> = []
      let late: Task.Task<unknown, unknown> | undefined
      const cleanUp = Effect.gen(function*() {
        late = yield* asyncio.createTask(asyncio.sleep("1 hour"), { name: "late" })
        yield* asyncio.sleep("1 second")
        lines.push("cleaned up")
      })
      yield* EventLoop.provide(Effect.gen(function*() {
        yield* asyncio.createTask(Effect.ensuring(asyncio.sleep("1 hour"), cleanUp))
        yield* asyncio.sleep("1 second")
      }))
      expect(lines).toEqual(["cleaned up"])
      expect(Task.cancelled(late!)).toBe(true)
    })
  )

  everywhere(
    "a task that main creates as its last act still begins, as in CPython",
    Effect.gen(function*() {
      const lines: Array<string> = []
      yield* EventLoop.provide(asyncio.createTask(Effect.andThen(
        Effect.sync(() => void lines.push("begins")),
        Effect.onInterrupt(asyncio.sleep("1 hour"), () => Effect.sync(() => void lines.push("cancelled")))
      )))
      expect(lines).toEqual(["begins", "cancelled"])
    })
  )

  it.live("a clean-up that fails is reported", () =>
    Effect.gen(function*() {
      const reports = yield* reportsOf(Effect.gen(function*() {
        yield* asyncio.createTask(Effect.ensuring(asyncio.sleep("1 hour"), Effect.die("clean-up")), { name: "messy" })
        yield* Effect.yieldNow
      }))
      expect(reports.map(({ message }) => message)).toEqual([
        "Unhandled exception during shutdown of the event loop"
      ])
      expect(reports[0]!.task?.name).toBe("messy")
      expect(Cause.squash(reports[0]!.cause!)).toBe("clean-up")
    }))

  it.live("failures that nobody saw are reported when the loop closes, once", () =>
    Effect.gen(function*() {
      const reports = yield* reportsOf(Effect.gen(function*() {
        yield* asyncio.createTask(Effect.fail("unseen task"), { name: "lost" })
        const future = yield* Future.make<never, string>()
        yield* Future.fail(future, "unseen future")
        yield* ticks(3)
      }))
      expect(reports.map(({ cause, message }) => [message, Cause.squash(cause!)]).toSorted()).toEqual([
        ["Future exception was never retrieved", "unseen future"],
        ["Task exception was never retrieved", "unseen task"]
      ])
    }))

  timed(
    "interrupting provide cancels its program and waits for it",
    Effect.gen(function*() {
      const lines: Array<string> = []
      const slow = (name: string) =>
        Effect.onInterrupt(
          asyncio.sleep("1 hour"),
          () => Effect.map(Effect.sleep("1 second"), () => void lines.push(name))
        )
      const fiber = yield* Effect.forkChild(EventLoop.provide(Effect.gen(function*() {
        yield* asyncio.createTask(slow("leftover"))
        yield* slow("main")
      })))
      yield* Effect.sleep("1 second")
      yield* Fiber.interrupt(fiber)
      lines.push("interrupted")
      expect(lines).toEqual(["main", "leftover", "interrupted"])
      expect(outcomeOf(yield* Fiber.await(fiber))).toBe("cancelled")
    })
  )

  timed(
    "a layer's loop lives as long as its scope",
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(EventLoop.layer(), scope)
      const loop = Context.get(context, service)
      let ended: unknown
      const task = yield* asyncio.createTask(
        Effect.onExit(asyncio.sleep("1 hour"), (exit) =>
          Effect.sync(() => {
            ended = outcomeOf(exit)
          }))
      ).pipe(Effect.provideContext(context))
      yield* Effect.sleep("1 second")
      expect([loop.isClosed(), Task.done(task)]).toEqual([false, false])
      yield* Scope.close(scope, Exit.void)
      expect([loop.isClosed(), Task.cancelled(task), ended]).toEqual([true, true, "cancelled"])
      // Closing again is nothing.
      yield* Scope.close(scope, Exit.void)
    })
  )

  everywhere(
    "a layer provided twice makes two loops, shared inside of each",
    Effect.gen(function*() {
      const layer = EventLoop.layer()
      const both = Effect.all([service, service])
      const [a, b] = yield* Effect.provide(both, layer, { local: true })
      const [c] = yield* Effect.provide(both, layer, { local: true })
      expect([a === b, a === c]).toEqual([true, false])
    })
  )

  describe("a closed loop", () => {
    const closed = Effect.gen(function*() {
      const lines: Array<string> = []
      const context = yield* EventLoop.provide(Effect.gen(function*() {
        yield* callSoon(() => lines.push("callback"))
        yield* callLater(0, () => lines.push("timer"))
        return yield* Effect.context<EventLoop.EventLoop>()
      }))
      return { context, lines, loop: Context.get(context, service) }
    })
    const nothing = () => {}
    for (
      const [name, misuse] of [
        ["callSoon", callSoon(nothing)],
        ["callLater", callLater("1 second", nothing)],
        ["callLater of infinity", callLater(Duration.infinity, nothing)],
        ["callAt", callAt(1, nothing)],
        ["createTask", asyncio.createTask(Effect.void)],
        ["createTask eager", asyncio.createTask(Effect.sync(() => assert.fail("ran")), { eager: true })],
        ["ensureFuture", asyncio.ensureFuture(Effect.void)],
        ["gather", asyncio.gather([Effect.void])],
        ["wait", asyncio.wait([Effect.void])]
      ] as ReadonlyArray<[string, Effect.Effect<unknown, unknown, EventLoop.EventLoop>]>
    ) {
      it.live(`${name} dies with RuntimeError`, () =>
        Effect.gen(function*() {
          const { context } = yield* closed
          const defect = yield* defectOf(Effect.provideContext(misuse, context))
          expect(defect).toBeInstanceOf(asyncio.RuntimeError)
          expect(defect.message).toContain("closed")
          expect(defect.message).toContain(name.split(" ")[0])
        }))
    }

    it.live("throws from its plain forms", () =>
      Effect.gen(function*() {
        const { loop } = yield* closed
        expect(loop.isClosed()).toBe(true)
        expect(() => loop.callSoonUnsafe(nothing)).toThrow(asyncio.RuntimeError)
        expect(() => loop.callLaterUnsafe(1, nothing)).toThrow(asyncio.RuntimeError)
        expect(() => loop.callAtUnsafe(1, nothing)).toThrow(asyncio.RuntimeError)
      }))

    it.live("runs no callback any more", () =>
      Effect.gen(function*() {
        const { lines } = yield* closed
        const before = [...lines]
        yield* Effect.sleep("2 millis")
        yield* ticks(5)
        expect(lines).toEqual(before)
      }))
  })
})

describe("debug", () => {
  const debugged = (program: Effect.Effect<unknown, unknown, EventLoop.EventLoop>, options?: EventLoop.Options) =>
    Effect.map(
      loggedBy(VirtualLoop.run(program, { debug: true, ...options })),
      (lines) => lines.map(({ level, text }) => `${level}: ${text}`)
    )
  const busyFor = (duration: Duration.Input) => VirtualLoop.advance(duration)
  const step = (duration: Duration.Input) =>
    Effect.flatMap(asyncio.createTask(busyFor(duration), { name: "busy" }), Task.join)

  it.live("a step of 100 ms and more is reported, with its task", () =>
    Effect.gen(function*() {
      expect(yield* debugged(step("99 millis"))).toEqual([])
      const lines = yield* debugged(step("100 millis"))
      expect(lines).toEqual([expect.stringMatching(/^Warn: Executing .*'busy'.* took 0\.100 seconds$/)])
    }))

  it.live("also a later step, after a sleep, a join or a yield", () =>
    Effect.gen(function*() {
      // Effect.sleep resumes from the Clock itself, outside of the ready queue.
      for (const pause of [asyncio.sleep(0), asyncio.sleep("1 second"), Effect.yieldNow]) {
        const main = Effect.flatMap(
          asyncio.createTask(Effect.andThen(pause, busyFor("1.5 seconds")), { name: "busy" }),
          Task.join
        )
        expect(yield* debugged(main)).toEqual([expect.stringMatching(/'busy'.* took 1\.500 seconds$/)])
      }
    }))

  it.live("callbacks and timers, too, in words", () =>
    Effect.gen(function*() {
      for (
        const schedule of [callSoon, (f: () => void) => callLater(0, f), (f: () => void) => callLater("1 second", f)]
      ) {
        const lines = yield* debugged(Effect.gen(function*() {
          const context = yield* Effect.context<EventLoop.EventLoop>()
          yield* schedule(() => Effect.runSyncWith(context)(busyFor("200 millis")))
          yield* asyncio.sleep("2 seconds")
        }))
        expect(lines).toEqual([expect.stringMatching(/^Warn: Executing .* took 0\.200 seconds$/)])
        expect(lines[0]).not.toContain("[object Object]")
      }
    }))

  it.live("slowCallbackDuration is the limit", () =>
    Effect.gen(function*() {
      expect(yield* debugged(step("999 millis"), { slowCallbackDuration: "1 second" })).toEqual([])
      expect(yield* debugged(step("1 second"), { slowCallbackDuration: "1 second" })).toHaveLength(1)
    }))

  it.live("changes neither order nor outcome", () =>
    Effect.gen(function*() {
      const program = Effect.all([forkThree, outcome(asyncio.gather([asyncio.sleep(5, "a"), Effect.fail("b")]))])
      expect(yield* VirtualLoop.run(program, { debug: true })).toEqual(yield* VirtualLoop.run(program))
    }))

  it.live("without debug nothing is reported", () =>
    Effect.gen(function*() {
      expect(yield* debugged(step("10 seconds"), { debug: false })).toEqual([])
    }))

  it.live("a limit of NaN dies with IllegalArgumentError", () =>
    Effect.gen(function*() {
      const defect = yield* defectOf(EventLoop.provide(Effect.void, { debug: true, slowCallbackDuration: NaN }))
      expect(Cause.isIllegalArgumentError(defect)).toBe(true)
    }))
})

describe("AsyncLocalStorage", () => {
  const storage = new AsyncLocalStorage<string>()
  /** Runs one effect's synchronous beginning in a store of its own. */
  const within = <A, E, R>(store: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.contextWith((context: Context.Context<R>) =>
      Effect.suspend(() => storage.run(store, () => Effect.runSyncExitWith(context)(effect)))
    )
  const stores = (steps: Effect.Effect<unknown>) =>
    Effect.gen(function*() {
      const seen = [storage.getStore()]
      for (let i = 0; i < 3; i++) {
        yield* steps
        seen.push(storage.getStore())
      }
      return seen
    })
  const isolated = (steps: Effect.Effect<unknown>) =>
    Effect.gen(function*() {
      const a = yield* within("a", asyncio.createTask(stores(steps)))
      const b = yield* within("b", asyncio.createTask(stores(steps)))
      const none = yield* asyncio.createTask(stores(steps))
      expect(yield* a).toEqual(["a", "a", "a", "a"])
      expect(yield* b).toEqual(["b", "b", "b", "b"])
      expect(yield* none).toEqual([undefined, undefined, undefined, undefined])
    })

  everywhere("each task keeps the store it was created in, across sleep(0)", isolated(asyncio.sleep(0)))
  everywhere("… across yields", isolated(Effect.yieldNow))
  timed("… across sleeps", isolated(asyncio.sleep("1 second")))
  everywhere("… across promises", isolated(Effect.promise(() => Promise.resolve())))

  everywhere(
    "… across a join of a task with another store",
    Effect.gen(function*() {
      const inner = yield* within("inner", asyncio.createTask(Effect.andThen(asyncio.sleep(0), asyncio.sleep(0))))
      const outer = yield* within(
        "outer",
        asyncio.createTask(Effect.andThen(Task.join(inner), Effect.sync(() => storage.getStore())))
      )
      expect(yield* outer).toBe("outer")
    })
  )

  everywhere(
    "the children of gather begin in the store of its caller",
    Effect.gen(function*() {
      const read = Effect.sync(() => storage.getStore())
      const task = yield* within("a", asyncio.createTask(asyncio.gather([read, Effect.andThen(Effect.yieldNow, read)])))
      expect(yield* task).toEqual(["a", "a"])
    })
  )

  everywhere(
    "an eager task begins in its creator's store",
    Effect.gen(function*() {
      const task = yield* within("a", asyncio.createTask(stores(Effect.yieldNow), { eager: true }))
      expect(yield* task).toEqual(["a", "a", "a", "a"])
    })
  )

  everywhere(
    "callbacks run in the store they were scheduled in, as Python's do in a copy of the context",
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const read = (name: string) => () => void seen.push(`${name} ${storage.getStore()}`)
      yield* within("a", callSoon(read("soon")))
      yield* within("b", callSoon(read("soon")))
      yield* within("a", callLater(0, read("later")))
      yield* within("b", callLater(0, read("later")))
      const future = yield* Future.make<void>()
      yield* within("a", Future.addDoneCallback(future, read("done")))
      yield* within("b", Future.addDoneCallback(future, read("done")))
      yield* within("c", Future.succeed(future, undefined))
      yield* ticks(4)
      expect(seen.toSorted()).toEqual(["done a", "done b", "later a", "later b", "soon a", "soon b"])
    })
  )
})

describe("the live loop's own queue", () => {
  it.live("serves Effect's plain scheduler", () =>
    EventLoop.provide(Effect.map(inside, ({ queue }) => expect(queue.isEmpty).toBe(true))))

  it.effect("under TestClock it asks TestClock for its turns", () =>
    EventLoop.provide(Effect.map(inside, ({ queue }) => expect(queue).toBeInstanceOf(ForeignQueue))))

  it.live("a loop in a loop takes its turns in the other's queue", () =>
    EventLoop.provide(Effect.gen(function*() {
      const { queue } = yield* inside
      const task = yield* asyncio.createTask(EventLoop.provide(
        Effect.all([inside, asyncio.gather([forkThree, asyncio.sleep(0, 1)])])
      ))
      const [inner, values] = yield* task
      expect(inner.queue).toBe(queue)
      expect(values).toEqual([["a", "b", "c"], 1])
    })))
})
