/** Requests to cancel a task: where they go, what they wake, and how they are counted. */
import { assert, describe, expect } from "@effect/vitest"
import { Effect, Exit, Fiber, Option } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Future, Task } from "effect-asyncio"
import {
  cancelled,
  cancelSoon,
  day,
  everywhere,
  logged,
  never,
  outcomeOf,
  type Program,
  quiet,
  self,
  settled,
  ticks,
  timed
} from "./support/loops.ts"

const { createTask, sleep } = asyncio

describe("cancel", () => {
  everywhere(
    "false for a done task, however it ended",
    Effect.gen(function*() {
      for (const effect of [Effect.succeed(1), Effect.fail("no"), Effect.die("bug"), Effect.interrupt]) {
        const task = yield* createTask<unknown, unknown, never>(effect)
        const exit = yield* Task.await(task)
        expect([yield* Task.cancel(task), Task.cancelUnsafe(task)]).toEqual([false, false])
        expect([yield* Task.await(task), Task.cancelling(task)]).toEqual([exit, 0])
      }
    })
  )

  everywhere(
    "before the first step: the body never runs",
    Effect.gen(function*() {
      const task = yield* createTask(Effect.sync(() => assert.fail("ran")))
      expect([yield* Task.cancel(task), Task.done(task), Task.cancelling(task)]).toEqual([true, false, 1])
      yield* Effect.yieldNow
      expect([Task.done(task), Task.cancelled(task), task.fiber]).toEqual([true, true, undefined])
    })
  )

  describe("wherever it waits", () => {
    const places: ReadonlyArray<[string, Effect.Effect<unknown, unknown, EventLoop.EventLoop>]> = [
      ["sleep", day],
      ["sleep(0)", Effect.forever(sleep(0))],
      ["Effect.sleep", Effect.sleep("1 day")],
      ["Effect.never", Effect.never],
      ["Effect.yieldNow", Effect.forever(Effect.yieldNow)],
      ["a future", never],
      ["a watched future", Effect.flatMap(Future.make<never>(), Future.await)],
      ["a task", Effect.flatMap(createTask(day), Task.join)],
      ["a watched task", Effect.flatMap(createTask(day), Task.await)],
      ["gather", asyncio.gather([day, day])],
      ["gather with returnExceptions", asyncio.gather([day, day], { returnExceptions: true })],
      ["wait", asyncio.wait([day, day])],
      ["a fiber", Effect.flatMap(Effect.forkChild(day), Fiber.join)],
      ["a region", Task.catchCancelled(day, () => Effect.interrupt)],
      ["Effect.timeout", Effect.timeout(day, "2 days")],
      ["Effect.all", Effect.all([day, Effect.never], { concurrency: "unbounded" })],
      ["a promise", Effect.promise(() => new Promise(() => {}))]
    ]
    for (const [name, place] of places) {
      everywhere(
        `${name}: ends cancelled, and nothing runs on`,
        quiet(Effect.gen(function*() {
          expect(yield* cancelled(Effect.andThen(place, Effect.sync(() => assert.fail("went on"))))).toBe("cancelled")
        }))
      )
      everywhere(
        `${name}: no Effect operator can swallow it`,
        quiet(Effect.gen(function*() {
          const greedy = place.pipe(
            Effect.catchCause(() => Effect.succeed("swallowed")),
            Effect.exit,
            Effect.andThen(Effect.sync(() => "went on"))
          )
          expect(yield* cancelled(greedy)).toBe("cancelled")
        }))
      )
      everywhere(
        `${name}: clean-ups run, and are waited for`,
        quiet(Effect.gen(function*() {
          const lines: Array<string> = []
          const cleanUp = Effect.andThen(ticks(3), Effect.sync(() => lines.push("cleaned up")))
          expect(yield* cancelled(Effect.ensuring(place, cleanUp))).toBe("cancelled")
          expect(lines).toEqual(["cleaned up"])
        }))
      )
      everywhere(
        `${name}: the message comes out`,
        quiet(Effect.gen(function*() {
          const task = yield* createTask(place)
          yield* ticks(2)
          yield* Task.cancel(task, { message: "because" })
          const exit = yield* Task.await(task)
          expect(Exit.isFailure(exit) && Future.cancelMessage(exit.cause)).toEqual(Option.some("because"))
        }))
      )
    }
  })

  describe("itself", () => {
    const cancelSelf = Effect.flatMap(self, (task) => Task.cancel(task, { message: "own" }))
    for (
      const [name, rest, expected] of [
        ["delivered where it suspends", Effect.andThen(sleep(0), Effect.die("went on")), "cancelled"],
        ["delivered where it yields", Effect.andThen(Effect.yieldNow, Effect.die("went on")), "cancelled"],
        [
          "… at a done future it goes on, to its value, which is lost",
          Effect.flatMap(
            Effect.tap(Future.make<number>(), (future) => Future.succeed(future, 1)),
            Future.join
          ),
          "cancelled"
        ],
        ["the value of a step that ends is lost", Effect.succeed("value"), "cancelled"],
        ["a failure wins", Effect.fail("mine"), "fail mine"],
        ["a defect wins", Effect.die("mine"), "die mine"]
      ] as ReadonlyArray<[string, Program, string]>
    ) {
      everywhere(
        name,
        Effect.gen(function*() {
          const task = yield* createTask(Effect.andThen(cancelSelf, rest))
          const exit = yield* Task.await(task)
          expect(outcomeOf(exit)).toBe(expected)
          if (expected === "cancelled") {
            expect(Exit.isFailure(exit) && Future.cancelMessage(exit.cause)).toEqual(Option.some("own"))
          }
        })
      )
    }
  })

  describe("against a wake-up", () => {
    const woken = (complete: (future: Future.Future<string, string>) => void) =>
      Effect.gen(function*() {
        const future = yield* Future.make<string, string>()
        const task = yield* createTask(Effect.map(Future.join(future), (value) => `went on with ${value}`))
        yield* Effect.yieldNow
        complete(future)
        expect(yield* Task.cancel(task)).toBe(true)
        return outcomeOf(yield* Task.await(task))
      })
    // All three as CPython has them.
    everywhere("a request beats a queued value", woken((f) => Future.succeedUnsafe(f, "value")), "cancelled")
    everywhere("… also of a cancelled future", woken((f) => Future.cancelUnsafe(f)), "cancelled")
    timed(
      "… and the end of a sleep",
      Effect.gen(function*() {
        const task = yield* createTask(Effect.as(sleep("1 second"), "slept"))
        yield* EventLoop.callLater("1 second", () => Task.cancelUnsafe(task))
        const late = yield* createTask(Effect.as(sleep("1 second"), "slept"))
        yield* settled([task, late])
        expect([Task.cancelled(task), Task.cancelled(late)]).toEqual([true, false])
      })
    )
    everywhere(
      "a request beats a last step that was queued",
      Effect.gen(function*() {
        const task = yield* createTask(sleep(0, "value"))
        yield* Effect.yieldNow
        yield* Task.cancel(task)
        expect(outcomeOf(yield* Task.await(task))).toBe("cancelled")
      })
    )
  })

  describe("what is awaited goes first", () => {
    everywhere(
      "a future, a task: cancelled, and then the waiter",
      logged((log) =>
        Effect.gen(function*() {
          const future = yield* Future.make<number>()
          const inner = yield* createTask(Future.join(future), { name: "inner" })
          const outer = yield* createTask(Task.join(inner), { name: "outer" })
          yield* ticks(2)
          yield* Task.cancel(outer)
          log([Future.cancelled(future), Task.done(inner), Task.done(outer)])
          log([Task.cancelling(inner), Task.cancelling(outer)])
          yield* Effect.yieldNow
          log([Task.cancelled(inner), Task.done(outer)])
          yield* Effect.yieldNow
          log(Task.cancelled(outer))
        })
      ),
      [[true, false, false], [1, 1], [true, false], true]
    )

    everywhere(
      "a task that swallows the request: the waiter goes on with its value, and its count stays",
      Effect.gen(function*() {
        const inner = yield* createTask(Task.catchCancelled(day, () => Effect.as(ticks(3), "swallowed")))
        const outer = yield* createTask(Effect.map(Task.join(inner), (value) => `went on: ${value}`))
        yield* ticks(2)
        expect(yield* Task.cancel(outer)).toBe(true)
        expect(yield* outer).toBe("went on: swallowed")
        expect([Task.cancelling(inner), Task.cancelling(outer)]).toEqual([1, 1])
      })
    )

    everywhere(
      "a task that fails in its clean-up: the waiter meets that failure, and may catch it",
      Effect.gen(function*() {
        const inner = yield* createTask(Task.catchCancelled(Effect.asVoid(day), () => Effect.fail("clean-up")))
        const outer = yield* createTask(Effect.catch(Task.join(inner), (error) => Effect.succeed(`caught ${error}`)))
        yield* ticks(2)
        yield* Task.cancel(outer)
        expect(yield* outer).toBe("caught clean-up")
      })
    )

    timed(
      "the waiter waits for its clean-up, however long",
      Effect.gen(function*() {
        const inner = yield* createTask(Effect.ensuring(day, sleep("1 minute")))
        const outer = yield* createTask(Task.join(inner))
        yield* sleep("1 second")
        yield* Task.cancel(outer)
        yield* Task.await(outer)
        expect([yield* EventLoop.time, Task.cancelled(outer)]).toEqual([61, true])
      })
    )

    everywhere(
      "all who await it are hit; only the one who was asked can't refuse",
      Effect.gen(function*() {
        const inner = yield* createTask(day)
        const waiter = Effect.catchCause(Task.join(inner), () => Effect.succeed("met it"))
        const [asked, other] = [yield* createTask(waiter), yield* createTask(waiter)]
        yield* ticks(2)
        yield* Task.cancel(asked)
        expect(outcomeOf(yield* Task.await(asked))).toBe("cancelled")
        expect([yield* other, Task.cancelling(other)]).toEqual(["met it", 0])
      })
    )
  })

  everywhere(
    "it does not wait, and runs nothing inside the call",
    logged((log) =>
      Effect.gen(function*() {
        const task = yield* createTask(Effect.onInterrupt(day, () => Effect.sync(() => log("interrupted"))))
        yield* ticks(2)
        yield* Task.cancel(task)
        log("asked")
        yield* EventLoop.callSoon(() => log("behind"))
        yield* Effect.yieldNow
      })
    ),
    ["asked", "interrupted", "behind"]
  )

  everywhere(
    "from a plain callback",
    Effect.gen(function*() {
      const task = yield* createTask(day)
      yield* ticks(2)
      yield* EventLoop.callSoon(() => Task.cancelUnsafe(task, { message: "callback" }))
      const exit = yield* Task.await(task)
      expect(Exit.isFailure(exit) && Future.cancelMessage(exit.cause)).toEqual(Option.some("callback"))
    })
  )

  everywhere(
    "twice before it is met: one cancellation, two requests",
    Effect.gen(function*() {
      for (const body of [day, never]) {
        const task = yield* createTask(body)
        yield* ticks(2)
        expect([
          yield* Task.cancel(task, { message: "first" }),
          yield* Task.cancel(task, { message: "second" }),
          Task.cancelling(task)
        ]).toEqual([true, true, 2])
        const exit = yield* Task.await(task)
        expect(Exit.isFailure(exit) && Future.cancelMessage(exit.cause)).toEqual(Option.some("first"))
      }
    })
  )

  timed(
    "again while finalizers run: counts, and does not cut them short",
    Effect.gen(function*() {
      const lines: Array<string> = []
      const cleanUp = Effect.andThen(sleep("1 second"), Effect.sync(() => lines.push("cleaned up")))
      const task = yield* createTask(Effect.ensuring(day, cleanUp))
      yield* ticks(2)
      yield* Task.cancel(task, { message: "first" })
      yield* ticks(3)
      expect([yield* Task.cancel(task, { message: "second" }), Task.cancelling(task)]).toEqual([true, 2])
      const exit = yield* Task.await(task)
      expect([lines, outcomeOf(exit), yield* EventLoop.time]).toEqual([["cleaned up"], "cancelled", 1])
      expect(Exit.isFailure(exit) && Future.cancelMessage(exit.cause)).toEqual(Option.some("first"))
    })
  )

  everywhere(
    "a failure or defect beside the interruption is that failure",
    Effect.gen(function*() {
      expect(yield* cancelled(Effect.ensuring(day, Effect.die("clean-up")))).toBe("die clean-up")
      const task = yield* createTask(Effect.ensuring(day, Effect.die("clean-up")))
      yield* cancelSoon(task)
      yield* Effect.exit(Task.join(task))
      expect(Task.cancelled(task)).toBe(false)
    })
  )

  describe("uninterruptible code", () => {
    timed(
      "is not interrupted; the request is delivered when it ends",
      Effect.gen(function*() {
        const lines: Array<string> = []
        const say = (line: string) => Effect.sync(() => void lines.push(line))
        const critical = Effect.uninterruptible(Effect.andThen(sleep("1 second"), say("critical")))
        const task = yield* createTask(Effect.andThen(critical, say("after")))
        yield* ticks(2)
        expect(yield* Task.cancel(task)).toBe(true)
        yield* Task.await(task)
        expect([lines, Task.cancelled(task), yield* EventLoop.time]).toEqual([["critical"], true, 1])
      })
    )

    timed(
      "requests do not walk down from there, nor withdraw",
      Effect.gen(function*() {
        const inner = yield* createTask(sleep("1 second", "inner"))
        const future = yield* Future.make<number>()
        for (const wait of [Task.join(inner), Task.await(inner), asyncio.wait([inner]), asyncio.gather([inner])]) {
          const seen: Array<unknown> = []
          const outer = yield* createTask(
            Effect.uninterruptible(Effect.map(wait as Effect.Effect<unknown>, (value) => seen.push(value)))
          )
          yield* ticks(2)
          yield* Task.cancel(outer)
          yield* ticks(2)
          expect([Task.done(inner), Task.done(outer)]).toEqual([false, false])
          yield* createTask(Effect.andThen(
            Task.await(outer),
            Effect.sync(() => {
              expect([seen.length, Task.cancelled(outer)]).toEqual([1, true])
              Future.succeedUnsafe(future, 1)
            })
          ))
        }
        expect(yield* inner).toBe("inner")
        yield* future
        yield* ticks(5)
      })
    )

    for (const seconds of [0, 1]) {
      timed(
        `of several requests while it waits the first message comes out, also ${seconds} s apart`,
        Effect.gen(function*() {
          const task = yield* createTask(Effect.uninterruptible(sleep("2 seconds")))
          yield* ticks(2)
          yield* Task.cancel(task, { message: "first" })
          if (seconds > 0) yield* sleep({ seconds })
          yield* Task.cancel(task, { message: "second" })
          const exit = yield* Task.await(task)
          return [Exit.isFailure(exit) ? Task.cancelMessage(exit.cause) : exit, Task.cancelling(task)]
        }),
        [Option.some("first"), 2]
      )
    }

    timed(
      "a request that came meanwhile meets the next interruptible part at once",
      Effect.gen(function*() {
        const lines: Array<string> = []
        const task = yield* createTask(
          Effect.uninterruptibleMask((restore) =>
            Effect.andThen(sleep("1 second"), Effect.ensuring(restore(day), Effect.sync(() => lines.push("released"))))
          )
        )
        yield* ticks(2)
        yield* Task.cancel(task)
        yield* Task.await(task)
        expect([lines, Task.cancelled(task), yield* EventLoop.time]).toEqual([["released"], true, 1])
      })
    )
  })

  everywhere(
    "what it forked ends with it",
    Effect.gen(function*() {
      const lines: Array<string> = []
      const child = Effect.onInterrupt(day, () => Effect.sync(() => void lines.push("child interrupted")))
      expect(yield* cancelled(Effect.andThen(Effect.forkChild(child), day))).toBe("cancelled")
      expect(lines).toEqual(["child interrupted"])
      // Also when it ends by itself.
      yield* yield* createTask(Effect.andThen(Effect.forkChild(child), ticks(2)))
      expect(lines).toEqual(["child interrupted", "child interrupted"])
    })
  )
})

describe("cancelling and uncancel", () => {
  everywhere(
    "requests counted, taken back, never below zero",
    Effect.gen(function*() {
      const task = yield* createTask(day)
      yield* ticks(2)
      expect([Task.cancelling(task), yield* Task.uncancel(task)]).toEqual([0, 0])
      yield* Task.cancel(task)
      yield* Task.cancel(task)
      expect([
        Task.cancelling(task),
        yield* Task.uncancel(task),
        yield* Task.uncancel(task),
        yield* Task.uncancel(task)
      ])
        .toEqual([2, 1, 0, 0])
    })
  )

  for (
    const [name, prepare] of [
      ["a task that has not begun", 0],
      ["a task that runs itself", -1]
    ] as const
  ) {
    everywhere(
      `${name}: uncancel to zero revokes the undelivered request`,
      Effect.gen(function*() {
        const body = Effect.gen(function*() {
          if (prepare === -1) {
            const task = yield* self
            yield* Task.cancel(task)
            yield* Task.cancel(task)
            expect(yield* Task.uncancel(task)).toBe(1)
            yield* Task.uncancel(task)
          }
          yield* sleep(0)
          return "went on"
        })
        const task = yield* createTask(body)
        if (prepare === 0) {
          yield* Task.cancel(task)
          yield* Task.uncancel(task)
        }
        expect(yield* task).toBe("went on")
      })
    )
  }

  everywhere(
    "one request of two taken back: still cancelled",
    Effect.gen(function*() {
      const task = yield* createTask(Effect.sync(() => assert.fail("ran")))
      yield* Task.cancel(task)
      yield* Task.cancel(task)
      yield* Task.uncancel(task)
      expect(outcomeOf(yield* Task.await(task))).toBe("cancelled")
    })
  )

  everywhere(
    "a parked task was withdrawn already: uncancel lowers the count only, as in CPython",
    Effect.gen(function*() {
      const task = yield* createTask(day)
      yield* ticks(2)
      yield* Task.cancel(task)
      expect(yield* Task.uncancel(task)).toBe(0)
      expect(outcomeOf(yield* Task.await(task))).toBe("cancelled")
    })
  )
})
