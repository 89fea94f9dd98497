/** Tasks and what is nearest to them: joins, watchers, futures, runners, sleeps. */
import { Effect, Exit, Fiber } from "effect"
import * as asyncio from "effect-asyncio"
import { Future, Task } from "effect-asyncio"
import { outcomeOf } from "./everyStep.ts"
import { failsSlowly, joining, lossless, named, program, slowly, stubbornly } from "./programs.ts"
import type { Subject } from "./subjects.ts"

const { sleep } = asyncio

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

const cancelAndWait: Subject = {
  name: "cancelAndWait",
  programs: [
    program("whoever comes back, all are over; whoever is cancelled, all are asked", (law) =>
      Effect.gen(function*() {
        const tasks = [
          yield* named("quick", sleep("1 hour")),
          yield* named("slow", slowly(slowly(sleep("1 hour")))),
          yield* named("done", Effect.succeed("value"))
        ]
        yield* sleep("1 second")
        const stop = Effect.onExit(Task.cancelAndWait(tasks), (exit) =>
          Effect.sync(() => {
            const over = tasks.every(Task.done)
            law.expect(over || Exit.isFailure(exit), "it came back before all were over")
          }))
        const stopper = yield* named("stopper", stop)
        law.rest(() => {
          const asked = tasks.slice(0, 2).filter((task) => Task.cancelled(task)).length
          law.expect(asked === 2 || law.wasHit(), `${asked} of 2 were asked`)
        })
        yield* Task.await(stopper)
      }), { cancels: true }),
    program("one that goes on, until the waiting is over", (law) =>
      Effect.gen(function*() {
        const task = yield* named("stubborn", stubbornly(sleep("1 hour")))
        yield* sleep("1 second")
        const exit = yield* Effect.exit(Task.cancelAndWait(task, { timeout: "500 millis" }))
        if (law.undisturbed) law.equal(outcomeOf(exit), "fail TimeoutError", "the waiting")
        yield* Task.cancelAndWait(task)
        law.expect(Task.done(task), "it came back before the task was over")
      }), { cancels: true, stubborn: ["stubborn"] }),
    program("two that stop each other", (law) =>
      Effect.gen(function*() {
        const a: Task.Task<void> = yield* named("a", Effect.suspend(() => Task.cancelAndWait(b)))
        const b: Task.Task<void> = yield* named("b", Effect.onInterrupt(sleep("1 second"), () => Task.cancelAndWait(a)))
        yield* Task.await(a)
        yield* Task.await(b)
      }), { cancels: true })
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
    program("until the same time", () =>
      Effect.gen(function*() {
        const when = (yield* asyncio.EventLoop.time) + 1
        for (const name of ["a", "b"]) yield* named(name, Effect.as(asyncio.sleepUntil(when), name))
        yield* asyncio.sleepUntil(when + 1)
        yield* asyncio.sleepUntil(when)
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

export const tasks: ReadonlyArray<Subject> = [join, await_, cancelAndWait, future, runner, sleep_]
