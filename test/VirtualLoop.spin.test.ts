/** Programs in which time never passes. */
import { describe, expect, it } from "@effect/vitest"
import { Cause, Context, Effect, Layer } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Task } from "effect-asyncio"
import { SpinError, VirtualLoop } from "effect-asyncio/testing"
import {
  after,
  day,
  defectOf,
  loggedBy,
  never,
  outcome,
  outcomeOf,
  type Program,
  quiet,
  ticks
} from "./support/loops.ts"

const { createTask, sleep } = asyncio

describe("SpinError", () => {
  const spin = Effect.forever(sleep(0))
  it.live("fails `run`, and names the tasks that ran", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(VirtualLoop.run(
        Effect.gen(function*() {
          yield* createTask(spin, { name: "spinner" })
          yield* createTask(Effect.forever(Effect.yieldNow), { name: "yielder" })
          yield* createTask(day, { name: "sleeper" })
          return yield* never
        }),
        { maxTicks: 1000 }
      ))
      expect(error).toBeInstanceOf(SpinError)
      expect((error as SpinError)._tag).toBe("SpinError")
      expect((error as SpinError).message).toMatch(/1000 ticks/)
      expect((error as SpinError).message).toMatch(/'spinner'/)
      expect((error as SpinError).message).toMatch(/'yielder'/)
      expect((error as SpinError).message).not.toMatch(/sleeper|Task-1/)
    }))

  it.live("callbacks and bare fibers can spin, too", () =>
    Effect.gen(function*() {
      const callbacks = Effect.gen(function*() {
        const loop = yield* EventLoop.EventLoop
        const again = (): void => void loop.callSoonUnsafe(again)
        again()
        return yield* never
      })
      const timers = Effect.gen(function*() {
        const loop = yield* EventLoop.EventLoop
        let rest = 10_000
        const again = (): void => {
          if (--rest > 0) loop.callLaterUnsafe(0, again)
        }
        again()
        return yield* never
      })
      for (const main of [callbacks, timers]) {
        expect(yield* Effect.flip(VirtualLoop.run(main, { maxTicks: 100 }))).toBeInstanceOf(SpinError)
      }
    }))

  it.live("the count begins anew when time passes", () =>
    Effect.gen(function*() {
      const main = Effect.forEach(
        Array.from({ length: 50 }),
        () => Effect.andThen(ticks(80), sleep("1 milli")),
        { discard: true }
      )
      expect(yield* outcome(VirtualLoop.run(main, { maxTicks: 100 }))).toBe(undefined)
      expect(yield* Effect.flip(VirtualLoop.run(main, { maxTicks: 70 }))).toBeInstanceOf(SpinError)
    }))

  it.live("by default after 1,000,000 ticks", () =>
    Effect.gen(function*() {
      let count = 0
      const counting = Effect.gen(function*() {
        while (true) {
          count++
          yield* Effect.yieldNow
        }
      })
      expect(yield* Effect.flip(VirtualLoop.run(counting))).toBeInstanceOf(SpinError)
      expect(count).toBeGreaterThanOrEqual(999_000)
      expect(count).toBeLessThanOrEqual(1_001_000)
    }))

  describe("awaiting what is done takes no tick", () => {
    const live = Effect.gen(function*() {
      const tasks = new Set<Task.Task<number>>()
      for (let i = 0; i < 3; i++) tasks.add(yield* createTask(Effect.succeed(i)))
      yield* sleep("1 second")
      return tasks
    })
    const forever = (
      wait: (tasks: ReadonlySet<Task.Task<number>>) => Effect.Effect<unknown, unknown, EventLoop.EventLoop>
    ) =>
      Effect.gen(function*() {
        const tasks = yield* live
        while (tasks.size > 0) yield* wait(tasks)
      })
    const waits = {
      gather: (tasks) => asyncio.gather(tasks),
      "gather of nothing": () => asyncio.gather([]),
      join: ([task]) => Task.join(task!),
      await: ([task]) => Task.await(task!),
      "in blocks of its own": ([task]) => asyncio.timeout("1 hour", () => asyncio.shield(task!)),
      "and keeping every cause": (tasks) => Effect.exit(asyncio.gather(tasks)),
      "and refusing to be cancelled": (tasks) => Task.catchCancelled(asyncio.gather(tasks), () => Effect.void),
      uninterruptibly: (tasks) => Effect.uninterruptible(asyncio.gather(tasks))
    } satisfies Record<string, Parameters<typeof forever>[0]>
    for (const [name, wait] of Object.entries(waits)) {
      it.live(`a task that never stops to: ${name}`, () =>
        Effect.gen(function*() {
          const main = Effect.andThen(createTask(forever(wait), { name: "spinner" }), day)
          const error = yield* Effect.flip(VirtualLoop.run(main, { maxTicks: 1000, patience: 0 }))
          expect(error).toBeInstanceOf(SpinError)
          expect((error as SpinError).message).toMatch(
            /^'spinner' \(created at .*\) awaited 1000 times in one tick/
          )
        }).pipe(quiet))
    }

    it.live("main itself, at the default", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(VirtualLoop.run(forever(([task]) => Task.join(task!))))
        expect((error as SpinError).message).toMatch(/'Task-1' .* 1000000 times/)
      }))

    it.live("a bare fiber dies with it", () =>
      Effect.gen(function*() {
        const error = yield* defectOf(forever((tasks) => asyncio.gather(tasks)))
        expect(error).toBeInstanceOf(SpinError)
        expect(error.message).toMatch(/^a bare fiber awaited/)
      }).pipe(Effect.provide(VirtualLoop.layer({ maxTicks: 1000 })), quiet))

    it.live("each task is counted by itself, each tick anew", () =>
      Effect.gen(function*() {
        const main = Effect.gen(function*() {
          const tasks = yield* live
          const often = Effect.forEach(Array.from({ length: 900 }), () => asyncio.gather(tasks), { discard: true })
          yield* asyncio.gather(Array.from({ length: 5 }, () => Effect.andThen(often, Effect.andThen(sleep(0), often))))
        })
        expect(yield* outcome(VirtualLoop.run(main, { maxTicks: 1000 }))).toBe(undefined)
      }))
  })

  it.live("under a bare layer: the exception handler is told, and the tasks are cancelled", () =>
    quiet(Effect.gen(function*() {
      const errors: Array<unknown> = []
      yield* EventLoop.setExceptionHandler(({ cause }) => Effect.sync(() => void errors.push(Cause.squash(cause!))))
      const task = yield* createTask(spin, { name: "spinner" })
      expect(outcomeOf(yield* Task.await(task))).toBe("cancelled")
      expect(errors).toEqual([expect.any(SpinError)])
    })).pipe(Effect.provide(VirtualLoop.layer({ maxTicks: 500 }))))

  describe("what can't be ended gets no further tick", () => {
    const runs: ReadonlyArray<[string, (main: Program<unknown>) => Effect.Effect<unknown, unknown>]> = [
      ["run", (main) => VirtualLoop.run(main, { maxTicks: 500 })],
      ["a layer", (main) => Effect.provide(main, VirtualLoop.layer({ maxTicks: 500 }))],
      ["a Runner", (main) => Effect.promise(() => asyncio.run(main, { layer: VirtualLoop.layer({ maxTicks: 500 }) }))]
    ]
    const spinners: ReadonlyArray<[string, (spin: Effect.Effect<never>) => Program<unknown>]> = [
      ["a task", (spin) => Effect.flatMap(createTask(spin), Task.join)],
      [
        "a fiber that a task forked",
        (spin) => Effect.flatMap(createTask(Effect.all([spin, spin], { concurrency: 2 })), Task.join)
      ],
      ["a fiber outside of tasks", (spin) => Effect.andThen(Effect.forkDetach(spin), never)],
      ["a clean-up", (spin) => Effect.andThen(createTask(Effect.ensuring(never, spin)), ticks(2))]
    ]
    for (const [name, run] of runs) {
      for (const [who, program] of spinners) {
        it.live(`${name}: ${who}`, () =>
          Effect.gen(function*() {
            let steps = 0
            const spin = Effect.uninterruptible(Effect.forever(Effect.map(Effect.yieldNow, () => void steps++)))
            const lines = yield* loggedBy(Effect.gen(function*() {
              expect(outcomeOf(yield* Effect.exit(run(program(spin))))).toMatch(/ticks went by/)
              const before = steps
              yield* Effect.promise(() => after(5))
              expect(steps).toBe(before)
            }))
            expect(lines).toEqual([])
          }))
      }
    }

    it.live("callbacks where nobody waits: told in the log, once", () =>
      Effect.gen(function*() {
        let steps = 0
        const lines = yield* loggedBy(Effect.scoped(Effect.gen(function*() {
          const context = yield* Layer.build(VirtualLoop.layer({ maxTicks: 500 }))
          const loop = Context.get(context, EventLoop.EventLoop)
          const again = (): void => {
            steps++
            loop.callSoonUnsafe(again)
          }
          again()
          yield* Effect.promise(() => after(20))
          const before = steps
          yield* Effect.promise(() => after(5))
          expect(steps).toBe(before)
        })))
        expect(lines.map(({ error, level }) => [level, error])).toEqual([["Error", expect.any(SpinError)]])
      }))
  })

  it.live("a layer's user that spins ends with it, uninterruptible too", () =>
    Effect.gen(function*() {
      for (const user of [spin, Effect.uninterruptible(spin), Effect.forever(Effect.yieldNow)]) {
        const exit = yield* Effect.exit(Effect.provide(user, VirtualLoop.layer({ maxTicks: 500 })))
        expect(outcomeOf(exit)).toMatch(/^die 500 ticks went by/)
      }
    }))

  it.live("I/O gets its turn in the midst of many ticks", () =>
    Effect.gen(function*() {
      const main = Effect.gen(function*() {
        let heard = false
        setImmediate(() => {
          heard = true
        })
        let turns = 0
        while (!heard && turns < 500_000) {
          turns++
          yield* Effect.yieldNow
        }
        return heard
      })
      expect(yield* VirtualLoop.run(main)).toBe(true)
    }))
})
