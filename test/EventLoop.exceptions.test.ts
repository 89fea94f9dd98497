/** What the loop's exception handler is told, and what becomes of what it does. */
import { describe, expect, it } from "@effect/vitest"
import { Cause, Context, Effect, Logger, References } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Future, Task } from "effect-asyncio"
import { defectOf, everywhere, logged, loggedBy, messagesOf, outcome, ticks, timed } from "./support/loops.ts"

const { callAt, callLater, callSoon } = EventLoop

describe("exceptions", () => {
  const thrown = new Error("thrown")
  const throwing = () => {
    throw thrown
  }
  const handling = (f: (context: EventLoop.ExceptionContext) => Effect.Effect<void>, program: Effect.Effect<unknown>) =>
    Effect.andThen(EventLoop.setExceptionHandler(f), program)

  for (
    const [name, call] of [
      ["callSoon", (callback) => callSoon(callback)],
      ["callLater", (callback) => callLater(0, callback)],
      ["callAt", (callback) => callAt(0, callback)],
      [
        "addDoneCallback",
        (callback) =>
          Effect.flatMap(
            Future.make<number>(),
            (future) => Effect.andThen(Future.succeed(future, 1), Future.addDoneCallback(future, callback))
          )
      ]
    ] as ReadonlyArray<[string, (callback: () => void) => Effect.Effect<unknown, unknown, EventLoop.EventLoop>]>
  ) {
    const told = (callback: () => void) =>
      logged((log) =>
        Effect.gen(function*() {
          yield* EventLoop.setExceptionHandler(({ cause, message }) =>
            Effect.sync(() => log([message, String(Cause.squash(cause ?? Cause.empty))]))
          )
          yield* call(callback)
          yield* ticks(3)
          yield* Effect.promise(() => Promise.resolve())
          yield* callSoon(() => log("on"))
          yield* Effect.yieldNow
        })
      )
    everywhere(
      `what a callback of ${name} throws goes to the exception handler, and the loop goes on`,
      told(throwing),
      [["Exception in callback", "Error: thrown"], "on"]
    )
    everywhere(
      `so does what an async callback of ${name} rejects with`,
      told(async () => throwing()),
      [["Exception in callback", "Error: thrown"], "on"]
    )
    const unrun: ReadonlyArray<readonly [string, () => unknown]> = [
      ["an Effect", () => Effect.sync(() => expect.unreachable("ran"))],
      ["a generator", function*() {
        yield* Effect.sync(() => expect.unreachable("ran"))
      }]
    ]
    for (const [what, callback] of unrun) {
      everywhere(
        `${what} that a callback of ${name} gives is told of, as nothing runs it`,
        told(callback),
        [[
          "Exception in callback",
          expect.stringMatching(
            `^IllegalArgumentError: ${name}: the result of the callback is [^]*, expected no Effect`
          )
        ], "on"]
      )
    }
  }

  it.live("a handler that gives no Effect", () =>
    Effect.gen(function*() {
      const handler: any = () => 5
      const lines = yield* loggedBy(
        EventLoop.provide(
          Effect.andThen(EventLoop.setExceptionHandler(handler), EventLoop.callExceptionHandler({ message: "lost" }))
        )
      )
      expect(lines.map(({ error }) => String(error)).join()).toContain(
        "IllegalArgumentError: setExceptionHandler: the result of the handler is 5, expected an Effect"
      )
    }))

  everywhere(
    "the handler's effect starts in the reporting tick",
    logged((log) =>
      Effect.gen(function*() {
        yield* EventLoop.setExceptionHandler(() => Effect.sync(() => log("handler")))
        yield* callSoon(throwing)
        yield* callSoon(() => log("behind"))
        yield* Effect.yieldNow
      })
    ),
    ["handler", "behind"]
  )

  class Greeting extends Context.Service<Greeting, string>()("Greeting") {}
  everywhere(
    "the handler has the services of who set it",
    logged((log) =>
      Effect.gen(function*() {
        yield* EventLoop.setExceptionHandler(() => Effect.map(Greeting, log)).pipe(
          Effect.provideService(Greeting, "hello")
        )
        yield* EventLoop.callExceptionHandler({ message: "any" })
      })
    ),
    ["hello"]
  )

  everywhere(
    "callExceptionHandler hands over what it is given",
    Effect.gen(function*() {
      const contexts: Array<EventLoop.ExceptionContext> = []
      yield* EventLoop.setExceptionHandler((context) => Effect.sync(() => void contexts.push(context)))
      const context = { message: "mine", cause: Cause.fail("why") }
      yield* EventLoop.callExceptionHandler(context)
      expect(contexts).toEqual([context])
    })
  )

  describe("the default handler", () => {
    it.live("logs an error, with the cause", () =>
      Effect.gen(function*() {
        const lines = yield* loggedBy(EventLoop.provide(Effect.andThen(callSoon(throwing), ticks(2))))
        expect(lines).toEqual([{ level: "Error", text: "Exception in callback", error: thrown }])
      }))

    it.live("logs without a cause, too", () =>
      Effect.gen(function*() {
        const lines = yield* loggedBy(EventLoop.provide(EventLoop.callExceptionHandler({ message: "something" })))
        expect(lines).toEqual([{ level: "Error", text: "something", error: undefined }])
      }))

    it.live("comes back with setExceptionHandler(undefined)", () =>
      Effect.gen(function*() {
        const seen: Array<string> = []
        const lines = yield* loggedBy(EventLoop.provide(Effect.gen(function*() {
          yield* EventLoop.setExceptionHandler(({ message }) => Effect.sync(() => void seen.push(message)))
          yield* EventLoop.callExceptionHandler({ message: "one" })
          yield* EventLoop.setExceptionHandler(undefined)
          yield* EventLoop.callExceptionHandler({ message: "two" })
        })))
        expect(seen).toEqual(["one"])
        expect(lines.map(({ text }) => text)).toEqual(["two"])
      }))

    it.live("has the annotations and log spans of the task's creator, the task's name and place, not the body's own", () =>
      Effect.gen(function*() {
        const seen: Array<unknown> = []
        const logger = Logger.make(({ fiber, message }) => {
          seen.push([
            message,
            fiber.getRef(References.CurrentLogAnnotations),
            fiber.getRef(References.CurrentLogSpans).map(([label]) => label)
          ])
        })
        const failing = Effect.annotateLogs(Effect.andThen(Effect.yieldNow, Effect.fail("no")), { own: true })
        const request = (task: Effect.Effect<unknown, unknown>, name: string) =>
          asyncio.createTask(task, { name }).pipe(
            Effect.annotateLogs({ request: name }),
            Effect.withLogSpan("handling")
          )
        yield* EventLoop.provide(Effect.gen(function*() {
          yield* request(failing, "later")
          yield* request(Effect.fail("no"), "at once")
          yield* request(Effect.onInterrupt(Effect.never, () => Effect.fail("no")), "at the close")
          yield* Future.fail(yield* Future.make<never, string>(), "no")
          yield* ticks(3)
        })).pipe(Effect.annotateLogs({ app: "test" }), Effect.provide(Logger.layer([logger])))
        const annotations = (name: string) => ({
          app: "test",
          request: name,
          taskName: name,
          taskCreatedAt: expect.stringMatching(/EventLoop\.exceptions\.test\.ts:\d+:\d+$/)
        })
        const text = (start: string) => [expect.stringContaining(start)]
        expect(seen).toHaveLength(4)
        expect(seen).toEqual(expect.arrayContaining([
          [text("Task exception was never retrieved"), annotations("later"), ["handling"]],
          [text("Task exception was never retrieved"), annotations("at once"), ["handling"]],
          [text("Unhandled exception during shutdown"), annotations("at the close"), ["handling"]],
          [text("Future exception was never retrieved"), { app: "test" }, []]
        ]))
      }))

    it.live("names the task, and where it was created", () =>
      Effect.gen(function*() {
        const lines = yield* loggedBy(EventLoop.provide(
          asyncio.createTask(Effect.fail("no"), { name: "worker" })
        ))
        expect(lines.map(({ level }) => level)).toEqual(["Error"])
        expect(lines[0]!.text).toMatch(
          /^Task exception was never retrieved: .*'worker'.*EventLoop\.exceptions\.test\.ts:\d+:\d+/
        )
        expect(lines[0]!.error).toEqual("no")
      }))

    for (
      const [how, handler] of [
        ["dies", () => Effect.die(new Error("the handler's own"))],
        ["throws", () => {
          throw new Error("the handler's own")
        }]
      ] as ReadonlyArray<[string, () => Effect.Effect<never>]>
    ) {
      it.live(`gets what a handler that ${how} was told, and its failure, never the caller`, () =>
        Effect.gen(function*() {
          const lines = yield* loggedBy(EventLoop.provide(Effect.gen(function*() {
            yield* EventLoop.setExceptionHandler(handler)
            yield* callSoon(throwing)
            yield* ticks(2)
            expect(yield* outcome(EventLoop.callExceptionHandler({ message: "by hand" }))).toBe(undefined)
          })))
          const own = "Unhandled error in exception handler"
          expect(lines.map(({ error, text }) => [text, error])).toEqual([
            ["Exception in callback", thrown],
            [own, new Error("the handler's own")],
            ["by hand", undefined],
            [own, new Error("the handler's own")]
          ])
        }))
    }
  })

  everywhere(
    "setExceptionHandler dies with IllegalArgumentError for what is no function",
    Effect.gen(function*() {
      for (const bad of [null, 5, "handler"] as ReadonlyArray<any>) {
        const defect = yield* defectOf(EventLoop.setExceptionHandler(bad))
        expect(Cause.isIllegalArgumentError(defect)).toBe(true)
      }
    })
  )

  timed(
    "the closing loop waits for a handler that takes its time",
    Effect.gen(function*() {
      const lines: Array<string> = []
      yield* EventLoop.provide(Effect.gen(function*() {
        yield* EventLoop.setExceptionHandler(() =>
          Effect.map(Effect.sleep("1 second"), () => void lines.push("handled"))
        )
        yield* callSoon(throwing)
        yield* ticks(2)
        lines.push("main ends")
      }))
      lines.push("closed")
      expect(lines).toEqual(["main ends", "handled", "closed"])
    })
  )

  it.live("a handler does not hear of what is handled", () =>
    Effect.gen(function*() {
      const messages = yield* messagesOf(Effect.gen(function*() {
        yield* Effect.ignore(Task.join(yield* asyncio.createTask(Effect.fail("seen"))))
        yield* asyncio.createTask(Effect.interrupt)
        yield* Effect.exit(asyncio.gather([Effect.fail("seen"), Effect.fail("seen")]))
      }))
      expect(messages).toEqual([])
    }))

  it.live("handling() of one loop is not another's", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      yield* EventLoop.provide(handling(
        () => Effect.sync(() => void lines.push("outer")),
        EventLoop.provide(
          handling(
            () => Effect.sync(() => void lines.push("inner")),
            Effect.void
          ).pipe(Effect.andThen(EventLoop.callExceptionHandler({ message: "" })))
        )
      ))
      expect(lines).toEqual(["inner"])
    }))
})
