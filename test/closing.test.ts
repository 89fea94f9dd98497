import { describe, expect, it, vi } from "@effect/vitest"
import { Cause, Clock, Context, Duration, Effect, Fiber, Option, Scheduler } from "effect"
import * as asyncio from "effect-asyncio"
import { Event, EventLoop, Future, Lock, Queue, Runner, Task } from "effect-asyncio"
import { VirtualLoop } from "effect-asyncio/testing"
import {
  defectOf,
  everywhere,
  logged,
  loggedBy,
  messagesOf,
  never,
  onVirtual,
  type Program,
  ticks,
  timed
} from "./support/loops.ts"

const { createTask, sleep } = asyncio

/** Stands still until it is moved; on the live loop's own scheduler. */
class StandingClock implements Clock.Clock {
  private millis = 0
  /** How many sleeps began. */
  slept = 0
  private readonly sleeps = new Set<{ readonly end: number; readonly wake: () => void }>()

  get sleeping(): number {
    return this.sleeps.size
  }
  currentTimeMillisUnsafe = () => this.millis
  currentTimeNanosUnsafe = () => BigInt(this.millis * 1e6)
  monotonicTimeNanosUnsafe = this.currentTimeNanosUnsafe
  currentTimeMillis = Effect.sync(this.currentTimeMillisUnsafe)
  currentTimeNanos = Effect.sync(this.currentTimeNanosUnsafe)
  monotonicTimeNanos = Effect.sync(this.currentTimeNanosUnsafe)

  sleep = (duration: Duration.Duration): Effect.Effect<void> =>
    Effect.callback((resume) => {
      const sleep = { end: this.millis + Duration.toMillis(duration), wake: () => resume(Effect.void) }
      this.sleeps.add(sleep)
      this.slept++
      return Effect.sync(() => this.sleeps.delete(sleep))
    })

  /** Lets what is ready run, before and after. */
  adjust(duration: Duration.Input): Effect.Effect<void> {
    return Effect.gen({ self: this }, function*() {
      yield* ticks(50)
      this.millis += Duration.toMillis(Duration.fromInputUnsafe(duration))
      for (const sleep of Array.from(this.sleeps)) {
        if (sleep.end <= this.millis && this.sleeps.delete(sleep)) sleep.wake()
      }
      yield* ticks(50)
    })
  }
}

/** A live loop on a clock that the test moves. */
const onStandingClock = <A, E>(
  test: (
    clock: StandingClock,
    run: <A, E>(main: Program<A, E>, options?: EventLoop.Options) => Effect.Effect<A, E>
  ) => Effect.Effect<A, E>
) =>
  Effect.suspend(() => {
    const clock = new StandingClock()
    return test(clock, (main, options) => Effect.provideService(EventLoop.provide(main, options), Clock.Clock, clock))
  })

describe("an exception handler that waits while the loop closes", () => {
  const ways: ReadonlyArray<[string, Program<unknown, never>]> = [
    ["sleeps", sleep("1 second")],
    ["sleeps by Effect", Effect.sleep("1 second")],
    ["opens a timeout", Effect.exit(asyncio.timeout("1 second", () => sleep("1 hour")))],
    ["waits with a deadline", Effect.exit(asyncio.waitFor(never, "1 second"))],
    ["joins a task that it makes", Effect.flatMap(createTask(sleep("1 second")), Task.join)],
    ["gathers", asyncio.gather([sleep("1 second"), sleep("2 seconds")])],
    ["waits for a group", asyncio.TaskGroup.run((group) => Effect.asVoid(group.createTask(sleep("1 second"))))]
  ]
  const program = (way: Program<unknown, never>, report: Program<unknown, never>) =>
    logged((log) =>
      Effect.andThen(
        EventLoop.provide(Effect.gen(function*() {
          yield* EventLoop.setExceptionHandler(({ message }) => Effect.map(way, () => log(message)))
          yield* report
        })),
        Effect.sync(() => log("closed"))
      )
    )
  for (const [name, way] of ways) {
    timed(`${name}: told of a failure that nobody saw`, program(way, createTask(Effect.fail("lost"))), [
      "Task exception was never retrieved",
      "closed"
    ])
    // Its tasks are alive when the others are cancelled.
    timed(
      `${name}: at work when closing begins`,
      program(way, Effect.andThen(EventLoop.callExceptionHandler({ message: "before" }), ticks(2))),
      ["before", "closed"]
    )
    timed(
      `${name}: told of a clean-up that fails`,
      program(way, Effect.andThen(createTask(Effect.ensuring(never, Effect.die("bug"))), ticks(2))),
      ["Unhandled exception during shutdown of the event loop", "closed"]
    )
  }

  it("live, in real time", async () => {
    const lines: Array<string> = []
    await asyncio.run(Effect.gen(function*() {
      yield* EventLoop.setExceptionHandler(({ message }) => Effect.map(sleep(1), () => void lines.push(message)))
      yield* createTask(Effect.fail("lost"))
    }))
    expect(lines).toEqual(["Task exception was never retrieved"])
  })

  timed(
    "the tasks of the program do not wait for it",
    logged((log) =>
      EventLoop.provide(Effect.gen(function*() {
        yield* EventLoop.setExceptionHandler(() => Effect.map(sleep("1 hour"), () => log("told")))
        yield* createTask(Effect.onInterrupt(never, () => Effect.sync(() => log("cancelled"))))
        yield* EventLoop.callExceptionHandler({ message: "" })
        yield* ticks(2)
      }))
    ),
    ["cancelled", "told"]
  )

  timed(
    "tasks that it leaves are cancelled when it has ended",
    logged((log) =>
      EventLoop.provide(Effect.gen(function*() {
        const left = Effect.onInterrupt(never, () => Effect.sync(() => log("cancelled")))
        yield* EventLoop.setExceptionHandler(() =>
          Effect.andThen(createTask(left), Effect.map(sleep("1 second"), () => log("told")))
        )
        yield* createTask(Effect.fail("lost"))
      }))
    ),
    ["told", "cancelled"]
  )

  const taskOfHandler = Effect.gen(function*() {
    let task: unknown
    yield* EventLoop.setExceptionHandler(() =>
      Effect.map(asyncio.currentTask, (current) => {
        task = current
      })
    )
    yield* EventLoop.callExceptionHandler({ message: "" })
    return task
  })
  everywhere("it is no part of the task that set it", taskOfHandler, Option.none())
  everywhere("nor of the task that its loop is made in", EventLoop.provide(taskOfHandler), Option.none())
})

describe("an exception handler that fails loses nothing", () => {
  const lost = Effect.andThen(createTask(Effect.fail("THE FAILURE"), { name: "payment" }), ticks(1))
  for (
    const [how, handler, own] of [
      ["dies", () => Effect.die("the handler's own"), "the handler's own"],
      ["is interrupted", () => Effect.interrupt, undefined],
      ["fails later", () => Effect.andThen(ticks(3), Effect.die("the handler's own")), "the handler's own"],
      ["gives no effect", () => 5 as any, undefined]
    ] as ReadonlyArray<[string, () => Effect.Effect<void>, string | undefined]>
  ) {
    it.live(how, () =>
      Effect.gen(function*() {
        const lines = yield* loggedBy(
          EventLoop.provide(Effect.andThen(EventLoop.setExceptionHandler(handler), lost))
        )
        expect(lines.map(({ level }) => level)).toEqual(["Error", "Error"])
        expect(lines[0]!.text).toMatch(/^Task exception was never retrieved: .*'payment'/)
        expect(lines[0]!.error).toBe("THE FAILURE")
        expect(lines[1]!.text).toMatch(/^Unhandled error in exception handler: .*'payment'/)
        if (own !== undefined) expect(lines[1]!.error).toBe(own)
      }))
  }

  it.live("on a virtual loop both end the run", () =>
    Effect.gen(function*() {
      const main = Effect.andThen(EventLoop.setExceptionHandler(() => Effect.die("the handler's own")), lost)
      const exit = yield* Effect.exit(VirtualLoop.run(main))
      const defects = exit._tag === "Failure" ? exit.cause.reasons.filter(Cause.isDieReason) : []
      expect(defects.map(({ defect }) => defect)).toEqual(["THE FAILURE", "the handler's own"])
    }))

  it.live("on a virtual loop an interruption, which is no failure, is in the log", () =>
    Effect.gen(function*() {
      const lines = yield* loggedBy(Effect.gen(function*() {
        const main = Effect.andThen(EventLoop.setExceptionHandler(() => Effect.interrupt), lost)
        expect(yield* defectOf(VirtualLoop.run(main))).toBe("THE FAILURE")
      }))
      expect(lines.map(({ text }) => text.split(":")[0])).toEqual(["Unhandled error in exception handler"])
    }))
})

describe("a fiber outside of the loop's tasks", () => {
  const waits: ReadonlyArray<[string, Effect.Effect<unknown, unknown, EventLoop.EventLoop>]> = [
    ["sleep", sleep("1 hour")],
    ["timeout", Effect.exit(asyncio.timeout("1 hour", () => Effect.never))],
    ["waitFor", Effect.exit(asyncio.waitFor(never, "1 hour"))],
    ["wait", Effect.flatMap(Future.make<void>(), (future) => asyncio.wait([future], { timeout: "1 hour" }))],
    [
      "asCompleted",
      Effect.flatMap(
        Future.make<void>(),
        (future) =>
          Effect.flatMap(asyncio.asCompletedEffects([future], { timeout: "1 hour" }), ([next]) => Effect.exit(next!))
      )
    ]
  ]
  for (const [name, wait] of waits) {
    it.live(`in ${name} goes on after the loop has closed`, () =>
      onStandingClock((clock, run) =>
        Effect.gen(function*() {
          const lines: Array<string> = []
          const daemon = Effect.onExit(wait, (exit) => Effect.sync(() => lines.push(exit._tag)))
          yield* run(Effect.andThen(Effect.forkDetach(daemon), ticks(3)))
          yield* clock.adjust("59 minutes")
          expect(lines).toEqual([])
          yield* clock.adjust("1 minute")
          expect(lines).toEqual(["Success"])
          expect(clock.sleeping).toBe(0)
        })
      ))

    it.live(`in ${name} is interrupted on a virtual loop: time ends there`, () =>
      Effect.gen(function*() {
        const lines: Array<string> = []
        const daemon = Effect.forever(wait).pipe(
          Effect.onInterrupt(() => Effect.andThen(sleep("1 minute"), Effect.sync(() => lines.push("cleaned up"))))
        )
        yield* VirtualLoop.run(Effect.andThen(Effect.forkDetach(daemon), sleep("1 second")))
        expect(lines).toEqual(["cleaned up"])
      }))
  }

  it.live("on a virtual loop: one that Effect's own sleep holds, one that is ready, one that can't be interrupted", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const say = (line: string) => Effect.sync(() => lines.push(line))
      yield* VirtualLoop.run(Effect.gen(function*() {
        yield* Effect.forkDetach(Effect.onInterrupt(Effect.sleep("1 hour"), () => say("interrupted")))
        yield* Effect.forkDetach(Effect.andThen(ticks(5), say("ran on")))
        yield* Effect.forkDetach(Effect.uninterruptible(Effect.andThen(sleep("1 hour"), say("slept"))))
        yield* ticks(2)
      }))
      expect(lines).toEqual(["ran on", "interrupted", "slept"])
    }))

  it.live("on a virtual loop: one that never ends does not hold it", () =>
    Effect.gen(function*() {
      const spin = Effect.uninterruptible(Effect.forever(sleep("1 second")))
      yield* VirtualLoop.run(Effect.andThen(Effect.forkDetach(spin), ticks(2)), { maxTicks: 1000 })
    }))

  it.live("its callbacks go with the loop, and leave no sleep of the Clock", () =>
    onStandingClock((clock, run) =>
      Effect.gen(function*() {
        const callback = () => expect.unreachable("called")
        yield* run(Effect.andThen(EventLoop.callLater("1 hour", callback), ticks(2)))
        expect(clock.sleeping).toBe(0)
        yield* run(Effect.andThen(
          Effect.flatMap(Future.make<void>(), (future) => asyncio.asCompletedEffects([future], { timeout: "1 hour" })),
          ticks(2)
        ))
        expect(clock.sleeping).toBe(0)
      })
    ))
})

describe("a clean-up that never ends", () => {
  const hung = (cleanUp: Effect.Effect<unknown, unknown, EventLoop.EventLoop>) =>
    Effect.andThen(createTask(Effect.ensuring(never, Effect.ignore(cleanUp)), { name: "hung" }), ticks(2))
  const forLock = Effect.flatMap(Lock.make, (lock) => Effect.andThen(Lock.acquire(lock), Lock.acquire(lock)))
  const inWords = "<Task cancelling name='hung' waiting for a Lock held by task 'hung'>"
  const spin = (count: () => void) => Effect.uninterruptible(Effect.forever(Effect.map(Effect.yieldNow, count)))
  const noteOf = (lines: ReadonlyArray<{ readonly level: string; readonly text: string }>) =>
    lines.map(({ level, text }) => `${level}: ${text.replace(/ created at [^\s>]+/g, "")}`)

  describe("closeTimeout", () => {
    const error = [
      "Error: the event loop did not close within closeTimeout, 2 s; abandoned:",
      `  ${inWords}`
    ].join("\n")

    it.live("gives it up, and an error names it: provide", () =>
      onStandingClock((clock, run) =>
        Effect.gen(function*() {
          const lines = yield* loggedBy(Effect.gen(function*() {
            const loop = yield* Effect.forkChild(run(hung(forLock), { closeTimeout: "2 seconds" }))
            yield* clock.adjust("1999 millis")
            expect(loop.pollUnsafe()).toBe(undefined)
            yield* clock.adjust("1 milli")
            expect(loop.pollUnsafe()?._tag).toBe("Success")
          }))
          expect(noteOf(lines)).toEqual([error])
          expect(clock.sleeping).toBe(0)
        })
      ))

    it.live("layer", () =>
      onStandingClock((clock) =>
        Effect.gen(function*() {
          const lines = yield* loggedBy(Effect.gen(function*() {
            const layer = EventLoop.layer({ closeTimeout: "2 seconds" })
            const loop = yield* Effect.forkChild(
              Effect.provideService(Effect.provide(hung(forLock), layer), Clock.Clock, clock)
            )
            yield* clock.adjust("2 seconds")
            expect(loop.pollUnsafe()?._tag).toBe("Success")
          }))
          expect(noteOf(lines)).toEqual([error])
        })
      ))

    it.live("a virtual loop, in its own time", () =>
      Effect.gen(function*() {
        const lines = yield* loggedBy(
          VirtualLoop.run(hung(Effect.forever(sleep("1 second"))), { closeTimeout: "2 seconds" })
        )
        expect(noteOf(lines)).toEqual([error.replace(/a Lock.*>/, "a timer>")])
      }))

    for (
      const [name, run] of [
        ["run", (main: Program<unknown, never>) => asyncio.run(main, { closeTimeout: 1 })],
        ["Runner", async (main: Program<unknown, never>) => {
          await using runner = Runner.make({ closeTimeout: 1 })
          await runner.run(main)
        }]
      ] as const
    ) {
      it(name, async () => {
        const written: Array<unknown> = []
        const console = vi.spyOn(globalThis.console, "log").mockImplementation((...parts) =>
          void written.push(...parts)
        )
        try {
          await run(hung(forLock))
        } finally {
          console.mockRestore()
        }
        expect(written.join()).toMatch(/ERROR.*closeTimeout, 1 ms; abandoned:\n {2}<Task cancelling name='hung'/)
      })
    }

    it.live("names all that is left, the exception handler too, whose report is not lost", () =>
      onStandingClock((clock, run) =>
        Effect.gen(function*() {
          const lines = yield* loggedBy(Effect.gen(function*() {
            const main = Effect.gen(function*() {
              yield* EventLoop.setExceptionHandler(() => Effect.uninterruptible(Effect.never))
              yield* EventLoop.callExceptionHandler({ message: "disk full", cause: Cause.fail("THE FAILURE") })
              const inner = yield* createTask(Effect.uninterruptible(Effect.never), { name: "inner" })
              yield* hung(Task.await(inner))
            })
            const loop = yield* Effect.forkChild(run(main, { closeTimeout: "2 seconds" }))
            yield* clock.adjust("2 seconds")
            expect(loop.pollUnsafe()?._tag).toBe("Success")
          }))
          expect(noteOf(lines)).toEqual([
            "Error: disk full",
            [
              "Error: the event loop did not close within closeTimeout, 2 s; abandoned:",
              "  <Task cancelling name='inner'>",
              "  <Task cancelling name='hung' waiting for task 'inner'>",
              "  the exception handler, told of: disk full"
            ].join("\n")
          ])
          expect(lines[0]!.error).toBe("THE FAILURE")
        })
      ))

    it.live("what is abandoned counts as cancelled, and gets no further step", () =>
      onStandingClock((clock, run) =>
        Effect.gen(function*() {
          let steps = 0
          const count = () => void steps++
          const poll = Effect.forever(Effect.map(sleep("100 millis"), count))
          const long = Effect.map(sleep("10 minutes"), count)
          const queue = yield* Queue.make<string>()
          for (
            const cleanUp of [
              spin(count),
              poll,
              Effect.all([spin(count), spin(count)], { concurrency: 2 }),
              Effect.all([poll, poll], { concurrency: 2 }),
              Effect.all([long, long], { concurrency: 2 }),
              Effect.andThen(Effect.sleep("1200 millis"), poll),
              Effect.andThen(
                asyncio.timeout("1 hour", () => Effect.uninterruptible(Effect.sleep("1200 millis"))),
                Effect.andThen(Effect.sleep("200 millis"), poll)
              ),
              asyncio.timeout("1 hour", () => Effect.uninterruptible(poll)),
              Queue.get(queue)
            ]
          ) {
            let task: Task.Task<unknown, unknown> | undefined
            const main = Effect.gen(function*() {
              task = yield* createTask(Effect.ensuring(never, Effect.ignore(cleanUp)))
              yield* ticks(2)
            })
            const loop = yield* Effect.forkChild(Effect.asVoid(loggedBy(run(main, { closeTimeout: "1 second" }))))
            yield* clock.adjust("500 millis")
            yield* clock.adjust("500 millis")
            expect(loop.pollUnsafe()?._tag).toBe("Success")
            expect(Task.cancelled(task!)).toBe(true)
            // What is not the loop's, as Effect's own sleep, comes to its end; then it stops.
            yield* clock.adjust("1 second")
            yield* clock.adjust("1 second")
            expect(clock.sleeping).toBe(0)
            const before = steps
            yield* clock.adjust("1 hour")
            expect(steps - before).toBe(0)
          }
          expect(steps).toBeGreaterThan(0)
          // It holds no place in line either.
          yield* Queue.put(queue, "item")
          yield* ticks(3)
          expect(Queue.size(queue)).toBe(1)
        })
      ))

    it.live("from then on it waits for nothing: not for the handler that is told now, not for what that makes", () =>
      onStandingClock((clock, run) =>
        Effect.gen(function*() {
          const late = Effect.uninterruptible(Effect.never)
          for (const told of [Effect.never, Effect.asVoid(createTask(late, { eager: true }))]) {
            const lines = yield* loggedBy(Effect.gen(function*() {
              const main = Effect.gen(function*() {
                yield* EventLoop.setExceptionHandler(() => told)
                yield* createTask(Effect.fail("lost"))
                yield* hung(Effect.never)
              })
              const loop = yield* Effect.forkChild(run(main, { closeTimeout: "1 second" }))
              yield* clock.adjust("1 second")
              expect(loop.pollUnsafe()?._tag).toBe("Success")
            }))
            expect(lines[0]!.text).toContain("closeTimeout")
            expect(lines.slice(1).map(({ error }) => error)).toEqual(told === Effect.never ? ["lost"] : [])
          }
        })
      ))

    it.live("a handler alone", () =>
      onStandingClock((clock, run) =>
        Effect.gen(function*() {
          const lines = yield* loggedBy(Effect.gen(function*() {
            const main = Effect.andThen(
              EventLoop.setExceptionHandler(() => Effect.uninterruptible(Effect.never)),
              createTask(Effect.fail("lost"))
            )
            const loop = yield* Effect.forkChild(run(main, { closeTimeout: "1 second" }))
            yield* clock.adjust("1 second")
            expect(loop.pollUnsafe()?._tag).toBe("Success")
          }))
          expect(lines.map(({ error }) => error)).toEqual(["lost", undefined])
        })
      ))

    it.live("one that ends in time is none, and the limit leaves no sleep behind", () =>
      onStandingClock((clock, run) =>
        Effect.gen(function*() {
          const lines = yield* loggedBy(Effect.gen(function*() {
            const loop = yield* Effect.forkChild(run(hung(sleep("1 second")), { closeTimeout: "2 seconds" }))
            yield* clock.adjust("1 second")
            expect(loop.pollUnsafe()?._tag).toBe("Success")
          }))
          expect(lines).toEqual([])
          expect(clock.sleeping).toBe(0)
        })
      ))

    for (const closeTimeout of [NaN, "soon"] as ReadonlyArray<any>) {
      it.live(`${String(closeTimeout)} dies with IllegalArgumentError`, () =>
        Effect.gen(function*() {
          const defect = yield* defectOf(
            EventLoop.provide(Effect.void, { closeTimeout: closeTimeout as Duration.Input })
          )
          expect(Cause.isIllegalArgumentError(defect)).toBe(true)
        }))
    }
  })

  describe("without a limit", () => {
    /** What is logged in the first hour of a closing that waits for a clean-up; `around` is what the loop is made in. */
    const hourOf = (
      cleanUp: Effect.Effect<unknown>,
      around: (loop: Effect.Effect<void>) => Effect.Effect<void> = (loop) => loop
    ) =>
      onStandingClock((clock, run) =>
        loggedBy(Effect.gen(function*() {
          const end = yield* Event.make
          const loop = yield* Effect.forkChild(around(run(hung(Effect.raceFirst(cleanUp, Event.wait(end))))))
          yield* clock.adjust("4999 millis")
          yield* clock.adjust("1 milli")
          yield* clock.adjust("1 hour")
          yield* Event.set(end)
          yield* Fiber.join(loop)
          expect(clock.sleeping).toBe(0)
        }))
      )
    const warning = [
      "Warn: the event loop has been closing for 5 s, and waits for:",
      "  <Task cancelling name='hung'>"
    ].join("\n")

    it.live("a live loop warns after 5 s, once, and names it", () =>
      Effect.gen(function*() {
        expect(noteOf(yield* hourOf(Effect.never))).toEqual([warning])
      }))

    it.live("one inside of another, too", () =>
      Effect.gen(function*() {
        expect(noteOf(yield* hourOf(Effect.never, (loop) => EventLoop.provide(loop)))).toEqual([warning])
      }))

    it.live("says what it waits for", () =>
      onStandingClock((clock, run) =>
        Effect.gen(function*() {
          const lock = yield* Lock.make
          const lines = yield* loggedBy(Effect.gen(function*() {
            yield* Lock.acquire(lock)
            const loop = yield* Effect.forkChild(run(hung(Lock.acquire(lock))))
            yield* clock.adjust("5 seconds")
            yield* Lock.release(lock)
            yield* Fiber.join(loop)
          }))
          expect(noteOf(lines)).toEqual([warning.replace("'hung'", "'hung' waiting for a Lock")])
        })
      ))

    it.live("one that ends in time is none", () =>
      Effect.gen(function*() {
        expect(yield* hourOf(sleep("4 seconds"))).toEqual([])
      }))

    it.live("a loop that closes at once or in time leaves no sleep of the Clock", () =>
      onStandingClock((clock, run) =>
        Effect.gen(function*() {
          yield* run(Effect.void)
          yield* run(hung(ticks(3)))
          expect(clock.sleeping).toBe(0)
        })
      ))

    it.live("a loop on somebody else's scheduler, as TestClock's, leaves its clock alone", () =>
      onStandingClock((clock, run) =>
        Effect.gen(function*() {
          const plain = new Scheduler.MixedScheduler()
          const other: Scheduler.Scheduler = {
            executionMode: "async",
            shouldYield: (fiber) => plain.shouldYield(fiber),
            makeDispatcher: () => plain.makeDispatcher()
          }
          const end = yield* Event.make
          const loop = yield* Effect.forkChild(
            Effect.provideService(run(hung(Event.wait(end))), Scheduler.Scheduler, other)
          )
          yield* ticks(50)
          expect([loop.pollUnsafe(), clock.slept]).toEqual([undefined, 0])
          yield* Event.set(end)
          yield* Fiber.join(loop)
        })
      ))

    it.live("nor does a virtual one", () =>
      Effect.gen(function*() {
        const lines = yield* loggedBy(VirtualLoop.run(hung(sleep("1 hour"))))
        expect(lines).toEqual([])
      }))
  })
})

it.live("a closing loop runs callbacks and tasks until all is done", () =>
  Effect.gen(function*() {
    const messages = yield* messagesOf(
      Effect.gen(function*() {
        const context = yield* Effect.context<EventLoop.EventLoop>()
        const cleanUp = Effect.gen(function*() {
          const called = yield* Future.make<string>()
          yield* EventLoop.callLater("1 second", () => Future.succeedUnsafe(called, "called"))
          expect(yield* called).toBe("called")
          expect(Context.get(context, EventLoop.EventLoop).isClosed()).toBe(false)
          yield* createTask(Effect.fail("late"), { eager: true })
        })
        yield* createTask(Effect.ensuring(never, cleanUp))
        yield* ticks(2)
      }),
      onVirtual
    )
    expect(messages).toEqual(["Task exception was never retrieved"])
  }))
