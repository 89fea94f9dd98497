/** Programs in which nobody can go on. */
import { describe, expect, it } from "@effect/vitest"
import { Cause, Context, Effect, Exit, Fiber, Layer, Scope, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Future, Lock, Runner, Task } from "effect-asyncio"
import { DeadlockError, VirtualLoop } from "effect-asyncio/testing"
import { after, defectOf, loggedBy, never, outcomeOf, type Program } from "./support/loops.ts"

const { createTask, sleep } = asyncio
const time = EventLoop.time

const stuck = <A, E>(main: Effect.Effect<A, E, EventLoop.EventLoop>) =>
  Effect.flatMap(Effect.exit(VirtualLoop.run(main, { patience: 0 })), (exit) => {
    const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : exit.value
    if (error instanceof DeadlockError) return Effect.succeed(error)
    throw new Error("no DeadlockError", { cause: error })
  })

describe("DeadlockError", () => {
  it.live("fails `run`, typed, with the tasks that are left", () =>
    Effect.gen(function*() {
      const main = Effect.gen(function*() {
        yield* createTask(never, { name: "other" })
        yield* createTask(Effect.void, { name: "done" })
        yield* sleep("1 hour")
        return yield* never
      })
      const error = yield* VirtualLoop.run(main, { patience: 0 }).pipe(
        Effect.as(undefined),
        Effect.catchTag("DeadlockError", (error) => Effect.succeed(error))
      )
      expect(error).toBeInstanceOf(DeadlockError)
      expect(error!._tag).toBe("DeadlockError")
      expect(error!.tasks.map((task) => task.name)).toEqual(["Task-1", "other"])
    }))

  it.live("names every task, what it waits for, and where it was created", () =>
    Effect.gen(function*() {
      const { message } = yield* stuck(Effect.gen(function*() {
        const future = yield* Future.make<void>()
        const first = yield* createTask(Future.join(future), { name: "first" })
        yield* createTask(Task.join(first), { name: "second" })
        yield* createTask(Task.await(first), { name: "watcher" })
        yield* createTask(asyncio.gather([first]), { name: "gatherer" })
        yield* createTask(asyncio.wait([first]), { name: "waiter" })
        yield* createTask(sleep(Infinity), { name: "sleeper" })
        yield* createTask(Effect.never, { name: "outside" })
        yield* Future.await(future)
      }))
      const line = (name: string) => message.split("\n").find((line) => line.includes(`name='${name}'`))
      expect(line("first")).toMatch(/future.*VirtualLoop\.deadlock\.test\.ts:\d+:\d+/)
      expect(line("second")).toMatch(/'first'.*VirtualLoop\.deadlock\.test\.ts:\d+:\d+/)
      expect(line("watcher")).toMatch(/'first'/)
      expect(line("gatherer")).toMatch(/gather .*VirtualLoop\.deadlock\.test\.ts:\d+:\d+/)
      expect(line("waiter")).toMatch(/ wait .*VirtualLoop\.deadlock\.test\.ts:\d+:\d+/)
      expect(line("sleeper")).toMatch(/waiting for (a timer|.*sleep)/)
      expect(line("outside")).toMatch(/VirtualLoop\.deadlock\.test\.ts:\d+:\d+/)
      expect(message.match(/ {4}waiting for something outside of the loop/g)).toHaveLength(1)
      expect(message).toMatch(/name='outside' .*\n {4}waiting for something outside of the loop/)
      expect(line("Task-1")).toMatch(/future/)
      expect(message).not.toContain("circle")
    }))

  for (
    const [how, wait] of [["join", Task.join], [
      "gather",
      (task: Task.Task<unknown>) => asyncio.gather([task, never])
    ]] as const
  ) {
    it.live(`says who waits for whom in a circle: ${how}`, () =>
      Effect.gen(function*() {
        const { message } = yield* stuck(Effect.gen(function*() {
          const tasks: Array<Task.Task<unknown>> = []
          for (const [i, name] of ["x", "y", "z"].entries()) {
            tasks.push(
              yield* createTask(
                Effect.suspend(() => wait(tasks[(i + 1) % 3]!) as Effect.Effect<unknown, never, EventLoop.EventLoop>),
                { name }
              )
            )
          }
          yield* createTask(Task.join(tasks[0]!), { name: "outside" })
          return yield* never
        }))
        expect(message).toMatch(/circle.*('x' -> 'y' -> 'z' -> 'x'|'y' -> 'z' -> 'x' -> 'y'|'z' -> 'x' -> 'y' -> 'z')/)
        expect(message.split("\n").at(-1)).not.toContain("outside")
      }))
  }

  it.live("of 20,000 tasks in a row does not overflow, nor take for ever", () =>
    Effect.gen(function*() {
      const error = yield* stuck(Effect.gen(function*() {
        let task: Task.Task<unknown> = yield* createTask(never)
        for (let i = 0; i < 20_000; i++) {
          const inner = task
          task = yield* createTask(Task.join(inner))
        }
        yield* task
      }))
      expect(error.tasks).toHaveLength(20_002)
    }))

  it.live("of a circle of 5,000 tasks neither", () =>
    Effect.gen(function*() {
      const { message } = yield* stuck(Effect.gen(function*() {
        const tasks: Array<Task.Task<unknown>> = []
        for (let i = 0; i < 5000; i++) {
          tasks.push(yield* createTask(Effect.suspend(() => Task.join(tasks[(i + 1) % 5000]!))))
        }
        yield* tasks[0]!
      }))
      expect(message).toContain("circle")
    }))

  it.live("its tasks are cancelled and cleaned up then", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const cleaning = (name: string) =>
        Effect.onInterrupt(never, () => Effect.map(sleep("1 hour"), () => lines.push(name)))
      const error = yield* stuck(Effect.gen(function*() {
        yield* createTask(cleaning("other"))
        return yield* cleaning("main")
      }))
      expect(lines.toSorted()).toEqual(["main", "other"])
      expect(error.tasks.every((task) => Task.cancelled(task))).toBe(true)
    }))

  it.live("a task that is parked for ever is none while time can pass, nor when the program ends", () =>
    Effect.gen(function*() {
      const end = yield* VirtualLoop.run(
        Effect.gen(function*() {
          yield* createTask(never)
          yield* sleep("1 hour")
          return yield* time
        }),
        { patience: 0 }
      )
      expect(end).toBe(3600)
    }))

  it.live("a clean-up that hangs is given up, and reported", () =>
    Effect.gen(function*() {
      const messages: Array<string> = []
      const main = Effect.gen(function*() {
        yield* EventLoop.setExceptionHandler(({ message, task }) =>
          Effect.sync(() => void messages.push(`${message} ${task?.name}`))
        )
        yield* createTask(Effect.ensuring(never, Effect.never), { name: "hanging" })
        yield* Effect.yieldNow
        return "ended"
      })
      expect(yield* VirtualLoop.run(main, { patience: 0 })).toBe("ended")
      expect(messages).toEqual(["Task was destroyed but it is pending! hanging"])
    }))

  // --------------------------------------------------------------------------------------------- the users of a layer

  const onLayer = <A, E>(test: Effect.Effect<A, E, EventLoop.EventLoop>, options?: VirtualLoop.Options) =>
    Effect.exit(Effect.provide(test, VirtualLoop.layer({ patience: 0, ...options })))
  const reasonsOf = (exit: Exit.Exit<unknown, unknown>) => Exit.isFailure(exit) ? exit.cause.reasons : []
  const deadlockOf = (exit: Exit.Exit<unknown, unknown>) => {
    const die = reasonsOf(exit).filter(Cause.isDieReason).find(({ defect }) => defect instanceof DeadlockError)
    if (die === undefined) throw new Error("no DeadlockError", { cause: exit })
    return die.defect as DeadlockError
  }

  describe("under a layer it ends whoever waits, with its whole text", () => {
    const stuckLock = Effect.flatMap(Lock.make, (lock) => Effect.andThen(Lock.acquire(lock), Lock.acquire(lock)))
    const stuckTask = createTask(never, { name: "stuck" })
    for (
      const [what, test, text] of [
        ["a future", never, "a future"],
        ["a lock", stuckLock, "a Lock"],
        ["a queue", Effect.flatMap(asyncio.Queue.make<void>(), asyncio.Queue.get), "Queue.get"],
        ["an event", Effect.flatMap(asyncio.Event.make, asyncio.Event.wait), "an Event"],
        ["a timeout without a deadline", asyncio.timeout(Infinity, () => stuckLock), "a Lock"],
        ["branches", Effect.all([never, stuckLock], { concurrency: 2 }), "a Lock"],
        ["a child fiber", Effect.flatMap(Effect.forkChild(stuckLock), Fiber.join), "a Lock"],
        ["an uninterruptible part", Effect.uninterruptible(stuckLock), "a Lock"],
        ["a task that it joins", Effect.flatMap(stuckTask, Task.join), "'stuck' waiting for a future"],
        ["a task that it watches", Effect.flatMap(stuckTask, Task.await), "'stuck' waiting for a future"],
        [
          "a task that can't be cancelled",
          Effect.flatMap(createTask(Effect.uninterruptible(never)), Task.join),
          "Task-1"
        ],
        ["gather", asyncio.gather([never, sleep("1 hour")]), "Task-1"],
        ["wait", asyncio.wait([never]), "Task-1"],
        ["a group", asyncio.TaskGroup.run((group) => Effect.asVoid(group.createTask(never))), "Task-1"],
        ["what is not the loop's", Effect.never, "something outside of the loop"],
        ["the same, uninterruptible", Effect.uninterruptible(Effect.never), "something outside of the loop"],
        [
          "what is not the loop's, later",
          Effect.andThen(sleep("1 hour"), Effect.never),
          "something outside of the loop"
        ]
      ] as ReadonlyArray<[string, Effect.Effect<unknown, unknown, EventLoop.EventLoop>, string]>
    ) {
      it.live(`who waits for ${what}`, () =>
        Effect.gen(function*() {
          const { message } = deadlockOf(yield* onLayer(test))
          expect(message).toMatch(/^nothing is ready, nothing is scheduled/)
          expect(message).toContain(text)
        }))
    }

    it.effect("in it.effect", () => Effect.map(onLayer(never), (exit) => void deadlockOf(exit)))

    it.live("its tasks are cancelled", () =>
      Effect.gen(function*() {
        const lines: Array<string> = []
        const test = Effect.gen(function*() {
          const task = yield* createTask(Effect.onInterrupt(never, () => Effect.sync(() => lines.push("cancelled"))))
          const exit = yield* Effect.exit(Task.join(task))
          lines.push(deadlockOf(exit)._tag)
          yield* Task.await(task)
          // The loop goes on.
          return yield* sleep("1 hour", "on")
        })
        expect(outcomeOf(yield* onLayer(test))).toBe("on")
        expect(lines).toEqual(["DeadlockError", "cancelled"])
      }))

    it("of a loop that several share", async () => {
      const scope = Scope.makeUnsafe()
      const context = await Effect.runPromise(Layer.buildWithScope(VirtualLoop.layer({ patience: 0 }), scope))
      const test = <A, E>(effect: Effect.Effect<A, E, EventLoop.EventLoop>) =>
        Effect.runPromiseExitWith(context)(effect)
      deadlockOf(await test(never))
      deadlockOf(await test(Effect.flatMap(createTask(never), Task.join)))
      expect(outcomeOf(await test(sleep("1 hour", "on")))).toBe("on")
      // Nobody waits: no deadlock.
      await after(5)
      expect(outcomeOf(await Effect.runPromiseExit(Scope.close(scope, Exit.void)))).toBe(undefined)
    })

    it.live("who takes it goes on", () =>
      Effect.map(
        onLayer(Effect.as(Effect.exit(never), "on")),
        (exit) => expect(outcomeOf(exit)).toBe("on")
      ))

    it.live("while a promise is in flight it waits for `patience`", () =>
      Effect.gen(function*() {
        const promise = Effect.promise(() => after(20))
        expect(outcomeOf(yield* onLayer(promise, { patience: "10 seconds" }))).toBe("after 20")
      }))

    it.live("where nobody waits it is reported, and told in the log, once, if that does not help", () =>
      Effect.gen(function*() {
        const lines = yield* loggedBy(Effect.gen(function*() {
          const exit = yield* Effect.exit(Effect.scoped(Effect.gen(function*() {
            const context = yield* Layer.build(VirtualLoop.layer({ patience: 0 }))
            const loop = Context.get(context, EventLoop.EventLoop)
            yield* Effect.provideContext(createTask(Effect.uninterruptible(never), { name: "stuck" }), context)
            for (let i = 0; i < 3; i++) {
              yield* Effect.promise(() => after(2))
              loop.callSoonUnsafe(() => {})
            }
          })))
          expect(deadlockOf(exit).message).toContain("'stuck'")
        }))
        expect(lines.map(({ error, level }) => [level, error])).toEqual([["Error", expect.any(DeadlockError)]])
      }))

    it.live("what it waits for is cleaned up after", () =>
      Effect.gen(function*() {
        let aborted = false
        const test = Effect.promise((signal) =>
          new Promise(() =>
            signal.addEventListener("abort", () => {
              aborted = true
            })
          )
        )
        deadlockOf(yield* onLayer(test))
        expect(aborted).toBe(true)
      }))
  })

  describe("under a layer, a program that takes reports itself", () => {
    it.live("is told, its tasks are cancelled, and it goes on", () =>
      Effect.gen(function*() {
        const reports: Array<EventLoop.ExceptionContext> = []
        yield* EventLoop.setExceptionHandler((context) => Effect.sync(() => void reports.push(context)))
        const tasks = [yield* createTask(never, { name: "a" }), yield* createTask(never, { name: "b" })] as const
        const exits = yield* Effect.forEach(tasks, (task) => Task.await(task))
        expect(exits.map((exit) => outcomeOf(exit))).toEqual(["cancelled", "cancelled"])
        expect(reports).toHaveLength(1)
        const error = Cause.squash(reports[0]!.cause!)
        expect(error).toBeInstanceOf(DeadlockError)
        expect((error as DeadlockError).message).toMatch(/'a'[^]*'b'/)
        // The loop goes on.
        expect(yield* sleep("1 hour", "on")).toBe("on")
      }).pipe(Effect.provide(VirtualLoop.layer({ patience: 0 }))))

    const handled = EventLoop.setExceptionHandler(() => Effect.void)
    for (
      const [how, test] of [
        ["a task's cancellation", Effect.flatMap(createTask(never), Task.join)],
        ["nothing else", never],
        ["a task that can't be cancelled", Effect.flatMap(createTask(Effect.uninterruptible(never)), Task.join)]
      ] as ReadonlyArray<[string, Effect.Effect<unknown, unknown, EventLoop.EventLoop>]>
    ) {
      it.live(`ends with the error, if ${how} would end it`, () =>
        Effect.map(onLayer(Effect.andThen(handled, test)), (exit) => void deadlockOf(exit)))
    }

    it.live("`unseen: \"report\"`, too: an error in the log", () =>
      Effect.gen(function*() {
        const lines = yield* loggedBy(
          Effect.flatMap(createTask(never, { name: "parked" }), Task.await).pipe(
            Effect.provide(VirtualLoop.layer({ patience: 0, unseen: "report" }))
          )
        )
        expect(lines).toHaveLength(1)
        expect(lines[0]!.level).toBe("Error")
        expect(lines[0]!.error).toBeInstanceOf(DeadlockError)
        expect(lines[0]!.text).toContain("'parked'")
      }))
  })

  it.live("a clean-up that hangs ends the run", () =>
    Effect.gen(function*() {
      const main = Effect.andThen(
        createTask(Effect.ensuring(never, Effect.never), { name: "hanging" }),
        Effect.yieldNow
      )
      expect((yield* stuck(main)).message).toContain("'hanging'")
      expect(deadlockOf(yield* onLayer(main)).message).toContain("'hanging'")
    }))

  it.live("a future that a Runner runs", () =>
    Effect.promise(async () => {
      await using runner = Runner.make({ layer: VirtualLoop.layer({ patience: 0 }) })
      const future = await runner.run(Future.make<void>())
      await expect(runner.run(future)).rejects.toThrow(/nothing is scheduled[^]*a future/)
    }))

  // ---------------------------------------------------------------------------------------------------------- circles

  describe("says who waits for whom in a circle, however they wait", () => {
    const forked: ReadonlyArray<[string, (task: Task.Task<void>) => Program<unknown>]> = [
      ["Task.join", Task.join],
      ["Task.await", Task.await],
      ["wait", (task) => asyncio.wait([task])],
      ["a loop of waits", (task) =>
        Effect.gen(function*() {
          let pending: ReadonlySet<Task.Task<void>> = new Set([
            task,
            yield* createTask(sleep(1)),
            yield* createTask(sleep(2))
          ])
          while (pending.size > 0) {
            ;({ pending } = yield* asyncio.wait(pending, { returnWhen: asyncio.FIRST_COMPLETED }))
          }
        })],
      ["gather", (task) => asyncio.gather([sleep(1), task])],
      ["gather with returnExceptions", (task) => asyncio.gather([task], { returnExceptions: true })],
      ["asCompleted", (task) => Stream.runDrain(asyncio.asCompleted([task]))],
      ["asCompletedEffects", (task) => Effect.flatMap(asyncio.asCompletedEffects([task]), ([next]) => next!)],
      ["shield", (task) => asyncio.shield(task)],
      ["waitFor", (task) => asyncio.waitFor(task, Infinity)],
      ["timeout", (task) => asyncio.timeout(Infinity, () => Task.join(task))],
      ["catchCancelled", (task) => Task.catchCancelled(Task.join(task), () => Effect.void)],
      ["Effect.all", (task) => Effect.all([Task.join(task), sleep(1)], { concurrency: 2 })],
      ["Effect.race", (task) => Effect.race(Task.join(task), Effect.never)],
      ["a child fiber", (task) => Effect.flatMap(Effect.forkChild(Task.await(task)), Fiber.join)],
      [
        "Stream.mapEffect",
        (task) => Stream.runDrain(Stream.mapEffect(Stream.make(1, 2), () => Task.join(task), { concurrency: 2 }))
      ]
    ]
    const messageOf = (way: (task: Task.Task<void>) => Program<unknown>) =>
      Effect.map(
        stuck(Effect.gen(function*() {
          const tasks: Array<Task.Task<void>> = []
          const a = Effect.ignore(Effect.suspend(() => way(tasks[1]!)))
          const b = Effect.uninterruptible(Effect.suspend(() => Task.join(tasks[0]!)))
          tasks.push(yield* createTask(a, { name: "a" }), yield* createTask(b, { name: "b" }))
          return yield* never
        })),
        ({ message }) => message.split("\n").at(-1)
      )
    for (const [name, way] of forked) {
      it.live(name, () =>
        Effect.gen(function*() {
          expect(yield* messageOf(way)).toBe("these wait for each other in a circle: 'a' -> 'b' -> 'a'")
        }))
    }
    it.live("TaskGroup", () =>
      Effect.gen(function*() {
        const way = (task: Task.Task<void>) =>
          asyncio.TaskGroup.run((group) => Effect.asVoid(group.createTask(Task.join(task), { name: "child" })))
        expect(yield* messageOf(way)).toBe("these wait for each other in a circle: 'a' -> 'child' -> 'b' -> 'a'")
      }))
    it.live("a circle of one is said to be a lock taken twice", () =>
      Effect.gen(function*() {
        const { message } = yield* stuck(
          Effect.flatMap(Lock.make, (lock) => Lock.withLock(lock, Lock.withLock(lock, Effect.void)))
        )
        expect(message).toMatch(
          /circle: 'Task-1' -> 'Task-1'\n {2}it holds the lock itself: locks are not reentrant$/
        )
      }))
    it.live("what a fiber waits for that the task forked stands in the text, too", () =>
      Effect.gen(function*() {
        const { message } = yield* stuck(
          Effect.flatMap(createTask(Effect.all([never, Effect.void], { concurrency: 2 }), { name: "x" }), Task.join)
        )
        expect(message).toMatch(/name='x'.*\n {4}in a fiber that it forked: waiting for a future$/)
      }))
  })

  // ----------------------------------------------------------------------------------------------------- nested loops

  describe("a loop inside of another", () => {
    const hours = Effect.forEach(Array.from({ length: 3000 }), () => sleep("1 hour"), { discard: true })
    const inner = VirtualLoop.run(Effect.as(hours, "inner"), { patience: 0 })
    for (
      const [where, main] of [
        ["in the main program", inner],
        ["in a task", Effect.flatMap(createTask(inner), Task.join)],
        ["in another one", VirtualLoop.run(inner, { patience: 0 })],
        ["as a layer", Effect.provide(Effect.as(hours, "inner"), VirtualLoop.layer({ patience: 0 }))],
        ["beside another one", Effect.map(asyncio.gather([inner, inner]), ([one]) => one)]
      ] as ReadonlyArray<[string, Program<string>]>
    ) {
      it.live(`at work is no deadlock: ${where}`, () =>
        Effect.gen(function*() {
          expect(yield* VirtualLoop.run(main, { patience: 0 })).toBe("inner")
        }))
    }

    it.live("has its own", () =>
      Effect.gen(function*() {
        for (const main of [never, Effect.flatMap(createTask(never), Task.join)]) {
          const outer = Effect.flatMap(createTask(Effect.flip(VirtualLoop.run(main, { patience: 0 }))), Task.join)
          const error = yield* VirtualLoop.run(Effect.map(outer, (error) => error._tag), { patience: 0 })
          expect(error).toBe("DeadlockError")
        }
      }))

    it.live("does not hide that of the one around", () =>
      Effect.gen(function*() {
        expect((yield* stuck(Effect.andThen(inner, never))).message).toContain("a future")
        expect((yield* stuck(Effect.andThen(createTask(inner), never))).message).toContain("a future")
      }))
  })

  it.live("its own defects are not taken for one", () =>
    Effect.gen(function*() {
      const mine = new Error("mine")
      expect(yield* defectOf(VirtualLoop.run(Effect.die(mine)))).toBe(mine)
    }))
})
