/** Tokens: a schedule as text, and its replay. */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Result, Schema } from "effect"
import * as asyncio from "effect-asyncio"
import { Explore } from "effect-asyncio/testing"
import { exhibits } from "../../examples/races.ts"
import { kinds, type Move } from "../../src/testing/explore/moves.ts"
import { Paths } from "../../src/testing/explore/Paths.ts"
import type { Runs } from "../../src/testing/explore/Runs.ts"
import { Shrinker } from "../../src/testing/explore/shrink.ts"
import { decode, encode, type Token } from "../../src/testing/explore/token.ts"
import { effectRaces } from "./effectRaces.ts"

const patient = { timeLimit: "60 seconds" } as const

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const MoveOf = Schema.Struct({
  kind: Schema.Literals(kinds),
  path: Schema.Array(between(0, 1000)).check(Schema.isMaxLength(12)),
  slot: between(0, 2 ** 24),
  amount: between(1, 500)
})
const TokenOf = Schema.Struct({
  fingerprint: between(0, 0xffff),
  flags: between(0, 511),
  pause: between(0, 2 ** 40),
  moves: Schema.Array(MoveOf).check(Schema.isMaxLength(10))
})
const OriginOf = Schema.Struct({
  depth: between(1, 100),
  seed: between(0, 2 ** 40),
  number: between(0, 2 ** 40)
})

describe("decode(encode(x)) is x", () => {
  it.prop("of moves", [TokenOf], ([{ fingerprint, flags, moves, pause }]) => {
    const paths = new Paths()
    const content = moves.map(({ amount, kind, path, slot }): Move => ({
      kind,
      path: paths.of(path),
      slot,
      most: amount,
      amount
    }))
    const token: Token = { fingerprint, flags, pause, content: { moves: content } }
    expect(decode(encode(token, paths), paths)).toEqual(Result.succeed(token))
  })

  it.prop("of how a random schedule was made", [OriginOf], ([{ depth, number, seed }]) => {
    const paths = new Paths()
    for (const strategy of [{ pct: depth }, { random: depth / 128 }]) {
      const token: Token = { fingerprint: 1, flags: 2, pause: 3, content: { origin: { strategy, seed, number } } }
      expect(decode(encode(token, paths), paths)).toEqual(Result.succeed(token))
    }
  })

  it.prop("whatever the text is, it is a token or refused", [Schema.String], ([text]) => {
    decode(text, new Paths())
  })
})

const sameBytes = (a: string, b: string): boolean => Buffer.from(a, "base64url").equals(Buffer.from(b, "base64url"))

const check = (program: Effect.Effect<unknown, unknown, asyncio.EventLoop.EventLoop>, options?: Explore.Options) =>
  Effect.result(Explore.check(program, { ...patient, ...options }))

/** The failing schedule that a check finds. */
const found = (program: Effect.Effect<unknown, unknown, asyncio.EventLoop.EventLoop>, options?: Explore.Options) =>
  Effect.flatMap(
    check(program, options),
    (result) =>
      Result.isFailure(result) && result.failure._tag === "ScheduleError"
        ? Effect.succeed(result.failure)
        : Effect.die(new Error("found none"))
  )

describe("a token", () => {
  const options: ReadonlyArray<readonly [name: string, options: Explore.Options]> = [
    ["by default", {}],
    ["with order and cancellation", {
      vary: { order: true, cancel: true, how: "both" }
    }],
    ["as found", { strategy: { random: 0.5 }, shrinkRuns: 0 }]
  ]
  for (const [name, given] of options) {
    it.effect.each(Object.entries(exhibits))(`replays: %s, ${name}`, ([, { race }]) =>
      Effect.gen(function*() {
        for (const seed of [1, 2]) {
          const error = yield* found(race, { ...given, seed })
          const again = yield* found(race, { ...given, seed, replay: error.token })
          expect(error.token.length).toBeLessThanOrEqual(80)
          expect([again.kind, again.failing.steps]).toEqual([error.kind, error.failing.steps])
          expect(again.shrunk.map(String)).toEqual(error.shrunk.map(String))
          const run = yield* Explore.run(race, error.token, { ...patient, ...given, seed })
          expect(run.steps).toEqual(error.failing.steps)
        }
      }))
  }

  it.effect("of a schedule that is too long is that of how it was made", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        let sum = 0
        for (let i = 0; i < 200; i++) sum += yield* Explore.choose([0, 1])
        if (sum > 60) return yield* Effect.fail("too many")
      })
      const error = yield* found(program, { strategy: { random: 0.5 }, shrinkRuns: 0 })
      expect(error.found.length).toBeGreaterThan(60)
      expect(error.token.length).toBeLessThan(30)
      const again = yield* found(program, { strategy: { random: 0.5 }, replay: error.token })
      expect(again.failing).toEqual(error.failing)
    }))

  const { race } = exhibits["double-charge"]!
  const reasonOf = (program: typeof race, options: Explore.Options) =>
    Effect.map(
      check(program, options),
      (result) =>
        Result.isFailure(result) && result.failure._tag === "TokenError" ? result.failure.reason : "no TokenError"
    )

  it.effect("of a program that has changed since, or of other options, is refused", () =>
    Effect.gen(function*() {
      const { token } = yield* found(race)
      expect(yield* reasonOf(Effect.andThen(asyncio.sleep(1), race), { replay: token })).toBe("changed")
      expect(yield* reasonOf(race, { replay: token, vary: { order: true } })).toBe("changed")
      expect(yield* reasonOf(race, { replay: token, pause: "1 second" })).toBe("changed")
      expect(yield* reasonOf(race, { replay: "A" })).toBe("malformed")
      expect((yield* Effect.flip(Explore.run(race, "?"))).message).toBe(
        "\"?\" is not a token: it is damaged, or never was one"
      )
    }))

  it.effect("that is none, or damaged, is called so, and never one of another version", () =>
    Effect.gen(function*() {
      const { token } = yield* found(race)
      // One letter more, fewer or another one.
      const damaged = Array.from(token, (letter, at) =>
        token.slice(0, at) + (letter === "A" ? "B" : "A") + token.slice(at + 1))
      const junk = [
        "",
        "A",
        "hello",
        "AAAA",
        "AAAAAAAA",
        "BAAAAAAA",
        "no token!",
        token.slice(0, -1),
        `${token}A`,
        `${token}=`
      ]
      for (const replay of [...junk, ...damaged]) {
        expect([replay, yield* reasonOf(race, { replay })]).toEqual([replay, "malformed"])
      }
      expect(yield* reasonOf(race, { replay: "BAAAALw" })).toBe("version")
    }))

  it.effect("is one text: the same bytes written otherwise are refused", () =>
    Effect.gen(function*() {
      const { token } = yield* found(race)
      const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
      const same = Array.from(letters, (letter) => token.slice(0, -1) + letter)
        .filter((text) => text !== token && sameBytes(text, token))
      expect(same.length).toBeGreaterThan(0)
      for (const replay of same) expect(yield* reasonOf(race, { replay })).toBe("malformed")
    }))

  it.effect("may have whitespace around it, as a copy has", () =>
    Effect.gen(function*() {
      const { message, token } = yield* found(race)
      const again = yield* found(race, { replay: `\n\t ${token} \r\n` })
      expect(again.token).toBe(token)
      expect(again.message.split("\n").slice(2)).toEqual(message.split("\n").slice(2))
      expect((yield* Explore.run(race, ` ${token}\n`)).failure._tag).toBe("Some")
    }))

  it.effect("with a deviation that finds no place is refused", () =>
    Effect.gen(function*() {
      // The same in the written order, and another latency.
      const program = (name: string) =>
        Effect.gen(function*() {
          yield* Explore.latency("1 millis", name === "a" ? "80 millis" : "1 millis")
          if ((yield* asyncio.EventLoop.time) > 0.02) return yield* Effect.fail("late")
        })
      const { token } = yield* found(program("a"))
      expect(yield* reasonOf(program("b"), { replay: token })).toBe("changed")
    }))

  it.effect("of a written order that real time ends is that of any such: it ends elsewhere each time", () =>
    Effect.gen(function*() {
      const endless = Effect.forever(asyncio.sleep("1 second"))
      const first = yield* Effect.flip(Explore.check(endless, { timeLimit: "20 millis" }))
      if (first._tag !== "ScheduleError") return yield* Effect.die(first)
      const again = yield* Effect.flip(Explore.check(endless, { timeLimit: "50 millis", replay: first.token }))
      expect(again).toMatchObject({ _tag: "ScheduleError", kind: "spin", token: first.token })
    }))

  it.effect("of a mended program that takes the same steps passes", () =>
    Effect.gen(function*() {
      const program = (limit: number) =>
        Effect.gen(function*() {
          yield* Explore.latency("1 millis", "80 millis")
          if ((yield* asyncio.EventLoop.time) > limit) return yield* Effect.fail("late")
        })
      const { token } = yield* found(program(0.02))
      const result = yield* check(program(1), { replay: token })
      expect(Result.isSuccess(result)).toBe(true)
    }))
})

describe("a schedule made smaller", () => {
  it.effect.each(Object.entries(exhibits))(
    "%s: without any of its deviations it does not fail so",
    ([, { race }]) =>
      Effect.gen(function*() {
        const options = { strategy: { random: 0.4 }, vary: { order: true, cancel: true } } as const
        const error = yield* found(race, options)
        // Shrunk again nothing goes: the replay is the schedule itself.
        const again = yield* found(race, { ...options, replay: error.token })
        expect(again.shrunk.length).toBe(error.shrunk.length)
        expect(error.shrunk.length).toBeLessThanOrEqual(error.found.length)
        if (error.passing._tag === "Some") {
          expect(error.passing.value.deviations.length).toBe(error.shrunk.length - 1)
        }
      })
  )

  it.effect("prefers what can happen", () =>
    Effect.gen(function*() {
      const { race } = exhibits["lost-wakeup"]!
      const options = { vary: { order: true, cancel: true }, strategy: { random: 0.3 } } as const
      const errors = yield* Effect.forEach([1, 2, 3, 4, 5], (seed) => found(race, { ...options, seed }))
      expect(errors.map(({ canHappen }) => canHappen)).toEqual([true, true, true, true, true])
    }))

  it.effect("many small yields are one long one, where that fails as well", () =>
    Effect.gen(function*() {
      /** Fails if the one takes seven ticks longer than written. */
      const program = Effect.gen(function*() {
        let isLate = false
        const work = Effect.gen(function*() {
          for (let i = 0; i < 30; i++) yield* Effect.sync(() => i)
          return isLate
        })
        const other = Effect.gen(function*() {
          for (let i = 0; i < 6; i++) yield* Effect.yieldNow
          isLate = true
        })
        const fibers = [yield* Effect.forkChild(work), yield* Effect.forkChild(other)]
        if ((yield* Fiber.joinAll(fibers))[0] === true) return yield* Effect.fail("late")
      })
      for (const options of [{ vary: { operations: true } }, { vary: { operations: true, order: true } }]) {
        const error = yield* found(program, { ...options, strategy: { random: 0.5 } })
        expect(error.found.filter(({ kind }) => kind === "yield").length).toBeGreaterThan(7)
        expect(error.shrunk.map(({ amount, kind }) => [kind, amount])).toEqual([["yield", 7]])
        expect(String(error.shrunk[0])).toMatch(/^'fork 1 of Task-1' yields before its operation \d+, for 7 ticks$/)
        expect(error.canHappen).toBe(true)
        const again = yield* found(program, { ...options, replay: error.token })
        expect(again.failing).toEqual(error.failing)
      }
    }))

  it.effect("what no leaving out makes small is found small elsewhere", () =>
    Effect.gen(function*() {
      const { race, vary } = effectRaces["lost-wakeup"]!
      const errors = yield* Effect.forEach([1, 2, 3, 4, 5], (seed) => found(race, { vary, seed }))
      expect(errors.map(({ found }) => found.length > 10)).toEqual([true, true, true, true, true])
      expect(errors.map(({ shrunk }) => shrunk.length)).toEqual([2, 2, 2, 2, 2])
    }))

  it.effect("so are many small delays", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        let isLate = false
        const work = Effect.gen(function*() {
          for (let i = 0; i < 10; i++) yield* asyncio.sleep(0)
          return isLate
        })
        const other = Effect.gen(function*() {
          for (let i = 0; i < 16; i++) yield* asyncio.sleep(0)
          isLate = true
        })
        const [late] = yield* asyncio.gather([work, other])
        if (late) return yield* Effect.fail("late")
      })
      const error = yield* found(program, { vary: { order: true }, strategy: { random: 0.5 } })
      expect(error.found.length).toBeGreaterThan(1)
      expect(error.shrunk.map(({ amount, kind }) => [kind, amount])).toEqual([["delay", 7]])
    }))

  it.effect("of thousands of deviations ends with its time, whatever is left to try", () =>
    Effect.gen(function*() {
      const moves = Array.from(
        { length: 2000 },
        (_, slot): Move => ({ kind: "choice", path: 0, slot, most: 1, amount: 1 })
      )
      const failure = { kind: "failed", error: undefined, message: "no" } as const
      for (const limit of [0, 1, 20, 1500]) {
        let runs = 0
        let asked = 0
        // It is late after so many runs, of which only the first fails.
        const shrinker = new Shrinker(
          {
            exploration: { settings: { shrinkRuns: 1_000_000 } },
            get isLate() {
              if (runs >= limit) asked++
              return runs >= limit
            },
            run: () => Effect.sync(() => ({ result: { failure: runs++ === 0 ? failure : undefined } }))
          } as unknown as Runs,
          failure
        )
        const shrunk = yield* shrinker.shrink(moves)
        expect(shrunk).toEqual(moves)
        expect([runs, shrinker.count]).toEqual([limit, limit])
        // Once it is late it does not ask for each of those that are left.
        expect(asked).toBeLessThan(20)
      }
    }))
})
