/** Loops as layers: what they provide, to whom, and when they close. */
import { assert, describe, expect, it } from "@effect/vitest"
import { Cause, Context, Duration, Effect, Exit, Fiber, Layer, Option, Scope } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Future, Task } from "effect-asyncio"
import { defectOf, everywhere, outcome, outcomeOf, reportsOf, ticks, timed } from "./support/loops.ts"

const { callAt, callLater, callSoon } = EventLoop
const service = EventLoop.EventLoop

describe("provide and layer", () => {
  for (
    const [name, main, expected] of [
      ["a value", Effect.succeed(1), 1],
      ["a failure", Effect.fail("no"), "fail no"],
      ["a defect", Effect.die("bug"), "die bug"],
      ["an interruption", Effect.interrupt, "cancelled"],
      [
        "its own cancellation",
        Effect.gen(function*() {
          yield* Task.cancel(Option.getOrThrow(yield* asyncio.currentTask))
          yield* asyncio.sleep(0)
        }),
        "cancelled"
      ]
    ] as ReadonlyArray<[string, Effect.Effect<unknown, unknown, EventLoop.EventLoop>, unknown]>
  ) {
    everywhere(`provide ends as its program: ${name}`, outcome(EventLoop.provide(main)), expected)
  }

  everywhere(
    "provide runs its program as the first task",
    EventLoop.provide(Effect.map(asyncio.currentTask, Option.map((task) => task.name))),
    Option.some("Task-1")
  )

  everywhere(
    "every provide makes a loop of its own",
    Effect.gen(function*() {
      const program = Effect.all([service, asyncio.allTasks])
      const [outer] = yield* program
      const [first, tasks] = yield* EventLoop.provide(program)
      const [second] = yield* EventLoop.provide(program)
      expect(new Set([outer, first, second]).size).toBe(3)
      expect(Array.from(tasks, (task) => task.name)).toEqual(["Task-1"])
    })
  )

  timed(
    "tasks left over are cancelled and awaited, in order",
    Effect.gen(function*() {
      const lines: Array<unknown> = []
      const leftover = (name: string) =>
        Effect.onExit(
          asyncio.sleep("1 hour"),
          (exit) => Effect.map(asyncio.sleep("1 second"), () => void lines.push(`${name} ${String(outcomeOf(exit))}`))
        )
      yield* EventLoop.provide(Effect.gen(function*() {
        yield* asyncio.createTask(leftover("a"))
        yield* asyncio.createTask(leftover("b"))
        yield* asyncio.sleep("1 second")
        lines.push("main ends")
      }))
      lines.push("closed", yield* EventLoop.time)
      expect(lines).toEqual(["main ends", "a cancelled", "b cancelled", "closed", 2])
    })
  )

  timed(
    "so are tasks that a clean-up makes while the loop closes",
    Effect.gen(function*() {
      const lines: Array<string> = []
      let late: Task.Task<unknown, unknown> | undefined
      const cleanUp = Effect.gen(function*() {
        late = yield* asyncio.createTask(asyncio.sleep("1 hour"), { name: "late" })
        yield* asyncio.sleep("1 second")
        lines.push("cleaned up")
      })
      yield* EventLoop.provide(Effect.gen(function*() {
        yield* asyncio.createTask(Effect.ensuring(asyncio.sleep("1 hour"), cleanUp))
        yield* asyncio.sleep("1 second")
      }))
      expect(lines).toEqual(["cleaned up"])
      expect(Task.cancelled(late!)).toBe(true)
    })
  )

  everywhere(
    "a task that main creates as its last act still begins, as in CPython",
    Effect.gen(function*() {
      const lines: Array<string> = []
      yield* EventLoop.provide(asyncio.createTask(Effect.andThen(
        Effect.sync(() => void lines.push("begins")),
        Effect.onInterrupt(asyncio.sleep("1 hour"), () => Effect.sync(() => void lines.push("cancelled")))
      )))
      expect(lines).toEqual(["begins", "cancelled"])
    })
  )

  it.live("a clean-up that fails is reported", () =>
    Effect.gen(function*() {
      const reports = yield* reportsOf(Effect.gen(function*() {
        yield* asyncio.createTask(Effect.ensuring(asyncio.sleep("1 hour"), Effect.die("clean-up")), { name: "messy" })
        yield* Effect.yieldNow
      }))
      expect(reports.map(({ message }) => message)).toEqual([
        "Unhandled exception during shutdown of the event loop"
      ])
      expect(reports[0]!.task?.name).toBe("messy")
      expect(Cause.squash(reports[0]!.cause!)).toBe("clean-up")
    }))

  it.live("failures that nobody saw are reported when the loop closes, once", () =>
    Effect.gen(function*() {
      const reports = yield* reportsOf(Effect.gen(function*() {
        yield* asyncio.createTask(Effect.fail("unseen task"), { name: "lost" })
        const future = yield* Future.make<never, string>()
        yield* Future.fail(future, "unseen future")
        yield* ticks(3)
      }))
      expect(reports.map(({ cause, message }) => [message, Cause.squash(cause!)]).toSorted()).toEqual([
        ["Future exception was never retrieved", "unseen future"],
        ["Task exception was never retrieved", "unseen task"]
      ])
    }))

  timed(
    "interrupting provide cancels its program and waits for it",
    Effect.gen(function*() {
      const lines: Array<string> = []
      const slow = (name: string) =>
        Effect.onInterrupt(
          asyncio.sleep("1 hour"),
          () => Effect.map(Effect.sleep("1 second"), () => void lines.push(name))
        )
      const fiber = yield* Effect.forkChild(EventLoop.provide(Effect.gen(function*() {
        yield* asyncio.createTask(slow("leftover"))
        yield* slow("main")
      })))
      yield* Effect.sleep("1 second")
      yield* Fiber.interrupt(fiber)
      lines.push("interrupted")
      expect(lines).toEqual(["main", "leftover", "interrupted"])
      expect(outcomeOf(yield* Fiber.await(fiber))).toBe("cancelled")
    })
  )

  timed(
    "a layer's loop lives as long as its scope",
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(EventLoop.layer(), scope)
      const loop = Context.get(context, service)
      let ended: unknown
      const task = yield* asyncio.createTask(
        Effect.onExit(asyncio.sleep("1 hour"), (exit) =>
          Effect.sync(() => {
            ended = outcomeOf(exit)
          }))
      ).pipe(Effect.provideContext(context))
      yield* Effect.sleep("1 second")
      expect([loop.isClosed(), Task.done(task)]).toEqual([false, false])
      yield* Scope.close(scope, Exit.void)
      expect([loop.isClosed(), Task.cancelled(task), ended]).toEqual([true, true, "cancelled"])
      // Closing again is nothing.
      yield* Scope.close(scope, Exit.void)
    })
  )

  everywhere(
    "a layer provided twice makes two loops, shared inside of each",
    Effect.gen(function*() {
      const layer = EventLoop.layer()
      const both = Effect.all([service, service])
      const [a, b] = yield* Effect.provide(both, layer, { local: true })
      const [c] = yield* Effect.provide(both, layer, { local: true })
      expect([a === b, a === c]).toEqual([true, false])
    })
  )

  describe("a closed loop", () => {
    const closed = Effect.gen(function*() {
      const lines: Array<string> = []
      const context = yield* EventLoop.provide(Effect.gen(function*() {
        yield* callSoon(() => lines.push("callback"))
        yield* callLater(0, () => lines.push("timer"))
        return yield* Effect.context<EventLoop.EventLoop>()
      }))
      return { context, lines, loop: Context.get(context, service) }
    })
    const nothing = () => {}
    for (
      const [name, misuse] of [
        ["callSoon", callSoon(nothing)],
        ["callLater", callLater("1 second", nothing)],
        ["callLater of infinity", callLater(Duration.infinity, nothing)],
        ["callAt", callAt(1, nothing)],
        ["createTask", asyncio.createTask(Effect.void)],
        ["createTask eager", asyncio.createTask(Effect.sync(() => assert.fail("ran")), { eager: true })],
        ["ensureFuture", asyncio.ensureFuture(Effect.void)],
        ["gather", asyncio.gather([Effect.void])],
        ["wait", asyncio.wait([Effect.void])]
      ] as ReadonlyArray<[string, Effect.Effect<unknown, unknown, EventLoop.EventLoop>]>
    ) {
      it.live(`${name} dies with RuntimeError`, () =>
        Effect.gen(function*() {
          const { context } = yield* closed
          const defect = yield* defectOf(Effect.provideContext(misuse, context))
          expect(defect).toBeInstanceOf(asyncio.RuntimeError)
          expect(defect.message).toContain("closed")
          expect(defect.message).toContain(name.split(" ")[0])
        }))
    }

    it.live("throws from its plain forms", () =>
      Effect.gen(function*() {
        const { loop } = yield* closed
        expect(loop.isClosed()).toBe(true)
        expect(() => loop.callSoonUnsafe(nothing)).toThrow(asyncio.RuntimeError)
        expect(() => loop.callLaterUnsafe(1, nothing)).toThrow(asyncio.RuntimeError)
        expect(() => loop.callAtUnsafe(1, nothing)).toThrow(asyncio.RuntimeError)
      }))

    it.live("runs no callback any more", () =>
      Effect.gen(function*() {
        const { lines } = yield* closed
        const before = [...lines]
        yield* Effect.sleep("2 millis")
        yield* ticks(5)
        expect(lines).toEqual(before)
      }))
  })
})
