/** A snapshot as a text, letter for letter. */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { createTask, Future, Lock, Queue, sleep, Task } from "effect-asyncio"
import * as Insight from "effect-asyncio/insight"
import { VirtualLoop } from "effect-asyncio/testing"
import { never, type Program } from "../support/loops.ts"

const virtually = <A, E>(program: Program<A, E>) => VirtualLoop.run(program, { patience: 0 })

/** Without places: what is left is the same wherever this file lies. */
const withoutPlaces = (text: string): string => text.replaceAll(/\n[ │]*(created at|in) .+/g, "")

const textOf = (program: Program, options?: Insight.FormatOptions) =>
  virtually(Effect.gen(function*() {
    yield* program
    yield* sleep("1 second")
    return Insight.format([yield* Insight.currentLoop], options)
  }))

/** Tasks that stay where they are. */
const start = <A, E>(name: string, program: Program<A, E>) => createTask(program, { name })

describe("format", () => {
  const work = Effect.fn("work")(() => never)

  it.live("a tree of who awaits whom, and what each does", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const db = Insight.named(yield* Lock.make, "db")
        const jobs = yield* Queue.make<number>()
        yield* start("holder", Lock.withLock(db, sleep("1 minute")))
        const query = yield* start("query", Lock.acquire(db))
        yield* start("page", asyncio.gather([query, sleep("1 hour"), work()]))
        yield* start("logger", Task.await(query))
        yield* start("getter", asyncio.timeout("1500 millis", () => Queue.get(jobs)))
        yield* start("outside", Effect.never)
        const asked = yield* start("asked", Effect.ensuring(never, sleep("1 day")))
        yield* sleep(0)
        yield* Task.cancel(asked)
        yield* Effect.asVoid(start("spinner", Effect.forever(sleep("10 millis"))))
      })
      expect(withoutPlaces(yield* textOf(program)).split("\n")).toEqual([
        "11 tasks, 1 ready",
        "Task-1  runs",
        "holder  waits for a timer due in 59 s",
        "page  waits for gather",
        "├─ query  waits for Lock \"db\" held by holder (1 of 1 in line)",
        "├─ Task-2  waits for a timer due in 59 min 59 s",
        "└─ work (Task-3)  waits for a future",
        "logger  waits for task 'query'",
        "└─ query  (see above)",
        "getter  waits for Queue#1.get (1 of 1 in line), times out in 500 ms",
        "outside  waits for something outside of the loop",
        "asked  waits for a timer due in 23 h 59 min 59 s, asked to cancel",
        "spinner  is ready"
      ])
    }))

  it.live("below each what it is in and where it was created, told from a base", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const task = yield* createTask(Effect.withSpan(work(), "span"))
        yield* start("waiter", Task.join(task))
      })
      const text = yield* textOf(program, { base: import.meta.dirname })
      expect(text.replaceAll(/\d+:\d+/g, "1:1").split("\n")).toEqual([
        "3 tasks, 0 ready",
        "Task-1  runs",
        "waiter  waits for task 'Task-2'",
        "│   created at format.test.ts:1:1",
        "└─ span (Task-2)  waits for a future",
        "       in work format.test.ts:1:1",
        "       in span format.test.ts:1:1",
        "       created at format.test.ts:1:1"
      ])
      expect(yield* textOf(program)).toContain(`created at ${import.meta.filename}:`)
    }))

  it.live("circles are marked and told at the end; what hangs on one stands with it", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const tasks: Array<Task.Task<unknown>> = []
        for (const [i, name] of ["a", "b"].entries()) {
          tasks.push(yield* start(name, Effect.suspend(() => Task.join(tasks[1 - i]!))))
        }
        const [one, two] = [Insight.named(yield* Lock.make, "one"), yield* Lock.make]
        const takes = (first: Lock.Lock, second: Lock.Lock) =>
          Lock.withLock(first, Effect.andThen(sleep(10), Lock.withLock(second, Effect.void)))
        yield* start("c", takes(one, two))
        yield* start("d", takes(two, one))
      })
      expect(withoutPlaces(yield* textOf(program)).split("\n")).toEqual([
        "5 tasks, 0 ready",
        "Task-1  runs",
        "c  waits for Lock#1 held by d (1 of 1 in line) [deadlock]",
        "d  waits for Lock \"one\" held by c (1 of 1 in line) [deadlock]",
        "a  waits for task 'b' [deadlock]",
        "└─ b  waits for task 'a' [deadlock]",
        "   └─ a  (see above)",
        "deadlock: 'a' -> 'b' -> 'a'",
        "deadlock, unless somebody else releases: 'c' -> 'd' -> 'c'"
      ])
    }))

  it.live("many that are alike are one line; those with something below them are not", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const lock = yield* Lock.make
        yield* start("holder", Lock.withLock(lock, never))
        for (let i = 1; i <= 21; i++) yield* start(`w${i}`, Lock.acquire(lock))
        for (let i = 1; i <= 2; i++) yield* start(`g${i}`, asyncio.gather([never]))
        for (let i = 1; i <= 20; i++) yield* start(`s${i}`, sleep("1 hour"))
      })
      const lines = withoutPlaces(yield* textOf(program)).split("\n")
      expect(lines.slice(0, 8)).toEqual([
        "47 tasks, 0 ready",
        "Task-1  runs",
        "holder  waits for a future",
        "w1, w2 and 19 more: 21 wait for Lock#1 held by holder",
        "g1  waits for gather",
        "└─ Task-2  waits for a future",
        "g2  waits for gather",
        "└─ Task-3  waits for a future"
      ])
      expect(lines).toHaveLength(28)
    }))

  it.live("of many, those that are not one line stand in order of creation", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        for (let i = 1; i <= 22; i++) yield* start(`t${i}`, i % 2 === 0 ? sleep("1 hour") : never)
      })
      const names = withoutPlaces(yield* textOf(program)).split("\n").map((line) => line.split(" ")[0])
      expect(names.slice(2)).toEqual(Array.from({ length: 22 }, (_, i) => `t${i + 1}`))
    }))

  it.live("no more lines than asked for; what is left out is counted, circles are not left out", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        for (let i = 1; i <= 9; i++) yield* start(`t${i}`, sleep(`${i} hours`))
        const tasks: Array<Task.Task<unknown>> = []
        for (const [i, name] of ["a", "b"].entries()) {
          tasks.push(yield* start(name, Effect.suspend(() => Task.join(tasks[1 - i]!))))
        }
      })
      const text = yield* textOf(program, { limit: 4 })
      expect(withoutPlaces(text).split("\n")).toEqual([
        "12 tasks, 0 ready",
        "Task-1  runs",
        "t1  waits for a timer due in 59 min 59 s",
        "… and 10 more",
        "deadlock: 'a' -> 'b' -> 'a'"
      ])
    }))

  it.live("10,000 in a row are as deep as 30, and no stack overflows", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        let last: Task.Task<unknown> = yield* start("t0", never)
        for (let i = 1; i < 10_000; i++) last = yield* start(`t${i}`, Task.join(last))
      })
      const text = yield* textOf(program, { limit: 50_000 })
      expect(Math.max(...text.split("\n").map(({ length }) => length))).toBeLessThan(250)
      expect(text).toContain("t0  waits for a future")
    }))

  it.live("several loops are numbered; a task may await one of another", () =>
    Effect.gen(function*() {
      const loops = yield* virtually(virtually(Effect.sync(Insight.snapshot)))
      const [outer, inner] = loops.slice(-2)
      expect(Insight.format([outer!, inner!]).split("\n")).toEqual([
        `loop ${outer!.id}: 1 task, 0 ready`,
        "Task-1  waits for task 'Task-1'",
        "└─ Task-1  runs",
        `loop ${inner!.id}: 1 task, 0 ready`
      ])
      expect(Insight.format([])).toBe("")
    }))

  it.live("colours, when asked for", () =>
    Effect.gen(function*() {
      const text = yield* textOf(start("a", work()), { color: true, base: import.meta.dirname })
      expect(text.replaceAll(/\d+:\d+/g, "1:1").replaceAll("\u001B", "^").split("\n")).toEqual([
        "2 tasks, 0 ready",
        "^[1mTask-1^[0m  runs",
        "^[1ma^[0m  waits for a future",
        "    ^[2min work format.test.ts:1:1^[0m",
        "    ^[2mcreated at format.test.ts:1:1^[0m"
      ])
    }))

  it.live("how long it has waited, while a recorder listens", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        yield* start("early", never)
        yield* sleep("1500 millis")
        yield* start("late", sleep("1 hour"))
        yield* sleep("1 second")
        return yield* Insight.currentLoop
      })
      const loop = yield* virtually(Effect.scoped(Effect.andThen(Insight.recorder(), program)))
      expect(loop.tasks.map(({ createdBy }) => createdBy)).toEqual([undefined, loop.tasks[0]!.id, loop.tasks[0]!.id])
      expect(withoutPlaces(Insight.format([loop])).split("\n").slice(2)).toEqual([
        "early  waits 2.5 s for a future",
        "late  waits 1 s for a timer due in 59 min 59 s"
      ])
      const after = yield* virtually(program)
      expect(after.tasks.map(({ createdBy, wait }) => createdBy ?? wait?.since)).toEqual([
        undefined,
        undefined,
        undefined
      ])
    }))

  it.live("of the tasks those that are asked for, each below the next that is shown", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const query = yield* start("query", never)
        const page = yield* start("page", Task.await(query))
        yield* start("server", Task.await(page))
        yield* start("other", never)
      })
      const filter = ({ name }: Insight.TaskInfo): boolean => name === "query" || name === "server"
      expect(withoutPlaces(yield* textOf(program, { filter })).split("\n")).toEqual([
        "5 tasks, 0 ready, 2 shown",
        "query  waits for a future",
        "server  waits for task 'page'"
      ])
    }))

  it.live("moments that have passed, as where the loop is late, and the shortest of times", () =>
    Effect.gen(function*() {
      const loop = yield* virtually(Effect.andThen(
        start("a", sleep("1 hour")),
        Effect.andThen(sleep(0), Insight.currentLoop)
      ))
      const [, a] = loop.tasks
      const due = (dueIn: number, timeout?: number): string | undefined =>
        Insight.format([{ ...loop, tasks: [{ ...a!, wait: { ...a!.wait!, dueIn, timeout } }] }]).split("\n")[1]
      expect(due(0.000_958_000_000_000_000_1)).toBe("a  waits for a timer due in 958 µs")
      expect(due(-0.735_059, -0.0247)).toBe("a  waits for a timer due 735 ms ago, timed out 25 ms ago")
      for (let i = 0; i < 1000; i++) expect(due(i / 999_983)).toMatch(/ due in \d+ (ms|µs)$/)
    }))

  it("what it is to tell is checked, and its options", () => {
    const expected = "expected an array of loops, as currentLoop gives them"
    expect(() => Insight.format("x" as never)).toThrow(`format: the argument is "x", ${expected}`)
    expect(() => Insight.format([{}] as never)).toThrow(`format: the argument is [{}], ${expected}`)
    expect(() => Insight.format([], { limit: 0 })).toThrow("format: limit is 0, expected a whole number above 0")
    expect(() => Insight.format([], { colour: true } as never)).toThrow(
      "format: colour is true, expected no such option; the options are color, base, limit, filter; did you mean color?"
    )
  })
})

describe("formatCallGraph", () => {
  const graph = (of: (tasks: ReadonlyMap<string, Task.Task<unknown>>) => Future.Future<unknown, unknown> | undefined) =>
    virtually(Effect.gen(function*() {
      const future = yield* Future.make<number>()
      const query = yield* start("query", Future.join(future))
      yield* start("page", asyncio.gather([query, never]))
      yield* start("other", Task.await(query))
      yield* sleep("1 second")
      return withoutPlaces(Insight.formatCallGraph(of(new Map([["query", query]])) ?? future)).split("\n")
    }))

  it.live("of a task: those that await it, to the end", () =>
    Effect.gen(function*() {
      expect(yield* graph((tasks) => tasks.get("query"))).toEqual([
        "query  waits for a future",
        "├─ other  waits for task 'query'",
        "└─ page  waits for gather"
      ])
    }))

  it.live("of a plain future", () =>
    Effect.gen(function*() {
      expect(yield* graph(() => undefined)).toEqual([
        "<Future pending>",
        "query  waits for a future",
        "├─ other  waits for task 'query'",
        "└─ page  waits for gather"
      ])
    }))

  it.live("of a task that is done, of no task, and of what is none", () =>
    Effect.gen(function*() {
      const done = yield* virtually(Effect.gen(function*() {
        const task = yield* start("done", Effect.succeed(1))
        yield* task
        return Insight.formatCallGraph(task)
      }))
      expect(withoutPlaces(done)).toMatch(/^<Task finished name='done' result=1/)
      expect(Insight.formatCallGraph()).toBe("")
      expect(() => Insight.formatCallGraph({} as never)).toThrow(
        "formatCallGraph: the argument is {}, expected a Future or Task"
      )
    }))
})
