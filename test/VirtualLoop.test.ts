import { describe, expect, it } from "@effect/vitest"
import {
  Cause,
  Clock,
  Context,
  Data,
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
import { EventLoop, Future, Lock, Runner, RuntimeError, Task } from "effect-asyncio"
import { DeadlockError, SpinError, VirtualLoop } from "effect-asyncio/testing"
import * as net from "node:net"
import { defectOf, logged, loggedBy, outcome, outcomeOf, type Program, quiet, ticks } from "./support/loops.ts"

const { createTask, sleep } = asyncio
const { advance } = VirtualLoop
const time = EventLoop.time
const never = Effect.flatMap(Future.make<never>(), Future.join)
const day = sleep("1 day")
const after = (millis: number) => new Promise<string>((resolve) => setTimeout(resolve, millis, `after ${millis}`))

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

// ------------------------------------------------------------------------------------------------- real work in flight

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

// ---------------------------------------------------------------------------------------------------- deadlock and spin

const stuck = <A, E>(main: Effect.Effect<A, E, EventLoop.EventLoop>) =>
  Effect.flatMap(Effect.exit(VirtualLoop.run(main, { patience: 0 })), (exit) => {
    const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : exit.value
    if (error instanceof DeadlockError) return Effect.succeed(error)
    throw new Error("no DeadlockError", { cause: error })
  })

describe("DeadlockError", () => {
  it.live("fails `run`, typed, with the tasks that are left", () =>
    Effect.gen(function*() {
      const main = Effect.gen(function*() {
        yield* createTask(never, { name: "other" })
        yield* createTask(Effect.void, { name: "done" })
        yield* sleep("1 hour")
        return yield* never
      })
      const error = yield* VirtualLoop.run(main, { patience: 0 }).pipe(
        Effect.as(undefined),
        Effect.catchTag("DeadlockError", (error) => Effect.succeed(error))
      )
      expect(error).toBeInstanceOf(DeadlockError)
      expect(error!._tag).toBe("DeadlockError")
      expect(error!.tasks.map((task) => task.name)).toEqual(["Task-1", "other"])
    }))

  it.live("names every task, what it waits for, and where it was created", () =>
    Effect.gen(function*() {
      const { message } = yield* stuck(Effect.gen(function*() {
        const future = yield* Future.make<void>()
        const first = yield* createTask(Future.join(future), { name: "first" })
        yield* createTask(Task.join(first), { name: "second" })
        yield* createTask(Task.await(first), { name: "watcher" })
        yield* createTask(asyncio.gather([first]), { name: "gatherer" })
        yield* createTask(asyncio.wait([first]), { name: "waiter" })
        yield* createTask(sleep(Infinity), { name: "sleeper" })
        yield* createTask(Effect.never, { name: "outside" })
        yield* Future.await(future)
      }))
      const line = (name: string) => message.split("\n").find((line) => line.includes(`name='${name}'`))
      expect(line("first")).toMatch(/future.*VirtualLoop\.test\.ts:\d+:\d+/)
      expect(line("second")).toMatch(/'first'.*VirtualLoop\.test\.ts:\d+:\d+/)
      expect(line("watcher")).toMatch(/'first'/)
      expect(line("gatherer")).toMatch(/gather .*VirtualLoop\.test\.ts:\d+:\d+/)
      expect(line("waiter")).toMatch(/ wait .*VirtualLoop\.test\.ts:\d+:\d+/)
      expect(line("sleeper")).toMatch(/waiting for (a timer|.*sleep)/)
      expect(line("outside")).toMatch(/VirtualLoop\.test\.ts:\d+:\d+/)
      expect(line("Task-1")).toMatch(/future/)
      expect(message).not.toContain("circle")
    }))

  for (
    const [how, wait] of [["join", Task.join], [
      "gather",
      (task: Task.Task<unknown>) => asyncio.gather([task, never])
    ]] as const
  ) {
    it.live(`says who waits for whom in a circle: ${how}`, () =>
      Effect.gen(function*() {
        const { message } = yield* stuck(Effect.gen(function*() {
          const tasks: Array<Task.Task<unknown>> = []
          for (const [i, name] of ["x", "y", "z"].entries()) {
            tasks.push(
              yield* createTask(
                Effect.suspend(() => wait(tasks[(i + 1) % 3]!) as Effect.Effect<unknown, never, EventLoop.EventLoop>),
                { name }
              )
            )
          }
          yield* createTask(Task.join(tasks[0]!), { name: "outside" })
          return yield* never
        }))
        expect(message).toMatch(/circle.*('x' -> 'y' -> 'z' -> 'x'|'y' -> 'z' -> 'x' -> 'y'|'z' -> 'x' -> 'y' -> 'z')/)
        expect(message.split("\n").at(-1)).not.toContain("outside")
      }))
  }

  it.live("of 20,000 tasks in a row does not overflow, nor take for ever", () =>
    Effect.gen(function*() {
      const error = yield* stuck(Effect.gen(function*() {
        let task: Task.Task<unknown> = yield* createTask(never)
        for (let i = 0; i < 20_000; i++) {
          const inner = task
          task = yield* createTask(Task.join(inner))
        }
        yield* task
      }))
      expect(error.tasks).toHaveLength(20_002)
    }), 30_000)

  it.live("of a circle of 5,000 tasks neither", () =>
    Effect.gen(function*() {
      const { message } = yield* stuck(Effect.gen(function*() {
        const tasks: Array<Task.Task<unknown>> = []
        for (let i = 0; i < 5000; i++) {
          tasks.push(yield* createTask(Effect.suspend(() => Task.join(tasks[(i + 1) % 5000]!))))
        }
        yield* tasks[0]!
      }))
      expect(message).toContain("circle")
    }), 30_000)

  it.live("its tasks are cancelled and cleaned up then", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const cleaning = (name: string) =>
        Effect.onInterrupt(never, () => Effect.map(sleep("1 hour"), () => lines.push(name)))
      const error = yield* stuck(Effect.gen(function*() {
        yield* createTask(cleaning("other"))
        return yield* cleaning("main")
      }))
      expect(lines.toSorted()).toEqual(["main", "other"])
      expect(error.tasks.every((task) => Task.cancelled(task))).toBe(true)
    }))

  it.live("a task that is parked for ever is none while time can pass, nor when the program ends", () =>
    Effect.gen(function*() {
      const end = yield* VirtualLoop.run(
        Effect.gen(function*() {
          yield* createTask(never)
          yield* sleep("1 hour")
          return yield* time
        }),
        { patience: 0 }
      )
      expect(end).toBe(3600)
    }))

  it.live("a clean-up that hangs is given up, and reported", () =>
    Effect.gen(function*() {
      const messages: Array<string> = []
      const main = Effect.gen(function*() {
        yield* EventLoop.setExceptionHandler(({ message, task }) =>
          Effect.sync(() => void messages.push(`${message} ${task?.name}`))
        )
        yield* createTask(Effect.ensuring(never, Effect.never), { name: "hanging" })
        yield* Effect.yieldNow
        return "ended"
      })
      expect(yield* VirtualLoop.run(main, { patience: 0 })).toBe("ended")
      expect(messages).toEqual(["Task was destroyed but it is pending! hanging"])
    }))

  // --------------------------------------------------------------------------------------------- the users of a layer

  const onLayer = <A, E>(test: Effect.Effect<A, E, EventLoop.EventLoop>, options?: VirtualLoop.Options) =>
    Effect.exit(Effect.provide(test, VirtualLoop.layer({ patience: 0, ...options })))
  const reasonsOf = (exit: Exit.Exit<unknown, unknown>) => Exit.isFailure(exit) ? exit.cause.reasons : []
  const deadlockOf = (exit: Exit.Exit<unknown, unknown>) => {
    const die = reasonsOf(exit).filter(Cause.isDieReason).find(({ defect }) => defect instanceof DeadlockError)
    if (die === undefined) throw new Error("no DeadlockError", { cause: exit })
    return die.defect as DeadlockError
  }

  describe("under a layer it ends whoever waits, with its whole text", () => {
    const stuckLock = Effect.flatMap(Lock.make, (lock) => Effect.andThen(Lock.acquire(lock), Lock.acquire(lock)))
    const stuckTask = createTask(never, { name: "stuck" })
    for (
      const [what, test, text] of [
        ["a future", never, "a future"],
        ["a lock", stuckLock, "a Lock"],
        ["a queue", Effect.flatMap(asyncio.Queue.make<void>(), asyncio.Queue.get), "Queue.get"],
        ["an event", Effect.flatMap(asyncio.Event.make, asyncio.Event.wait), "an Event"],
        ["a timeout without a deadline", asyncio.timeout(Infinity, () => stuckLock), "a Lock"],
        ["branches", Effect.all([never, stuckLock], { concurrency: 2 }), "a Lock"],
        ["a child fiber", Effect.flatMap(Effect.forkChild(stuckLock), Fiber.join), "a Lock"],
        ["an uninterruptible part", Effect.uninterruptible(stuckLock), "a Lock"],
        ["a task that it joins", Effect.flatMap(stuckTask, Task.join), "'stuck' waiting for a future"],
        ["a task that it watches", Effect.flatMap(stuckTask, Task.await), "'stuck' waiting for a future"],
        [
          "a task that can't be cancelled",
          Effect.flatMap(createTask(Effect.uninterruptible(never)), Task.join),
          "Task-1"
        ],
        ["gather", asyncio.gather([never, sleep("1 hour")]), "Task-1"],
        ["wait", asyncio.wait([never]), "Task-1"],
        ["a group", asyncio.TaskGroup.run((group) => Effect.asVoid(group.createTask(never))), "Task-1"],
        ["what is not the loop's", Effect.never, "something that is not the loop's"],
        ["the same, uninterruptible", Effect.uninterruptible(Effect.never), "something that is not the loop's"],
        [
          "what is not the loop's, later",
          Effect.andThen(sleep("1 hour"), Effect.never),
          "something that is not the loop's"
        ]
      ] as ReadonlyArray<[string, Effect.Effect<unknown, unknown, EventLoop.EventLoop>, string]>
    ) {
      it.live(`who waits for ${what}`, () =>
        Effect.gen(function*() {
          const { message } = deadlockOf(yield* onLayer(test))
          expect(message).toMatch(/^nothing is ready, nothing is scheduled/)
          expect(message).toContain(text)
        }))
    }

    it.effect("in it.effect", () => Effect.map(onLayer(never), (exit) => void deadlockOf(exit)))

    it.live("its tasks are cancelled", () =>
      Effect.gen(function*() {
        const lines: Array<string> = []
        const test = Effect.gen(function*() {
          const task = yield* createTask(Effect.onInterrupt(never, () => Effect.sync(() => lines.push("cancelled"))))
          const exit = yield* Effect.exit(Task.join(task))
          lines.push(deadlockOf(exit)._tag)
          yield* Task.await(task)
          // The loop goes on.
          return yield* sleep("1 hour", "on")
        })
        expect(outcomeOf(yield* onLayer(test))).toBe("on")
        expect(lines).toEqual(["DeadlockError", "cancelled"])
      }))

    it("of a loop that several share", async () => {
      const scope = Scope.makeUnsafe()
      const context = await Effect.runPromise(Layer.buildWithScope(VirtualLoop.layer({ patience: 0 }), scope))
      const test = <A, E>(effect: Effect.Effect<A, E, EventLoop.EventLoop>) =>
        Effect.runPromiseExitWith(context)(effect)
      deadlockOf(await test(never))
      deadlockOf(await test(Effect.flatMap(createTask(never), Task.join)))
      expect(outcomeOf(await test(sleep("1 hour", "on")))).toBe("on")
      // Nobody waits: no deadlock.
      await after(5)
      expect(outcomeOf(await Effect.runPromiseExit(Scope.close(scope, Exit.void)))).toBe(undefined)
    })

    it.live("who takes it goes on", () =>
      Effect.map(
        onLayer(Effect.as(Effect.exit(never), "on")),
        (exit) => expect(outcomeOf(exit)).toBe("on")
      ))

    it.live("while a promise is in flight it waits for `patience`", () =>
      Effect.gen(function*() {
        const promise = Effect.promise(() => after(20))
        expect(outcomeOf(yield* onLayer(promise, { patience: "10 seconds" }))).toBe("after 20")
      }))

    it.live("where nobody waits it is reported, and told in the log, once, if that does not help", () =>
      Effect.gen(function*() {
        const lines = yield* loggedBy(Effect.gen(function*() {
          const exit = yield* Effect.exit(Effect.scoped(Effect.gen(function*() {
            const context = yield* Layer.build(VirtualLoop.layer({ patience: 0 }))
            const loop = Context.get(context, EventLoop.EventLoop)
            yield* Effect.provideContext(createTask(Effect.uninterruptible(never), { name: "stuck" }), context)
            for (let i = 0; i < 3; i++) {
              yield* Effect.promise(() => after(2))
              loop.callSoonUnsafe(() => {})
            }
          })))
          expect(deadlockOf(exit).message).toContain("'stuck'")
        }))
        expect(lines.map(({ error, level }) => [level, error])).toEqual([["Error", expect.any(DeadlockError)]])
      }))

    it.live("what it waits for is cleaned up after", () =>
      Effect.gen(function*() {
        let aborted = false
        const test = Effect.promise((signal) =>
          new Promise(() =>
            signal.addEventListener("abort", () => {
              aborted = true
            })
          )
        )
        deadlockOf(yield* onLayer(test))
        expect(aborted).toBe(true)
      }))
  })

  describe("under a layer, a program that takes reports itself", () => {
    it.live("is told, its tasks are cancelled, and it goes on", () =>
      Effect.gen(function*() {
        const reports: Array<EventLoop.ExceptionContext> = []
        yield* EventLoop.setExceptionHandler((context) => Effect.sync(() => void reports.push(context)))
        const tasks = [yield* createTask(never, { name: "a" }), yield* createTask(never, { name: "b" })] as const
        const exits = yield* Effect.forEach(tasks, (task) => Task.await(task))
        expect(exits.map((exit) => outcomeOf(exit))).toEqual(["cancelled", "cancelled"])
        expect(reports).toHaveLength(1)
        const error = Cause.squash(reports[0]!.cause!)
        expect(error).toBeInstanceOf(DeadlockError)
        expect((error as DeadlockError).message).toMatch(/'a'[^]*'b'/)
        // The loop goes on.
        expect(yield* sleep("1 hour", "on")).toBe("on")
      }).pipe(Effect.provide(VirtualLoop.layer({ patience: 0 }))))

    const handled = EventLoop.setExceptionHandler(() => Effect.void)
    for (
      const [how, test] of [
        ["a task's cancellation", Effect.flatMap(createTask(never), Task.join)],
        ["nothing else", never],
        ["a task that can't be cancelled", Effect.flatMap(createTask(Effect.uninterruptible(never)), Task.join)]
      ] as ReadonlyArray<[string, Effect.Effect<unknown, unknown, EventLoop.EventLoop>]>
    ) {
      it.live(`ends with the error, if ${how} would end it`, () =>
        Effect.map(onLayer(Effect.andThen(handled, test)), (exit) => void deadlockOf(exit)))
    }

    it.live("`unseen: \"report\"`, too: an error in the log", () =>
      Effect.gen(function*() {
        const lines = yield* loggedBy(
          Effect.flatMap(createTask(never, { name: "parked" }), Task.await).pipe(
            Effect.provide(VirtualLoop.layer({ patience: 0, unseen: "report" }))
          )
        )
        expect(lines).toHaveLength(1)
        expect(lines[0]!.level).toBe("Error")
        expect(lines[0]!.error).toBeInstanceOf(DeadlockError)
        expect(lines[0]!.text).toContain("'parked'")
      }))
  })

  it.live("a clean-up that hangs ends the run", () =>
    Effect.gen(function*() {
      const main = Effect.andThen(
        createTask(Effect.ensuring(never, Effect.never), { name: "hanging" }),
        Effect.yieldNow
      )
      expect((yield* stuck(main)).message).toContain("'hanging'")
      expect(deadlockOf(yield* onLayer(main)).message).toContain("'hanging'")
    }))

  it.live("a future that a Runner runs", () =>
    Effect.promise(async () => {
      await using runner = Runner.make({ layer: VirtualLoop.layer({ patience: 0 }) })
      const future = await runner.run(Future.make<void>())
      await expect(runner.run(future)).rejects.toThrow(/nothing is scheduled[^]*a future/)
    }))

  // ---------------------------------------------------------------------------------------------------------- circles

  describe("says who waits for whom in a circle, however they wait", () => {
    const forked: ReadonlyArray<[string, (task: Task.Task<void>) => Program<unknown>]> = [
      ["Task.join", Task.join],
      ["Task.await", Task.await],
      ["wait", (task) => asyncio.wait([task])],
      ["a loop of waits", (task) =>
        Effect.gen(function*() {
          let pending: ReadonlySet<Task.Task<void>> = new Set([
            task,
            yield* createTask(sleep(1)),
            yield* createTask(sleep(2))
          ])
          while (pending.size > 0) {
            ;({ pending } = yield* asyncio.wait(pending, { returnWhen: asyncio.FIRST_COMPLETED }))
          }
        })],
      ["gather", (task) => asyncio.gather([sleep(1), task])],
      ["gather with returnExceptions", (task) => asyncio.gather([task], { returnExceptions: true })],
      ["asCompleted", (task) => Stream.runDrain(asyncio.asCompleted([task]))],
      ["asCompletedEffects", (task) => Effect.flatMap(asyncio.asCompletedEffects([task]), ([next]) => next!)],
      ["shield", (task) => asyncio.shield(task)],
      ["waitFor", (task) => asyncio.waitFor(task, Infinity)],
      ["timeout", (task) => asyncio.timeout(Infinity, () => Task.join(task))],
      ["catchCancelled", (task) => Task.catchCancelled(Task.join(task), () => Effect.void)],
      ["Effect.all", (task) => Effect.all([Task.join(task), sleep(1)], { concurrency: 2 })],
      ["Effect.race", (task) => Effect.race(Task.join(task), Effect.never)],
      ["a child fiber", (task) => Effect.flatMap(Effect.forkChild(Task.await(task)), Fiber.join)],
      [
        "Stream.mapEffect",
        (task) => Stream.runDrain(Stream.mapEffect(Stream.make(1, 2), () => Task.join(task), { concurrency: 2 }))
      ]
    ]
    const messageOf = (way: (task: Task.Task<void>) => Program<unknown>) =>
      Effect.map(
        stuck(Effect.gen(function*() {
          const tasks: Array<Task.Task<void>> = []
          const a = Effect.ignore(Effect.suspend(() => way(tasks[1]!)))
          const b = Effect.uninterruptible(Effect.suspend(() => Task.join(tasks[0]!)))
          tasks.push(yield* createTask(a, { name: "a" }), yield* createTask(b, { name: "b" }))
          return yield* never
        })),
        ({ message }) => message.split("\n").at(-1)
      )
    for (const [name, way] of forked) {
      it.live(name, () =>
        Effect.gen(function*() {
          expect(yield* messageOf(way)).toBe("these wait for each other in a circle: 'a' -> 'b' -> 'a'")
        }))
    }
    it.live("TaskGroup", () =>
      Effect.gen(function*() {
        const way = (task: Task.Task<void>) =>
          asyncio.TaskGroup.run((group) => Effect.asVoid(group.createTask(Task.join(task), { name: "child" })))
        expect(yield* messageOf(way)).toBe("these wait for each other in a circle: 'a' -> 'child' -> 'b' -> 'a'")
      }))
    it.live("what a fiber waits for that the task forked stands in the text, too", () =>
      Effect.gen(function*() {
        const { message } = yield* stuck(
          Effect.flatMap(createTask(Effect.all([never, Effect.void], { concurrency: 2 }), { name: "x" }), Task.join)
        )
        expect(message).toMatch(/name='x'.*\n {4}in a fiber that it forked: waiting for a future$/)
      }))
  })

  // ----------------------------------------------------------------------------------------------------- nested loops

  describe("a loop inside of another", () => {
    const hours = Effect.forEach(Array.from({ length: 3000 }), () => sleep("1 hour"), { discard: true })
    const inner = VirtualLoop.run(Effect.as(hours, "inner"), { patience: 0 })
    for (
      const [where, main] of [
        ["in the main program", inner],
        ["in a task", Effect.flatMap(createTask(inner), Task.join)],
        ["in another one", VirtualLoop.run(inner, { patience: 0 })],
        ["as a layer", Effect.provide(Effect.as(hours, "inner"), VirtualLoop.layer({ patience: 0 }))],
        ["beside another one", Effect.map(asyncio.gather([inner, inner]), ([one]) => one)]
      ] as ReadonlyArray<[string, Program<string>]>
    ) {
      it.live(`at work is no deadlock: ${where}`, () =>
        Effect.gen(function*() {
          expect(yield* VirtualLoop.run(main, { patience: 0 })).toBe("inner")
        }))
    }

    it.live("has its own", () =>
      Effect.gen(function*() {
        for (const main of [never, Effect.flatMap(createTask(never), Task.join)]) {
          const outer = Effect.flatMap(createTask(Effect.flip(VirtualLoop.run(main, { patience: 0 }))), Task.join)
          const error = yield* VirtualLoop.run(Effect.map(outer, (error) => error._tag), { patience: 0 })
          expect(error).toBe("DeadlockError")
        }
      }))

    it.live("does not hide that of the one around", () =>
      Effect.gen(function*() {
        expect((yield* stuck(Effect.andThen(inner, never))).message).toContain("a future")
        expect((yield* stuck(Effect.andThen(createTask(inner), never))).message).toContain("a future")
      }))
  })

  it.live("its own defects are not taken for one", () =>
    Effect.gen(function*() {
      const mine = new Error("mine")
      expect(yield* defectOf(VirtualLoop.run(Effect.die(mine)))).toBe(mine)
    }))
})

describe("SpinError", () => {
  const spin = Effect.forever(sleep(0))
  it.live("fails `run`, and names the tasks that ran", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(VirtualLoop.run(
        Effect.gen(function*() {
          yield* createTask(spin, { name: "spinner" })
          yield* createTask(Effect.forever(Effect.yieldNow), { name: "yielder" })
          yield* createTask(day, { name: "sleeper" })
          return yield* never
        }),
        { maxTicks: 1000 }
      ))
      expect(error).toBeInstanceOf(SpinError)
      expect((error as SpinError)._tag).toBe("SpinError")
      expect((error as SpinError).message).toMatch(/1000 ticks/)
      expect((error as SpinError).message).toMatch(/'spinner'/)
      expect((error as SpinError).message).toMatch(/'yielder'/)
      expect((error as SpinError).message).not.toMatch(/sleeper|Task-1/)
    }))

  it.live("callbacks and bare fibers can spin, too", () =>
    Effect.gen(function*() {
      const callbacks = Effect.gen(function*() {
        const loop = yield* EventLoop.EventLoop
        const again = (): void => void loop.callSoonUnsafe(again)
        again()
        return yield* never
      })
      const timers = Effect.gen(function*() {
        const loop = yield* EventLoop.EventLoop
        let rest = 10_000
        const again = (): void => {
          if (--rest > 0) loop.callLaterUnsafe(0, again)
        }
        again()
        return yield* never
      })
      for (const main of [callbacks, timers]) {
        expect(yield* Effect.flip(VirtualLoop.run(main, { maxTicks: 100 }))).toBeInstanceOf(SpinError)
      }
    }))

  it.live("the count begins anew when time passes", () =>
    Effect.gen(function*() {
      const main = Effect.forEach(
        Array.from({ length: 50 }),
        () => Effect.andThen(ticks(80), sleep("1 milli")),
        { discard: true }
      )
      expect(yield* outcome(VirtualLoop.run(main, { maxTicks: 100 }))).toBe(undefined)
      expect(yield* Effect.flip(VirtualLoop.run(main, { maxTicks: 70 }))).toBeInstanceOf(SpinError)
    }))

  it.live("by default after 1,000,000 ticks", () =>
    Effect.gen(function*() {
      let count = 0
      const counting = Effect.gen(function*() {
        while (true) {
          count++
          yield* Effect.yieldNow
        }
      })
      expect(yield* Effect.flip(VirtualLoop.run(counting))).toBeInstanceOf(SpinError)
      expect(count).toBeGreaterThanOrEqual(999_000)
      expect(count).toBeLessThanOrEqual(1_001_000)
    }), 30_000)

  describe("awaiting what is done takes no tick", () => {
    const live = Effect.gen(function*() {
      const tasks = new Set<Task.Task<number>>()
      for (let i = 0; i < 3; i++) tasks.add(yield* createTask(Effect.succeed(i)))
      yield* sleep("1 second")
      return tasks
    })
    const forever = (
      wait: (tasks: ReadonlySet<Task.Task<number>>) => Effect.Effect<unknown, unknown, EventLoop.EventLoop>
    ) =>
      Effect.gen(function*() {
        const tasks = yield* live
        while (tasks.size > 0) yield* wait(tasks)
      })
    const waits = {
      gather: (tasks) => asyncio.gather(tasks),
      "gather of nothing": () => asyncio.gather([]),
      join: ([task]) => Task.join(task!),
      await: ([task]) => Task.await(task!),
      "in blocks of its own": ([task]) => asyncio.timeout("1 hour", () => asyncio.shield(task!)),
      "and keeping every cause": (tasks) => Effect.exit(asyncio.gather(tasks)),
      "and refusing to be cancelled": (tasks) => Task.catchCancelled(asyncio.gather(tasks), () => Effect.void),
      uninterruptibly: (tasks) => Effect.uninterruptible(asyncio.gather(tasks))
    } satisfies Record<string, Parameters<typeof forever>[0]>
    for (const [name, wait] of Object.entries(waits)) {
      it.live(`a task that never stops to: ${name}`, () =>
        Effect.gen(function*() {
          const main = Effect.andThen(createTask(forever(wait), { name: "spinner" }), day)
          const error = yield* Effect.flip(VirtualLoop.run(main, { maxTicks: 1000, patience: 0 }))
          expect(error).toBeInstanceOf(SpinError)
          expect((error as SpinError).message).toMatch(
            /^'spinner' \(created at .*\) awaited what was done already 1000 times in one tick/
          )
        }).pipe(quiet))
    }

    it.live("main itself, at the default", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(VirtualLoop.run(forever(([task]) => Task.join(task!))))
        expect((error as SpinError).message).toMatch(/'Task-1' .* 1000000 times/)
      }))

    it.live("a bare fiber dies with it", () =>
      Effect.gen(function*() {
        const error = yield* defectOf(forever((tasks) => asyncio.gather(tasks)))
        expect(error).toBeInstanceOf(SpinError)
        expect(error.message).toMatch(/^a bare fiber awaited/)
      }).pipe(Effect.provide(VirtualLoop.layer({ maxTicks: 1000 })), quiet))

    it.live("each task is counted by itself, each tick anew", () =>
      Effect.gen(function*() {
        const main = Effect.gen(function*() {
          const tasks = yield* live
          const often = Effect.forEach(Array.from({ length: 900 }), () => asyncio.gather(tasks), { discard: true })
          yield* asyncio.gather(Array.from({ length: 5 }, () => Effect.andThen(often, Effect.andThen(sleep(0), often))))
        })
        expect(yield* outcome(VirtualLoop.run(main, { maxTicks: 1000 }))).toBe(undefined)
      }))
  })

  it.live("under a bare layer: the exception handler is told, and the tasks are cancelled", () =>
    quiet(Effect.gen(function*() {
      const errors: Array<unknown> = []
      yield* EventLoop.setExceptionHandler(({ cause }) => Effect.sync(() => void errors.push(Cause.squash(cause!))))
      const task = yield* createTask(spin, { name: "spinner" })
      expect(outcomeOf(yield* Task.await(task))).toBe("cancelled")
      expect(errors).toEqual([expect.any(SpinError)])
    })).pipe(Effect.provide(VirtualLoop.layer({ maxTicks: 500 }))))

  describe("what can't be ended gets no further tick", () => {
    const runs: ReadonlyArray<[string, (main: Program<unknown>) => Effect.Effect<unknown, unknown>]> = [
      ["run", (main) => VirtualLoop.run(main, { maxTicks: 500 })],
      ["a layer", (main) => Effect.provide(main, VirtualLoop.layer({ maxTicks: 500 }))],
      ["a Runner", (main) => Effect.promise(() => asyncio.run(main, { layer: VirtualLoop.layer({ maxTicks: 500 }) }))]
    ]
    const spinners: ReadonlyArray<[string, (spin: Effect.Effect<never>) => Program<unknown>]> = [
      ["a task", (spin) => Effect.flatMap(createTask(spin), Task.join)],
      [
        "a fiber that a task forked",
        (spin) => Effect.flatMap(createTask(Effect.all([spin, spin], { concurrency: 2 })), Task.join)
      ],
      ["a fiber outside of tasks", (spin) => Effect.andThen(Effect.forkDetach(spin), never)],
      ["a clean-up", (spin) => Effect.andThen(createTask(Effect.ensuring(never, spin)), ticks(2))]
    ]
    for (const [name, run] of runs) {
      for (const [who, program] of spinners) {
        it.live(`${name}: ${who}`, () =>
          Effect.gen(function*() {
            let steps = 0
            const spin = Effect.uninterruptible(Effect.forever(Effect.map(Effect.yieldNow, () => void steps++)))
            const lines = yield* loggedBy(Effect.gen(function*() {
              expect(outcomeOf(yield* Effect.exit(run(program(spin))))).toMatch(/ticks went by/)
              const before = steps
              yield* Effect.promise(() => after(5))
              expect(steps).toBe(before)
            }))
            expect(lines).toEqual([])
          }))
      }
    }

    it.live("callbacks where nobody waits: told in the log, once", () =>
      Effect.gen(function*() {
        let steps = 0
        const lines = yield* loggedBy(Effect.scoped(Effect.gen(function*() {
          const context = yield* Layer.build(VirtualLoop.layer({ maxTicks: 500 }))
          const loop = Context.get(context, EventLoop.EventLoop)
          const again = (): void => {
            steps++
            loop.callSoonUnsafe(again)
          }
          again()
          yield* Effect.promise(() => after(20))
          const before = steps
          yield* Effect.promise(() => after(5))
          expect(steps).toBe(before)
        })))
        expect(lines.map(({ error, level }) => [level, error])).toEqual([["Error", expect.any(SpinError)]])
      }))
  })

  it.live("a layer's user that spins ends with it, uninterruptible too", () =>
    Effect.gen(function*() {
      for (const user of [spin, Effect.uninterruptible(spin), Effect.forever(Effect.yieldNow)]) {
        const exit = yield* Effect.exit(Effect.provide(user, VirtualLoop.layer({ maxTicks: 500 })))
        expect(outcomeOf(exit)).toMatch(/^die 500 ticks went by/)
      }
    }))

  it.live("I/O gets its turn in the midst of many ticks", () =>
    Effect.gen(function*() {
      const main = Effect.gen(function*() {
        let heard = false
        setImmediate(() => {
          heard = true
        })
        let turns = 0
        while (!heard && turns < 500_000) {
          turns++
          yield* Effect.yieldNow
        }
        return heard
      })
      expect(yield* VirtualLoop.run(main)).toBe(true)
    }))
})

// ------------------------------------------------------------------------------------------- failures that nobody saw

describe("a failure that nobody saw", () => {
  const bug = new Error("an assertion")
  const ways: ReadonlyArray<[string, Program<unknown>]> = [
    ["of a task", Effect.andThen(createTask(Effect.die(bug)), sleep("1 second"))],
    ["of a task, typed", Effect.andThen(createTask(Effect.fail(bug)), ticks(2))],
    ["of a future", Effect.flatMap(Future.make<void, Error>(), (future) => Future.fail(future, bug))],
    ["of a task that `wait` hands out", asyncio.wait([Effect.fail(bug)])],
    [
      "of a callback",
      Effect.andThen(
        EventLoop.callLater("1 second", () => {
          throw bug
        }),
        sleep("2 seconds")
      )
    ],
    [
      "of a done callback",
      Effect.flatMap(createTask(Effect.void), (task) =>
        Effect.andThen(
          Task.addDoneCallback(task, () => {
            throw bug
          }),
          ticks(3)
        ))
    ],
    [
      "of a clean-up while the loop closes",
      Effect.andThen(createTask(Effect.ensuring(never, Effect.die(bug))), ticks(2))
    ]
  ]
  const onLayer = (main: Program<unknown>, options?: VirtualLoop.Options) =>
    Effect.provide(main, VirtualLoop.layer(options))
  const runs: ReadonlyArray<
    [string, (main: Program<unknown>, options?: VirtualLoop.Options) => Effect.Effect<unknown, unknown>]
  > = [
    ["run", VirtualLoop.run],
    ["layer", onLayer],
    [
      "asyncio.run",
      (main, options) => Effect.promise(() => asyncio.run(Effect.orDie(main), { layer: VirtualLoop.layer(options) }))
    ],
    ["Runner", (main, options) =>
      Effect.promise(async () => {
        const runner = Runner.make({ layer: VirtualLoop.layer(options) })
        await runner.run(Effect.orDie(main))
        await runner.close()
      })]
  ]
  for (const [what, main] of ways) {
    for (const [name, run] of runs) {
      it.live(`${what} ends ${name}, as a defect, and is not logged besides`, () =>
        Effect.gen(function*() {
          const lines = yield* loggedBy(Effect.gen(function*() {
            expect(yield* defectOf(run(main))).toBe(bug)
          }))
          expect(lines).toEqual([])
        }))
    }

    it.live(`${what} goes to the program's exception handler, where there is one`, () =>
      Effect.gen(function*() {
        for (const run of [VirtualLoop.run, onLayer]) {
          const seen: Array<unknown> = []
          const handler = EventLoop.setExceptionHandler(({ cause }) =>
            Effect.sync(() => void seen.push(Cause.squash(cause!)))
          )
          yield* run(Effect.andThen(handler, main))
          expect(seen).toEqual([bug])
        }
      }))

    it.live(`${what} is an error in the log with \`unseen: "report"\``, () =>
      Effect.gen(function*() {
        for (const run of [VirtualLoop.run, onLayer]) {
          const lines = yield* loggedBy(run(main, { unseen: "report" }))
          expect(lines.map(({ error, level }) => [level, error])).toEqual([["Error", bug]])
        }
      }))
  }

  const defectsOf = (exit: Exit.Exit<unknown, unknown>) =>
    Exit.isFailure(exit) ? exit.cause.reasons.map((reason) => [reason._tag, (reason as Cause.Die).defect]) : []

  it.live("several: one cause, in order; what a cause has beside its interrupts", () =>
    Effect.gen(function*() {
      const main = Effect.gen(function*() {
        yield* createTask(Effect.fail("one"))
        yield* createTask(
          Effect.failCause(Cause.combine(Cause.interrupt(), Cause.combine(Cause.fail("two"), Cause.die("three"))))
        )
        yield* createTask(Effect.fail("one"))
        yield* createTask(Effect.interrupt)
        yield* ticks(3)
        return "value"
      })
      for (const run of [VirtualLoop.run, onLayer]) {
        expect(defectsOf(yield* Effect.exit(run(main)))).toEqual([
          ["Die", "one"],
          ["Die", "two"],
          ["Die", "three"],
          ["Die", "one"]
        ])
      }
    }))

  it.live("beside the program's own failure", () =>
    Effect.gen(function*() {
      const main = Effect.gen(function*() {
        yield* createTask(Effect.fail("unseen"))
        yield* ticks(2)
        return yield* Effect.fail("own")
      })
      for (const run of [VirtualLoop.run, onLayer]) {
        expect(defectsOf(yield* Effect.exit(run(main)))).toEqual([["Die", "own"], ["Die", "unseen"]])
      }
      const error = yield* Effect.promise(() =>
        asyncio.run(main, { layer: VirtualLoop.layer() }).catch((error: unknown) => error)
      )
      expect(error).toBeInstanceOf(AggregateError)
      expect((error as AggregateError).errors).toEqual(["own", "unseen"])
      expect((error as AggregateError).message).toBe("own; unseen")
    }))

  it.live("a handler that was taken back is none", () =>
    Effect.gen(function*() {
      const main = Effect.gen(function*() {
        yield* EventLoop.setExceptionHandler(() => Effect.void)
        yield* EventLoop.callExceptionHandler({ message: "", cause: Cause.fail("handled") })
        yield* EventLoop.setExceptionHandler(undefined)
        yield* EventLoop.callExceptionHandler({ message: "", cause: Cause.fail("unseen") })
      })
      expect(defectsOf(yield* Effect.exit(VirtualLoop.run(main)))).toEqual([["Die", "unseen"]])
    }))

  it.live("a report without a failure is an error in the log", () =>
    Effect.gen(function*() {
      const lines = yield* loggedBy(VirtualLoop.run(EventLoop.callExceptionHandler({ message: "a message" })))
      expect(lines).toEqual([{ level: "Error", text: "a message", error: undefined }])
    }))

  it.live("one that somebody saw is none", () =>
    Effect.gen(function*() {
      const main = Effect.gen(function*() {
        yield* Effect.ignore(Task.join(yield* createTask(Effect.fail("joined"))))
        yield* Task.await(yield* createTask(Effect.fail("watched")))
        yield* Effect.exit(asyncio.gather([Effect.fail("gathered"), Effect.fail("counted")]))
        yield* ticks(3)
      })
      expect(outcomeOf(yield* Effect.exit(VirtualLoop.run(main)))).toBe(undefined)
    }))

  class Declined extends Data.TaggedError("Declined")<{ readonly message: string }> {}
  it.live("keeps the stack of an Effect.fn", () =>
    Effect.gen(function*() {
      const charge = Effect.fn("charge")(function*() {
        return yield* new Declined({ message: "declined" })
      })
      const exit = yield* Effect.exit(VirtualLoop.run(Effect.andThen(createTask(charge()), ticks(2))))
      expect(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "").toMatch(/declined[^]*at charge /)
    }))
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
