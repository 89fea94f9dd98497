import { assert, describe, expect, it } from "@effect/vitest"
import { Cause, Context, Effect, Exit, Fiber, Logger, Option, References, Scope, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Future, RuntimeError, Task } from "effect-asyncio"
import { VirtualLoop } from "effect-asyncio/testing"
import { inspect } from "node:util"
import { openRegion } from "../src/internal/openRegion.ts"
import {
  cancelSoon,
  collect,
  defectOf,
  everywhere,
  logged,
  messagesOf,
  type OnLoop,
  onVirtual,
  outcome,
  outcomeOf,
  type Program,
  quiet,
  reportsOf,
  settled,
  ticks,
  ticksOf,
  timed,
  underTestClock
} from "./support/loops.ts"

const { createTask, sleep } = asyncio
const self = Effect.map(asyncio.currentTask, Option.getOrThrow)
const nameOf = Effect.map(asyncio.currentTask, Option.map((task) => task.name))
const day = sleep("1 day")
const never = Effect.flatMap(Future.make<never>(), Future.join)

const loops: ReadonlyArray<[string, OnLoop]> = [
  ["live", (main) => EventLoop.provide(main)],
  ["TestClock", underTestClock],
  ["virtual", onVirtual]
]

/** A task that is asked to cancel once it is parked, and how it ends. */
const cancelled = <A, E>(effect: Effect.Effect<A, E, EventLoop.EventLoop>) =>
  Effect.gen(function*() {
    const task = yield* createTask(effect)
    expect(yield* cancelSoon(task)).toBe(true)
    return outcomeOf(yield* Task.await(task))
  })

// ------------------------------------------------------------------------------------------------------------ creating

describe("createTask", () => {
  everywhere(
    "begins in the next tick, in order of creation",
    logged((log) =>
      Effect.gen(function*() {
        const tasks = yield* Effect.forEach(["a", "b", "c"], (name) => createTask(Effect.sync(() => log(name))))
        log("created")
        log(tasks.map((task) => [Task.done(task), task.fiber]))
        yield* Effect.yieldNow
        log(tasks.map((task) => [Task.done(task), Fiber.isFiber(task.fiber)]))
      })
    ),
    ["created", [1, 2, 3].map(() => [false, undefined]), "a", "b", "c", [1, 2, 3].map(() => [true, true])]
  )

  class Setting extends Context.Service<Setting, string>()("Setting") {}
  everywhere(
    "keeps the services of its creator",
    Effect.gen(function*() {
      const create = createTask(Effect.andThen(sleep(0), Setting))
      const a = yield* Effect.provideService(create, Setting, "a")
      const b = yield* Effect.provideService(create, Setting, "b")
      expect([yield* b, yield* a]).toEqual(["b", "a"])
    })
  )

  everywhere(
    "the loop owns it: it goes on when the fiber and the task that made it end",
    Effect.gen(function*() {
      const later = Effect.as(ticks(10), "went on")
      const byFiber = yield* Effect.flatMap(Effect.forkChild(createTask(later)), Fiber.join)
      const byTask = yield* yield* createTask(createTask(later))
      const inScope = yield* Effect.scoped(createTask(later))
      const tasks: Array<Task.Task<string>> = []
      const interrupted = yield* Effect.forkChild(
        Effect.flatMap(createTask(later), (task) => Effect.andThen(Effect.sync(() => tasks.push(task)), never))
      )
      yield* ticks(2)
      yield* Fiber.interrupt(interrupted)
      expect(yield* asyncio.gather([byFiber, byTask, inScope, ...tasks])).toEqual(
        ["went on", "went on", "went on", "went on"]
      )
    })
  )

  for (const bad of [undefined, null, 5, "effect", {}, Promise.resolve(1), () => Effect.void] as ReadonlyArray<any>) {
    everywhere(
      `dies with IllegalArgumentError for ${inspect(bad)}`,
      Effect.gen(function*() {
        const defect = yield* defectOf(Effect.suspend(() => createTask(bad as Effect.Effect<unknown>)))
        expect(Cause.isIllegalArgumentError(defect)).toBe(true)
        expect(defect.message).toContain("createTask")
        expect((yield* asyncio.allTasks).size).toBe(1)
      })
    )
  }
  everywhere(
    "dies with IllegalArgumentError for a Task and for a Future, as in asyncio",
    Effect.gen(function*() {
      for (const bad of [yield* createTask(Effect.void), yield* Future.make()] as ReadonlyArray<any>) {
        expect(
          Cause.isIllegalArgumentError(yield* defectOf(Effect.suspend(() => createTask(bad as Effect.Effect<unknown>))))
        ).toBe(true)
      }
    })
  )
})

describe("eager", () => {
  everywhere(
    "the first step runs inside the creating call, as the current task",
    logged((log) =>
      Effect.gen(function*() {
        const body = Effect.gen(function*() {
          log(Option.getOrUndefined(yield* nameOf))
          yield* sleep(0)
          log("second step")
          return 1
        })
        const task = yield* createTask(body, { eager: true, name: "eager" })
        log([Option.getOrUndefined(yield* nameOf), Task.done(task), Fiber.isFiber(task.fiber)])
        log(yield* task)
      })
    ),
    ["eager", ["Task-1", false, true], "second step", 1]
  )

  everywhere(
    "one that ends in its first step is done at once; a failure is kept, not thrown",
    Effect.gen(function*() {
      const good = yield* createTask(Effect.succeed(1), { eager: true })
      const bad = yield* createTask(Effect.fail("no"), { eager: true })
      const buggy = yield* createTask(Effect.die("bug"), { eager: true })
      expect([good, bad, buggy].map((task) => Task.done(task))).toEqual([true, true, true])
      expect((yield* asyncio.allTasks).size).toBe(1)
      expect([yield* outcome(Task.join(good)), yield* outcome(Task.join(bad)), yield* outcome(Task.join(buggy))])
        .toEqual([1, "fail no", "die bug"])
    })
  )

  everywhere(
    "its callbacks still go through the ready queue",
    logged((log) =>
      Effect.gen(function*() {
        const task = yield* createTask(Effect.succeed(1), { eager: true })
        yield* Task.addDoneCallback(task, () => log("callback"))
        log("added")
        yield* Effect.yieldNow
      })
    ),
    ["added", "callback"]
  )

  everywhere(
    "a request to itself in the first step: cancelled at the end of it",
    Effect.gen(function*() {
      const task = yield* createTask(Effect.flatMap(self, (task) => Task.cancel(task)), { eager: true })
      expect([Task.done(task), Task.cancelled(task)]).toEqual([true, true])
    })
  )

  everywhere(
    "eager: false is the default",
    logged((log) =>
      Effect.gen(function*() {
        yield* createTask(Effect.sync(() => log("false")), { eager: false })
        yield* createTask(Effect.sync(() => log("undefined")), { eager: undefined })
        log("created")
        yield* Effect.yieldNow
      })
    ),
    ["created", "false", "undefined"]
  )
})

describe("names", () => {
  everywhere(
    "Task-N, counted by loop; given names do not count",
    Effect.gen(function*() {
      const tasks = [
        yield* createTask(Effect.void),
        yield* createTask(Effect.void, { name: "mine" }),
        yield* createTask(Effect.void, { name: undefined }),
        yield* asyncio.ensureFuture(Effect.void),
        yield* createTask(Effect.void, { name: "" })
      ]
      expect(tasks.map((task) => task.name)).toEqual(["Task-2", "mine", "Task-3", "Task-4", ""])
      expect(yield* EventLoop.provide(nameOf)).toEqual(Option.some("Task-1"))
    })
  )

  everywhere(
    "setName, also of a done task",
    Effect.gen(function*() {
      const task = yield* createTask(Effect.void)
      yield* Task.setName(task, "renamed")
      expect([task.name, String(task)]).toEqual(["renamed", expect.stringContaining("'renamed'")])
      yield* task
      yield* Task.setName(task, "done")
      expect(task.name).toBe("done")
    })
  )
})

describe("createdAt", () => {
  const here = /Task\.test\.ts:\d+:\d+$/
  everywhere(
    "the line of the call, for createTask and what makes tasks",
    Effect.gen(function*() {
      const create = () => createTask(sleep(0))
      const [a, b] = [yield* create(), yield* createTask(sleep(0))]
      const ensured = yield* asyncio.ensureFuture(sleep(0))
      const { done } = yield* asyncio.wait([sleep(0)])
      const children: Array<Task.Task<unknown, unknown>> = []
      const noteSelf = Effect.map(self, (task) => children.push(task))
      yield* asyncio.gather([noteSelf])
      yield* asyncio.shield(noteSelf)
      yield* Stream.runDrain(asyncio.asCompleted([noteSelf]))
      for (const each of yield* asyncio.asCompletedEffects([noteSelf])) yield* each
      yield* asyncio.TaskGroup.run((group) => group.createTask(noteSelf))
      expect(children.length).toBe(5)
      for (const task of [a, b, ensured, ...done, ...children]) expect(task.createdAt).toMatch(here)
      expect(a.createdAt).not.toBe(b.createdAt)
    })
  )

  it.live("undefined without stack traces, and Error.stackTraceLimit stays as it was", () =>
    EventLoop.provide(Effect.gen(function*() {
      const limit = Error.stackTraceLimit
      for (const set of [0, 3, 100]) {
        Error.stackTraceLimit = set
        const create = createTask(Effect.void)
        expect(Error.stackTraceLimit).toBe(set)
        Error.stackTraceLimit = limit
        const task = yield* create
        if (set === 0) expect(task.createdAt).toBe(undefined)
        else expect(task.createdAt).toMatch(here)
      }
    })))
})

// --------------------------------------------------------------------------------------------------------------- state

describe("current and all", () => {
  everywhere(
    "the task whose code runs: in steps, in fibers that it forks, in regions, in finalizers",
    logged((log) =>
      Effect.gen(function*() {
        const say = (where: string) =>
          Effect.map(nameOf, (name) => log(`${where}: ${Option.getOrElse(name, () => "none")}`))
        yield* say("main")
        const body = Effect.gen(function*() {
          yield* say("first step")
          yield* sleep(0)
          yield* say("second step")
          yield* Fiber.await(yield* Effect.forkChild(Effect.andThen(Effect.yieldNow, say("forkChild"))))
          yield* Fiber.await(yield* Effect.forkDetach(say("forkDetach")))
          yield* Task.catchCancelled(say("region"), () => Effect.void)
          yield* Effect.ensuring(Effect.void, say("finalizer"))
        })
        yield* yield* createTask(body, { name: "worker" })
        yield* say("main again")
      })
    ),
    [
      "main: Task-1",
      "first step: worker",
      "second step: worker",
      "forkChild: worker",
      "forkDetach: worker",
      "region: worker",
      "finalizer: worker",
      "main again: Task-1"
    ]
  )

  it.live("none in a bare fiber, nor in a callback", () =>
    Effect.gen(function*() {
      expect(yield* asyncio.currentTask).toEqual(Option.none())
      const context = yield* Effect.context<EventLoop.EventLoop>()
      const seen: Array<unknown> = []
      yield* createTask(sleep(0))
      yield* EventLoop.callSoon(() => seen.push(Effect.runSyncWith(context)(asyncio.currentTask)))
      yield* ticks(2)
      expect(seen).toEqual([Option.none()])
      expect(yield* Task.catchCancelled(asyncio.currentTask, () => Effect.succeedNone)).toEqual(Option.none())
    }).pipe(Effect.provide(EventLoop.layer())))

  everywhere(
    "all: those that are not done, in order of creation, as they are now",
    Effect.gen(function*() {
      const names = Effect.map(asyncio.allTasks, (tasks) => Array.from(tasks, (task) => task.name))
      const a = yield* createTask(never, { name: "a" })
      yield* createTask(Effect.void, { name: "b" })
      yield* createTask(never, { name: "c" })
      const before = yield* asyncio.allTasks
      expect(yield* names).toEqual(["Task-1", "a", "b", "c"])
      yield* Effect.yieldNow
      expect(yield* names).toEqual(["Task-1", "a", "c"])
      // Asked to cancel is not done.
      yield* Task.cancel(a)
      expect(yield* names).toEqual(["Task-1", "a", "c"])
      yield* ticks(2)
      expect(yield* names).toEqual(["Task-1", "c"])
      expect(before.size).toBe(4)
    })
  )
})

describe("state", () => {
  const cases: ReadonlyArray<[string, Effect.Effect<number, string, EventLoop.EventLoop>, ReadonlyArray<unknown>]> = [
    ["a value", Effect.succeed(1), [true, false, 1, Option.none()]],
    ["a failure", Effect.fail("no"), [true, false, "fail no", Option.some(Cause.fail("no"))]],
    ["a defect", Effect.die("bug"), [true, false, "die bug", Option.some(Cause.die("bug"))]],
    [
      "what its body throws",
      Effect.sync(() => {
        throw "thrown"
      }),
      [true, false, "die thrown", Option.some(Cause.die("thrown"))]
    ],
    ["an interruption", Effect.interrupt, [true, true, "cancelled", "cancelled"]]
  ]
  for (const [name, effect, expected] of cases) {
    everywhere(
      `${name}: done, cancelled, result, exception; the same by join and await`,
      Effect.gen(function*() {
        const task = yield* createTask(effect)
        yield* Effect.yieldNow
        const exception = yield* outcome(Task.exception(task))
        expect([
          Task.done(task),
          Task.cancelled(task),
          yield* outcome(Task.result(task)),
          exception
        ].map(plain)).toEqual(expected.map(plain))
        expect(yield* outcome(Task.join(task))).toEqual(expected[2])
        expect(outcomeOf(yield* Task.await(task))).toEqual(expected[2])
      })
    )
  }

  everywhere(
    "pending: result and exception are InvalidStateErrors that name the task",
    Effect.gen(function*() {
      const task = yield* createTask(Effect.andThen(sleep(0), Effect.succeed(1)), { name: "slow" })
      for (const _ of [1, 2]) {
        for (const early of [yield* Effect.flip(Task.result(task)), yield* Effect.flip(Task.exception(task))]) {
          expect(early._tag).toBe("InvalidStateError")
          expect(early.message).toContain("'slow'")
        }
        yield* Effect.yieldNow
      }
      yield* Effect.yieldNow
      expect(yield* Task.result(task)).toBe(1)
    })
  )
})

/** Causes carry stack annotations that say nothing here. */
const plain = (value: unknown): unknown =>
  Option.isOption(value) && Option.isSome(value) && Cause.isCause(value.value)
    ? value.value.reasons.map((reason) => [reason._tag, Cause.squash(value.value as Cause.Cause<unknown>)])
    : value

describe("ticks", () => {
  const done = Effect.tap(createTask(Effect.succeed(1)), Task.join)
  for (
    const [name, effect, expected] of [
      ["an effect", Effect.succeed(1), 0],
      ["a done task", Effect.flatMap(done, (task) => ticksOf(Task.join(task))), 0],
      ["a new task", Effect.flatMap(createTask(Effect.void), Task.join), 2],
      ["a new task, watched", Effect.flatMap(createTask(Effect.void), Task.await), 2],
      ["an eager task that ends at once", Effect.flatMap(createTask(Effect.void, { eager: true }), Task.join), 0],
      ["an eager task of two steps", Effect.flatMap(createTask(sleep(0), { eager: true }), Task.join), 2],
      [
        "a task that joins a task",
        Effect.flatMap(createTask(Effect.flatMap(createTask(Effect.void), Task.join)), Task.join),
        4
      ],
      [
        "a task cancelled before its first step",
        Effect.flatMap(createTask(Effect.void), (task) => Effect.andThen(Task.cancel(task), Task.await(task))),
        2
      ],
      ["a region", Task.catchCancelled(Effect.void, () => Effect.void), 0],
      ["a region around a tick", Task.catchCancelled(sleep(0), () => Effect.void), 1]
    ] as ReadonlyArray<[string, Program, number]>
  ) {
    everywhere(
      `${name}: ${expected}`,
      name === "a done task" ? effect : ticksOf(effect),
      expected
    )
  }
  everywhere(
    "a sleeping task: cancelled in 1, its waiter in 2",
    Effect.gen(function*() {
      const task = yield* createTask(day)
      yield* ticks(2)
      expect(yield* ticksOf(Effect.andThen(Task.cancel(task), Task.await(task)))).toBe(2)
    })
  )
})

describe("misuse", () => {
  const awaitingItself: ReadonlyArray<[string, (task: Task.Task<unknown>) => Effect.Effect<unknown>]> = [
    ["join", Task.join],
    ["await", Task.await],
    ["yield*", (task) =>
      Effect.gen(function*() {
        return yield* task
      })],
    ["a fiber that it forked", (task) => Effect.flatMap(Effect.forkChild(Task.join(task)), Fiber.join)]
  ]
  for (const [name, wait] of awaitingItself) {
    everywhere(
      `a task that awaits itself dies with RuntimeError: ${name}`,
      Effect.gen(function*() {
        const task: Task.Task<unknown> = yield* createTask(Effect.flatMap(self, (task) => wait(task as any)), {
          name: "narcissus"
        })
        const defect = yield* defectOf(Task.join(task))
        expect(defect).toBeInstanceOf(RuntimeError)
        expect(defect.message).toContain("'narcissus'")
      })
    )
  }
  everywhere(
    "… in a region, too",
    Effect.gen(function*() {
      const task = yield* createTask(
        Task.catchCancelled(Effect.flatMap(self, (task) => Task.join(task)), () => Effect.void)
      )
      expect(yield* defectOf(Task.join(task))).toBeInstanceOf(RuntimeError)
    })
  )

  everywhere(
    "a task of another loop: waiting for it dies with RuntimeError, and leaves it alone",
    Effect.gen(function*() {
      const task = yield* createTask(Effect.as(ticks(20), 1), { name: "foreign" })
      yield* EventLoop.provide(Effect.gen(function*() {
        for (const wait of [Task.join(task), Task.await(task), asyncio.gather([task])]) {
          const defect = yield* defectOf<unknown, unknown, EventLoop.EventLoop>(wait)
          expect(defect).toBeInstanceOf(RuntimeError)
          expect(defect.message).toContain("'foreign'")
        }
      }))
      expect(yield* task).toBe(1)
    })
  )

  const none: ReadonlyArray<any> = [undefined, null, 1, {}, Effect.succeed(1)]
  everywhere(
    "cancelling, setName and uncancel of what is no task",
    Effect.gen(function*() {
      const future: any = yield* Future.make<number>()
      for (const bad of [...none, future]) {
        expect(() => Task.cancelling(bad)).toThrow(Cause.IllegalArgumentError)
        expect(Cause.isIllegalArgumentError(yield* defectOf(Task.setName(bad, "x")))).toBe(true)
        expect(Cause.isIllegalArgumentError(yield* defectOf(Task.uncancel(bad)))).toBe(true)
      }
      expect([...none, future].map(Task.isTask)).toEqual([false, false, false, false, false, false])
      expect(Task.isTask(yield* createTask(Effect.void))).toBe(true)
    })
  )
})

describe("printing", () => {
  everywhere(
    "pending, with what it waits for and where it was created; finished, failed, cancelled",
    Effect.gen(function*() {
      const error = new RangeError("too far")
      const sleeper = yield* createTask(sleep(0, "value"), { name: "good" })
      const bad = yield* createTask(Effect.fail(error), { name: "bad" })
      const cancelled = yield* createTask(Effect.interrupt, { name: "gone" })
      const joiner = yield* createTask(Task.await(sleeper), { name: "joiner" })
      expect(String(sleeper)).toMatch(/^<Task pending name='good' .*Task\.test\.ts:\d+:\d+>$/)
      yield* Effect.yieldNow
      expect(String(joiner)).toMatch(/^<Task pending name='joiner' .*'good'.*>$/)
      yield* joiner
      expect(String(sleeper)).toBe("<Task finished name='good' result=\"value\">")
      expect(String(bad)).toMatch(/^<Task finished name='bad' exception=RangeError\("too far"\).*>$/)
      expect(String(cancelled)).toMatch(/^<Task cancelled name='gone'.*>$/)
      for (const task of [sleeper, bad, cancelled, joiner]) {
        expect(inspect(task)).toBe(String(task))
        expect(inspect({ task })).toContain(String(task))
        expect(`${task}`).toBe(String(task))
        expect(JSON.stringify({ task })).toContain(task.name)
      }
      yield* Effect.exit(Task.join(bad))
    })
  )

  everywhere(
    "printing is no look at the outcome, and never fails: a task that joins itself in a circle",
    Effect.gen(function*() {
      const tasks: Array<Task.Task<unknown>> = []
      for (const i of [0, 1]) tasks.push(yield* createTask(Effect.suspend(() => Task.join(tasks[1 - i]!))))
      yield* ticks(2)
      expect(tasks.map(String).join(" ")).toMatch(/Task-3.*Task-2/s)
      yield* Task.cancel(tasks[0]!)
      yield* settled(tasks)
    })
  )
})

// ---------------------------------------------------------------------------------------------------------- cancelling

describe("cancel", () => {
  everywhere(
    "false for a done task, however it ended",
    Effect.gen(function*() {
      for (const effect of [Effect.succeed(1), Effect.fail("no"), Effect.die("bug"), Effect.interrupt]) {
        const task = yield* createTask<unknown, unknown, never>(effect)
        const exit = yield* Task.await(task)
        expect([yield* Task.cancel(task), Task.cancelUnsafe(task)]).toEqual([false, false])
        expect([yield* Task.await(task), Task.cancelling(task)]).toEqual([exit, 0])
      }
    })
  )

  everywhere(
    "before the first step: the body never runs",
    Effect.gen(function*() {
      const task = yield* createTask(Effect.sync(() => assert.fail("ran")))
      expect([yield* Task.cancel(task), Task.done(task), Task.cancelling(task)]).toEqual([true, false, 1])
      yield* Effect.yieldNow
      expect([Task.done(task), Task.cancelled(task), task.fiber]).toEqual([true, true, undefined])
    })
  )

  describe("wherever it waits", () => {
    const places: ReadonlyArray<[string, Effect.Effect<unknown, unknown, EventLoop.EventLoop>]> = [
      ["sleep", day],
      ["sleep(0)", Effect.forever(sleep(0))],
      ["Effect.sleep", Effect.sleep("1 day")],
      ["Effect.never", Effect.never],
      ["Effect.yieldNow", Effect.forever(Effect.yieldNow)],
      ["a future", never],
      ["a watched future", Effect.flatMap(Future.make<never>(), Future.await)],
      ["a task", Effect.flatMap(createTask(day), Task.join)],
      ["a watched task", Effect.flatMap(createTask(day), Task.await)],
      ["gather", asyncio.gather([day, day])],
      ["gather with returnExceptions", asyncio.gather([day, day], { returnExceptions: true })],
      ["wait", asyncio.wait([day, day])],
      ["a fiber", Effect.flatMap(Effect.forkChild(day), Fiber.join)],
      ["a region", Task.catchCancelled(day, () => Effect.interrupt)],
      ["Effect.timeout", Effect.timeout(day, "2 days")],
      ["Effect.all", Effect.all([day, Effect.never], { concurrency: "unbounded" })],
      ["a promise", Effect.promise(() => new Promise(() => {}))]
    ]
    for (const [name, place] of places) {
      everywhere(
        `${name}: ends cancelled, and nothing runs on`,
        quiet(Effect.gen(function*() {
          expect(yield* cancelled(Effect.andThen(place, Effect.sync(() => assert.fail("went on"))))).toBe("cancelled")
        }))
      )
      everywhere(
        `${name}: no Effect operator can swallow it`,
        quiet(Effect.gen(function*() {
          const greedy = place.pipe(
            Effect.catchCause(() => Effect.succeed("swallowed")),
            Effect.exit,
            Effect.andThen(Effect.sync(() => "went on"))
          )
          expect(yield* cancelled(greedy)).toBe("cancelled")
        }))
      )
      everywhere(
        `${name}: clean-ups run, and are waited for`,
        quiet(Effect.gen(function*() {
          const lines: Array<string> = []
          const cleanUp = Effect.andThen(ticks(3), Effect.sync(() => lines.push("cleaned up")))
          expect(yield* cancelled(Effect.ensuring(place, cleanUp))).toBe("cancelled")
          expect(lines).toEqual(["cleaned up"])
        }))
      )
      everywhere(
        `${name}: the message comes out`,
        quiet(Effect.gen(function*() {
          const task = yield* createTask(place)
          yield* ticks(2)
          yield* Task.cancel(task, { message: "because" })
          const exit = yield* Task.await(task)
          expect(Exit.isFailure(exit) && Future.cancelMessage(exit.cause)).toEqual(Option.some("because"))
        }))
      )
    }
  })

  describe("itself", () => {
    const cancelSelf = Effect.flatMap(self, (task) => Task.cancel(task, { message: "own" }))
    for (
      const [name, rest, expected] of [
        ["delivered where it suspends", Effect.andThen(sleep(0), Effect.die("went on")), "cancelled"],
        ["delivered where it yields", Effect.andThen(Effect.yieldNow, Effect.die("went on")), "cancelled"],
        [
          "… at a done future it goes on, to its value, which is lost",
          Effect.flatMap(
            Effect.tap(Future.make<number>(), (future) => Future.succeed(future, 1)),
            Future.join
          ),
          "cancelled"
        ],
        ["the value of a step that ends is lost", Effect.succeed("value"), "cancelled"],
        ["a failure wins", Effect.fail("mine"), "fail mine"],
        ["a defect wins", Effect.die("mine"), "die mine"]
      ] as ReadonlyArray<[string, Program, string]>
    ) {
      everywhere(
        name,
        Effect.gen(function*() {
          const task = yield* createTask(Effect.andThen(cancelSelf, rest))
          const exit = yield* Task.await(task)
          expect(outcomeOf(exit)).toBe(expected)
          if (expected === "cancelled") {
            expect(Exit.isFailure(exit) && Future.cancelMessage(exit.cause)).toEqual(Option.some("own"))
          }
        })
      )
    }
  })

  describe("against a wake-up", () => {
    const woken = (complete: (future: Future.Future<string, string>) => void) =>
      Effect.gen(function*() {
        const future = yield* Future.make<string, string>()
        const task = yield* createTask(Effect.map(Future.join(future), (value) => `went on with ${value}`))
        yield* Effect.yieldNow
        complete(future)
        expect(yield* Task.cancel(task)).toBe(true)
        return outcomeOf(yield* Task.await(task))
      })
    // All three as CPython has them.
    everywhere("a request beats a queued value", woken((f) => Future.succeedUnsafe(f, "value")), "cancelled")
    everywhere("… also of a cancelled future", woken((f) => Future.cancelUnsafe(f)), "cancelled")
    timed(
      "… and the end of a sleep",
      Effect.gen(function*() {
        const task = yield* createTask(Effect.as(sleep("1 second"), "slept"))
        yield* EventLoop.callLater("1 second", () => Task.cancelUnsafe(task))
        const late = yield* createTask(Effect.as(sleep("1 second"), "slept"))
        yield* settled([task, late])
        expect([Task.cancelled(task), Task.cancelled(late)]).toEqual([true, false])
      })
    )
    everywhere(
      "a request beats a last step that was queued",
      Effect.gen(function*() {
        const task = yield* createTask(sleep(0, "value"))
        yield* Effect.yieldNow
        yield* Task.cancel(task)
        expect(outcomeOf(yield* Task.await(task))).toBe("cancelled")
      })
    )
  })

  describe("what is awaited goes first", () => {
    everywhere(
      "a future, a task: cancelled, and then the waiter",
      logged((log) =>
        Effect.gen(function*() {
          const future = yield* Future.make<number>()
          const inner = yield* createTask(Future.join(future), { name: "inner" })
          const outer = yield* createTask(Task.join(inner), { name: "outer" })
          yield* ticks(2)
          yield* Task.cancel(outer)
          log([Future.cancelled(future), Task.done(inner), Task.done(outer)])
          log([Task.cancelling(inner), Task.cancelling(outer)])
          yield* Effect.yieldNow
          log([Task.cancelled(inner), Task.done(outer)])
          yield* Effect.yieldNow
          log(Task.cancelled(outer))
        })
      ),
      [[true, false, false], [1, 1], [true, false], true]
    )

    everywhere(
      "a task that swallows the request: the waiter goes on with its value, and its count stays",
      Effect.gen(function*() {
        const inner = yield* createTask(Task.catchCancelled(day, () => Effect.as(ticks(3), "swallowed")))
        const outer = yield* createTask(Effect.map(Task.join(inner), (value) => `went on: ${value}`))
        yield* ticks(2)
        expect(yield* Task.cancel(outer)).toBe(true)
        expect(yield* outer).toBe("went on: swallowed")
        expect([Task.cancelling(inner), Task.cancelling(outer)]).toEqual([1, 1])
      })
    )

    everywhere(
      "a task that fails in its clean-up: the waiter meets that failure, and may catch it",
      Effect.gen(function*() {
        const inner = yield* createTask(Task.catchCancelled(Effect.asVoid(day), () => Effect.fail("clean-up")))
        const outer = yield* createTask(Effect.catch(Task.join(inner), (error) => Effect.succeed(`caught ${error}`)))
        yield* ticks(2)
        yield* Task.cancel(outer)
        expect(yield* outer).toBe("caught clean-up")
      })
    )

    timed(
      "the waiter waits for its clean-up, however long",
      Effect.gen(function*() {
        const inner = yield* createTask(Effect.ensuring(day, sleep("1 minute")))
        const outer = yield* createTask(Task.join(inner))
        yield* sleep("1 second")
        yield* Task.cancel(outer)
        yield* Task.await(outer)
        expect([yield* EventLoop.time, Task.cancelled(outer)]).toEqual([61, true])
      })
    )

    everywhere(
      "all who await it are hit; only the one who was asked can't refuse",
      Effect.gen(function*() {
        const inner = yield* createTask(day)
        const waiter = Effect.catchCause(Task.join(inner), () => Effect.succeed("met it"))
        const [asked, other] = [yield* createTask(waiter), yield* createTask(waiter)]
        yield* ticks(2)
        yield* Task.cancel(asked)
        expect(outcomeOf(yield* Task.await(asked))).toBe("cancelled")
        expect([yield* other, Task.cancelling(other)]).toEqual(["met it", 0])
      })
    )
  })

  everywhere(
    "it does not wait, and runs nothing inside the call",
    logged((log) =>
      Effect.gen(function*() {
        const task = yield* createTask(Effect.onInterrupt(day, () => Effect.sync(() => log("interrupted"))))
        yield* ticks(2)
        yield* Task.cancel(task)
        log("asked")
        yield* EventLoop.callSoon(() => log("behind"))
        yield* Effect.yieldNow
      })
    ),
    ["asked", "interrupted", "behind"]
  )

  everywhere(
    "from a plain callback",
    Effect.gen(function*() {
      const task = yield* createTask(day)
      yield* ticks(2)
      yield* EventLoop.callSoon(() => Task.cancelUnsafe(task, { message: "callback" }))
      const exit = yield* Task.await(task)
      expect(Exit.isFailure(exit) && Future.cancelMessage(exit.cause)).toEqual(Option.some("callback"))
    })
  )

  everywhere(
    "twice before it is met: one cancellation, two requests",
    Effect.gen(function*() {
      for (const body of [day, never]) {
        const task = yield* createTask(body)
        yield* ticks(2)
        expect([
          yield* Task.cancel(task, { message: "first" }),
          yield* Task.cancel(task, { message: "second" }),
          Task.cancelling(task)
        ]).toEqual([true, true, 2])
        const exit = yield* Task.await(task)
        expect(Exit.isFailure(exit) && Future.cancelMessage(exit.cause)).toEqual(Option.some("first"))
      }
    })
  )

  timed(
    "again while finalizers run: counts, and does not cut them short",
    Effect.gen(function*() {
      const lines: Array<string> = []
      const cleanUp = Effect.andThen(sleep("1 second"), Effect.sync(() => lines.push("cleaned up")))
      const task = yield* createTask(Effect.ensuring(day, cleanUp))
      yield* ticks(2)
      yield* Task.cancel(task, { message: "first" })
      yield* ticks(3)
      expect([yield* Task.cancel(task, { message: "second" }), Task.cancelling(task)]).toEqual([true, 2])
      const exit = yield* Task.await(task)
      expect([lines, outcomeOf(exit), yield* EventLoop.time]).toEqual([["cleaned up"], "cancelled", 1])
      expect(Exit.isFailure(exit) && Future.cancelMessage(exit.cause)).toEqual(Option.some("first"))
    })
  )

  everywhere(
    "a failure or defect beside the interruption is that failure",
    Effect.gen(function*() {
      expect(yield* cancelled(Effect.ensuring(day, Effect.die("clean-up")))).toBe("die clean-up")
      const task = yield* createTask(Effect.ensuring(day, Effect.die("clean-up")))
      yield* cancelSoon(task)
      yield* Effect.exit(Task.join(task))
      expect(Task.cancelled(task)).toBe(false)
    })
  )

  describe("uninterruptible code", () => {
    timed(
      "is not interrupted; the request is delivered when it ends",
      Effect.gen(function*() {
        const lines: Array<string> = []
        const say = (line: string) => Effect.sync(() => void lines.push(line))
        const critical = Effect.uninterruptible(Effect.andThen(sleep("1 second"), say("critical")))
        const task = yield* createTask(Effect.andThen(critical, say("after")))
        yield* ticks(2)
        expect(yield* Task.cancel(task)).toBe(true)
        yield* Task.await(task)
        expect([lines, Task.cancelled(task), yield* EventLoop.time]).toEqual([["critical"], true, 1])
      })
    )

    timed(
      "requests do not walk down from there, nor withdraw",
      Effect.gen(function*() {
        const inner = yield* createTask(sleep("1 second", "inner"))
        const future = yield* Future.make<number>()
        for (const wait of [Task.join(inner), Task.await(inner), asyncio.wait([inner]), asyncio.gather([inner])]) {
          const seen: Array<unknown> = []
          const outer = yield* createTask(
            Effect.uninterruptible(Effect.map(wait as Effect.Effect<unknown>, (value) => seen.push(value)))
          )
          yield* ticks(2)
          yield* Task.cancel(outer)
          yield* ticks(2)
          expect([Task.done(inner), Task.done(outer)]).toEqual([false, false])
          yield* createTask(Effect.andThen(
            Task.await(outer),
            Effect.sync(() => {
              expect([seen.length, Task.cancelled(outer)]).toEqual([1, true])
              Future.succeedUnsafe(future, 1)
            })
          ))
        }
        expect(yield* inner).toBe("inner")
        yield* future
        yield* ticks(5)
      })
    )

    timed(
      "a request that came meanwhile meets the next interruptible part at once",
      Effect.gen(function*() {
        const lines: Array<string> = []
        const task = yield* createTask(
          Effect.uninterruptibleMask((restore) =>
            Effect.andThen(sleep("1 second"), Effect.ensuring(restore(day), Effect.sync(() => lines.push("released"))))
          )
        )
        yield* ticks(2)
        yield* Task.cancel(task)
        yield* Task.await(task)
        expect([lines, Task.cancelled(task), yield* EventLoop.time]).toEqual([["released"], true, 1])
      })
    )
  })

  everywhere(
    "what it forked ends with it",
    Effect.gen(function*() {
      const lines: Array<string> = []
      const child = Effect.onInterrupt(day, () => Effect.sync(() => void lines.push("child interrupted")))
      expect(yield* cancelled(Effect.andThen(Effect.forkChild(child), day))).toBe("cancelled")
      expect(lines).toEqual(["child interrupted"])
      // Also when it ends by itself.
      yield* yield* createTask(Effect.andThen(Effect.forkChild(child), ticks(2)))
      expect(lines).toEqual(["child interrupted", "child interrupted"])
    })
  )
})

describe("cancelling and uncancel", () => {
  everywhere(
    "requests counted, taken back, never below zero",
    Effect.gen(function*() {
      const task = yield* createTask(day)
      yield* ticks(2)
      expect([Task.cancelling(task), yield* Task.uncancel(task)]).toEqual([0, 0])
      yield* Task.cancel(task)
      yield* Task.cancel(task)
      expect([
        Task.cancelling(task),
        yield* Task.uncancel(task),
        yield* Task.uncancel(task),
        yield* Task.uncancel(task)
      ])
        .toEqual([2, 1, 0, 0])
    })
  )

  for (
    const [name, prepare] of [
      ["a task that has not begun", 0],
      ["a task that runs itself", -1]
    ] as const
  ) {
    everywhere(
      `${name}: uncancel to zero revokes the undelivered request`,
      Effect.gen(function*() {
        const body = Effect.gen(function*() {
          if (prepare === -1) {
            const task = yield* self
            yield* Task.cancel(task)
            yield* Task.cancel(task)
            expect(yield* Task.uncancel(task)).toBe(1)
            yield* Task.uncancel(task)
          }
          yield* sleep(0)
          return "went on"
        })
        const task = yield* createTask(body)
        if (prepare === 0) {
          yield* Task.cancel(task)
          yield* Task.uncancel(task)
        }
        expect(yield* task).toBe("went on")
      })
    )
  }

  everywhere(
    "one request of two taken back: still cancelled",
    Effect.gen(function*() {
      const task = yield* createTask(Effect.sync(() => assert.fail("ran")))
      yield* Task.cancel(task)
      yield* Task.cancel(task)
      yield* Task.uncancel(task)
      expect(outcomeOf(yield* Task.await(task))).toBe("cancelled")
    })
  )

  everywhere(
    "a parked task was withdrawn already: uncancel lowers the count only, as in CPython",
    Effect.gen(function*() {
      const task = yield* createTask(day)
      yield* ticks(2)
      yield* Task.cancel(task)
      expect(yield* Task.uncancel(task)).toBe(0)
      expect(outcomeOf(yield* Task.await(task))).toBe("cancelled")
    })
  )
})

describe("catchCancelled", () => {
  everywhere(
    "meets a request with its message, and the task goes on; the count stays until uncancel",
    Effect.gen(function*() {
      const body = Effect.gen(function*() {
        const message = yield* Task.catchCancelled(
          Effect.as(day, Option.none<string>()),
          (message) => Effect.as(sleep(0), message)
        )
        const task = yield* self
        const counts = [Task.cancelling(task), yield* Task.uncancel(task)]
        yield* sleep(0)
        return { message, counts }
      })
      const task = yield* createTask(body)
      yield* ticks(2)
      yield* Task.cancel(task, { message: "stop" })
      expect(yield* task).toEqual({ message: Option.some("stop"), counts: [1, 0] })
      expect(Task.cancelled(task)).toBe(false)
    })
  )

  everywhere(
    "data-last, too; values, failures and defects pass",
    Effect.gen(function*() {
      const none = Task.catchCancelled(() => Effect.succeed("handled"))
      expect(yield* none(Effect.succeed(1))).toBe(1)
      expect(yield* outcome(none(Effect.fail("no")))).toBe("fail no")
      expect(yield* outcome(none(Effect.die("bug")))).toBe("die bug")
      // A failure beside an interrupt is a failure.
      expect(yield* outcome(none(Effect.failCause(Cause.combine(Cause.interrupt(), Cause.fail("both")))))).toBe(
        "fail both"
      )
      expect(yield* Effect.interrupt.pipe(Task.catchCancelled(() => Effect.succeed("handled")))).toBe("handled")
    })
  )

  everywhere(
    "the cancellation of something awaited is met, too: cancelling tells them apart",
    Effect.gen(function*() {
      const inner = yield* createTask(day)
      const outer = yield* createTask(
        Task.catchCancelled(Task.join(inner), (message) => Effect.map(self, (task) => [message, Task.cancelling(task)]))
      )
      yield* ticks(2)
      yield* Task.cancel(inner, { message: "from below" })
      expect(yield* outer).toEqual([Option.some("from below"), 0])
    })
  )

  everywhere(
    "the innermost region meets it first; what its handler passes on, the one around it",
    logged((log) =>
      Effect.gen(function*() {
        const region = (name: string) =>
          Task.catchCancelled(() => Effect.andThen(Effect.sync(() => log(name)), Effect.interrupt))
        const task = yield* createTask(
          Task.catchCancelled(day.pipe(region("inner"), region("middle")), () => Effect.sync(() => log("outer")))
        )
        yield* cancelSoon(task)
        yield* task
        log(Task.cancelling(task))
      })
    ),
    ["inner", "middle", "outer", 1]
  )

  everywhere(
    "clean-ups of the region run before the handler",
    logged((log) =>
      Effect.gen(function*() {
        const body = Effect.ensuring(day, Effect.andThen(ticks(3), Effect.sync(() => log("clean-up"))))
        const task = yield* createTask(Task.catchCancelled(body, () => Effect.sync(() => log("handler"))))
        yield* cancelSoon(task)
        yield* task
      })
    ),
    ["clean-up", "handler"]
  )

  everywhere(
    "the handler is outside of the region: a second request cancels the task",
    Effect.gen(function*() {
      const task = yield* createTask(Task.catchCancelled(day, () => day))
      yield* cancelSoon(task)
      yield* ticks(3)
      expect(Task.done(task)).toBe(false)
      yield* Task.cancel(task)
      expect(outcomeOf(yield* Task.await(task))).toBe("cancelled")
      expect(Task.cancelling(task)).toBe(2)
    })
  )

  everywhere(
    "a request to a task between two regions is not theirs",
    Effect.gen(function*() {
      const task = yield* createTask(Effect.gen(function*() {
        yield* Task.catchCancelled(sleep(0), () => Effect.die("first"))
        yield* sleep(0)
        yield* Task.catchCancelled(sleep(0), () => Effect.die("second"))
      }))
      yield* ticks(2)
      yield* Task.cancel(task)
      expect(outcomeOf(yield* Task.await(task))).toBe("cancelled")
    })
  )

  everywhere(
    "a task that meets every request can be asked again and again",
    Effect.gen(function*() {
      let met = 0
      const task = yield* createTask(Effect.gen(function*() {
        while (met < 5) yield* Task.catchCancelled(day, () => Effect.sync(() => ++met))
        return "enough"
      }))
      for (let i = 0; i < 5; i++) {
        yield* ticks(2)
        yield* Task.cancel(task)
      }
      expect(yield* task).toBe("enough")
      expect(Task.cancelling(task)).toBe(5)
    })
  )

  describe("Effect's own interruption goes through, and is not caught", () => {
    const stubborn = (log: (line: string) => void) =>
      Task.catchCancelled(
        Effect.onInterrupt(day, () => Effect.sync(() => log("interrupted"))),
        () => Effect.sync(() => log("caught"))
      )
    everywhere(
      "Fiber.interrupt of the task's fiber",
      logged((log) =>
        Effect.gen(function*() {
          const task = yield* createTask(stubborn(log))
          yield* ticks(2)
          yield* Fiber.interrupt(task.fiber!)
          yield* Effect.yieldNow
          log(Task.cancelled(task))
        })
      ),
      ["interrupted", true]
    )
    everywhere(
      "a race lost",
      logged((log) => Effect.raceFirst(stubborn(log), Effect.as(ticks(3), "won"))),
      ["interrupted"]
    )
    timed(
      "Effect.timeout",
      logged((log) => Effect.timeoutOption(stubborn(log), "1 second")),
      ["interrupted"]
    )
    everywhere(
      "a scope that closes",
      logged((log) =>
        Effect.gen(function*() {
          const scope = yield* Scope.make()
          yield* Effect.forkIn(stubborn(log), scope)
          yield* ticks(2)
          yield* Scope.close(scope, Exit.void)
        })
      ),
      ["interrupted"]
    )
  })

  everywhere(
    "what is forked with forkChild inside ends with the region; a task lives on",
    Effect.gen(function*() {
      const lines: Array<string> = []
      const child = Effect.onInterrupt(day, () => Effect.sync(() => void lines.push("child interrupted")))
      let task: Task.Task<unknown> | undefined
      yield* Task.catchCancelled(
        Effect.gen(function*() {
          yield* Effect.forkChild(child)
          task = yield* createTask(sleep(0, "lives on"))
          yield* Effect.yieldNow
        }),
        () => Effect.void
      )
      expect(lines).toEqual(["child interrupted"])
      expect(yield* task!).toBe("lives on")
    })
  )

  it.live("in a bare fiber: what is awaited can be met there", () =>
    Effect.gen(function*() {
      const inner = yield* createTask(day)
      yield* EventLoop.callSoon(() => Task.cancelUnsafe(inner))
      expect(yield* Task.catchCancelled(Task.join(inner), () => Effect.succeed("met"))).toBe("met")
      expect(yield* asyncio.currentTask).toEqual(Option.none())
    }).pipe(Effect.provide(EventLoop.layer())))
})

describe("a cancellation that leaves a region unhandled", () => {
  const unhandled = <A, E, R>(body: Effect.Effect<A, E, R>) => openRegion(() => body, () => undefined)

  everywhere(
    "goes on as a real interruption: Effect.catchCause can't swallow it",
    Effect.gen(function*() {
      const lines: Array<string> = []
      const greedy = unhandled(day).pipe(
        Effect.catchCause(() => Effect.sync(() => lines.push("swallowed"))),
        Effect.exit,
        Effect.andThen(Effect.sync(() => lines.push("went on"))),
        Effect.ensuring(Effect.sync(() => lines.push("clean-up")))
      )
      const task = yield* createTask(greedy)
      yield* ticks(2)
      yield* Task.cancel(task, { message: "why" })
      const exit = yield* Task.await(task)
      expect([outcomeOf(exit), lines]).toEqual(["cancelled", ["clean-up"]])
      expect(Exit.isFailure(exit) && Future.cancelMessage(exit.cause)).toEqual(Option.some("why"))
    })
  )

  everywhere(
    "through many regions",
    Effect.gen(function*() {
      let body: Effect.Effect<unknown, never, EventLoop.EventLoop> = day
      for (let i = 0; i < 50; i++) body = Effect.catchCause(unhandled(body), () => Effect.succeed("swallowed"))
      expect(yield* cancelled(body)).toBe("cancelled")
    })
  )

  everywhere(
    "from below it is a failing cause, and can be caught",
    Effect.gen(function*() {
      const inner = yield* createTask(day)
      const outer = yield* createTask(Effect.catchCause(unhandled(Task.join(inner)), () => Effect.succeed("caught")))
      yield* ticks(2)
      yield* Task.cancel(inner)
      expect(yield* outer).toBe("caught")
    })
  )

  everywhere(
    "from below without a region, too",
    Effect.gen(function*() {
      for (const look of [Task.join, (task: Task.Task<void>) => Effect.flatMap(Task.await(task), (exit) => exit)]) {
        const inner = yield* createTask(day)
        const outer = yield* createTask(Effect.catchCause(look(inner), () => Effect.succeed("caught")))
        yield* ticks(2)
        yield* Task.cancel(inner)
        expect([yield* outer, Task.cancelling(outer)]).toEqual(["caught", 0])
      }
    })
  )
})

describe("long chains", { timeout: 30_000 }, () => {
  const length = 20_000
  /** Tasks that join each other in a row; the first waits for `end`. */
  const chain = (end: Effect.Effect<unknown, unknown, EventLoop.EventLoop>) =>
    Effect.gen(function*() {
      const tasks: Array<Task.Task<unknown, unknown>> = [yield* createTask(end)]
      for (let i = 1; i < length; i++) tasks.push(yield* createTask(Task.join(tasks[i - 1]!)))
      yield* ticks(2)
      return tasks
    })

  for (const [name, run] of loops) {
    it.effect(`20,000 joins: a value comes through [${name}]`, () =>
      run(Effect.gen(function*() {
        const future = yield* Future.make<string>()
        const tasks = yield* chain(Future.join(future))
        yield* Future.succeed(future, "through")
        expect(yield* tasks.at(-1)!).toBe("through")
      })))

    it.effect(`20,000 joins cancelled at the end: all end cancelled [${name}]`, () =>
      run(Effect.gen(function*() {
        const tasks = yield* chain(day)
        expect(yield* Task.cancel(tasks.at(-1)!)).toBe(true)
        yield* Task.await(tasks.at(-1)!)
        expect(tasks.every((task) => Task.cancelled(task))).toBe(true)
      })))

    it.effect(`20,000 joins, the last interrupted by Effect: all end cancelled [${name}]`, () =>
      run(Effect.gen(function*() {
        const tasks = yield* chain(day)
        yield* Fiber.interrupt(tasks.at(-1)!.fiber!)
        expect(tasks.slice(0, -1).every((task) => Task.cancelled(task))).toBe(true)
      })))
  }

  it.live("20,000 joins left to a closing loop", () =>
    Effect.gen(function*() {
      const tasks = yield* EventLoop.provide(chain(day))
      expect(tasks.every((task) => Task.cancelled(task))).toBe(true)
    }))

  it.live("2,000 gathers in each other, cancelled", () =>
    onVirtual(Effect.gen(function*() {
      let task: Task.Task<unknown, unknown> = yield* createTask(day)
      for (let i = 0; i < 2000; i++) {
        const inner = task
        task = yield* createTask(asyncio.gather([inner]))
      }
      yield* ticks(3)
      yield* Task.cancel(task)
      expect(outcomeOf(yield* Task.await(task))).toBe("cancelled")
      expect((yield* asyncio.allTasks).size).toBe(1)
    })))
})

describe("circles of joins end when one is cancelled", () => {
  const circle = (
    size: number,
    wait: (next: Task.Task<unknown>) => Effect.Effect<unknown, never, EventLoop.EventLoop>
  ) =>
    Effect.gen(function*() {
      const tasks: Array<Task.Task<unknown>> = []
      for (let i = 0; i < size; i++) {
        tasks.push(yield* createTask(Effect.suspend(() => wait(tasks[(i + 1) % size]!))))
      }
      yield* ticks(3)
      return tasks
    })
  const gathered = (next: Task.Task<unknown>) => asyncio.gather([next, sleep("1 hour")])
  for (const size of [2, 3, 1000]) {
    for (const [how, wait] of [["join", Task.join], ["gather", gathered]] as const) {
      everywhere(
        `${size} by ${how}: cancelled`,
        Effect.gen(function*() {
          const tasks = yield* circle(size, wait)
          expect(yield* Task.cancel(tasks[size >> 1]!)).toBe(true)
          yield* settled(tasks)
          expect(tasks.map((task) => Task.cancelled(task))).toEqual(tasks.map(() => true))
        })
      )
      everywhere(
        `${size} by ${how}: interrupted by Effect`,
        Effect.gen(function*() {
          const tasks = yield* circle(size, wait)
          yield* Fiber.interrupt(tasks[0]!.fiber!)
          yield* settled(tasks)
          expect(tasks.map((task) => Task.cancelled(task))).toEqual(tasks.map(() => true))
        })
      )
      everywhere(
        `${size} by ${how}: left to a closing loop`,
        Effect.gen(function*() {
          const tasks = yield* EventLoop.provide(circle(size, wait))
          expect(tasks.map((task) => Task.cancelled(task))).toEqual(tasks.map(() => true))
        })
      )
    }
  }
})

describe("interruption by Effect's own means goes through joins", () => {
  const ways: ReadonlyArray<[string, (task: Task.Task<void>) => Effect.Effect<unknown, unknown, EventLoop.EventLoop>]> =
    [
      ["Fiber.interrupt of a fiber", (task) =>
        Effect.gen(function*() {
          const fiber = yield* Effect.forkChild(Task.join(task))
          yield* ticks(2)
          yield* Fiber.interrupt(fiber)
        })],
      ["Fiber.interrupt of a task's fiber", (task) =>
        Effect.gen(function*() {
          const outer = yield* createTask(Task.join(task))
          yield* ticks(2)
          yield* Fiber.interrupt(outer.fiber!)
          yield* Task.await(outer)
          expect(Task.cancelled(outer)).toBe(true)
        })],
      ["a race lost", (task) => Effect.raceFirst(Task.join(task), ticks(3))],
      [
        "a failing sibling in Effect.all",
        (task) =>
          Effect.exit(Effect.all([Task.join(task), Effect.andThen(ticks(3), Effect.fail("no"))], { concurrency: 2 }))
      ],
      ["a closing scope", (task) =>
        Effect.gen(function*() {
          const scope = yield* Scope.make()
          yield* Effect.forkIn(Task.join(task), scope)
          yield* ticks(2)
          yield* Scope.close(scope, Exit.void)
        })],
      [
        "the end of the fiber's parent",
        (task) =>
          Effect.flatMap(Effect.forkChild(Effect.andThen(Effect.forkChild(Task.join(task)), ticks(2))), Fiber.await)
      ],
      ["through gather", (task) => Effect.raceFirst(asyncio.gather([task]), ticks(4))],
      ["through a chain", (task) =>
        Effect.gen(function*() {
          let last = yield* createTask(Task.join(task))
          for (let i = 0; i < 10; i++) last = yield* createTask(Task.join(last))
          yield* Effect.raceFirst(Task.join(last), ticks(4))
        })]
    ]
  for (const [name, interrupt] of ways) {
    everywhere(
      `${name}: what is joined is cancelled, and waited for`,
      Effect.gen(function*() {
        const lines: Array<string> = []
        const cleanUp = Effect.andThen(ticks(3), Effect.sync(() => void lines.push("cleaned up")))
        const task = yield* createTask(Effect.ensuring(day, cleanUp))
        yield* ticks(2)
        yield* interrupt(task)
        expect(lines).toEqual(["cleaned up"])
        yield* Effect.yieldNow
        expect(Task.cancelled(task)).toBe(true)
      })
    )
  }
  everywhere(
    "it can't be refused: what is joined may swallow it, the joiner is interrupted all the same",
    Effect.gen(function*() {
      const inner = yield* createTask(Task.catchCancelled(Effect.as(day, "slept"), () => Effect.succeed("swallowed")))
      const fiber = yield* Effect.forkChild(Task.join(inner))
      yield* ticks(2)
      yield* Fiber.interrupt(fiber)
      expect(outcomeOf(yield* Fiber.await(fiber))).toBe("cancelled")
      expect(yield* inner).toBe("swallowed")
    })
  )
  everywhere(
    "Task.await and wait only watch",
    Effect.gen(function*() {
      const task = yield* createTask(Effect.as(ticks(20), "lives on"))
      yield* Effect.raceFirst(Task.await(task), ticks(2))
      yield* Effect.raceFirst(asyncio.wait([task]), ticks(2))
      expect(yield* task).toBe("lives on")
    })
  )
})

// ----------------------------------------------------------------------------------------------------- never retrieved

describe("never retrieved", () => {
  type Failing = Task.Task<never, string>
  type Look = (task: Failing) => Effect.Effect<unknown, unknown, EventLoop.EventLoop>
  const looks: ReadonlyArray<[string, Look]> = [
    ["join", Task.join],
    ["yield*", (task) =>
      Effect.gen(function*() {
        yield* task
      })],
    ["await", Task.await],
    ["result", Task.result],
    ["exception", Task.exception],
    ["cancel", (task) => Task.cancel(task)],
    ["cancelUnsafe", (task) => Effect.sync(() => Task.cancelUnsafe(task))],
    ["toPromise", (task) => Effect.promise(() => Task.toPromise(task).catch(() => {}))],
    ["gather", (task) => asyncio.gather([task])],
    ["gather with returnExceptions", (task) => asyncio.gather([task], { returnExceptions: true })],
    ["shield", (task) => asyncio.shield(task)],
    ["waitFor", (task) => asyncio.waitFor(task, "1 second")],
    ["gather of one that failed before", (task) => asyncio.gather([Effect.fail("first"), task])],
    ["join in a fiber", (task) => Effect.flatMap(Effect.forkChild(Task.join(task)), Fiber.await)],
    ["join in a task", (task) => Effect.flatMap(createTask(Effect.exit(Task.join(task))), Task.join)]
  ]
  const noLooks: ReadonlyArray<[string, Look]> = [
    ["nothing", () => Effect.void],
    ["done", (task) => Effect.sync(() => Task.done(task))],
    ["cancelled", (task) => Effect.sync(() => Task.cancelled(task))],
    ["wait", (task) => asyncio.wait([task])],
    ["wait, taken from done", (task) => Effect.map(asyncio.wait([task]), ({ done }) => Array.from(done))],
    ["printing", (task) => Effect.sync(() => String(task) + inspect(task))],
    ["ensureFuture", (task) => asyncio.ensureFuture(task)],
    ["a callback that does not look", (task) => Task.addDoneCallback(task, () => {})],
    ["awaitedBy", (task) => Effect.sync(() => Task.awaitedBy(task))],
    ["its fiber", (task) => Effect.suspend(() => Effect.exit(Fiber.join(task.fiber!)))],
    ["a result asked for too early", (task) => Effect.exit(Effect.suspend(() => Task.result(task)))],
    ["a watcher that left before", (task) => Effect.raceFirst(Task.await(task), Effect.void)]
  ]

  for (const [on, run] of loops) {
    for (const [when, before] of [["before it is done", 0], ["when it is done", 3]] as const) {
      for (const [name, look] of looks) {
        it.effect(`silenced by ${name}, ${when} [${on}]`, () =>
          Effect.gen(function*() {
            const messages = yield* messagesOf(
              Effect.gen(function*() {
                const task = yield* createTask(Effect.andThen(ticks(2), Effect.fail("no")))
                yield* ticks(before)
                if (before > 0) expect(Task.done(task)).toBe(true)
                // Too early for these.
                if (before === 0 && (name === "result" || name === "exception")) yield* ticks(3)
                yield* Effect.exit(look(task))
                yield* ticks(4)
              }),
              run
            )
            expect(messages).toEqual([])
          }))
      }
    }
    for (const [name, look] of noLooks) {
      it.effect(`reported once in spite of ${name} [${on}]`, () =>
        Effect.gen(function*() {
          // Held, so that no collection comes first.
          const held: Array<unknown> = []
          const reports = yield* reportsOf(
            Effect.gen(function*() {
              const task = yield* createTask(Effect.andThen(ticks(2), Effect.fail("no")), { name: "lost" })
              held.push(task)
              yield* Effect.yieldNow
              yield* look(task)
              yield* ticks(4)
            }),
            run
          )
          expect(reports.map(({ message }) => message)).toEqual(["Task exception was never retrieved"])
          expect(reports[0]!.task).toBe(held[0])
          expect(reports[0]!.future).toBe(held[0])
          expect(Cause.squash(reports[0]!.cause!)).toBe("no")
        }))
    }
  }

  it.live("cancelled tasks and values are nothing to report; defects and mixed causes are", () =>
    Effect.gen(function*() {
      const messages = yield* messagesOf(Effect.gen(function*() {
        yield* createTask(Effect.interrupt)
        yield* createTask(Effect.succeed(1))
        yield* createTask(Effect.die("bug"))
        yield* createTask(Effect.failCause(Cause.combine(Cause.fail("no"), Cause.interrupt())))
        yield* ticks(2)
      }))
      expect(messages).toHaveLength(2)
    }))

  it.live("each once, however many", () =>
    Effect.gen(function*() {
      const reports = yield* reportsOf(Effect.gen(function*() {
        for (let i = 0; i < 100; i++) yield* createTask(Effect.fail(i), { name: `task ${i}` })
        yield* ticks(2)
      }))
      expect(reports.map(({ cause }) => Cause.squash(cause!))).toEqual(Array.from({ length: 100 }, (_, i) => i))
    }))

  describe("when the task is garbage", () => {
    const capture = (reports: Array<EventLoop.ExceptionContext>) =>
      EventLoop.setExceptionHandler((context) => Effect.sync(() => void reports.push(context)))
    const lose = Effect.asVoid(createTask(Effect.fail("no"), { name: "lost" }))

    it.live("the live loop reports it then, and not again when it closes", () =>
      Effect.gen(function*() {
        const reports: Array<EventLoop.ExceptionContext> = []
        yield* EventLoop.provide(Effect.gen(function*() {
          yield* capture(reports)
          yield* lose
          yield* ticks(3)
          expect(reports).toEqual([])
          yield* collect(() => reports.length > 0)
          expect(reports.map(({ message }) => message)).toEqual(["Task exception was never retrieved"])
          // The task is gone, what is known of it is not.
          expect(reports[0]!.task).toBe(undefined)
          expect(reports[0]!.subject).toMatch(/'lost'.*Task\.test\.ts:\d+:\d+/)
          expect(Cause.squash(reports[0]!.cause!)).toBe("no")
        }))
        expect(reports).toHaveLength(1)
      }))

    // V8 keeps of a call its function and its `this`, and what those hold, until the text of the place is made.
    class Keeper {
      task: Task.Task<never, string> | undefined
      readonly lose = Effect.gen({ self: this }, function*() {
        this.task = yield* createTask(Effect.fail("no"), { name: "lost" })
      })
    }
    const inVariable = Effect.suspend(() => {
      let task: Task.Task<never, string> | undefined
      return Effect.gen(function*() {
        task = yield* createTask(Effect.fail("no"), { name: "lost" })
        yield* ticks(1)
        return task.name
      })
    })
    for (
      const [name, program] of [
        ["this", Effect.suspend(() => new Keeper().lose)],
        ["variables", inVariable]
      ] as const
    ) {
      it.live(`reported then, too, where it is among what created it: its ${name}`, () =>
        EventLoop.provide(Effect.gen(function*() {
          const reports: Array<EventLoop.ExceptionContext> = []
          yield* capture(reports)
          yield* Effect.forkChild(program)
          yield* ticks(5)
          yield* collect(() => reports.length > 0)
          expect(reports).toHaveLength(1)
          expect(reports[0]!.subject).toMatch(/'lost'.*Task\.test\.ts:\d+:\d+/)
        })))
    }
    it.live("its log still has the annotations of its creator", () =>
      Effect.gen(function*() {
        const seen: Array<unknown> = []
        const logger = Logger.make(({ fiber }) => void seen.push(fiber.getRef(References.CurrentLogAnnotations)))
        yield* EventLoop.provide(Effect.gen(function*() {
          yield* Effect.annotateLogs(lose, { request: 7 })
          yield* ticks(3)
          yield* collect(() => seen.length > 0)
          expect(seen).toEqual([{ request: 7, taskName: "lost", taskCreatedAt: expect.stringContaining("Task.test") }])
        })).pipe(Effect.provide(Logger.layer([logger])))
      }))

    it.live("reported when the loop closes, and not again when it is garbage", () =>
      Effect.gen(function*() {
        const reports: Array<EventLoop.ExceptionContext> = []
        yield* Effect.scoped(Effect.gen(function*() {
          const held: Array<unknown> = []
          yield* EventLoop.provide(Effect.gen(function*() {
            yield* EventLoop.setExceptionHandler(({ message }) => Effect.sync(() => void reports.push({ message })))
            held.push(yield* createTask(Effect.fail("no")))
          }))
          expect([held.length, reports.length]).toEqual([1, 1])
        }))
        yield* collect(() => reports.length > 1)
        expect(reports).toHaveLength(1)
      }))

    it.live("not while somebody holds it", () =>
      Effect.gen(function*() {
        const reports: Array<EventLoop.ExceptionContext> = []
        yield* EventLoop.provide(Effect.gen(function*() {
          yield* capture(reports)
          const held = yield* createTask(Effect.fail("held"))
          yield* lose
          yield* ticks(3)
          yield* collect(() => reports.length > 0)
          yield* collect(() => false)
          expect(reports.map(({ cause }) => Cause.squash(cause!))).toEqual(["no"])
          yield* Effect.exit(Task.join(held))
        }))
        expect(reports).toHaveLength(1)
      }))

    it.live("a task that is not done is never garbage: the loop owns it", () =>
      EventLoop.provide(Effect.gen(function*() {
        const lines: Array<string> = []
        const gate = yield* Future.make<void>()
        yield* createTask(Effect.andThen(Future.await(gate), Effect.sync(() => lines.push("went on"))))
        yield* ticks(3)
        yield* collect(() => false)
        yield* Future.succeed(gate, undefined)
        yield* ticks(3)
        expect(lines).toEqual(["went on"])
      })))

    it.live("the virtual loop reports only when it closes", () =>
      Effect.gen(function*() {
        const reports: Array<EventLoop.ExceptionContext> = []
        yield* VirtualLoop.run(
          Effect.gen(function*() {
            yield* capture(reports)
            yield* lose
            yield* ticks(3)
            yield* collect(() => reports.length > 0)
            expect(reports).toEqual([])
          }),
          { patience: "1 minute" }
        )
        expect(reports.map(({ message }) => message)).toEqual(["Task exception was never retrieved"])
        expect(reports[0]!.subject).toContain("'lost'")
      }))
  })
})
