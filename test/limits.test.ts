/** Limits: how many tasks of a group and of `asCompleted` are at work at once; what `acquireNowait` takes. */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { asCompleted, BoundedSemaphore, EventLoop, Future, Lock, Semaphore, Task, TaskGroup } from "effect-asyncio"
import { linear } from "./support/costs.ts"
import { cancelSoon, day, defectOf, everywhere, outcome, self, ticks, ticksOf, timed } from "./support/loops.ts"

const { createTask, sleep } = asyncio

/** Notes who begins, and how many are at work. */
const workshop = () => {
  const begun: Array<string> = []
  let [working, most] = [0, 0]
  const work = <A>(name: string, effect: Effect.Effect<A, never, EventLoop.EventLoop>) =>
    Effect.suspend(() => {
      begun.push(name)
      most = Math.max(most, ++working)
      return Effect.ensuring(effect, Effect.sync(() => void working--))
    })
  return { begun, work, most: () => most }
}

describe("TaskGroup, concurrency", () => {
  timed(
    "so many at once, in order; createTask does not wait",
    Effect.gen(function*() {
      const { begun, most, work } = workshop()
      const ends: Array<number> = []
      yield* TaskGroup.run((group) =>
        Effect.gen(function*() {
          for (const name of ["a", "b", "c", "d", "e"]) {
            const end = Effect.map(EventLoop.time, (time) => void ends.push(time))
            yield* group.createTask(work(name, Effect.andThen(sleep("1 second"), end)))
          }
          expect(yield* EventLoop.time).toBe(0)
        }), { concurrency: 2 })
      return [begun, most(), ends]
    }),
    [["a", "b", "c", "d", "e"], 2, [1, 1, 2, 2, 3]]
  )
  everywhere(
    "a free place costs no tick; one that is given on, two",
    TaskGroup.run((group) =>
      Effect.gen(function*() {
        const first = yield* group.createTask(Effect.void)
        const second = yield* group.createTask(Effect.void)
        const free = yield* ticksOf(Task.join(first))
        return [free, yield* ticksOf(Task.join(second))]
      }), { concurrency: 1 }),
    // The first would have been done for the second's join, were there no limit.
    [1, 1]
  )
  everywhere(
    "one that waits for its turn is pending and says so; cancelled it never begins, and the next has its place",
    TaskGroup.run((group) =>
      Effect.gen(function*() {
        const { begun, work } = workshop()
        const gate = yield* Future.make<void>()
        yield* group.createTask(work("a", Effect.asVoid(Future.join(gate))))
        const b = yield* group.createTask(work("b", Effect.void))
        const c = yield* group.createTask(work("c", Effect.void))
        const early = yield* group.createTask(work("early", Effect.void))
        yield* Task.cancel(early)
        yield* ticks(2)
        const text = String(b).replace(/ created at .*/, "")
        yield* cancelSoon(b)
        yield* Future.succeed(gate, undefined)
        yield* c
        return [text, Task.cancelled(b), Task.cancelled(early), begun]
      }), { concurrency: 1 }),
    ["<Task pending name='Task-3' waiting for a place in its TaskGroup", true, true, ["a", "c"]]
  )
  timed(
    "tasks of the group add to it",
    Effect.gen(function*() {
      const { begun, most, work } = workshop()
      yield* TaskGroup.run((group) => {
        const visit = (name: string): Effect.Effect<void, never, EventLoop.EventLoop> =>
          work(
            name,
            Effect.gen(function*() {
              yield* sleep("1 second")
              if (name.length < 3) { for (const next of ["a", "b"]) yield* group.createTask(visit(name + next)) }
            })
          )
        return group.createTask(visit("a"))
      }, { concurrency: 1 })
      return [begun, most(), yield* EventLoop.time]
    }),
    [["a", "aa", "ab", "aaa", "aab", "aba", "abb"], 1, 7]
  )
  everywhere(
    "a failure cancels those that wait for their turn, too",
    Effect.gen(function*() {
      const { begun, work } = workshop()
      const result = yield* outcome(TaskGroup.run((group) =>
        Effect.gen(function*() {
          yield* group.createTask(Effect.andThen(ticks(3), Effect.fail("no")))
          yield* group.createTask(work("b", day))
        }), { concurrency: 1 }))
      return [result, begun]
    }),
    ["fail no", []]
  )
  timed(
    "a task that starts takes a place as well",
    TaskGroup.run((group) =>
      Effect.gen(function*() {
        yield* group.createTask(sleep("1 second"))
        yield* group.start((started) => started())
        return yield* EventLoop.time
      }), { concurrency: 1 }),
    1
  )
  for (const concurrency of ["unbounded", Infinity, undefined] as const) {
    everywhere(
      `${concurrency}: no limit`,
      TaskGroup.run((group) =>
        Effect.gen(function*() {
          for (let i = 0; i < 5; i++) yield* group.createTask(day)
          yield* ticks(2)
          expect(Array.from(yield* asyncio.allTasks, String).filter((text) => text.includes("a timer"))).toHaveLength(5)
          yield* group.cancel
        }), { concurrency })
    )
  }
  everywhere(
    "refused",
    Effect.forEach([0, -1, 1.5, Number.NaN, "all", null], (concurrency) =>
      Effect.map(
        defectOf(TaskGroup.run(() => Effect.void, { concurrency: concurrency as never })),
        ({ message }) => message.replace(/is .*?, e/, "is …, e")
      )),
    Array(6).fill("TaskGroup.run: concurrency is …, expected a whole number above 0, or \"unbounded\"")
  )
  linear(
    "tasks behind a limit",
    4,
    (n) =>
      TaskGroup.run((group) => Effect.forEach(Array(n).fill(0), () => group.createTask(sleep(0))), { concurrency: 3 })
  )
})

describe("asCompleted, concurrency", () => {
  const names = ["a", "b", "c", "d"]
  timed(
    "so many at once, whoever takes; in order of completion",
    Effect.gen(function*() {
      const { begun, most, work } = workshop()
      const effects = names.map((name, i) => work(name, sleep({ seconds: 4 - i }, name)))
      const values = yield* asCompleted(effects, { concurrency: 2 }).pipe(
        Stream.mapEffect((task) => Effect.andThen(sleep("1 minute"), Task.join(task))),
        Stream.runCollect
      )
      return [values, begun, most()]
    }),
    [["b", "a", "c", "d"], names, 2]
  )
  timed(
    "futures and tasks take no place; the same one comes once, the same effect twice",
    Effect.gen(function*() {
      const { most, work } = workshop()
      const task = yield* createTask(sleep("3 seconds", "task"))
      const effect = work("effect", sleep("1 second", "effect"))
      const stream = asCompleted([task, effect, effect, task], { concurrency: 1 })
      const values = yield* Stream.runCollect(Stream.mapEffect(stream, (task) => Task.join(task)))
      return [values, most(), yield* EventLoop.time]
    }),
    [["effect", "effect", "task"], 1, 3]
  )
  timed(
    "left early: those that have not started never do",
    Effect.gen(function*() {
      const { begun, work } = workshop()
      const effects = names.map((name) => work(name, sleep("1 second", name)))
      yield* Stream.runDrain(Stream.take(asCompleted(effects, { concurrency: 1 }), 1))
      yield* sleep("1 minute")
      return begun
    }),
    ["a", "b"]
  )
  timed(
    "time is over: likewise",
    Effect.gen(function*() {
      const { begun, work } = workshop()
      const effects = names.map((name) => work(name, sleep("1 second", name)))
      const taken = asCompleted(effects, { concurrency: 1, timeout: "2500 millis" })
      const error = yield* Effect.flip(Stream.runDrain(taken))
      yield* sleep("1 minute")
      return [error._tag, begun]
    }),
    ["TimeoutError", ["a", "b", "c"]]
  )
  timed(
    "as effects",
    Effect.gen(function*() {
      const { most, work } = workshop()
      const effects = names.map((name, i) => work(name, sleep({ seconds: 4 - i }, name)))
      const next = yield* asyncio.asCompletedEffects(effects, { concurrency: 2 })
      return [yield* Effect.forEach(next, (effect) => effect), most()]
    }),
    [["b", "a", "c", "d"], 2]
  )
  linear(
    "completions behind a limit",
    6,
    (n) => Stream.runDrain(asCompleted(Array(n).fill(0).map(() => sleep(0)), { concurrency: 3 }))
  )
})

describe("acquireNowait", () => {
  const kinds = [
    ["Lock", Lock.make, Lock.acquireNowait, Lock.acquire, Lock.release],
    ["Semaphore", Semaphore.make(1), Semaphore.acquireNowait, Semaphore.acquire, Semaphore.release],
    ["BoundedSemaphore", BoundedSemaphore.make(1), Semaphore.acquireNowait, Semaphore.acquire, Semaphore.release]
  ] as const
  for (const [name, make, nowait, acquire, release] of kinds) {
    const [take, wait, give] = [nowait, acquire, release] as unknown as readonly [
      (self: unknown) => Effect.Effect<boolean>,
      (self: unknown) => Effect.Effect<void>,
      (self: unknown) => Effect.Effect<void>
    ]
    everywhere(
      `${name}: free, taken, free again; never a tick`,
      Effect.gen(function*() {
        const self = yield* make
        const got = [yield* take(self), yield* take(self)]
        yield* give(self)
        return [...got, yield* take(self), yield* ticksOf(take(self))]
      }),
      [true, false, true, 0]
    )
    everywhere(
      `${name}: it never overtakes one that waits, nor one that is about to run`,
      Effect.gen(function*() {
        const self = yield* make
        yield* take(self)
        const waiter = yield* createTask(wait(self))
        yield* sleep(0)
        yield* give(self)
        const promised = yield* take(self)
        yield* waiter
        yield* give(self)
        return [promised, yield* take(self)]
      }),
      [false, true]
    )
    everywhere(
      `${name}: one who waited and was cancelled is in nobody's way`,
      Effect.gen(function*() {
        const self = yield* make
        yield* take(self)
        const waiter = yield* createTask(wait(self))
        yield* sleep(0)
        yield* give(self)
        yield* Task.cancelAndWait(waiter)
        return yield* take(self)
      }),
      true
    )
  }
  everywhere(
    "a free permit is not for a newcomer while somebody is about to run",
    Effect.gen(function*() {
      const semaphore = yield* Semaphore.make(0)
      const waiter = yield* createTask(Semaphore.acquire(semaphore))
      yield* sleep(0)
      yield* Semaphore.release(semaphore)
      yield* Semaphore.release(semaphore)
      const early = yield* Semaphore.acquireNowait(semaphore)
      yield* waiter
      return [early, yield* Semaphore.acquireNowait(semaphore)]
    }),
    [false, true]
  )
  everywhere(
    "the lock knows its holder",
    Effect.gen(function*() {
      const lock = yield* Lock.make
      yield* Lock.acquireNowait(lock)
      return Lock.statistics(lock).holder === (yield* self)
    }),
    true
  )
  it("without a loop", async () => {
    const lock = Effect.runSync(Lock.make)
    expect(Effect.runSync(Effect.all([Lock.acquireNowait(lock), Lock.acquireNowait(lock)]))).toEqual([true, false])
  })
})
