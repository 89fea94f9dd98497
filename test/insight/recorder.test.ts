/** Recorders: what they know of each kind of wait, of tasks, branches and blocks; what they forget. */
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { Barrier, Condition, Event, Future, Lock, Queue, Semaphore, Task, TaskGroup } from "effect-asyncio"
import { named, record, recorder } from "effect-asyncio/insight"
import { VirtualLoop } from "effect-asyncio/testing"
import { defectOf, onVirtual, type Program } from "../support/loops.ts"
import { recorded, rowOf, spansOf } from "../support/recorded.ts"

const { createTask, gather, sleep } = asyncio

/** Something that a waiter waits for, ended by another task after a second. */
const meanwhile = (waiting: Program, ending: Program) =>
  Effect.gen(function*() {
    yield* createTask(Effect.ignore(ending).pipe((end) => Effect.andThen(sleep("1 second"), end)), { name: "other" })
    yield* Effect.exit(waiting)
  })

const waits: ReadonlyArray<readonly [name: string, program: Program, spans: ReadonlyArray<string>]> = [
  ["sleep", sleep("3 seconds"), ["0 to 3000: wait sleep 3 s"]],
  ["a sleep that is shorter than a millisecond", sleep("20 micros"), ["0 to 0.02: wait sleep 20 µs"]],
  ["sleep(0)", sleep(0), ["0 to 0: ready yielded"]],
  ["Effect.sleep", Effect.sleep("1 second"), ["0 to 1000: outside"]],
  ["gather", gather([sleep("1 second"), sleep("2 seconds")]), ["0 to 2000: wait gather until Task-3"]],
  ["wait", asyncio.wait([sleep("1 second")]), ["0 to 1000: wait wait until Task-2"]],
  ["wait, out of time", asyncio.wait([sleep("2 seconds")], { timeout: "1 second" }), ["0 to 1000: wait wait"]],
  [
    "asCompleted",
    Stream.runDrain(asyncio.asCompleted([sleep("1 second")])),
    ["0 to 1000: wait asCompleted until Task-2"]
  ],
  ["shield", asyncio.shield(sleep("1 second")), ["0 to 1000: wait shield of task 'Task-2' until Task-2"]],
  ["waitFor", asyncio.waitFor(sleep("1 second"), "2 seconds"), [
    "0 to 1000: block waitFor 2 s ok",
    "0 to 1000: wait sleep 1 s"
  ]],
  ["timeout", Effect.exit(asyncio.timeout("1 second", () => sleep("2 seconds"))), [
    "0 to 1000: block timeout 1 s failed",
    "0 to 1000: wait sleep 2 s"
  ]],
  ["a join", Effect.flatMap(createTask(sleep("1 second"), { name: "other" }), Task.join), [
    "0 to 1000: wait task 'other' until other"
  ]],
  ["a watch", Effect.flatMap(createTask(sleep("1 second"), { name: "other" }), Task.await), [
    "0 to 1000: wait task 'other' until other"
  ]],
  [
    "a future",
    Effect.flatMap(
      Future.make<void>(),
      (future) => meanwhile(Future.join(future), Future.succeed(future, undefined))
    ),
    [
      "0 to 1000: wait a future until other"
    ]
  ],
  ["a group", TaskGroup.run((group) => group.createTask(sleep("1 second"))), [
    "0 to 1000: block TaskGroup ok",
    "0 to 1000: wait the tasks of its TaskGroup until Task-2"
  ]],
  ["an event", Effect.flatMap(Event.make, (event) => meanwhile(Event.wait(event), Event.set(event))), [
    "0 to 1000: wait Event#1 until other"
  ]],
  [
    "a condition",
    Effect.flatMap(Condition.make(), (condition) =>
      meanwhile(
        Condition.withLock(condition, Condition.wait(condition)),
        Condition.withLock(condition, Condition.notify(condition))
      )),
    ["0 to 1000: wait Condition#1 until other"]
  ],
  ["a barrier", Effect.flatMap(Barrier.make(2), (barrier) => meanwhile(Barrier.wait(barrier), Barrier.wait(barrier))), [
    "0 to 1000: wait Barrier#1 until other"
  ]],
  [
    "a lock",
    Effect.gen(function*() {
      const lock = named(yield* Lock.make, "db")
      yield* createTask(Lock.withLock(lock, sleep("1 second")), { name: "other" })
      yield* sleep(0)
      yield* Lock.acquire(lock)
    }),
    ["0 to 0: ready yielded", "0 to 1000: wait Lock \"db\" held by other until other"]
  ],
  [
    "a semaphore",
    Effect.flatMap(
      Semaphore.make(0),
      (semaphore) => meanwhile(Semaphore.acquire(semaphore), Semaphore.release(semaphore))
    ),
    ["0 to 1000: wait Semaphore#1 until other"]
  ],
  [
    "a get",
    Effect.flatMap(Queue.make<number>(), (queue) => meanwhile(Queue.get(queue), Queue.put(queue, 1))),
    ["0 to 1000: wait Queue#1.get until other"]
  ],
  [
    "a put",
    Effect.flatMap(
      Queue.make<number>({ maxsize: 1 }),
      (queue) => meanwhile(Effect.andThen(Queue.put(queue, 1), Queue.put(queue, 2)), Queue.get(queue))
    ),
    ["0 to 1000: wait Queue#1.put until other"]
  ],
  [
    "a queue's join",
    Effect.flatMap(
      Queue.make<number>(),
      (queue) => meanwhile(Effect.andThen(Queue.put(queue, 1), Queue.join(queue)), Queue.taskDone(queue))
    ),
    ["0 to 1000: wait Queue#1.join until other"]
  ],
  [
    "a Deferred of Effect's",
    Effect.flatMap(
      Deferred.make<void>(),
      (deferred) => meanwhile(Deferred.await(deferred), Deferred.succeed(deferred, undefined))
    ),
    ["0 to 1000: outside"]
  ]
]

describe("each wait", () => {
  for (const [name, program, spans] of waits) {
    it.live(name, () =>
      Effect.gen(function*() {
        expect(spansOf(yield* recorded(program), "Task-1")).toEqual(spans)
      }))
  }
})

const job = Effect.fn("job")(function*(millis: number, fails = false) {
  yield* sleep(millis)
  if (fails) return yield* Effect.fail("no")
})

describe("tasks", () => {
  it.live("who, of whom, since when, and how it ended", () =>
    Effect.gen(function*() {
      const timeline = yield* recorded(Effect.gen(function*() {
        yield* sleep("1 second")
        yield* Effect.exit(gather({ a: job(1000), b: job(2000, true) }))
        yield* createTask(Effect.die(new Error("broken")), { name: "named" }).pipe(Effect.flatMap(Task.await))
        yield* createTask(Effect.die(new TypeError()), { name: "dies" }).pipe(Effect.flatMap(Task.await))
        const gone = yield* createTask(job(9000), { name: "gone" })
        yield* Task.cancel(gone)
      }))
      const rows = timeline.tasks.map(({ begin, end, error, name, outcome, parent, runs }) => {
        const by = timeline.tasks.find(({ id }) => id === parent)?.name
        return [name, runs, by, begin, end, outcome, error]
      })
      expect(rows).toEqual([
        ["Task-1", undefined, undefined, 0, 3000, "ok", undefined],
        ["Task-2", "job", "Task-1", 1000, 2000, "ok", undefined],
        ["Task-3", "job", "Task-1", 1000, 3000, "failed", "no"],
        ["named", undefined, "Task-1", 3000, 3000, "failed", "broken"],
        ["dies", undefined, "Task-1", 3000, 3000, "failed", "TypeError"],
        ["gone", undefined, "Task-1", 3000, 3000, "cancelled", undefined]
      ])
      expect(timeline.tasks.slice(1).every(({ createdAt }) => createdAt?.includes("recorder.test.ts"))).toBe(true)
      expect([timeline.from, timeline.to, timeline.dropped]).toEqual([0, 3000, 0])
    }))

  it.live("requests to cancel, and who made them", () =>
    Effect.gen(function*() {
      const timeline = yield* recorded(Effect.gen(function*() {
        const victim = yield* createTask(sleep("1 hour"), { name: "victim" })
        yield* createTask(Effect.andThen(sleep("1 second"), Task.cancel(victim)), { name: "killer" })
        yield* Task.await(victim)
      }))
      expect(rowOf(timeline, "victim").cancels).toEqual([{ at: 1000, by: rowOf(timeline, "killer").id }])
      expect(spansOf(timeline, "victim")).toEqual(["0 to 1000: wait sleep 1 h"])
    }))

  it.live("what a branch does is the branch's, and the task waits for it", () =>
    Effect.gen(function*() {
      const branches = Effect.all([job(1000), asyncio.timeout(500, () => job(3000))], { concurrency: "unbounded" })
      const timeline = yield* recorded(Effect.gen(function*() {
        yield* Effect.exit(branches)
        yield* sleep("1 second")
      }))
      expect(spansOf(timeline, "Task-1")).toEqual(["0 to 500: wait its branches", "500 to 1500: wait sleep 1 s"])
      expect(spansOf(timeline, "branch 1")).toEqual(["0 to 500: wait sleep 1 s"])
      expect(spansOf(timeline, "branch 2")).toEqual([
        "0 to 500: block timeout 500 ms failed",
        "0 to 500: wait sleep 3 s"
      ])
      const rows = timeline.tasks.map(({ kind, outcome, runs }) => [kind, runs, outcome])
      expect(rows).toEqual([["task", undefined, "ok"], ["branch", "job", "cancelled"], ["branch", "job", "failed"]])
    }))

  it.live("an eager task begins in its creator's step", () =>
    Effect.gen(function*() {
      const timeline = yield* recorded(Effect.gen(function*() {
        yield* createTask(sleep("1 second"), { name: "eager", eager: true })
        yield* createTask(Effect.void, { name: "at once", eager: true })
        yield* sleep("2 seconds")
      }))
      expect(spansOf(timeline, "eager")).toEqual(["0 to 1000: wait sleep 1 s"])
      expect(spansOf(timeline, "at once")).toEqual([])
      expect(rowOf(timeline, "at once").outcome).toBe("ok")
    }))

  it.live("what holds the loop is a run, and what is ready meanwhile is ready", () =>
    Effect.gen(function*() {
      const { advance } = VirtualLoop
      const timeline = yield* recorded(Effect.gen(function*() {
        yield* createTask(advance("1 second"), { name: "a" })
        yield* createTask(Effect.andThen(sleep(500), advance("3 seconds")), { name: "b" })
        yield* sleep("10 seconds")
      }))
      const ofA = rowOf(timeline, "a").spans.map(({ from, kind, to }) => [kind, from, to])
      expect(ofA).toEqual([["run", 0, 1000]])
      const ofB = rowOf(timeline, "b").spans.map(({ from, kind, to }) => [kind, from, to])
      expect(ofB.slice(0, 2)).toEqual([["ready", 0, 1000], ["run", 1000, 1000]])
      expect(ofB.at(-1)).toEqual(["run", 1500, 4500])
    }))

  it.live("a fiber that Effect interrupts while it waits waits no longer", () =>
    Effect.gen(function*() {
      const timeline = yield* recorded(Effect.gen(function*() {
        const event = yield* Event.make
        const fiber = yield* Effect.forkChild(Event.wait(event), { startImmediately: true })
        yield* sleep("1 second")
        yield* Fiber.interrupt(fiber)
        yield* sleep("1 second")
      }))
      expect(spansOf(timeline, "branch 1")).toEqual(["0 to 1000: wait Event#1"])
      expect(rowOf(timeline, "branch 1").end).toBe(1000)
    }))

  it.live("a branch that outlives its task ends with it, and throws nothing later", () =>
    Effect.gen(function*() {
      const timeline = yield* recorded(Effect.gen(function*() {
        const event = yield* Event.make
        const forking = Effect.forkDetach(Event.wait(event), { startImmediately: true })
        const task = yield* createTask(forking, { name: "forks" })
        const fiber = yield* task
        yield* sleep("1 second")
        yield* Event.set(event)
        yield* Fiber.join(fiber)
        yield* sleep("1 second")
      }))
      expect(rowOf(timeline, "branch 1").end).toBe(0)
      expect(rowOf(timeline, "Task-1").outcome).toBe("ok")
    }))

  it.live("of two loops, each by its own clock", () =>
    Effect.gen(function*() {
      const inner = onVirtual(sleep("1 hour"))
      const timeline = yield* recorded(Effect.andThen(sleep("1 second"), inner))
      const [outer, nested] = timeline.tasks
      expect(outer!.loop).not.toBe(nested!.loop)
      expect([outer!.end, nested!.end]).toEqual([1000, 3_600_000])
    }))

  const programs: ReadonlyArray<readonly [name: string, program: Program]> = [
    ["rows", gather([job(1), job(2), job(3, true)])],
    ["blocks", asyncio.timeout(1, () => TaskGroup.run((group) => group.createTask(job(5))))],
    ["branches", Effect.all([job(3), job(1, true), asyncio.timeout(2, () => job(9))], { concurrency: "unbounded" })]
  ]
  for (const [name, program] of programs) {
    it.live(`spans follow each other, and blocks nest: ${name}`, () =>
      Effect.gen(function*() {
        const { tasks } = yield* recorded(Effect.exit(program))
        for (const { begin, end, spans } of tasks) {
          const plain = spans.filter(({ kind }) => kind !== "block")
          plain.slice(1).forEach((span, index) => expect(span.from).toBe(plain[index]!.to))
          expect([plain[0]!.from, plain.at(-1)!.to]).toEqual([begin, end])
        }
      }))
  }
})

describe("recorder", () => {
  it.live("forgets the oldest, and says how many", () =>
    Effect.gen(function*() {
      const program = Effect.forEach([1, 2, 3, 4], (n) =>
        createTask(sleep(n * 1000), { name: `job ${n}` }).pipe(
          Effect.flatMap(Task.join)
        ))
      const whole = yield* recorded(program)
      const all = whole.tasks.flatMap(({ spans }) => spans).length
      const timeline = yield* recorded(program, { capacity: 8 })
      const kept = timeline.tasks.flatMap(({ spans }) => spans).toSorted((a, b) => a.to - b.to)
      expect(kept).toHaveLength(8)
      expect(timeline.dropped).toBe(all - 8)
      expect(kept.every(({ to }) => to >= timeline.from)).toBe(true)
      // Who has dropped out altogether has no row; who is left has a name, a begin and a parent.
      expect(timeline.tasks.map(({ name }) => name)).toEqual(["Task-1", "job 3", "job 4"])
      expect(rowOf(timeline, "Task-1").begin).toBe(0)
    }))

  it.live("shows what is under way, and of what was there before it as much as it saw", () =>
    Effect.gen(function*() {
      const seen = onVirtual(
        Effect.gen(function*() {
          const before = yield* createTask(sleep("10 seconds"), { name: "before" })
          yield* sleep("1 second")
          const { timeline } = yield* recorder()
          yield* createTask(asyncio.timeout(9000, () => sleep("5 seconds")), { name: "under way" })
          yield* sleep("2 seconds")
          const shown = timeline()
          yield* Task.cancel(before)
          return [shown, timeline()] as const
        }).pipe(Effect.scoped)
      )
      const [shown, later] = yield* seen
      expect(shown.from).toBe(1000)
      expect(spansOf(shown, "Task-1")).toEqual(["1000 to 3000: wait sleep 2 s"])
      expect(spansOf(shown, "under way")).toEqual([
        "1000 to 3000: block timeout 9 s",
        "1000 to 3000: wait sleep 5 s"
      ])
      expect(rowOf(shown, "under way").end).toBe(undefined)
      expect(shown.tasks.some(({ name }) => name === "before")).toBe(false)
      expect(rowOf(later, "before").cancels).toHaveLength(1)
    }))

  it.live("several listen, each for as long as it does", () =>
    Effect.gen(function*() {
      const [inner, outer] = yield* onVirtual(
        Effect.gen(function*() {
          const long = yield* recorder()
          const [, inner] = yield* record(sleep("1 second"))
          yield* sleep("1 second")
          return [inner, long.timeline()] as const
        }).pipe(Effect.scoped)
      )
      expect(spansOf(inner, "Task-1")).toEqual(["0 to 1000: wait sleep 1 s"])
      expect(spansOf(outer, "Task-1")).toEqual(["0 to 1000: wait sleep 1 s", "1000 to 2000: wait sleep 1 s"])
      // It ends when the recorder stops.
      expect(inner.to).toBe(1000)
    }))

  it.live("knows nothing of a program without tasks", () =>
    Effect.gen(function*() {
      const [exit, timeline] = yield* record(Effect.succeed(1))
      expect(exit).toEqual(Exit.succeed(1))
      expect(timeline).toEqual({ from: 0, to: 0, dropped: 0, tasks: [], wakes: [] })
    }))

  it.live("refuses what is no capacity, and no option", () =>
    Effect.gen(function*() {
      for (const capacity of [0, -1, 1.5, NaN, Infinity]) {
        expect((yield* defectOf(Effect.scoped(recorder({ capacity })))).message).toContain(
          `recorder: capacity is ${capacity}, expected a whole number of at least 1`
        )
      }
      expect(() => record({ size: 1 } as object)).toThrow("record: size is 1, expected no such option")
    }))
})
