import { assert, describe, expect, it } from "@effect/vitest"
import { Cause, Context, Duration, Effect, Exit, Fiber, Option } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Future, Task } from "effect-asyncio"
import { inspect } from "node:util"
import {
  cancelledAtEveryStep,
  cancelSoon,
  day,
  defectOf,
  everywhere,
  lineOf,
  logged,
  messagesOf,
  type OnLoop,
  onVirtual,
  outcome,
  outcomeOf,
  type Program,
  settled,
  ticks,
  ticksOf,
  timed
} from "./support/loops.ts"

const { createTask, gather, sleep } = asyncio
/** Options of which the types know nothing but that. */
const variants = (...options: ReadonlyArray<asyncio.gather.Options>) => options

describe("results in the input's shape", () => {
  const generator = function*() {
    yield Effect.succeed(1)
    yield Effect.succeed(2)
  }
  const shapes: ReadonlyArray<[string, Program, unknown]> = [
    ["a tuple", gather([Effect.succeed(1), Effect.succeed("two"), Effect.succeed(true)]), [1, "two", true]],
    ["an array", gather([1, 2, 3].map((n) => Effect.succeed(n))), [1, 2, 3]],
    ["a Set", gather(new Set([Effect.succeed(1), Effect.succeed(2)])), [1, 2]],
    [
      "a Map's values",
      Effect.suspend(() => gather(new Map([["a", Effect.succeed(1)], ["b", Effect.succeed(2)]]).values())),
      [1, 2]
    ],
    ["a generator", Effect.suspend(() => gather(generator())), [1, 2]],
    ["any iterable", gather({ [Symbol.iterator]: generator }), [1, 2]],
    ["a record", gather({ b: Effect.succeed(1), a: Effect.succeed("two") }), { b: 1, a: "two" }],
    ["an empty array", gather([]), []],
    ["an empty iterable", gather(new Set<Effect.Effect<number>>()), []],
    ["an empty record", gather({}), {}],
    ["values that are undefined", gather([Effect.void, Effect.succeed(undefined)]), [undefined, undefined]]
  ]
  for (const [name, program, expected] of shapes) everywhere(name, program, expected)

  timed(
    "in the input's order, whoever ends first",
    gather([
      sleep("3 seconds", "slow"),
      sleep("1 second", "fast"),
      Effect.succeed("at once"),
      sleep("2 seconds", "mid")
    ]),
    ["slow", "fast", "at once", "mid"]
  )

  timed(
    "a record's keys in their order",
    Effect.map(gather({ z: sleep(2, 1), a: sleep(1, 2), m: Effect.succeed(3) }), Object.entries),
    [["z", 1], ["a", 2], ["m", 3]]
  )

  everywhere(
    "effects, tasks and futures mixed",
    Effect.gen(function*() {
      const future = yield* Future.make<string>()
      const task = yield* createTask(sleep(0, "task"))
      const done = yield* createTask(Effect.succeed("done"), { eager: true })
      yield* EventLoop.callSoon(() => Future.succeedUnsafe(future, "future"))
      expect(yield* gather([Effect.succeed("effect"), task, future, done])).toEqual([
        "effect",
        "task",
        "future",
        "done"
      ])
      expect(yield* gather({ task, future })).toEqual({ task: "task", future: "future" })
    })
  )

  everywhere(
    "a record keeps keys that look like trouble",
    Effect.gen(function*() {
      const record: Record<string, Effect.Effect<number>> = JSON.parse(
        "{\"__proto__\": 1, \"constructor\": 2}",
        (_, value) => typeof value === "number" ? Effect.succeed(value) : value
      )
      expect(Object.entries(yield* gather(record))).toEqual([["__proto__", 1], ["constructor", 2]])
    })
  )
})

describe("starting", () => {
  everywhere(
    "nothing runs before the gather does, and then all start in order, in the next tick",
    logged((log) =>
      Effect.gen(function*() {
        const child = (name: string) => Effect.sync(() => log(name))
        const gathered = gather([child("a"), child("b"), child("c")])
        yield* ticks(3)
        log("not yet")
        yield* EventLoop.callSoon(() => log("before"))
        yield* gathered
        log("once more")
        yield* gathered
      })
    ),
    ["not yet", "before", "a", "b", "c", "once more", "a", "b", "c"]
  )

  everywhere(
    "the same effect twice runs twice; the same task or future is one child in two places",
    Effect.gen(function*() {
      let runs = 0
      const effect = Effect.sync(() => ++runs)
      expect(yield* gather([effect, effect])).toEqual([1, 2])
      const task = yield* createTask(effect)
      const future = yield* Future.make<string>()
      yield* EventLoop.callSoon(() => Future.succeedUnsafe(future, "future"))
      expect(yield* gather([task, future, task, future, task])).toEqual([3, "future", 3, "future", 3])
      expect(runs).toBe(3)
    })
  )

  everywhere(
    "children are tasks of the loop, named and listed",
    Effect.gen(function*() {
      const task = yield* createTask(gather([day, day]), { name: "gatherer" })
      yield* ticks(2)
      const names = Array.from(yield* asyncio.allTasks, (task) => task.name)
      expect(names).toEqual(["Task-1", "gatherer", "Task-2", "Task-3"])
      yield* Task.cancel(task)
      yield* Task.await(task)
    })
  )

  class Setting extends Context.Service<Setting, string>()("Setting") {}
  everywhere(
    "children have the caller's services",
    Effect.provideService(gather([Setting, Effect.andThen(sleep(0), Setting)]), Setting, "set"),
    ["set", "set"]
  )
})

describe("ticks", () => {
  const nothing = Effect.void
  for (
    const [name, effect, expected] of [
      ["empty", gather([]), 0],
      ["empty with options", gather([], { returnExceptions: true, concurrency: 3 }), 0],
      ["one effect", gather([nothing]), 3],
      ["many effects", gather([nothing, nothing, nothing]), 3],
      ["a record", gather({ a: nothing }), 3],
      ["a failing child", Effect.exit(gather([nothing, Effect.fail("no")])), 3],
      ["gather in gather", gather([gather([nothing])]), 6],
      ["a tick's child", gather([nothing, sleep(0)]), 4],
      ["two after the other with concurrency 1", gather([nothing, nothing], { concurrency: 1 }), 5]
    ] as ReadonlyArray<[string, Program, number]>
  ) {
    everywhere(`${name}: ${expected}`, ticksOf(effect), expected)
  }
  everywhere(
    "of children that are all done: 0, with values, failures, and twice the same",
    Effect.gen(function*() {
      const good = yield* createTask(Effect.succeed(1), { eager: true })
      const bad = yield* createTask(Effect.fail("no"), { eager: true })
      expect(yield* ticksOf(gather([good, good]))).toBe(0)
      expect(yield* ticksOf(Effect.exit(gather([good, bad])))).toBe(0)
      expect(yield* gather([good, bad], { returnExceptions: true })).toEqual([Exit.succeed(1), Exit.fail("no")])
    })
  )
  timed(
    "two after the last child's sleep has ended it",
    Effect.gen(function*() {
      const lines: Array<string> = []
      const loop = yield* EventLoop.EventLoop
      // Timer, child's last step, child's callback, gather's waiter.
      yield* EventLoop.callLater("1 second", () => {
        const tick = (n: number) => {
          lines.push(`tick ${n}`)
          if (n < 5) loop.callSoonUnsafe(() => tick(n + 1))
        }
        tick(0)
      })
      yield* gather([sleep("1 second")])
      lines.push("gathered")
      yield* ticks(4)
      expect(lines.indexOf("gathered")).toBeGreaterThanOrEqual(3)
      expect(lines.slice(0, 3)).toEqual(["tick 0", "tick 1", "tick 2"])
      expect(lines.indexOf("gathered")).toBeLessThan(lines.indexOf("tick 4"))
    })
  )
})

describe("failing", () => {
  timed(
    "the first failure in order of completion, at once; siblings run on",
    logged((log) =>
      Effect.gen(function*() {
        const child = (seconds: number, end: Effect.Effect<string, string>) =>
          Effect.tap(
            Effect.ensuring(
              Effect.andThen(sleep(`${seconds} seconds`), end),
              Effect.map(EventLoop.time, (time) => log(`child ends at ${time}`))
            ),
            () => Effect.void
          )
        log(
          yield* outcome(gather([
            child(3, Effect.succeed("value")),
            child(2, Effect.fail("second")),
            child(1, Effect.fail("first"))
          ]))
        )
        log(yield* EventLoop.time)
        yield* sleep("5 seconds")
      })
    ),
    ["child ends at 1", "fail first", 1, "child ends at 2", "child ends at 3"]
  )

  everywhere(
    "in one tick: the first in the ready queue",
    Effect.gen(function*() {
      expect(yield* outcome(gather([Effect.fail("a"), Effect.fail("b")]))).toBe("fail a")
      // Already failed ones come in the input's order.
      const b = yield* createTask(Effect.fail("b"), { eager: true })
      const a = yield* createTask(Effect.fail("a"), { eager: true })
      expect(yield* outcome(gather([a, b]))).toBe("fail a")
    })
  )

  everywhere(
    "a defect is a failure, as it is",
    Effect.gen(function*() {
      const defect = new Error("bug")
      expect(yield* defectOf(gather([day, Effect.die(defect)]))).toBe(defect)
    })
  )

  everywhere(
    "a child that was cancelled fails it with its interrupt cause, which can be caught; siblings live",
    Effect.gen(function*() {
      const [child, sibling] = [yield* createTask(day), yield* createTask(Effect.as(ticks(10), "lives"))]
      const outer = yield* createTask(Effect.catchCause(gather([child, sibling]), (cause) => Effect.succeed(cause)))
      yield* ticks(2)
      yield* Task.cancel(child, { message: "alone" })
      const cause = yield* outer
      expect(Cause.isCause(cause) && Cause.hasInterruptsOnly(cause)).toBe(true)
      expect(Future.cancelMessage(cause as Cause.Cause<never>)).toEqual(Option.some("alone"))
      expect([Task.cancelling(outer), yield* sibling]).toEqual([0, "lives"])
    })
  )

  it.live("later failures of siblings count as seen", () =>
    Effect.gen(function*() {
      for (const options of variants({}, { concurrency: 3 }, { cancelOnError: true }, { returnExceptions: true })) {
        const messages = yield* messagesOf(Effect.gen(function*() {
          yield* Effect.exit(
            gather([Effect.fail(1), Effect.andThen(sleep(0), Effect.fail(2)), Effect.fail(3)], options)
          )
          yield* ticks(5)
        }))
        expect(messages).toEqual([])
      }
    }))

  it.live("a gather that nobody waits for to its end leaves nothing to report", () =>
    Effect.gen(function*() {
      const messages = yield* messagesOf(Effect.gen(function*() {
        const task = yield* createTask(Effect.exit(gather([Effect.andThen(ticks(3), Effect.fail("no"))])))
        yield* ticks(2)
        yield* Task.cancel(task)
        yield* Task.await(task)
        yield* ticks(5)
      }))
      expect(messages).toEqual([])
    }))
})

describe("returnExceptions", () => {
  everywhere(
    "every value is an Exit; it can't fail",
    Effect.gen(function*() {
      const cancelled = yield* createTask(day)
      yield* cancelSoon(cancelled)
      const exits = yield* gather(
        [Effect.succeed(1), Effect.fail("no"), Effect.die("bug"), cancelled, Effect.interrupt],
        { returnExceptions: true }
      )
      expect(exits.map((exit) => outcomeOf(exit))).toEqual([1, "fail no", "die bug", "cancelled", "cancelled"])
      expect(exits.every(Exit.isExit)).toBe(true)
    })
  )
  timed(
    "waits for all",
    Effect.gen(function*() {
      yield* gather({ bad: Effect.fail("no"), slow: sleep("3 seconds") }, { returnExceptions: true })
      expect(yield* EventLoop.time).toBe(3)
    })
  )
  everywhere(
    "false is the default",
    Effect.gen(function*() {
      expect(yield* gather([Effect.succeed(1)], { returnExceptions: false })).toEqual([1])
      expect(yield* gather([Effect.succeed(1)], { returnExceptions: undefined })).toEqual([1])
    })
  )
})

describe("concurrency", () => {
  /** Children that say when they start and end, and how many run. */
  const watched = (count: number, concurrency: number | "unbounded" | undefined, seconds: (i: number) => number) =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      let running = 0
      let most = 0
      const child = (i: number) =>
        Effect.gen(function*() {
          most = Math.max(most, ++running)
          lines.push(`+${i}`)
          yield* sleep(`${seconds(i)} seconds`)
          lines.push(`-${i}`)
          running--
          return i
        })
      const values = yield* gather(Array.from({ length: count }, (_, i) => child(i)), { concurrency })
      expect(values).toEqual(Array.from({ length: count }, (_, i) => i))
      return { most, lines: lines.join(" "), time: yield* EventLoop.time }
    })

  timed("1: one after the other, in order", watched(3, 1, () => 1), { most: 1, lines: "+0 -0 +1 -1 +2 -2", time: 3 })
  timed("2: as places come free, in order", watched(4, 2, (i) => [3, 1, 1, 1][i]!), {
    most: 2,
    lines: "+0 +1 -1 +2 -2 +3 -0 -3",
    time: 3
  })
  for (const all of ["unbounded", Infinity, 4, 100, undefined] as const) {
    timed(`${all}: all at once`, watched(4, all, (i) => i + 1), {
      most: 4,
      lines: "+0 +1 +2 +3 -0 -1 -2 -3",
      time: 4
    })
  }

  everywhere(
    "an effect that has no place yet is no task",
    Effect.gen(function*() {
      const task = yield* createTask(gather([day, day, day], { concurrency: 1 }))
      yield* ticks(2)
      expect((yield* asyncio.allTasks).size).toBe(3)
      yield* Task.cancel(task)
      yield* Task.await(task)
      expect((yield* asyncio.allTasks).size).toBe(1)
    })
  )

  everywhere(
    "tasks and futures run already: they take no place",
    Effect.gen(function*() {
      const future = yield* Future.make<number>()
      const task = yield* createTask(Effect.as(ticks(4), 2))
      const seen: Array<number> = []
      const child = (i: number) => Effect.as(Effect.sync(() => seen.push(i)), i)
      const gathering = yield* createTask(gather([future, child(3), task, child(4)], { concurrency: 1 }))
      yield* ticks(5)
      expect(seen).toEqual([3, 4])
      yield* Future.succeed(future, 1)
      expect(yield* gathering).toEqual([1, 3, 2, 4])
    })
  )

  timed(
    "a failure: those that have not started never do",
    Effect.gen(function*() {
      const started: Array<number> = []
      const child = (i: number) =>
        Effect.andThen(
          Effect.sync(() => started.push(i)),
          i === 1 ? Effect.andThen(sleep("1 second"), Effect.fail("no")) : sleep("2 seconds")
        )
      expect(yield* outcome(gather([0, 1, 2, 3, 4].map(child), { concurrency: 2 }))).toBe("fail no")
      yield* sleep("10 seconds")
      expect(started).toEqual([0, 1])
    })
  )

  everywhere(
    "cancelled: those that have not started never do",
    Effect.gen(function*() {
      const started: Array<number> = []
      const child = (i: number) => Effect.andThen(Effect.sync(() => started.push(i)), day)
      for (const options of variants({ concurrency: 2 }, { concurrency: 2, returnExceptions: true })) {
        started.length = 0
        const task = yield* createTask(gather([0, 1, 2, 3, 4].map(child), options))
        yield* ticks(3)
        yield* Task.cancel(task)
        expect(outcomeOf(yield* Task.await(task))).toBe("cancelled")
        yield* ticks(5)
        expect(started).toEqual([0, 1])
      }
    })
  )

  everywhere(
    "cancelled between the end of a child and the start of the next: the same",
    Effect.gen(function*() {
      const started: Array<number> = []
      const child = (i: number) => Effect.andThen(Effect.sync(() => started.push(i)), ticks(2))
      const task = yield* createTask(gather([0, 1, 2, 3].map(child), { concurrency: 1 }))
      // The first child's last step is run in this tick, its callback in the next.
      while (Array.from(yield* asyncio.allTasks).length === 2) yield* Effect.yieldNow
      while (Array.from(yield* asyncio.allTasks).length === 3) yield* Effect.yieldNow
      expect([started, yield* Task.cancel(task)]).toEqual([[0], true])
      expect(outcomeOf(yield* Task.await(task))).toBe("cancelled")
      yield* ticks(5)
      expect(started.length).toBeLessThanOrEqual(2)
      expect((yield* asyncio.allTasks).size).toBe(1)
    })
  )

  for (const bad of [0, -1, 1.5, NaN, -Infinity, "3", "all", null, {}] as ReadonlyArray<any>) {
    everywhere(
      `${inspect(bad)} dies with IllegalArgumentError, and nothing starts`,
      Effect.gen(function*() {
        const child = Effect.sync(() => assert.fail("started"))
        const defect = yield* defectOf(gather([child], { concurrency: bad }))
        expect(Cause.isIllegalArgumentError(defect)).toBe(true)
        expect(defect.message).toMatch(/^gather: concurrency is /)
        yield* ticks(2)
      })
    )
  }
})

describe("cancelOnError", () => {
  timed(
    "the first failure cancels the siblings, waits for their clean-ups, and comes out",
    logged((log) =>
      Effect.gen(function*() {
        const sibling = Effect.onInterrupt(day, () => Effect.map(sleep("2 seconds"), () => log("cleaned up")))
        const bad = Effect.andThen(sleep("1 second"), Effect.fail("first"))
        log(yield* outcome(gather([sibling, bad, sibling], { cancelOnError: true })))
        log(yield* EventLoop.time)
        log((yield* asyncio.allTasks).size)
      })
    ),
    ["cleaned up", "cleaned up", "fail first", 3, 1]
  )

  everywhere(
    "tasks and futures among them, too; what has not started never does",
    Effect.gen(function*() {
      const [task, future] = [yield* createTask(day), yield* Future.make<number>()]
      const bad = Effect.andThen(sleep(0), Effect.fail("no"))
      const options = { cancelOnError: true, concurrency: 1 }
      expect(yield* outcome(gather([task, future, bad, Effect.sync(() => assert.fail("started"))], options))).toBe(
        "fail no"
      )
      expect([Task.cancelled(task), Future.cancelled(future)]).toEqual([true, true])
    })
  )

  everywhere(
    "a failure of a clean-up does not replace the first",
    Effect.gen(function*() {
      const messy = Effect.ensuring(day, Effect.die("clean-up"))
      const bad = Effect.andThen(ticks(2), Effect.fail("first"))
      expect(yield* outcome(gather([messy, bad], { cancelOnError: true }))).toBe("fail first")
    })
  )

  everywhere(
    "a sibling that goes on all the same is waited for",
    Effect.gen(function*() {
      const stubborn = Task.catchCancelled(day, () => Effect.asVoid(ticks(5)))
      const task = yield* createTask(stubborn)
      expect(yield* outcome(gather([task, Effect.fail("first")], { cancelOnError: true }))).toBe("fail first")
      expect(Task.done(task)).toBe(true)
    })
  )

  everywhere(
    "with returnExceptions: all Exits, the siblings' are cancellations",
    Effect.gen(function*() {
      const exits = yield* gather([day, Effect.fail("no"), day, Effect.succeed(1)], {
        cancelOnError: true,
        returnExceptions: true
      })
      expect(exits.map((exit) => outcomeOf(exit))).toEqual(["cancelled", "fail no", "cancelled", 1])
    })
  )

  everywhere(
    "… and what never started is one, too",
    Effect.gen(function*() {
      const exits = yield* gather([Effect.fail("no"), Effect.succeed(1)], {
        cancelOnError: true,
        concurrency: 1,
        returnExceptions: true
      })
      expect(exits.map((exit) => outcomeOf(exit))).toEqual(["fail no", "cancelled"])
    })
  )

  everywhere(
    "without a failure it is nothing",
    gather([Effect.succeed(1), sleep(0, 2)], { cancelOnError: true }),
    [1, 2]
  )
})

describe("cancelling it", () => {
  everywhere(
    "cancels all children, and ends at the first that has ended cancelled",
    Effect.gen(function*() {
      const lines: Array<string> = []
      const slow = yield* createTask(
        Effect.onInterrupt(day, () => Effect.andThen(ticks(5), Effect.sync(() => lines.push("slow clean-up"))))
      )
      const fast = yield* createTask(day)
      const task = yield* createTask(gather([slow, fast]))
      yield* ticks(2)
      yield* Task.cancel(task, { message: "stop" })
      const exit = yield* Task.await(task)
      expect([outcomeOf(exit), lines, Task.cancelled(fast), Task.done(slow)]).toEqual(["cancelled", [], true, false])
      expect(Exit.isFailure(exit) && Future.cancelMessage(exit.cause)).toEqual(Option.some("stop"))
      yield* Task.await(slow)
      expect(lines).toEqual(["slow clean-up"])
    })
  )

  everywhere(
    "with returnExceptions it waits for all, and still ends cancelled",
    Effect.gen(function*() {
      const slow = yield* createTask(Effect.ensuring(day, ticks(5)))
      const task = yield* createTask(gather([slow, day], { returnExceptions: true }))
      yield* ticks(2)
      yield* Task.cancel(task)
      expect(outcomeOf(yield* Task.await(task))).toBe("cancelled")
      expect(Task.cancelled(slow)).toBe(true)
    })
  )

  everywhere(
    "also if all children swallow the request",
    Effect.gen(function*() {
      for (const options of variants({}, { returnExceptions: true }, { cancelOnError: true })) {
        const stubborn = Task.catchCancelled(Effect.as(day, "slept"), () => Effect.succeed("swallowed"))
        const task = yield* createTask(gather([stubborn, stubborn], options))
        yield* ticks(3)
        expect(yield* Task.cancel(task)).toBe(true)
        expect(outcomeOf(yield* Task.await(task))).toBe("cancelled")
      }
    })
  )

  everywhere(
    "a child that fails in its clean-up: that failure comes out",
    Effect.gen(function*() {
      const task = yield* createTask(gather([Effect.ensuring(day, Effect.die("clean-up"))]))
      yield* ticks(3)
      yield* Task.cancel(task)
      expect(outcomeOf(yield* Task.await(task))).toBe("die clean-up")
    })
  )

  everywhere(
    "after the last child has ended, before it resumes: cancelled",
    Effect.gen(function*() {
      for (const wait of [1, 2]) {
        const future = yield* Future.make<number>()
        const task = yield* createTask(gather([future]))
        yield* Effect.yieldNow
        yield* Future.succeed(future, 1)
        for (let i = 1; i < wait; i++) yield* Effect.yieldNow
        expect(yield* Task.cancel(task)).toBe(true)
        expect(outcomeOf(yield* Task.await(task))).toBe("cancelled")
      }
    })
  )

  everywhere(
    "children shared with others are cancelled for them, too",
    Effect.gen(function*() {
      const shared = yield* createTask(day)
      const [a, b] = [yield* createTask(gather([shared])), yield* createTask(gather([shared]))]
      yield* ticks(2)
      yield* Task.cancel(a)
      yield* settled([a, b])
      expect([Task.cancelled(a), Task.cancelled(b), Task.cancelling(b)]).toEqual([true, true, 0])
    })
  )

  everywhere(
    "nested: all the way down",
    Effect.gen(function*() {
      const leaves = [yield* createTask(day), yield* createTask(day), yield* createTask(day)] as const
      const task = yield* createTask(gather([gather([leaves[0], gather([leaves[1]])]), leaves[2]]))
      yield* ticks(5)
      yield* Task.cancel(task)
      yield* settled([task, ...leaves])
      expect([task, ...leaves].map((task) => Task.cancelled(task))).toEqual([true, true, true, true])
      yield* ticks(3)
      expect((yield* asyncio.allTasks).size).toBe(1)
    })
  )

  everywhere(
    "a task that gathers itself ends when it is cancelled",
    Effect.gen(function*() {
      const task: Task.Task<unknown> = yield* createTask(
        Effect.suspend((): Effect.Effect<unknown, never, EventLoop.EventLoop> => gather([task, day]))
      )
      yield* ticks(3)
      yield* Task.cancel(task)
      expect(outcomeOf(yield* Task.await(task))).toBe("cancelled")
    })
  )

  everywhere(
    "Effect's own interruption: cancels the children, too",
    Effect.gen(function*() {
      const children = [yield* createTask(day), yield* createTask(day)]
      const fiber = yield* Effect.forkChild(gather(children))
      yield* ticks(2)
      yield* Fiber.interrupt(fiber)
      yield* settled(children)
      expect(children.map((child) => Task.cancelled(child))).toEqual([true, true])
    })
  )

  const programs: ReadonlyArray<[string, (children: ReadonlyArray<Effect.Effect<number>>) => Program<unknown, never>]> =
    [
      ["a tuple", (children) => gather(children)],
      ["with returnExceptions", (children) => gather(children, { returnExceptions: true })],
      ["with cancelOnError", (children) => gather(children, { cancelOnError: true })],
      ["with concurrency 1", (children) => gather(children, { concurrency: 1 })],
      ["with concurrency 2", (children) => gather(children, { concurrency: 2 })],
      ["nested", (children) => gather([gather(children.slice(0, 2)), gather(children.slice(2))])],
      [
        "of tasks",
        (children) => Effect.flatMap(Effect.forEach(children, (child) => createTask(child)), (tasks) => gather(tasks))
      ]
    ]
  for (const [name, gathering] of programs) {
    it.live(`at every step: ${name}`, () =>
      Effect.gen(function*() {
        const steps = yield* cancelledAtEveryStep((cancelAtStep, accepted, step) =>
          Effect.gen(function*() {
            let begun = 0
            let ended = 0
            let begunBefore: number | undefined
            const child = (n: number) =>
              Effect.suspend(() => {
                begun++
                return Effect.ensuring(
                  Effect.as(n % 2 === 0 ? sleep(n) : ticks(n), n),
                  Effect.andThen(sleep(0), Effect.sync(() => void ended++))
                )
              })
            const task = yield* createTask(gathering([1, 2, 3, 4].map(child)), { name: `step ${step}` })
            yield* cancelAtStep(task, (accepted) => {
              if (accepted) begunBefore = begun
            })
            const exit = yield* Task.await(task)
            expect(outcomeOf(exit) === "cancelled").toBe(accepted() === true)
            expect(Task.cancelling(task)).toBe(accepted() === true ? 1 : 0)
            // What has begun comes to its end, and nothing more begins.
            yield* sleep("1 hour")
            expect(begun).toBe(begunBefore ?? 4)
            expect(ended).toBe(begun)
            expect((yield* asyncio.allTasks).size).toBe(1)
          })
        )
        expect(steps).toBeGreaterThan(20)
      }))
  }
})

describe("misuse", () => {
  everywhere(
    "a lone awaitable dies with IllegalArgumentError, and does not run",
    Effect.gen(function*() {
      const lone: ReadonlyArray<any> = [
        Effect.sync(() => assert.fail("ran")),
        yield* createTask(Effect.void),
        yield* Future.make(),
        Option.some(1)
      ]
      for (const bad of lone) {
        const defect = yield* defectOf(gather(bad) as Effect.Effect<unknown, unknown, EventLoop.EventLoop>)
        expect(Cause.isIllegalArgumentError(defect)).toBe(true)
        expect(defect.message).toMatch(/^gather: /)
      }
      yield* ticks(2)
    })
  )

  for (const bad of [undefined, null, 5, "ab", true, () => [], Symbol("s")] as ReadonlyArray<any>) {
    everywhere(
      `${inspect(bad)} dies with IllegalArgumentError`,
      Effect.gen(function*() {
        const defect = yield* defectOf(gather(bad) as Effect.Effect<unknown, unknown, EventLoop.EventLoop>)
        expect(Cause.isIllegalArgumentError(defect)).toBe(true)
        expect(defect.message).toMatch(/^gather: /)
      })
    )
  }

  everywhere(
    "what is no awaitable among others: dies, names it, and nothing starts",
    Effect.gen(function*() {
      const child = Effect.sync(() => assert.fail("started"))
      const bads: ReadonlyArray<any> = [undefined, null, 1, Promise.resolve(1), {}, () => child, [child]]
      for (const bad of bads) {
        for (const input of [[child, bad], new Set([child, bad]), { child, bad }] as ReadonlyArray<any>) {
          const defect = yield* defectOf(gather(input) as Effect.Effect<unknown, unknown, EventLoop.EventLoop>)
          expect(Cause.isIllegalArgumentError(defect)).toBe(true)
          expect(defect.message).toMatch(/^gather: item (1|bad)/)
        }
      }
      const sparse: Array<Effect.Effect<never>> = [child]
      sparse[2] = child
      const defect = yield* defectOf(gather(sparse))
      expect(Cause.isIllegalArgumentError(defect)).toBe(true)
      yield* ticks(3)
      expect((yield* asyncio.allTasks).size).toBe(1)
    })
  )

  everywhere(
    "an iterable that throws: a defect, and nothing starts",
    Effect.gen(function*() {
      const input = {
        *[Symbol.iterator]() {
          yield Effect.sync(() => assert.fail("started"))
          throw new Error("no more")
        }
      }
      expect((yield* defectOf(gather(input))).message).toBe("no more")
      yield* ticks(2)
    })
  )
})

describe("a gather that has failed leaves what runs on", () => {
  everywhere(
    "its children's lines, at once; what they fail with later is no report",
    Effect.gen(function*() {
      const future = yield* Future.make<never, string>()
      const inputs = [future, future, Effect.andThen(ticks(2), Effect.fail("no")), Effect.never]
      const states: Array<unknown> = []
      const each: ReadonlyArray<asyncio.gather.Options> = [{}, { concurrency: 2 }]
      for (const options of each) {
        const task = yield* createTask(gather(inputs, options))
        yield* ticks(2)
        states.push(lineOf(future))
        states.push(outcomeOf(yield* Task.await(task)), lineOf(future), Future.awaitedBy(future).size)
      }
      const messages = yield* messagesOf(Effect.gen(function*() {
        const late = yield* Future.make<never, string>()
        yield* Effect.flip(gather([late, Effect.fail("early")]))
        yield* Future.fail(late, "late")
      }))
      return [states, messages]
    }),
    [[2, "fail no", 0, 0, 2, "fail no", 0, 0], []]
  )

  everywhere(
    "also where it was cancelled, and a child goes on",
    Effect.gen(function*() {
      const stubborn = yield* createTask(Task.catchCancelled(Effect.never, () => Effect.never))
      const task = yield* createTask(gather([stubborn, Effect.never]))
      yield* ticks(3)
      yield* Task.cancel(task)
      const exit = outcomeOf(yield* Task.await(task))
      const left = lineOf(stubborn)
      yield* Task.cancel(stubborn)
      return [exit, left]
    }),
    ["cancelled", 0]
  )

  it.live("100,000 beside one long-lived future leave nothing", () =>
    onVirtual(Effect.gen(function*() {
      const future = yield* Future.make<never>()
      for (let i = 0; i < 100_000; i++) yield* Effect.flip(gather([future, Effect.fail(i)]))
      expect([lineOf(future), (yield* asyncio.allTasks).size]).toEqual([0, 1])
    })))
})

describe("many", () => {
  const loops: ReadonlyArray<[string, OnLoop]> = [["live", (main) => EventLoop.provide(main)], ["virtual", onVirtual]]
  for (const [name, run] of loops) {
    it.live(`100,000 tasks created and gathered [${name}]`, () =>
      run(Effect.gen(function*() {
        const tasks: Array<Task.Task<number>> = []
        for (let i = 0; i < 100_000; i++) tasks.push(yield* createTask(Effect.succeed(i)))
        const values = yield* gather(tasks)
        expect(values.length).toBe(100_000)
        expect(values.every((value, i) => value === i)).toBe(true)
      })))
  }
  it.live("100,000 sleeps gathered, and cancelled", () =>
    onVirtual(Effect.gen(function*() {
      const task = yield* createTask(gather(Array.from({ length: 100_000 }, (_, i) => sleep(Duration.seconds(i + 1)))))
      yield* ticks(2)
      yield* Task.cancel(task)
      expect(outcomeOf(yield* Task.await(task))).toBe("cancelled")
      yield* ticks(2)
      expect([(yield* asyncio.allTasks).size, yield* EventLoop.time]).toEqual([1, 0])
    })))
  it.live("10,000 effects, 7 at a time", () =>
    onVirtual(Effect.gen(function*() {
      const values = yield* gather(Array.from({ length: 10_000 }, (_, i) => sleep(1, i)), { concurrency: 7 })
      expect(values.every((value, i) => value === i)).toBe(true)
      expect(yield* EventLoop.time).toBeCloseTo(Math.ceil(10_000 / 7) / 1000, 9)
    })))
})
