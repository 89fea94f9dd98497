/** What is never varied, in no mode: each is a promise of the library's. */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { Explore } from "effect-asyncio/testing"

const { createTask, Event, EventLoop, gather, Lock, Semaphore, sleep, Task, wait } = asyncio

type Program = Effect.Effect<unknown, unknown, asyncio.EventLoop.EventLoop>

/** Every schedule of up to two delays. */
const delayed = (program: Program) =>
  Explore.check(program, {
    vary: { order: true, time: false },
    strategy: { bounded: 2 },
    runs: 3000,
    timeLimit: "60 seconds"
  })

const expectOrder = (log: ReadonlyArray<unknown>, expected: ReadonlyArray<unknown>) =>
  log.join() === expected.join() ? Effect.void : Effect.fail(`${log}`)

describe("under delays", () => {
  it.effect("those of one line keep their order: nobody overtakes", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const event = yield* Event.make
        const log: Array<number> = []
        const waiters: Array<asyncio.Task.Task<unknown>> = []
        for (let i = 0; i < 3; i++) {
          waiters.push(yield* createTask(Effect.andThen(Event.wait(event), Effect.sync(() => log.push(i)))))
          yield* sleep(1)
        }
        yield* Event.set(event)
        yield* wait(waiters)
        yield* expectOrder(log, [0, 1, 2])
      })
      const { exhausted, runs } = yield* delayed(program)
      expect([exhausted, runs > 100]).toEqual([2, true])
    }))

  it.effect("those who wait behind one that is put off keep it too, woken in whatever tick", () =>
    delayed(Effect.gen(function*() {
      const semaphore = yield* Semaphore.make(0)
      const log: Array<number> = []
      const tasks: Array<asyncio.Task.Task<unknown>> = []
      for (let i = 0; i < 4; i++) {
        tasks.push(yield* createTask(Effect.andThen(Semaphore.acquire(semaphore), Effect.sync(() => log.push(i)))))
        yield* sleep(1)
      }
      const give = Effect.andThen(Semaphore.release(semaphore), sleep(0))
      for (let i = 0; i < 2; i++) tasks.push(yield* createTask(Effect.andThen(give, give)))
      yield* wait(tasks)
      yield* expectOrder(log, [0, 1, 2, 3])
    })))

  it.effect("a lock stays fair", () =>
    delayed(Effect.gen(function*() {
      const lock = yield* Lock.make
      const log: Array<number> = []
      const tasks: Array<asyncio.Task.Task<unknown>> = []
      for (let i = 0; i < 3; i++) {
        tasks.push(yield* createTask(Lock.withLock(lock, Effect.andThen(sleep(5), Effect.sync(() => log.push(i))))))
        yield* sleep(1)
      }
      yield* wait(tasks)
      yield* expectOrder(log, [0, 1, 2])
    })))

  it.effect("one that is interrupted while it is put off holds nobody up", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        const event = yield* Event.make
        const first = yield* Effect.forkChild(Event.wait(event))
        yield* sleep(0)
        const second = yield* createTask(Event.wait(event))
        yield* sleep(1)
        yield* Event.set(event)
        yield* sleep(0)
        first.interruptUnsafe()
        yield* Task.join(second)
      })
      const { exhausted } = yield* delayed(program)
      expect(exhausted).toBe(2)
    }))

  it.effect("plain callbacks keep theirs", () =>
    delayed(Effect.gen(function*() {
      const log: Array<string> = []
      const task = yield* createTask(sleep(0), { name: "a" })
      yield* EventLoop.callSoon(() => log.push("one"))
      yield* EventLoop.callSoon(() => log.push("two"))
      yield* Task.addDoneCallback(task, () => log.push("three"))
      yield* Task.addDoneCallback(task, () => log.push("four"))
      yield* Task.join(task)
      yield* sleep(1)
      yield* expectOrder(log, ["one", "two", "three", "four"])
    })))

  it.effect("timers come in order of their deadlines", () =>
    delayed(Effect.gen(function*() {
      const log: Array<number> = []
      for (const at of [3, 1, 2]) yield* EventLoop.callLater(at, () => log.push(at))
      yield* gather([sleep(1), sleep(2), sleep(4)])
      yield* expectOrder(log, [1, 2, 3])
    })))

  it.effect("a step is atomic", () =>
    delayed(Effect.gen(function*() {
      let inside = 0
      const step = Effect.gen(function*() {
        yield* sleep(0)
        inside++
        yield* Effect.void
        if (inside > 1) return yield* Effect.fail("two at once")
        inside--
      })
      yield* gather([step, step, step])
    })))

  it.effect("but the order of tasks is theirs to give: who starts first, who goes on first", () =>
    Effect.gen(function*() {
      const orders = new Set<string>()
      const program = Effect.gen(function*() {
        const log: Array<string> = []
        const say = (name: string) => Effect.andThen(sleep(0), Effect.sync(() => log.push(name)))
        yield* gather([say("a"), say("b"), say("c")])
        orders.add(log.join(""))
      })
      yield* delayed(program)
      expect(Array.from(orders).toSorted()).toEqual(["abc", "acb", "bac", "bca", "cab", "cba"])
    }))
})
