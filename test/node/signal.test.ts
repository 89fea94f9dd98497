/** Signals are sent to the test's own process: real ones, and no time passes. */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { createTask, EventLoop, gather, Task } from "effect-asyncio"
import { signal } from "effect-asyncio/node"
import { defectOf, outcome, ticks } from "../support/loops.ts"

const name = "SIGUSR2"
const send = Effect.sync(() => void process.kill(process.pid, name))
const listeners = () => process.listenerCount(name)

describe("signal", () => {
  it.live("comes back with the name, for everyone who waits", () =>
    EventLoop.provide(Effect.gen(function*() {
      const all = yield* createTask(gather([signal(name), signal(name), signal(name)]))
      yield* ticks(3)
      expect(listeners()).toBe(3)
      yield* send
      expect(yield* all).toEqual([name, name, name])
      expect(listeners()).toBe(0)
    })))

  it.live("works in a fiber without a loop", () =>
    Effect.gen(function*() {
      expect(yield* Effect.all([signal(name), Effect.andThen(Effect.yieldNow, send)], { concurrency: 2 })).toEqual([
        name,
        undefined
      ])
      expect(listeners()).toBe(0)
    }))

  it.live("says what it waits for, and takes its listener away when it is cancelled", () =>
    EventLoop.provide(Effect.gen(function*() {
      const task = yield* createTask(signal(name), { name: "stop" })
      yield* ticks(1)
      expect(String(task)).toContain(`waiting for ${name}`)
      yield* Task.cancel(task)
      expect(listeners()).toBe(0)
      expect(yield* outcome(Task.join(task))).toBe("cancelled")
    })))

  it.live("loses nothing that comes with a cancellation: it is over once", () =>
    EventLoop.provide(Effect.gen(function*() {
      const task = yield* createTask(signal(name))
      yield* ticks(1)
      process.emit(name, name)
      yield* Task.cancel(task)
      expect(yield* outcome(Task.join(task))).toBe("cancelled")
      expect(listeners()).toBe(0)
    })))

  it.effect.each(["SIGKILL", "SIGSTOP", "SIGNOTHING", 2])("refuses %s", (wrong) =>
    Effect.gen(function*() {
      const defect = yield* defectOf(signal(wrong as NodeJS.Signals))
      expect(defect.message).toMatch(/^signal: the name is .*, expected a signal that a process can listen to/)
    }))
})
