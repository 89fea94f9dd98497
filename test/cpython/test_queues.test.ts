/** Queue, LifoQueue and PriorityQueue, as CPython's test_queues.py tests them. */
import { Effect, Order } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, LifoQueue, PriorityQueue, Queue, Task, TaskGroup } from "effect-asyncio"
import { defectOf, logged, outcome, type Program } from "../support/loops.ts"
import { port } from "./support.ts"

const { createTask, sleep } = asyncio

/** How many tasks wait in it. */
const inLine = (queue: Queue.Queue<any>) => {
  const { getters, putters } = Queue.statistics(queue)
  return getters.length + putters.length
}

/** A full queue of one item, and a task that waits to put another. */
const withPutter = Effect.gen(function*() {
  const queue = yield* Queue.make<number>({ maxsize: 1 })
  yield* Queue.putNowait(queue, 1)
  const putter = yield* createTask(Queue.put(queue, 2))
  yield* sleep(0)
  return { queue, putter }
})

// -------------------------------------------------------------------------------------------------------------- basics

port(
  ["QueueBasicTests.test_repr", "QueueBasicTests.test_str"],
  Effect.gen(function*() {
    const queue = yield* Queue.make<number>({ maxsize: 1 })
    const texts = [String(queue)]
    const note = Effect.sync(() => texts.push(String(queue)))
    const getter = yield* createTask(Queue.get(queue))
    yield* sleep(0)
    yield* note
    yield* Queue.putNowait(queue, 0)
    yield* getter
    yield* Queue.putNowait(queue, 1)
    yield* note
    const putter = yield* createTask(Queue.put(queue, 2))
    yield* sleep(0)
    yield* note
    yield* Queue.getNowait(queue)
    yield* putter
    return texts
  }),
  [
    "<Queue size=0 maxsize=1>",
    "<Queue size=0 maxsize=1 getters=1>",
    "<Queue size=1 maxsize=1 unfinished=2>",
    "<Queue size=1 maxsize=1 unfinished=2 putters=1>"
  ]
)

port(
  "QueueBasicTests.test_maxsize",
  Effect.gen(function*() {
    const queue = yield* Queue.make<number>({ maxsize: 2 })
    const put: Array<number> = []
    const putter = yield* createTask(
      Effect.forEach([0, 1, 2], (i) => Effect.andThen(Queue.put(queue, i), Effect.sync(() => put.push(i))))
    )
    yield* sleep(0)
    yield* sleep(0)
    const full = put.join("")
    const got = [yield* Queue.get(queue)]
    yield* sleep(0)
    const roomy = put.join("")
    got.push(yield* Queue.get(queue), yield* Queue.get(queue))
    return [queue.maxsize, full, roomy, got, Task.done(putter)]
  }),
  [2, "01", "012", [0, 1, 2], true]
)

// ----------------------------------------------------------------------------------------------------------------- get

port(
  "QueueGetTests.test_get_with_putters",
  Effect.gen(function*() {
    const { putter, queue } = yield* withPutter
    const item = yield* Queue.get(queue)
    yield* sleep(0)
    return [item, Task.done(putter), inLine(queue)]
  }),
  [1, true, 0]
)

port(
  "QueueGetTests.test_blocking_get_wait",
  Effect.gen(function*() {
    const queue = yield* Queue.make<number>()
    const getter = yield* createTask(Queue.get(queue))
    yield* sleep(0)
    const waits = !Task.done(getter)
    yield* EventLoop.callLater("10 millis", () => Queue.putNowaitUnsafe(queue, 1))
    return [waits, yield* getter, yield* EventLoop.time]
  }),
  [true, 1, 0.01]
)

port(
  "QueueGetTests.test_nonblocking_get_exception",
  Effect.flatMap(Queue.make(), (queue) => Effect.map(Effect.flip(Queue.getNowait(queue)), ({ _tag }) => _tag)),
  "QueueEmpty"
)

port(
  "QueueGetTests.test_get_cancelled_race",
  Effect.gen(function*() {
    const queue = yield* Queue.make<string>()
    const [first, second] = [yield* createTask(Queue.get(queue)), yield* createTask(Queue.get(queue))]
    yield* sleep(0)
    yield* Task.cancel(first)
    yield* sleep(0)
    const done = Task.done(first)
    yield* Queue.put(queue, "a")
    yield* sleep(0)
    return [done, yield* second]
  }),
  [true, "a"]
)

port(
  "QueueGetTests.test_get_with_waiting_putters",
  Effect.gen(function*() {
    const queue = yield* Queue.make<string>({ maxsize: 1 })
    yield* createTask(Queue.put(queue, "a"))
    yield* createTask(Queue.put(queue, "b"))
    return [yield* Queue.get(queue), yield* Queue.get(queue)]
  }),
  ["a", "b"]
)

port(
  "QueueGetTests.test_why_are_getters_waiting",
  logged((log) =>
    Effect.gen(function*() {
      const queue = yield* Queue.make<number>({ maxsize: 1 })
      const numbers = [0, 1, 2, 3, 4]
      yield* TaskGroup.run((group) =>
        Effect.gen(function*() {
          yield* group.createTask(Effect.forEach(numbers, (i) => Queue.put(queue, i)))
          yield* group.createTask(Effect.forEach(numbers, () => Effect.map(Queue.get(queue), log)))
        })
      )
    })
  ),
  [0, 1, 2, 3, 4]
)

port(
  "QueueGetTests.test_cancelled_getters_not_being_held_in_self_getters",
  Effect.gen(function*() {
    const queue = yield* Queue.make({ maxsize: 5 })
    const error = yield* Effect.flip(asyncio.waitFor(Queue.get(queue), "100 millis"))
    return [error._tag, inLine(queue)]
  }),
  ["TimeoutError", 0]
)

// ----------------------------------------------------------------------------------------------------------------- put

port(
  "QueuePutTests.test_blocking_put_wait",
  Effect.gen(function*() {
    const queue = yield* Queue.make<number>({ maxsize: 1 })
    yield* EventLoop.callLater("10 millis", () => Effect.runSync(Queue.getNowait(queue)))
    const putter = yield* createTask(Effect.andThen(Queue.put(queue, 1), Queue.put(queue, 2)))
    yield* sleep(0)
    const waits = !Task.done(putter)
    yield* putter
    return [waits, yield* EventLoop.time]
  }),
  [true, 0.01]
)

// The getter has its item promised when it is cancelled, and has taken nothing.
port(
  "QueuePutTests.test_get_cancel_drop_one_pending_reader",
  Effect.gen(function*() {
    const queue = yield* Queue.make<number>()
    const getter = yield* createTask(Queue.get(queue))
    yield* sleep(0)
    yield* Queue.putNowait(queue, 1)
    yield* Queue.putNowait(queue, 2)
    yield* Task.cancel(getter)
    return [yield* outcome(Task.join(getter)), yield* yield* createTask(Queue.get(queue))]
  }),
  ["cancelled", 1]
)

port(
  "QueuePutTests.test_get_cancel_drop_many_pending_readers",
  Effect.gen(function*() {
    const queue = yield* Queue.make<number>()
    return yield* TaskGroup.run((group) =>
      Effect.gen(function*() {
        const [first, ...others] = yield* Effect.forEach([1, 2, 3], () => group.createTask(Queue.get(queue)))
        yield* sleep(0)
        yield* Queue.putNowait(queue, 1)
        yield* Queue.putNowait(queue, 2)
        yield* Task.cancel(first!)
        return [yield* outcome(Task.join(first!)), yield* asyncio.gather(others)]
      })
    )
  }),
  ["cancelled", [1, 2]]
)

port(
  "QueuePutTests.test_put_cancel_drop",
  Effect.gen(function*() {
    const { putter, queue } = yield* withPutter
    const first = yield* Queue.getNowait(queue)
    yield* Task.cancel(putter)
    const end = yield* outcome(Task.join(putter))
    yield* yield* createTask(Queue.put(queue, 3))
    return [first, end, yield* Queue.getNowait(queue), Queue.size(queue)]
  }),
  [1, "cancelled", 3, 0]
)

port(
  "QueuePutTests.test_nonblocking_put_exception",
  Effect.gen(function*() {
    const queue = yield* Queue.make<number>({ maxsize: 1 })
    yield* Queue.putNowait(queue, 1)
    return (yield* Effect.flip(Queue.putNowait(queue, 2)))._tag
  }),
  "QueueFull"
)

port(
  "QueuePutTests.test_put_cancelled",
  Effect.gen(function*() {
    const queue = yield* Queue.make<number>()
    const putter = yield* createTask(Effect.as(Queue.put(queue, 1), true))
    const item = yield* Queue.get(queue)
    return [item, Task.done(putter), yield* Task.result(putter)]
  }),
  [1, true, true]
)

port(
  "QueuePutTests.test_put_cancelled_race",
  Effect.gen(function*() {
    const queue = yield* Queue.make<string>({ maxsize: 1 })
    const [a, b, c] = yield* Effect.forEach(["a", "b", "X"], (item) => createTask(Queue.put(queue, item)))
    yield* sleep(0)
    const done = [Task.done(a!), Task.done(b!)]
    yield* Task.cancel(c!)
    yield* sleep(0)
    done.push(Task.done(c!))
    const items = [yield* Queue.getNowait(queue)]
    yield* sleep(0)
    items.push(yield* Queue.getNowait(queue))
    yield* b!
    return [done, items, Queue.empty(queue)]
  }),
  [[true, false, true], ["a", "b"], true]
)

port(
  "QueuePutTests.test_put_with_waiting_getters",
  Effect.gen(function*() {
    const queue = yield* Queue.make<string>()
    const getter = yield* createTask(Queue.get(queue))
    yield* sleep(0)
    yield* Queue.put(queue, "a")
    return yield* getter
  }),
  "a"
)

// Who drains a full queue makes room for as many as it took.
port(
  "QueuePutTests.test_why_are_putters_waiting",
  Effect.gen(function*() {
    const queue = yield* Queue.make<number>({ maxsize: 2 })
    const drain = Effect.gen(function*() {
      yield* sleep(0)
      for (let n = Queue.size(queue); n > 0; n--) yield* Queue.getNowait(queue)
    })
    yield* TaskGroup.run((group) =>
      Effect.andThen(
        group.createTask(drain),
        Effect.forEach([0, 1, 2, 3], (i) => group.createTask(Queue.put(queue, i)))
      )
    )
    return [yield* Queue.getNowait(queue), yield* Queue.getNowait(queue)]
  }),
  [2, 3]
)

port(
  "QueuePutTests.test_cancelled_puts_not_being_held_in_self_putters",
  Effect.gen(function*() {
    const { putter, queue } = yield* withPutter
    const before = inLine(queue)
    yield* Task.cancel(putter)
    return [before, yield* outcome(Task.join(putter)), inLine(queue)]
  }),
  [1, "cancelled", 0]
)

// It was woken, and is in no line any more.
port(
  "QueuePutTests.test_cancelled_put_silence_value_error_exception",
  Effect.gen(function*() {
    const { putter, queue } = yield* withPutter
    yield* Queue.getNowait(queue)
    yield* Task.cancel(putter)
    return yield* outcome(Task.join(putter))
  }),
  "cancelled"
)

// ----------------------------------------------------------------------------------------- of each kind: join, shutdown

const ofEachKind = <A, E>(
  program: (
    make: (options?: Queue.Options) => Effect.Effect<Queue.Queue<number>>
  ) => Program<A, E>
) =>
  Effect.all([
    program(Queue.make),
    program(LifoQueue.make),
    program((options) => PriorityQueue.make({ ...options, order: Order.Number }))
  ])

const three = <A>(expected: A) => [expected, expected, expected]

const taskDone = (queue: Queue.Queue<number>) =>
  Effect.catchDefect(Effect.as(Queue.taskDone(queue), "done"), (defect) => Effect.succeed((defect as Error).name))

port(
  "_QueueJoinTestMixin.test_task_done_underflow",
  ofEachKind((make) =>
    Effect.flatMap(make(), (queue) => Effect.map(defectOf(Queue.taskDone(queue)), ({ name }) => name))
  ),
  three("IllegalArgumentError")
)

port(
  "_QueueJoinTestMixin.test_task_done",
  ofEachKind((make) =>
    Effect.gen(function*() {
      const queue = yield* make()
      for (let i = 0; i < 100; i++) yield* Queue.putNowait(queue, i)
      let sum = 0
      let running = true
      const worker = Effect.whileLoop({
        while: () => running,
        body: () => Effect.tap(Queue.get(queue), () => Queue.taskDone(queue)),
        step: (item) => sum += item
      })
      return yield* TaskGroup.run((group) =>
        Effect.gen(function*() {
          for (let i = 0; i < 2; i++) yield* group.createTask(worker)
          yield* Queue.join(queue)
          const joined = sum
          running = false
          for (let i = 0; i < 2; i++) yield* Queue.putNowait(queue, 0)
          return joined
        })
      )
    })
  ),
  three(4950)
)

port(
  ["_QueueJoinTestMixin.test_format", "_QueueShutdownTestMixin.test_format"],
  ofEachKind((make) =>
    Effect.gen(function*() {
      const queue = yield* make()
      const texts = [String(queue)]
      for (let i = 0; i < 2; i++) {
        yield* Queue.putNowait(queue, i)
        yield* Queue.getNowait(queue)
      }
      texts.push(String(queue))
      yield* Queue.shutdown(queue)
      return [...texts, String(queue)].map((text) => text.replace(/\w+/, "…"))
    })
  ),
  three(["<… size=0>", "<… size=0 unfinished=2>", "<… shutdown size=0 unfinished=2>"])
)

/** How each call ends that puts or gets. */
const calls = (queue: Queue.Queue<number>) => {
  const all: ReadonlyArray<Effect.Effect<unknown, { readonly _tag: string }>> = [
    Queue.put(queue, 9),
    Queue.putNowait(queue, 9),
    Queue.get(queue),
    Queue.getNowait(queue)
  ]
  return Effect.forEach(all, (call) => Effect.map(Effect.flip(call), ({ _tag }) => _tag))
}
const shutDown = new Array(4).fill("QueueShutDown")

port(
  "_QueueShutdownTestMixin.test_shutdown_empty",
  ofEachKind((make) =>
    Effect.gen(function*() {
      const queue = yield* make()
      const getter = yield* createTask(Effect.flip(Queue.get(queue)))
      yield* sleep(0)
      yield* Queue.shutdown(queue)
      const size = Queue.size(queue)
      yield* Queue.join(queue)
      yield* sleep(0)
      return [size, Task.done(getter), (yield* getter)._tag, yield* calls(queue)]
    })
  ),
  three([0, true, "QueueShutDown", shutDown])
)

port(
  "_QueueShutdownTestMixin.test_shutdown_nonempty",
  ofEachKind((make) =>
    Effect.gen(function*() {
      const queue = yield* make({ maxsize: 1 })
      yield* Queue.putNowait(queue, 1)
      const joiner = yield* createTask(Queue.join(queue))
      const putter = yield* createTask(Effect.flip(Queue.put(queue, 2)))
      yield* sleep(0)
      const done = [Task.done(putter)]
      yield* Queue.shutdown(queue)
      const size = Queue.size(queue)
      yield* sleep(0)
      done.push(Task.done(putter))
      const error = yield* putter
      const item = yield* Queue.get(queue)
      yield* sleep(0)
      done.push(Task.done(joiner))
      const ends = yield* calls(queue)
      const marked = [yield* taskDone(queue)]
      yield* sleep(0)
      done.push(Task.done(joiner))
      marked.push(yield* taskDone(queue))
      return [size, error._tag, item, done, ends, marked]
    })
  ),
  three([1, "QueueShutDown", 1, [false, true, false, true], shutDown, ["done", "IllegalArgumentError"]])
)

/** Shut down at once, `taken` of its `items` taken before, all marked done then. */
const shutdownImmediate = (items: number, taken: number) =>
  ofEachKind((make) =>
    Effect.gen(function*() {
      const queue = yield* make()
      for (let i = 0; i < items; i++) yield* Queue.putNowait(queue, i)
      const joiner = yield* createTask(Queue.join(queue))
      for (let i = 0; i < taken; i++) yield* Queue.get(queue)
      yield* Queue.shutdown(queue, { immediate: true })
      const size = Queue.size(queue)
      yield* sleep(0)
      const joined = [Task.done(joiner)]
      const ends = yield* calls(queue)
      const marked = []
      for (let i = 0; i <= taken; i++) marked.push(yield* taskDone(queue))
      yield* sleep(0)
      joined.push(Task.done(joiner))
      return [size, joined, ends, marked]
    })
  )

port(
  "_QueueShutdownTestMixin.test_shutdown_immediate",
  shutdownImmediate(1, 0),
  three([0, [true, true], shutDown, ["IllegalArgumentError"]])
)
port(
  "_QueueShutdownTestMixin.test_shutdown_immediate_with_unfinished",
  shutdownImmediate(2, 1),
  three([0, [false, true], shutDown, ["done", "IllegalArgumentError"]])
)
