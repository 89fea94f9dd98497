/** `timeout`, `timeout_at`, `wait_for`, and what `sleep` takes and gives. */
import { Duration, Effect, Option } from "effect"
import * as asyncio from "effect-asyncio"
import { catchIllegalArgument, catchRuntimeError } from "../defects.ts"
import { ValueError } from "../errors.ts"
import { requests } from "../group.ts"
import type { Group } from "../scenario.ts"

const { EventLoop, Future, Task, Timeout } = asyncio

export default {
  /** timeout() cancels the block and turns it into TimeoutError. */
  timeouts_basic: (log) =>
    Effect.gen(function*() {
      let tm!: asyncio.Timeout.Timeout
      yield* asyncio.timeout("2 seconds", (self) =>
        Effect.gen(function*() {
          tm = self
          log("inside")
          yield* asyncio.sleep("10 seconds")
          log("never")
        })).pipe(
          Effect.catchTag("TimeoutError", () => Effect.sync(() => log("TimeoutError, expired", Timeout.expired(tm))))
        )
      log("requests", yield* requests)
    }),

  /** Timeout and an outside cancel in one tick: the outside cancel wins. */
  timeouts_cancel_and_timeout_together: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*() {
        let tm!: asyncio.Timeout.Timeout
        yield* asyncio.timeout("1 second", (self) =>
          Effect.gen(function*() {
            tm = self
            yield* asyncio.sleep("100 seconds")
          })).pipe(
            Effect.onInterrupt(() =>
              Effect.gen(function*() {
                log("CancelledError, expired", Timeout.expired(tm), "requests", yield* requests)
              })
            ),
            Effect.catchTag("TimeoutError", () => Effect.sync(() => log("TimeoutError")))
          )
      })

      const t = yield* asyncio.createTask(w())
      yield* asyncio.sleep(0)
      yield* EventLoop.callAt(1, () => Task.cancelUnsafe(t))
      yield* Task.join(t).pipe(
        Task.catchCancelled(() => Effect.sync(() => log("cancelled")))
      )
    }),

  /** Cleanup inside the block runs to its end before TimeoutError comes out. */
  timeouts_cleanup_runs_long: (log) =>
    Effect.gen(function*() {
      yield* asyncio.timeout("1 second", () =>
        asyncio.sleep("10 seconds").pipe(
          Effect.ensuring(Effect.gen(function*() {
            yield* asyncio.sleep("5 seconds")
            log("cleanup done")
          }))
        )).pipe(
          Effect.catchTag("TimeoutError", () => Effect.sync(() => log("TimeoutError")))
        )
    }),

  /** One deadline shared by several steps. */
  timeouts_deadline_shared: (log) =>
    Effect.gen(function*() {
      const deadline = (yield* EventLoop.time) + 5
      const done: Array<number> = []
      yield* Effect.gen(function*() {
        for (let n = 1; n < 6; n++) {
          yield* asyncio.timeoutAt(deadline, () => asyncio.sleep(`${n} seconds`))
          done.push(n)
          log("step", n)
        }
      }).pipe(
        Effect.catchTag("TimeoutError", () => Effect.sync(() => log("deadline passed after", done)))
      )
    }),

  /** When the awaited future is cancelled by someone else wait_for raises CancelledError, not TimeoutError. */
  timeouts_inner_cancelled_not_timeout: (log) =>
    Effect.gen(function*() {
      const f = yield* Future.make<void>()
      yield* EventLoop.callLater("1 second", () => Future.cancelUnsafe(f))
      yield* asyncio.waitFor(f, "5 seconds").pipe(
        Effect.catchTag("TimeoutError", () => Effect.sync(() => log("TimeoutError"))),
        Task.catchCancelled(() =>
          Effect.gen(function*() {
            log("CancelledError, requests", yield* requests)
          })
        )
      )
    }),

  /** The program is busy past two nested deadlines: both fire in one round, the outer block gives the error. */
  timeouts_loop_busy: (log, loop) =>
    Effect.gen(function*() {
      let outer!: asyncio.Timeout.Timeout
      let inner!: asyncio.Timeout.Timeout
      yield* asyncio.timeout("2 seconds", (self) =>
        Effect.gen(function*() {
          outer = self
          yield* asyncio.timeout("1 second", (self) =>
            Effect.gen(function*() {
              inner = self
              loop.advance(5)
              yield* asyncio.sleep("1 second")
            })).pipe(
              Effect.catchTag("TimeoutError", () => Effect.sync(() => log("inner TimeoutError"))),
              Effect.onInterrupt(() => Effect.sync(() => log("inner CancelledError")))
            )
        })).pipe(
          Effect.catchTag("TimeoutError", () => Effect.sync(() => log("outer TimeoutError")))
        )
      log(Timeout.expired(inner), Timeout.expired(outer))
    }),

  /** Inner timeout fires first: only the inner block is hit. */
  timeouts_nested_inner_first: (log) =>
    Effect.gen(function*() {
      let outer!: asyncio.Timeout.Timeout
      let inner!: asyncio.Timeout.Timeout
      yield* asyncio.timeout("5 seconds", (self) =>
        Effect.gen(function*() {
          outer = self
          yield* asyncio.timeout("1 second", (self) =>
            Effect.gen(function*() {
              inner = self
              yield* asyncio.sleep("10 seconds")
            })).pipe(
              Effect.catchTag("TimeoutError", () => Effect.sync(() => log("inner TimeoutError")))
            )
          yield* asyncio.sleep("1 second")
          log("outer goes on")
        }))
      log("inner", Timeout.expired(inner), "outer", Timeout.expired(outer))
    }),

  /** Outer timeout fires first: the inner block sees CancelledError, not TimeoutError. */
  timeouts_nested_outer_first: (log) =>
    Effect.gen(function*() {
      let outer!: asyncio.Timeout.Timeout
      let inner!: asyncio.Timeout.Timeout
      yield* asyncio.timeout("1 second", (self) =>
        Effect.gen(function*() {
          outer = self
          yield* asyncio.timeout("5 seconds", (self) =>
            Effect.gen(function*() {
              inner = self
              yield* asyncio.sleep("10 seconds")
            })).pipe(
              Effect.catchTag("TimeoutError", () => Effect.sync(() => log("never"))),
              Effect.onInterrupt(() => Effect.sync(() => log("inner sees CancelledError")))
            )
        })).pipe(
          Effect.catchTag("TimeoutError", () => Effect.sync(() => log("outer TimeoutError")))
        )
      log("inner", Timeout.expired(inner), "outer", Timeout.expired(outer))
    }),

  /** timeout(None) never fires until rescheduled. */
  timeouts_none: (log) =>
    Effect.gen(function*() {
      yield* asyncio.timeout(Duration.infinity, (tm) =>
        Effect.gen(function*() {
          log("deadline", Option.getOrNull(Timeout.when(tm)))
          yield* asyncio.sleep("100 seconds")
          yield* Timeout.reschedule(tm, (yield* EventLoop.time) + 2)
          log("deadline", Option.getOrNull(Timeout.when(tm)))
          yield* asyncio.sleep("100 seconds")
        })).pipe(
          Effect.catchTag("TimeoutError", () => Effect.sync(() => log("TimeoutError")))
        )
    }),

  /** A block that ends in time is not disturbed later. */
  timeouts_not_reached: (log) =>
    Effect.gen(function*() {
      let tm!: asyncio.Timeout.Timeout
      yield* asyncio.timeout("5 seconds", (self) =>
        Effect.gen(function*() {
          tm = self
          yield* asyncio.sleep("1 second")
        }))
      log("expired", Timeout.expired(tm), "deadline", Option.getOrNull(Timeout.when(tm)))
      yield* asyncio.sleep("10 seconds")
      log("end")
    }),

  /** A cancel from outside passes through a timeout block unchanged. */
  timeouts_outside_cancel: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*() {
        let tm!: asyncio.Timeout.Timeout
        yield* asyncio.timeout("10 seconds", (self) =>
          Effect.gen(function*() {
            tm = self
            yield* asyncio.sleep("100 seconds")
          })).pipe(
            Effect.onInterrupt(() => Effect.sync(() => log("CancelledError, expired", Timeout.expired(tm))))
          )
      })

      const t = yield* asyncio.createTask(w())
      yield* asyncio.sleep("1 second")
      yield* Task.cancel(t)
      yield* Task.join(t).pipe(
        Task.catchCancelled(() => Effect.sync(() => log("task cancelled", Task.cancelled(t), Task.cancelling(t))))
      )
    }),

  /** reschedule moves the deadline both ways. */
  timeouts_reschedule: (log) =>
    Effect.gen(function*() {
      let tm!: asyncio.Timeout.Timeout
      yield* asyncio.timeout("2 seconds", (self) =>
        Effect.gen(function*() {
          tm = self
          yield* asyncio.sleep("1 second")
          yield* Timeout.reschedule(tm, (yield* EventLoop.time) + 10)
          yield* asyncio.sleep("5 seconds")
          log("still here")
          yield* Timeout.reschedule(tm, (yield* EventLoop.time) + 1)
          yield* asyncio.sleep("5 seconds")
        })).pipe(
          Effect.catchTag("TimeoutError", () => Effect.sync(() => log("TimeoutError", Timeout.expired(tm))))
        )
      yield* Timeout.reschedule(tm, 50).pipe(
        catchRuntimeError(() => Effect.sync(() => log("RuntimeError after the block")))
      )
    }),

  /** A retry loop with a timeout per attempt. */
  timeouts_retry_loop: (log) =>
    Effect.gen(function*() {
      const attempt = Effect.fnUntraced(function*(n: number) {
        log("attempt", n)
        yield* asyncio.sleep(`${4 - n} seconds`)
        return "answer"
      })

      for (let n = 1; n < 5; n++) {
        const answered = yield* asyncio.timeout("1.5 seconds", () =>
          Effect.gen(function*() {
            log(yield* attempt(n))
            return true
          })).pipe(
            Effect.catchTag("TimeoutError", () =>
              Effect.gen(function*() {
                log("timed out", n)
                yield* asyncio.sleep("0.5 seconds")
                return false
              }))
          )
        if (answered) break
      }
    }),

  /** What sleep() returns and accepts. */
  timeouts_sleep_values: (log) =>
    Effect.gen(function*() {
      log(
        yield* asyncio.sleep("1 second", "result"),
        yield* asyncio.sleep(0, "zero"),
        yield* asyncio.sleep("-3 seconds", "negative")
      )
      yield* asyncio.sleep(Number.NaN).pipe(
        catchIllegalArgument(() => Effect.sync(() => log("ValueError for nan")))
      )
    }),

  /** If the block swallows the CancelledError no TimeoutError is raised, but expired() is true. */
  timeouts_swallowed_cancel: (log) =>
    Effect.gen(function*() {
      let tm!: asyncio.Timeout.Timeout
      yield* asyncio.timeout("1 second", (self) =>
        Effect.gen(function*() {
          tm = self
          yield* asyncio.sleep("10 seconds").pipe(
            Task.catchCancelled(() => Effect.sync(() => log("swallowed")))
          )
        }))
      log("expired", Timeout.expired(tm), "requests", yield* requests)
      yield* asyncio.sleep("1 second")
      log("end")
    }),

  /** wait_for cancels the task and raises TimeoutError. */
  timeouts_wait_for_basic: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*() {
        yield* asyncio.sleep("10 seconds").pipe(
          Effect.onInterrupt(() => Effect.sync(() => log("w cancelled")))
        )
      })

      const t = yield* asyncio.createTask(w())
      yield* asyncio.waitFor(t, "1 second").pipe(
        Effect.catchTag("TimeoutError", () => Effect.sync(() => log("TimeoutError", Task.cancelled(t))))
      )
    }),

  /** An error raised while the timed-out task is cancelled is what comes out. */
  timeouts_wait_for_error_in_cleanup: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*() {
        yield* asyncio.sleep("10 seconds").pipe(
          Task.catchCancelled(() => Effect.fail(new ValueError("cleanup broke")))
        )
      })

      yield* asyncio.waitFor(w(), "1 second").pipe(
        Effect.catchTag("ValueError", (e) => Effect.sync(() => log("caught", e)))
      )
    }),

  /** wait_for returns the value in time, or passes the error. */
  timeouts_wait_for_in_time: (log) =>
    Effect.gen(function*() {
      const ok = Effect.fnUntraced(function*() {
        yield* asyncio.sleep("1 second")
        return "v"
      })

      const bad = Effect.fnUntraced(function*() {
        yield* asyncio.sleep("1 second")
        return yield* new ValueError("x")
      })

      log(yield* asyncio.waitFor(ok(), "5 seconds"))
      yield* asyncio.waitFor(bad(), "5 seconds").pipe(
        Effect.catchTag("ValueError", (e) => Effect.sync(() => log(e)))
      )
      log(yield* asyncio.waitFor(ok(), Duration.infinity))
    }),

  /** Cancelling a wait_for cancels the task inside. */
  timeouts_wait_for_outer_cancel: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*() {
        yield* asyncio.sleep("10 seconds").pipe(
          Effect.onInterrupt(() => Effect.sync(() => log("w cancelled")))
        )
      })

      const outer = Effect.fnUntraced(function*() {
        yield* asyncio.waitFor(w(), "5 seconds")
      })

      const o = yield* asyncio.createTask(outer())
      yield* asyncio.sleep("1 second")
      yield* Task.cancel(o)
      yield* Task.join(o).pipe(
        Task.catchCancelled(() => Effect.sync(() => log("outer cancelled")))
      )
    }),

  /** wait_for waits for the cancelled task to finish its cleanup. */
  timeouts_wait_for_slow_cleanup: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*() {
        yield* asyncio.sleep("10 seconds").pipe(
          Effect.ensuring(Effect.gen(function*() {
            yield* asyncio.sleep("5 seconds")
            log("cleanup done")
          }))
        )
      })

      yield* asyncio.waitFor(w(), "1 second").pipe(
        Effect.catchTag("TimeoutError", () => Effect.sync(() => log("TimeoutError")))
      )
    }),

  /** wait_for with 0 or less never starts a coroutine; a finished future still gives its value. */
  timeouts_wait_for_zero: (log) =>
    Effect.gen(function*() {
      const w = () =>
        Effect.sync(() => {
          log("started")
          return 1
        })

      for (const limit of [0, -1]) {
        yield* asyncio.waitFor(w(), `${limit} seconds`).pipe(
          Effect.catchTag("TimeoutError", () => Effect.sync(() => log("TimeoutError")))
        )
      }
      const f = yield* Future.make<string>()
      yield* Future.succeed(f, "ready")
      log(yield* asyncio.waitFor(f, 0))
    }),

  /** timeout(0) lets synchronous code run and interrupts at the first await that waits. */
  timeouts_zero: (log) =>
    Effect.gen(function*() {
      yield* asyncio.timeout(0, () =>
        Effect.gen(function*() {
          log("inside")
          yield* asyncio.sleep("10 seconds")
          log("never")
        })).pipe(
          Effect.catchTag("TimeoutError", () => Effect.sync(() => log("TimeoutError")))
        )
    }),

  /** timeout(0) also interrupts sleep(0); a block without await passes. */
  timeouts_zero_sleep_zero: (log) =>
    Effect.gen(function*() {
      let tm!: asyncio.Timeout.Timeout
      yield* asyncio.timeout(0, (self) =>
        Effect.gen(function*() {
          tm = self
          yield* asyncio.sleep(0)
          log("not reached")
        })).pipe(
          Effect.catchTag("TimeoutError", () => Effect.sync(() => log("TimeoutError", Timeout.expired(tm))))
        )
      yield* asyncio.timeout(0, (self) =>
        Effect.sync(() => {
          tm = self
          log("no await")
        }))
      log("expired", Timeout.expired(tm))
    })
} satisfies Group
