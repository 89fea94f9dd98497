/** The verbs: what each of them promises, whatever is cancelled at whatever step. */
import { type Cause, Effect, Exit, Fiber, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { type EventLoop, Future, Task } from "effect-asyncio"
import { FutureImpl } from "../../src/internal/future.ts"
import { failuresIn, type Law, outcomeOf, type Program } from "./everyStep.ts"
import type { Subject } from "./subjects.ts"

type Main = Program["main"]
type Options = Omit<Program, "name" | "main">

const program = (name: string, main: Main, options?: Options): Program => ({ name, main, ...options })

const { createTask, sleep } = asyncio

/** A task that can be known by its name. */
const named = <A, E>(name: string, effect: Effect.Effect<A, E, EventLoop.EventLoop>) => createTask(effect, { name })

/** Clean-up that suspends. */
const slowly = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.onInterrupt(effect, () => sleep("1 second"))

/** Meets a cancellation and goes on. */
const stubbornly = <A, E>(effect: Effect.Effect<A, E, EventLoop.EventLoop>) =>
  Task.catchCancelled(effect, () => sleep("1 second", "went on"))

/** Fails while it cleans up. */
const failsSlowly = (law: Law, name: string) =>
  Effect.onInterrupt(sleep("1 hour"), () => Effect.andThen(sleep("1 second"), law.fail(name)))

/** Every failure so far comes out of it. */
const lossless = <A, E, R>(law: Law, verb: Effect.Effect<A, E, R>) =>
  Effect.onExit(law.look(verb), (exit) =>
    Effect.sync(() => {
      const out = failuresIn(exit)
      for (const name of law.failed) law.expect(out.includes(name), `failure ${name} did not come out`)
    }))

/** Who waits in the line of this task or future: the callbacks and waiters that a verb puts there. */
const inLineOf = (future: Future.Future<any, any>): number => {
  if (future instanceof FutureImpl) return future.length
  throw new Error("no future of this package")
}

/** The verb that awaits `task` cancels it with its own cancellation, and waits until it has ended. */
const joining = (law: Law, task: Task.Task<any, any>) =>
  Effect.onExit(
    Task.join(task),
    () => Effect.sync(() => law.expect(Task.done(task), "the join is over, what it joined is not"))
  )

const join: Subject = {
  name: "join",
  programs: [
    program("a task", (law) =>
      Effect.gen(function*() {
        const task = yield* named("inner", sleep("1 second", "value"))
        return yield* joining(law, task)
      })),
    program("a task that is done", (law) =>
      Effect.gen(function*() {
        const task = yield* named("inner", Effect.succeed("value"))
        yield* sleep("1 second")
        return yield* joining(law, task)
      })),
    program("a task that joins a task that joins a task", (law) =>
      Effect.gen(function*() {
        const c = yield* named("c", sleep("1 second", "value"))
        const b = yield* named("b", joining(law, c))
        const a = yield* named("a", joining(law, b))
        return yield* joining(law, a)
      })),
    program("a task whose clean-up suspends", (law) =>
      Effect.gen(function*() {
        const task = yield* named("inner", slowly(slowly(sleep("1 second"))))
        yield* joining(law, task)
      })),
    program("a task that goes on", (law) =>
      Effect.gen(function*() {
        const task = yield* named("inner", stubbornly(sleep("1 second", "value")))
        return yield* joining(law, task)
      }), { stubborn: ["inner", "main"] }),
    program("a task that is uninterruptible", (law) =>
      Effect.gen(function*() {
        const task = yield* named("inner", Effect.uninterruptible(Effect.andThen(sleep(0), sleep("1 second"))))
        yield* joining(law, task)
      })),
    program("a failing task", (law) =>
      Effect.gen(function*() {
        const task = yield* named("inner", Effect.andThen(sleep("1 second"), law.fail("lost")))
        yield* Effect.ignore(law.look(joining(law, task)))
        yield* sleep("1 second")
      })),
    program(
      "a task that fails while it cleans up",
      (law) => lossless(law, Effect.flatMap(named("inner", failsSlowly(law, "clean-up")), (task) => joining(law, task)))
    ),
    program("one task by several", (law) =>
      Effect.gen(function*() {
        const task = yield* named("inner", slowly(sleep("1 second", "value")))
        const joiners = []
        for (const name of ["a", "b", "c"]) {
          joiners.push(yield* named(name, Effect.exit(Task.join(task))))
          yield* sleep(0)
        }
        for (const joiner of joiners) yield* Task.await(joiner)
        law.expect(Task.done(task), "its joiners are over, it is not")
      })),
    program("a circle that somebody breaks", (law) =>
      Effect.gen(function*() {
        const circle: Array<Task.Task<unknown, unknown>> = []
        const next = (i: number) => Effect.suspend(() => Task.join(circle[i % 3]!))
        for (const [i, name] of ["a", "b", "c"].entries()) circle.push(yield* named(name, next(i + 1)))
        yield* law.later(1, () => void Task.cancelUnsafe(circle[1]!))
        for (const task of circle) yield* Task.await(task)
      }), { cancels: true }),
    program("from a fiber that the task forked", (law) =>
      Effect.gen(function*() {
        const task = yield* named("inner", sleep("1 second", "value"))
        const fiber = yield* Effect.forkChild(joining(law, task))
        return yield* Fiber.join(fiber)
      })),
    program("the loser of a race", (law) =>
      Effect.gen(function*() {
        const slow = yield* named("slow", slowly(sleep("1 hour")))
        const fast = yield* named("fast", sleep("1 second", "value"))
        const value = yield* Effect.race(joining(law, slow), joining(law, fast))
        law.expect(Task.done(slow), "the loser runs on")
        return value
      }))
  ]
}

const await_: Subject = {
  name: "await",
  programs: [
    program(
      "cancelling the watcher leaves the task alone",
      () =>
        Effect.gen(function*() {
          const task = yield* named("inner", sleep("1 second", "value"))
          return outcomeOf(yield* Task.await(task))
        }),
      { independent: (task) => task === "inner" }
    ),
    program(
      "several watchers",
      () =>
        Effect.gen(function*() {
          const task = yield* named("inner", sleep("1 second", "value"))
          const watchers = []
          for (const name of ["a", "b", "c"]) watchers.push(yield* named(name, Effect.asVoid(Task.await(task))))
          for (const watcher of watchers) yield* Task.await(watcher)
        }),
      { independent: (task) => task !== "main" }
    ),
    program("a failing task", (law) =>
      Effect.gen(function*() {
        const task = yield* named("inner", Effect.andThen(sleep("1 second"), law.fail("lost")))
        law.sawExit(yield* Task.await(task))
        yield* sleep("1 second")
      }))
  ]
}

/** Nobody goes on after it; undisturbed, it ends as expected. */
const checked = <A, E, R>(law: Law, expected: string, verb: Effect.Effect<A, E, R>) =>
  Effect.onExit(law.look(verb), (exit) =>
    Effect.sync(() => {
      if (law.undisturbed) law.equal(outcomeOf(exit), expected, "the verb")
    }))

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

/** What `timeout` and its kin share: `limit` puts a deadline of so many seconds over a body. */
const deadlines = (
  limit: <A, E>(
    seconds: number,
    body: Effect.Effect<A, E, EventLoop.EventLoop>
  ) => Effect.Effect<A, E | Cause.TimeoutError, EventLoop.EventLoop>
): ReadonlyArray<Program> => [
  program("a body in time", (law) =>
    law.encloses("the block", (part) =>
      Effect.gen(function*() {
        law.equal(yield* limit(2, part(sleep("1 second", "value"))), "value", "the value")
      }))),
  program("a body too late", (law) =>
    law.encloses("the block", (part) =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(limit(1, part(slowly(sleep("1 hour")))))
        law.equal(outcomeOf(exit), "fail TimeoutError", "the block")
      }))),
  program("the value at the very time", (law) =>
    law.encloses("the block", (part) =>
      Effect.gen(function*() {
        yield* Effect.exit(limit(1, part(sleep("1 second", "value"))))
      }))),
  program("no time at all", (law) =>
    law.encloses("the block", (part) =>
      Effect.gen(function*() {
        yield* Effect.exit(limit(0, part(slowly(sleep("1 second")))))
        yield* Effect.exit(limit(-1, part(sleep(0))))
      }))),
  program("one in another, both at once", (law) =>
    law.encloses("the block", (part) =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(limit(1, part(limit(1, part(slowly(sleep("1 hour")))))))
        law.equal(outcomeOf(exit), "fail TimeoutError", "the outer block")
      }))),
  program("three, the middle one first", (law) =>
    law.encloses("the block", (part) =>
      Effect.gen(function*() {
        const inner = part(limit(3, part(slowly(sleep("1 hour")))))
        const exit = yield* Effect.exit(limit(4, part(Effect.exit(limit(2, inner)))))
        if (Exit.isSuccess(exit)) law.equal(outcomeOf(exit.value), "fail TimeoutError", "the middle block")
      }))),
  program(
    "a body that fails while it cleans up",
    (law) => law.encloses("the block", (part) => lossless(law, limit(1, part(failsSlowly(law, "clean-up")))))
  ),
  program("one in another, failures in both clean-ups", (law) =>
    law.encloses("the block", (part) => {
      const inner = limit(2, part(failsSlowly(law, "inner")))
      return lossless(law, limit(1, part(Effect.onInterrupt(inner, () => law.fail("outer")))))
    })),
  program("a body that goes on", () =>
    Effect.gen(function*() {
      const stubborn = limit(1, stubbornly(sleep("1 hour")))
      yield* Effect.exit(stubborn)
    }), { stubborn: ["main"] }),
  program("a body that joins", (law) =>
    Effect.gen(function*() {
      const task = yield* named("inner", slowly(sleep("1 hour")))
      yield* Effect.exit(limit(1, joining(law, task)))
      law.expect(Task.done(task), "the block is over, what it joined is not")
    })),
  program("a body that forks", (law) =>
    law.encloses("the block", (part) =>
      Effect.gen(function*() {
        const forking = Effect.andThen(Effect.forkChild(part(slowly(sleep("1 hour")))), sleep("1 hour"))
        yield* Effect.exit(limit(1, part(forking)))
      }))),
  program("several one after the other", (law) =>
    law.encloses("the blocks", (part) =>
      Effect.gen(function*() {
        for (const seconds of [1, 2, 1]) yield* Effect.exit(limit(seconds, part(sleep("2 seconds"))))
      }))),
  program("in an uninterruptible part", (law) =>
    law.encloses("the block", (part) =>
      Effect.gen(function*() {
        const exit = yield* Effect.uninterruptible(Effect.exit(limit(1, part(sleep("1 hour")))))
        law.equal(outcomeOf(exit), "fail TimeoutError", "the block")
        yield* sleep(0)
      })))
]

/** What the deadline asks for is nobody's any more, once the block has ended. */
const endInTheTickOfTheDeadline = (law: Law) =>
  Effect.gen(function*() {
    const exit = yield* Effect.exit(asyncio.timeout("1 hour", (timeout) =>
      Effect.gen(function*() {
        // Behind the body's own timer.
        yield* named("mover", Effect.exit(asyncio.Timeout.reschedule(timeout, 1)))
        yield* Effect.uninterruptible(sleep("1 second"))
      })))
    yield* sleep("1 second")
    if (law.undisturbed) law.equal(outcomeOf(exit), "value undefined", "the block")
    return "went on"
  })

const timeout: Subject = {
  name: "timeout",
  programs: [
    ...deadlines((seconds, body) => asyncio.timeout({ seconds }, () => body)),
    program("an uninterruptible body that ends in the tick of the deadline", endInTheTickOfTheDeadline),
    program("rescheduled from inside and outside", (law) =>
      law.encloses("the block", (part) =>
        Effect.gen(function*() {
          const { reschedule } = asyncio.Timeout
          const exit = yield* Effect.exit(asyncio.timeout("1 second", (timeout) =>
            part(Effect.gen(function*() {
              yield* reschedule(timeout, undefined)
              yield* sleep("2 seconds")
              yield* reschedule(timeout, 5)
              // The block may be over when it runs.
              yield* named("mover", Effect.exit(reschedule(timeout, 4)))
              yield* sleep("1 hour")
            }))))
          law.equal(outcomeOf(exit), "fail TimeoutError", "the block")
        })))
  ]
}

const timeoutAt: Subject = {
  name: "timeoutAt",
  programs: deadlines((seconds, body) =>
    Effect.flatMap(asyncio.EventLoop.time, (now) => asyncio.timeoutAt(now + seconds, () => body))
  )
}

const waitFor: Subject = {
  name: "waitFor",
  programs: [
    ...deadlines((seconds, body) =>
      // Without time `waitFor` does not start an effect, which is what the others are about.
      seconds > 0 ? asyncio.waitFor(body, { seconds }) : asyncio.timeout({ seconds }, () => body)
    ),
    program("a task, cancelled when time is over", (law) =>
      Effect.gen(function*() {
        const task = yield* named("inner", slowly(sleep("1 hour")))
        yield* Effect.exit(asyncio.waitFor(task, "1 second"))
        law.expect(Task.done(task), "waitFor is over, its task is not")
      })),
    program("a task, no time at all", (law) =>
      Effect.gen(function*() {
        const task = yield* named("inner", slowly(sleep("1 hour")))
        yield* sleep("1 second")
        const exit = yield* Effect.exit(asyncio.waitFor(task, 0))
        law.expect(Task.done(task), "waitFor is over, its task is not")
        if (law.undisturbed) law.equal(outcomeOf(exit), "fail TimeoutError", "waitFor")
      })),
    program("an effect, no time at all", (law) =>
      Effect.gen(function*() {
        yield* Effect.exit(asyncio.waitFor(Effect.sync(() => law.expect(false, "it ran")), 0))
      })),
    program(
      "a shielded task lives on",
      () =>
        Effect.gen(function*() {
          const task = yield* named("inner", sleep("2 seconds", "value"))
          yield* Effect.exit(asyncio.waitFor(asyncio.shield(task), "1 second"))
        }),
      { independent: (task) => task === "inner" }
    )
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

/** A block whose children are over when it is, and all of whose failures come out of it. */
const block = (
  law: Law,
  body: (
    group: asyncio.TaskGroup.TaskGroup,
    part: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  ) => Effect.Effect<unknown, string, EventLoop.EventLoop>
) => law.encloses("the group", (part) => lossless(law, asyncio.TaskGroup.run((group) => part(body(group, part)))))

const taskGroup: Subject = {
  name: "TaskGroup",
  programs: [
    program("children and a value", (law) =>
      block(law, (group, part) =>
        Effect.gen(function*() {
          yield* group.createTask(part(sleep("1 second")), { name: "a" })
          yield* group.createTask(part(slowly(sleep("2 seconds"))), { name: "b" })
          return "value"
        }))),
    program("a body that outlives them", (law) =>
      block(law, (group, part) =>
        Effect.gen(function*() {
          yield* group.createTask(part(sleep("1 second")), { name: "a" })
          yield* group.createTask(part(Effect.void), { name: "b" })
          yield* slowly(sleep("2 seconds"))
        }))),
    program("a child that fails", (law) =>
      block(law, (group, part) =>
        Effect.gen(function*() {
          yield* group.createTask(part(Effect.andThen(sleep("1 second"), law.fail("a"))), { name: "a" })
          yield* group.createTask(part(slowly(sleep("1 hour"))), { name: "b" })
          yield* slowly(sleep("1 hour"))
        }))),
    program("children that fail while they clean up", (law) =>
      block(law, (group, part) =>
        Effect.gen(function*() {
          yield* group.createTask(part(Effect.andThen(sleep("1 second"), law.fail("a"))), { name: "a" })
          yield* group.createTask(part(failsSlowly(law, "b")), { name: "b" })
          yield* group.createTask(part(failsSlowly(law, "c")), { name: "c" })
          yield* failsSlowly(law, "body")
        }))),
    program("a body that fails", (law) =>
      block(law, (group, part) =>
        Effect.gen(function*() {
          yield* group.createTask(part(slowly(sleep("1 hour"))), { name: "a" })
          yield* sleep("1 second")
          return yield* law.fail("body")
        }))),
    program("children that add children", (law) =>
      block(law, (group, part) => {
        const child = (depth: number): Effect.Effect<void, never, EventLoop.EventLoop> =>
          part(Effect.gen(function*() {
            yield* sleep("1 second")
            // Refused once the group shuts down.
            if (depth > 0) yield* Effect.exit(group.createTask(child(depth - 1), { name: `depth ${depth - 1}` }))
          }))
        return group.createTask(child(3), { name: "depth 3" })
      })),
    program("a group in a group", (law) =>
      block(law, (outer, part) =>
        Effect.gen(function*() {
          yield* outer.createTask(part(slowly(sleep("1 hour"))), { name: "outer child" })
          yield* block(law, (inner, part) =>
            Effect.gen(function*() {
              yield* inner.createTask(part(slowly(sleep("1 hour"))), { name: "inner child" })
              yield* inner.createTask(part(Effect.andThen(sleep("1 second"), law.fail("a"))), { name: "a" })
            }))
        }))),
    program("a group in a child", (law) =>
      block(law, (group, part) =>
        Effect.gen(function*() {
          const inside = asyncio.TaskGroup.run((inner) =>
            Effect.gen(function*() {
              yield* inner.createTask(part(slowly(sleep("2 seconds"))), { name: "inner a" })
              yield* inner.createTask(part(sleep("1 second")), { name: "inner b" })
            })
          )
          yield* group.createTask(part(inside), { name: "a" })
          yield* group.createTask(part(sleep("3 seconds")), { name: "b" })
        }))),
    program("group.cancel", (law) =>
      block(law, (group, part) =>
        Effect.gen(function*() {
          yield* group.createTask(part(slowly(sleep("1 hour"))), { name: "a" })
          yield* group.createTask(part(Effect.andThen(sleep("1 second"), group.cancel)), { name: "b" })
          yield* slowly(sleep("1 hour"))
        }))),
    program("group.cancel by a body that waits on", (law) =>
      block(law, (group, part) =>
        Effect.gen(function*() {
          yield* group.createTask(part(slowly(sleep("1 hour"))), { name: "a" })
          yield* sleep("1 second")
          yield* group.cancel
        }))),
    program("group.cancel by a body that fails", (law) =>
      block(law, (group, part) =>
        Effect.gen(function*() {
          yield* group.createTask(part(slowly(sleep("1 hour"))), { name: "a" })
          yield* group.createTask(part(failsSlowly(law, "b")), { name: "b" })
          yield* sleep("1 second")
          yield* group.cancel
          return yield* law.fail("body")
        }))),
    program("group.cancel by an eager child", (law) =>
      block(law, (group, part) =>
        Effect.gen(function*() {
          yield* group.createTask(part(slowly(sleep("1 hour"))), { name: "a" })
          yield* group.createTask(Effect.andThen(group.cancel, part(slowly(sleep("1 hour")))), {
            name: "b",
            eager: true
          })
          yield* slowly(sleep("1 hour"))
        }))),
    program("group.cancel of a group in a group", (law) =>
      block(law, (outer, part) =>
        Effect.gen(function*() {
          yield* outer.createTask(part(slowly(sleep("2 seconds"))), { name: "outer child" })
          yield* block(law, (inner, part) =>
            Effect.gen(function*() {
              yield* inner.createTask(part(slowly(sleep("1 hour"))), { name: "inner child" })
              yield* inner.createTask(Effect.andThen(sleep("1 second"), inner.cancel), { name: "b" })
              yield* slowly(sleep("1 hour"))
            }))
          yield* sleep("1 second")
          if (law.undisturbed) return "went on"
        }))),
    program("a child that goes on", (law) =>
      block(law, (group, part) =>
        Effect.gen(function*() {
          yield* group.createTask(part(stubbornly(sleep("1 hour"))), { name: "a" })
          yield* group.createTask(part(Effect.andThen(sleep("1 second"), law.fail("b"))), { name: "b" })
        })), { stubborn: ["a"] }),
    program("a body that goes on", (law) =>
      block(law, (group, part) =>
        Effect.gen(function*() {
          yield* group.createTask(part(Effect.andThen(sleep("1 second"), law.fail("a"))), { name: "a" })
          yield* stubbornly(sleep("1 hour"))
        })), { stubborn: ["main"], cancels: true }),
    program(
      "under a timeout",
      (law) =>
        Effect.exit(asyncio.timeout("1 second", () =>
          block(law, (group, part) =>
            Effect.gen(function*() {
              yield* group.createTask(part(slowly(sleep("1 hour"))), { name: "a" })
              yield* group.createTask(part(slowly(sleep("1 hour"))), { name: "b" })
            })))),
      {}
    ),
    program("eager children", (law) =>
      block(law, (group, part) =>
        Effect.gen(function*() {
          yield* group.createTask(part(slowly(sleep("1 second"))), { name: "a", eager: true })
          yield* group.createTask(part(law.fail("b")), { name: "b", eager: true })
        })))
  ]
}

const catchCancelled: Subject = {
  name: "catchCancelled",
  programs: [
    program("goes on", () => stubbornly(sleep("1 second", "value")), { stubborn: ["main"] }),
    program(
      "passes it on",
      (law) =>
        law.encloses(
          "the region",
          (part) =>
            Task.catchCancelled(part(slowly(sleep("1 second"))), () =>
              part(Effect.andThen(sleep("1 second"), Effect.interrupt)))
        )
    ),
    program("one in another", (law) =>
      law.encloses("the regions", (part) =>
        Task.catchCancelled(
          part(Task.catchCancelled(part(sleep("2 seconds")), () => part(Effect.andThen(sleep(0), Effect.interrupt)))),
          () => part(sleep("1 second"))
        )), { stubborn: ["main"] }),
    program("inside of a timeout", (law) =>
      law.encloses("the block", (part) =>
        Effect.exit(
          asyncio.timeout(
            "1 second",
            () => Task.catchCancelled(part(sleep("1 hour")), () => part(sleep("1 second", "went on")))
          )
        )), { stubborn: ["main"] }),
    program(
      "a failure in the clean-up",
      (law) => lossless(law, Task.catchCancelled(failsSlowly(law, "clean-up"), () => Effect.void))
    ),
    program("of what is awaited", (law) =>
      Effect.gen(function*() {
        const task = yield* named("inner", sleep("1 second", "value"))
        const seen = yield* Task.catchCancelled(joining(law, task), () => Effect.succeed("cancelled"))
        yield* sleep("1 second")
        return seen
      }), { stubborn: ["main"] })
  ]
}

interface Branch {
  readonly effect: Effect.Effect<unknown, unknown, EventLoop.EventLoop>
  /** How it ends, as long as neither `main` nor one of its own tasks is hit: whatever becomes of the other branches. */
  readonly ends: string
  readonly tasks?: ReadonlyArray<string>
}

/** Branches that the task forks, each with regions of its own. */
const forked = (
  law: Law,
  branches: ReadonlyArray<Branch>,
  fork: (
    branches: ReadonlyArray<Effect.Effect<unknown, unknown, EventLoop.EventLoop>>
  ) => Effect.Effect<unknown, unknown, EventLoop.EventLoop> = (branches) =>
    Effect.all(branches, { concurrency: "unbounded", mode: "result" })
) =>
  law.encloses(
    "the task's own fiber",
    (part) =>
      fork(branches.map(({ effect, ends, tasks = [] }, i) =>
        Effect.onExit(part(effect), (exit) =>
          Effect.sync(() => {
            if (["main", ...tasks].some((task) => law.wasHit(task))) return
            law.equal(outcomeOf(exit), ends, `branch ${i}`)
          }))
      ))
  )

const tooLate = "fail TimeoutError"
const limited = (seconds: number, effect: Effect.Effect<unknown, unknown, EventLoop.EventLoop>) =>
  asyncio.timeout({ seconds }, () => effect)

const branches: Subject = {
  name: "forked branches",
  programs: [
    program("deadlines, equal ones and others, and clean-ups that suspend", (law) =>
      forked(law, [
        { effect: limited(1, slowly(sleep("1 hour"))), ends: tooLate },
        { effect: limited(1, sleep("1 hour")), ends: tooLate },
        { effect: limited(1.5, slowly(sleep("1 hour"))), ends: tooLate },
        { effect: asyncio.waitFor(sleep("3 seconds", "value"), "4 seconds"), ends: "value \"value\"" },
        { effect: limited(0, sleep("1 hour")), ends: tooLate }
      ])),
    program("deadlines in deadlines", (law) =>
      forked(law, [
        { effect: limited(2, Effect.exit(limited(1, slowly(sleep("1 hour"))))), ends: tooLate },
        { effect: limited(1, limited(2, slowly(sleep("1 hour")))), ends: tooLate },
        { effect: limited(3, Effect.ignore(limited(1, sleep("1 hour")))), ends: "value undefined" }
      ])),
    program("groups: one fails, one is cancelled, one ends well", (law) => {
      const group = (
        body: (group: asyncio.TaskGroup.TaskGroup) => Effect.Effect<unknown, string, EventLoop.EventLoop>
      ) => asyncio.TaskGroup.run((group) => Effect.asVoid(body(group)))
      const failing = group((group) =>
        Effect.gen(function*() {
          yield* group.createTask(Effect.andThen(sleep("1 second"), Effect.fail("no")), { name: "failing" })
          yield* group.createTask(slowly(sleep("1 hour")), { name: "sibling" })
        })
      )
      const cancelled = group((group) =>
        Effect.gen(function*() {
          yield* group.createTask(slowly(sleep("1 hour")), { name: "cancelled" })
          yield* sleep("1 second")
          yield* group.cancel
        })
      )
      const well = group((group) => group.createTask(sleep("3 seconds"), { name: "well" }))
      return forked(law, [
        { effect: failing, ends: "fail no", tasks: ["failing", "sibling"] },
        { effect: cancelled, ends: "value undefined", tasks: ["cancelled"] },
        { effect: well, ends: "value undefined", tasks: ["well"] }
      ])
    }),
    program("going on after what was awaited is cancelled, beside deadlines", (law) =>
      Effect.gen(function*() {
        const inner = yield* named("inner", slowly(sleep("1 hour")))
        yield* law.later(1, () => void Task.cancelUnsafe(inner))
        yield* forked(law, [
          {
            effect: Task.catchCancelled(Task.join(inner), () => Effect.succeed("went on")),
            ends: "value \"went on\"",
            tasks: ["inner"]
          },
          { effect: limited(1, slowly(sleep("1 hour"))), ends: tooLate },
          { effect: limited(5, Effect.andThen(sleep("3 seconds"), sleep("1 second"))), ends: "value undefined" }
        ])
      }), { cancels: true }),
    program("under a deadline that ends them all", (law) =>
      Effect.exit(limited(
        2.5,
        forked(law, [
          { effect: limited(1, slowly(sleep("1 hour"))), ends: tooLate },
          { effect: limited(3, slowly(sleep("1 hour"))), ends: "cancelled" },
          {
            effect: asyncio.TaskGroup.run((group) => group.createTask(slowly(sleep("1 hour")), { name: "a" })),
            ends: "cancelled",
            tasks: ["a"]
          }
        ])
      ))),
    program("a race: the loser's regions end with it", (law) =>
      forked(law, [
        { effect: limited(3, sleep("1 second", "first")), ends: "value \"first\"" },
        { effect: limited(2, slowly(sleep("1 hour"))), ends: "cancelled" }
      ], Effect.raceAll)),
    program("a stream's", (law) =>
      forked(
        law,
        [
          { effect: limited(1, slowly(sleep("1 hour"))), ends: tooLate },
          { effect: limited(1, sleep("1 hour")), ends: tooLate },
          { effect: limited(4, sleep("2 seconds", "value")), ends: "value \"value\"" }
        ],
        (branches) => Stream.runDrain(Stream.mapEffect(Stream.fromIterable(branches), Effect.exit, { concurrency: 2 }))
      )),
    program("fibers of a scope", (law) =>
      forked(
        law,
        [
          { effect: limited(1, slowly(sleep("1 hour"))), ends: tooLate },
          { effect: limited(1, slowly(sleep("1 hour"))), ends: tooLate }
        ],
        (branches) =>
          Effect.scoped(Effect.flatMap(Effect.forEach(branches, (b) => Effect.forkScoped(b)), Fiber.awaitAll))
      ))
  ]
}

const future: Subject = {
  name: "Future",
  programs: [
    program("joined", (law) =>
      Effect.gen(function*() {
        const future = yield* Future.make<string>()
        yield* law.later(1, () => void Future.succeedUnsafe(future, "value"))
        return yield* future
      })),
    program("joined by several: cancelling one cancels it for all", (law) =>
      Effect.gen(function*() {
        const future = yield* Future.make<string>()
        yield* law.later(1, () => void Future.succeedUnsafe(future, "value"))
        const joiners = []
        for (const name of ["a", "b"]) joiners.push(yield* named(name, Effect.exit(Future.join(future))))
        for (const joiner of joiners) yield* Task.await(joiner)
        // With both gone before their first step nobody has joined it.
        law.rest(() => {
          const joined = !law.wasHit("a") || !law.wasHit("b")
          law.expect(Future.done(future) || !joined, "the future is not done")
        })
      })),
    program("watched: cancelling a watcher leaves it alone", (law) =>
      Effect.gen(function*() {
        const future = yield* Future.make<string>()
        yield* law.later(1, () => void Future.succeedUnsafe(future, "value"))
        for (const name of ["a", "b"]) yield* named(name, Effect.map(Future.await(future), outcomeOf))
      }), { independent: (task) => task !== "main" }),
    program("fails", (law) =>
      Effect.gen(function*() {
        const future = yield* Future.make<string, string>()
        yield* law.later(1, () => {
          law.failed.add("no")
          // Cancelled by its joiner meanwhile: nothing is lost.
          if (!Future.failUnsafe(future, "no")) law.seen.add("no")
        })
        yield* Effect.exit(law.look(Future.join(future)))
      })),
    program("callbacks run once", (law) =>
      Effect.gen(function*() {
        let calls = 0
        const task = yield* named("inner", sleep("1 second"))
        yield* Task.addDoneCallback(task, () => void calls++)
        yield* Task.addDoneCallback(task, () => void calls++)
        law.rest(() => law.equal(calls, law.wasHit("main") ? calls : 2, "the calls"))
        yield* Task.await(task)
      })),
    program("in a race", (law) =>
      Effect.gen(function*() {
        const future = yield* Future.make<string>()
        yield* Effect.race(Future.join(future), sleep("1 second", "value"))
        law.expect(Future.cancelled(future), "the loser of the race is not cancelled")
      }))
  ]
}

const runner: Subject = {
  name: "Runner",
  programs: [
    program("leftovers are cancelled and awaited", (law) =>
      Effect.gen(function*() {
        let open = 0
        const leftover = Effect.suspend(() => {
          open++
          return Effect.ensuring(slowly(sleep("1 hour")), Effect.sync(() => void open--))
        })
        law.atClose.push(() => law.equal(open, 0, "leftovers that run on"))
        for (const name of ["a", "b"]) yield* named(name, leftover)
        yield* sleep("1 second")
      }), { leaves: true }),
    program("their failures are reported", (law) =>
      Effect.gen(function*() {
        law.atClose.push(() => {
          const reported = law.reports.length
          law.equal(reported, law.failed.size, "the reports")
        })
        for (const name of ["a", "b"]) yield* named(name, failsSlowly(law, name))
        yield* sleep("1 second")
      }), { leaves: true }),
    program("leftovers that make leftovers", (law) =>
      Effect.gen(function*() {
        let late: Task.Task<void> | undefined
        const again = Effect.onInterrupt(sleep("1 hour"), () =>
          Effect.flatMap(named("late", slowly(sleep("1 hour"))), (task) => {
            late = task
            return Effect.void
          }))
        law.atClose.push(() =>
          law.expect(late === undefined || Task.done(late), "the late one runs on")
        )
        yield* named("again", again)
        yield* sleep("1 second")
      }), { leaves: true }),
    program("leftovers that hold locks and queues", (law) =>
      Effect.gen(function*() {
        const lock = yield* asyncio.Lock.make
        const queue = yield* asyncio.Queue.make<number>({ maxsize: 1 })
        const parts = [
          asyncio.Lock.withLock(lock, slowly(sleep("1 hour"))),
          asyncio.Lock.withLock(lock, sleep("1 hour")),
          Effect.forever(asyncio.Queue.put(queue, 1)),
          Effect.andThen(asyncio.Queue.join(queue), Effect.void)
        ]
        for (const [i, part] of parts.entries()) yield* named(`${i}`, Effect.ignore(part))
        yield* sleep("1 second")
        law.atClose.push(() => {
          law.expect(!asyncio.Lock.locked(lock), "the lock is held")
          const { getters, joiners, putters } = asyncio.Queue.statistics(queue)
          law.equal([getters.length, joiners.length, putters.length], [0, 0, 0], "who waits at the queue")
        })
      }), { leaves: true })
  ]
}

const sleep_: Subject = {
  name: "sleep",
  programs: [
    program("sleepers of one time", () =>
      Effect.gen(function*() {
        for (const name of ["a", "b", "c"]) yield* named(name, sleep("1 second", name))
        yield* sleep("2 seconds")
      }), { independent: true }),
    program("a tick", () =>
      Effect.gen(function*() {
        for (const name of ["a", "b"]) yield* named(name, Effect.andThen(sleep(0), sleep(-1, name)))
        yield* sleep(0)
      }), { independent: true }),
    program("beside Effect's own", () =>
      Effect.gen(function*() {
        yield* named("a", Effect.andThen(Effect.sleep("1 second"), sleep("1 second", "a")))
        yield* named("b", Effect.andThen(sleep("1 second"), Effect.as(Effect.sleep("1 second"), "b")))
        yield* Effect.timeoutOption(sleep("1 hour"), "1 second")
      }), { independent: true }),
    program("busy time", () =>
      Effect.gen(function*() {
        yield* named("a", sleep("1 second", "a"))
        yield* named("b", sleep("3 seconds", "b"))
        yield* sleep(0)
        yield* sleep("2 seconds")
      }), { independent: true })
  ]
}

export const verbs: ReadonlyArray<Subject> = [
  join,
  await_,
  gather,
  wait,
  timeout,
  timeoutAt,
  waitFor,
  shield,
  asCompleted,
  asCompletedEffects,
  taskGroup,
  catchCancelled,
  branches,
  future,
  runner,
  sleep_
]
