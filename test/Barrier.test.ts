import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as asyncio from "effect-asyncio"
import { Barrier, Task } from "effect-asyncio"
import { linear } from "./support/costs.ts"
import { cancelSoon, defectOf, everywhere, logged, outcome, ticks, timed } from "./support/loops.ts"

const { createTask, sleep } = asyncio

describe("Barrier", () => {
  everywhere(
    "nobody goes before all have come; the last to come goes first",
    logged((log) =>
      Effect.gen(function*() {
        const barrier = yield* Barrier.make(3)
        yield* asyncio.gather([0, 1, 2].map((n) =>
          Effect.gen(function*() {
            yield* ticks(n)
            log(`${n} comes`)
            log(`${n} goes as ${yield* Barrier.wait(barrier)}`)
          })
        ))
      })
    ),
    ["0 comes", "1 comes", "2 comes", "2 goes as 2", "0 goes as 0", "1 goes as 1"]
  )

  everywhere(
    "round after round",
    Effect.gen(function*() {
      const barrier = yield* Barrier.make(2)
      const rounds = [0, 0]
      yield* asyncio.gather(
        [0, 1].map((n) =>
          Effect.forEach([1, 2, 3], () => Effect.tap(Barrier.wait(barrier), () => Effect.sync(() => rounds[n]!++)))
        )
      )
      return [rounds.length, Barrier.waiting(barrier), Barrier.broken(barrier)]
    }),
    [2, 0, false]
  )

  everywhere(
    "a party that is cancelled leaves, and breaks nothing",
    Effect.gen(function*() {
      const barrier = yield* Barrier.make(2)
      const gone = yield* createTask(Barrier.wait(barrier))
      yield* ticks(2)
      const before = Barrier.waiting(barrier)
      yield* cancelSoon(gone)
      yield* Task.await(gone)
      const after = Barrier.waiting(barrier)
      const indexes = yield* asyncio.gather([Barrier.wait(barrier), Barrier.wait(barrier)])
      return [before, after, indexes]
    }),
    [1, 0, [0, 1]]
  )

  timed(
    "abort breaks it until it is reset",
    Effect.gen(function*() {
      const barrier = yield* Barrier.make(2)
      const waiting = yield* createTask(Barrier.wait(barrier))
      yield* sleep("1 second")
      yield* Barrier.abort(barrier)
      const seen = [yield* outcome(Task.join(waiting)), yield* outcome(Barrier.wait(barrier)), Barrier.broken(barrier)]
      yield* Barrier.reset(barrier)
      const indexes = yield* asyncio.gather([Barrier.wait(barrier), Barrier.wait(barrier)])
      return [...seen, Barrier.broken(barrier), indexes]
    }),
    [
      "fail Barrier.wait: the barrier was aborted or reset",
      "fail Barrier.wait: the barrier is aborted",
      true,
      false,
      [0, 1]
    ]
  )

  timed(
    "reset throws out who waits and begins anew",
    Effect.gen(function*() {
      const barrier = yield* Barrier.make(2)
      const waiting = yield* createTask(Effect.flip(Barrier.wait(barrier)))
      yield* sleep("1 second")
      yield* Barrier.reset(barrier)
      const error = yield* Task.join(waiting)
      return [
        typeof error === "object" && "_tag" in error ? error._tag : error,
        Barrier.broken(barrier),
        yield* asyncio.gather([Barrier.wait(barrier), Barrier.wait(barrier)])
      ]
    }),
    ["BrokenBarrierError", false, [0, 1]]
  )

  everywhere("one party passes without a tick", Effect.flatMap(Barrier.make(1), (barrier) => Barrier.wait(barrier)), 0)

  everywhere(
    "statistics",
    Effect.gen(function*() {
      const barrier = yield* Barrier.make(2)
      const task = yield* createTask(Barrier.wait(barrier), { name: "first" })
      yield* ticks(2)
      const { lock, parties, waiters, waiting } = Barrier.statistics(barrier)
      yield* Barrier.wait(barrier)
      yield* task
      return [parties, waiting, waiters.map((task) => task.name), lock.locked, barrier.parties]
    }),
    [2, 1, ["first"], false, 2]
  )

  everywhere(
    "statistics while a round drains: who comes now waits for the next",
    Effect.gen(function*() {
      const barrier = yield* Barrier.make(2)
      yield* createTask(Barrier.wait(barrier))
      yield* ticks(1)
      yield* Barrier.wait(barrier)
      const late = yield* createTask(Barrier.wait(barrier), { name: "late", eager: true })
      const { waiters, waiting } = Barrier.statistics(barrier)
      yield* Task.cancel(late)
      return [waiting, waiters.map((task) => task.name), Barrier.waiting(barrier)]
    }),
    [1, ["late"], 0]
  )

  for (const parties of [0, -1, 1.5, NaN, Infinity]) {
    everywhere(
      `make(${parties}) is a defect`,
      Effect.map(
        defectOf(Barrier.make(parties)),
        ({ message, name }) => [name, message.startsWith("Barrier.make: parties is")]
      ),
      ["IllegalArgumentError", true]
    )
  }

  it("bare fibers without a loop", async () => {
    const barrier = Effect.runSync(Barrier.make(2))
    const fiber = Effect.runFork(Barrier.wait(barrier))
    expect(await Effect.runPromise(Barrier.wait(barrier))).toBe(1)
    expect(await Effect.runPromise(Fiber.join(fiber))).toBe(0)
  })

  linear(
    "a round of n",
    6,
    (n) =>
      Effect.flatMap(Barrier.make(n), (barrier) => asyncio.wait(Array.from({ length: n }, () => Barrier.wait(barrier))))
  )
})
