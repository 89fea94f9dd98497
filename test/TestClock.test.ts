/** Effect's own way to test time: fork, adjust once, join. */
import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer, type Scheduler } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Task } from "effect-asyncio"
import { TestLoop } from "effect-asyncio/testing"
import { TestClock } from "effect/testing"
import type { Entry } from "../src/internal/kernel/Entry.ts"
import { ForeignQueue } from "../src/internal/kernel/ForeignQueue.ts"
import { runtimeSteps } from "../src/internal/waiting/runtimeSteps.ts"
import { defectOf, loggedBy, type Program } from "./support/loops.ts"
import { expectedOf, nested, programs, recorded } from "./support/timedPrograms.ts"

const { createTask, gather, sleep } = asyncio

const forkAdjustJoin = <A, E, R>(run: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(run)
    yield* TestClock.adjust("10 seconds")
    return yield* Fiber.join(fiber)
  })

const asTask = (run: Program) => Effect.flatMap(createTask(run), Task.join)

/** Beside three tasks and a bare fiber that yield for ever. */
const besideSpinners = (run: Program): Program =>
  Effect.gen(function*() {
    for (let i = 0; i < 3; i++) yield* createTask(Effect.forever(sleep(0)))
    const fiber = yield* Effect.forkDetach(Effect.forever(Effect.yieldNow))
    return yield* Effect.ensuring(run, Fiber.interrupt(fiber))
  })

/** Where the program's loop is. */
const places: Readonly<Record<string, (run: Program) => Effect.Effect<unknown, unknown>>> = {
  "on a loop of its own": (run) => forkAdjustJoin(EventLoop.provide(run)),
  "on a loop inside of a loop": (run) => forkAdjustJoin(EventLoop.provide(asTask(EventLoop.provide(run)))),
  "on the loop of the test": (run) => forkAdjustJoin(run).pipe(Effect.provide(TestLoop.layer())),
  "as a task of the test": (run) =>
    Effect.gen(function*() {
      const task = yield* createTask(run)
      yield* TestClock.adjust("10 seconds")
      return yield* Task.result(task)
    }).pipe(Effect.provide(TestLoop.layer())),
  "beside those that yield for ever": (run) => forkAdjustJoin(EventLoop.provide(besideSpinners(run))),
  "beside those that yield for ever, on the loop of the test": (run) =>
    forkAdjustJoin(besideSpinners(run)).pipe(Effect.provide(TestLoop.layer())),
  "with the TestClock inside of a loop": (run) =>
    EventLoop.provide(forkAdjustJoin(EventLoop.provide(run)).pipe(Effect.provide(TestClock.layer())))
}

for (const [name, program] of Object.entries(programs)) {
  describe(name, () => {
    for (const [place, forkAdjustJoin] of Object.entries(places)) {
      it.effect(`one adjust, ${place}`, () =>
        Effect.gen(function*() {
          const expected = yield* expectedOf(program)
          const [run, lines] = recorded(program)
          // TestClock logs a warning when what it woke does not come to rest.
          expect(yield* loggedBy(forkAdjustJoin(run))).toEqual([])
          expect(lines).toEqual(expected)
          expect(lines.length).toBeGreaterThan(0)
        }))
    }

    it.effect.each([["", (run: Program) => run], [", beside those that yield for ever", besideSpinners]] as const)(
      "steps of 10 ms see each state at its moment%s",
      ([, beside]) =>
        Effect.gen(function*() {
          const expected = yield* expectedOf(program)
          const [run, lines] = recorded(program)
          const fiber = yield* Effect.forkChild(EventLoop.provide(beside(run)))
          for (let millis = 10; fiber.pollUnsafe() === undefined; millis += 10) {
            yield* TestClock.adjust("10 millis")
            expect([millis, lines]).toEqual([millis, expected.filter(([at]) => at <= millis)])
          }
          expect(lines).toEqual(expected)
        })
    )
  })
}

describe("TestLoop", () => {
  const onTestLoop = <A, E>(test: Effect.Effect<A, E, EventLoop.EventLoop>) =>
    test.pipe(Effect.provide(TestLoop.layer().pipe(Layer.provideMerge(TestClock.layer()))))

  it.live("setTime moves it, too", () =>
    onTestLoop(Effect.gen(function*() {
      const task = yield* createTask(gather([sleep("1 hour", "a"), nested(5, () => Effect.void)]))
      yield* TestClock.setTime(3_599_999)
      expect(Task.done(task)).toBe(false)
      yield* TestClock.setTime(3_600_000)
      expect(Task.done(task)).toBe(true)
      expect([yield* EventLoop.time, yield* Clock.currentTimeMillis]).toEqual([3600, 3_600_000])
    })))

  it.live("what comes after an adjust is on the loop", () =>
    onTestLoop(Effect.gen(function*() {
      const lines: Array<string> = []
      yield* TestClock.adjust("1 second")
      yield* EventLoop.callSoon(() => lines.push("callback"))
      yield* createTask(Effect.sync(() => lines.push("task")))
      yield* sleep(0)
      expect(lines).toEqual(["callback", "task"])
    })))

  it.live("callbacks have its clock", () =>
    onTestLoop(Effect.gen(function*() {
      const loop = yield* EventLoop.EventLoop
      const times: Array<number> = []
      const every = () => {
        times.push(loop.timeUnsafe())
        loop.callLaterUnsafe("1 second", every)
      }
      loop.callSoonUnsafe(every)
      yield* TestClock.adjust("3 seconds")
      expect(times).toEqual([0, 1, 2, 3])
    })))

  it.live("withLive is the live clock", () =>
    onTestLoop(Effect.gen(function*() {
      const [virtual, live] = [yield* Clock.currentTimeMillis, yield* TestClock.withLive(Clock.currentTimeMillis)]
      expect([virtual, live > 1e12]).toEqual([0, true])
    })))

  it.live("where the clock is no TestClock it dies with RuntimeError", () =>
    Effect.gen(function*() {
      const defect = yield* defectOf(Effect.provide(Effect.void, TestLoop.layer()))
      expect(defect).toBeInstanceOf(asyncio.RuntimeError)
      expect(defect.message).toBe("TestLoop.layer: the clock here is not a TestClock")
    }))
})

describe("turns of a scheduler that is not the loop's", () => {
  /** A dispatcher that runs its turns when told, in batches as Effect's does: what throws takes its batch with it. */
  class Turns implements Scheduler.SchedulerDispatcher {
    turns: Array<() => void> = []
    scheduleTask(task: () => void): void {
      this.turns.push(task)
    }
    batch(): void {
      for (const turn of this.turns.splice(0)) turn()
    }
    flush(): void {
      while (this.turns.length > 0) this.batch()
    }
  }

  const setup = () => {
    const turns = new Turns()
    const queue = new ForeignQueue(turns, runtimeSteps)
    const seen: Array<string> = []
    const entry = (name: string, run = () => {}): Entry => ({
      what: "internal",
      owner: undefined,
      run: () => {
        seen.push(name)
        run()
      }
    })
    const spin = (): void => queue.schedule(entry("spin", spin), 0)
    return { entry, queue, seen, spin, turns }
  }

  it("each entry asks for one; the first runs what is ready, tick after tick, the others nothing", () => {
    const { entry, queue, seen, turns } = setup()
    queue.schedule(entry("a", () => queue.schedule(entry("c", () => queue.schedule(entry("d"), 0)), 0)), 0)
    queue.schedule(entry("b"), 0)
    expect(turns.turns).toHaveLength(2)
    turns.turns.shift()!()
    expect(seen).toEqual(["a", "b", "c", "d"])
    expect(turns.turns).toHaveLength(3)
    turns.flush()
    expect(seen).toHaveLength(4)
  })

  it("a turn that comes before its entry runs it, whatever the others did", () => {
    const { entry, queue, seen, turns } = setup()
    queue.schedule(entry("a"), 0)
    turns.turns.shift()!()
    queue.schedule(entry("b"), 0)
    turns.turns.shift()!()
    expect(seen).toEqual(["a", "b"])
  })

  it("a tick keeps its order: timers are collected first and fire last", () => {
    const { entry, queue, seen, turns } = setup()
    queue.schedule(entry("fire"), 1)
    queue.schedule(entry("step", () => queue.schedule(entry("next tick"), 0)), 0)
    queue.schedule(entry("collect"), -1)
    turns.flush()
    expect(seen).toEqual(["collect", "step", "fire", "next tick"])
  })

  it("one that spins alone runs 2048 times a batch, and asks for no more turns", () => {
    const { queue, seen, spin, turns } = setup()
    spin()
    for (let batch = 1; batch <= 20; batch++) {
      turns.batch()
      expect([seen.length, turns.turns.length, queue.size]).toEqual([2048 * batch, 2048, 1])
    }
  })

  it("a hundred that spin have 64 ticks a batch", () => {
    const { queue, seen, spin, turns } = setup()
    for (let i = 0; i < 100; i++) spin()
    for (let batch = 1; batch <= 5; batch++) {
      turns.batch()
      expect([seen.length, turns.turns.length, queue.size]).toEqual([6400 * batch, 6400, 100])
    }
  })

  it.each([[-1, 0, 0, 1], [0, 0, 0], [1, 1]])("an entry that throws takes no other with it: %s", (...priorities) => {
    for (const index of priorities.keys()) {
      const { entry, queue, seen, turns } = setup()
      for (const [i, priority] of priorities.entries()) {
        queue.schedule(
          entry(`${i}`, () => {
            if (i === index) throw new Error("thrown")
          }),
          priority
        )
      }
      expect(() => turns.batch()).toThrow("thrown")
      turns.flush()
      expect(seen.toSorted()).toEqual(Array.from(priorities.keys(), String))
    }
  })

  it("an entry may flush the queue", () => {
    const { entry, queue, seen, turns } = setup()
    queue.schedule(
      entry("a", () => {
        queue.schedule(entry("c"), 0)
        queue.flush()
        seen.push("flushed")
        queue.schedule(entry("d"), 0)
      }),
      0
    )
    for (const name of ["b1", "b2", "b3"]) queue.schedule(entry(name), 0)
    queue.schedule(entry("fire"), 1)
    turns.flush()
    expect(seen).toEqual(["a", "b1", "b2", "b3", "c", "flushed", "d", "fire"])
  })
})
