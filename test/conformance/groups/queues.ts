/** `Queue`, `PriorityQueue`, `LifoQueue`. */
import { Effect, Order } from "effect"
import * as asyncio from "effect-asyncio"
import { catchIllegalArgument } from "../defects.ts"
import type { Group } from "../scenario.ts"

const { LifoQueue, PriorityQueue, Queue, Task } = asyncio

export default {
  /** Producer and consumer with a bounded queue. */
  queues_basic: (log) =>
    Effect.gen(function*() {
      const q = yield* Queue.make<number | null>({ maxsize: 2 })

      const producer = Effect.fnUntraced(function*() {
        for (let i = 0; i < 5; i++) {
          yield* Queue.put(q, i)
          log("put", i, "size", Queue.size(q))
        }
        yield* Queue.put(q, null)
      })

      const consumer = Effect.fnUntraced(function*() {
        while (true) {
          const item = yield* Queue.get(q)
          if (item === null) {
            break
          }
          log("got", item)
          yield* asyncio.sleep("1 second")
        }
      })

      yield* asyncio.gather([producer(), consumer()])
      log("empty", Queue.empty(q))
    }),

  /** A cancelled getter loses nothing: the item goes to the next getter. */
  queues_cancel_getter: (log) =>
    Effect.gen(function*() {
      const q = yield* Queue.make<string>()

      const g = Effect.fnUntraced(function*(n: string) {
        yield* Effect.gen(function*() {
          log("getter", n, "got", yield* Queue.get(q))
        }).pipe(
          Effect.onInterrupt(() => Effect.sync(() => log("getter", n, "cancelled")))
        )
      })

      const a = yield* asyncio.createTask(g("a"))
      const b = yield* asyncio.createTask(g("b"))
      yield* asyncio.sleep("1 second")
      yield* Task.cancel(a)
      yield* Queue.putNowait(q, "item")
      yield* asyncio.wait([a, b])
      log("size", Queue.size(q))
    }),

  /** wait_for(get) that times out loses no item. */
  queues_get_timeout: (log) =>
    Effect.gen(function*() {
      const q = yield* Queue.make<string>()
      yield* asyncio.waitFor(Queue.get(q), "1 second").pipe(
        Effect.catchTag("TimeoutError", () => Effect.sync(() => log("TimeoutError")))
      )
      yield* Queue.putNowait(q, "kept")
      log(Queue.size(q), yield* asyncio.waitFor(Queue.get(q), "1 second"))
    }),

  /** Getters are served in the order they came. */
  queues_getters_fifo: (log) =>
    Effect.gen(function*() {
      const q = yield* Queue.make<string>()

      const g = Effect.fnUntraced(function*(n: number) {
        log("getter", n, "got", yield* Queue.get(q))
      })

      const ts = yield* Effect.forEach([0, 1, 2], (n) => asyncio.createTask(g(n)))
      yield* asyncio.sleep("1 second")
      for (const item of "abc") {
        yield* Queue.putNowait(q, item)
      }
      log("three put")
      yield* asyncio.gather(ts)
    }),

  /** join() waits until every item was marked done. */
  queues_join: (log) =>
    Effect.gen(function*() {
      const q = yield* Queue.make<number>()
      for (let i = 0; i < 4; i++) {
        yield* Queue.putNowait(q, i)
      }

      const worker = Effect.fnUntraced(function*(name: string) {
        while (true) {
          const item = yield* Queue.get(q)
          yield* asyncio.sleep("1 second")
          log(name, "did", item)
          yield* Queue.taskDone(q)
        }
      })

      const ws = yield* Effect.forEach(["w1", "w2"], (n) => asyncio.createTask(worker(n)))
      yield* Queue.join(q)
      log("joined")
      for (const w of ws) {
        yield* Task.cancel(w)
      }
      log(yield* asyncio.gather(ws, { returnExceptions: true }))
    }),

  /** A getter that does not wait can take the item before the woken one runs; the woken one waits again. */
  queues_newcomer_takes_item: (log) =>
    Effect.gen(function*() {
      const q = yield* Queue.make<string>()

      const g = Effect.fnUntraced(function*() {
        log("getter waits")
        log("getter got", yield* Queue.get(q))
      })

      const t = yield* asyncio.createTask(g())
      yield* asyncio.sleep("1 second")
      yield* Queue.putNowait(q, "one")
      log("main takes", yield* Queue.get(q))
      yield* asyncio.sleep("1 second")
      log("getter done", Task.done(t))
      yield* Queue.putNowait(q, "two")
      yield* t
    }),

  /** put_nowait and get_nowait. */
  queues_nowait: (log) =>
    Effect.gen(function*() {
      const q = yield* Queue.make<string>({ maxsize: 1 })
      yield* Queue.getNowait(q).pipe(
        Effect.catchTag("QueueEmpty", () => Effect.sync(() => log("QueueEmpty")))
      )
      yield* Queue.putNowait(q, "x")
      log("full", Queue.full(q), "maxsize", q.maxsize)
      yield* Queue.putNowait(q, "y").pipe(
        Effect.catchTag("QueueFull", () => Effect.sync(() => log("QueueFull")))
      )
      log(yield* Queue.getNowait(q), Queue.empty(q))
      const u = yield* Queue.make<number>()
      for (let i = 0; i < 100; i++) {
        yield* Queue.putNowait(u, i)
      }
      log("full", Queue.full(u), Queue.size(u))
      const v = yield* Queue.make<number>({ maxsize: -5 })
      yield* Queue.putNowait(v, 1)
      log("negative size is unbounded", Queue.full(v))
    }),

  /** Two stages with backpressure. */
  queues_pipeline: (log) =>
    Effect.gen(function*() {
      const a = yield* Queue.make<number | null>({ maxsize: 1 })
      const b = yield* Queue.make<number | null>({ maxsize: 1 })

      const source = Effect.fnUntraced(function*() {
        for (let i = 0; i < 4; i++) {
          yield* Queue.put(a, i)
          log("source", i)
        }
        yield* Queue.put(a, null)
      })

      const double = Effect.fnUntraced(function*() {
        let x: number | null
        while ((x = yield* Queue.get(a)) !== null) {
          yield* asyncio.sleep("1 second")
          yield* Queue.put(b, x * 2)
        }
        yield* Queue.put(b, null)
      })

      const sink = Effect.fnUntraced(function*() {
        let x: number | null
        while ((x = yield* Queue.get(b)) !== null) {
          log("sink", x)
          yield* asyncio.sleep("2 seconds")
        }
      })

      yield* asyncio.gather([source(), double(), sink()])
    }),

  /** Orders of the queue family. */
  queues_priority_and_lifo: (log) =>
    Effect.gen(function*() {
      const p = yield* PriorityQueue.make({ order: Order.Number })
      const l = yield* LifoQueue.make<number>()
      const f = yield* Queue.make<number>()
      for (const item of [3, 1, 2]) {
        for (const q of [p, l, f]) {
          yield* Queue.put(q, item)
        }
      }
      for (const [name, q] of [["priority", p], ["lifo", l], ["fifo", f]] as const) {
        log(name, [
          yield* Queue.getNowait(q),
          yield* Queue.getNowait(q),
          yield* Queue.getNowait(q)
        ])
      }
    }),

  /** A waiting getter of a priority queue gets the lowest item present when it runs. */
  queues_priority_with_waiting_getter: (log) =>
    Effect.gen(function*() {
      const q = yield* PriorityQueue.make({ order: Order.Number })

      const g = Effect.fnUntraced(function*() {
        log("got", yield* Queue.get(q))
      })

      const t = yield* asyncio.createTask(g())
      yield* asyncio.sleep("1 second")
      yield* Queue.putNowait(q, 5)
      yield* Queue.putNowait(q, 1)
      yield* t
      log("left", yield* Queue.getNowait(q))
    }),

  /** Putters are served in the order they came. */
  queues_putters_fifo: (log) =>
    Effect.gen(function*() {
      const q = yield* Queue.make<number | string>({ maxsize: 1 })
      yield* Queue.put(q, "first")

      const p = Effect.fnUntraced(function*(n: number) {
        yield* Queue.put(q, n)
        log("put", n)
      })

      const ts = yield* Effect.forEach([0, 1, 2], (n) => asyncio.createTask(p(n)))
      yield* asyncio.sleep("1 second")
      for (let i = 0; i < 4; i++) {
        log("got", yield* Queue.get(q))
        yield* asyncio.sleep("1 second")
      }
      yield* asyncio.gather(ts)
    }),

  /** shutdown(): puts fail, gets drain the rest and then fail (since 3.13). */
  queues_shutdown: (log) =>
    Effect.gen(function*() {
      const q = yield* Queue.make<number>()
      yield* Queue.putNowait(q, 1)
      yield* Queue.putNowait(q, 2)
      yield* Queue.shutdown(q)
      yield* Queue.putNowait(q, 3).pipe(
        Effect.catchTag("QueueShutDown", () => Effect.sync(() => log("put_nowait: QueueShutDown")))
      )
      yield* Queue.put(q, 3).pipe(
        Effect.catchTag("QueueShutDown", () => Effect.sync(() => log("put: QueueShutDown")))
      )
      log(yield* Queue.get(q), yield* Queue.getNowait(q))
      yield* Queue.getNowait(q).pipe(
        Effect.catchTag("QueueShutDown", () => Effect.sync(() => log("get_nowait: QueueShutDown")))
      )
      yield* Queue.get(q).pipe(
        Effect.catchTag("QueueShutDown", () => Effect.sync(() => log("get: QueueShutDown")))
      )
      yield* Queue.taskDone(q)
      yield* Queue.taskDone(q)
      yield* Queue.join(q)
      log("joined")
    }),

  /** shutdown(immediate) drops the items and lets join() return. */
  queues_shutdown_immediate: (log) =>
    Effect.gen(function*() {
      const q = yield* Queue.make<number>()
      for (let i = 0; i < 3; i++) {
        yield* Queue.putNowait(q, i)
      }

      const joiner = Effect.fnUntraced(function*() {
        yield* Queue.join(q)
        log("joined")
      })

      const t = yield* asyncio.createTask(joiner())
      yield* asyncio.sleep("1 second")
      yield* Queue.shutdown(q, { immediate: true })
      log("size", Queue.size(q))
      yield* Queue.getNowait(q).pipe(
        Effect.catchTag("QueueShutDown", () => Effect.sync(() => log("QueueShutDown")))
      )
      yield* t
      yield* Queue.taskDone(q).pipe(
        catchIllegalArgument(() => Effect.sync(() => log("task_done: ValueError")))
      )
    }),

  /** shutdown() wakes blocked getters and putters with the error. */
  queues_shutdown_wakes_waiters: (log) =>
    Effect.gen(function*() {
      const e = yield* Queue.make<number>()
      const f = yield* Queue.make<number | string>({ maxsize: 1 })
      yield* Queue.putNowait(f, "x")

      const getter = Effect.fnUntraced(function*(n: number) {
        yield* Queue.get(e).pipe(
          Effect.catchTag("QueueShutDown", () => Effect.sync(() => log("getter", n, "QueueShutDown")))
        )
      })

      const putter = Effect.fnUntraced(function*(n: number) {
        yield* Queue.put(f, n).pipe(
          Effect.catchTag("QueueShutDown", () => Effect.sync(() => log("putter", n, "QueueShutDown")))
        )
      })

      const ts = yield* Effect.forEach([getter(1), getter(2), putter(1), putter(2)], (c) => asyncio.createTask(c))
      yield* asyncio.sleep("1 second")
      yield* Queue.shutdown(e)
      yield* Queue.shutdown(f)
      yield* asyncio.gather(ts)
      log("left in f", Queue.size(f), yield* Queue.get(f))
    }),

  /** task_done more often than put is a ValueError. */
  queues_task_done_too_often: (log) =>
    Effect.gen(function*() {
      const q = yield* Queue.make<number>()
      yield* Queue.putNowait(q, 1)
      yield* Queue.getNowait(q)
      yield* Queue.taskDone(q)
      yield* Queue.taskDone(q).pipe(
        catchIllegalArgument(() => Effect.sync(() => log("ValueError")))
      )
      yield* Queue.join(q)
      log("join of a finished queue returns at once")
    })
} satisfies Group
