import { assert, describe, expect, it, vi } from "@effect/vitest"
import { Cause, Duration, Effect, Fiber } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Future, RuntimeError, Task } from "effect-asyncio"
import { inspect } from "node:util"
import { WaitQueue } from "../src/internal/kernel/WaitQueue.ts"
import {
  beforeEntries,
  cancelledAtEveryStep,
  cancelSoon,
  day,
  defectOf,
  everywhere,
  inside,
  logged,
  messagesOf,
  onVirtual,
  outcomeOf,
  type Program,
  ticks,
  ticksOf,
  timed
} from "./support/loops.ts"

const { ALL_COMPLETED, createTask, FIRST_COMPLETED, FIRST_EXCEPTION, sleep, wait } = asyncio

type AnyTask = Task.Task<unknown, unknown>
const names = (tasks: Iterable<AnyTask>) => Array.from(tasks, (task) => task.name)
const namesOf = ({ done, pending }: asyncio.wait.Result<AnyTask>) => [names(done), names(pending)]
const retrieved = (tasks: Iterable<AnyTask>) => Effect.forEach(tasks, (task) => Task.await(task))
const ended = (seconds: number, end: Effect.Effect<unknown, unknown> = Effect.void) =>
  Effect.andThen(sleep(Duration.seconds(seconds)), end)
const create = (name: string, effect: Effect.Effect<unknown, unknown, EventLoop.EventLoop>) =>
  createTask(effect, { name })

describe("modes", () => {
  const outcomes: ReadonlyArray<[string, Effect.Effect<unknown, unknown>]> = [
    ["value", Effect.succeed(1)],
    ["failure", Effect.fail("no")],
    ["defect", Effect.die("bug")],
    ["cancelled", Effect.interrupt]
  ]
  it("are asyncio's own names", () => {
    expect([ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION]).toEqual([
      "ALL_COMPLETED",
      "FIRST_COMPLETED",
      "FIRST_EXCEPTION"
    ])
  })
  for (const [kind, end] of outcomes) {
    for (
      const [mode, back] of [
        [undefined, 3],
        [ALL_COMPLETED, 3],
        [FIRST_COMPLETED, 1],
        [FIRST_EXCEPTION, kind === "failure" || kind === "defect" ? 1 : 3]
      ] as const
    ) {
      timed(
        `${mode}: a ${kind} after 1 s, values after 2 and 3 s: back after ${back} s`,
        Effect.gen(function*() {
          const tasks = [
            yield* create("c", ended(3)),
            yield* create("a", ended(1, end)),
            yield* create("b", ended(2))
          ]
          const result = yield* wait(tasks, { returnWhen: mode })
          expect(yield* EventLoop.time).toBe(back)
          expect(namesOf(result)).toEqual(back === 1 ? [["a"], ["c", "b"]] : [["c", "a", "b"], []])
          yield* retrieved(tasks)
        })
      )
    }
  }

  timed(
    "FIRST_EXCEPTION: a failure between values",
    Effect.gen(function*() {
      const tasks = [
        yield* create("a", ended(1)),
        yield* create("b", ended(2, Effect.fail("no"))),
        yield* create("c", ended(3))
      ]
      expect(namesOf(yield* wait(tasks, { returnWhen: FIRST_EXCEPTION }))).toEqual([["a", "b"], ["c"]])
      yield* retrieved(tasks)
    })
  )

  describe("a predicate of the tally", () => {
    const four = Effect.gen(function*() {
      return [
        yield* create("a", ended(1)),
        yield* create("b", ended(2, Effect.fail("no"))),
        yield* create("c", ended(3, Effect.interrupt)),
        yield* create("d", ended(4))
      ]
    })
    timed(
      "is asked after every completion",
      Effect.gen(function*() {
        const tallies: Array<asyncio.wait.Tally> = []
        const tasks = yield* four
        const result = yield* wait(tasks, {
          returnWhen: (tally) => {
            tallies.push({ ...tally })
            return false
          }
        })
        expect(namesOf(result)).toEqual([["a", "b", "c", "d"], []])
        expect(tallies.slice(0, 3)).toEqual([
          { succeeded: 1, failed: 0, cancelled: 0, pending: 3 },
          { succeeded: 1, failed: 1, cancelled: 0, pending: 2 },
          { succeeded: 1, failed: 1, cancelled: 1, pending: 1 }
        ])
        expect(tallies.length).toBeLessThanOrEqual(4)
        yield* retrieved(tasks)
      })
    )
    for (
      const [name, returnWhen, back] of [
        ["one has failed or two have succeeded", (t: asyncio.wait.Tally) => t.failed >= 1 || t.succeeded >= 2, 2],
        ["one was cancelled", (t: asyncio.wait.Tally) => t.cancelled >= 1, 3],
        ["one is left", (t: asyncio.wait.Tally) => t.pending <= 1, 3],
        ["never: when all have ended", () => false, 4]
      ] as const
    ) {
      timed(
        `returns when ${name}`,
        Effect.gen(function*() {
          const tasks = yield* four
          const { done, pending } = yield* wait(tasks, { returnWhen })
          expect([yield* EventLoop.time, done.size, pending.size]).toEqual([back, back, 4 - back])
          yield* retrieved(tasks)
        })
      )
    }
    everywhere(
      "a done one counts when its turn comes, in the next tick",
      Effect.gen(function*() {
        const tallies: Array<asyncio.wait.Tally> = []
        const done = yield* createTask(Effect.succeed(1), { eager: true })
        const pending = yield* createTask(day)
        yield* wait([done, pending], {
          returnWhen: (tally) => {
            tallies.push({ ...tally })
            return true
          }
        })
        expect(tallies).toEqual([{ succeeded: 1, failed: 0, cancelled: 0, pending: 1 }])
      })
    )
    everywhere(
      "one that throws is a defect of the wait, and the loop goes on",
      Effect.gen(function*() {
        const tasks = [yield* createTask(sleep(0)), yield* createTask(sleep(0))]
        const thrown = yield* defectOf(wait(tasks, {
          returnWhen: () => {
            throw new Error("predicate")
          }
        }))
        expect(thrown.message).toBe("predicate")
        yield* retrieved(tasks)
        yield* ticks(3)
      })
    )
  })
})

describe("inputs", () => {
  const generator = function*() {
    yield Effect.succeed("a")
    yield Effect.succeed("b")
  }
  const inputs: ReadonlyArray<[string, () => Iterable<Effect.Effect<string>>]> = [
    ["an array", () => [Effect.succeed("a"), Effect.succeed("b")]],
    ["a Set", () => new Set([Effect.succeed("a"), Effect.succeed("b")])],
    ["a generator", generator],
    ["any iterable", () => ({ [Symbol.iterator]: generator })]
  ]
  for (const [name, input] of inputs) {
    everywhere(
      `${name}: effects become tasks, in order`,
      Effect.gen(function*() {
        const { done, pending } = yield* wait(input())
        expect([done, pending].every((set) => set instanceof Set)).toBe(true)
        expect(pending.size).toBe(0)
        expect(yield* Effect.forEach(done, (task) => Task.result(task))).toEqual(["a", "b"])
      })
    )
  }

  everywhere(
    "tasks and futures as they are, once each, in the order of the input",
    Effect.gen(function*() {
      const [a, b] = [yield* create("a", Effect.void), yield* create("b", day)]
      const future = yield* Future.make<number>()
      const { done, pending } = yield* wait<Future.Future<unknown, unknown>>([b, future, a, b, a, future], {
        returnWhen: FIRST_COMPLETED
      })
      // Not `toEqual`: tasks are iterable, and would be compared by what they yield.
      expect([done.size, pending.size]).toEqual([1, 2])
      expect(Array.from(done)[0]).toBe(a)
      expect(Array.from(pending)[0]).toBe(b)
      expect(Array.from(pending)[1]).toBe(future)
      expect([pending.has(b), pending.has(future), pending.has(a)]).toEqual([true, true, false])
    })
  )

  everywhere(
    "the same effect twice is two tasks",
    Effect.gen(function*() {
      let runs = 0
      const effect = Effect.sync(() => ++runs)
      const { done } = yield* wait([effect, effect])
      expect([done.size, runs]).toEqual([2, 2])
    })
  )

  everywhere(
    "tasks are made when it runs, each time",
    Effect.gen(function*() {
      let runs = 0
      const waiting = wait([Effect.sync(() => ++runs)])
      yield* ticks(2)
      expect(runs).toBe(0)
      yield* waiting
      yield* waiting
      expect(runs).toBe(2)
    })
  )

  for (const bad of [undefined, null, 5, "ab", {}, { a: Effect.void }] as ReadonlyArray<any>) {
    everywhere(
      `${inspect(bad).slice(0, 20)} dies with IllegalArgumentError`,
      Effect.gen(function*() {
        const defect = yield* defectOf(wait(bad as Array<Effect.Effect<void>>))
        expect(Cause.isIllegalArgumentError(defect)).toBe(true)
        expect(defect.message).toMatch(/^wait: /)
      })
    )
  }

  everywhere(
    "empty dies with IllegalArgumentError, as in asyncio; so does the empty pending set",
    Effect.gen(function*() {
      const { pending } = yield* wait([Effect.void])
      const empties: ReadonlyArray<Iterable<Effect.Effect<void> | Task.Task<void>>> = [[], new Set(), pending]
      for (const empty of empties) {
        const defect = yield* defectOf(wait(empty))
        expect(Cause.isIllegalArgumentError(defect)).toBe(true)
        expect(defect.message).toMatch(/^wait: .*at least one/)
      }
    })
  )

  everywhere(
    "a lone awaitable dies with IllegalArgumentError, and does not run",
    Effect.gen(function*() {
      const lone: ReadonlyArray<any> = [
        Effect.sync(() => assert.fail("ran")),
        yield* createTask(Effect.void),
        yield* Future.make()
      ]
      for (const bad of lone) {
        expect(Cause.isIllegalArgumentError(yield* defectOf(wait(bad as Array<Effect.Effect<void>>)))).toBe(true)
      }
      yield* ticks(2)
    })
  )

  everywhere(
    "what is no awaitable among others: dies, and nothing starts",
    Effect.gen(function*() {
      const child = Effect.sync(() => assert.fail("started"))
      for (const bad of [undefined, null, 1, Promise.resolve(1), {}, [child]] as ReadonlyArray<any>) {
        const defect = yield* defectOf(wait([child, bad as typeof child]))
        expect(Cause.isIllegalArgumentError(defect)).toBe(true)
        expect(defect.message).toMatch(/^wait: item 1/)
      }
      yield* ticks(2)
      expect((yield* asyncio.allTasks).size).toBe(1)
    })
  )

  for (const bad of ["FIRST", "", null, 1, {}, "first_completed"] as ReadonlyArray<any>) {
    everywhere(
      `returnWhen ${inspect(bad)} dies with IllegalArgumentError, and nothing starts`,
      Effect.gen(function*() {
        const child = Effect.sync(() => assert.fail("started"))
        const defect = yield* defectOf(wait([child], { returnWhen: bad as asyncio.wait.ReturnWhen }))
        expect(Cause.isIllegalArgumentError(defect)).toBe(true)
        expect(defect.message).toMatch(/^wait: returnWhen is /)
        yield* ticks(2)
      })
    )
  }

  everywhere(
    "a future of another loop dies with RuntimeError",
    Effect.gen(function*() {
      const foreign = yield* EventLoop.provide(Future.make<number>())
      expect(yield* defectOf(wait([foreign]))).toBeInstanceOf(RuntimeError)
    })
  )
})

describe("ticks", () => {
  const done = createTask(Effect.succeed(1), { eager: true })
  for (
    const [name, program, expected] of [
      ["an effect", wait([Effect.void]), 3],
      ["many effects", wait([Effect.void, Effect.void]), 3],
      ["FIRST_COMPLETED", wait([Effect.void, day], { returnWhen: FIRST_COMPLETED }), 3],
      ["timeout 0", wait([day], { timeout: 0 }), 2],
      ["a negative timeout", wait([day], { timeout: -1000 }), 2]
    ] as ReadonlyArray<[string, Program, number]>
  ) {
    everywhere(`${name}: ${expected}`, ticksOf(program), expected)
  }
  everywhere(
    "of tasks that are all done: 2, whatever the mode",
    Effect.gen(function*() {
      const tasks = [yield* done, yield* done]
      for (const returnWhen of [ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION] as const) {
        expect(yield* ticksOf(wait(tasks, { returnWhen }))).toBe(2)
      }
    })
  )
  everywhere(
    "FIRST_COMPLETED with one that is done: 2, and all that is done is handed out",
    Effect.gen(function*() {
      const tasks = [yield* done, yield* createTask(day), yield* done]
      const [took, result] = yield* Effect.flatMap(Effect.succeed(0), () =>
        Effect.gen(function*() {
          let result: asyncio.wait.Result<AnyTask> | undefined
          const took = yield* ticksOf(Effect.map(wait(tasks, { returnWhen: FIRST_COMPLETED }), (r) => {
            result = r
          }))
          return [took, result!] as const
        }))
      expect([took, result.done.size, result.pending.size]).toEqual([2, 2, 1])
    })
  )
  timed(
    "`done` is everything that is done when it resumes",
    Effect.gen(function*() {
      const tasks = [yield* create("a", ended(1)), yield* create("b", ended(1)), yield* create("c", ended(2))]
      expect(namesOf(yield* wait(tasks, { returnWhen: FIRST_COMPLETED }))).toEqual([["a", "b"], ["c"]])
    })
  )
})

describe("timeout", () => {
  timed(
    "back at its time with what is done, and nothing is cancelled",
    Effect.gen(function*() {
      const tasks = [yield* create("a", ended(1)), yield* create("b", ended(3)), yield* create("c", ended(2))]
      expect(namesOf(yield* wait(tasks, { timeout: "2500 millis" }))).toEqual([["a", "c"], ["b"]])
      expect(yield* EventLoop.time).toBe(2.5)
      expect(namesOf(yield* wait(tasks))).toEqual([["a", "b", "c"], []])
      expect(yield* EventLoop.time).toBe(3)
    })
  )
  timed(
    "one that comes too late is nothing, and leaves no timer behind",
    Effect.gen(function*() {
      const { done } = yield* wait([ended(1)], { timeout: "1 hour" })
      expect([done.size, yield* EventLoop.time]).toEqual([1, 1])
    })
  )
  it.live("… so the virtual clock does not jump to it", () =>
    onVirtual(Effect.gen(function*() {
      yield* wait([ended(1)], { timeout: "1 hour" })
      const waiter = yield* createTask(wait([day], { timeout: "2 hours" }))
      yield* ticks(2)
      yield* Task.cancel(waiter)
      yield* sleep("1 second")
      yield* ticks(2)
      expect(yield* EventLoop.time).toBe(2)
    })))
  timed(
    "infinite: none",
    Effect.gen(function*() {
      for (const timeout of [Infinity, Duration.infinity, undefined]) {
        expect((yield* wait([ended(100)], { timeout })).done.size).toBe(1)
      }
    })
  )
  timed(
    "together with a mode: whichever is first",
    Effect.gen(function*() {
      const options = { returnWhen: FIRST_COMPLETED, timeout: "2 seconds" } as const
      const tasks = [yield* create("a", ended(1)), yield* create("b", ended(9))]
      expect(namesOf(yield* wait(tasks, options))).toEqual([["a"], ["b"]])
      expect(namesOf(yield* wait([tasks[1]!], options))).toEqual([[], ["b"]])
      expect(yield* EventLoop.time).toBe(3)
    })
  )
  everywhere(
    "zero and negative: what is done after a tick, as in asyncio",
    Effect.gen(function*() {
      const tasks = yield* Effect.forEach([0, 1, 2, 5], (n) => create(`${n}`, n === 0 ? Effect.void : ticks(n)))
      expect(namesOf(yield* wait(tasks, { timeout: 0 }))).toEqual([["0", "1"], ["2", "5"]])
      expect(namesOf(yield* wait(tasks, { timeout: -1 }))).toEqual([["0", "1", "2"], ["5"]])
    })
  )
  for (const bad of [NaN, "soon", null, { millis: NaN }] as ReadonlyArray<any>) {
    everywhere(
      `${inspect(bad)} dies with IllegalArgumentError, and nothing starts`,
      Effect.gen(function*() {
        const child = Effect.sync(() => assert.fail("started"))
        const defect = yield* defectOf(wait([child], { timeout: bad as Duration.Input }))
        expect(Cause.isIllegalArgumentError(defect)).toBe(true)
        expect(defect.message).toMatch(/^wait: /)
        yield* ticks(2)
      })
    )
  }
})

describe("it never touches the tasks", () => {
  everywhere(
    "a child's failure is no failure of the wait",
    Effect.gen(function*() {
      const { done } = yield* wait([Effect.fail("no"), Effect.die("bug"), Effect.interrupt])
      expect((yield* retrieved(done)).map((exit) => outcomeOf(exit))).toEqual(["fail no", "die bug", "cancelled"])
    })
  )
  it.live("handing out is no look: what nobody asks for is reported", () =>
    Effect.gen(function*() {
      const messages = yield* messagesOf(Effect.gen(function*() {
        let { done, pending } = yield* wait([Effect.fail(1), Effect.fail(2)], { returnWhen: FIRST_COMPLETED })
        while (pending.size > 0) ({ done, pending } = yield* wait(pending))
        expect(done.size).toBeGreaterThan(0)
      }))
      expect(messages).toEqual(["Task exception was never retrieved", "Task exception was never retrieved"])
    }))
  timed(
    "cancelled or interrupted, it leaves them alone, and nothing on them",
    Effect.gen(function*() {
      const tasks = [
        yield* create("a", ended(1, Effect.succeed("a"))),
        yield* create("b", ended(2, Effect.succeed("b")))
      ]
      const waiter = yield* createTask(wait(tasks))
      expect(yield* cancelSoon(waiter)).toBe(true)
      expect(outcomeOf(yield* Task.await(waiter))).toBe("cancelled")
      const fiber = yield* Effect.forkChild(wait(tasks, { timeout: "1 hour" }))
      yield* ticks(2)
      yield* Fiber.interrupt(fiber)
      expect(tasks.map((task) => Task.awaitedBy(task).size)).toEqual([0, 0])
      expect((yield* retrieved(tasks)).map((exit) => outcomeOf(exit))).toEqual(["a", "b"])
    })
  )

  const rounds = (tasks: Iterable<AnyTask>) =>
    Effect.gen(function*() {
      let pending: Iterable<AnyTask> & { readonly size: number } = new Set(tasks)
      const order: Array<string> = []
      while (pending.size > 0) {
        const result: asyncio.wait.Result<AnyTask> = yield* wait(pending, { returnWhen: FIRST_COMPLETED })
        order.push(...names(result.done))
        pending = result.pending
      }
      return order
    })
  const programs: ReadonlyArray<[string, (tasks: ReadonlyArray<AnyTask>) => Program<unknown, never>]> = [
    ["all", (tasks) => wait(tasks)],
    ["with a timeout", (tasks) => wait(tasks, { timeout: "3 seconds" })],
    ["a loop over FIRST_COMPLETED", rounds],
    ["a loop over timeouts", (tasks) =>
      Effect.gen(function*() {
        let pending: ReadonlySet<AnyTask> = new Set(tasks)
        while (pending.size > 0) ({ pending } = yield* wait(pending, { timeout: "700 millis" }))
      })],
    ["of its own tasks", () =>
      Effect.andThen(
        asyncio.EventLoop.setExceptionHandler(() => Effect.void),
        wait([ended(1), ticks(3), ended(2, Effect.fail("no"))])
      )]
  ]
  for (const [name, waiting] of programs) {
    it.live(`cancelled at every step: ${name}`, () =>
      Effect.gen(function*() {
        const steps = yield* cancelledAtEveryStep((cancelAtStep, accepted, step) =>
          Effect.gen(function*() {
            const tasks = yield* Effect.forEach(
              [1, 2, 3, 4],
              (n) => create(`${n}`, n % 2 === 0 ? ended(n, Effect.succeed(n)) : Effect.as(ticks(n), n))
            )
            const waiter = yield* createTask(waiting(tasks), { name: `step ${step}` })
            yield* cancelAtStep(waiter)
            const exit = yield* Task.await(waiter)
            expect(outcomeOf(exit) === "cancelled").toBe(accepted() === true)
            // Nothing of it is left on the tasks; others can wait for them.
            expect(tasks.map((task) => Task.awaitedBy(task).size)).toEqual([0, 0, 0, 0])
            expect(yield* rounds(tasks)).toHaveLength(4)
            expect((yield* retrieved(tasks)).map((exit) => outcomeOf(exit))).toEqual([1, 2, 3, 4])
            yield* sleep("1 hour")
            expect((yield* asyncio.allTasks).size).toBe(1)
          })
        )
        expect(steps).toBeGreaterThan(10)
      }))
  }
})

describe("a loop over the pending set", () => {
  timed(
    "hands out each task once, in order of completion",
    logged((log) =>
      Effect.gen(function*() {
        const tasks = yield* Effect.forEach([5, 3, 1, 4, 2], (n) => create(`${n}`, ended(n)))
        let pending: ReadonlySet<AnyTask> = new Set(tasks)
        while (pending.size > 0) {
          const result = yield* wait(pending, { returnWhen: FIRST_COMPLETED })
          log([...namesOf(result), yield* EventLoop.time])
          pending = result.pending
        }
      })
    ),
    [
      [["1"], ["5", "3", "4", "2"], 1],
      [["2"], ["5", "3", "4"], 2],
      [["3"], ["5", "4"], 3],
      [["4"], ["5"], 4],
      [["5"], [], 5]
    ]
  )

  describe("costs O(n) in all", () => {
    const keys = ["entries", "pushed", "removed", "filtered"] as const
    /** Ready-queue entries, nodes put into and taken out of wait queues, items of arrays gone through: of the whole loop. */
    const costOf = (n: number, order: (i: number) => number, options?: asyncio.wait.Options) => {
      const counts = { entries: 0, pushed: 0, removed: 0, filtered: 0, rounds: 0 }
      const push = vi.spyOn(WaitQueue.prototype, "push")
      const remove = vi.spyOn(WaitQueue.prototype, "remove")
      const filter = vi.spyOn(Array.prototype, "filter")
      const program = Effect.gen(function*() {
        yield* beforeEntries(() => void counts.entries++)
        let pending: ReadonlySet<AnyTask> = new Set(
          yield* Effect.forEach(Array.from({ length: n }, (_, i) => i), (i) => createTask(sleep(order(i))))
        )
        while (pending.size > 0) {
          counts.rounds++
          ;({ pending } = yield* wait(pending, { returnWhen: FIRST_COMPLETED, ...options }))
        }
      })
      return onVirtual(program).pipe(
        Effect.ensuring(Effect.sync(() => {
          counts.pushed = push.mock.calls.length
          counts.removed = remove.mock.calls.length
          for (const list of filter.mock.contexts) counts.filtered += (list as Array<unknown>).length
          vi.restoreAllMocks()
        })),
        Effect.map(() => counts)
      )
    }
    for (
      const [name, order] of [
        ["first to last", (i: number) => i + 1],
        ["last to first", (i: number) => 10_000 - i],
        ["mixed up", (i: number) => (i * 7919) % 10_007]
      ] as const
    ) {
      it.live(name, () =>
        Effect.gen(function*() {
          const one = yield* costOf(300, order)
          const ten = yield* costOf(3000, order)
          expect([one.rounds, ten.rounds]).toEqual([300, 3000])
          // asyncio's own would be about 45,000 and 4,500,000.
          for (const key of keys) {
            expect(one[key]).toBeLessThan(300 * 12)
            expect(ten[key]).toBeLessThan(10.5 * one[key])
          }
        }))
    }
    it.live("with timeouts between that hand out nothing", () =>
      Effect.gen(function*() {
        const options = { timeout: "400 micros" } as const
        const one = yield* costOf(200, (i) => i + 1, options)
        const ten = yield* costOf(2000, (i) => i + 1, options)
        expect(one.rounds).toBeGreaterThan(400)
        for (const key of keys) expect(ten[key]).toBeLessThan(10.5 * one[key])
      }))
    it.live("in 20,000 rounds", () =>
      onVirtual(Effect.gen(function*() {
        const tasks = yield* Effect.forEach(
          Array.from({ length: 20_000 }, (_, i) => i),
          (i) => createTask(sleep(i + 1))
        )
        let rounds = 0
        let pending: ReadonlySet<AnyTask> = new Set(tasks)
        while (pending.size > 0) {
          rounds++
          ;({ pending } = yield* wait(pending, { returnWhen: FIRST_COMPLETED }))
        }
        expect(rounds).toBe(20_000)
      })))
  })

  /** Rounds over tasks "0" to "n - 1", which end one a second, in order. */
  const viewsOf = (n: number) =>
    Effect.gen(function*() {
      const tasks = yield* Effect.forEach(Array.from({ length: n }, (_, i) => i), (i) => create(`${i}`, ended(i + 1)))
      const views: Array<ReadonlySet<AnyTask>> = []
      let pending: ReadonlySet<AnyTask> = new Set(tasks)
      while (pending.size > 0) {
        ;({ pending } = yield* wait(pending, { returnWhen: FIRST_COMPLETED }))
        views.push(pending)
      }
      return { tasks, views }
    })
  const from = (i: number, n: number) => Array.from({ length: n - i }, (_, k) => `${i + k}`)

  for (
    const [name, pick] of [["oldest", (l: Array<number>) => l], [
      "newest",
      (l: Array<number>) => l.toReversed()
    ]] as const
  ) {
    timed(
      `views of earlier rounds stay as they were, read from the ${name}`,
      Effect.gen(function*() {
        const n = 20
        const { tasks, views } = yield* viewsOf(n)
        for (const i of pick(Array.from(views.keys()))) {
          const view = views[i]!
          const expected = from(i + 1, n)
          // `has` first, before anything has walked over the view.
          expect(tasks.filter((task) => view.has(task)).map((task) => task.name)).toEqual(expected)
          expect([view.size, names(view)]).toEqual([expected.length, expected])
          expect([names(view.keys()), names(view.values())]).toEqual([expected, expected])
          expect(Array.from(view.entries(), ([a, b]) => [a.name, a === b])).toEqual(
            expected.map((name) => [name, true])
          )
          const walked: Array<unknown> = []
          view.forEach(function(this: unknown, value, key, set) {
            walked.push([value.name, value === key, set === view, this])
          }, "this")
          expect(walked.map((line) => (line as Array<unknown>).slice(0, 3))).toEqual(
            expected.map((name) => [name, true, true])
          )
        }
      })
    )
  }

  timed(
    "a view is a Set to everybody: its methods, new Set, spreading, printing, comparing",
    Effect.gen(function*() {
      const { tasks, views } = yield* viewsOf(6)
      const view = views[2]!
      expect(names(view)).toEqual(["3", "4", "5"])
      const other = new Set([tasks[4]!, tasks[0]!])
      expect(names(view.union(other))).toEqual(["3", "4", "5", "0"])
      expect(names(view.intersection(other))).toEqual(["4"])
      expect(names(view.difference(other))).toEqual(["3", "5"])
      expect(names(view.symmetricDifference(other))).toEqual(["3", "5", "0"])
      expect(view.isSubsetOf(new Set(tasks))).toBe(true)
      expect(view.isSubsetOf(other)).toBe(false)
      expect(view.isSupersetOf(new Set([tasks[5]!]))).toBe(true)
      expect(view.isDisjointFrom(new Set([tasks[0]!]))).toBe(true)
      // As the argument of a real Set's methods.
      expect(names(other.union(view))).toEqual(["4", "0", "3", "5"])
      expect(names(new Set(tasks).difference(view))).toEqual(["0", "1", "2"])
      expect(names(new Set(view))).toEqual(["3", "4", "5"])
      expect(names([...view])).toEqual(["3", "4", "5"])
      expect(Object.prototype.toString.call(view)).toBe("[object Set]")
      expect(inspect(view)).toBe(inspect(new Set(tasks.slice(3))))
      expect(view.has({} as AnyTask)).toBe(false)
    })
  )

  timed(
    "going on with an older view: those done meanwhile are done at once",
    Effect.gen(function*() {
      const { views } = yield* viewsOf(5)
      expect(namesOf(yield* wait(views[1]!))).toEqual([["2", "3", "4"], []])
      expect(namesOf(yield* wait(views[1]!, { returnWhen: FIRST_COMPLETED }))).toEqual([["2", "3", "4"], []])
    })
  )

  timed(
    "two who go on with the same set both get all of it",
    Effect.gen(function*() {
      for (const rounds of [1, 3]) {
        const tasks = yield* Effect.forEach([1, 2, 3, 4, 5, 6], (n) => create(`${n}`, ended(n)))
        let pending: ReadonlySet<AnyTask> = new Set(tasks)
        for (let round = 0; round < rounds; round++) {
          ;({ pending } = yield* wait(pending, { returnWhen: FIRST_COMPLETED }))
        }
        const results = yield* asyncio.gather([
          wait(pending, { returnWhen: FIRST_COMPLETED }),
          wait(pending, { returnWhen: FIRST_COMPLETED }),
          wait(pending)
        ])
        const [next, ...rest] = from(rounds + 1, 7)
        expect(results.map(namesOf)).toEqual([[[next], rest], [[next], rest], [[next, ...rest], []]])
      }
    })
  )

  timed(
    "interrupted in a round, another goes on with the same view",
    Effect.gen(function*() {
      const tasks = yield* Effect.forEach([1, 2, 3, 4], (n) => create(`${n}`, ended(n)))
      let pending: ReadonlySet<AnyTask> = new Set(tasks)
      for (let round = 0; round < 2; round++) ({ pending } = yield* wait(pending, { returnWhen: FIRST_COMPLETED }))
      const waiter = yield* createTask(wait(pending))
      yield* sleep("1500 millis")
      yield* Task.cancel(waiter)
      yield* ticks(2)
      // 3 has ended meanwhile.
      expect(namesOf(yield* wait(pending, { returnWhen: FIRST_COMPLETED }))).toEqual([["3"], ["4"]])
      expect(tasks.map((task) => Task.awaitedBy(task).size)).toEqual([0, 0, 0, 0])
    })
  )

  timed(
    "a set that was added to, as asyncio's programs do",
    Effect.gen(function*() {
      const tasks = yield* Effect.forEach([1, 2, 3], (n) => create(`${n}`, ended(n)))
      const first = yield* wait(tasks, { returnWhen: FIRST_COMPLETED })
      const more = yield* create("more", ended(0.5))
      const second = yield* wait(new Set([...first.pending, more]), { returnWhen: FIRST_COMPLETED })
      expect(namesOf(second)).toEqual([["more"], ["2", "3"]])
    })
  )

  timed(
    "the first pending set is a real Set: what a program did to it counts",
    Effect.gen(function*() {
      const tasks = yield* Effect.forEach([1, 2, 3], (n) => create(`${n}`, ended(n)))
      const pending = (yield* wait(tasks, { returnWhen: FIRST_COMPLETED })).pending as Set<AnyTask>
      const swapped = yield* create("swapped", ended(0.1))
      pending.delete(tasks[1]!)
      pending.add(swapped)
      expect(namesOf(yield* wait(pending, { returnWhen: FIRST_COMPLETED }))).toEqual([["swapped"], ["3"]])
    })
  )

  everywhere(
    "the waiter is listed as who awaits the pending ones, in every round",
    Effect.gen(function*() {
      const [a, b, c] = [yield* create("a", ticks(3)), yield* create("b", ticks(9)), yield* create("c", day)]
      const waiter = yield* create(
        "waiter",
        Effect.gen(function*() {
          let pending: ReadonlySet<AnyTask> = new Set<AnyTask>([a, b, c])
          while (pending.size > 0) ({ pending } = yield* wait(pending, { returnWhen: FIRST_COMPLETED }))
        })
      )
      for (let i = 0; i < 20; i++) {
        yield* Effect.yieldNow
        expect(names(Task.awaitedBy(c))).toEqual(["waiter"])
      }
      expect(names(Task.awaitedBy(c))).toEqual(["waiter"])
      yield* Task.cancel(waiter)
      yield* Task.await(waiter)
      expect(Task.awaitedBy(c).size).toBe(0)
    })
  )
})

it.live("waiting once for a few of many long-lived tasks leaves nothing behind on them", () =>
  onVirtual(Effect.gen(function*() {
    yield* inside
    const tasks = yield* Effect.forEach([1, 2, 3], () => createTask(day))
    for (let i = 0; i < 100; i++) yield* wait(tasks, { timeout: "1 second" })
    for (let i = 0; i < 100; i++) yield* wait([...tasks, Effect.void], { returnWhen: FIRST_COMPLETED })
    const left = tasks.map((task) => {
      const waiting = (task as unknown as { readonly waiting?: WaitQueue }).waiting ?? (task as unknown as WaitQueue)
      return waiting.length
    })
    expect(left).toEqual([0, 0, 0])
  })))
