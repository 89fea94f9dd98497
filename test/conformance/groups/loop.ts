/**
 * The loop itself: callbacks, timers, the exception handler, debug mode; and `run_until_complete`, which is a `Runner`'s
 * `run` here.
 */
import { Duration, Effect, Logger } from "effect"
import * as asyncio from "effect-asyncio"
import { ValueError } from "../errors.ts"
import type { Group } from "../scenario.ts"

const { EventLoop, Future, Task } = asyncio

export default {
  /** Timers fire by deadline; equal deadlines keep their order here. */
  loop_call_later_order: (log) =>
    Effect.gen(function*() {
      for (const delay of [3, 1, 2]) {
        yield* EventLoop.callLater(Duration.seconds(delay), () => log("timer", delay))
      }
      yield* EventLoop.callAt(2.5, () => log("timer at 2.5"))
      yield* asyncio.sleep("4 seconds")
      log("end", yield* EventLoop.time)
    }),

  /** callSoon is first in, first out; callbacks added by callbacks run in the next round. */
  loop_call_soon_order: (log) =>
    Effect.gen(function*() {
      const loop = yield* EventLoop.EventLoop

      const cb = (n: number) => {
        log("cb", n)
        if (n < 3) loop.callSoonUnsafe(() => cb(n + 10))
      }

      for (let n = 0; n < 4; n++) loop.callSoonUnsafe(() => cb(n))
      log("scheduled")
      yield* asyncio.sleep(0)
      log("round one over")
      yield* asyncio.sleep(0)
      log("round two over")
    }),

  /** A closed loop refuses everything; closing twice is fine. */
  loop_closed: {
    status: "difference",
    reason:
      "there is no run_forever; a loop that no layer made is made and closed by its Runner, whose run refuses instead",
    instead: {
      main: {
        sync: async (log, makeRunner) => {
          const runner = makeRunner()
          const loop = await runner.run(EventLoop.EventLoop)
          loop.callSoonUnsafe(() => log("never"))
          await runner.close()
          await runner.close()
          for (
            const [name, what] of [
              ["call_soon", async () => loop.callSoonUnsafe(() => log("x"))],
              ["call_later", async () => loop.callLaterUnsafe("1 second", () => log("x"))],
              ["run", () => runner.run(Effect.sync(() => log("x")))]
            ] as const
          ) {
            try {
              await what()
            } catch (e) {
              log(name, e)
            }
          }
        }
      },
      trace: [
        [0, "call_soon RuntimeError"],
        [0, "call_later RuntimeError"],
        [0, "run RuntimeError"]
      ]
    }
  },

  /** Errors in callbacks go to the exception handler and the loop goes on. */
  loop_exception_in_callback: {
    status: "difference",
    reason: "the handler can't be read back (no get_exception_handler): the code that set it still has it",
    instead: {
      main: (log) =>
        Effect.gen(function*() {
          const loop = yield* EventLoop.EventLoop

          const handler = Effect.fnUntraced(function*(context: asyncio.EventLoop.ExceptionContext) {
            log("handler", (yield* EventLoop.EventLoop) === loop, context.cause)
          })

          yield* EventLoop.setExceptionHandler(handler)

          const bad = () => {
            throw new ValueError("in callback")
          }

          yield* EventLoop.callSoon(bad)
          yield* EventLoop.callSoon(() => log("next callback"))
          yield* EventLoop.callLater("1 second", bad)
          yield* asyncio.sleep("2 seconds")
        }),
      trace: [
        [0, "handler true ValueError(in callback)"],
        [0, "next callback"],
        [1, "handler true ValueError(in callback)"]
      ]
    }
  },

  /** Cancelled handles do not run. */
  loop_handle_cancel: (log) =>
    Effect.gen(function*() {
      const h = yield* EventLoop.callSoon(() => log("never"))
      const t = yield* EventLoop.callLater("1 second", () => log("never"))
      yield* EventLoop.callLater("2 seconds", () => log("kept"))
      yield* h.cancel
      yield* t.cancel
      yield* t.cancel
      log(h.cancelled, t.cancelled, t.when)
      yield* asyncio.sleep("3 seconds")
    }),

  /** A running loop cannot be run again or closed. */
  loop_nested_run_refused: {
    status: "difference",
    reason: "run gives a promise instead of blocking the thread, so a run inside a run does no harm: both go on, on " +
      "one loop",
    instead: {
      main: {
        sync: async (log, makeRunner) => {
          const runner = makeRunner()

          const inner = Effect.fnUntraced(function*() {
            log("inner runs")
            yield* asyncio.sleep("1 second")
            return "value"
          })

          const w = Effect.fnUntraced(function*() {
            log("run in run:", yield* Effect.promise(() => runner.run(inner())))
          })

          await runner.run(w())
          await runner.close()
        }
      },
      trace: [
        [0, "inner runs"],
        [1, "run in run: value"]
      ]
    }
  },

  /** run_forever ends after the round in which stop() was called. */
  loop_run_forever_stop: {
    status: "difference",
    reason: "there is no run_forever and no stop: the host's own loop never blocks, so there is nothing to stop; a " +
      "run lasts as long as whatever it waits for, such as a Future",
    instead: {
      main: {
        sync: async (log, makeRunner) => {
          const runner = makeRunner()
          const first = await runner.run(Future.make<void>())
          const second = await runner.run(Future.make<void>())

          const one = () => {
            log("one")
            Future.succeedUnsafe(first, undefined)
          }

          const two = () => {
            log("two, same round")
          }

          const three = () => {
            log("three, next run")
            Future.succeedUnsafe(second, undefined)
          }

          const loop = await runner.run(EventLoop.EventLoop)
          loop.callSoonUnsafe(one)
          loop.callSoonUnsafe(two)
          await runner.run(first)
          log("first run over")
          loop.callSoonUnsafe(three)
          await runner.run(second)
          log("second run over")
          await runner.close()
        }
      },
      trace: [
        [0, "one"],
        [0, "two, same round"],
        [0, "first run over"],
        [0, "three, next run"],
        [0, "second run over"]
      ]
    }
  },

  /** run gives the value or rejects; a finished future is fine. */
  loop_run_until_complete: {
    status: "difference",
    reason: "there is no is_running: code on a loop knows that it runs, and nothing outside blocks it",
    instead: {
      main: {
        sync: async (log, makeRunner) => {
          const runner = makeRunner()

          const ok = Effect.fnUntraced(function*() {
            yield* asyncio.sleep("2 seconds")
            return "value"
          })

          const bad = Effect.fnUntraced(function*() {
            return yield* new ValueError("bad")
          })

          log(await runner.run(ok()))
          try {
            await runner.run(bad())
          } catch (e) {
            log(e)
          }
          const f = await runner.run(Future.make<string>())
          await runner.run(Future.succeed(f, "ready"))
          const loop = await runner.run(EventLoop.EventLoop)
          log(await runner.run(f), loop.isClosed())
          await runner.close()
          log(loop.isClosed())
        }
      },
      trace: [
        [2, "value"],
        [2, "ValueError(bad)"],
        [2, "ready false"],
        [2, "true"]
      ]
    }
  },

  /** Other tasks freeze when a run ends and go on at the next one. */
  loop_run_until_complete_stops_midway: {
    sync: async (log, makeRunner) => {
      const runner = makeRunner()

      const background = Effect.fnUntraced(function*() {
        for (let i = 0; i < 3; i++) {
          log("background", i)
          yield* asyncio.sleep("2 seconds")
        }
      })

      const short = Effect.fnUntraced(function*() {
        yield* asyncio.sleep("1 second")
      })

      const t = await runner.run(asyncio.createTask(background()))
      await runner.run(short())
      log("between", await runner.run(EventLoop.time), Task.done(t))
      await runner.run(t)
      log("end", await runner.run(EventLoop.time))
    }
  },

  /** Debug mode warns about a callback that takes too long. */
  loop_slow_callback: (log, loop) =>
    Effect.gen(function*() {
      const logger = Logger.make(({ message }) => {
        const took = /took ([\d.]+) seconds/.exec(String(message))
        log("warning seen", Number(took?.[1]))
      })

      // Debug is an option of a loop: the part of the program that is to be watched gets a loop of its own.
      yield* Effect.gen(function*() {
        yield* EventLoop.callSoon(() => loop.advance(0.2))
        yield* EventLoop.callSoon(() => loop.advance(0.7))
        yield* asyncio.sleep("1 second")
      }).pipe(
        (part) => EventLoop.provide(part, { debug: true, slowCallbackDuration: "500 millis" }),
        Effect.provide(Logger.layer([logger]))
      )
      yield* asyncio.sleep("1 second")
      log("end")
    }),

  /** stop() before run_forever: one round is run. */
  loop_stop_before_run: {
    status: "difference",
    reason: "there is no run_forever and no stop; a run of nothing but sleep(0) is one round",
    instead: {
      main: {
        sync: async (log, makeRunner) => {
          const runner = makeRunner()
          const loop = await runner.run(EventLoop.EventLoop)
          loop.callSoonUnsafe(() => log("ready callback"))
          loop.callLaterUnsafe("1 second", () => log("timer"))
          await runner.run(asyncio.sleep(0))
          log("one round over at", await runner.run(EventLoop.time))
          await runner.close()
        }
      },
      trace: [
        [0, "ready callback"],
        [0, "one round over at 0"]
      ]
    }
  },

  /** A task factory sees every coroutine that becomes a task. */
  loop_task_factory: {
    status: "difference",
    reason: "there are no task factories: an option of createTask (eager), a reference in the context that tasks " +
      "inherit, or a function that makes the tasks does the same",
    instead: {
      main: (log) =>
        Effect.gen(function*() {
          let count = 0

          const createTask = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
            Effect.suspend(() => {
              count++
              return asyncio.createTask(effect)
            })

          const w = Effect.fnUntraced(function*(n: number) {
            return n
          })

          log(yield* asyncio.gather([yield* createTask(w(1)), yield* createTask(w(2)), yield* createTask(w(3))]))
          log("tasks made", count)
        }),
      trace: [
        [0, "[1, 2, 3]"],
        [0, "tasks made 3"]
      ]
    }
  }
} satisfies Group
