/**
 * `Event`. Python's `wait()` returns True, ours nothing: where a program prints it, `Effect.as(true)` stands for that.
 */
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import type { Group } from "../scenario.ts"

const { Event, EventLoop, Task } = asyncio

export default {
  /** set() wakes everyone in order; wait() on a set event does not wait. */
  events_basic: (log) =>
    Effect.gen(function*() {
      const ev = yield* Event.make

      const w = Effect.fnUntraced(function*(n: number) {
        log("waiting", n)
        log("woke", n, yield* Effect.as(Event.wait(ev), true))
      })

      const ts = yield* Effect.forEach([0, 1, 2], (n) => asyncio.createTask(w(n)))
      yield* asyncio.sleep("1 second")
      yield* Event.set(ev)
      log("set", Event.isSet(ev))
      yield* asyncio.gather(ts)
      log(yield* Effect.as(Event.wait(ev), true))
    }),

  /** Two tasks hand the turn to each other. */
  events_ping_pong: (log) =>
    Effect.gen(function*() {
      const ping = yield* Event.make
      const pong = yield* Event.make

      const a = Effect.fnUntraced(function*() {
        for (let i = 0; i < 3; i++) {
          yield* Event.wait(ping)
          yield* Event.clear(ping)
          log("ping", i)
          yield* Event.set(pong)
        }
      })

      const b = Effect.fnUntraced(function*() {
        for (let i = 0; i < 3; i++) {
          yield* Event.wait(pong)
          yield* Event.clear(pong)
          log("pong", i)
          yield* Event.set(ping)
        }
      })

      yield* Event.set(ping)
      yield* asyncio.gather([a(), b()])
    }),

  /** set() followed by clear() still wakes those who were waiting. */
  events_set_then_clear: (log) =>
    Effect.gen(function*() {
      const ev = yield* Event.make

      const w = Effect.fnUntraced(function*(n: string) {
        log("woke", n, yield* Effect.as(Event.wait(ev), true), "is set", Event.isSet(ev))
      })

      const a = yield* asyncio.createTask(w("a"))
      yield* asyncio.sleep(0)
      yield* Event.set(ev)
      yield* Event.clear(ev)
      const b = yield* asyncio.createTask(w("b"))
      yield* asyncio.sleep("1 second")
      log("a", Task.done(a), "b", Task.done(b))
      yield* Event.set(ev)
      yield* b
    }),

  /** A second set() does nothing; waiters wake once. */
  events_set_twice: (log) =>
    Effect.gen(function*() {
      const ev = yield* Event.make
      const wakes: Array<number> = []

      const w = Effect.fnUntraced(function*() {
        yield* Event.wait(ev)
        wakes.push(1)
      })

      const t = yield* asyncio.createTask(w())
      yield* asyncio.sleep(0)
      yield* Event.set(ev)
      yield* Event.set(ev)
      yield* t
      log("wakes", wakes.length)
      yield* Event.clear(ev)
      yield* Event.clear(ev)
      log(Event.isSet(ev))
    }),

  /** Waiting for an event with a limit. */
  events_wait_with_timeout: (log) =>
    Effect.gen(function*() {
      const ev = yield* Event.make
      yield* asyncio.waitFor(Event.wait(ev), "1 second").pipe(
        Effect.catchTag("TimeoutError", () => Effect.sync(() => log("TimeoutError", Event.isSet(ev))))
      )
      yield* EventLoop.callLater("1 second", () => Event.setUnsafe(ev))
      log(yield* asyncio.waitFor(Effect.as(Event.wait(ev), true), "5 seconds"))
    })
} satisfies Group
