/** Failures that nobody retrieved. */
import { describe, expect, it } from "@effect/vitest"
import { Cause, Effect, Fiber, Logger, References } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Future, Task } from "effect-asyncio"
import { VirtualLoop } from "effect-asyncio/testing"
import { inspect } from "node:util"
import { collect, loops, messagesOf, reportsOf, ticks } from "./support/loops.ts"

const { createTask } = asyncio

describe("never retrieved", () => {
  type Failing = Task.Task<never, string>
  type Look = (task: Failing) => Effect.Effect<unknown, unknown, EventLoop.EventLoop>
  const looks: ReadonlyArray<[string, Look]> = [
    ["join", Task.join],
    ["yield*", (task) =>
      Effect.gen(function*() {
        yield* task
      })],
    ["await", Task.await],
    ["result", Task.result],
    ["exception", Task.exception],
    ["cancel", (task) => Task.cancel(task)],
    ["cancelUnsafe", (task) => Effect.sync(() => Task.cancelUnsafe(task))],
    ["toPromise", (task) => Effect.promise(() => Task.toPromise(task).catch(() => {}))],
    ["gather", (task) => asyncio.gather([task])],
    ["gather with returnExceptions", (task) => asyncio.gather([task], { returnExceptions: true })],
    ["shield", (task) => asyncio.shield(task)],
    ["waitFor", (task) => asyncio.waitFor(task, "1 second")],
    ["gather of one that failed before", (task) => asyncio.gather([Effect.fail("first"), task])],
    ["join in a fiber", (task) => Effect.flatMap(Effect.forkChild(Task.join(task)), Fiber.await)],
    ["join in a task", (task) => Effect.flatMap(createTask(Effect.exit(Task.join(task))), Task.join)]
  ]
  const noLooks: ReadonlyArray<[string, Look]> = [
    ["nothing", () => Effect.void],
    ["done", (task) => Effect.sync(() => Task.done(task))],
    ["cancelled", (task) => Effect.sync(() => Task.cancelled(task))],
    ["wait", (task) => asyncio.wait([task])],
    ["wait, taken from done", (task) => Effect.map(asyncio.wait([task]), ({ done }) => Array.from(done))],
    ["printing", (task) => Effect.sync(() => String(task) + inspect(task))],
    ["ensureFuture", (task) => asyncio.ensureFuture(task)],
    ["a callback that does not look", (task) => Task.addDoneCallback(task, () => {})],
    ["awaitedBy", (task) => Effect.sync(() => Task.awaitedBy(task))],
    ["its fiber", (task) => Effect.suspend(() => Effect.exit(Fiber.join(task.fiber!)))],
    ["a result asked for too early", (task) => Effect.exit(Effect.suspend(() => Task.result(task)))],
    ["a watcher that left before", (task) => Effect.raceFirst(Task.await(task), Effect.void)]
  ]

  for (const [on, run] of loops) {
    for (const [when, before] of [["before it is done", 0], ["when it is done", 3]] as const) {
      for (const [name, look] of looks) {
        it.effect(`silenced by ${name}, ${when} [${on}]`, () =>
          Effect.gen(function*() {
            const messages = yield* messagesOf(
              Effect.gen(function*() {
                const task = yield* createTask(Effect.andThen(ticks(2), Effect.fail("no")))
                yield* ticks(before)
                if (before > 0) expect(Task.done(task)).toBe(true)
                // Too early for these.
                if (before === 0 && (name === "result" || name === "exception")) yield* ticks(3)
                yield* Effect.exit(look(task))
                yield* ticks(4)
              }),
              run
            )
            expect(messages).toEqual([])
          }))
      }
    }
    for (const [name, look] of noLooks) {
      it.effect(`reported once in spite of ${name} [${on}]`, () =>
        Effect.gen(function*() {
          // Held, so that no collection comes first.
          const held: Array<unknown> = []
          const reports = yield* reportsOf(
            Effect.gen(function*() {
              const task = yield* createTask(Effect.andThen(ticks(2), Effect.fail("no")), { name: "lost" })
              held.push(task)
              yield* Effect.yieldNow
              yield* look(task)
              yield* ticks(4)
            }),
            run
          )
          expect(reports.map(({ message }) => message)).toEqual(["Task exception was never retrieved"])
          expect(reports[0]!.task).toBe(held[0])
          expect(reports[0]!.future).toBe(held[0])
          expect(Cause.squash(reports[0]!.cause!)).toBe("no")
        }))
    }
  }

  it.live("cancelled tasks and values are nothing to report; defects and mixed causes are", () =>
    Effect.gen(function*() {
      const messages = yield* messagesOf(Effect.gen(function*() {
        yield* createTask(Effect.interrupt)
        yield* createTask(Effect.succeed(1))
        yield* createTask(Effect.die("bug"))
        yield* createTask(Effect.failCause(Cause.combine(Cause.fail("no"), Cause.interrupt())))
        yield* ticks(2)
      }))
      expect(messages).toHaveLength(2)
    }))

  it.live("each once, however many", () =>
    Effect.gen(function*() {
      const reports = yield* reportsOf(Effect.gen(function*() {
        for (let i = 0; i < 100; i++) yield* createTask(Effect.fail(i), { name: `task ${i}` })
        yield* ticks(2)
      }))
      expect(reports.map(({ cause }) => Cause.squash(cause!))).toEqual(Array.from({ length: 100 }, (_, i) => i))
    }))

  describe("when the task is garbage", () => {
    const capture = (reports: Array<EventLoop.ExceptionContext>) =>
      EventLoop.setExceptionHandler((context) => Effect.sync(() => void reports.push(context)))
    const lose = Effect.asVoid(createTask(Effect.fail("no"), { name: "lost" }))

    it.live("the live loop reports it then, and not again when it closes", () =>
      Effect.gen(function*() {
        const reports: Array<EventLoop.ExceptionContext> = []
        yield* EventLoop.provide(Effect.gen(function*() {
          yield* capture(reports)
          yield* lose
          yield* ticks(3)
          expect(reports).toEqual([])
          yield* collect(() => reports.length > 0)
          expect(reports.map(({ message }) => message)).toEqual(["Task exception was never retrieved"])
          // The task is gone, what is known of it is not.
          expect(reports[0]!.task).toBe(undefined)
          expect(reports[0]!.subject).toMatch(/'lost'.*Task\.unseen\.test\.ts:\d+:\d+/)
          expect(Cause.squash(reports[0]!.cause!)).toBe("no")
        }))
        expect(reports).toHaveLength(1)
      }))

    // V8 keeps of a call its function and its `this`, and what those hold, until the text of the place is made.
    class Keeper {
      task: Task.Task<never, string> | undefined
      readonly lose = Effect.gen({ self: this }, function*() {
        this.task = yield* createTask(Effect.fail("no"), { name: "lost" })
      })
    }
    const inVariable = Effect.suspend(() => {
      let task: Task.Task<never, string> | undefined
      return Effect.gen(function*() {
        task = yield* createTask(Effect.fail("no"), { name: "lost" })
        yield* ticks(1)
        return task.name
      })
    })
    for (
      const [name, program] of [
        ["this", Effect.suspend(() => new Keeper().lose)],
        ["variables", inVariable]
      ] as const
    ) {
      it.live(`reported then, too, where it is among what created it: its ${name}`, () =>
        EventLoop.provide(Effect.gen(function*() {
          const reports: Array<EventLoop.ExceptionContext> = []
          yield* capture(reports)
          yield* Effect.forkChild(program)
          yield* ticks(5)
          yield* collect(() => reports.length > 0)
          expect(reports).toHaveLength(1)
          expect(reports[0]!.subject).toMatch(/'lost'.*Task\.unseen\.test\.ts:\d+:\d+/)
        })))
    }
    it.live("its log still has the annotations of its creator", () =>
      Effect.gen(function*() {
        const seen: Array<unknown> = []
        const logger = Logger.make(({ fiber }) => void seen.push(fiber.getRef(References.CurrentLogAnnotations)))
        yield* EventLoop.provide(Effect.gen(function*() {
          yield* Effect.annotateLogs(lose, { request: 7 })
          yield* ticks(3)
          yield* collect(() => seen.length > 0)
          expect(seen).toEqual([{
            request: 7,
            taskName: "lost",
            taskCreatedAt: expect.stringContaining("Task.unseen.test")
          }])
        })).pipe(Effect.provide(Logger.layer([logger])))
      }))

    it.live("reported when the loop closes, and not again when it is garbage", () =>
      Effect.gen(function*() {
        const reports: Array<EventLoop.ExceptionContext> = []
        yield* Effect.scoped(Effect.gen(function*() {
          const held: Array<unknown> = []
          yield* EventLoop.provide(Effect.gen(function*() {
            yield* EventLoop.setExceptionHandler(({ message }) => Effect.sync(() => void reports.push({ message })))
            held.push(yield* createTask(Effect.fail("no")))
          }))
          expect([held.length, reports.length]).toEqual([1, 1])
        }))
        yield* collect(() => reports.length > 1)
        expect(reports).toHaveLength(1)
      }))

    it.live("not while somebody holds it", () =>
      Effect.gen(function*() {
        const reports: Array<EventLoop.ExceptionContext> = []
        yield* EventLoop.provide(Effect.gen(function*() {
          yield* capture(reports)
          const held = yield* createTask(Effect.fail("held"))
          yield* lose
          yield* ticks(3)
          yield* collect(() => reports.length > 0)
          yield* collect(() => false)
          expect(reports.map(({ cause }) => Cause.squash(cause!))).toEqual(["no"])
          yield* Effect.exit(Task.join(held))
        }))
        expect(reports).toHaveLength(1)
      }))

    it.live("a task that is not done is never garbage: the loop owns it", () =>
      EventLoop.provide(Effect.gen(function*() {
        const lines: Array<string> = []
        const gate = yield* Future.make<void>()
        yield* createTask(Effect.andThen(Future.await(gate), Effect.sync(() => lines.push("went on"))))
        yield* ticks(3)
        yield* collect(() => false)
        yield* Future.succeed(gate, undefined)
        yield* ticks(3)
        expect(lines).toEqual(["went on"])
      })))

    it.live("the virtual loop reports only when it closes", () =>
      Effect.gen(function*() {
        const reports: Array<EventLoop.ExceptionContext> = []
        yield* VirtualLoop.run(
          Effect.gen(function*() {
            yield* capture(reports)
            yield* lose
            yield* ticks(3)
            yield* collect(() => reports.length > 0)
            expect(reports).toEqual([])
          }),
          { patience: "1 minute" }
        )
        expect(reports.map(({ message }) => message)).toEqual(["Task exception was never retrieved"])
        expect(reports[0]!.subject).toContain("'lost'")
      }))
  })
})
