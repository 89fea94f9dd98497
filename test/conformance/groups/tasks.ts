/** Tasks: start, names, callbacks, awaiting, and cancellation in its many ways. */
import { Effect, Option } from "effect"
import * as asyncio from "effect-asyncio"
import { catchRuntimeError } from "../defects.ts"
import { ValueError } from "../errors.ts"
import { formatCancelled } from "../format.ts"
import type { Group } from "../scenario.ts"

const { EventLoop, Future, Task } = asyncio

/** `asyncio.eager_task_factory`, where tasks are made. */
const createEagerTask = <A, E, R>(effect: Effect.Effect<A, E, R>) => asyncio.createTask(effect, { eager: true })

export default {
  /** A task that awaits itself gets an error. */
  tasks_await_self: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*() {
        const me = Option.getOrThrow(yield* asyncio.currentTask)
        yield* Task.join(me).pipe(
          catchRuntimeError(() => Effect.sync(() => log("RuntimeError: cannot await itself")))
        )
        return "done"
      })

      log(yield* yield* asyncio.createTask(w()))
    }),

  /** Cancelling a task that awaits another task cancels that one first. */
  tasks_cancel_awaited_child: (log) =>
    Effect.gen(function*() {
      const child = () =>
        asyncio.sleep("100 seconds").pipe(
          Effect.onInterrupt(() => Effect.sync(() => log("child cancelled")))
        )

      const parent = (c: asyncio.Task.Task<void>) =>
        Task.join(c).pipe(
          Effect.onInterrupt(() => Effect.sync(() => log("parent cancelled, child cancelled:", Task.cancelled(c))))
        )

      const c = yield* asyncio.createTask(child())
      const p = yield* asyncio.createTask(parent(c))
      yield* asyncio.sleep("1 second")
      yield* Task.cancel(p)
      log("waiting")
      yield* asyncio.wait([c, p])
      log(Task.cancelled(c), Task.cancelled(p))
    }),

  /** A task cancelled before its first step never runs its body. */
  tasks_cancel_before_start: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*() {
        log("body ran")
      })

      const t = yield* asyncio.createTask(w())
      log("cancel", yield* Task.cancel(t))
      log("cancelled right away", Task.cancelled(t), Task.done(t))
      yield* Task.join(t).pipe(
        Task.catchCancelled(() => Effect.sync(() => log("CancelledError")))
      )
      log("cancelled", Task.cancelled(t), Task.done(t), "cancel again", yield* Task.cancel(t))
    }),

  /** cancel() on a finished task returns false and changes nothing. */
  tasks_cancel_done: (log) =>
    Effect.gen(function*() {
      const ok = Effect.fnUntraced(function*() {
        return 1
      })

      const bad = Effect.fnUntraced(function*() {
        return yield* new ValueError("x")
      })

      const a = yield* asyncio.createTask(ok())
      const b = yield* asyncio.createTask(bad())
      yield* asyncio.sleep(0)
      const cancelled = [yield* Task.cancel(a), yield* Task.cancel(b), Task.cancelled(a), Task.cancelled(b)]
      log(...cancelled, Task.cancelling(a), Task.cancelling(b))
      log(yield* Task.result(a), yield* Task.exception(b))
    }),

  /** The message given to cancel() arrives in the task and in its awaiter. */
  tasks_cancel_message: (log) =>
    Effect.gen(function*() {
      const w = () =>
        asyncio.sleep("100 seconds").pipe(
          Effect.onError((cause) => Effect.sync(() => log("inside", cause)))
        )

      const t = yield* asyncio.createTask(w())
      yield* asyncio.sleep(0)
      yield* Task.cancel(t, { message: "please stop" })
      yield* Task.join(t).pipe(
        Task.catchCancelled((message) => Effect.sync(() => log("outside", formatCancelled(message))))
      )
    }),

  /** An error raised while handling the cancel replaces it. */
  tasks_cancel_replaced_error: (log) =>
    Effect.gen(function*() {
      const w = () =>
        asyncio.sleep("100 seconds").pipe(
          Task.catchCancelled(() => Effect.fail(new ValueError("cleanup failed")))
        )

      const t = yield* asyncio.createTask(w())
      yield* asyncio.sleep(0)
      yield* Task.cancel(t)
      yield* Task.join(t).pipe(
        Effect.catchTag("ValueError", (e) => Effect.sync(() => log("caught", e)))
      )
      log("cancelled", Task.cancelled(t), "exception", yield* Task.exception(t))
    }),

  /** A task that cancels itself is interrupted at its next await, not before. */
  tasks_cancel_self: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*() {
        yield* Task.cancel(Option.getOrThrow(yield* asyncio.currentTask))
        log("still running")
        yield* asyncio.sleep(0)
        log("never")
      })

      const t = yield* asyncio.createTask(w())
      yield* Task.join(t).pipe(
        Task.catchCancelled(() => Effect.sync(() => log("cancelled", Task.cancelled(t))))
      )
    }),

  /** Cancelling a sleeping task raises CancelledError inside it at once. */
  tasks_cancel_sleeping: (log) =>
    Effect.gen(function*() {
      const w = () =>
        Effect.gen(function*() {
          log("sleep")
          yield* asyncio.sleep("100 seconds")
        }).pipe(
          Effect.onInterrupt(() => Effect.sync(() => log("cleaning up"))),
          Effect.ensuring(Effect.sync(() => log("finally")))
        )

      const t = yield* asyncio.createTask(w())
      yield* asyncio.sleep("2 seconds")
      yield* Task.cancel(t)
      log("cancel requested", Task.cancelled(t))
      yield* Task.join(t).pipe(
        Task.catchCancelled(() => Effect.sync(() => log("caught by awaiter", Task.cancelled(t))))
      )
    }),

  /** The awaiter of a cancelled task waits for its cleanup. */
  tasks_cancel_slow_cleanup: (log) =>
    Effect.gen(function*() {
      const w = () =>
        asyncio.sleep("100 seconds").pipe(
          Effect.ensuring(Effect.gen(function*() {
            log("cleanup starts")
            yield* asyncio.sleep("3 seconds")
            log("cleanup ends")
          }))
        )

      const t = yield* asyncio.createTask(w())
      yield* asyncio.sleep("1 second")
      yield* Task.cancel(t)
      yield* Task.join(t).pipe(
        Task.catchCancelled(() => Effect.sync(() => log("awaiter sees cancel")))
      )
    }),

  /** A task may catch its cancellation and return a value; it is then not cancelled. */
  tasks_cancel_swallowed: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*() {
        yield* asyncio.sleep("100 seconds").pipe(
          Task.catchCancelled(() => Effect.sync(() => log("swallowed")))
        )
        yield* asyncio.sleep("1 second")
        return 42
      })

      const t = yield* asyncio.createTask(w())
      yield* asyncio.sleep("1 second")
      log("cancel", yield* Task.cancel(t))
      log("value", yield* t)
      log("cancelled", Task.cancelled(t), "cancelling", Task.cancelling(t))
    }),

  /** A second cancel interrupts the cleanup of the first. */
  tasks_cancel_twice: (log) =>
    Effect.gen(function*() {
      const w = () =>
        asyncio.sleep("100 seconds").pipe(
          Task.catchCancelled(() => {
            log("first cancel")
            return asyncio.sleep("100 seconds").pipe(
              Effect.onInterrupt(() => Effect.sync(() => log("second cancel")))
            )
          })
        )

      const t = yield* asyncio.createTask(w())
      yield* asyncio.sleep("1 second")
      yield* Task.cancel(t)
      yield* asyncio.sleep("1 second")
      log("done", Task.done(t), "requests", Task.cancelling(t))
      yield* Task.cancel(t)
      yield* asyncio.sleep(0)
      log("done", Task.done(t), "requests", Task.cancelling(t))
    }),

  /** Two cancels in one tick are delivered as one, but counted as two requests. */
  tasks_cancel_twice_same_tick: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*() {
        yield* asyncio.sleep("100 seconds").pipe(
          Task.catchCancelled((message) => Effect.sync(() => log("got", formatCancelled(message))))
        )
        log("sleeping again")
        yield* asyncio.sleep("1 second")
        log("slept")
        return "ok"
      })

      const t = yield* asyncio.createTask(w())
      yield* asyncio.sleep(0)
      log(yield* Task.cancel(t, { message: "one" }), yield* Task.cancel(t, { message: "two" }))
      log("requests", Task.cancelling(t))
      log(yield* t)
    }),

  /** When a child is cancelled by someone else its awaiter sees the cancellation and may go on. */
  tasks_child_cancelled_alone: (log) =>
    Effect.gen(function*() {
      const child = () => asyncio.sleep("100 seconds")

      const parent = Effect.fnUntraced(function*(c: asyncio.Task.Task<void>) {
        const me = Option.getOrThrow(yield* asyncio.currentTask)
        yield* Task.join(c).pipe(
          Task.catchCancelled(() => Effect.sync(() => log("child was cancelled, my requests", Task.cancelling(me))))
        )
        yield* asyncio.sleep("1 second")
        return "went on"
      })

      const c = yield* asyncio.createTask(child())
      const p = yield* asyncio.createTask(parent(c))
      yield* asyncio.sleep("1 second")
      yield* Task.cancel(c)
      log(yield* p)
    }),

  /** currentTask and allTasks. */
  tasks_current_and_all: (log) =>
    Effect.gen(function*() {
      const w = () => asyncio.sleep("1 second")

      const names = Effect.map(asyncio.allTasks, (tasks) => Array.from(tasks, (t) => t.name).sort())

      const me = Option.getOrThrow(yield* asyncio.currentTask)
      yield* Task.setName(me, "main")
      const ts: Array<asyncio.Task.Task<void>> = []
      for (let i = 0; i < 3; i++) ts.push(yield* asyncio.createTask(w(), { name: `w${i}` }))
      log(yield* names)
      yield* Task.cancel(ts[1])
      yield* asyncio.sleep(0)
      log(yield* names)
      yield* asyncio.sleep("2 seconds")
      log(yield* names, Option.getOrThrow(yield* asyncio.currentTask) === me)
    }),

  /** Done callbacks run on the next tick, in order of registration, before a later awaiter. */
  tasks_done_callback_order: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*() {
        log("body")
        return "v"
      })

      const t = yield* asyncio.createTask(w())
      yield* Task.addDoneCallback(t, (f) => log("callback one", Effect.runSync(Task.result(f))))
      yield* Task.addDoneCallback(t, (f) => log("callback two", Effect.runSync(Task.result(f))))
      log("await")
      yield* t
      log("awaiter woke")
      yield* Task.addDoneCallback(t, () => log("late callback"))
      log("late callback not called yet")
      yield* asyncio.sleep(0)
      log("end")
    }),

  /** With eager tasks gather of coroutines that never block completes without a loop tick. */
  tasks_eager_gather: (log) =>
    Effect.gen(function*() {
      yield* EventLoop.callSoon(() => log("next tick"))

      const v = Effect.fnUntraced(function*(n: number) {
        log("run", n)
        return n
      })

      const g = yield* createEagerTask(
        asyncio.gather([yield* createEagerTask(v(1)), yield* createEagerTask(v(2)), yield* createEagerTask(v(3))])
      )
      log("gather done", Task.done(g))
      log(yield* g)
      yield* asyncio.sleep(0)
      log("end")
    }),

  /** Eager tasks run their first part inside createTask. */
  tasks_eager_start: (log) =>
    Effect.gen(function*() {
      const quick = Effect.fnUntraced(function*() {
        log("quick runs")
        return "q"
      })

      const slow = Effect.fnUntraced(function*() {
        log("slow runs")
        yield* asyncio.sleep("1 second")
        log("slow resumes")
        return "s"
      })

      const q = yield* createEagerTask(quick())
      log("after quick", Task.done(q), yield* Task.result(q))
      const s = yield* createEagerTask(slow())
      log("after slow", Task.done(s))
      log(yield* q, yield* s)
    }),

  /** An error in a done callback goes to the loop's handler; other callbacks still run. */
  tasks_error_in_callback: (log) =>
    Effect.gen(function*() {
      yield* EventLoop.setExceptionHandler((context) => Effect.sync(() => log("handler", context.cause)))

      const bad = () => {
        throw new ValueError("in callback")
      }

      const t = yield* asyncio.createTask(asyncio.sleep("1 second", "v"))
      yield* Task.addDoneCallback(t, bad)
      yield* Task.addDoneCallback(t, () => log("good"))
      log(yield* t)
    }),

  /** Every awaiter of a failed task gets the error, again and again. */
  tasks_error_many_awaiters: (log) =>
    Effect.gen(function*() {
      const work = Effect.fnUntraced(function*() {
        yield* asyncio.sleep("1 second")
        return yield* new ValueError("boom")
      })

      const t = yield* asyncio.createTask(work())

      const w = (n: number) =>
        Task.join(t).pipe(
          Effect.catchTag("ValueError", (e) => Effect.sync(() => log("awaiter", n, e)))
        )

      yield* asyncio.gather([w(1), w(2)])
      yield* w(3)
      log("same error", yield* Task.exception(t))
    }),

  /** Every awaiter of one task gets its result in the order they began to wait. */
  tasks_many_awaiters: (log) =>
    Effect.gen(function*() {
      const work = Effect.fnUntraced(function*() {
        yield* asyncio.sleep("1 second")
        return "R"
      })

      const t = yield* asyncio.createTask(work())

      const w = Effect.fnUntraced(function*(n: number) {
        log("awaiter", n, "begins")
        log("awaiter", n, yield* t)
      })

      const ts: Array<asyncio.Task.Task<void>> = []
      for (let i = 0; i < 3; i++) ts.push(yield* asyncio.createTask(w(i)))
      yield* asyncio.gather(ts)
      log("late", yield* t)
    }),

  /** Names: given, default, changed. */
  tasks_names: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*() {
        return Option.getOrThrow(yield* asyncio.currentTask).name
      })

      const t = yield* asyncio.createTask(w(), { name: "first" })
      log(t.name)
      yield* Task.setName(t, "second")
      log(yield* t)
      const u = yield* asyncio.createTask(w())
      yield* Task.setName(u, String(7))
      log(yield* u)
    }),

  /** Tasks created by tasks start one tick later, in order. */
  tasks_nested_create: (log) =>
    Effect.gen(function*() {
      const leaf = Effect.fnUntraced(function*(n: number) {
        log("leaf", n)
      })

      const mid = Effect.fnUntraced(function*(n: number) {
        log("mid", n)
        yield* asyncio.createTask(leaf(n * 10))
        yield* asyncio.createTask(leaf(n * 10 + 1))
        log("mid", n, "ends")
      })

      yield* asyncio.createTask(mid(1))
      yield* asyncio.createTask(mid(2))
      for (let i = 0; i < 3; i++) {
        yield* asyncio.sleep(0)
        log("main tick", i)
      }
    }),

  /** An error nobody looked at is reported when the task is dropped. */
  tasks_never_retrieved: {
    status: "difference",
    reason: "a JavaScript engine collects a task whenever it likes: the virtual loop reports when it closes, so that " +
      "runs repeat; other loops report then or at collection, whichever comes first",
    instead: {
      main: {
        sync: async (log, makeRunner) => {
          const runner = makeRunner()
          const t = await runner.run(Effect.gen(function*() {
            yield* EventLoop.setExceptionHandler((context) => Effect.sync(() => log(context.message, context.cause)))

            const bad = Effect.fnUntraced(function*() {
              return yield* new ValueError("lost")
            })

            const t = yield* asyncio.createTask(bad())
            yield* asyncio.sleep(0)
            yield* asyncio.sleep(0)
            return { kept: t }
          }))
          log("still referenced", Task.done(t.kept))
          await runner.close()
          log("closed", Task.done(t.kept))
        }
      },
      trace: [
        [0, "still referenced true"],
        [0, "Task exception was never retrieved ValueError(lost)"],
        [0, "closed true"]
      ]
    }
  },

  /** A periodic task next to a slow one, then cancelled. */
  tasks_periodic: (log) =>
    Effect.gen(function*() {
      const heartbeat = Effect.fnUntraced(function*() {
        while (true) {
          log("beat")
          yield* asyncio.sleep("2 seconds")
        }
      })

      const h = yield* asyncio.createTask(heartbeat())
      yield* asyncio.sleep("5 seconds")
      log("slow work done")
      yield* Task.cancel(h)
      yield* Task.join(h).pipe(
        Task.catchCancelled(() => Effect.sync(() => log("heartbeat stopped")))
      )
    }),

  /** removeDoneCallback removes every copy and says how many. */
  tasks_remove_done_callback: (log) =>
    Effect.gen(function*() {
      const cb = () => {
        log("cb")
      }

      const other = () => {
        log("other")
      }

      const t = yield* asyncio.createTask(asyncio.sleep("1 second"))
      yield* Task.addDoneCallback(t, cb)
      yield* Task.addDoneCallback(t, other)
      yield* Task.addDoneCallback(t, cb)
      log("removed", yield* Task.removeDoneCallback(t, cb), yield* Task.removeDoneCallback(t, cb))
      yield* t
      yield* asyncio.sleep(0)
    }),

  /** Results of a task cannot be set from outside. */
  tasks_set_result_forbidden: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*() {
        yield* asyncio.sleep("1 second")
        return "own"
      })

      const t = yield* asyncio.createTask(w())
      yield* Future.succeed(t, "x").pipe(
        catchRuntimeError(() => Effect.sync(() => log("set_result: RuntimeError")))
      )
      yield* Future.fail<string, ValueError>(t, new ValueError("x")).pipe(
        catchRuntimeError(() => Effect.sync(() => log("set_exception: RuntimeError")))
      )
      log(yield* t)
    }),

  /** createTask does not run the body until the creator yields; tasks start in creation order. */
  tasks_start_order: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*(n: number) {
        log("start", n)
      })

      const ts: Array<asyncio.Task.Task<void>> = []
      for (let i = 0; i < 4; i++) ts.push(yield* asyncio.createTask(w(i)))
      log("created")
      yield* asyncio.sleep(0)
      log("after one yield", ts.map(Task.done))
    }),

  /** cancelling() counts the requests, uncancel takes one back. */
  tasks_uncancel: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*() {
        const me = Option.getOrThrow(yield* asyncio.currentTask)
        yield* asyncio.sleep("100 seconds").pipe(
          Task.catchCancelled(() =>
            Effect.gen(function*() {
              log("requests", Task.cancelling(me))
              log("uncancel", yield* Task.uncancel(me))
              log("uncancel", yield* Task.uncancel(me))
            })
          )
        )
        yield* asyncio.sleep("1 second")
        log("requests", Task.cancelling(me))
        return "fine"
      })

      const t = yield* asyncio.createTask(w())
      yield* asyncio.sleep(0)
      yield* Task.cancel(t)
      log(yield* t)
    })
} satisfies Group
