/** What need not wait is done where `yield*` stands, without Effect's run loop; and is otherwise as ever. */
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import * as asyncio from "effect-asyncio"
import { VirtualLoop } from "effect-asyncio/testing"
import { describe } from "vitest"
import { observe } from "../src/internal/kernel/observer.ts"

/** The operations of the run loop so far, of a step that is not over. */
const operations = (): number => Fiber.getCurrent()!.currentOpCount

const run = <A, E>(program: Effect.Effect<A, E, asyncio.EventLoop.EventLoop>) =>
  Effect.promise(() => asyncio.run(Effect.exit(program)))

const { Event, Lock, Queue, Semaphore, Task } = asyncio

describe("on a loop", () => {
  it.live("takes no operation of the run loop", () =>
    Effect.gen(function*() {
      const exit = yield* run(Effect.gen(function*() {
        const lock = yield* Lock.make
        const semaphore = yield* Semaphore.make(2)
        const event = yield* Event.make
        const queue = yield* Queue.make<number>({ maxsize: 1 })
        const task = yield* asyncio.createTask(Effect.succeed("joined"))
        yield* Task.await(task)
        const before = operations()
        yield* Lock.acquire(lock)
        yield* Lock.release(lock)
        yield* Semaphore.acquire(semaphore)
        yield* Semaphore.release(semaphore)
        yield* Event.set(event)
        yield* Event.wait(event)
        yield* Event.clear(event)
        yield* Queue.put(queue, 1)
        const first = yield* Queue.get(queue)
        yield* Queue.putNowait(queue, 2)
        const second = yield* Queue.getNowait(queue)
        yield* Queue.taskDone(queue)
        yield* Queue.taskDone(queue)
        yield* Queue.join(queue)
        return [first, second, yield* task, yield* Task.join(task), operations() - before]
      }))
      assert.deepStrictEqual(exit, Exit.succeed([1, 2, "joined", "joined", 0]))
    }))

  it.live("waits where it has to", () =>
    VirtualLoop.run(Effect.gen(function*() {
      const lock = yield* Lock.make
      const seen: Array<string> = []
      const turn = (name: string) =>
        Effect.gen(function*() {
          yield* Lock.acquire(lock)
          seen.push(name)
          yield* asyncio.sleep("1 second")
          yield* Lock.release(lock)
        })
      yield* asyncio.gather([turn("a"), turn("b")])
      assert.deepStrictEqual([seen, yield* asyncio.EventLoop.time], [["a", "b"], 2])
    })))

  it.live("fails as ever: no `catch` of JavaScript's meets it", () =>
    Effect.gen(function*() {
      const caught: Array<unknown> = []
      const misuse = yield* run(Effect.gen(function*() {
        const lock = yield* Lock.make
        try {
          yield* Lock.release(lock)
        } catch (thrown) {
          caught.push(thrown)
        }
      }))
      const empty = yield* run(Effect.gen(function*() {
        const queue = yield* Queue.make<number>()
        try {
          yield* Queue.getNowait(queue)
        } catch (thrown) {
          caught.push(thrown)
        }
      }))
      assert.deepStrictEqual(caught, [])
      assert.match(String(misuse), /Lock\.release: the lock is not acquired/)
      assert.match(String(empty), /Queue\.getNowait: there is no item/)
    }))

  it.live("leaves a request to cancel to the first wait", () =>
    VirtualLoop.run(Effect.gen(function*() {
      const seen: Array<string> = []
      const lock = yield* Lock.make
      const task: asyncio.Task.Task<void> = yield* asyncio.createTask(Effect.gen(function*() {
        Task.cancelUnsafe(task)
        yield* Lock.acquire(lock)
        seen.push("acquired")
        yield* Lock.release(lock)
        yield* asyncio.sleep(0)
        seen.push("never")
      }))
      yield* Task.await(task)
      assert.deepStrictEqual([seen, Task.cancelled(task), Lock.locked(lock)], [["acquired"], true, false])
    })))

  it.live("meets an interruption by plain JavaScript at the next operation of the run loop", () =>
    VirtualLoop.run(Effect.gen(function*() {
      const seen: Array<string> = []
      const lock = yield* Lock.make
      const queue = yield* Queue.make<string>()
      const task = yield* asyncio.createTask(Effect.gen(function*() {
        const event = yield* Event.make
        Fiber.getCurrent()!.interruptUnsafe()
        yield* Event.set(event)
        yield* Event.wait(event)
        seen.push("in place")
        yield* Lock.withLock(lock, Queue.put(queue, "never"))
        seen.push("never")
      }))
      yield* Task.await(task)
      assert.deepStrictEqual([seen, Lock.locked(lock), Queue.size(queue)], [["in place"], false, 0])
    })))

  it.live("tells who observes", () =>
    VirtualLoop.run(Effect.gen(function*() {
      const told: Array<string> = []
      const stop = observe({
        taken: ({ kind }, fiber) => void told.push(`${kind} taken by ${fiber === Fiber.getCurrent()}`),
        released: ({ kind }) => void told.push(`${kind} released`)
      })
      const lock = yield* Lock.make
      yield* Lock.acquire(lock)
      yield* Lock.release(lock)
      stop()
      assert.deepStrictEqual(told, ["Lock taken by true", "Lock released"])
    })))

  it.live("can be asked again", () =>
    VirtualLoop.run(Effect.gen(function*() {
      const semaphore = yield* Semaphore.make(2)
      const acquire = Semaphore.acquire(semaphore)
      yield* acquire
      yield* acquire
      const third = yield* asyncio.createTask(acquire)
      yield* asyncio.sleep(0)
      assert.strictEqual(Semaphore.statistics(semaphore).waiting, 1)
      yield* Semaphore.release(semaphore)
      yield* third
    })))
})

describe("elsewhere", () => {
  it.live("is an operation of the run loop, so that others get their turn", () =>
    Effect.gen(function*() {
      const lock = yield* Lock.make
      let turns = 0
      let isDone = false
      const other = yield* Effect.forkChild(Effect.gen(function*() {
        while (!isDone) {
          turns++
          yield* Effect.yieldNow
        }
      }))
      for (let i = 0; i < 5000; i++) {
        yield* Lock.acquire(lock)
        yield* Lock.release(lock)
      }
      isDone = true
      yield* Fiber.join(other)
      assert.isAbove(turns, 2)
    }))

  it.live("is an effect like any other in a combinator", () =>
    VirtualLoop.run(Effect.gen(function*() {
      const semaphore = yield* Semaphore.make(3)
      yield* Effect.all([Semaphore.acquire(semaphore), Semaphore.acquire(semaphore)], { concurrency: "unbounded" })
      yield* Effect.andThen(Semaphore.acquire(semaphore), Effect.void)
      assert.strictEqual(Semaphore.statistics(semaphore).available, 0)
    })))

  it("gives itself outside of any fiber", () => {
    const lock = Effect.runSync(Lock.make)
    const acquire = Lock.acquire(lock)
    assert.deepInclude(acquire[Symbol.iterator]().next(), { done: false, value: acquire })
    assert.isFalse(Lock.locked(lock))
  })
})
