/** Determinism, and that no state of a run is outside of it: checks at once, one inside of another, interrupted ones. */
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Option, Random, Result } from "effect"
import * as asyncio from "effect-asyncio"
import { Explore, VirtualLoop } from "effect-asyncio/testing"
import { readFileSync } from "node:fs"
import { exhibits } from "../../examples/races.ts"

const { createTask, EventLoop, gather, sleep } = asyncio

const patient = { timeLimit: "60 seconds" } as const
const { fixed, race } = exhibits["cache-stampede"]!

const globals = () => [
  Math.random,
  Date.now,
  performance.now,
  crypto.randomUUID,
  setTimeout,
  setInterval,
  setImmediate,
  queueMicrotask
]

describe("a program that is not the same twice", () => {
  const noting = (value: () => unknown) => Effect.flatMap(Effect.sync(value), (value) => Explore.note(String(value)))
  let n = 0
  const sources: ReadonlyArray<readonly [name: string, value: () => unknown]> = [
    ["Math.random", () => Math.random()],
    ["performance.now", () => performance.now()],
    ["crypto.randomUUID", () => crypto.randomUUID()],
    ["Date.now", () => `${Date.now()} ${n++}`],
    ["setTimeout", () => {
      clearTimeout(setTimeout(() => {}, 1))
      return n++
    }],
    ["queueMicrotask", () => {
      queueMicrotask(() => {})
      return n++
    }]
  ]
  it.effect.each(sources)("names %s, where, and whose step it was", ([name, value]) =>
    Effect.gen(function*() {
      const program = Effect.flatMap(createTask(noting(value), { name: "worker" }), asyncio.Task.join)
      const before = globals()
      const error = yield* Effect.flip(Explore.check(program))
      expect(globals()).toEqual(before)
      expect(error._tag).toBe("NotDeterministicError")
      expect(error.message).toContain("differed at step ")
      expect(error.message).toMatch(new RegExp(`${name} at .*isolation\\.test\\.ts:\\d+:\\d+, in 'worker'`))
    }))

  it.effect("says that state is outside where nothing was called", () =>
    Effect.gen(function*() {
      let count = 0
      const error = yield* Effect.flip(Explore.check(Effect.sync(() => ++count)))
      expect(error).toMatchObject({ _tag: "NotDeterministicError", sources: [] })
      expect(error.message).toContain("has changed something outside of the\nprogram")
      if (error._tag !== "NotDeterministicError") return
      expect([error.first, error.second].map((step) => Option.getOrThrow(step).what)).toEqual([
        "ends with 1",
        "ends with 2"
      ])
    }))

  it.effect("a Map whose order hangs on what came before", () =>
    Effect.gen(function*() {
      const cache = new Map<string, number>()
      const program = Effect.gen(function*() {
        for (const key of cache.keys()) yield* Explore.note(key)
        cache.set("a", 1)
        yield* Effect.forEach(cache.keys(), (key) => createTask(sleep(1), { name: key }))
        yield* sleep(2)
      })
      expect((yield* Effect.flip(Explore.check(program)))._tag).toBe("NotDeterministicError")
    }))

  it.effect("Effect's own Random by seed is the same, and so is the virtual clock", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        yield* sleep(yield* Random.nextIntBetween(1, 10))
        return yield* EventLoop.time
      }).pipe(Random.withSeed(1))
      yield* Explore.check(program, patient)
    }))

  it.effect("Effect's Random is named by the line of the program, in a fiber too, and what makes it the same", () =>
    Effect.gen(function*() {
      const draw = Effect.gen(function*() {
        yield* sleep(1)
        const value = yield* Effect.map(Random.next, (n) => n * 2) // here
        yield* Explore.note(String(value))
      })
      const source = readFileSync(import.meta.filename, "utf8").split("\n")
      const line = source.findIndex((line) => line.endsWith("// here")) + 1
      for (const program of [Effect.flatMap(createTask(draw, { name: "worker" }), asyncio.Task.join), draw]) {
        const error = yield* Effect.flip(Explore.check(program))
        if (error._tag !== "NotDeterministicError") throw error
        expect(error.sources).toEqual([
          expect.stringMatching(
            new RegExp(`^Effect's Random at .*isolation\\.test\\.ts:${line}:\\d+, in '(worker|Task-1)'$`)
          )
        ])
        expect(error.message).toMatch(
          /\nwith a seed, Effect's Random is the same each time: Random\.withSeed\(program, 1\)$/
        )
        yield* Explore.check(Random.withSeed(program, 1), patient)
      }
    }))

  it.effect("names what the program calls, and none of the library's own calls", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const queue = yield* asyncio.Queue.make<number>({ maxsize: 1 })
        const worker = Effect.gen(function*() {
          for (let i = 0; i < 3; i++) yield* asyncio.Queue.put(queue, i)
          yield* asyncio.timeout("1 second", () => Effect.promise(() => Promise.resolve(1)))
          yield* yield* asyncio.Future.fromPromise(Promise.resolve(1))
        })
        yield* createTask(worker, { name: "worker" })
        for (let i = 0; i < 3; i++) yield* asyncio.Queue.get(queue)
        yield* sleep(5)
        yield* Explore.note(String(Math.random()))
      })
      const error = yield* Effect.flip(Explore.check(program, { outside: true, leaks: false }))
      if (error._tag !== "NotDeterministicError") throw error
      expect(error.sources).toEqual([
        expect.stringMatching(/^Math\.random at .*isolation\.test\.ts:\d+:\d+, in 'Task-1'$/)
      ])
    }))

  it.effect("one that calls them and does the same is let be", () =>
    Effect.gen(function*() {
      const before = globals()
      yield* Explore.check(Effect.asVoid(Effect.sync(() => Math.random())))
      expect(globals()).toEqual(before)
    }))
})

describe("promises", () => {
  const promise = Effect.promise(() => Promise.resolve("heard"))
  it.effect("are not heard, and the report says so", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Explore.check(promise))
      expect(error).toMatchObject({ _tag: "ScheduleError", kind: "deadlock" })
      expect(error.message).toContain("outside: true")
    }))

  it.effect("are with `outside`, and so are the host's timers", () =>
    Effect.gen(function*() {
      const timer = Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 1)))
      // One after the other: what comes from outside at its own time is not the same twice.
      const program = promise.pipe(Effect.andThen(timer), Effect.andThen(gather([Explore.latency(1, 2), sleep(1)])))
      const { runs } = yield* Explore.check(program, { ...patient, outside: true, runs: 5 })
      expect(runs).toBe(5)
    }))
})

describe("with `outside`", () => {
  const programs = {
    "a promise alone": Effect.promise(() => Promise.resolve(1)),
    "one that is rejected, and caught": Effect.ignore(Effect.tryPromise(() => Promise.reject(new Error("no")))),
    "a microtask": Effect.callback<number>((resume) => queueMicrotask(() => resume(Effect.succeed(1)))),
    "a promise after a sleep": Effect.andThen(sleep(1), Effect.promise(() => Promise.resolve(1)))
  }
  for (const [name, program] of Object.entries(programs)) {
    it.effect(`${name} is the same program twice`, () =>
      Effect.gen(function*() {
        const { failure, steps } = yield* Explore.run(program, undefined, { outside: true })
        expect([Option.isNone(failure), steps.at(-1)!.what]).toEqual([true, expect.stringMatching(/^ends/)])
        yield* Explore.check(program, { ...patient, outside: true, runs: 10 })
      }))
  }
})

describe("checks", () => {
  it.live("at once do not meet", () =>
    Effect.gen(function*() {
      const one = (program: typeof race, seed: number) =>
        Effect.result(Explore.check(program, { ...patient, seed, strategy: { random: 0.2 }, runs: 300 }))
      const alone = yield* Effect.forEach([1, 2, 3], (seed) => one(race, seed))
      const together = yield* Effect.all(
        [one(race, 1), one(fixed, 1), one(race, 2), one(race, 3)],
        { concurrency: "unbounded" }
      )
      const tokens = (results: ReadonlyArray<Result.Result<unknown, unknown>>) =>
        results.flatMap((result) =>
          Result.isFailure(result) && result.failure instanceof Explore.ScheduleError ? [result.failure.token] : []
        )
      expect(tokens(alone).length).toBe(3)
      expect(tokens(together)).toEqual(tokens(alone))
    }))

  it.effect("inside of a check", () =>
    Effect.gen(function*() {
      const inner = Effect.map(
        Effect.flip(Explore.check(race, { ...patient, shrinkRuns: 5 })),
        ({ message }) => message
      )
      const outer = Effect.gen(function*() {
        yield* Explore.latency(1, 8)
        const message = yield* inner
        yield* sleep("1 second")
        return message
      })
      const { distinct, runs } = yield* Explore.check(outer, { ...patient, runs: 5 })
      expect([distinct, runs]).toEqual([3, 5])
    }))

  it.live("inside of a virtual loop", () =>
    Effect.gen(function*() {
      const error = yield* VirtualLoop.run(Effect.flip(Explore.check(race, patient)))
      expect(error._tag).toBe("ScheduleError")
    }))

  it.live("that are interrupted leave nothing behind", () =>
    Effect.gen(function*() {
      const before = globals()
      const log: Array<string> = []
      const started = yield* Deferred.make<void>()
      let closed = 0
      const program = Effect.gen(function*() {
        yield* Effect.addFinalizer(() => Effect.sync(() => closed++))
        yield* createTask(Effect.onInterrupt(sleep("1 hour"), () => Effect.sync(() => void log.push("cancelled"))))
        yield* Deferred.succeed(started, undefined)
        return yield* Effect.forever(sleep(1))
      }).pipe(Effect.scoped)
      const fiber = yield* Effect.forkChild(Explore.check(program, patient))
      yield* Deferred.await(started)
      yield* Fiber.interrupt(fiber)
      expect(globals()).toEqual(before)
      expect([log, closed]).toEqual([["cancelled"], 1])
      const exit = yield* Fiber.await(fiber)
      expect(Exit.hasInterrupts(exit)).toBe(true)
    }))

  it.live("with `outside` that are interrupted, too", () =>
    Effect.gen(function*() {
      let closed = 0
      const started = yield* Deferred.make<void>()
      const program = Effect.gen(function*() {
        yield* Deferred.succeed(started, undefined)
        yield* Effect.promise(() => new Promise(() => {}))
      }).pipe(Effect.onInterrupt(() => Effect.sync(() => closed++)))
      const fiber = yield* Effect.forkChild(Explore.check(program, { ...patient, outside: true }))
      yield* Deferred.await(started)
      yield* Fiber.interrupt(fiber)
      expect(closed).toBe(1)
    }))

  it.effect("log nothing; of a replay's runs the replayed one does", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const logger = yield* Effect.map(Effect.context<never>(), () => lines)
      const program = Effect.gen(function*() {
        yield* Effect.logInfo("here")
        yield* Explore.fault("no")
      })
      const { Logger } = yield* Effect.promise(() => import("effect"))
      const layer = Logger.layer([Logger.make(({ message }) => void logger.push(String(message)))])
      const error = yield* Effect.provide(Effect.flip(Explore.check(program, patient)), layer)
      expect(lines).toEqual([])
      if (error._tag !== "ScheduleError") throw error
      yield* Effect.provide(Effect.flip(Explore.check(program, { ...patient, replay: error.token })), layer)
      // Once: the written order, and the run that passes, are not what one wants to read.
      expect(lines).toEqual(["here"])
    }))
})
