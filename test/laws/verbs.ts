/** The verbs that wait for several: what each of them promises, whatever is cancelled at whatever step. */
import { Effect, Exit, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { type EventLoop, Future, Task } from "effect-asyncio"
import { outcomeOf } from "./everyStep.ts"
import { checked, failsSlowly, inLineOf, named, program, slowly, stubbornly } from "./programs.ts"
import type { Subject } from "./subjects.ts"

const { createTask, sleep } = asyncio

/** Children that say when they run, so that limits and starts can be checked. */
class Children {
  running = 0
  most = 0
  started: Array<string> = []
  ended: Array<string> = []
  make<A, E>(name: string, effect: Effect.Effect<A, E, EventLoop.EventLoop>) {
    return Effect.suspend(() => {
      this.started.push(name)
      this.most = Math.max(this.most, ++this.running)
      return Effect.ensuring(
        effect,
        Effect.sync(() => {
          this.running--
          this.ended.push(name)
        })
      )
    })
  }
  sleeping(name: string, seconds: number) {
    return this.make(name, sleep({ seconds }, name))
  }
}

const gather: Subject = {
  name: "gather",
  programs: [
    program("values in order", (law) =>
      Effect.gen(function*() {
        const values = yield* asyncio.gather([sleep("3 seconds", "a"), sleep(0, "b"), Effect.succeed("c")])
        law.equal(values, ["a", "b", "c"], "the values")
      })),
    program("tasks, a record, one of them twice", (law) =>
      Effect.gen(function*() {
        const task = yield* named("task", sleep("2 seconds", 1))
        const values = yield* asyncio.gather({ a: task, b: sleep("1 second", 2), c: task })
        law.equal(values, { a: 1, b: 2, c: 1 }, "the values")
      })),
    program("a failure leaves the siblings alone", (law) =>
      Effect.gen(function*() {
        const children = new Children()
        const failing = children.make("failing", Effect.andThen(sleep("1 second"), law.fail("early")))
        const late = children.make("late", Effect.andThen(sleep("2 seconds"), law.fail("late")))
        law.seen.add("late") // counts as seen: its gather was told
        law.rest(() => {
          if (law.undisturbed) law.equal(children.ended, ["failing", "late", "a"], "who ended")
        })
        yield* checked(law, "fail early", asyncio.gather([children.sleeping("a", 3), failing, late]))
      })),
    program("returnExceptions", (law) =>
      law.encloses("gather", (part) =>
        Effect.gen(function*() {
          const failing = Effect.andThen(sleep("1 second"), Effect.fail("no"))
          const exits = yield* asyncio.gather([part(slowly(sleep("2 seconds", "a"))), part(failing)], {
            returnExceptions: true
          })
          if (law.undisturbed) law.equal(exits.map(outcomeOf), ["value \"a\"", "fail no"], "the exits")
        }))),
    program("cancelOnError", (law) =>
      law.encloses("gather", (part) =>
        Effect.gen(function*() {
          const failing = Effect.andThen(sleep("1 second"), law.fail("no"))
          const children = [part(slowly(sleep("1 hour"))), part(failing), part(stubbornly(sleep("1 hour")))]
          yield* checked(law, "fail no", asyncio.gather(children, { cancelOnError: true }))
        })), { stubborn: ["Task-4"] }),
    program("cancelOnError and returnExceptions", (law) =>
      law.encloses("gather", (part) =>
        Effect.gen(function*() {
          const exits = yield* asyncio.gather(
            [part(sleep("1 hour")), part(Effect.andThen(sleep("1 second"), Effect.fail("no")))],
            { cancelOnError: true, returnExceptions: true }
          )
          if (law.undisturbed) law.equal(exits.map(outcomeOf), ["cancelled", "fail no"], "the exits")
        }))),
    ...[1, 2].map((concurrency) =>
      program(`concurrency ${concurrency}`, (law) =>
        Effect.gen(function*() {
          const children = new Children()
          const names = ["a", "b", "c", "d"]
          const exit = yield* Effect.exit(
            asyncio.gather(names.map((name, i) => children.sleeping(name, 1 + i % 2)), { concurrency })
          )
          const started = children.started.length
          law.rest(() => {
            law.expect(children.most <= concurrency, `${children.most} at once`)
            law.equal(children.started.length, started, "those started when it was over")
          })
          if (Exit.isSuccess(exit)) law.equal(exit.value, names, "the values")
        }))
    ),
    program("concurrency with failures", (law) =>
      Effect.gen(function*() {
        const children = new Children()
        const failing = children.make("failing", Effect.andThen(sleep("1 second"), law.fail("no")))
        law.rest(() => {
          if (law.undisturbed) law.equal(children.started, ["a", "failing"], "who started")
        })
        const all = [children.sleeping("a", 2), failing, children.sleeping("b", 1)]
        yield* checked(law, "fail no", asyncio.gather(all, { concurrency: 2 }))
      })),
    program("children whose clean-up suspends", (law) =>
      Effect.gen(function*() {
        const children = new Children()
        const child = (name: string) => children.make(name, slowly(sleep("2 seconds", name)))
        yield* Effect.onExit(asyncio.gather([child("a"), child("b")]), (exit) =>
          Effect.sync(() => {
            if (Exit.isFailure(exit)) law.expect(children.running < 2, "cancelled before any child had ended")
          }))
      })),
    program(
      "children that fail while they clean up",
      (law) =>
        law.encloses(
          "gather",
          (part) =>
            law.look(asyncio.gather([part(failsSlowly(law, "a")), part(failsSlowly(law, "b")), sleep("1 second")], {
              cancelOnError: true
            }))
        )
    ),
    program("children that go on", () =>
      Effect.gen(function*() {
        const stubborn = stubbornly(sleep("2 seconds", "a"))
        yield* asyncio.gather([stubborn, stubborn])
      }), { stubborn: ["Task-2", "Task-3"] }),
    program("a gather in a gather", (law) =>
      Effect.gen(function*() {
        const inner = asyncio.gather([sleep("1 second", 1), sleep("2 seconds", 2)])
        law.equal(yield* asyncio.gather([inner, inner]), [[1, 2], [1, 2]], "the values")
      })),
    program("futures that are done", (law) =>
      Effect.gen(function*() {
        const future = yield* Future.make<number>()
        yield* Future.succeed(future, 1)
        law.equal(yield* asyncio.gather([future, future]), [1, 1], "the values")
      })),
    program(
      "two gathers share a task",
      () =>
        Effect.gen(function*() {
          const shared = yield* named("shared", sleep("2 seconds", 1))
          const a = yield* named("a", Effect.exit(asyncio.gather([shared, sleep("1 second")])))
          const b = yield* named("b", Effect.exit(asyncio.gather([sleep("1 second"), shared])))
          yield* Task.await(a)
          yield* Task.await(b)
        })
    )
  ]
}

const modes: ReadonlyArray<asyncio.wait.ReturnWhen> = [
  asyncio.FIRST_COMPLETED,
  asyncio.FIRST_EXCEPTION,
  asyncio.ALL_COMPLETED,
  ({ succeeded }) => succeeded >= 2
]

const nameOf = (mode: asyncio.wait.ReturnWhen) => typeof mode === "string" ? mode : "a predicate"

const wait: Subject = {
  name: "wait",
  programs: [
    ...modes.flatMap((returnWhen) =>
      ([undefined, "2 seconds", 0] as const).map((timeout) =>
        program(
          `${nameOf(returnWhen)}, timeout ${timeout}`,
          (law) =>
            Effect.gen(function*() {
              const tasks: Array<Task.Task<number>> = []
              for (const seconds of [1, 2, 3]) tasks.push(yield* named(`${seconds}`, sleep({ seconds }, seconds)))
              const failing = yield* named("failing", Effect.andThen(sleep("2 seconds"), Effect.fail("no")))
              const { done, pending } = yield* Effect.onExit(
                asyncio.wait([...tasks, failing], { returnWhen, timeout }),
                () =>
                  Effect.sync(() => {
                    for (const task of [...tasks, failing]) {
                      law.expect(Task.done(task) || inLineOf(task) === 0, `wait left something at ${task.name}`)
                    }
                  })
              )
              law.equal(done.size + pending.size, 4, "done and pending")
              for (const task of done) law.expect(Task.done(task), `${task.name} is in done and is not`)
              yield* Task.await(failing)
            }),
          // The failure is not seen where `main` is hit; nothing else changes for the tasks.
          { independent: (task) => task !== "main" }
        )
      )
    ),
    program(
      "effects become tasks that run on",
      () =>
        Effect.gen(function*() {
          const { done } = yield* asyncio.wait([sleep("1 second", 1), sleep("2 seconds", 2)], {
            returnWhen: asyncio.FIRST_COMPLETED
          })
          return done.size
        }),
      { independent: (task) => task !== "main" }
    ),
    program("a loop over what is pending hands each out once", (law) =>
      Effect.gen(function*() {
        const seen: Array<string> = []
        const tasks = []
        for (const seconds of [3, 1, 2, 1]) {
          tasks.push(yield* createTask(sleep({ seconds }), { name: `${tasks.length}` }))
        }
        let pending: ReadonlySet<Task.Task<void>> = new Set(tasks)
        while (pending.size > 0) {
          const round = yield* asyncio.wait(pending, { returnWhen: asyncio.FIRST_COMPLETED })
          for (const task of round.done) seen.push(task.name)
          pending = round.pending
        }
        law.equal(seen.toSorted(), ["0", "1", "2", "3"], "who was handed out")
      }), { independent: (task) => task !== "main" }),
    program("going on after a cancelled round", (law) =>
      Effect.gen(function*() {
        const tasks = []
        for (const seconds of [1, 2, 3, 4]) tasks.push(yield* named(`${seconds}`, sleep({ seconds })))
        const first = yield* asyncio.wait(tasks, { returnWhen: asyncio.FIRST_COMPLETED })
        const second = yield* asyncio.wait(first.pending, { returnWhen: asyncio.FIRST_COMPLETED })
        const waiter = yield* named("waiter", asyncio.wait(second.pending))
        yield* sleep(0)
        yield* Task.cancel(waiter)
        yield* Task.await(waiter)
        const last = yield* asyncio.wait(second.pending)
        law.equal(last.done.size + second.done.size + first.done.size, 4, "all in all")
      }), { independent: (task) => !["main", "waiter"].includes(task) })
  ]
}

const shield: Subject = {
  name: "shield",
  programs: [
    program("a task", () =>
      Effect.gen(function*() {
        const task = yield* named("inner", sleep("1 second", "value"))
        return yield* asyncio.shield(task)
      }), { independent: (task) => task === "inner" }),
    program("an effect", () => asyncio.shield(sleep("1 second", "value")), {
      independent: (task) => task !== "main"
    }),
    program("several around one task", () =>
      Effect.gen(function*() {
        const task = yield* named("inner", sleep("2 seconds", "value"))
        const waiters = []
        for (const name of ["a", "b", "c"]) waiters.push(yield* named(name, Effect.asVoid(asyncio.shield(task))))
        for (const waiter of waiters) yield* Task.await(waiter)
      }), { independent: (task) => task === "inner" }),
    program("a late failure is seen or reported, once", (law) =>
      Effect.gen(function*() {
        const inner = yield* named("inner", Effect.andThen(sleep("1 second"), law.fail("late")))
        let inTime = true
        law.atHit.push(() => inTime &&= !Task.done(inner))
        law.atClose.push(() => {
          // Task-2 is the inner shield: without it nobody was shielded.
          if (!law.failed.has("late") || !law.wasHit("main") || law.wasHit("Task-2") || !inTime) return
          law.equal(law.reports.map(({ message }) => message), ["Task exception was never retrieved"], "the reports")
        })
        yield* Effect.exit(law.look(asyncio.shield(asyncio.shield(inner))))
        yield* sleep("1 second")
      })),
    program("several around one failing task: one report", (law) =>
      Effect.gen(function*() {
        const inner = yield* named("inner", Effect.andThen(sleep("1 second"), law.fail("late")))
        for (const name of ["a", "b"]) yield* named(name, Effect.ignore(asyncio.shield(inner)))
        yield* sleep("500 millis")
        // Both are cancelled, so that nobody is left to see it.
        for (const task of yield* asyncio.allTasks) if (["a", "b"].includes(task.name)) yield* Task.cancel(task)
        yield* sleep("1 second")
        law.seen.delete("late")
        law.atClose.push(() => {
          if (law.undisturbed) law.equal(law.reports.length, 1, "the reports")
        })
      }), { cancels: true }),
    program("a late failure that somebody sees after all", (law) =>
      Effect.gen(function*() {
        const inner = yield* named("inner", Effect.andThen(sleep("2 seconds"), law.fail("late")))
        const waiter = yield* named("waiter", Effect.ignore(asyncio.waitFor(asyncio.shield(inner), "1 second")))
        law.rest(() => law.expect(inLineOf(inner) === 0, "something is left at the inner task"))
        yield* sleep("3 seconds")
        yield* Task.await(waiter)
        law.sawExit(yield* Task.await(inner))
      }), { independent: (task) => task === "inner" }),
    program("an inner task that is cancelled", (law) =>
      Effect.gen(function*() {
        const inner = yield* named("inner", slowly(sleep("1 hour")))
        yield* law.later(1, () => void Task.cancelUnsafe(inner))
        yield* Effect.exit(asyncio.shield(inner))
      }), { stubborn: ["main"], cancels: true }),
    program("in a gather", () =>
      Effect.gen(function*() {
        const inner = yield* named("inner", sleep("2 seconds", "value"))
        yield* asyncio.gather([asyncio.shield(inner), sleep("1 second")])
      }), { independent: (task) => task === "inner" })
  ]
}

const asCompleted: Subject = {
  name: "asCompleted",
  programs: [
    program("all of them", (law) =>
      Effect.gen(function*() {
        const tasks: Array<Task.Task<void>> = []
        for (const seconds of [3, 1, 2]) tasks.push(yield* named(`${seconds}`, sleep({ seconds })))
        const seen = yield* Stream.runCollect(Stream.map(asyncio.asCompleted(tasks), (task) => task.name))
        if (law.undisturbed) law.equal(seen, ["1", "2", "3"], "the order")
        law.equal(seen.toSorted(), ["1", "2", "3"], "all of them")
      }), { independent: (task) => task !== "main" }),
    program("leaving early cancels nothing", (law) =>
      Effect.gen(function*() {
        const tasks: Array<Task.Task<void>> = []
        for (const seconds of [3, 1, 2]) tasks.push(yield* named(`${seconds}`, sleep({ seconds })))
        yield* Effect.onExit(Stream.runDrain(Stream.take(asyncio.asCompleted(tasks), 1)), () =>
          Effect.sync(() => {
            for (const task of tasks) {
              law.expect(Task.done(task) || inLineOf(task) === 0, `asCompleted left something at ${task.name}`)
            }
          }))
      }), { independent: (task) => task !== "main" }),
    program("a timeout cancels nothing", (law) =>
      Effect.gen(function*() {
        const stream = asyncio.asCompleted([sleep("1 second"), sleep("3 seconds")], { timeout: "2 seconds" })
        const exit = yield* Effect.exit(Stream.runDrain(stream))
        if (law.undisturbed) law.equal(outcomeOf(exit), "fail TimeoutError", "the stream")
      }), { independent: (task) => task !== "main" })
  ]
}

const limitedCompletions: Subject = {
  name: "asCompleted, limited",
  programs: [
    program("so many at once, and none after its end", (law) =>
      Effect.gen(function*() {
        const children = new Children()
        const names = ["a", "b", "c", "d"]
        const stream = asyncio.asCompleted(names.map((name, i) => children.sleeping(name, 1 + i % 2)), {
          concurrency: 2
        })
        const values: Array<string> = []
        yield* Effect.onExit(
          Stream.runForEach(stream, (task) =>
            Effect.map(Effect.exit(Task.join(task)), (exit) => {
              if (Exit.isSuccess(exit)) values.push(exit.value)
            })),
          () =>
            Effect.sync(() => {
              // Those that had been made by then begin all the same.
              const most = children.ended.length + 2
              law.rest(() => {
                const started = children.started.length
                law.expect(law.hits.some(({ task }) => task !== "main") || started <= most, `${started} of ${most}`)
                law.expect(children.most <= 2, `${children.most} at once`)
              })
            })
        )
        if (law.undisturbed) law.equal(values.toSorted(), names, "the values")
      })),
    program("left early", (law) =>
      Effect.gen(function*() {
        const children = new Children()
        const stream = asyncio.asCompleted(["a", "b", "c"].map((name) => children.sleeping(name, 1)), {
          concurrency: 1
        })
        yield* Stream.runDrain(Stream.take(stream, 1))
        law.rest(() => law.expect(children.started.length <= 2, `${children.started} have started`))
      }))
  ]
}

const asCompletedEffects: Subject = {
  name: "asCompletedEffects",
  programs: [
    program("one by one", (law) =>
      Effect.gen(function*() {
        const seen: Array<number> = []
        for (const next of yield* asyncio.asCompletedEffects([3, 1, 2].map((n) => sleep({ seconds: n }, n)))) {
          seen.push(yield* next)
        }
        law.equal(seen, [1, 2, 3], "the order")
      })),
    program("by several tasks", (law) =>
      Effect.gen(function*() {
        const inputs: Array<Task.Task<number>> = []
        for (const n of [1, 2, 3]) inputs.push(yield* named(`${n}`, sleep({ seconds: n }, n)))
        const effects = yield* asyncio.asCompletedEffects(inputs)
        const seen: Array<number> = []
        const takers: Array<Task.Task<void, unknown>> = []
        for (let i = 0; i < effects.length; i++) {
          takers.push(yield* named(`taker ${i}`, Effect.map(effects[i]!, (n) => void seen.push(n))))
        }
        for (const taker of takers) yield* Task.await(taker)
        law.rest(() => {
          const takersHit = takers.filter((taker) => law.wasHit(taker.name)).length
          const inputsHit = inputs.filter((input) => law.wasHit(input.name)).length
          law.expect(new Set(seen).size === seen.length, "one was handed out twice")
          if (inputsHit === 0) law.expect(seen.length >= 3 - takersHit, `${seen.length} of 3 were handed out`)
        })
      }), { independent: (task) => ["1", "2", "3"].includes(task) })
  ]
}

export const verbs: ReadonlyArray<Subject> = [gather, wait, shield, asCompleted, limitedCompletions, asCompletedEffects]
