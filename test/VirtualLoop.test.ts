import { describe, expect, it } from "@effect/vitest"
import {
  Cause,
  Clock,
  Context,
  DateTime,
  Duration,
  Effect,
  Exit,
  Fiber,
  Layer,
  Option,
  Schedule,
  Scope,
  Stream
} from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Future, RuntimeError, Task } from "effect-asyncio"
import { DeadlockError, VirtualLoop } from "effect-asyncio/testing"
import * as net from "node:net"
import { after, day, defectOf, logged, never, outcome, ticks } from "./support/loops.ts"

const { createTask, sleep } = asyncio
const { advance } = VirtualLoop
const time = EventLoop.time

describe("time", () => {
  it.live("starts at 0 and jumps to the next timer", () =>
    VirtualLoop.run(Effect.gen(function*() {
      expect(yield* time).toBe(0)
      yield* sleep("3 hours")
      expect(yield* time).toBe(10_800)
      yield* sleep("1 milli")
      expect(yield* time).toBe(10_800.001)
      yield* sleep(0)
      expect(yield* time).toBe(10_800.001)
    })))

  it.live("a year of hours, and the same every time", () =>
    Effect.gen(function*() {
      const program = logged((log) =>
        asyncio.gather([7, 5, 11].map((days) =>
          Effect.gen(function*() {
            for (let day = days; day <= 365; day += days) {
              yield* sleep(Duration.days(days))
              log([days, yield* time])
            }
          })
        ))
      )
      const first = yield* VirtualLoop.run(program)
      expect(first).toHaveLength(52 + 73 + 33)
      expect(yield* VirtualLoop.run(program)).toEqual(first)
    }))

  it.live("DateTime.now and all that reads the Clock see it", () =>
    VirtualLoop.run(Effect.gen(function*() {
      expect(DateTime.formatIso(yield* DateTime.now)).toBe("1970-01-01T00:00:00.000Z")
      yield* sleep("36 hours")
      expect(DateTime.formatIso(yield* DateTime.now)).toBe("1970-01-02T12:00:00.000Z")
      expect(yield* Clock.currentTimeMillis).toBe(129_600_000)
      expect(yield* Clock.currentTimeNanos).toBe(129_600_000_000_000n)
      const [took] = yield* Effect.timed(sleep("90 seconds"))
      expect(Duration.toSeconds(took)).toBe(90)
    })))

  it.live("equal deadlines: first come, first served", () =>
    Effect.gen(function*() {
      for (const nap of [sleep("1 second"), Effect.sleep("1 second")]) {
        const lines = yield* VirtualLoop.run(
          logged((log) => asyncio.gather(Array.from({ length: 50 }, (_, i) => Effect.map(nap, () => log(i)))))
        )
        expect(lines).toEqual(Array.from({ length: 50 }, (_, i) => i))
      }
    }))

  it.live("timers that were cancelled leave nothing behind", () =>
    VirtualLoop.run(Effect.gen(function*() {
      for (let i = 0; i < 100; i++) {
        const handle = yield* EventLoop.callLater(Duration.hours(i + 1), () => {})
        yield* handle.cancel
        yield* Effect.raceFirst(Effect.sleep(Duration.hours(i + 1)), ticks(1))
        const task = yield* createTask(day)
        yield* Effect.yieldNow
        yield* Task.cancel(task)
      }
      yield* sleep("1 second")
      yield* ticks(5)
      expect(yield* time).toBe(1)
    })))

  it.live("a loop that has ended does not wait for what is left", () =>
    Effect.gen(function*() {
      const end = yield* VirtualLoop.run(Effect.gen(function*() {
        yield* createTask(day)
        yield* EventLoop.callLater("1 year" as Duration.Input, () => {}).pipe(
          Effect.catchDefect(() => EventLoop.callLater("365 days", () => {}))
        )
        yield* sleep("1 second")
        return yield* EventLoop.EventLoop
      }))
      expect(end.isClosed()).toBe(true)
    }))
})

describe("run", () => {
  it.live("ends as its program ends", () =>
    Effect.gen(function*() {
      expect(yield* VirtualLoop.run(Effect.succeed(1))).toBe(1)
      expect(yield* outcome(VirtualLoop.run(Effect.fail("no")))).toBe("fail no")
      expect(yield* outcome(VirtualLoop.run(Effect.die("bug")))).toBe("die bug")
      expect(yield* outcome(VirtualLoop.run(Effect.interrupt))).toBe("cancelled")
    }))

  it("works outside of any test runner's layers, many at once", async () => {
    const run = (n: number) => Effect.runPromise(VirtualLoop.run(Effect.andThen(sleep(Duration.hours(n)), time)))
    expect(await Promise.all([run(1), run(2), run(3)])).toEqual([3600, 7200, 10_800])
  })

  it.live("one in another: each has its own time", () =>
    VirtualLoop.run(Effect.gen(function*() {
      yield* sleep("1 hour")
      expect(yield* VirtualLoop.run(Effect.andThen(sleep("1 minute"), time))).toBe(60)
      expect(yield* time).toBe(3600)
    })))

  it.live("interrupting it cancels its program, and waits", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const main = Effect.onInterrupt(never, () => Effect.map(sleep("1 hour"), () => lines.push("cleaned up")))
      const fiber = yield* Effect.forkChild(VirtualLoop.run(main))
      yield* ticks(20)
      yield* Fiber.interrupt(fiber)
      expect(lines).toEqual(["cleaned up"])
    }))

  class Setting extends Context.Service<Setting, string>()("Setting") {}
  it.live("asks for its program's other services only", () =>
    Effect.gen(function*() {
      expect(yield* VirtualLoop.run(Effect.andThen(sleep(1), Setting))).toBe("set")
    }).pipe(Effect.provideService(Setting, "set")))
})

describe("plain Effect programs", () => {
  it.live("sleeps, timeouts, schedules, streams", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const seen: Array<unknown> = []
        const now = Clock.currentTimeMillis
        yield* Effect.sleep("1 hour")
        seen.push(yield* now)
        seen.push(yield* outcome(Effect.timeoutOption(Effect.sleep("1 day"), "1 hour")))
        seen.push(yield* now)
        yield* Effect.repeat(Effect.void, Schedule.addDelay(Schedule.recurs(3), () => Effect.succeed("1 hour")))
        seen.push(yield* now)
        const ticks = yield* Stream.runCollect(Stream.take(Stream.tick("1 hour"), 3))
        seen.push(ticks.length, yield* now)
        yield* Effect.all([Effect.sleep("1 hour"), Effect.sleep("2 hours")], { concurrency: "unbounded" })
        seen.push(yield* now)
        return seen
      })
      const hours = (n: number) => n * 3_600_000
      const seen = yield* Effect.provide(program, VirtualLoop.layer())
      expect(seen.slice(0, 5)).toEqual([hours(1), Option.none(), hours(2), hours(5), 3])
      expect(seen[5]).toBeLessThanOrEqual(hours(7))
      expect(seen[6]).toBe(seen[5] as number + hours(2))
      expect(yield* VirtualLoop.run(program)).toEqual(seen)
    }))

  it.live("fibers of a layer's program keep the queue's order", () =>
    Effect.gen(function*() {
      const lines = yield* logged((log) =>
        Effect.gen(function*() {
          const fibers = yield* Effect.forEach(
            [3, 1, 2],
            (n) => Effect.forkChild(Effect.map(Effect.sleep(`${n} seconds`), () => log(n)))
          )
          yield* Fiber.awaitAll(fibers)
          log(yield* Clock.currentTimeMillis)
        })
      )
      expect(lines).toEqual([1, 2, 3, 3000])
    }).pipe(Effect.provide(VirtualLoop.layer())))
})

describe("layer", () => {
  it.effect("inside it.effect: no clock has to be adjusted", () =>
    Effect.gen(function*() {
      const task = yield* createTask(Effect.andThen(sleep("1 hour"), time))
      expect(yield* asyncio.gather([task, sleep("2 hours", "slept")])).toEqual([3600, "slept"])
      expect(yield* time).toBe(7200)
    }).pipe(Effect.provide(VirtualLoop.layer())))

  it.effect("TestClock stays what it was outside", () =>
    Effect.gen(function*() {
      yield* Effect.provide(sleep("1 hour"), VirtualLoop.layer())
      expect(yield* Clock.currentTimeMillis).toBe(0)
    }))

  it.layer(VirtualLoop.layer())("shared by tests", (it) => {
    it.effect("one after the other", () =>
      Effect.gen(function*() {
        yield* sleep("1 hour")
        expect(yield* time).toBe(3600)
      }))
    it.effect("on one clock", () => Effect.map(time, (time) => expect(time).toBe(3600)))
  })

  it.live("closing cancels and awaits what is left, in virtual time", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(VirtualLoop.layer(), scope)
      const cleanUp = Effect.map(sleep("1 hour"), () => lines.push("cleaned up"))
      yield* Effect.provideContext(createTask(Effect.ensuring(never, cleanUp)), context)
      yield* Effect.provideContext(sleep("1 second"), context)
      yield* Scope.close(scope, Exit.void)
      expect(lines).toEqual(["cleaned up"])
    }))
})

describe("advance: busy time", () => {
  it.live("time passes, and nothing else runs meanwhile", () =>
    Effect.gen(function*() {
      const lines = yield* VirtualLoop.run(logged((log) =>
        Effect.gen(function*() {
          const loop = yield* EventLoop.EventLoop
          const say = (line: string) => () => log(`${line} at ${loop.timeUnsafe()}`)
          yield* EventLoop.callLater("2 seconds", say("second"))
          yield* EventLoop.callLater("1 second", say("first"))
          yield* EventLoop.callLater("9 seconds", say("last"))
          yield* EventLoop.callSoon(say("ready"))
          yield* advance("5 seconds")
          say("main")()
          yield* Effect.yieldNow
          say("main again")()
          yield* Effect.yieldNow
          say("a tick later")()
          yield* sleep("10 seconds")
        })
      ))
      // CPython's order: the ready ones, then in the same tick the due timers by their time.
      expect(lines).toEqual([
        "main at 5",
        "ready at 5",
        "main again at 5",
        "first at 5",
        "second at 5",
        "a tick later at 5",
        "last at 9"
      ])
    }))

  it.live("a sleep that is overdue wakes once, late", () =>
    VirtualLoop.run(Effect.gen(function*() {
      const task = yield* createTask(Effect.andThen(sleep("1 second"), time))
      yield* Effect.yieldNow
      yield* advance("1 hour")
      expect(yield* task).toBe(3600)
    })))

  it.live("Effect's sleeps, too", () =>
    VirtualLoop.run(Effect.gen(function*() {
      const task = yield* createTask(Effect.andThen(Effect.sleep("1 second"), time))
      yield* Effect.yieldNow
      yield* advance("1 hour")
      expect(yield* task).toBe(3600)
    })))

  it.live("zero is nothing", () =>
    VirtualLoop.run(Effect.andThen(advance(0), Effect.map(time, (time) => expect(time).toBe(0)))))

  for (const bad of [NaN, -1, Infinity, "soon", undefined] as ReadonlyArray<any>) {
    it.live(`${String(bad)} dies with IllegalArgumentError`, () =>
      VirtualLoop.run(Effect.gen(function*() {
        const defect = yield* defectOf(Effect.suspend(() => advance(bad as Duration.Input)))
        expect(Cause.isIllegalArgumentError(defect)).toBe(true)
        expect(defect.message).toContain("VirtualLoop.advance")
      })))
  }

  it.effect("on another loop: RuntimeError, under TestClock", () =>
    EventLoop.provide(Effect.map(defectOf(advance(1)), (defect) => expect(defect).toBeInstanceOf(RuntimeError))))
  it.live("on another loop: RuntimeError, live", () =>
    EventLoop.provide(Effect.map(defectOf(advance(1)), (defect) => expect(defect).toBeInstanceOf(RuntimeError))))
})

describe("work in flight outside", () => {
  it.live("promises that are ready are heard before the clock jumps", () =>
    VirtualLoop.run(Effect.gen(function*() {
      yield* createTask(day)
      const chain = async () => {
        for (let i = 0; i < 100; i++) await Promise.resolve()
        return "promise"
      }
      expect(yield* Effect.promise(chain)).toBe("promise")
      expect(yield* yield* Future.fromPromise(chain())).toBe("promise")
      expect(yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve, "immediate")))).toBe(
        "immediate"
      )
      expect(yield* time).toBe(0)
    })))

  it.live("with `settle` real time passes before the clock jumps", () =>
    Effect.gen(function*() {
      const race = Effect.gen(function*() {
        const sleeper = yield* createTask(sleep("1 second"))
        const promise = yield* Future.fromPromise(after(200))
        yield* asyncio.wait([sleeper, promise], { returnWhen: asyncio.FIRST_COMPLETED })
        return [Task.done(sleeper), Future.done(promise), yield* time]
      })
      expect(yield* VirtualLoop.run(race, { settle: "2 seconds" })).toEqual([false, true, 0])
      expect(yield* VirtualLoop.run(race)).toEqual([true, false, 1])
    }))

  it.live("nothing scheduled: it waits for the outside, for `patience`", () =>
    Effect.gen(function*() {
      const slow = Effect.gen(function*() {
        const lines: Array<string> = []
        for (let i = 0; i < 3; i++) lines.push(yield* Effect.promise(() => after(5)))
        return [lines.length, yield* time]
      })
      expect(yield* VirtualLoop.run(slow)).toEqual([3, 0])
      const error = yield* Effect.flip(VirtualLoop.run(Effect.promise(() => after(1000)), { patience: "5 millis" }))
      expect(error).toBeInstanceOf(DeadlockError)
    }))

  it.live("an infinite patience never calls it a deadlock, an infinite settling waits for the outside", () =>
    Effect.gen(function*() {
      const main = Effect.map(Effect.promise(() => after(5)), (value) => value)
      expect(yield* VirtualLoop.run(main, { patience: Infinity })).toBe("after 5")
      expect(yield* VirtualLoop.run(main, { settle: Infinity })).toBe("after 5")
    }))

  /** A local server that answers every line, but `silence`. */
  const server = Effect.acquireRelease(
    Effect.callback<net.Server>((resume) => {
      const server = net.createServer((socket) => {
        socket.on("data", (data) => {
          if (String(data) !== "silence") socket.write(`echo ${String(data)}`)
        })
        socket.on("error", () => {})
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
      })
  )
  const ask = (server: net.Server, line: string) =>
    Effect.callback<string, Error>((resume) => {
      const { port } = server.address() as net.AddressInfo
      const socket = net.connect(port, "127.0.0.1", () => socket.write(line))
      socket.on("data", (data) => {
        socket.destroy()
        resume(Effect.succeed(String(data)))
      })
      socket.on("error", (error) => resume(Effect.fail(error)))
      return Effect.sync(() => socket.destroy())
    })

  it.live("a local socket, mixed with sleeps and timeouts", () =>
    Effect.scoped(Effect.gen(function*() {
      const host = yield* server
      const seen = yield* VirtualLoop.run(
        Effect.gen(function*() {
          const answers = yield* asyncio.gather({
            first: asyncio.waitFor(ask(host, "one"), "1 hour"),
            second: Effect.andThen(sleep("1 day"), ask(host, "two")),
            sleeper: sleep("2 days", "slept"),
            timeout: outcome(Effect.timeout(ask(host, "silence"), "3 days"))
          })
          return { ...answers, time: yield* time }
        }),
        { settle: "100 millis" }
      )
      expect(seen).toMatchObject({ first: "echo one", second: "echo two", sleeper: "slept", time: 259_200 })
      expect(seen.timeout).toMatch(/^fail /)
    })))

  it.live("many round trips take no virtual time", () =>
    Effect.scoped(Effect.gen(function*() {
      const host = yield* server
      const main = Effect.gen(function*() {
        const answers = yield* asyncio.gather(
          Array.from({ length: 20 }, (_, i) => asyncio.waitFor(ask(host, `${i}`), "1 minute")),
          { concurrency: 5 }
        )
        return [answers, yield* time] as const
      })
      const [answers, end] = yield* VirtualLoop.run(main, { settle: "1 second" })
      expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => `echo ${i}`))
      expect(end).toBe(0)
    })))
})

describe("options", () => {
  for (
    const options of [
      { maxTicks: 0 },
      { maxTicks: NaN },
      { maxTicks: -5 },
      { settle: NaN },
      { patience: NaN },
      { patience: "soon" as Duration.Input },
      { unseen: "ignore" as "report" },
      { closeTimeout: NaN }
    ] as ReadonlyArray<VirtualLoop.Options>
  ) {
    it.live(`${JSON.stringify(options)} dies with IllegalArgumentError`, () =>
      Effect.gen(function*() {
        for (
          const use of [VirtualLoop.run(Effect.void, options), Effect.provide(Effect.void, VirtualLoop.layer(options))]
        ) {
          expect(Cause.isIllegalArgumentError(yield* defectOf<void, unknown, never>(use))).toBe(true)
        }
      }))
  }
})
