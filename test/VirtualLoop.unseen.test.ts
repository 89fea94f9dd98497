/** Failures that nobody saw fail the run. */
import { describe, expect, it } from "@effect/vitest"
import { Cause, Data, Effect, Exit } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Future, Runner, Task } from "effect-asyncio"
import { VirtualLoop } from "effect-asyncio/testing"
import { defectOf, loggedBy, never, outcomeOf, type Program, ticks } from "./support/loops.ts"

const { createTask, sleep } = asyncio

describe("a failure that nobody saw", () => {
  const bug = new Error("an assertion")
  const ways: ReadonlyArray<[string, Program<unknown>]> = [
    ["of a task", Effect.andThen(createTask(Effect.die(bug)), sleep("1 second"))],
    ["of a task, typed", Effect.andThen(createTask(Effect.fail(bug)), ticks(2))],
    ["of a future", Effect.flatMap(Future.make<void, Error>(), (future) => Future.fail(future, bug))],
    ["of a task that `wait` hands out", asyncio.wait([Effect.fail(bug)])],
    [
      "of a callback",
      Effect.andThen(
        EventLoop.callLater("1 second", () => {
          throw bug
        }),
        sleep("2 seconds")
      )
    ],
    [
      "of a done callback",
      Effect.flatMap(createTask(Effect.void), (task) =>
        Effect.andThen(
          Task.addDoneCallback(task, () => {
            throw bug
          }),
          ticks(3)
        ))
    ],
    [
      "of a clean-up while the loop closes",
      Effect.andThen(createTask(Effect.ensuring(never, Effect.die(bug))), ticks(2))
    ]
  ]
  const onLayer = (main: Program<unknown>, options?: VirtualLoop.Options) =>
    Effect.provide(main, VirtualLoop.layer(options))
  const runs: ReadonlyArray<
    [string, (main: Program<unknown>, options?: VirtualLoop.Options) => Effect.Effect<unknown, unknown>]
  > = [
    ["run", VirtualLoop.run],
    ["layer", onLayer],
    [
      "asyncio.run",
      (main, options) => Effect.promise(() => asyncio.run(Effect.orDie(main), { layer: VirtualLoop.layer(options) }))
    ],
    ["Runner", (main, options) =>
      Effect.promise(async () => {
        const runner = Runner.make({ layer: VirtualLoop.layer(options) })
        await runner.run(Effect.orDie(main))
        await runner.close()
      })]
  ]
  for (const [what, main] of ways) {
    for (const [name, run] of runs) {
      it.live(`${what} ends ${name}, as a defect, and is not logged besides`, () =>
        Effect.gen(function*() {
          const lines = yield* loggedBy(Effect.gen(function*() {
            expect(yield* defectOf(run(main))).toBe(bug)
          }))
          expect(lines).toEqual([])
        }))
    }

    it.live(`${what} goes to the program's exception handler, where there is one`, () =>
      Effect.gen(function*() {
        for (const run of [VirtualLoop.run, onLayer]) {
          const seen: Array<unknown> = []
          const handler = EventLoop.setExceptionHandler(({ cause }) =>
            Effect.sync(() => void seen.push(Cause.squash(cause!)))
          )
          yield* run(Effect.andThen(handler, main))
          expect(seen).toEqual([bug])
        }
      }))

    it.live(`${what} is an error in the log with \`unseen: "report"\``, () =>
      Effect.gen(function*() {
        for (const run of [VirtualLoop.run, onLayer]) {
          const lines = yield* loggedBy(run(main, { unseen: "report" }))
          expect(lines.map(({ error, level }) => [level, error])).toEqual([["Error", bug]])
        }
      }))
  }

  const defectsOf = (exit: Exit.Exit<unknown, unknown>) =>
    Exit.isFailure(exit) ? exit.cause.reasons.map((reason) => [reason._tag, (reason as Cause.Die).defect]) : []

  it.live("several: one cause, in order; what a cause has beside its interrupts", () =>
    Effect.gen(function*() {
      const main = Effect.gen(function*() {
        yield* createTask(Effect.fail("one"))
        yield* createTask(
          Effect.failCause(Cause.combine(Cause.interrupt(), Cause.combine(Cause.fail("two"), Cause.die("three"))))
        )
        yield* createTask(Effect.fail("one"))
        yield* createTask(Effect.interrupt)
        yield* ticks(3)
        return "value"
      })
      for (const run of [VirtualLoop.run, onLayer]) {
        expect(defectsOf(yield* Effect.exit(run(main)))).toEqual([
          ["Die", "one"],
          ["Die", "two"],
          ["Die", "three"],
          ["Die", "one"]
        ])
      }
    }))

  it.live("beside the program's own failure", () =>
    Effect.gen(function*() {
      const main = Effect.gen(function*() {
        yield* createTask(Effect.fail("unseen"))
        yield* ticks(2)
        return yield* Effect.fail("own")
      })
      for (const run of [VirtualLoop.run, onLayer]) {
        expect(defectsOf(yield* Effect.exit(run(main)))).toEqual([["Die", "own"], ["Die", "unseen"]])
      }
      const error = yield* Effect.promise(() =>
        asyncio.run(main, { layer: VirtualLoop.layer() }).catch((error: unknown) => error)
      )
      expect(error).toBeInstanceOf(AggregateError)
      expect((error as AggregateError).errors).toEqual(["own", "unseen"])
      expect((error as AggregateError).message).toBe("own; unseen")
    }))

  it.live("a handler that was taken back is none", () =>
    Effect.gen(function*() {
      const main = Effect.gen(function*() {
        yield* EventLoop.setExceptionHandler(() => Effect.void)
        yield* EventLoop.callExceptionHandler({ message: "", cause: Cause.fail("handled") })
        yield* EventLoop.setExceptionHandler(undefined)
        yield* EventLoop.callExceptionHandler({ message: "", cause: Cause.fail("unseen") })
      })
      expect(defectsOf(yield* Effect.exit(VirtualLoop.run(main)))).toEqual([["Die", "unseen"]])
    }))

  it.live("a report without a failure is an error in the log", () =>
    Effect.gen(function*() {
      const lines = yield* loggedBy(VirtualLoop.run(EventLoop.callExceptionHandler({ message: "a message" })))
      expect(lines).toEqual([{ level: "Error", text: "a message", error: undefined }])
    }))

  it.live("one that somebody saw is none", () =>
    Effect.gen(function*() {
      const main = Effect.gen(function*() {
        yield* Effect.ignore(Task.join(yield* createTask(Effect.fail("joined"))))
        yield* Task.await(yield* createTask(Effect.fail("watched")))
        yield* Effect.exit(asyncio.gather([Effect.fail("gathered"), Effect.fail("counted")]))
        yield* ticks(3)
      })
      expect(outcomeOf(yield* Effect.exit(VirtualLoop.run(main)))).toBe(undefined)
    }))

  class Declined extends Data.TaggedError("Declined")<{ readonly message: string }> {}
  it.live("keeps the stack of an Effect.fn", () =>
    Effect.gen(function*() {
      const charge = Effect.fn("charge")(function*() {
        return yield* new Declined({ message: "declined" })
      })
      const exit = yield* Effect.exit(VirtualLoop.run(Effect.andThen(createTask(charge()), ticks(2))))
      expect(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "").toMatch(/declined[^]*at charge /)
    }))
})
