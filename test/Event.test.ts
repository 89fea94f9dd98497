import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as asyncio from "effect-asyncio"
import { Event, Task } from "effect-asyncio"
import { linear } from "./support/costs.ts"
import { cancelSoon, everywhere, logged, ticks } from "./support/loops.ts"

const { createTask } = asyncio

describe("Event", () => {
  everywhere(
    "wakes all who wait, in order, a tick later",
    logged((log) =>
      Effect.gen(function*() {
        const event = yield* Event.make
        for (const name of ["a", "b", "c"]) {
          yield* createTask(Effect.andThen(Event.wait(event), Effect.sync(() => log(name))))
        }
        yield* ticks(2)
        yield* Event.set(event)
        log("set")
        yield* ticks(2)
      })
    ),
    ["set", "a", "b", "c"]
  )

  everywhere(
    "a set event takes no tick",
    logged((log) =>
      Effect.gen(function*() {
        const event = yield* Event.make
        yield* Event.set(event)
        yield* asyncio.EventLoop.callSoon(() => log("tick"))
        yield* Event.wait(event)
        log("on")
        yield* ticks(1)
      })
    ),
    ["on", "tick"]
  )

  everywhere(
    "who was woken goes on though it is cleared, who comes then waits",
    Effect.gen(function*() {
      const event = yield* Event.make
      const first = yield* createTask(Event.wait(event))
      yield* ticks(2)
      yield* Event.set(event)
      yield* Event.clear(event)
      const second = yield* createTask(Event.wait(event))
      yield* ticks(3)
      const state = [Task.done(first), Task.done(second), Event.isSet(event)]
      yield* Event.set(event)
      yield* second
      return state
    }),
    [true, false, false]
  )

  everywhere(
    "set and clear again: nothing happens",
    Effect.gen(function*() {
      const event = yield* Event.make
      yield* Event.clear(event)
      yield* Event.set(event)
      yield* Event.set(event)
      return Event.statistics(event)
    }),
    { isSet: true, waiting: 0, waiters: [] }
  )

  everywhere(
    "statistics say who waits; who is cancelled does not",
    Effect.gen(function*() {
      const event = yield* Event.make
      const tasks = []
      for (const name of ["a", "b"]) tasks.push(yield* createTask(Event.wait(event), { name }))
      yield* ticks(2)
      const before = Event.statistics(event)
      yield* cancelSoon(tasks[0]!)
      const after = Event.statistics(event)
      yield* Event.set(event)
      return [before.waiting, before.waiters.map((task) => task.name), after.waiters.map((task) => task.name)]
    }),
    [2, ["a", "b"], ["b"]]
  )

  it("bare fibers without a loop, set by plain code and by runSync", async () => {
    for (const set of [Event.setUnsafe, (event: Event.Event) => Effect.runSync(Event.set(event))]) {
      const event = Effect.runSync(Event.make)
      const fiber = Effect.runFork(Effect.as(Event.wait(event), "on"))
      set(event)
      expect(fiber.pollUnsafe()).toBeUndefined()
      expect(await Effect.runPromise(Fiber.join(fiber))).toBe("on")
    }
  })

  linear("n who wait", 4, (n) =>
    Effect.gen(function*() {
      const event = yield* Event.make
      const tasks = []
      for (let i = 0; i < n; i++) tasks.push(yield* createTask(Event.wait(event)))
      yield* ticks(1)
      yield* Event.set(event)
      yield* asyncio.wait(tasks)
    }))
})
