/** `Explore.check`: what it finds, what it says, what it leaves alone. */
import { describe, expect, it } from "@effect/vitest"
import { Cause, Data, Effect, Exit, Option } from "effect"
import * as asyncio from "effect-asyncio"
import { Explore } from "effect-asyncio/testing"

const { createTask, gather, Lock, Queue, sleep, Task, timeout } = asyncio

type Program = Effect.Effect<unknown, unknown, asyncio.EventLoop.EventLoop>

/** Time for a machine that is busy: what a check does is bounded by its runs here. */
const patient = { timeLimit: "60 seconds" } as const

const failing = (program: Program, options?: Explore.Options) =>
  Effect.flip(Explore.check(program, { ...patient, ...options })).pipe(
    Effect.flatMap((error) =>
      error._tag === "ScheduleError" ? Effect.succeed(error) : Effect.die(new Error(error.message))
    )
  )

const passing = (program: Program, options?: Explore.Options) => Explore.check(program, { ...patient, ...options })

/** Sold twice, if the first buyer is slower than the second comes later. */
const soldTwice = Effect.gen(function*() {
  let stock = 1
  const buy = Effect.gen(function*() {
    if (stock === 0) return
    yield* Explore.latency("1 millis", "50 millis")
    stock--
  })
  yield* gather([buy, Effect.andThen(sleep("10 millis"), buy)])
  if (stock < 0) return yield* Effect.die(new Error("sold twice"))
})

describe("what differs", () => {
  const kinds = (error: Explore.ScheduleError) => error.shrunk.map(String)

  it.effect("a latency is longer", () =>
    Effect.gen(function*() {
      const error = yield* failing(soldTwice)
      expect(kinds(error)).toEqual(["latency 1 of 'Task-2' takes 15 ms"])
      expect([error.kind, error.canHappen, String(error.error)]).toEqual(["died", true, "Error: sold twice"])
    }))

  it.effect("a fault strikes", () =>
    Effect.gen(function*() {
      class Refused extends Data.TaggedError("Refused") {}
      const error = yield* failing(Effect.andThen(sleep(1), Explore.fault(() => new Refused())))
      expect(kinds(error)).toEqual(["fault 1 of 'Task-1' strikes"])
      expect([error.kind, error.error]).toEqual(["failed", new Refused()])
    }))

  it.effect("another value is chosen", () =>
    Effect.gen(function*() {
      const error = yield* failing(
        Effect.flatMap(Explore.choose([1, 2, 3]), (n) => n === 3 ? Effect.fail("three") : Effect.void)
      )
      expect(kinds(error)).toEqual(["choice 1 of 'Task-1' takes value 3 of 3: 3"])
    }))

  it.effect("the host pauses: a deadline comes before what is ready", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        let isLate = false
        const first = Effect.gen(function*() {
          yield* sleep("10 millis")
          yield* sleep(0)
          yield* sleep(0)
          return isLate
        })
        const second = Effect.andThen(sleep("30 millis"), Effect.sync(() => void (isLate = true)))
        const [late] = yield* gather([first, second])
        if (late) return yield* Effect.fail("late")
      })
      const error = yield* failing(program)
      expect(kinds(error)).toEqual(["time passes before the tick of 'Task-2' step 2, to the next deadline"])
      expect((yield* passing(program, { pause: "10 millis" })).points).toBe(0)
    }))

  it.effect("an open timeout strikes between a wake and the step", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const queue = yield* Queue.make<number>()
        let taken = 0
        const take = Effect.map(Queue.get(queue), (item) => taken = item)
        const getter = yield* createTask(
          timeout("1 second", () => take).pipe(Effect.catchTag("TimeoutError", () => Effect.void))
        )
        yield* sleep(1)
        yield* Queue.put(queue, 1)
        yield* Task.join(getter)
        if (taken === 0 && Queue.empty(queue)) return yield* Effect.fail("an item is lost")
        if (taken === 0) return yield* Effect.fail("too late")
      })
      const error = yield* failing(program)
      expect([kinds(error), error.error]).toEqual([
        ["a timeout of 'Task-2' strikes early, right before its step 2"],
        "too late"
      ])
    }))

  const chain = (log: Array<string>) =>
    Effect.gen(function*() {
      const say = (name: string) => Effect.andThen(sleep(0), Effect.sync(() => log.push(name)))
      yield* gather([say("a"), say("b")])
    })
  const ordered = Effect.gen(function*() {
    const log: Array<string> = []
    yield* chain(log)
    if (log.join() !== "a,b") return yield* Effect.fail(`order ${log}`)
  })

  it.effect("order, only if it is asked for; and then it is fragile", () =>
    Effect.gen(function*() {
      yield* passing(ordered)
      const error = yield* failing(ordered, { vary: { order: true } })
      expect(kinds(error)).toEqual(["'Task-2' step 1 comes 1 tick later"])
      expect([error.canHappen, error.message.split(":")[0]]).toEqual([false, "fragile"])
    }))

  const guarded = Effect.gen(function*() {
    const lock = yield* Lock.make
    let isDirty = false
    const work = Lock.withLock(
      lock,
      Effect.andThen(
        Effect.sync(() => void (isDirty = true)),
        Effect.andThen(sleep(1), Effect.sync(() => void (isDirty = false)))
      )
    )
    const tasks = [yield* createTask(work, { name: "a" }), yield* createTask(work, { name: "b" })]
    yield* asyncio.wait(tasks)
    if (isDirty) return yield* Effect.fail("dirty")
  })

  it.effect("cancellation, of those who are picked", () =>
    Effect.gen(function*() {
      yield* passing(guarded)
      const error = yield* failing(guarded, { vary: { cancel: true } })
      expect([kinds(error), error.canHappen]).toEqual([["'b' is cancelled right after its step 2"], false])
      expect(error.message.split("\n")[0]).toBe("can happen if it is cancelled: failed: dirty")
      yield* passing(guarded, { vary: { cancel: () => false } })
      const interrupted = yield* failing(guarded, { vary: { cancel: (name) => name === "b", how: "interrupt" } })
      expect(kinds(interrupted)).toEqual(["'b' is interrupted right after its step 2"])
    }))

  it.effect("the program knows who was cancelled", () =>
    Effect.gen(function*() {
      const seen = new Set<string>()
      const program = Effect.gen(function*() {
        const task = yield* createTask(sleep(1), { name: "a" })
        yield* Task.await(task)
        seen.add(Array.from(yield* Explore.cancelled).join())
      })
      yield* passing(program, { vary: { cancel: true } })
      expect(seen).toEqual(new Set(["", "a"]))
    }))
})

describe("what is a failure", () => {
  const cases: ReadonlyArray<readonly [kind: Explore.Kind, program: Program, message: RegExp]> = [
    ["failed", Effect.fail("no"), /^in the written order: failed: no$/m],
    ["died", Effect.die(new Error("broken")), /^in the written order: died: broken$/m],
    ["deadlock", Effect.flatMap(asyncio.Event.make, asyncio.Event.wait), /nothing is ready, nothing is scheduled/],
    ["spin", Effect.forever(Effect.yieldNow), /10000 ticks went by without time passing/],
    ["unseen", Effect.andThen(createTask(Effect.fail("alone")), sleep(1)), /unseen: alone/],
    ["leak", createTask(Effect.never, { name: "left" }), /main is done, and these tasks are not:\n.*name='left'/],
    ["invariant", Effect.andThen(Explore.always("never", () => false), sleep(1)), /invariant: "never" does not hold/],
    [
      "invariant",
      Effect.andThen(
        Explore.always("throws", () => {
          throw new Error("oh")
        }),
        sleep(1)
      ),
      /"throws" does not hold: oh/
    ],
    ["failed", Effect.interrupt, /failed: main was cancelled/]
  ]
  it.effect.each(cases)("%s", ([kind, program, message]) =>
    Effect.gen(function*() {
      const error = yield* failing(program)
      expect(error.kind).toBe(kind)
      expect(error.message).toMatch(message)
      expect([error.found, error.shrunk, Option.isNone(error.passing)]).toEqual([[], [], true])
    }))

  it.effect("tasks that are left, unless `leaks` is false", () => passing(createTask(Effect.never), { leaks: false }))

  it.effect("that main ends cancelled is none if the schedule has cancelled somebody", () =>
    Effect.gen(function*() {
      const program = Effect.flatMap(createTask(sleep(1), { name: "a" }), Task.join)
      const { distinct } = yield* passing(program, { vary: { cancel: true, how: "both" } })
      expect(distinct).toBeGreaterThan(1)
    }))

  it.effect("a run that does not end is ended, and reported", () =>
    Effect.gen(function*() {
      const error = yield* failing(Effect.forever(sleep(1)), { timeLimit: "50 millis" })
      expect(error.message).toMatch(/spin: after \d+ ms of real time the run had not ended: .*'Task-1'/)
    }))
})

describe("the report", () => {
  const report = `can happen: died: sold twice
found in run 3; 1 deviation from the written order, shrunk to 1 in 5 runs
replay: Explore.check(program, { replay: "TOKEN" })

as written, except:
  latency 1 of 'Task-2' takes 15 ms

  this run fails                                    | as written, it passes
----------------------------------------------------+----------------------
       0 ms Task-1: waits for gather                |      0 ms Task-1: waits for gather
       0 ms Task-2: waits for a timer [takes 15 ms] |      0 ms Task-2: waits for a timer
       0 ms Task-3: waits for a timer               |      0 ms Task-3: waits for a timer
*     10 ms Task-3: waits for a timer               |      1 ms Task-2: ends
      11 ms Task-3: ends                            |     10 ms Task-3: ends
*     15 ms Task-2: ends                            |     10 ms Task-1: ends
*     15 ms Task-1: fails: sold twice               |`

  it.effect("is the message, byte for byte", () =>
    Effect.gen(function*() {
      const error = yield* failing(soldTwice, { timeLimit: undefined })
      expect(error.message).toBe(report.replace("TOKEN", error.token))
    }))

  it.effect("says it with colours where Node's `inspect` has them", () =>
    Effect.gen(function*() {
      const { inspect } = yield* Effect.promise(() => import("node:util"))
      const error = yield* failing(soldTwice)
      expect(inspect(error)).toBe(`ScheduleError: ${error.message}`)
      const coloured = inspect(error, { colors: true })
      expect(coloured).toContain("\u001B[31m")
      // oxlint-disable-next-line no-control-regex
      expect(coloured.replaceAll(/\u001B\[\d+m/g, "")).toBe(`ScheduleError: ${error.message}`)
    }))

  it.effect("has the options that a replay depends on", () =>
    Effect.gen(function*() {
      const vary = { order: true, cancel: (name: string) => name === "b" }
      const error = yield* failing(soldTwice, { vary, pause: "20 millis", seed: 7 })
      expect(error.message).toContain(
        `{ vary: { order: true, cancel: (name) => name === "b" }, pause: "20 millis", replay: "${error.token}" }`
      )
    }))

  it.effect("has notes at their steps, and says how steps end", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        yield* Explore.note("begin")
        const late = timeout(1, () => sleep(5)).pipe(Effect.ensuring(Explore.note("clean-up")))
        const task = yield* createTask(late, { name: "late" })
        const cancelled = yield* createTask(sleep(5), { name: "cancelled" })
        yield* sleep(0)
        yield* Task.cancel(cancelled)
        yield* Task.await(task)
        return "value"
      })
      const { failure, lanes, steps } = yield* Explore.run(program)
      expect(failure).toEqual(Option.none())
      expect(lanes).toEqual(["Task-1", "late", "cancelled"])
      expect(steps.map(({ millis, notes, task, what }) => [millis, task, what, ...notes].join(" "))).toEqual([
        "0 Task-1 yields begin",
        "0 late waits for a timer",
        "0 cancelled waits for a timer",
        "0 Task-1 waits for task 'late'",
        "0 cancelled ends cancelled",
        "1 late fails: TimeoutError: timeout: timed out after 1 ms clean-up",
        "1 Task-1 ends with \"value\""
      ])
    }))
})

describe("how many", () => {
  const places = Effect.gen(function*() {
    yield* gather([1, 2, 3].map(() => Explore.latency("1 millis", "8 millis")))
  })

  it.effect("single: every one, then it ends", () =>
    Effect.gen(function*() {
      const { exhausted, points, runs } = yield* passing(places, { strategy: "single", vary: { time: false } })
      expect([exhausted, points, runs]).toEqual([1, 3, 2 + 3 * 3])
    }))

  it.effect("bounded: up to so many, each behind the one before", () =>
    Effect.gen(function*() {
      const options = { strategy: { bounded: 2 }, vary: { time: false } } as const
      const { exhausted, runs } = yield* passing(places, options)
      // Of three places every pair, and three lengths at each.
      expect([exhausted, runs]).toEqual([2, 2 + 9 + 3 * 9])
      const cut = yield* passing(places, { ...options, runs: 20 })
      expect([cut.exhausted, cut.runs]).toEqual([1, 20])
    }))

  it.effect("random ones end when they repeat what others did", () =>
    Effect.gen(function*() {
      const two = Explore.choose([1, 2])
      for (const strategy of [{ random: 0.5 }, { pct: 2 }, "mixed"] as const) {
        const { distinct, runs } = yield* passing(two, { strategy, runs: 10_000 })
        expect(distinct).toBe(2)
        expect(runs).toBeLessThan(300)
      }
    }))

  it.effect("where nothing can differ nothing is tried", () =>
    Effect.gen(function*() {
      expect(yield* passing(sleep(1))).toEqual({ runs: 2, exhausted: 1, points: 0, distinct: 1 })
    }))

  it.effect("`runs` and `timeLimit` bound it", () =>
    Effect.gen(function*() {
      expect((yield* passing(places, { runs: 7 })).runs).toBe(7)
      // The written order twice, and one deviation.
      expect((yield* passing(places, { timeLimit: 0, runs: 100_000 })).runs).toBe(3)
    }))

  it.effect("the same seed is the same check, another is another", () =>
    Effect.gen(function*() {
      const options = { strategy: { random: 0.3 } } as const
      const found = (seed: number) =>
        Effect.map(failing(soldTwice, { ...options, seed }), ({ runs, token }) => `${runs} ${token}`)
      expect(yield* found(3)).toBe(yield* found(3))
      const all = yield* Effect.forEach([1, 2, 3, 4, 5, 6, 7, 8], found)
      expect(new Set(all).size).toBeGreaterThan(1)
    }))

  it.effect.each(["mixed", "single", { bounded: 1 }, { pct: 2 }, { random: 0.2 }] satisfies Array<Explore.Strategy>)(
    "%o finds it",
    (strategy) => Effect.map(failing(soldTwice, { strategy }), ({ shrunk }) => expect(shrunk.length).toBe(1))
  )
})

describe("outside of a check", () => {
  it.effect("a program's words do the written thing", () =>
    Effect.gen(function*() {
      const value = yield* asyncio.EventLoop.provide(Effect.gen(function*() {
        yield* Explore.latency(0, "1 hour")
        yield* Explore.fault("never")
        yield* Explore.always("no", () => false)
        yield* Explore.note("nobody reads it")
        return [yield* Explore.choose(["first", "second"]), (yield* Explore.cancelled).size]
      }))
      expect(value).toEqual(["first", 0])
    }))
})

describe("refuses", () => {
  const refusal = (effect: Effect.Effect<unknown, unknown>) =>
    Effect.map(
      Effect.exit(effect),
      (exit) => Exit.isFailure(exit) ? String((Cause.squash(exit.cause) as Error).message) : "nothing"
    )

  const options: ReadonlyArray<readonly [options: unknown, message: string]> = [
    [{ runs: 1 }, "Explore.check: runs is 1, expected a whole number of at least 3"],
    [{ runs: 2 }, "Explore.check: runs is 2, expected a whole number of at least 3"],
    [{ pause: Infinity }, "Explore.check: pause is Infinity, expected finite"],
    [{ runs: 1.5 }, "Explore.check: runs is 1.5, expected a whole number of at least 3"],
    [{ seed: -1 }, "Explore.check: seed is -1, expected a whole number of at least 0"],
    [{ maxTicks: 0 }, "Explore.check: maxTicks is 0, expected a whole number of at least 1"],
    [{ pause: -1 }, "Explore.check: pause is -1, expected not negative"],
    [{ strategy: { pct: 0 } }, "Explore.check: strategy.pct is 0, expected a whole number of at least 1"],
    [
      { strategy: { random: 2 } },
      "Explore.check: strategy.random is 2, expected a probability above 0 and at most 1"
    ],
    [
      { strategy: { bonded: 2 } },
      "Explore.check: strategy.bonded is 2, expected no such option; the options are bounded, pct, random; did you mean strategy.bounded?"
    ],
    [
      { strategy: { bounded: 2, pct: 2 } },
      "Explore.check: strategy is {\"bounded\":2,\"pct\":2}, expected \"mixed\", \"single\", { bounded: k }, { pct: d } or { random: p }"
    ],
    [
      { strategy: "singel" },
      "Explore.check: strategy is \"singel\", expected \"mixed\", \"single\", { bounded: k }, { pct: d } or { random: p }"
    ],
    [
      { timelimit: 1 },
      "Explore.check: timelimit is 1, expected no such option; the options are runs, timeLimit, seed, vary, strategy, pause, leaks, outside, maxTicks, shrinkRuns, replay; did you mean timeLimit?"
    ],
    [
      { vary: { how: "kill", cancel: true } },
      "Explore.check: vary.how is \"kill\", expected \"cancel\", \"interrupt\" or \"both\""
    ],
    [
      { vary: { how: "both" } },
      "Explore.check: vary.how is \"both\", expected vary.cancel beside it, which says who is cancelled"
    ],
    [
      { vary: { speed: true } },
      "Explore.check: vary.speed is true, expected no such option; the options are time, latency, faults, choices, order, cancel, how, operations"
    ],
    [
      { vary: { cancell: true } },
      "Explore.check: vary.cancell is true, expected no such option; the options are time, latency, faults, choices, order, cancel, how, operations; did you mean vary.cancel?"
    ],
    [
      { vary: true },
      "Explore.check: vary is true, expected an object with time, latency, faults, choices, order, cancel, how, operations and nothing else"
    ],
    [{ replay: 1 }, "Explore.check: replay is 1, expected a string"]
  ]
  it.effect.each(options)("%o", ([options, message]) =>
    Effect.gen(function*() {
      expect(yield* refusal(Explore.check(Effect.void, options as Explore.Options))).toBe(message)
    }))

  const pickers: ReadonlyArray<readonly [what: string, picker: unknown, message: string]> = [
    [
      "throws",
      () => {
        throw new Error("oh")
      },
      "vary.cancel of \"w\" threw Error(\"oh\"), expected true or false: whether a task of that name may be cancelled"
    ],
    ["gives no boolean", () => Promise.resolve(true), "vary.cancel of \"w\" is Promise({}), expected a boolean"]
  ]
  for (const outside of [false, true]) {
    it.effect.each(pickers)(`a picker that %s, outside: ${outside}`, ([, cancel, message]) =>
      Effect.gen(function*() {
        let finalized = 0
        const program = Effect.flatMap(createTask(sleep(1), { name: "w" }), Task.join).pipe(
          Effect.ensuring(Effect.sync(() => finalized++))
        )
        const options = { ...patient, outside, vary: { cancel: cancel as () => boolean } }
        expect(yield* refusal(Explore.check(program, options))).toBe(`Explore.check: ${message}`)
        // The run under way has ended.
        expect(finalized).toBe(1)
      }))
  }

  it.effect("wrong arguments of a program's words", () =>
    Effect.gen(function*() {
      expect(yield* refusal(Explore.latency(2, 1))).toBe(
        "Explore.latency: the most is 1, expected finite and no less than the least"
      )
      expect(yield* refusal(Explore.latency(-1, 1))).toBe(
        "Explore.latency: the least is -1, expected finite and not negative"
      )
      expect(yield* refusal(Explore.choose([] as unknown as [1]))).toBe(
        "Explore.choose: the values argument is [], expected an array that is not empty"
      )
      expect(yield* refusal(Explore.check(1 as unknown as Effect.Effect<void>))).toBe(
        "Explore.check: the program is 1, expected an Effect"
      )
    }))
})
