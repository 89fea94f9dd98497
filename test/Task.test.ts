import { describe, expect, it } from "@effect/vitest"
import { Cause, Context, Effect, Fiber, Option, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Future, RuntimeError, Task } from "effect-asyncio"
import { inspect } from "node:util"
import {
  day,
  defectOf,
  everywhere,
  logged,
  never,
  outcome,
  outcomeOf,
  type Program,
  self,
  settled,
  ticks,
  ticksOf
} from "./support/loops.ts"

const { createTask, sleep } = asyncio
const nameOf = Effect.map(asyncio.currentTask, Option.map((task) => task.name))

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
