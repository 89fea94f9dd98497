/** What is garbage once nobody can ask for it; in a process of its own, so that nothing of another file's is in the way. */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { createTask, Event, EventLoop, Future, gather, Lock, sleep, Task, timeout } from "effect-asyncio"
import { recorder } from "effect-asyncio/insight"
import { collect, ticks } from "./support/loops.ts"

it.live("the values of those who were done when a gather has failed", () =>
  EventLoop.provide(Effect.gen(function*() {
    const future = yield* Future.make<never>()
    // In a task of its own: what this fiber's frames hold is no garbage.
    const value = yield* yield* createTask(Effect.gen(function*() {
      const value = {}
      yield* Effect.flip(gather([future, Effect.succeed(value), Effect.andThen(ticks(3), Effect.fail("no"))]))
      return new WeakRef(value)
    }))
    // `deref` would keep it for the turn.
    yield* collect(() => false)
    expect(value.deref()).toBe(undefined)
  })))

it.live("tasks, their values and causes, however a recorder remembers them", () =>
  Effect.gen(function*() {
    const { timeline } = yield* recorder()
    const kept: Array<WeakRef<object>> = []
    const keep = <A extends object>(value: A): A => {
      kept.push(new WeakRef(value))
      return value
    }
    const job = (n: number) =>
      Effect.gen(function*() {
        const value = keep({ n })
        yield* Effect.all([sleep(0), Event.make], { concurrency: "unbounded" })
        yield* timeout("1 second", () => sleep(0))
        if (n % 2 === 1) return yield* Effect.die(keep(new Error("no")))
        return value
      })
    yield* EventLoop.provide(Effect.gen(function*() {
      for (let n = 0; n < 40; n++) {
        const lock = yield* Lock.make
        const task = keep(yield* createTask(Lock.withLock(lock, job(n)), { name: `job ${n}` }))
        yield* Task.await(task)
      }
    }))
    // One of each kind stays in a register or a frame for long, without a recorder as well.
    yield* collect(() => false)
    const alive = kept.filter((ref) => ref.deref() !== undefined)
    expect([kept.length, alive.length < 10]).toEqual([100, true])
    expect(timeline().tasks.filter(({ name }) => name.startsWith("job"))).toHaveLength(40)
  }).pipe(Effect.scoped))

it.live("all but the last of a million things that a recorder has seen", () =>
  Effect.gen(function*() {
    const { timeline } = yield* recorder({ capacity: 1000 })
    // What is seen is three spans a task, and the steps of the one that waits for them.
    const round = EventLoop.provide(gather(Array.from({ length: 1000 }, () => sleep(0))))
    const seen = () => timeline().dropped
    const heap = Effect.map(collect(() => false), () => process.memoryUsage().heapUsed)
    while (seen() < 100_000) yield* round
    const before = yield* heap
    while (seen() < 1_000_000) yield* round
    const grown = (yield* heap) - before
    expect(grown).toBeLessThan(1_000_000)
  }).pipe(Effect.scoped))
