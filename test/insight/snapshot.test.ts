/** Who is there and who waits for whom, as data. */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Option, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import {
  Barrier,
  Condition,
  createTask,
  Event,
  EventLoop,
  Future,
  Lock,
  Queue,
  Semaphore,
  sleep,
  Task
} from "effect-asyncio"
import * as Insight from "effect-asyncio/insight"
import { VirtualLoop } from "effect-asyncio/testing"
import { never, type Program } from "../support/loops.ts"

const virtually = <A, E>(program: Program<A, E>) => VirtualLoop.run(program, { patience: 0 })

/** What a task named `x` is at, once all that can is parked. */
const at = (program: Program, ticks = 10): Effect.Effect<Insight.TaskInfo, unknown> =>
  virtually(Effect.gen(function*() {
    yield* createTask(Effect.ignore(program), { name: "x" })
    for (let i = 0; i < ticks; i++) yield* sleep(0)
    return (yield* Insight.currentLoop).tasks.find(({ name }) => name === "x")!
  }))

const held = Effect.tap(Lock.make, Lock.acquire)

describe("a task's state", () => {
  const cases: ReadonlyArray<[Insight.State, Program, ticks?: number]> = [
    ["new", Effect.void, 0],
    ["waiting", never],
    ["outside", Effect.never],
    ["outside", Effect.promise(() => new Promise(() => {}))],
    ["outside", Effect.flatMap(Effect.forkChild(never), Fiber.join)],
    ["ready", Effect.forever(Effect.yieldNow)],
    ["ready", Effect.forever(sleep(0))]
  ]
  for (const [state, program, ticks] of cases) {
    it.live(state, () => Effect.map(at(program, ticks), (task) => expect(task.state).toBe(state)))
  }

  it.live("running: the one that asks, also from a fiber that it forked", () =>
    Effect.gen(function*() {
      const states = Effect.map(Insight.currentLoop, ({ tasks }) => tasks.map(({ state }) => state))
      const forked = Effect.flatMap(Effect.forkChild(states), Fiber.join)
      expect(yield* virtually(Effect.andThen(createTask(never), states))).toEqual(["running", "new"])
      expect(yield* virtually(forked)).toEqual(["running"])
    }))

  it.live("ready: woken, and its step is to come", () =>
    Effect.gen(function*() {
      const states = virtually(Effect.gen(function*() {
        const event = yield* Event.make
        yield* createTask(Event.wait(event))
        const asked = yield* createTask(never)
        yield* sleep(0)
        yield* Event.set(event)
        yield* Task.cancel(asked)
        return (yield* Insight.currentLoop).tasks.map(({ cancelling, state }) => [state, cancelling])
      }))
      expect(yield* states).toEqual([["running", 0], ["ready", 0], ["ready", 1]])
    }))
})

describe("what it waits for", () => {
  const cases: ReadonlyArray<[string, Program]> = [
    ["a timer", sleep("1 hour")],
    ["a sleep without end", sleep(Infinity)],
    ["a future", never],
    ["task 'y'", Effect.flatMap(createTask(never, { name: "y" }), Task.join)],
    ["gather", asyncio.gather([never, never])],
    ["wait", asyncio.wait([never])],
    ["asCompleted", Stream.runDrain(asyncio.asCompleted([never]))],
    ["the tasks of its TaskGroup", asyncio.TaskGroup.run((group) => group.createTask(never))],
    ["Lock#1", Effect.flatMap(held, Lock.acquire)],
    ["Lock \"db\"", Effect.flatMap(Effect.map(held, Insight.named("db")), Lock.acquire)],
    ["Semaphore#1", Effect.flatMap(Semaphore.make(0), Semaphore.acquire)],
    ["Event \"go\"", Effect.flatMap(Event.make, (event) => Event.wait(Insight.named(event, "go")))],
    ["Queue#1.get", Effect.flatMap(Queue.make(), Queue.get)],
    [
      "Queue \"jobs\".put",
      Effect.flatMap(
        Queue.make<number>({ maxsize: 1 }),
        (queue) => Effect.andThen(Queue.put(queue, 1), Queue.put(Insight.named(queue, "jobs"), 2))
      )
    ],
    [
      "Queue#1.join",
      Effect.flatMap(Queue.make<number>(), (queue) => Effect.andThen(Queue.put(queue, 1), Queue.join(queue)))
    ],
    [
      "Condition#1",
      Effect.flatMap(Condition.make(), (condition) => Condition.withLock(condition, Condition.wait(condition)))
    ]
  ]
  for (const [what, program] of cases) {
    it.live(
      what,
      () => Effect.map(at(program), ({ state, wait }) => expect([state, wait?.what]).toEqual(["waiting", what]))
    )
  }

  it.live("primitives without a name are counted by kind, as they are seen", () =>
    Effect.gen(function*() {
      const whats = virtually(Effect.gen(function*() {
        const [one, two] = [yield* held, yield* held]
        yield* createTask(Lock.acquire(two))
        yield* createTask(Lock.acquire(one))
        yield* createTask(Lock.acquire(two))
        yield* createTask(Effect.flatMap(Queue.make(), Queue.get))
        yield* sleep(0)
        const first = yield* Insight.currentLoop
        expect((yield* Insight.currentLoop).tasks).toEqual(first.tasks)
        return first.tasks.map(({ wait }) => wait?.what)
      }))
      expect(yield* whats).toEqual([undefined, "Lock#1", "Lock#2", "Lock#1", "Queue#1.get"])
    }))

  it.live("who has it, the place in the line, its length", () =>
    Effect.gen(function*() {
      const { tasks } = yield* virtually(Effect.gen(function*() {
        const lock = yield* Lock.make
        yield* createTask(Lock.withLock(lock, sleep("1 hour")), { name: "holder" })
        for (const name of ["a", "b", "c"]) yield* createTask(Lock.acquire(lock), { name })
        yield* sleep(0)
        return yield* Insight.currentLoop
      }))
      const holder = tasks.find(({ name }) => name === "holder")!
      expect(tasks.slice(2).map(({ wait }) => [wait!.heldBy, wait!.place])).toEqual([
        [holder.id, [1, 3]],
        [holder.id, [2, 3]],
        [holder.id, [3, 3]]
      ])
      expect(holder.wait).toMatchObject({ heldBy: undefined, place: undefined, dueIn: 3600, timeout: undefined })
    }))

  const timed: ReadonlyArray<[string, Program, dueIn: number | undefined, timeout: number | undefined]> = [
    ["sleep", sleep("2 seconds"), 2, undefined],
    ["wait with a timeout", asyncio.wait([never], { timeout: "3 seconds" }), 3, undefined],
    ["timeout", asyncio.timeout("4 seconds", () => never), undefined, 4],
    ["waitFor", asyncio.waitFor(never, "4 seconds"), undefined, 4],
    ["the first of several timeouts", asyncio.timeout(5000, () => asyncio.timeout(9000, () => sleep(7000))), 7, 5],
    ["a timeout that has struck", asyncio.timeout(0, () => Effect.ensuring(never, sleep("1 second"))), 1, undefined],
    ["one without end", asyncio.timeout(Infinity, () => never), undefined, undefined]
  ]
  for (const [name, program, dueIn, timeout] of timed) {
    it.live(`until when: ${name}`, () =>
      Effect.map(at(program), ({ wait }) => expect([wait?.dueIn, wait?.timeout]).toEqual([dueIn, timeout])))
  }

  it.live("nothing while it runs, is ready or new", () =>
    Effect.map(at(Effect.forever(sleep(0))), ({ wait }) => expect(wait).toBeUndefined()))
})

describe("where it is", () => {
  const inner = Effect.fn("inner")(() => never)
  const outer = Effect.fn("outer")(function*() {
    return yield* Effect.withSpan(inner(), "query")
  })

  it.live("the functions and spans, innermost first, each where it was called", () =>
    Effect.map(at(outer()), ({ createdAt, stack }) => {
      expect(stack.map(({ name }) => name)).toEqual(["inner", "query", "outer"])
      for (const place of [stack[0]!.at, stack[1]!.at, stack[2]!.at, createdAt]) {
        expect(place).toMatch(/snapshot\.test\.ts:\d+:\d+$/)
      }
    }))

  it.live("those of the block of a timeout", () =>
    Effect.map(at(asyncio.timeout("1 hour", outer)), ({ stack }) => expect(stack).toHaveLength(3)))

  it.live("none of its creator's", () =>
    Effect.gen(function*() {
      const creator = Effect.fn("creator")(function*() {
        yield* createTask(inner(), { name: "child" })
        yield* sleep(0)
        return yield* Insight.currentLoop
      })
      const { tasks } = yield* virtually(creator())
      expect(tasks.map(({ stack }) => stack.map(({ name }) => name))).toEqual([["creator"], ["inner"]])
    }))

  it.live("who awaits it, by whatever means", () =>
    Effect.gen(function*() {
      const { tasks } = yield* virtually(Effect.gen(function*() {
        const query = yield* createTask(never, { name: "query" })
        yield* createTask(Task.join(query), { name: "join" })
        yield* createTask(asyncio.gather([query, never]), { name: "gather" })
        yield* createTask(asyncio.wait([query]), { name: "wait" })
        yield* sleep(0)
        return yield* Insight.currentLoop
      }))
      const names = new Map(tasks.map(({ id, name }) => [id, name]))
      const query = tasks.find(({ name }) => name === "query")!
      expect(query.awaitedBy.map((id) => names.get(id)).toSorted()).toEqual(["gather", "join", "wait"])
    }))
})

// ------------------------------------------------------------------------------------------------------------- circles

describe("circles", () => {
  type AnyTask = Task.Task<unknown, unknown>
  /** Tasks that each do something with the others, once all exist: the circles among them, by their names. */
  const circlesOf = (...ways: ReadonlyArray<(tasks: ReadonlyArray<AnyTask>) => Program>) =>
    virtually(Effect.gen(function*() {
      const tasks: Array<AnyTask> = []
      for (const [i, way] of ways.entries()) {
        tasks.push(yield* createTask(Effect.suspend(() => Effect.exit(way(tasks))), { name: "abcde"[i]! }))
      }
      yield* sleep("1 second")
      const loop = yield* Insight.currentLoop
      const names = new Map(loop.tasks.map(({ id, name }) => [id, name]))
      return loop.circles.map((circle) => circle.map((id) => names.get(id)).join(""))
    }))
  const joins = (i: number) => (tasks: ReadonlyArray<AnyTask>): Program => Task.join(tasks[i]!)
  const takes = (first: Lock.Lock, second: Lock.Lock) => () =>
    Lock.withLock(first, Effect.andThen(sleep(10), Lock.withLock(second, Effect.void)))
  const [one, two] = [Effect.runSync(Lock.make), Effect.runSync(Lock.make)]
  const both = (tasks: ReadonlyArray<AnyTask>) => [tasks[1]!, tasks[2]!]

  const cases: ReadonlyArray<
    [string, ReadonlyArray<(tasks: ReadonlyArray<AnyTask>) => Program>, ReadonlyArray<string>]
  > = [
    ["none", [joins(1), () => never], []],
    ["two joins", [joins(1), joins(0)], ["ab"]],
    ["three, and one that waits for them", [joins(1), joins(2), joins(0), joins(0)], ["abc"]],
    ["two of them", [joins(1), joins(0), joins(3), joins(2)], ["ab", "cd"]],
    ["locks", [takes(one, two), takes(two, one)], ["ab"]],
    ["a lock that its holder will release", [
      () => Lock.acquire(one),
      (tasks) => Effect.andThen(Effect.yieldNow, joins(2)(tasks)),
      () => Lock.withLock(one, never)
    ], []],
    ["a gather", [(tasks) => asyncio.gather([never, tasks[1]!]), joins(0)], ["ab"]],
    ["wait for all", [(tasks) => asyncio.wait(both(tasks)), joins(0), () => never], ["ab"]],
    [
      "wait for the first: none while another can end",
      [(tasks) => asyncio.wait(both(tasks), { returnWhen: asyncio.FIRST_COMPLETED }), joins(0), () => never],
      []
    ],
    [
      "wait for the first, and all are stuck",
      [(tasks) => asyncio.wait(both(tasks), { returnWhen: asyncio.FIRST_COMPLETED }), joins(0), joins(1)],
      ["ab"]
    ],
    [
      "wait for the first, a plain future among them",
      [(tasks) => asyncio.wait([tasks[1]!, never], { returnWhen: asyncio.FIRST_COMPLETED }), joins(0)],
      []
    ],
    ["asCompleted with one left", [(tasks) => Stream.runDrain(asyncio.asCompleted([tasks[1]!])), joins(0)], ["ab"]],
    [
      "asCompleted with more",
      [(tasks) => Stream.runDrain(asyncio.asCompleted(both(tasks))), joins(0), () => never],
      []
    ],
    ["a shield", [(tasks) => asyncio.shield(tasks[1]!), joins(0)], ["ab"]],
    [
      "under a timeout: it opens by itself",
      [(tasks) => asyncio.timeout("1 hour", () => joins(1)(tasks)), joins(0)],
      []
    ],
    ["a timeout without end", [(tasks) => asyncio.timeout(Infinity, () => joins(1)(tasks)), joins(0)], ["ab"]],
    ["wait with a timeout", [(tasks) => asyncio.wait([tasks[1]!], { timeout: "1 hour" }), joins(0)], []],
    [
      "asCompleted with a timeout",
      [(tasks) => Stream.runDrain(asyncio.asCompleted([tasks[1]!], { timeout: "1 hour" })), joins(0)],
      []
    ],
    ["itself, through a gather", [(tasks) => asyncio.gather([joins(0)(tasks)])], ["aTask-2"]]
  ]
  for (const [name, ways, expected] of cases) {
    it.live(name, () => Effect.map(circlesOf(...ways), (circles) => expect(circles).toEqual(expected)))
  }

  it.live("a task's group", () =>
    Effect.map(
      circlesOf(
        (tasks) => asyncio.TaskGroup.run((group) => group.createTask(Task.join(tasks[1]!), { name: "child" })),
        (tasks) => asyncio.wait([tasks[0]!])
      ),
      ([circle]) => expect(circle).toBe("achildb")
    ))

  it.live("a lock that its own holder waits for", () =>
    Effect.map(
      circlesOf(() => Effect.andThen(held, Effect.flatMap(held, Lock.acquire))),
      (circles) => expect(circles).toEqual(["a"])
    ))

  const opened: ReadonlyArray<[string, number, (program: Program) => Program]> = [
    ["its timeout has struck", 0, (program) => asyncio.timeout("1 second", () => program)],
    ["its task is asked to cancel", 1, (program) =>
      Effect.gen(function*() {
        const task = Option.getOrThrow(yield* Task.current)
        yield* EventLoop.callLater("1 second", () => Task.cancelUnsafe(task))
        return yield* program
      })]
  ]
  for (const [name, before, open] of opened) {
    it.live(`none in the very moment in which one is opened: ${name}`, () =>
      virtually(Effect.gen(function*() {
        const [one, two] = [yield* Lock.make, yield* Lock.make]
        yield* createTask(Effect.exit(open(takes(one, two)())))
        yield* createTask(takes(two, one)())
        yield* sleep(0)
        const found: Array<number> = []
        const look = () => found.push(Insight.snapshot().flatMap(({ circles }) => circles).length)
        yield* EventLoop.callLater("999 millis", look)
        yield* EventLoop.callLater("1 second", look)
        yield* sleep("2 seconds")
        expect(found).toEqual([before, 0])
      })))
  }

  it.live("over two loops: one of each", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const [one, two] = [yield* Lock.make, yield* Lock.make]
        yield* createTask(takes(one, two)(), { name: "here" })
        const other = yield* createTask(
          EventLoop.provide(Effect.gen(function*() {
            yield* createTask(takes(two, one)(), { name: "there" })
            yield* sleep("1 hour")
          }))
        )
        yield* sleep("1 second")
        // Its own two: others of this process may have left loops open.
        const loops = Insight.snapshot().slice(-2)
        yield* Task.cancel(other)
        return loops
      })
      const loops = yield* virtually(program)
      const names = new Map(loops.flatMap(({ tasks }) => tasks.map(({ id, name }) => [id, name] as const)))
      const found = loops.map(({ circles }) => circles.map((circle) => circle.map((id) => names.get(id))))
      expect(found).toEqual([[["here", "there"]], [["here", "there"]]])
    }))

  it.live("of 30,000 tasks", () =>
    Effect.gen(function*() {
      const size = 30_000
      const { circles } = yield* virtually(Effect.gen(function*() {
        const tasks: Array<AnyTask> = []
        for (let i = 0; i < size; i++) {
          tasks.push(yield* createTask(Effect.suspend(() => Task.join(tasks[(i + 1) % size]!))))
        }
        yield* sleep(0)
        return yield* Insight.currentLoop
      }))
      expect(circles.map(({ length }) => length)).toEqual([size])
    }))
})

// --------------------------------------------------------------------------------------------------------------- loops

describe("loops", () => {
  it.live("those that are open, the oldest first, with their time", () =>
    Effect.gen(function*() {
      const before = new Set(Insight.snapshot().map(({ id }) => id))
      const [outer, inner] = yield* virtually(Effect.gen(function*() {
        yield* sleep("1 hour")
        const fresh = Effect.sync(() => Insight.snapshot().filter(({ id }) => !before.has(id)))
        return yield* VirtualLoop.run(Effect.andThen(sleep("1 second"), fresh))
      }))
      expect([outer!.time, inner!.time]).toEqual([3600, 1])
      expect([outer!.ready, inner!.ready]).toEqual([0, 0])
      const after = Insight.snapshot().map(({ id }) => id)
      expect(after.filter((id) => !before.has(id))).toEqual([])
    }))

  it.live("plain data that survives JSON", () =>
    Effect.gen(function*() {
      const loop = yield* virtually(Effect.gen(function*() {
        const lock = yield* held
        yield* createTask(Lock.acquire(lock), { name: "\"a\"\n<b>" })
        yield* createTask(asyncio.gather([sleep(1), never]))
        yield* sleep(0)
        return yield* Insight.currentLoop
      }))
      const defined = (value: object): unknown => JSON.parse(JSON.stringify(value))
      expect(defined(loop)).toEqual(loop)
      expect(loop.tasks.map(({ name }) => name)).toContain("\"a\"\n<b>")
    }))

  it.live("looking changes no step", () =>
    Effect.gen(function*() {
      const steps = (look: () => void) =>
        virtually(Effect.gen(function*() {
          const lines: Array<string> = []
          const lock = yield* Lock.make
          const barrier = yield* Barrier.make(2)
          const future = yield* Future.make<number>()
          const worker = (name: string) =>
            Effect.gen(function*() {
              look()
              yield* Lock.withLock(lock, Effect.sync(look))
              lines.push(`${name} ${yield* EventLoop.time}`)
              yield* Barrier.wait(barrier)
              look()
              lines.push(`${name} ${yield* asyncio.shield(future)}`)
            })
          yield* EventLoop.callLater("1 second", () => {
            look()
            Future.succeedUnsafe(future, 1)
          })
          yield* asyncio.gather([worker("a"), worker("b")])
          return lines
        }))
      const plain = yield* steps(() => {})
      expect(yield* steps(() => void Insight.snapshot())).toEqual(plain)
    }))

  it.live("in a plain callback, where nothing runs", () =>
    Effect.gen(function*() {
      const tasks: Array<string> = []
      yield* virtually(Effect.gen(function*() {
        // Others of this process may have left loops open.
        const { id } = yield* Insight.currentLoop
        yield* EventLoop.callSoon(() => {
          const own = Insight.snapshot().filter((loop) => loop.id === id)
          for (const { tasks: all } of own) tasks.push(...all.map(({ state }) => state))
        })
        yield* sleep(1)
      }))
      expect(tasks).toEqual(["waiting"])
    }))
})

describe("plain code", () => {
  it.live("allTasksUnsafe and currentUnsafe are what the effects are", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        yield* createTask(never)
        const loop = yield* EventLoop.EventLoop
        expect(loop.allTasksUnsafe().symmetricDifference(yield* asyncio.allTasks).size).toBe(0)
        expect(loop.allTasksUnsafe().size).toBe(2)
        expect(Task.currentUnsafe()?.name).toBe("Task-1")
        yield* EventLoop.callSoon(() => void expect(Task.currentUnsafe()).toBeUndefined())
        yield* sleep(0)
      })
      yield* virtually(program)
      expect(Task.currentUnsafe()).toBeUndefined()
    }))

  it.live("a name has to be a string, and a primitive's", () =>
    Effect.gen(function*() {
      const lock = yield* Lock.make
      expect(() => Insight.named(lock, 1 as never)).toThrow("named: the name is 1, expected a string")
      expect(() => Insight.named(1 as never)).toThrow("named: the name is 1, expected a string")
      expect(() => Insight.named({} as never, "x")).toThrow(
        "named: the argument is {}, expected a Lock, Event, Condition, Semaphore, Barrier or Queue"
      )
    }))
})
