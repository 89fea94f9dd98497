/** What asyncio is for, in eight programs: sequential and concurrent awaits, task states, `gather` and `wait`. */
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { ZeroDivisionError } from "../errors.ts"
import type { Group } from "../scenario.ts"

const { Task } = asyncio

export default {
  /** gather() runs both at once; results keep the order of the arguments. */
  seed_gather: (log) =>
    Effect.gen(function*() {
      const a = Effect.fnUntraced(function*() {
        log("in test a")
        yield* asyncio.sleep("3 seconds")
        log("Resuming a")
        return "A"
      })

      const b = Effect.fnUntraced(function*() {
        log("in test b")
        yield* asyncio.sleep("1 second")
        log("Resuming b")
        return "B"
      })

      log("results", yield* asyncio.gather([a(), b()]))
    }),

  /** gather() raises the first error at once; the other task keeps running. */
  seed_gather_crash: (log) =>
    Effect.gen(function*() {
      const a = Effect.fnUntraced(function*() {
        log("in test a")
        yield* asyncio.sleep("3 seconds")
        log("Resuming a")
        return "A"
      })

      const b = Effect.fnUntraced(function*() {
        log("in test b")
        yield* asyncio.sleep("1 second")
        log("b raises")
        return yield* new ZeroDivisionError("division by zero")
      })

      const ta = yield* asyncio.createTask(a())
      yield* asyncio.gather([ta, b()]).pipe(
        Effect.catchTag("ZeroDivisionError", (e) => Effect.sync(() => log("caught", e)))
      )
      log("a done", Task.done(ta))
      log("a later", yield* ta)
    }),

  /** Calling a coroutine function does not run its body. */
  seed_not_awaited: (log) =>
    Effect.gen(function*() {
      const a = Effect.fnUntraced(function*() {
        log("in test a")
        return 1
      })

      log("before")
      const c = a()
      log("created, not started")
      yield* asyncio.sleep("2 seconds")
      log("still not started")
      log("value", yield* c)
    }),

  /** Awaiting two coroutines one after the other takes the sum of their times. */
  seed_sequential: (log) =>
    Effect.gen(function*() {
      const a = Effect.fnUntraced(function*() {
        log("in test a")
        yield* asyncio.sleep("3 seconds")
        log("Resuming a")
        return "A"
      })

      const b = Effect.fnUntraced(function*() {
        log("in test b")
        yield* asyncio.sleep("1 second")
        log("Resuming b")
        return "B"
      })

      log("result", yield* a())
      log("result", yield* b())
      log("total done")
    }),

  /** ensureFuture starts the work; done goes false to true; result and exception early are an InvalidStateError. */
  seed_task_states: (log) =>
    Effect.gen(function*() {
      const a = Effect.fnUntraced(function*() {
        log("in test a")
        yield* asyncio.sleep("3 seconds")
        log("Resuming a")
        return "A"
      })

      const b = Effect.fnUntraced(function*() {
        log("in test b")
        yield* asyncio.sleep("1 second")
        log("Resuming b")
        return "B"
      })

      const ta = yield* asyncio.ensureFuture(a())
      const tb = yield* asyncio.createTask(b())
      log("done", Task.done(ta), Task.done(tb))
      yield* Task.result(ta).pipe(
        Effect.catchTag("InvalidStateError", () => Effect.sync(() => log("result too early: InvalidStateError")))
      )
      yield* Task.exception(tb).pipe(
        Effect.catchTag("InvalidStateError", () => Effect.sync(() => log("exception too early: InvalidStateError")))
      )
      yield* ta
      yield* tb
      log("done", Task.done(ta), Task.done(tb))
      const results = [yield* Task.result(ta), yield* Task.result(tb)]
      log("results", ...results, "exceptions", yield* Task.exception(ta), yield* Task.exception(tb))
    }),

  /** wait() of two tasks gives both as done and an empty pending set. */
  seed_wait_all: (log) =>
    Effect.gen(function*() {
      const a = Effect.fnUntraced(function*() {
        log("in test a")
        yield* asyncio.sleep("3 seconds")
        log("Resuming a")
        return "A"
      })

      const b = Effect.fnUntraced(function*() {
        log("in test b")
        yield* asyncio.sleep("1 second")
        log("Resuming b")
        return "B"
      })

      const ta = yield* asyncio.createTask(a())
      const tb = yield* asyncio.createTask(b())
      const { done, pending } = yield* asyncio.wait([ta, tb])
      log("done", done.size, "pending", pending.size)
      log("both done", done.has(ta), done.has(tb))
      log(yield* Task.result(ta), yield* Task.result(tb))
    }),

  /** FIRST_COMPLETED returns at the first finished task and cancels nothing. */
  seed_wait_first_completed: (log) =>
    Effect.gen(function*() {
      const a = Effect.fnUntraced(function*() {
        log("in test a")
        yield* asyncio.sleep("3 seconds")
        log("Resuming a")
        return "A"
      })

      const b = Effect.fnUntraced(function*() {
        log("in test b")
        yield* asyncio.sleep("1 second")
        log("Resuming b")
        return "B"
      })

      const ta = yield* asyncio.createTask(a())
      const tb = yield* asyncio.createTask(b())
      const first = yield* asyncio.wait(new Set([ta, tb]), { returnWhen: asyncio.FIRST_COMPLETED })
      log("done", first.done.size, "pending", first.pending.size)
      log("b in done", first.done.has(tb), "a in pending", first.pending.has(ta))
      const rest = yield* asyncio.wait(first.pending)
      log("done", rest.done.size, "pending", rest.pending.size, yield* Task.result(ta))
    }),

  /** FIRST_EXCEPTION returns when b raises; a stays pending and goes on. */
  seed_wait_first_exception: (log) =>
    Effect.gen(function*() {
      const a = Effect.fnUntraced(function*() {
        log("in test a")
        yield* asyncio.sleep("3 seconds")
        log("Resuming a")
        return "A"
      })

      const b = Effect.fnUntraced(function*() {
        log("in test b")
        yield* asyncio.sleep("1 second")
        log("b raises")
        return yield* new ZeroDivisionError("division by zero")
      })

      const ta = yield* asyncio.createTask(a())
      const tb = yield* asyncio.createTask(b())
      const { done, pending } = yield* asyncio.wait([ta, tb], { returnWhen: asyncio.FIRST_EXCEPTION })
      log("done is b", done.size === 1 && done.has(tb), "pending is a", pending.size === 1 && pending.has(ta))
      log("b exception", yield* Task.exception(tb))
      log("a done", Task.done(ta), "a cancelled", Task.cancelled(ta))
      log("a result", yield* ta)
    })
} satisfies Group
