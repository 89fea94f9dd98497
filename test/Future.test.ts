import { afterEach, describe, expect, it, vi } from "@effect/vitest"
import { Cause, Data, Effect, Equal, Exit, Fiber, HashSet, Option } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Future, InvalidStateError, RuntimeError, Task } from "effect-asyncio"
import { inspect } from "node:util"
import { WaitQueue } from "../src/internal/kernel/WaitQueue.ts"
import {
  defectOf,
  everywhere,
  lineOf,
  logged,
  messagesOf,
  outcome,
  outcomeOf,
  reportsOf,
  ticks,
  timed
} from "./support/loops.ts"

const cancelledFuture = Effect.tap(
  Future.make<number, string>(),
  (future) => Future.cancel(future, { message: "why" })
)
const succeededFuture = Effect.tap(Future.make<number, string>(), (future) => Future.succeed(future, 1))
const failedFuture = Effect.tap(Future.make<number, string>(), (future) => Future.fail(future, "no"))
const pendingFuture = Future.make<number, string>()

/** Looks at the outcome, so that nothing is reported. */
const seen = <A, E>(future: Future.Future<A, E>) => Effect.as(Effect.exit(Future.join(future)), future)

describe("state", () => {
  for (
    const [name, make, expected] of [
      ["pending", pendingFuture, [false, false, "fail InvalidStateError", "fail InvalidStateError"]],
      ["succeeded", succeededFuture, [true, false, 1, Option.none()]],
      ["failed", failedFuture, [true, false, "fail no", Option.some(Cause.fail("no"))]],
      ["cancelled", cancelledFuture, [true, true, "cancelled", "cancelled"]]
    ] as const
  ) {
    everywhere(
      `${name}: done, cancelled, result, exception`,
      Effect.gen(function*() {
        const future = yield* Effect.orDie(make)
        const short = (effect: Effect.Effect<unknown, unknown>) =>
          Effect.catchIf(effect, (e) => e instanceof InvalidStateError, () => Effect.fail("InvalidStateError"))
        expect([
          Future.done(future),
          Future.cancelled(future),
          yield* outcome(short(Future.result(future))),
          yield* outcome(short(Future.exception(future)))
        ]).toEqual(expected)
      })
    )
  }

  everywhere(
    "result gives the very same error each time",
    Effect.gen(function*() {
      const error = new Error("no")
      const future = yield* Future.make<number, Error>()
      yield* Future.fail(future, error)
      for (const look of [Future.result(future), Future.result(future), Future.join(future)]) {
        expect(yield* Effect.flip(look)).toBe(error)
      }
    })
  )

  everywhere(
    "failCause keeps the whole cause; failures beside interrupts are failures",
    Effect.gen(function*() {
      const cause = Cause.combine(Cause.combine(Cause.fail("one"), Cause.die("two")), Cause.interrupt(7))
      const future = yield* Future.make<number, string>()
      yield* Future.failCause(future, cause)
      expect(Future.cancelled(future)).toBe(false)
      expect(yield* Future.exception(future)).toEqual(Option.some(cause))
      expect(yield* Future.await(future)).toEqual(Exit.failCause(cause))
    })
  )

  everywhere(
    "an interrupt cause makes it cancelled",
    Effect.gen(function*() {
      const future = yield* Future.make<number>()
      yield* Future.failCause(future, Cause.interrupt())
      expect([Future.done(future), Future.cancelled(future)]).toEqual([true, true])
    })
  )
})

describe("completing", () => {
  const completions = [
    ["succeed", (future) => Future.succeed(future, 2)],
    ["fail", (future) => Future.fail(future, "again")],
    ["failCause", (future) => Future.failCause(future, Cause.fail("again"))]
  ] as ReadonlyArray<[string, (future: Future.Future<number, string>) => Effect.Effect<void, InvalidStateError>]>

  for (const [name, complete] of completions) {
    everywhere(
      `${name} completes a pending future, and fails with InvalidStateError on any other`,
      Effect.gen(function*() {
        const future = yield* pendingFuture
        yield* complete(future)
        expect(Future.done(future)).toBe(true)
        yield* seen(future)
        for (const make of [succeededFuture, failedFuture, cancelledFuture]) {
          const done = yield* Effect.orDie(make)
          const before = yield* Future.await(done)
          const error = yield* Effect.flip(complete(done))
          expect(error).toBeInstanceOf(InvalidStateError)
          expect(error._tag).toBe("InvalidStateError")
          expect(error.message).toMatch(new RegExp(`^Future\\.${name}: `))
          expect(yield* Future.await(done)).toEqual(before)
        }
      })
    )

    everywhere(
      `${name} on a Task is a defect`,
      Effect.gen(function*() {
        const task = yield* asyncio.createTask(asyncio.sleep(0, 1))
        const defect = yield* defectOf(complete(task))
        expect(defect).toBeInstanceOf(RuntimeError)
        expect(defect.message).toContain(name)
        expect(defect.message).toContain(task.name)
        expect(yield* task).toBe(1)
        expect(yield* defectOf(complete(task))).toBeInstanceOf(RuntimeError)
      })
    )
  }

  everywhere(
    "the Unsafe forms: true once, then false; they throw on a Task",
    Effect.gen(function*() {
      const a = yield* Future.make<number, string>()
      expect([Future.succeedUnsafe(a, 1), Future.succeedUnsafe(a, 2), Future.failUnsafe(a, "no")])
        .toEqual([true, false, false])
      expect(yield* a).toBe(1)
      const b = yield* Future.make<number, string>()
      expect([Future.failUnsafe(b, "no"), Future.succeedUnsafe(b, 2)]).toEqual([true, false])
      expect(yield* Effect.flip(Future.join(b))).toBe("no")
      const c = yield* cancelledFuture
      expect([Future.failUnsafe(c, "no"), Future.succeedUnsafe(c, 2)]).toEqual([false, false])
      const task = yield* asyncio.createTask(Effect.succeed(1))
      expect(() => Future.succeedUnsafe(task, 1)).toThrow(RuntimeError)
      expect(() => Future.failUnsafe(task as Future.Future<number, string>, "no")).toThrow(RuntimeError)
    })
  )
})

describe("waiting", () => {
  everywhere(
    "a done future is no tick, a pending one resumes one tick after it is done",
    logged((log) =>
      Effect.gen(function*() {
        const done = yield* Effect.orDie(succeededFuture)
        yield* EventLoop.callSoon(() => log("callback"))
        log(yield* done)
        log(yield* Future.join(done))
        log(yield* Future.await(done))
        const pending = yield* Future.make<string>()
        yield* asyncio.createTask(Effect.map(Future.join(pending), log))
        yield* ticks(2)
        yield* Future.succeed(pending, "waiter")
        yield* EventLoop.callSoon(() => log("one tick"))
        yield* ticks(2)
      })
    ),
    [1, 1, Exit.succeed(1), "callback", "waiter", "one tick"]
  )

  everywhere(
    "waiters and callbacks stand in one line, first come, first served",
    logged((log) =>
      Effect.gen(function*() {
        const future = yield* Future.make<number>()
        for (let i = 0; i < 300; i++) {
          const say = () => log(i)
          if (i % 3 === 0) yield* asyncio.createTask(Effect.map(Future.join(future), say), { eager: true })
          if (i % 3 === 1) yield* Future.addDoneCallback(future, say)
          if (i % 3 === 2) yield* Effect.forkChild(Effect.map(Future.await(future), say), { startImmediately: true })
        }
        yield* Future.succeed(future, 0)
        log("not inside")
        yield* ticks(2)
      })
    ),
    ["not inside", ...Array.from({ length: 300 }, (_, i) => i)]
  )

  everywhere(
    "`yield* future`, join and a pipe are the same",
    Effect.gen(function*() {
      const future = yield* Future.make<number>()
      const waiters = yield* Effect.forEach(
        [
          Effect.gen(function*() {
            return yield* future
          }),
          Future.join(future),
          future.pipe(Future.join)
        ],
        (effect) => asyncio.createTask(effect)
      )
      yield* ticks(2)
      yield* Future.succeed(future, 42)
      expect(yield* asyncio.gather(waiters)).toEqual([42, 42, 42])
    })
  )

  everywhere(
    "await gives the exit, whatever it is",
    Effect.gen(function*() {
      const exits = yield* Effect.forEach(
        [succeededFuture, failedFuture, cancelledFuture],
        (make) => Effect.flatMap(Effect.orDie(make), Future.await)
      )
      expect(exits.map(outcomeOf)).toEqual([1, "fail no", "cancelled"])
    })
  )

  const waits: ReadonlyArray<[(future: Future.Future<number>) => Effect.Effect<unknown>, boolean]> = [
    [Future.join, true],
    [Future.await, false]
  ]
  everywhere(
    "a waiter that is cancelled cancels the future: join; await only watches",
    Effect.gen(function*() {
      for (const [wait, isCancelled] of waits) {
        const future = yield* Future.make<number>()
        const waiter = yield* asyncio.createTask(wait(future))
        yield* Effect.yieldNow
        expect(yield* Task.cancel(waiter)).toBe(true)
        expect(outcomeOf(yield* Task.await(waiter))).toBe("cancelled")
        expect([Future.done(future), Future.cancelled(future)]).toEqual([isCancelled, isCancelled])
      }
    })
  )

  everywhere(
    "… and so does a waiter that is interrupted by Effect's own means",
    Effect.gen(function*() {
      for (const [wait, isCancelled] of waits) {
        const future = yield* Future.make<number>()
        const fiber = yield* Effect.forkChild(wait(future))
        yield* ticks(2)
        yield* Fiber.interrupt(fiber)
        expect([Future.done(future), Future.cancelled(future)]).toEqual([isCancelled, isCancelled])
      }
    })
  )

  everywhere(
    "one cancelled waiter cancels for all, as in asyncio",
    Effect.gen(function*() {
      const future = yield* Future.make<number>()
      const waiters = yield* Effect.forEach([1, 2, 3], () => asyncio.createTask(Future.join(future)))
      yield* Effect.yieldNow
      yield* Task.cancel(waiters[1]!)
      yield* asyncio.wait(waiters)
      expect(waiters.map(Task.cancelled)).toEqual([true, true, true])
      // Only one was asked; the others saw it come from below.
      expect(waiters.map(Task.cancelling)).toEqual([0, 1, 0])
    })
  )

  everywhere(
    "from outside of any loop",
    Effect.gen(function*() {
      const future = yield* Future.make<number>()
      const joined = Effect.runPromise(Future.join(future))
      const watched = Effect.runPromise(Future.await(future))
      yield* ticks(2)
      yield* Future.succeed(future, 1)
      expect(yield* Effect.promise(() => Promise.all([joined, watched]))).toEqual([1, Exit.succeed(1)])
    })
  )
})

describe("cancel", () => {
  everywhere(
    "is at once, true, then false",
    logged((log) =>
      Effect.gen(function*() {
        const future = yield* pendingFuture
        yield* Future.addDoneCallback(future, () => log("callback"))
        log([yield* Future.cancel(future), Future.cancelled(future), yield* Future.cancel(future)])
        log(Future.cancelUnsafe(future))
        yield* Effect.yieldNow
        for (const make of [succeededFuture, failedFuture]) {
          const done = yield* Effect.orDie(make)
          log([yield* Future.cancel(done), Future.cancelled(done)])
        }
      })
    ),
    [[true, true, false], false, "callback", [false, false], [false, false]]
  )

  for (
    const [message, expected] of [["why", Option.some("why")], ["", Option.some("")], [
      undefined,
      Option.none()
    ]] as const
  ) {
    everywhere(
      `the message ${inspect(message)} travels in the cause, to every waiter`,
      Effect.gen(function*() {
        const future = yield* pendingFuture
        const waiters = yield* Effect.forEach([1, 2], () => asyncio.createTask(Future.join(future)))
        yield* Effect.yieldNow
        yield* Future.cancel(future, { message })
        const looks: ReadonlyArray<Effect.Effect<Exit.Exit<unknown, unknown>>> = [
          ...waiters.map((waiter) => Task.await(waiter)),
          Future.await(future),
          Effect.exit(Future.result(future)),
          Effect.exit(Future.exception(future))
        ]
        for (const look of looks) {
          const exit = yield* look
          if (!Exit.isFailure(exit)) throw new Error("not cancelled")
          expect(Cause.hasInterruptsOnly(exit.cause)).toBe(true)
          expect(Future.cancelMessage(exit.cause)).toEqual(expected)
        }
      })
    )
  }

  it("a cause of anything else has no message", () => {
    for (const cause of [Cause.empty, Cause.fail("message"), Cause.die("message"), Cause.interrupt(1)]) {
      expect(Future.cancelMessage(cause)).toEqual(Option.none())
    }
  })
})

describe("callbacks", () => {
  everywhere(
    "in order, duplicates included, with the future, never inside",
    logged((log) =>
      Effect.gen(function*() {
        const future = yield* Future.make<string>()
        const twice = (f: Future.Future<string>) => log(["twice", f === future])
        yield* Future.addDoneCallback(future, () => log("first"))
        yield* Future.addDoneCallback(future, twice)
        yield* Future.addDoneCallback(future, twice)
        yield* Future.addDoneCallback(future, () => log("last"))
        yield* Future.succeed(future, "value")
        log("completed")
        yield* Effect.yieldNow
        yield* Future.addDoneCallback(future, () => log("late"))
        log("added late")
        yield* Effect.yieldNow
      })
    ),
    ["completed", "first", ["twice", true], ["twice", true], "last", "added late", "late"]
  )

  everywhere(
    "removed: all that are equal, and their number",
    logged((log) =>
      Effect.gen(function*() {
        const future = yield* Future.make<string>()
        const a = () => log("a")
        const b = () => log("b")
        for (const callback of [a, b, a, a]) yield* Future.addDoneCallback(future, callback)
        log([yield* Future.removeDoneCallback(future, a), yield* Future.removeDoneCallback(future, a)])
        log(yield* Future.removeDoneCallback(future, () => {}))
        yield* Future.addDoneCallback(future, a)
        yield* Future.succeed(future, "value")
        // In the ready queue already: it runs.
        log(yield* Future.removeDoneCallback(future, b))
        yield* Effect.yieldNow
        log(yield* Future.removeDoneCallback(future, b))
      })
    ),
    [[3, 0], 0, 0, "b", "a", 0]
  )

  everywhere(
    "a callback may add and remove callbacks",
    logged((log) =>
      Effect.gen(function*() {
        const future = yield* Future.make<string>()
        const second = () => log("second")
        yield* Future.addDoneCallback(future, (f) => {
          log("first")
          log(Effect.runSync(Future.removeDoneCallback(f, second)))
          Effect.runSync(Future.addDoneCallback(f, () => log("added")))
        })
        yield* Future.addDoneCallback(future, second)
        yield* Future.succeed(future, "value")
        yield* ticks(3)
      })
    ),
    ["first", 0, "second", "added"]
  )

  describe("cost", () => {
    afterEach(() => void vi.restoreAllMocks())
    it.live("removing one of many touches that one alone", () =>
      EventLoop.provide(Effect.gen(function*() {
        const future = yield* Future.make<number>()
        const callbacks = Array.from({ length: 5000 }, () => () => {})
        for (const callback of callbacks) yield* Future.addDoneCallback(future, callback)
        const removed = vi.spyOn(WaitQueue.prototype, "remove")
        const searched = vi.spyOn(Array.prototype, "indexOf")
        const spliced = vi.spyOn(Array.prototype, "splice")
        // From the end and from the middle.
        for (const callback of callbacks.toReversed()) Effect.runSync(Future.removeDoneCallback(future, callback))
        const count = removed.mock.calls.length
        const long = [...searched.mock.contexts, ...spliced.mock.contexts]
          .filter((list) => (list as Array<unknown>).length > 100)
        vi.restoreAllMocks()
        expect(count).toBe(5000)
        expect(long).toEqual([])
      })))
  })
})

describe("awaitedBy", () => {
  timed(
    "the tasks that wait for it, in whatever way; no edge stays behind",
    Effect.gen(function*() {
      const future = yield* Future.make<number>()
      const names = () => Array.from(Future.awaitedBy(future), (task) => task.name)
      expect(names()).toEqual([])
      const create = <A, E>(name: string, effect: Effect.Effect<A, E, EventLoop.EventLoop>) =>
        asyncio.createTask(effect, { name })
      const tasks = [
        yield* create("join", Future.join(future)),
        yield* create("await", Future.await(future)),
        yield* create("gather", asyncio.gather([future, asyncio.sleep(0)])),
        yield* create("nested", asyncio.gather([Effect.suspend(() => asyncio.gather([future]))])),
        yield* create("wait", asyncio.wait([future])),
        yield* create("fork", Effect.flatMap(Effect.forkChild(Future.join(future)), Fiber.join)),
        yield* create("timeout", asyncio.wait([future], { timeout: "1 second" }))
      ]
      yield* asyncio.sleep("500 millis")
      // The inner gather of "nested" is a task of its own.
      expect(names().map((name) => name.replace(/^Task-\d+$/, "inner")).toSorted()).toEqual(
        ["await", "fork", "gather", "inner", "join", "timeout", "wait"]
      )
      yield* asyncio.sleep("1 second")
      expect(names()).not.toContain("timeout")
      yield* Task.cancel(tasks[4]!)
      yield* Task.cancel(tasks[1]!)
      yield* ticks(3)
      expect(names().map((name) => name.replace(/^Task-\d+$/, "inner")).toSorted()).toEqual(
        ["fork", "gather", "inner", "join"]
      )
      yield* Future.succeed(future, 1)
      yield* asyncio.wait(tasks)
      expect(names()).toEqual([])
    })
  )

  it.live("a bare fiber is no task", () =>
    Effect.gen(function*() {
      const future = yield* Future.make<number>()
      yield* Effect.forkChild(Future.join(future))
      yield* ticks(2)
      expect(Future.awaitedBy(future).size).toBe(0)
    }).pipe(Effect.provide(EventLoop.layer())))
})

everywhere(
  "futures and tasks are what they are: keys of Effect's collections, and parts of errors in a Cause",
  Effect.gen(function*() {
    const futures = [yield* Future.make(), yield* Future.make(), yield* asyncio.createTask(Effect.void)]
    class Stuck extends Data.TaggedError("Stuck")<{ readonly tasks: ReadonlyArray<unknown> }> {}
    const stuck = () => Cause.fail(new Stuck({ tasks: futures }))
    return [
      HashSet.size(HashSet.make(...futures, ...futures)),
      Equal.equals(futures[0], futures[1]),
      Equal.equals(futures[2], futures[2]),
      Cause.combine(stuck(), stuck()).reasons.length
    ]
  }),
  [3, false, true, 1]
)

describe("toAbortSignal", () => {
  everywhere(
    "is aborted when the future ends cancelled, and by nothing else",
    Effect.gen(function*() {
      const aborted: Array<unknown> = []
      for (const end of [Effect.never, Effect.succeed(1), Effect.fail("no")]) {
        const task = yield* asyncio.createTask(end)
        const signal = Future.toAbortSignal(task)
        yield* ticks(3)
        yield* Task.cancel(task)
        yield* ticks(3)
        aborted.push(signal.aborted)
      }
      return aborted
    }),
    [true, false, false]
  )

  everywhere(
    "is one signal for one future, however often it is asked for",
    Effect.gen(function*() {
      const future = yield* Future.make<number>()
      const signals = new Set(Array.from({ length: 1000 }, () => Future.toAbortSignal(future)))
      const other = Future.toAbortSignal(yield* Future.make())
      const inLine = lineOf(future)
      yield* Future.cancel(future)
      yield* ticks(1)
      return [signals.size, signals.has(other), inLine, Future.toAbortSignal(future).aborted, other.aborted]
    }),
    [1, false, 1, true, false]
  )
})

describe("promises", () => {
  it.live("fromPromise: the value, or an UnknownError with the reason", () =>
    EventLoop.provide(Effect.gen(function*() {
      expect(yield* yield* Future.fromPromise(Promise.resolve(1))).toBe(1)
      const reason = new Error("no")
      const error = yield* Effect.flip(Future.join(yield* Future.fromPromise(Promise.reject(reason))))
      expect(Cause.isUnknownError(error)).toBe(true)
      expect(error.cause).toBe(reason)
      // Any thenable, also one that calls back at once.
      // oxlint-disable-next-line unicorn/no-thenable
      const thenable = { then: (resolve: (value: string) => void) => resolve("thenable") } as PromiseLike<string>
      expect(yield* yield* Future.fromPromise(thenable)).toBe("thenable")
    })))

  it.live("fromPromise: cancelled, what comes later is ignored, silently", () =>
    Effect.gen(function*() {
      const messages = yield* messagesOf(Effect.gen(function*() {
        for (const end of [() => 1, () => Promise.reject(new Error("late"))]) {
          const late = new Promise<number>((resolve) => setImmediate(() => resolve(end())))
          const future = yield* Future.fromPromise(late)
          yield* Future.cancel(future)
          yield* Effect.promise(() => late.catch(() => 0))
          yield* ticks(3)
          expect(Future.cancelled(future)).toBe(true)
        }
      }))
      expect(messages).toEqual([])
    }))

  it.live("fromPromise: a rejection that nobody looks at is the loop's to report", () =>
    Effect.gen(function*() {
      const messages = yield* messagesOf(Effect.gen(function*() {
        yield* Future.fromPromise(Promise.reject(new Error("no")))
        yield* Effect.promise(() => Promise.resolve())
      }))
      expect(messages).toEqual(["Future exception was never retrieved"])
    }))

  it.live("fromPromise: a promise that settles after the loop has closed harms nobody", () =>
    Effect.gen(function*() {
      let resolve = (_: number) => {}
      const promise = new Promise<number>((r) => {
        resolve = r
      })
      const future = yield* EventLoop.provide(Future.fromPromise(promise))
      resolve(1)
      yield* Effect.promise(() => promise)
      expect(yield* Future.result(future)).toBe(1)
    }))

  it.live("toPromise rejects as `run` does: several failures, a cancellation with its message, an abort's reason", () =>
    EventLoop.provide(Effect.gen(function*() {
      const rejection = (future: Future.Future<unknown, unknown>) =>
        Effect.promise(() => Future.toPromise(future).then(() => undefined, (reason: unknown) => reason))

      const several = yield* Future.make<never, string>()
      yield* Future.failCause(several, Cause.combine(Cause.fail("one"), Cause.die("two")))
      expect(yield* rejection(several)).toMatchObject({ name: "AggregateError", errors: ["one", "two"] })

      const cancelled = yield* Future.make<never>()
      yield* Future.cancel(cancelled, { message: "shutdown" })
      expect(yield* rejection(cancelled)).toMatchObject({ name: "CancelledError", message: "shutdown" })

      const aborted = yield* asyncio.createTask(asyncio.sleep("1 hour"))
      const reason = new Error("the user left")
      yield* Future.cancelOnAbort(aborted, AbortSignal.abort(reason))
      expect(yield* rejection(aborted)).toBe(reason)

      // Who was first has done it.
      const done = yield* Future.make<never>()
      yield* Future.cancel(done, { message: "earlier" })
      yield* Future.cancelOnAbort(done, AbortSignal.abort(reason))
      expect(yield* rejection(done)).toMatchObject({ message: "earlier" })
    })))

  it.live("toPromise: the value, or a rejection with the very error; of Tasks, too", () =>
    EventLoop.provide(Effect.gen(function*() {
      const error = new Error("no")
      const [good, bad, cancelled] = [
        yield* asyncio.createTask(asyncio.sleep(0, "value")),
        yield* asyncio.createTask(Effect.andThen(asyncio.sleep(0), Effect.fail(error))),
        yield* asyncio.createTask(asyncio.sleep("1 hour"))
      ]
      const promises = Promise.allSettled([good, bad, cancelled].map((task) => Task.toPromise<unknown, Error>(task)))
      yield* ticks(2)
      yield* Task.cancel(cancelled)
      const settled = yield* Effect.promise(() => promises)
      expect(settled.slice(0, 2)).toEqual([
        { status: "fulfilled", value: "value" },
        { status: "rejected", reason: error }
      ])
      expect(settled[2]).toEqual({ status: "rejected", reason: expect.any(asyncio.CancelledError) })
      // Of one that is done already.
      expect(yield* Effect.promise(() => Future.toPromise(good))).toBe("value")
    })))
})

describe("printing", () => {
  for (
    const [make, expected] of [
      [pendingFuture, /^<Future pending>$/],
      [succeededFuture, /^<Future finished result=1>$/],
      [failedFuture, /^<Future finished exception="?no"?>$/],
      [cancelledFuture, /^<Future cancelled>$/]
    ] as const
  ) {
    everywhere(
      `as ${String(expected)}`,
      Effect.gen(function*() {
        const future = yield* Effect.orDie(make)
        expect(String(future)).toMatch(expected)
        expect(inspect(future)).toMatch(expected)
        expect(inspect([future])).toContain(String(future))
        expect(JSON.stringify(future)).toContain("Future")
        yield* Effect.exit(Future.exception(future))
      })
    )
  }

  everywhere(
    "an error with its name and message, text in quotes",
    Effect.gen(function*() {
      const future = yield* Future.make<unknown, unknown>()
      yield* Future.fail(future, new TypeError("bad \"type\""))
      expect(String(future)).toMatch(/^<Future finished exception=TypeError\(.*bad.*type.*\)>$/)
      yield* Future.exception(future)
      const text = yield* Future.make<string>()
      yield* Future.succeed(text, "a b")
      expect(String(text)).toBe("<Future finished result=\"a b\">")
    })
  )
})

describe("misuse", () => {
  it("isFuture", () => {
    expect(
      [Effect.succeed(1), { "~effect-asyncio/Future": {} }, null, undefined, 1, Promise.resolve()].map(Future.isFuture)
    )
      .toEqual([false, false, false, false, false, false])
  })
  everywhere(
    "isFuture of futures and tasks",
    Effect.gen(function*() {
      expect(Future.isFuture(yield* pendingFuture)).toBe(true)
      expect(Future.isFuture(yield* asyncio.createTask(Effect.void))).toBe(true)
    })
  )

  const none: ReadonlyArray<any> = [undefined, null, 1, {}, Effect.succeed(1), { "~effect-asyncio/Future": {} }]
  for (
    const [name, call] of [
      ["done", Future.done],
      ["cancelled", Future.cancelled],
      ["cancel", Future.cancelUnsafe],
      ["toPromise", Future.toPromise],
      ["awaitedBy", Future.awaitedBy],
      ["succeedUnsafe", (future) => Future.succeedUnsafe(future, 1)],
      ["failUnsafe", (future) => Future.failUnsafe(future, 1)]
    ] as ReadonlyArray<[string, (future: any) => unknown]>
  ) {
    it(`${name} of what is no future throws IllegalArgumentError`, () => {
      for (const bad of none) {
        expect(() => call(bad)).toThrow(Cause.IllegalArgumentError)
        expect(() => call(bad)).toThrow(name)
      }
    })
  }
  for (
    const [name, call] of [
      ["result", Future.result],
      ["exception", Future.exception],
      ["cancel", Future.cancel],
      ["succeed", (future) => Future.succeed(future, 1)],
      ["fail", (future) => Future.fail(future, 1)],
      ["failCause", (future) => Future.failCause(future, Cause.fail(1))],
      ["addDoneCallback", (future) => Future.addDoneCallback(future, () => {})],
      ["removeDoneCallback", (future) => Future.removeDoneCallback(future, () => {})],
      // Whoever builds the effect gets the error where the call stands, whoever runs it, a defect.
      ["join", (future) => Effect.suspend(() => Future.join(future))],
      ["await", (future) => Effect.suspend(() => Future.await(future))]
    ] as ReadonlyArray<[string, (future: any) => Effect.Effect<unknown, unknown>]>
  ) {
    it.live(`${name} of what is no future dies with IllegalArgumentError`, () =>
      Effect.gen(function*() {
        for (const bad of none) {
          const defect = yield* defectOf(call(bad))
          expect(Cause.isIllegalArgumentError(defect)).toBe(true)
          expect(defect.message).toContain(`Future.${name}`)
        }
      }))
  }

  everywhere(
    "a future of another loop: waiting for it dies with RuntimeError; its state may be read, and set",
    Effect.gen(function*() {
      const future = yield* Future.make<number, string>()
      yield* EventLoop.provide(Effect.gen(function*() {
        const calls: ReadonlyArray<Effect.Effect<unknown, unknown, EventLoop.EventLoop>> = [
          Future.join(future),
          Future.await(future),
          asyncio.gather([future]),
          asyncio.wait([future]),
          asyncio.ensureFuture(future)
        ]
        for (const call of calls) {
          const defect = yield* defectOf(call)
          expect(defect).toBeInstanceOf(RuntimeError)
          expect(defect.message).toContain("another event loop")
        }
        expect(Future.done(future)).toBe(false)
        yield* Future.succeed(future, 1)
        expect(yield* Future.result(future)).toBe(1)
      }))
      expect(yield* future).toBe(1)
    })
  )
})

describe("never retrieved", () => {
  it.live("a future's failure that nobody looked at", () =>
    Effect.gen(function*() {
      const reports = yield* reportsOf(Effect.flatMap(
        Future.make<never, string>(),
        (future) => Future.fail(future, "unseen")
      ))
      expect(reports.map(({ cause, message }) => [message, cause])).toEqual([
        ["Future exception was never retrieved", Cause.fail("unseen")]
      ])
      expect(reports[0]!.task).toBe(undefined)
    }))

  it.live("a defect counts, a cancellation and a value don't", () =>
    Effect.gen(function*() {
      const messages = yield* messagesOf(Effect.gen(function*() {
        yield* Future.failCause(yield* Future.make<number>(), Cause.die("bug"))
        yield* Future.cancel(yield* Future.make<number>())
        yield* Future.failCause(yield* Future.make<number>(), Cause.interrupt())
        yield* Future.succeed(yield* Future.make<number>(), 1)
        yield* Future.make<number>()
      }))
      expect(messages).toHaveLength(1)
    }))
})
