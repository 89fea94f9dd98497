import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Order, Queue as EffectQueue, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { LifoQueue, PriorityQueue, Queue, Task } from "effect-asyncio"
import { linear } from "./support/costs.ts"
import { cancelSoon, defectOf, everywhere, logged, outcome, ticks, timed } from "./support/loops.ts"

const { createTask, sleep } = asyncio

type Make = (options?: Queue.Options) => Effect.Effect<Queue.Queue<number>>

const kinds: ReadonlyArray<readonly [kind: string, make: Make, ordered: ReadonlyArray<number>]> = [
  ["Queue", Queue.make, [3, 1, 2]],
  ["LifoQueue", LifoQueue.make, [2, 1, 3]],
  ["PriorityQueue", (options) => PriorityQueue.make({ ...options, order: Order.Number }), [1, 2, 3]]
]

const putAll = (queue: Queue.Queue<number>, items: ReadonlyArray<number>) =>
  Effect.forEach(items, (item) => Queue.put(queue, item), { discard: true })

const take = (queue: Queue.Queue<number>, n: number) =>
  Effect.forEach(new Array<number>(n).fill(0), () => Queue.get(queue))

describe.each(kinds)("%s", (kind, make, ordered) => {
  everywhere(
    "gives items in its order",
    Effect.gen(function*() {
      const queue = yield* make()
      yield* putAll(queue, [3, 1, 2])
      return yield* take(queue, 3)
    }),
    [...ordered]
  )

  everywhere(
    "size, empty, full, maxsize",
    Effect.gen(function*() {
      const queue = yield* make({ maxsize: 2 })
      const states = []
      for (const item of [1, 2]) {
        states.push([Queue.size(queue), Queue.empty(queue), Queue.full(queue)])
        yield* Queue.put(queue, item)
      }
      return [...states, [Queue.size(queue), Queue.empty(queue), Queue.full(queue)], queue.maxsize]
    }),
    [[0, true, false], [1, false, false], [2, false, true], 2]
  )

  everywhere(
    "without a bound it is never full",
    Effect.gen(function*() {
      const states = []
      for (const maxsize of [undefined, 0, -1, Infinity]) {
        const queue = yield* make({ maxsize })
        yield* putAll(queue, Array.from({ length: 100 }, (_, i) => i))
        states.push(Queue.full(queue))
      }
      return states
    }),
    [false, false, false, false]
  )

  for (const maxsize of [0.5, NaN, "1" as unknown as number]) {
    everywhere(
      `maxsize ${String(maxsize)} is a defect`,
      Effect.map(
        defectOf(make({ maxsize })),
        ({ message, name }) => [name, message.startsWith(`${kind}.make: maxsize`)]
      ),
      ["IllegalArgumentError", true]
    )
  }

  everywhere(
    "the calls that do not wait fail with what is in the way",
    Effect.gen(function*() {
      const queue = yield* make({ maxsize: 1 })
      const empty = yield* Effect.flip(Queue.getNowait(queue))
      yield* Queue.putNowait(queue, 1)
      const full = yield* Effect.flip(Queue.putNowait(queue, 2))
      const refused = Queue.putNowaitUnsafe(queue, 2)
      const item = yield* Queue.getNowait(queue)
      return [empty._tag, full._tag, refused, item, Queue.putNowaitUnsafe(queue, 3), Queue.size(queue)]
    }),
    ["QueueEmpty", "QueueFull", false, 1, true, 1]
  )

  everywhere(
    "taskDone too often is a defect",
    Effect.gen(function*() {
      const queue = yield* make()
      yield* Queue.put(queue, 1)
      yield* Queue.taskDone(queue) // also before it was taken, as in asyncio
      const { message, name } = yield* defectOf(Queue.taskDone(queue))
      return [name, message]
    }),
    ["IllegalArgumentError", `${kind}.taskDone: called too often, expected once for each item put`]
  )

  everywhere(
    "join waits for what was put to be marked done, not to be taken",
    Effect.gen(function*() {
      const queue = yield* make()
      yield* Queue.join(queue)
      yield* putAll(queue, [1, 2])
      const joiner = yield* createTask(Queue.join(queue), { name: "joiner" })
      yield* take(queue, 2)
      yield* Queue.taskDone(queue)
      yield* ticks(3)
      const { joiners, unfinished } = Queue.statistics(queue)
      yield* Queue.taskDone(queue)
      yield* joiner
      return [unfinished, joiners.map((task) => task.name)]
    }),
    [1, ["joiner"]]
  )

  everywhere(
    "statistics name who waits",
    Effect.gen(function*() {
      const queue = yield* make({ maxsize: 1 })
      const getter = yield* createTask(Queue.get(queue), { name: "getter" })
      yield* ticks(2)
      const before = Queue.statistics(queue)
      yield* putAll(queue, [1])
      yield* getter
      yield* putAll(queue, [2])
      const putter = yield* createTask(Queue.put(queue, 3), { name: "putter" })
      yield* ticks(2)
      const after = Queue.statistics(queue)
      yield* cancelSoon(putter)
      return [
        before.getters.map((task) => task.name),
        after.putters.map((task) => task.name),
        [after.size, after.unfinished, after.isShutDown],
        Queue.statistics(queue).putters
      ]
    }),
    [["getter"], ["putter"], [1, 2, false], []]
  )

  describe("shutdown", () => {
    everywhere(
      "lets what is in it be taken, then fails; nothing more is put",
      Effect.gen(function*() {
        const queue = yield* make()
        yield* putAll(queue, [3, 1])
        yield* Queue.shutdown(queue)
        yield* Queue.shutdown(queue)
        const refused = [yield* Effect.flip(Queue.put(queue, 1)), yield* Effect.flip(Queue.putNowait(queue, 1))]
        const rest = yield* take(queue, 2)
        const ended = [yield* Effect.flip(Queue.get(queue)), yield* Effect.flip(Queue.getNowait(queue))]
        return [[...refused, ...ended].map((error) => error._tag), rest.length, Queue.putNowaitUnsafe(queue, 1)]
      }),
      [["QueueShutDown", "QueueShutDown", "QueueShutDown", "QueueShutDown"], 2, false]
    )

    everywhere(
      "ends those who wait",
      Effect.gen(function*() {
        const [empty, full] = [yield* make(), yield* make({ maxsize: 1 })]
        yield* Queue.put(full, 1)
        const getters = [yield* createTask(Queue.get(empty)), yield* createTask(Queue.get(empty))]
        const putters = [yield* createTask(Queue.put(full, 2)), yield* createTask(Queue.put(full, 3))]
        yield* ticks(2)
        yield* Queue.shutdown(empty)
        yield* Queue.shutdown(full)
        const ends = []
        for (const task of [...getters, ...putters]) ends.push((yield* Effect.flip(Task.join(task)))._tag)
        return [new Set(ends).size, ends[0], Queue.size(full)]
      }),
      [1, "QueueShutDown", 1]
    )

    everywhere(
      "immediate drops the items, which count as done; what was taken still has to be marked",
      Effect.gen(function*() {
        const queue = yield* make()
        yield* putAll(queue, [1, 2, 3])
        yield* Queue.get(queue)
        const joiner = yield* createTask(Queue.join(queue))
        yield* ticks(2)
        yield* Queue.shutdown(queue, { immediate: true })
        yield* ticks(2)
        const state = [Queue.size(queue), Queue.statistics(queue).unfinished, Task.done(joiner)]
        yield* Queue.taskDone(queue)
        yield* joiner
        return [...state, (yield* Effect.flip(Queue.get(queue)))._tag]
      }),
      [0, 1, false, "QueueShutDown"]
    )
  })

  linear("n put and taken", 2, (n) =>
    Effect.gen(function*() {
      const queue = yield* make()
      yield* putAll(queue, Array.from({ length: n }, (_, i) => i))
      yield* take(queue, n)
    }))
  linear("n through a queue of one", 5, (n) =>
    Effect.gen(function*() {
      const queue = yield* make({ maxsize: 1 })
      yield* createTask(putAll(queue, Array.from({ length: n }, (_, i) => i)))
      yield* take(queue, n)
    }))
})

describe("Queue", () => {
  everywhere(
    "put and get with room take no tick; a put and its getter one",
    logged((log) =>
      Effect.gen(function*() {
        const queue = yield* Queue.make<number>()
        yield* asyncio.EventLoop.callSoon(() => log("tick"))
        yield* Queue.put(queue, 1)
        log(yield* Queue.get(queue))
        yield* createTask(Effect.map(Queue.get(queue), log))
        yield* ticks(2)
        yield* Queue.put(queue, 2)
        log("put")
        yield* ticks(1)
        log("a tick later")
      })
    ),
    [1, "tick", "put", 2, "a tick later"]
  )

  everywhere(
    "a newcomer may be faster than the getter that was woken, which then waits at the end of the line",
    logged((log) =>
      Effect.gen(function*() {
        const queue = yield* Queue.make<number>()
        const getter = (name: string) => createTask(Effect.map(Queue.get(queue), (item) => log(`${name} ${item}`)))
        const [a, b] = [yield* getter("a"), yield* getter("b")]
        yield* ticks(2)
        yield* Queue.put(queue, 1)
        log(`newcomer ${yield* Queue.get(queue)}`)
        yield* ticks(2)
        yield* putAll(queue, [2, 3])
        yield* asyncio.wait([a, b])
      })
    ),
    ["newcomer 1", "b 2", "a 3"]
  )

  timed(
    "a get that is timed out or cancelled has taken nothing",
    Effect.gen(function*() {
      const queue = yield* Queue.make<number>()
      yield* asyncio.EventLoop.callLater("1 second", () => void Queue.putNowaitUnsafe(queue, 1))
      const timedOut = yield* outcome(asyncio.waitFor(Queue.get(queue), "1 second"))
      const cancelled = yield* createTask(Queue.get(queue))
      return [
        timedOut === "fail waitFor: timed out after 1 s" || timedOut === 1,
        Queue.size(queue) + Number(timedOut === 1),
        yield* outcome(Task.join(cancelled))
      ]
    }),
    [true, 1, 1]
  )

  everywhere(
    "a put that is cancelled has put nothing",
    Effect.gen(function*() {
      const queue = yield* Queue.make<number>({ maxsize: 1 })
      yield* Queue.put(queue, 1)
      const putter = yield* createTask(Queue.put(queue, 2))
      yield* ticks(2)
      yield* cancelSoon(putter)
      yield* Task.await(putter)
      return [yield* Queue.get(queue), Queue.size(queue), Queue.statistics(queue).unfinished]
    }),
    [1, 0, 1]
  )

  everywhere(
    "a stream of it ends when it is shut down and drained",
    Effect.gen(function*() {
      const queue = yield* Queue.make<number>()
      const all = yield* createTask(Stream.runCollect(Queue.stream(queue)))
      yield* putAll(queue, [1, 2])
      yield* ticks(5)
      yield* Queue.put(queue, 3)
      yield* Queue.shutdown(queue)
      return yield* all
    }),
    [1, 2, 3]
  )

  everywhere(
    "a stream takes an item when one is asked for: what is not asked for stays",
    Effect.gen(function*() {
      const queue = yield* Queue.make<number>()
      yield* putAll(queue, [1, 2, 3])
      const first = yield* Stream.runCollect(Stream.take(Queue.stream(queue), 1))
      return [first, Queue.size(queue), Queue.statistics(queue).unfinished]
    }),
    [[1], 2, 3]
  )

  everywhere(
    "putAll puts a stream, waits for room, and does not shut the queue down",
    Effect.gen(function*() {
      const queue = yield* Queue.make<number>({ maxsize: 1 })
      const feeder = yield* createTask(Queue.putAll(queue, Stream.make(1, 2, 3)))
      const got = yield* take(queue, 3)
      yield* feeder
      return [got, Queue.statistics(queue).isShutDown]
    }),
    [[1, 2, 3], false]
  )

  everywhere(
    "to and from Effect's own queue",
    Effect.gen(function*() {
      const source = yield* EffectQueue.make<number>()
      yield* EffectQueue.offerAll(source, [1, 2, 3])
      const queue = yield* Queue.make<number>()
      yield* Queue.putAll(queue, Stream.take(Stream.fromQueue(source), 3))
      yield* Queue.shutdown(queue)
      return yield* Stream.runCollect(Queue.stream(queue))
    }),
    [1, 2, 3]
  )

  everywhere(
    "put and putNowait are dual",
    Effect.gen(function*() {
      const queue = yield* Queue.make<number>()
      yield* queue.pipe(Queue.put(1))
      yield* queue.pipe(Queue.putNowait(2))
      yield* queue.pipe(Queue.putAll(Stream.make<[number]>(3)))
      return yield* take(queue, 3)
    }),
    [1, 2, 3]
  )

  it("bare fibers without a loop, fed by plain code", async () => {
    const queue = Effect.runSync(Queue.make<number>({ maxsize: 1 }))
    const getter = Effect.runFork(Queue.get(queue))
    Queue.putNowaitUnsafe(queue, 1)
    expect(getter.pollUnsafe()).toBeUndefined()
    expect(await Effect.runPromise(Fiber.join(getter))).toBe(1)
    Queue.putNowaitUnsafe(queue, 2)
    const putter = Effect.runFork(Queue.put(queue, 3))
    expect(Effect.runSync(Queue.get(queue))).toBe(2)
    await Effect.runPromise(Fiber.join(putter))
    expect(Effect.runSync(Queue.get(queue))).toBe(3)
  })
})

describe("the streams of a queue", () => {
  /** Takes from a stream, and notes who got what; one after the other, with `pause` between. */
  const reader = (log: (line: unknown) => void, queue: Queue.Queue<number>, name: string, pause = Effect.void) =>
    createTask(
      Stream.runForEach(Queue.stream(queue), (item) => Effect.andThen(Effect.sync(() => log(`${name}${item}`)), pause))
    )

  timed(
    "take turns, however long each takes over an item",
    Effect.gen(function*() {
      const queue = yield* Queue.make<number>()
      const taken = [0, 0, 0]
      for (const worker of [0, 1, 2]) {
        const work = Effect.andThen(Effect.sync(() => taken[worker]!++), sleep(1))
        yield* createTask(Stream.runForEach(Queue.stream(queue), () => work))
      }
      for (let item = 0; item < 99; item++) {
        yield* Queue.put(queue, item)
        yield* sleep(1)
      }
      yield* sleep("1 second")
      return taken
    }),
    [33, 33, 33]
  )

  everywhere(
    "wait in the queue's line as any getter does",
    logged((log) =>
      Effect.gen(function*() {
        const queue = yield* Queue.make<number>()
        const getter = (name: string) => createTask(Effect.map(Queue.get(queue), (item) => log(`${name}${item}`)))
        yield* reader(log, queue, "a")
        yield* reader(log, queue, "b")
        yield* getter("c")
        yield* ticks(2)
        const { getters } = Queue.statistics(queue)
        yield* putAll(queue, [1, 2, 3])
        yield* ticks(2)
        log(getters.length)
      })
    ),
    ["a1", "b2", "c3", 3]
  )

  everywhere(
    "keep their place where a newcomer was faster: the same ones would lose again and again",
    logged((log) =>
      Effect.gen(function*() {
        const queue = yield* Queue.make<number>()
        yield* reader(log, queue, "a")
        yield* reader(log, queue, "b")
        yield* ticks(2)
        for (const item of [0, 2, 4, 6]) {
          yield* Queue.put(queue, item)
          yield* Queue.getNowait(queue)
          yield* ticks(2)
          yield* Queue.put(queue, item + 1)
          yield* ticks(2)
        }
        // Two of them at once.
        yield* putAll(queue, [8, 9])
        yield* Queue.getNowait(queue)
        yield* Queue.getNowait(queue)
        yield* ticks(2)
        yield* putAll(queue, [10, 11])
        yield* ticks(2)
      })
    ),
    ["a1", "b3", "a5", "b7", "a10", "b11"]
  )

  everywhere(
    "a stream that comes while another is about to take an item takes the next, a tick later",
    logged((log) =>
      Effect.gen(function*() {
        const queue = yield* Queue.make<number>()
        yield* reader(log, queue, "a", Effect.never)
        yield* ticks(2)
        yield* putAll(queue, [1, 2])
        const b = yield* createTask(Stream.runHead(Queue.stream(queue)), { eager: true })
        yield* ticks(1)
        log(Task.done(b))
        yield* ticks(1)
        log(Task.done(b))
      })
    ),
    ["a1", false, true]
  )

  everywhere(
    "one that is cancelled leaves its place, and what it was woken for, to the others",
    logged((log) =>
      Effect.gen(function*() {
        const queue = yield* Queue.make<number>()
        const a = yield* reader(log, queue, "a")
        const b = yield* reader(log, queue, "b")
        yield* reader(log, queue, "c")
        yield* ticks(2)
        yield* Task.cancel(b)
        yield* ticks(2)
        yield* Queue.put(queue, 1)
        yield* Task.cancel(a)
        yield* ticks(3)
        yield* Queue.put(queue, 2)
        yield* ticks(2)
      })
    ),
    ["c1", "c2"]
  )
})

describe.each(kinds)("a fair %s", (kind, make) => {
  const got = (log: (line: unknown) => void, name: string) => (item: number) => log(`${name} ${item}`)

  everywhere(
    "serves getters in the order they came: a newcomer waits behind one that is about to run",
    logged((log) =>
      Effect.gen(function*() {
        const queue = yield* make({ fair: true })
        for (const name of ["a", "b"]) yield* createTask(Effect.map(Queue.get(queue), got(log, name)))
        yield* ticks(2)
        yield* Queue.put(queue, 1)
        yield* Effect.map(Effect.flip(Queue.getNowait(queue)), ({ message }) => log(message))
        yield* createTask(Effect.map(Queue.get(queue), got(log, "newcomer")), { eager: true })
        yield* ticks(2)
        yield* putAll(queue, [2])
        yield* ticks(2)
        yield* putAll(queue, [3])
        yield* ticks(2)
        log(yield* Effect.map(Queue.put(queue, 4), () => Queue.size(queue)))
      })
    ),
    [`${kind}.getNowait: others wait for the items`, "a 1", "b 2", "newcomer 3", 1]
  )

  everywhere(
    "serves putters in the order they came",
    logged((log) =>
      Effect.gen(function*() {
        const queue = yield* make({ fair: true, maxsize: 1 })
        yield* Queue.put(queue, 1)
        for (const item of [2, 3]) yield* createTask(Effect.map(Queue.put(queue, item), () => log(`put ${item}`)))
        yield* ticks(2)
        log(yield* Queue.get(queue))
        // There is room, and it is for the first who waits.
        log([Queue.size(queue), Queue.full(queue), Queue.putNowaitUnsafe(queue, 9)])
        yield* Effect.map(Effect.flip(Queue.putNowait(queue, 9)), ({ message }) => log(message))
        yield* createTask(Effect.map(Queue.put(queue, 4), () => log("put 4")), { eager: true })
        yield* ticks(2)
        for (const _ of [2, 3, 4]) {
          log(yield* Queue.get(queue))
          yield* ticks(2)
        }
      })
    ),
    [1, [0, true, false], `${kind}.putNowait: others wait for the room`, "put 2", 2, "put 3", 3, "put 4", 4]
  )

  everywhere(
    "a busy getter starves nobody, as it does elsewhere",
    Effect.gen(function*() {
      const turns: Array<number> = []
      for (const fair of [true, false]) {
        const queue = yield* make({ fair })
        yield* Queue.put(queue, 0)
        let busy = 0
        const turn = Effect.flatMap(Queue.get(queue), () => Effect.andThen(Effect.yieldNow, Queue.put(queue, busy++)))
        yield* createTask(Effect.forEach(Array.from({ length: 20 }), () => turn))
        yield* ticks(1)
        yield* Queue.get(queue)
        turns.push(busy)
      }
      return turns
    }),
    [1, 20]
  )

  everywhere(
    "those in line when it is shut down get what is left, in their order; who comes then waits behind them",
    logged((log) =>
      Effect.gen(function*() {
        const queue = yield* make({ fair: true })
        const getter = (name: string) =>
          createTask(
            Effect.match(Queue.get(queue), {
              onFailure: ({ _tag }) => log(`${name} ${_tag}`),
              onSuccess: got(log, name)
            }),
            { eager: true }
          )
        for (const name of ["a", "b", "c"]) yield* getter(name)
        yield* putAll(queue, [1])
        yield* Queue.shutdown(queue)
        yield* getter("d")
        yield* ticks(3)
        yield* getter("e")
      })
    ),
    ["a 1", "b QueueShutDown", "c QueueShutDown", "d QueueShutDown", "e QueueShutDown"]
  )

  everywhere(
    "a getter or putter that is cancelled after its wake hands its turn on",
    logged((log) =>
      Effect.gen(function*() {
        const queue = yield* make({ fair: true, maxsize: 1 })
        const getters = []
        for (const name of ["a", "b"]) getters.push(yield* createTask(Effect.map(Queue.get(queue), got(log, name))))
        yield* ticks(2)
        yield* Queue.put(queue, 1)
        yield* Task.cancel(getters[0]!)
        yield* ticks(3)
        yield* Queue.put(queue, 2)
        const putters = []
        for (const item of [3, 4]) putters.push(yield* createTask(Queue.put(queue, item)))
        yield* ticks(2)
        log(yield* Queue.get(queue))
        yield* Task.cancel(putters[0]!)
        yield* ticks(3)
        log(yield* Queue.get(queue))
      })
    ),
    ["b 1", 2, 4]
  )
})

describe("PriorityQueue", () => {
  everywhere(
    "equals come out in the order they were put",
    Effect.gen(function*() {
      const queue = yield* PriorityQueue.make({ order: Order.mapInput(Order.Number, (s: string) => s.length) })
      for (const item of ["cc1", "a", "cc2", "bb", "cc3", "d"]) yield* Queue.put(queue, item)
      return yield* Effect.forEach(new Array<number>(6).fill(0), () => Queue.get(queue))
    }),
    ["a", "d", "bb", "cc1", "cc2", "cc3"]
  )

  everywhere(
    "a getter that waited gets the smallest there is when it runs",
    Effect.gen(function*() {
      const queue = yield* PriorityQueue.make({ order: Order.Number })
      const getter = yield* createTask(Queue.get(queue))
      yield* ticks(2)
      yield* putAll(queue, [2, 1])
      return [yield* getter, yield* Queue.get(queue)]
    }),
    [1, 2]
  )

  everywhere(
    "a missing order is a defect",
    Effect.map(
      defectOf(PriorityQueue.make({} as { order: Order.Order<number> })),
      (error) => error.message.split(":")[0]
    ),
    "PriorityQueue.make"
  )

  describe("an order that throws is the defect of who put or got, and the queue is as before", () => {
    interface Job {
      readonly rank?: { readonly value: number }
    }
    const job = (value: number): Job => ({ rank: { value } })
    const noRank: Job = {}
    const order = (a: Job, b: Job) => (a.rank!.value < b.rank!.value ? -1 : 1)
    const make = (options?: Queue.Options) => PriorityQueue.make<Job>({ ...options, order })
    const valuesIn = (queue: Queue.Queue<Job>) =>
      Effect.map(
        Effect.forEach(Array.from({ length: Queue.size(queue) }), () => Queue.get(queue)),
        (jobs) => jobs.map(({ rank }) => rank?.value)
      )
    class Breakable {
      isBroken = false
      readonly order: Order.Order<number> = (a, b) => {
        if (this.isBroken) throw new Error("no order")
        return Order.Number(a, b)
      }
    }
    const died = (exit: Exit.Exit<unknown, unknown>) => Exit.hasDies(exit)

    for (const fair of [false, true]) {
      everywhere(
        `a put, at once or in line; the next putter goes on, fair: ${fair}`,
        Effect.gen(function*() {
          const queue = yield* make({ maxsize: 2, fair })
          for (const value of [2, 1]) yield* Queue.put(queue, job(value))
          const putters = []
          for (const item of [noRank, job(3)]) putters.push(yield* createTask(Effect.exit(Queue.put(queue, item))))
          yield* ticks(2)
          yield* Queue.get(queue)
          const exits = []
          for (const putter of putters) exits.push(died(yield* putter))
          yield* Queue.get(queue)
          const direct = yield* Effect.exit(Queue.put(queue, noRank))
          const nowait = yield* Effect.exit(Queue.putNowait(queue, noRank))
          expect(() => Queue.putNowaitUnsafe(queue, noRank)).toThrow(TypeError)
          const { size, unfinished } = Queue.statistics(queue)
          return [exits, died(direct), died(nowait), size, unfinished, yield* valuesIn(queue)]
        }),
        [[true, false], true, true, 1, 3, [3]]
      )

      everywhere(
        `a get, at once or in line; the next getter looks as well, fair: ${fair}`,
        Effect.gen(function*() {
          const breakable = new Breakable()
          const queue = yield* PriorityQueue.make({ fair, order: breakable.order })
          const getters = []
          for (let i = 0; i < 3; i++) getters.push(yield* createTask(Effect.exit(Queue.get(queue))))
          yield* ticks(2)
          yield* putAll(queue, [3, 1, 2])
          breakable.isBroken = true
          yield* ticks(1)
          breakable.isBroken = false
          const exits = []
          for (const getter of getters) exits.push(died(yield* getter))
          breakable.isBroken = true
          const direct = [yield* Effect.exit(Queue.get(queue)), yield* Effect.exit(Queue.getNowait(queue))]
          breakable.isBroken = false
          const { size, unfinished } = Queue.statistics(queue)
          return [exits, direct.map(died), size, unfinished, yield* take(queue, 3)]
        }),
        [[true, true, true], [true, true], 3, 3, [1, 2, 3]]
      )
    }

    everywhere(
      "a stream; the next one looks as well",
      Effect.gen(function*() {
        const breakable = new Breakable()
        const queue = yield* PriorityQueue.make({ order: breakable.order })
        const readers = []
        for (let i = 0; i < 3; i++) {
          readers.push(yield* createTask(Effect.exit(Stream.runHead(Queue.stream(queue)))))
        }
        yield* ticks(2)
        yield* putAll(queue, [3, 1, 2])
        breakable.isBroken = true
        yield* ticks(1)
        breakable.isBroken = false
        return [...(yield* asyncio.gather(readers)).map(died), yield* take(queue, 3)]
      }),
      [true, true, true, [1, 2, 3]]
    )
  })

  timed(
    "many items, sorted",
    Effect.gen(function*() {
      const queue = yield* PriorityQueue.make({ order: Order.Number })
      const items = Array.from({ length: 500 }, (_, i) => (i * 7919) % 503)
      yield* putAll(queue, items)
      yield* sleep("1 second")
      const got = yield* take(queue, 500)
      return got.every((item, i) => item === items.toSorted((a, b) => a - b)[i])
    }),
    true
  )
})
