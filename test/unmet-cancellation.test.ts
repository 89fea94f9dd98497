/**
 * A cancellation that nobody met ends the code around, whatever came with it: passed on by the handler that met it, or
 * with a clean-up that broke beside it. Only `catchCancelled` goes on after one.
 */
import { describe, expect, it } from "@effect/vitest"
import { Cause, Effect, Exit, Option, Schedule } from "effect"
import {
  Barrier,
  Condition,
  createTask,
  currentTask,
  Event,
  EventLoop,
  Future,
  gather,
  Lock,
  Queue,
  Semaphore,
  shield,
  sleep,
  Task,
  TaskGroup,
  timeout,
  wait,
  waitFor
} from "effect-asyncio"
import { onVirtual, outcome, type Program, settled } from "./support/loops.ts"

const hour = sleep("1 hour")

/** Ways to wait for an hour or more. */
const waits: Record<string, Program> = {
  sleep: hour,
  "Effect.sleep": Effect.sleep("1 hour"),
  "Effect.never": Effect.never,
  "a future": Effect.flatMap(Future.make<number>(), Future.join),
  "a task": Effect.flatMap(createTask(hour), Task.join),
  "Task.await": Effect.flatMap(createTask(hour), Task.await),
  shield: shield(hour),
  gather: gather([hour, hour]),
  "a nested gather": gather([gather([hour]), hour]),
  wait: wait([hour]),
  timeout: timeout("9 hours", () => hour),
  waitFor: waitFor(hour, "9 hours"),
  "a group's body": TaskGroup.run(() => hour),
  "a group's tasks": TaskGroup.run((group) => group.createTask(hour)),
  Event: Effect.flatMap(Event.make, Event.wait),
  Lock: Effect.flatMap(Lock.make, (lock) => Effect.andThen(Lock.acquire(lock), Lock.acquire(lock))),
  Semaphore: Effect.flatMap(Semaphore.make(0), Semaphore.acquire),
  Condition: Effect.flatMap(Condition.make(), (condition) => Condition.withLock(condition, Condition.wait(condition))),
  Barrier: Effect.flatMap(Barrier.make(2), Barrier.wait),
  "Queue.get": Effect.flatMap(Queue.make<number>(), Queue.get),
  "branches": Effect.all([hour, hour], { concurrency: 2 })
}

const broken = new Error("broke")

/** What does not keep a cancellation, around a wait. */
const passing: Record<string, (wait: Program) => Program> = {
  "met and passed on": Task.catchCancelled(() => Effect.interrupt),
  "met after a while": Task.catchCancelled(() => Effect.andThen(sleep("1 second"), Effect.interrupt)),
  "met twice": (wait) =>
    wait.pipe(Task.catchCancelled(() => Effect.interrupt), Task.catchCancelled(() => Effect.interrupt)),
  "met in a timeout": (wait) => timeout("9 hours", () => Task.catchCancelled(wait, () => Effect.interrupt)),
  "met in a group": (wait) => TaskGroup.run(() => Task.catchCancelled(wait, () => Effect.interrupt)),
  "a broken clean-up in a timeout": (wait) => timeout("9 hours", () => Effect.ensuring(wait, Effect.die(broken))),
  "a broken clean-up in waitFor": (wait) => waitFor(Effect.ensuring(wait, Effect.die(broken)), "9 hours"),
  "a broken clean-up in a gather": (wait) => gather([Effect.ensuring(wait, Effect.die(broken))]),
  "a broken clean-up in a failing gather": (wait) =>
    gather([Effect.ensuring(wait, Effect.die(broken))], { cancelOnError: true }),
  "a broken clean-up in a joined task": (wait) =>
    Effect.flatMap(createTask(Effect.ensuring(wait, Effect.die(broken))), Task.join),
  "a broken clean-up in catchCancelled": (wait) =>
    Task.catchCancelled(Effect.ensuring(wait, Effect.die(broken)), () => Effect.succeed("met")),
  "a joined task with a broken clean-up in a group": (wait) =>
    Effect.flatMap(createTask(TaskGroup.run(() => Effect.ensuring(wait, Effect.die(broken)))), Task.join),
  "a broken clean-up in a group": (wait) => TaskGroup.run(() => Effect.ensuring(wait, Effect.die(broken)))
}

/** Effect's ways to go on after anything. */
const greedy: Record<string, (job: Program) => Program> = {
  "Effect.exit": (job) => Effect.exit(job),
  catchCause: (job) => Effect.catchCause(job, () => Effect.void),
  sandbox: (job) => Effect.catch(Effect.sandbox(job), () => Effect.void),
  retry: (job) => Effect.retry(Effect.catchCause(job, () => Effect.fail("again")), Schedule.recurs(3)),
  "Effect.ignoreCause": (job) => Effect.ignoreCause(job)
}

describe("the cancellation of a task comes out", () => {
  for (const [name, pass] of Object.entries(passing)) {
    it.live(`${name}: however it waits, whatever is around`, () =>
      Effect.gen(function*() {
        const bad: Array<string> = []
        for (const [way, wait] of Object.entries(waits)) {
          for (const [operator, go] of Object.entries(greedy)) {
            const main = Effect.gen(function*() {
              yield* EventLoop.setExceptionHandler(() => Effect.void)
              const task = yield* createTask(Effect.andThen(go(pass(wait)), Effect.andThen(hour, Effect.succeed("on"))))
              yield* sleep("1 second")
              yield* Task.cancel(task, { message: "enough" })
              const exit = yield* Task.await(task)
              const time = yield* EventLoop.time
              const message = Exit.isFailure(exit) ? Option.getOrUndefined(Future.cancelMessage(exit.cause)) : undefined
              // A group that fails asks anew for what it was asked, as asyncio's does: without a message.
              const told = message === "enough" || name.endsWith("in a group")
              if (time > 2 || !Exit.isFailure(exit) || !Cause.hasInterrupts(exit.cause) || !told) {
                bad.push(`${operator} around ${way}: ends at ${time} as ${exit}`)
              }
            })
            yield* onVirtual(main)
          }
        }
        expect(bad).toEqual([])
      }))
  }
})

describe("the message that comes out is that of what the handler ends with", () => {
  const cancelledTask = (message?: string) =>
    Effect.gen(function*() {
      const task = yield* createTask(hour)
      yield* sleep(0)
      yield* Task.cancel(task, message === undefined ? {} : { message })
      return task
    })
  /** What the handler does before it would pass "enough" on, and what CPython gives. */
  const handlers: ReadonlyArray<readonly [name: string, handler: Program, message: string | undefined]> = [
    ["nothing", Effect.void, "enough"],
    ["its own interrupt in a timeout", timeout("5 seconds", () => Effect.interrupt), "enough"],
    ["its own interrupt in a group", TaskGroup.run(() => Effect.interrupt), "enough"],
    ["a task", Effect.flatMap(cancelledTask(), Task.join), undefined],
    ["a task with a message", Effect.flatMap(cancelledTask("other"), Task.join), "other"],
    [
      "a future",
      Effect.flatMap(Future.make(), (future) => Effect.andThen(Future.cancel(future), Future.join(future))),
      undefined
    ],
    ["a gather", Effect.flatMap(cancelledTask(), (task) => gather([task])), undefined],
    ["a shield", Effect.flatMap(cancelledTask(), shield), undefined],
    ["a task that ends itself", Effect.flatMap(createTask(Effect.interrupt), Task.join), undefined],
    [
      "itself",
      Effect.flatMap(currentTask, (task) => Effect.andThen(Task.cancel(Option.getOrThrow(task)), hour)),
      undefined
    ],
    [
      "what another handler passes on",
      passing["met and passed on"]!(Effect.flatMap(cancelledTask(), Task.join)),
      undefined
    ]
  ]
  it.live.each(handlers)("%s", ([_, handler, message]) =>
    Effect.gen(function*() {
      const main = Effect.gen(function*() {
        const task = yield* createTask(Task.catchCancelled(hour, () => Effect.andThen(handler, Effect.interrupt)))
        yield* sleep("1 second")
        yield* Task.cancel(task, { message: "enough" })
        const exit = yield* Task.await(task)
        return Exit.isFailure(exit) ? Option.getOrUndefined(Future.cancelMessage(exit.cause)) : "no failure"
      })
      expect(yield* onVirtual(main)).toBe(message)
    }))
})

describe("a task was joined, cancelled with its waiter, interrupted by Effect's own means, and its clean-up broke", () => {
  const slow = Effect.onInterrupt(hour, () => Effect.andThen(sleep("5 seconds"), Effect.die(broken)))
  const bodies: Record<string, Program> = {
    "as it is": slow,
    "in a timeout": timeout("9 hours", () => slow),
    "in a group's body": TaskGroup.run(() => slow),
    "in a group's task": TaskGroup.run((group) => group.createTask(slow)),
    "in a joined task": Effect.flatMap(createTask(slow), Task.join),
    "in a gather": gather([slow])
  }
  for (const [name, body] of Object.entries(bodies)) {
    it.live(`${name}: the waiter ends`, () =>
      Effect.gen(function*() {
        for (const order of ["cancelled first", "interrupted first"]) {
          const main = Effect.gen(function*() {
            const task = yield* createTask(body)
            const waiter = yield* createTask(Effect.andThen(Effect.exit(Task.join(task)), Effect.succeed("goes on")))
            yield* sleep("1 second")
            const steps = [Task.cancel(waiter), Effect.sync(() => task.fiber!.interruptUnsafe())]
            for (const step of order === "cancelled first" ? steps : steps.toReversed()) {
              yield* step
              yield* sleep("1 second")
            }
            return [yield* outcome(Task.join(waiter)), yield* EventLoop.time]
          })
          expect(yield* onVirtual(main)).toEqual(["die broke", 6])
        }
      }))
  }
})

describe("what asks for it within the task ends its block", () => {
  for (const [name, pass] of Object.entries(passing)) {
    const stubborn = (wait: Program) => Effect.forever(Effect.exit(pass(wait)))
    it.live(`${name}: a deadline`, () =>
      Effect.gen(function*() {
        for (const wait of Object.values(waits)) {
          const main = Effect.gen(function*() {
            yield* EventLoop.setExceptionHandler(() => Effect.void)
            const exit = yield* Effect.exit(timeout("1 second", () => stubborn(wait)))
            expect(Exit.isFailure(exit)).toBe(true)
            expect(yield* EventLoop.time).toBeLessThanOrEqual(2)
          })
          yield* onVirtual(main)
        }
      }))
    it.live(`${name}: a failing child`, () =>
      Effect.gen(function*() {
        for (const wait of Object.values(waits)) {
          const main = Effect.gen(function*() {
            yield* EventLoop.setExceptionHandler(() => Effect.void)
            const group = TaskGroup.run((group) =>
              Effect.andThen(group.createTask(Effect.andThen(sleep("1 second"), Effect.fail("child"))), stubborn(wait))
            )
            const exit = yield* Effect.exit(group)
            expect(Exit.isFailure(exit) && String(exit.cause)).toContain("child")
            expect(yield* EventLoop.time).toBeLessThanOrEqual(2)
          })
          yield* onVirtual(main)
        }
      }))
    it.live(`${name}: the loop closes`, () =>
      Effect.gen(function*() {
        for (const wait of Object.values(waits)) {
          const main = Effect.gen(function*() {
            yield* EventLoop.setExceptionHandler(() => Effect.void)
            yield* createTask(stubborn(wait))
            yield* sleep("1 second")
          })
          yield* onVirtual(main)
        }
      }))
  }
})

describe("what broke comes out beside it", () => {
  for (const name of Object.keys(passing).filter((name) => name.startsWith("a broken clean-up"))) {
    it.live(name, () =>
      Effect.gen(function*() {
        const main = Effect.gen(function*() {
          const task = yield* createTask(passing[name]!(hour))
          yield* sleep("1 second")
          yield* Task.cancel(task)
          const exit = yield* Task.await(task)
          return Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
        })
        expect(yield* onVirtual(main)).toBe(broken)
      }))
  }

  it.live("but not a deadline's own interrupt, which nobody around was asked for", () =>
    Effect.gen(function*() {
      const block = timeout("1 second", () => Effect.onExit(hour, () => Effect.fail("disk full")))
      const exit = yield* onVirtual(Effect.exit(block))
      expect(exit).toEqual(Exit.fail("disk full"))
    }))

  it.live("nor where a group in it has put that off", () =>
    Effect.gen(function*() {
      const breaks = Effect.uninterruptible(Effect.andThen(sleep("2 seconds"), Effect.fail("disk full")))
      const body = Effect.ensuring(TaskGroup.run(() => breaks), sleep("1 second"))
      const blocks: Record<string, Program> = {
        timeout: timeout("1 second", () => body),
        waitFor: waitFor(body, "1 second"),
        "a deadline around another": timeout("1 second", () => timeout("9 hours", () => body)),
        "a group in a group": timeout("1 second", () => TaskGroup.run(() => body)),
        "catchCancelled": timeout("1 second", () => Task.catchCancelled(body, () => Effect.succeed("met")))
      }
      for (const [name, block] of Object.entries(blocks)) {
        const main = Effect.gen(function*() {
          const exit = yield* Effect.exit(block)
          yield* sleep("1 second")
          return [name, exit, yield* EventLoop.time]
        })
        expect(yield* onVirtual(main)).toEqual([name, Exit.fail("disk full"), 4])
      }
    }))

  it.live("a request from outside that came while a deadline unwound its block", () =>
    Effect.gen(function*() {
      const breaks = Effect.onExit(hour, () => Effect.andThen(sleep("5 seconds"), Effect.die(broken)))
      const block = timeout("1 second", () => breaks)
      for (const unwound of [block, timeout("2 seconds", () => block)]) {
        const main = Effect.gen(function*() {
          const task = yield* createTask(Effect.andThen(Effect.exit(unwound), Effect.succeed("goes on")))
          yield* sleep("1500 millis")
          yield* Task.cancel(task)
          return [yield* outcome(Task.join(task)), yield* EventLoop.time]
        })
        expect(yield* onVirtual(main)).toEqual(["die broke", 6])
      }
    }))

  it.live("a failure out of an uninterruptible part", () =>
    Effect.gen(function*() {
      const part = Effect.uninterruptible(Effect.andThen(sleep("3 seconds"), Effect.fail("late")))
      for (const block of [part, timeout("9 hours", () => part), Effect.flatMap(createTask(part), Task.join)]) {
        const main = Effect.gen(function*() {
          const task = yield* createTask(Effect.andThen(block, Effect.void))
          yield* sleep("1 second")
          yield* Task.cancel(task)
          return Exit.match(yield* Task.await(task), {
            onFailure: (cause) => [Cause.hasInterrupts(cause), Cause.squash(cause)],
            onSuccess: () => ["went on"]
          })
        })
        expect(yield* onVirtual(Effect.all([main, EventLoop.time]))).toEqual([[true, "late"], 3])
      }
    }))
})

describe("gather keeps the failure", () => {
  const bad = Effect.andThen(sleep("1 second"), Effect.fail("disk full"))
  const slow = Effect.ensuring(hour, sleep("5 seconds"))
  const late = Effect.ensuring(hour, Effect.andThen(sleep("5 seconds"), Effect.die(new Error("late"))))
  const gathered = (...children: ReadonlyArray<Program>) => gather(children, { cancelOnError: true })
  const texts = (exit: Exit.Exit<unknown, unknown>) => Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "no failure"

  it.live("cancelled while it waits for the siblings", () =>
    Effect.gen(function*() {
      const main = Effect.gen(function*() {
        const task = yield* createTask(gathered(bad, slow))
        yield* sleep("3 seconds")
        yield* Task.cancel(task)
        return texts(yield* Task.await(task))
      })
      expect(yield* onVirtual(main)).toContain("disk full")
    }))

  it.live("interrupted by Effect's own means", () =>
    Effect.gen(function*() {
      const main = Effect.gen(function*() {
        const task = yield* createTask(gathered(bad, slow))
        yield* sleep("3 seconds")
        task.fiber!.interruptUnsafe()
        return texts(yield* Task.await(task))
      })
      expect(yield* onVirtual(main)).toContain("disk full")
    }))

  it.live("a child that breaks after another has ended cancelled", () =>
    Effect.gen(function*() {
      for (const options of [{ cancelOnError: true }, { returnExceptions: true }] as ReadonlyArray<gather.Options>) {
        const main = Effect.gen(function*() {
          const task = yield* createTask(gather([hour, late], options))
          yield* sleep("3 seconds")
          yield* Task.cancel(task)
          return texts(yield* Task.await(task))
        })
        expect(yield* onVirtual(main)).toContain("late")
      }
    }))

  it.live("a child that fails after the request", () =>
    Effect.gen(function*() {
      const main = Effect.gen(function*() {
        const task = yield* createTask(gathered(late, slow))
        yield* sleep("3 seconds")
        yield* Task.cancel(task)
        return texts(yield* Task.await(task))
      })
      expect(yield* onVirtual(main)).toContain("late")
    }))
})

describe("only catchCancelled goes on", () => {
  it.live("with a handler that gives a value, in a joined task too", () =>
    Effect.gen(function*() {
      const met = Task.catchCancelled(hour, () => Effect.succeed("met"))
      const main = Effect.gen(function*() {
        const outer = yield* createTask(Effect.flatMap(createTask(met), Task.join))
        yield* sleep("1 second")
        yield* Task.cancel(outer)
        return yield* outer
      })
      expect(yield* onVirtual(main)).toBe("met")
    }))

  it.live("with a handler that fails: the failure is its own", () =>
    Effect.gen(function*() {
      const failing = Task.catchCancelled(hour, () => Effect.fail("mine"))
      const main = Effect.gen(function*() {
        const outer = yield* createTask(Effect.catch(Effect.flatMap(createTask(failing), Task.join), Effect.succeed))
        yield* sleep("1 second")
        yield* Task.cancel(outer)
        return yield* outer
      })
      expect(yield* onVirtual(main)).toBe("mine")
    }))

  it.live("a second request while the handler runs ends it", () =>
    Effect.gen(function*() {
      const main = Effect.gen(function*() {
        const task = yield* createTask(Task.catchCancelled(hour, () => hour))
        yield* sleep("1 second")
        yield* Task.cancel(task, { message: "one" })
        yield* sleep("1 second")
        yield* Task.cancel(task, { message: "two" })
        yield* settled([task])
        return [yield* outcome(Task.join(task)), yield* EventLoop.time]
      })
      expect(yield* onVirtual(main)).toEqual(["cancelled", 2])
    }))
})
