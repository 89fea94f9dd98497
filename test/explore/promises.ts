/** What the library promises of order and time, each promise as a program that relies on it: right in every schedule. */
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import type { Program } from "./primitives.ts"

const { createTask, Event, EventLoop, gather, Lock, Semaphore, sleep, Task, TaskGroup, wait } = asyncio

const expectOrder = (log: ReadonlyArray<unknown>, expected: ReadonlyArray<unknown>) =>
  log.join() === expected.join() ? Effect.void : Effect.fail(`${log}`)

export const promises: Readonly<Record<string, Program>> = {
  "waiters in one line keep their order: nobody overtakes": Effect.gen(function*() {
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
  }),

  "waiters behind a delayed one keep it too, whichever tick wakes them": Effect.gen(function*() {
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
  }),

  "a lock stays fair": Effect.gen(function*() {
    const lock = yield* Lock.make
    const log: Array<number> = []
    const tasks: Array<asyncio.Task.Task<unknown>> = []
    for (let i = 0; i < 3; i++) {
      tasks.push(yield* createTask(Lock.withLock(lock, Effect.andThen(sleep(5), Effect.sync(() => log.push(i))))))
      yield* sleep(1)
    }
    yield* wait(tasks)
    yield* expectOrder(log, [0, 1, 2])
  }),

  "plain callbacks keep their order": Effect.gen(function*() {
    const log: Array<string> = []
    const task = yield* createTask(sleep(0), { name: "a" })
    yield* EventLoop.callSoon(() => log.push("one"))
    yield* EventLoop.callSoon(() => log.push("two"))
    yield* Task.addDoneCallback(task, () => log.push("three"))
    yield* Task.addDoneCallback(task, () => log.push("four"))
    yield* Task.join(task)
    yield* sleep(1)
    yield* expectOrder(log, ["one", "two", "three", "four"])
  }),

  "the library's own work between steps comes in its tick": Effect.gen(function*() {
    const log: Array<string> = []
    yield* TaskGroup.run((group) =>
      Effect.gen(function*() {
        const child = yield* group.createTask(sleep(1))
        // The group was told first.
        yield* Task.addDoneCallback(child, () => log.push(String(group)))
      })
    )
    yield* sleep(1)
    yield* expectOrder(log, ["<TaskGroup entered>"])
  }),

  "timers fire in order of their deadlines": Effect.gen(function*() {
    const log: Array<number> = []
    for (const at of [3, 1, 2]) yield* EventLoop.callLater(at, () => log.push(at))
    yield* gather([sleep(1), sleep(2), sleep(4)])
    yield* expectOrder(log, [1, 2, 3])
  }),

  "a step is atomic": Effect.gen(function*() {
    let inside = 0
    const step = Effect.gen(function*() {
      yield* sleep(0)
      inside++
      yield* Effect.sync(() => undefined)
      if (inside > 1) return yield* Effect.fail("two at once")
      inside--
    })
    yield* gather([step, step, step])
  }),

  "a second is longer than any pause: by then all is quiet": Effect.gen(function*() {
    const worker = yield* createTask(Effect.andThen(sleep(0), sleep(0)), { name: "worker" })
    yield* sleep("1 second")
    if (!Task.done(worker)) return yield* Effect.fail("the worker is not done")
  })
}
