/** What is said of values and of things of the library, in messages, reports and prints. */
import { describe, expect, it } from "@effect/vitest"
import { Cause, Chunk, Data, Effect, Equal, Exit, HashMap, Logger, Option, Order, Redacted, Result } from "effect"
import * as asyncio from "effect-asyncio"
import { VirtualLoop } from "effect-asyncio/testing"
import { inspect } from "node:util"
import { runInNewContext } from "node:vm"
import { format } from "../src/internal/host/printing.ts"
import { timeInWords } from "../src/internal/host/words.ts"
import { defectOf, everywhere, loggedBy, reportsOf, settled, ticks, timed } from "./support/loops.ts"

const { createTask, EventLoop, sleep, Task } = asyncio

class Point {
  readonly x: number
  readonly y: number
  constructor(x: number, y: number) {
    this.x = x
    this.y = y
  }
}
class Money {
  toString(): string {
    return "5 €,\n  or so"
  }
}
class NotFound extends Data.TaggedError("NotFound")<{ readonly message: string }> {}
/** Its message can't be made. */
class Wrapped extends Data.TaggedError("Wrapped")<{ readonly inner?: Error }> {
  override get message(): string {
    return this.inner!.message
  }
}
const broken = (): never => {
  throw new Error("broken")
}

describe("a value", () => {
  const circle: Record<string, unknown> = { a: 1 }
  circle["self"] = circle
  const values: ReadonlyArray<readonly [value: unknown, text: string]> = [
    [1, "1"],
    [10n, "10n"],
    ["a \"b\"\n", "\"a \\\"b\\\"\\n\""],
    [undefined, "undefined"],
    [null, "null"],
    [Symbol("s"), "Symbol(s)"],
    [[1, "a", [true]], "[1,\"a\",[true]]"],
    [[], "[]"],
    [{ a: { b: [] }, 2: null }, "{\"2\":null,\"a\":{\"b\":[]}}"],
    [Object.create(null), "{}"],
    [{ toString: 1 }, "{\"toString\":1}"],
    [new Point(1, 2), "Point({\"x\":1,\"y\":2})"],
    [new Money(), "5 €, or so"],
    [new Map([["a", 1]]), "Map([[\"a\",1]])"],
    [new Set([1, 2]), "Set([1,2])"],
    [new Uint8Array([1, 2]), "Uint8Array([1,2])"],
    [new RangeError("too far"), "RangeError(\"too far\")"],
    [new NotFound({ message: "no such page" }), "NotFound(\"no such page\")"],
    [new Error(), "Error()"],
    [new Date(0), "1970-01-01T00:00:00.000Z"],
    [new Date(NaN), "Invalid Date"],
    [/a+/, "/a+/"],
    [new URL("https://example.com/a"), "https://example.com/a"],
    [() => 1, "<function>"],
    [broken, "<function broken>"],
    [async function* later() {}, "<function later>"],
    [Effect.fn("load")(function*() {}), "<function>"],
    [Point, "<class Point>"],
    [class extends Point {}, "<class>"],
    [[broken, parseInt], "[<function broken>,<function parseInt>]"],
    [Object.defineProperty(() => 1, "name", { value: "a".repeat(100) }), `<function ${"a".repeat(79)}…>`],
    [(function*() {})(), "Generator({})"],
    [circle, "{\"a\":1,\"self\":[Circular]}"],
    // From another realm: no class of this one.
    [runInNewContext("({ a: [1] })"), "{\"a\":[1]}"],
    // Effect's own.
    [Option.some([1]), "some([1])"],
    [Option.none(), "none()"],
    [Result.succeed(1), "success(1)"],
    [Result.fail("no"), "failure(\"no\")"],
    [Exit.succeed(1), "Success(1)"],
    [Exit.fail("no"), "Failure(Cause([Fail(\"no\")]))"],
    [Exit.die(new Error("bug")), "Failure(Cause([Die(Error(\"bug\"))]))"],
    [Cause.interrupt(1), "Cause([Interrupt(1)])"],
    [Chunk.make(1, 2), "[1,2]"],
    [HashMap.make(["a", 1]), "HashMapImpl([[\"a\",1]])"],
    [Redacted.make("secret"), "<redacted>"],
    [{ key: Redacted.make("secret") }, "{\"key\":<redacted>}"],
    [Effect.sync(() => 1), "<Effect>"],
    [sleep(1), "<Effect>"]
  ]
  it.each(values.map(([value, text]) => ({ value, text })))("$text", ({ text, value }) => {
    expect(format(value)).toBe(text)
  })

  it("is read four levels deep", () => {
    expect(format([[[[1]]]])).toBe("[[[[1]]]]")
    expect(format([[[[[1]]]]])).toBe("[[[[[…]]]]]")
    expect(format({ a: { b: { c: { d: { e: 1 } } } } })).toBe("{\"a\":{\"b\":{\"c\":{\"d\":{…}}}}}")
    expect(format([[[[new Point(1, 2), new Set([1]), Option.some(1)]]]])).toBe("[[[[Point{…},Set{…},some(…)]]]]")
  })

  it("is used up by no print", () => {
    const numbers = [1, 2][Symbol.iterator]()
    format(numbers)
    format({ numbers })
    expect(Array.from(numbers)).toEqual([1, 2])
  })

  it("that throws is unprintable, and what is around it is not", () => {
    const traps = { get: broken, has: broken, ownKeys: broken, getPrototypeOf: broken }
    expect(format(new Proxy({}, traps))).toBe("<unprintable>")
    expect(format({ toString: broken })).toBe("<unprintable>")
    expect(format(Object.defineProperty({}, "a", { get: broken, enumerable: true }))).toBe("{\"a\":<unprintable>}")
    expect(format([1, { toString: broken }, 2])).toBe("[1,<unprintable>,2]")
    expect(format(new Wrapped({}))).toBe("Wrapped(<unprintable>)")
    expect(format(Object.assign(new Error("no"), { name: {} }))).toBe("<unprintable>(\"no\")")
    expect(format(new (class extends Error {})("no"))).toBe("Error(\"no\")")
    const endless = { toString: (): string => String(endless) }
    expect(format([endless])).toBe("[<unprintable>]")
  })

  describe("however large, has a short text, and no more of it is read than is shown", () => {
    let reads = 0
    const counted = <A extends object>(target: A): A =>
      new Proxy(target, {
        get: (target, key, self) => {
          reads++
          return Reflect.get(target, key, self)
        }
      })
    const numbers = (n: number) => Array.from({ length: n }, (_, i) => i)
    const deep = (n: number): object => {
      let value: object = counted([])
      for (let i = 0; i < n; i++) value = counted([value])
      return value
    }
    const wide = (n: number): object => {
      let value: object = counted([1])
      for (let i = 0; i < n; i++) value = counted([value, value, value])
      return value
    }
    /** Items that count how many were asked for. */
    const each = function*(n: number) {
      for (let i = 0; i < n; i++) {
        reads++
        yield i
      }
    }
    const large: Readonly<Record<string, (n: number) => unknown>> = {
      string: (n) => "a".repeat(n),
      "string of escapes": (n) => "\u0000".repeat(n),
      array: (n) => counted(numbers(n)),
      "empty strings": (n) => counted(numbers(n).map(() => "")),
      "sparse array": (n) => counted(new Array(n)),
      rows: (n) => counted(numbers(n).map((i) => counted({ id: i, name: `row ${i}` }))),
      fields: (n) => counted(Object.fromEntries(numbers(n).map((i) => [`key ${i}`, i]))),
      "one long key": (n) => ({ ["k".repeat(n)]: 1 }),
      map: (n) => Object.assign(new Map(), { [Symbol.iterator]: () => each(n) }),
      set: (n) => Object.assign(new Set(), { [Symbol.iterator]: () => each(n) }),
      chunk: (n) => Chunk.fromIterable(numbers(n)),
      option: (n) => Option.some(counted(numbers(n))),
      exits: (n) => counted(numbers(n).map((i) => Exit.succeed(counted(numbers(i % 10))))),
      cause: (n) => Cause.fromReasons(numbers(n).map((i) => Cause.makeFailReason(i))),
      message: (n) => new Error("a".repeat(n)),
      bytes: (n) => new Uint8Array(n),
      deep,
      wide
    }
    it.each(Object.keys(large))("%s", (name) => {
      const [texts, costs] = [[], []] as [Array<string>, Array<number>]
      for (const n of [2000, 20_000]) {
        const value = large[name]!(n)
        reads = 0
        texts.push(format(value))
        costs.push(reads)
      }
      expect(texts[1]!.length).toBeLessThan(400)
      expect(texts[1]).toBe(texts[0])
      expect(costs[1]).toBe(costs[0])
      expect(costs[0]).toBeLessThan(2000)
    })
  })
})

describe("a task", () => {
  everywhere(
    "is shown once in a text, whoever mentions it again",
    Effect.gen(function*() {
      const box: { task?: asyncio.Task.Task<never, unknown> } = {}
      box.task = yield* createTask(Effect.suspend(() => Effect.fail({ refs: [box.task, box.task] })), { name: "a" })
      yield* Effect.flip(Task.join(box.task))
      expect(String(box.task).replace(/ created at .*/, "")).toBe(
        "<Task finished name='a' exception={\"refs\":[<Task name='a' …>,<Task name='a' …>]}"
      )
      // Others in its result, once each; also where a class of somebody's prints it.
      class Owner {
        toString(): string {
          return `the owner of ${String(owned)}`
        }
      }
      const inner = yield* createTask(Effect.succeed(1), { name: "inner" })
      const owned: asyncio.Task.Task<unknown> = yield* createTask(
        Effect.suspend((): Effect.Effect<unknown> => Effect.succeed([owned, inner, inner, new Owner()])),
        { name: "owned" }
      )
      yield* owned
      expect(String(owned)).toBe(
        "<Task finished name='owned' result=[<Task name='owned' …>,<Task finished name='inner' result=1>," +
          "<Task name='inner' …>,the owner of <Task name='owned' …>]>"
      )
      expect(JSON.parse(JSON.stringify({ owned }))).toEqual({ owned: { _id: "Task", description: String(owned) } })
    })
  )

  everywhere(
    "that holds a long chain of tasks, or a long value, prints short",
    Effect.gen(function*() {
      let task = yield* createTask(Effect.succeed<unknown>(1))
      for (let i = 0; i < 2000; i++) {
        const held = task
        task = yield* createTask(Effect.succeed<unknown>(held), { name: `holds ${i}` })
      }
      const long = yield* createTask(Effect.succeed(Array.from({ length: 100_000 }, (_, i) => i)))
      const named = yield* createTask(Effect.succeed(1), { name: `a\nb${"c".repeat(100_000)}` })
      yield* settled([task, long, named])
      expect(String(task)).toBe(
        "<Task finished name='holds 1999' result=<Task finished name='holds 1998' result=" +
          "<Task finished name='holds 1997' result=<Task finished name='holds 1996' result=" +
          "<Task finished name='holds 1995' result=<Task name='holds 1994' …>>>>>>"
      )
      expect(String(long)).toMatch(/^<Task finished name='Task-\d+' result=\[0,1,2,.*,…\]>$/)
      expect(String(named)).toMatch(/^<Task finished name='a bc+…' result=1>$/)
      for (const each of [task, long, named]) expect(String(each).length).toBeLessThan(500)
    })
  )

  everywhere(
    "with a failure that can't be printed",
    Effect.gen(function*() {
      const task = yield* createTask(Effect.andThen(sleep(0), Effect.fail(new Wrapped({}))), { name: "a" })
      expect(yield* Effect.catchTag(Task.join(task), "Wrapped", () => Effect.succeed("handled"))).toBe("handled")
      expect(String(task)).toMatch(/^<Task finished name='a' exception=Wrapped\(<unprintable>\) created at .*>$/)
      expect(inspect(task)).toBe(String(task))
    })
  )

  timed(
    "that was asked to cancel prints so until it is done, as in CPython",
    Effect.gen(function*() {
      const states: Array<string> = []
      const note = (task: asyncio.Task.Task<unknown>) => states.push(String(task).split(" ").slice(0, 2).join(" "))
      const stubborn = Task.catchCancelled(sleep("1 hour"), () => sleep("1 second", "went on"))
      const task = yield* createTask(stubborn, { name: "job" })
      yield* sleep(0)
      note(task)
      yield* Task.cancel(task)
      note(task)
      yield* ticks(2)
      note(task)
      yield* task
      note(task)
      return states
    }),
    ["<Task pending", "<Task cancelling", "<Task cancelling", "<Task finished"]
  )

  const callers: ReadonlyArray<
    readonly [name: string, prepare: typeof Error.prepareStackTrace, place: RegExp | undefined]
  > = [
    ["the frames", (_, frames) => frames, /printing\.test\.ts:\d+:\d+$/],
    ["something else", () => 42, undefined],
    ["nothing", () => undefined, undefined],
    ["an error", broken, undefined]
  ]
  for (const [name, prepare, place] of callers) {
    it.live(`where the program's prepareStackTrace gives ${name}`, () =>
      EventLoop.provide(Effect.gen(function*() {
        const task = yield* createTask(Effect.fail("no"), { name: "a" })
        const before = Error.prepareStackTrace
        Error.prepareStackTrace = prepare
        try {
          const { createdAt } = task
          if (place === undefined) expect(createdAt).toBe(undefined)
          else expect(createdAt).toMatch(place)
          expect(String(task)).toMatch(place === undefined ? /^<Task pending name='a'>$/ : / created at .*:\d+:\d+>$/)
        } finally {
          Error.prepareStackTrace = before
        }
        yield* Effect.exit(Task.join(task))
      })))
  }
})

describe("a failure", () => {
  /** Counts how often anybody reads what it says. */
  const watched = () => {
    const read = () => {
      error.reads++
      return "no"
    }
    const error = { reads: 0, toString: read, toJSON: read }
    return Object.defineProperty(error, "message", { get: read, enumerable: true })
  }

  everywhere(
    "that somebody handles has no text made of it",
    Effect.gen(function*() {
      const error = watched()
      const fail = Effect.andThen(sleep(0), Effect.fail(error))
      yield* Effect.flip(Task.join(yield* createTask(fail)))
      yield* Effect.flip(asyncio.gather([fail, Effect.fail(error)]))
      yield* asyncio.gather([fail], { returnExceptions: true })
      yield* Effect.flip(asyncio.waitFor(fail, "1 hour"))
      yield* Effect.flip(asyncio.shield(fail))
      yield* Effect.exit(asyncio.TaskGroup.run((group) => group.createTask(fail)))
      const { done } = yield* asyncio.wait([fail])
      for (const task of done) yield* Effect.flip(Task.result(task))
      return error.reads
    }),
    0
  )

  it.live("that nobody saw has its text made once, when it is reported", () =>
    Effect.gen(function*() {
      const error = watched()
      let before = -1
      const reports = yield* reportsOf(Effect.gen(function*() {
        yield* createTask(Effect.fail(error), { name: "lost" })
        yield* ticks(3)
        before = error.reads
      }))
      expect([before, error.reads]).toEqual([0, 1])
      expect(reports[0]!.subject).toMatch(/^<Task finished name='lost' exception=no created at .*:\d+:\d+>$/)
    }))

  it.live("that nobody saw and that can't be printed is reported and logged all the same", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        yield* createTask(Effect.fail(new Wrapped({})), { name: "lost" })
        yield* EventLoop.callSoon(() => {
          throw new Wrapped({})
        })
        yield* ticks(3)
      })
      const subject = /^<Task finished name='lost' exception=Wrapped\(<unprintable>\) created at .*>$/
      const reports = yield* reportsOf(program)
      expect(reports.map(({ subject }) => subject)).toEqual([undefined, expect.stringMatching(subject)])
      const lines: Array<string> = []
      const logger = Logger.make((entry) => void lines.push(Logger.formatSimple.log(entry)))
      yield* Effect.provide(EventLoop.provide(program), Logger.layer([logger]))
      expect(lines).toEqual([
        expect.stringContaining("message=\"Exception in callback: Wrapped(<unprintable>)\""),
        expect.stringContaining("name='lost' exception=Wrapped(<unprintable>)")
      ])
    }))
})

describe("in messages", () => {
  everywhere(
    "a wrong argument is shown as far as it goes",
    Effect.gen(function*() {
      const rows = Array.from({ length: 100_000 }, (_, id) => ({ id }))
      const wrong = [rows, { toString: broken }, "a".repeat(100_000)]
      for (const argument of wrong) {
        const { message } = yield* defectOf(createTask(argument as unknown as Effect.Effect<void>))
        expect(message).toMatch(/^createTask: the argument is .*, expected an Effect$/)
        expect(message.length).toBeLessThan(400)
      }
      const lone = yield* defectOf(asyncio.wait(Effect.void as never))
      expect(lone.message).toMatch(/^wait: the argument is Success\(undefined\), expected a collection of awaitables/)
    })
  )

  it.live("a slow step is told of in short", () =>
    Effect.gen(function*() {
      const long = Effect.as(VirtualLoop.advance("1 second"), Array.from({ length: 100_000 }, (_, i) => i))
      const wrapped = Effect.andThen(VirtualLoop.advance("1 second"), Effect.fail(new Wrapped({})))
      const lines = yield* loggedBy(VirtualLoop.run(
        Effect.gen(function*() {
          yield* yield* createTask(long, { name: "long" })
          yield* Effect.flip(Task.join(yield* createTask(wrapped, { name: "wrapped" })))
        }),
        { debug: true }
      ))
      expect(lines.map(({ text }) => text)).toEqual([
        expect.stringMatching(/^Executing <Task finished name='long' result=\[0,1,.*,…\]> took 1\.000 seconds$/),
        expect.stringMatching(/^Executing <Task finished name='wrapped' exception=Wrapped\(<unprintable>\) created at /)
      ])
      for (const { text } of lines) expect(text.length).toBeLessThan(500)
    }))
})

describe("things of the library say what they are, in one line", () => {
  const { Barrier, BoundedSemaphore, Condition, Event, LifoQueue, Lock, PriorityQueue, Queue, Semaphore } = asyncio

  /** A program that notes how something prints, again and again; and what it has to have noted. */
  const prints = (
    name: string,
    program: (note: (thing: object) => void) => Effect.Effect<unknown, unknown, asyncio.EventLoop.EventLoop>,
    expected: ReadonlyArray<string>
  ) =>
    timed(
      name,
      Effect.suspend(() => {
        const texts: Array<string> = []
        const note = (thing: object) => {
          const text = String(thing)
          texts.push(text)
          expect(inspect(thing)).toBe(text)
          expect(inspect({ thing })).toContain(text)
          const kind = /^<(\w+) [^\n]+>$/.exec(text)![1]
          expect(JSON.parse(JSON.stringify([thing]))).toEqual([{ _id: kind, description: text }])
          expect(format([thing])).toBe(`[${text}]`)
        }
        return Effect.as(program(note), texts)
      }),
      [...expected]
    )
  const forever = sleep("1 hour")

  prints(
    "a Lock: who holds it, how many wait",
    Effect.fnUntraced(function*(note) {
      const lock = yield* Lock.make
      note(lock)
      const hold = Effect.andThen(Lock.acquire(lock), forever)
      for (const name of ["holder", "next", "last"]) yield* createTask(hold, { name })
      yield* ticks(2)
      note(lock)
      yield* Lock.release(lock)
      note(lock) // `next` has not run
      yield* ticks(2)
      note(lock)
    }),
    [
      "<Lock unlocked>",
      "<Lock locked holder='holder' waiters=2>",
      "<Lock unlocked waiters=2>",
      "<Lock locked holder='next' waiters=1>"
    ]
  )

  prints(
    "an Event",
    Effect.fnUntraced(function*(note) {
      const event = yield* Event.make
      note(event)
      yield* createTask(Event.wait(event))
      yield* ticks(2)
      note(event)
      yield* Event.set(event)
      note(event)
    }),
    ["<Event unset>", "<Event unset waiters=1>", "<Event set>"]
  )

  prints(
    "a Condition: whether its lock is held, how many wait to be notified",
    Effect.fnUntraced(function*(note) {
      const condition = yield* Condition.make()
      note(condition)
      yield* createTask(Condition.withLock(condition, Condition.wait(condition)))
      yield* ticks(2)
      note(condition)
      yield* Condition.withLock(condition, Effect.sync(() => note(condition)))
    }),
    ["<Condition unlocked>", "<Condition unlocked waiters=1>", "<Condition locked waiters=1>"]
  )

  prints(
    "a Semaphore and a BoundedSemaphore: the permits that are left",
    Effect.fnUntraced(function*(note) {
      for (const make of [Semaphore.make(2), BoundedSemaphore.make(2)]) {
        const semaphore = yield* make
        for (let i = 0; i < 3; i++) {
          note(semaphore)
          yield* createTask(Semaphore.withPermit(semaphore, forever))
          yield* ticks(2)
        }
        note(semaphore)
      }
    }),
    ["Semaphore", "BoundedSemaphore"].flatMap((kind) => [
      `<${kind} unlocked value=2>`,
      `<${kind} unlocked value=1>`,
      `<${kind} locked value=0>`,
      `<${kind} locked value=0 waiters=1>`
    ])
  )

  prints(
    "a Barrier",
    Effect.fnUntraced(function*(note) {
      const barrier = yield* Barrier.make(3)
      note(barrier)
      yield* createTask(Effect.ignore(Barrier.wait(barrier)))
      yield* ticks(3)
      note(barrier)
      yield* Barrier.abort(barrier)
      note(barrier)
    }),
    ["<Barrier filling waiters=0/3>", "<Barrier filling waiters=1/3>", "<Barrier broken>"]
  )

  const queues = [
    ["Queue", Queue.make<number>],
    ["LifoQueue", LifoQueue.make<number>],
    ["PriorityQueue", (options?: asyncio.Queue.Options) => PriorityQueue.make({ ...options, order: Order.Number })]
  ] as const
  for (const [kind, make] of queues) {
    prints(
      `a ${kind}: its size, what is not finished, who waits`,
      Effect.fnUntraced(function*(note) {
        const bounded = yield* make({ maxsize: 2 })
        note(bounded)
        yield* Queue.put(bounded, 1)
        note(bounded)
        yield* Queue.put(bounded, 2)
        yield* createTask(Effect.ignore(Queue.put(bounded, 3)))
        yield* createTask(Queue.join(bounded))
        yield* ticks(2)
        note(bounded)
        yield* Queue.shutdown(bounded)
        note(bounded)
        const fair = yield* make({ fair: true })
        yield* createTask(Queue.get(fair))
        yield* ticks(2)
        note(fair)
      }),
      [
        `<${kind} size=0 maxsize=2>`,
        `<${kind} size=1 maxsize=2 unfinished=1>`,
        `<${kind} size=2 maxsize=2 unfinished=2 putters=1 joiners=1>`,
        `<${kind} shutdown size=2 maxsize=2 unfinished=2 joiners=1>`,
        `<${kind} fair size=0 getters=1>`
      ]
    )
  }

  prints(
    "a Timeout",
    Effect.fnUntraced(function*(note) {
      yield* asyncio.timeout("5 seconds", (timeout) => {
        note(timeout)
        return Effect.ensuring(asyncio.Timeout.reschedule(timeout, undefined), Effect.sync(() => note(timeout)))
      })
      let held: asyncio.Timeout.Timeout | undefined
      yield* Effect.ignore(asyncio.timeout("5 seconds", (timeout) => {
        held = timeout
        return Effect.ensuring(forever, Effect.sync(() => note(timeout)))
      }))
      note(held!)
      yield* asyncio.timeout("5 seconds", (timeout) => Effect.sync(() => void (held = timeout)))
      note(held!)
    }),
    [
      "<Timeout active when=5>",
      "<Timeout active when=none>",
      "<Timeout expiring>",
      "<Timeout expired>",
      "<Timeout finished>"
    ]
  )

  prints(
    "a Handle and a TimerHandle: the callback's name",
    Effect.fnUntraced(function*(note) {
      const tick = () => {}
      const named = Object.defineProperty(() => {}, "name", { value: "a\n" + "b".repeat(1000) })
      const nameless = Object.defineProperty(() => {}, "name", { get: broken })
      for (const schedule of [EventLoop.callSoon, (f: () => void) => EventLoop.callLater("5 seconds", f)]) {
        const handle = yield* schedule(tick)
        note(handle)
        yield* handle.cancel
        note(handle)
        note(yield* schedule(() => {}))
        note(yield* schedule(named))
        note(yield* schedule(nameless))
      }
    }),
    [
      "<Handle tick>",
      "<Handle cancelled tick>",
      "<Handle callback>",
      `<Handle a ${"b".repeat(77)}…>`,
      "<Handle <unprintable>>",
      "<TimerHandle when=5 tick>",
      "<TimerHandle cancelled when=5 tick>",
      "<TimerHandle when=5 callback>",
      `<TimerHandle when=5 a ${"b".repeat(77)}…>`,
      "<TimerHandle <unprintable>>"
    ]
  )

  prints(
    "a TaskGroup",
    Effect.fnUntraced(function*(note) {
      let held: asyncio.TaskGroup.TaskGroup | undefined
      yield* asyncio.TaskGroup.run((group) =>
        Effect.gen(function*() {
          held = group
          note(group)
          yield* group.createTask(sleep(0))
          note(group)
        })
      )
      note(held!)
      yield* Effect.ignore(asyncio.TaskGroup.run((group) =>
        Effect.gen(function*() {
          held = group
          yield* group.createTask(Effect.fail("no"))
          yield* group.createTask(Effect.ensuring(forever, Effect.sync(() => note(group))))
          yield* forever
        })
      ))
      note(held!)
    }),
    [
      "<TaskGroup entered>",
      "<TaskGroup entered tasks=1>",
      "<TaskGroup finished>",
      "<TaskGroup cancelling tasks=1 errors=1>",
      "<TaskGroup finished errors=1>"
    ]
  )

  prints(
    "an event loop",
    Effect.fnUntraced(function*(note) {
      note(yield* EventLoop.EventLoop)
      yield* createTask(forever)
      note(yield* EventLoop.EventLoop)
    }),
    ["<EventLoop open tasks=1>", "<EventLoop open tasks=2>"]
  )

  it("a Runner", async () => {
    const runner = asyncio.Runner.make()
    const texts = [String(runner)]
    const loop = await runner.run(Effect.map(EventLoop.EventLoop, (loop) => loop))
    texts.push(String(runner), String(loop))
    await runner.close()
    texts.push(String(runner), String(loop))
    expect(inspect(runner)).toBe(String(runner))
    expect(JSON.parse(JSON.stringify(runner))).toEqual({ _id: "Runner", description: String(runner) })
    expect(texts).toEqual([
      "<Runner created>",
      "<Runner initialized>",
      "<EventLoop open>",
      "<Runner closed>",
      "<EventLoop closed>"
    ])
  })
})

describe("a time", () => {
  const times: ReadonlyArray<readonly [millis: number, text: string]> = [
    [0, "0"],
    [0.02, "20 µs"],
    [1.5, "1.5 ms"],
    [999, "999 ms"],
    [1890, "1.89 s"],
    [90_500, "90.5 s"],
    [120_000, "2 min"],
    [150_500, "2 min 30.5 s"],
    [3_599_000, "59 min 59 s"],
    [5_400_000, "1.5 h"],
    [86_399_999.9999, "24 h"],
    [90_061_000, "1 d 1 h 1 min 1 s"],
    [172_800_000, "2 d"],
    [-150_000, "-2.5 min"],
    [Infinity, "Infinity"]
  ]
  it.each(times.map(([millis, text]) => ({ millis, text })))("$millis ms is $text", ({ millis, text }) => {
    expect(timeInWords(millis)).toBe(text)
  })
})

describe("equality", () => {
  it.live("a thing of ours is equal to itself alone, and can be hashed whatever it holds", () =>
    VirtualLoop.run(Effect.gen(function*() {
      const box: { task?: unknown } = {}
      const one = yield* asyncio.createTask(Effect.sync(() => box))
      const two = yield* asyncio.createTask(Effect.sync(() => box))
      box.task = one
      yield* asyncio.gather([one, two])
      const things = [one, two, yield* asyncio.Lock.make, yield* asyncio.Lock.make, yield* asyncio.EventLoop.EventLoop]
      const map = HashMap.fromIterable(things.map((thing, i) => [thing, i] as const))
      expect(HashMap.size(map)).toBe(things.length)
      for (const [i, thing] of things.entries()) expect(HashMap.get(map, thing)).toEqual(Option.some(i))
      expect(Equal.equals(one, two)).toBe(false)
    })))

  it.live("so can an error that has tasks be one of several in a cause", () =>
    Effect.gen(function*() {
      const stuck = Effect.flatMap(asyncio.Future.make(), asyncio.Future.join)
      const [one, two] = yield* Effect.all([
        Effect.flip(VirtualLoop.run(stuck, { patience: 0 })),
        Effect.flip(VirtualLoop.run(stuck, { patience: 0 }))
      ])
      expect(Cause.combine(Cause.fail(one), Cause.fail(two)).reasons).toHaveLength(2)
    }))
})
