/** How many rounds of the ready queue each operation costs: a ticker logs one line a round beside it. */
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import type { Group } from "../scenario.ts"

const { Event, EventLoop, Queue, Task } = asyncio

export default {
  /** Awaiting a coroutine directly costs no round. */
  ticks_await_coroutine: (log) =>
    Effect.gen(function*() {
      const ticker = Effect.fnUntraced(function*() {
        for (let i = 0; i < 3; i++) {
          log("tick", i)
          yield* asyncio.sleep(0)
        }
      })

      const direct = Effect.fnUntraced(function*(n: number) {
        log("direct", n)
        return n
      })

      const t = yield* asyncio.createTask(ticker())
      for (let i = 0; i < 3; i++) yield* direct(i)
      log("three awaits, no tick")
      yield* t
    }),

  /** From cancel() to the exception inside and to the awaiter. */
  ticks_cancel: (log) =>
    Effect.gen(function*() {
      const ticker = Effect.fnUntraced(function*() {
        for (let i = 0; i < 7; i++) {
          log("tick", i)
          yield* asyncio.sleep(0)
        }
      })

      const w = () =>
        asyncio.sleep("10 seconds").pipe(
          Effect.onInterrupt(() => Effect.sync(() => log("cancelled inside")))
        )

      const t = yield* asyncio.createTask(w())
      const tick = yield* asyncio.createTask(ticker())
      yield* asyncio.sleep(0)
      yield* Task.cancel(t)
      log("cancel called")
      yield* Task.join(t).pipe(
        Task.catchCancelled(() => Effect.sync(() => log("awaiter sees it")))
      )
      yield* tick
    }),

  /** From Event.set to the waiter. */
  ticks_event: (log) =>
    Effect.gen(function*() {
      const ev = yield* Event.make

      const ticker = Effect.fnUntraced(function*() {
        for (let i = 0; i < 5; i++) {
          log("tick", i)
          if (i === 1) {
            yield* Event.set(ev)
            log("set")
          }
          yield* asyncio.sleep(0)
        }
      })

      const t = yield* asyncio.createTask(ticker())
      yield* Event.wait(ev)
      log("waiter woke")
      yield* t
    }),

  /** A chain of tasks each awaiting the next: one round per link. */
  ticks_future_chain: (log) =>
    Effect.gen(function*() {
      const ticker = Effect.fnUntraced(function*() {
        for (let i = 0; i < 7; i++) {
          log("tick", i)
          yield* asyncio.sleep(0)
        }
      })

      const leaf = Effect.fnUntraced(function*() {
        yield* asyncio.sleep(0)
        log("leaf")
        return 0
      })

      const link = Effect.fnUntraced(function*(n: number, below: asyncio.Task.Task<number>) {
        const v = yield* below
        log("link", n)
        return v + 1
      })

      const tick = yield* asyncio.createTask(ticker())
      let t = yield* asyncio.createTask(leaf())
      for (let n = 0; n < 3; n++) t = yield* asyncio.createTask(link(n, t))
      log("value", yield* t)
      yield* tick
    }),

  /** How many rounds gather needs. */
  ticks_gather: (log) =>
    Effect.gen(function*() {
      const ticker = Effect.fnUntraced(function*() {
        for (let i = 0; i < 6; i++) {
          log("tick", i)
          yield* asyncio.sleep(0)
        }
      })

      const work = Effect.fnUntraced(function*(n: number) {
        log("work", n)
      })

      const tick = yield* asyncio.createTask(ticker())
      yield* asyncio.gather([work(1), work(2)])
      log("gather returned")
      yield* tick
    }),

  /** From put to the getter. */
  ticks_queue: (log) =>
    Effect.gen(function*() {
      const q = yield* Queue.make<string>()

      const ticker = Effect.fnUntraced(function*() {
        for (let i = 0; i < 5; i++) {
          log("tick", i)
          if (i === 1) {
            yield* Queue.put(q, "item")
            log("put")
          }
          yield* asyncio.sleep(0)
        }
      })

      const t = yield* asyncio.createTask(ticker())
      log("got", yield* Queue.get(q))
      yield* t
    }),

  /** Tasks that sleep(0) take turns. */
  ticks_sleep_zero: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*(name: string, n: number) {
        for (let i = 0; i < n; i++) {
          log(name, i)
          yield* asyncio.sleep(0)
        }
      })

      yield* asyncio.gather([w("a", 3), w("b", 2), w("c", 4)])
    }),

  /** How many rounds until an awaiter of a task wakes. */
  ticks_task_completion: (log) =>
    Effect.gen(function*() {
      const ticker = Effect.fnUntraced(function*() {
        for (let i = 0; i < 6; i++) {
          log("tick", i)
          yield* asyncio.sleep(0)
        }
      })

      const work = Effect.fnUntraced(function*() {
        log("work")
        return "v"
      })

      const tick = yield* asyncio.createTask(ticker())
      log(yield* yield* asyncio.createTask(work()))
      yield* tick
    }),

  /** A timer that is due runs after the callbacks that are already queued. */
  ticks_timer_vs_ready: (log, loop) =>
    Effect.gen(function*() {
      yield* EventLoop.callLater("1 second", () => log("timer"))
      loop.advance(2)
      yield* EventLoop.callSoon(() => log("soon"))
      yield* asyncio.sleep(0)
      log("main after one round")
      yield* asyncio.sleep(0)
      log("main after two rounds")
    }),

  /** How many rounds wait() needs. */
  ticks_wait: (log) =>
    Effect.gen(function*() {
      const ticker = Effect.fnUntraced(function*() {
        for (let i = 0; i < 6; i++) {
          log("tick", i)
          yield* asyncio.sleep(0)
        }
      })

      const work = Effect.fnUntraced(function*(n: number) {
        log("work", n)
      })

      const tick = yield* asyncio.createTask(ticker())
      yield* asyncio.wait([yield* asyncio.createTask(work(1)), yield* asyncio.createTask(work(2))])
      log("wait returned")
      yield* tick
    })
} satisfies Group
