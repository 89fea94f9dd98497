import { describe, expect, it } from "@effect/vitest"
import { Cause, Duration, Effect, Fiber } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Task } from "effect-asyncio"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import {
  cancelledAtEveryStep,
  cancelSoon,
  defectOf,
  everywhere,
  logged,
  onVirtual,
  outcomeOf,
  ticks,
  ticksOf,
  timed
} from "./support/loops.ts"

const { createTask, sleep } = asyncio

describe("zero or less is one tick", () => {
  for (
    const duration of [
      0,
      -1,
      -Infinity,
      "0 seconds",
      "-3 seconds",
      Duration.zero,
      Duration.negativeInfinity,
      -0
    ] as const
  ) {
    everywhere(`${inspect(duration)}: 1`, ticksOf(sleep(duration)), 1)
    everywhere(`${inspect(duration)} gives its value`, sleep(duration, "value"), "value")
  }
  everywhere(
    "others that are ready run first",
    logged((log) =>
      Effect.gen(function*() {
        yield* EventLoop.callSoon(() => log("callback"))
        yield* createTask(Effect.sync(() => log("task")))
        yield* sleep(0)
        log("main")
      })
    ),
    ["callback", "task", "main"]
  )
})

describe("time", () => {
  for (
    const [duration, seconds] of [
      [1500, 1.5],
      ["3 seconds", 3],
      ["1 micro", 0.000001],
      [0.5, 0.0005],
      [Duration.hours(2), 7200],
      [{ minutes: 1, seconds: 1 }, 61],
      [1_000_000_000n, 1],
      [[1, 500_000_000], 1.5],
      [{ seconds: 1, minutes: undefined }, 1],
      [{
        get seconds() {
          return 2
        }
      }, 2]
    ] as ReadonlyArray<[Duration.Input, number]>
  ) {
    it.live(`${typeof duration === "bigint" ? `${duration}n` : inspect(duration)} takes ${seconds} s`, () =>
      Effect.gen(function*() {
        expect(yield* onVirtual(Effect.andThen(sleep(duration), EventLoop.time))).toBe(seconds)
      }))
  }
  timed(
    "wakes at its time, with its value",
    Effect.gen(function*() {
      const value = { some: "value" }
      expect(yield* sleep("3 seconds", value)).toBe(value)
      expect(yield* sleep("1 second")).toBe(undefined)
      expect(yield* EventLoop.time).toBe(4)
    })
  )
  timed(
    "equal deadlines: first come, first served, also when reached from different starts",
    logged((log) =>
      Effect.gen(function*() {
        const waker = (name: string, first: number, second: number) =>
          Effect.gen(function*() {
            yield* sleep(first)
            yield* sleep(second)
            log(name)
          })
        // All wake at 1 s; their second sleeps began at 300, 700 and 0 ms.
        yield* asyncio.gather([waker("c", 700, 300), waker("b", 300, 700), waker("a", 0, 1000), waker("d", 930, 70)])
      })
    ),
    ["a", "b", "c", "d"]
  )
  timed(
    "200 equal deadlines are one tick",
    logged((log) =>
      Effect.gen(function*() {
        const loop = yield* EventLoop.EventLoop
        const tasks = Array.from({ length: 200 }, (_, i) =>
          Effect.andThen(
            sleep("1 second"),
            Effect.sync(() => {
              if (i === 0) loop.callSoonUnsafe(() => log("next tick"))
              if (i === 199) log("the last")
            })
          ))
        yield* asyncio.gather(tasks)
      })
    ),
    ["the last", "next tick"]
  )
  everywhere(
    "each run of the effect sleeps anew",
    Effect.gen(function*() {
      const nap = sleep(0, "nap")
      expect([yield* nap, yield* nap]).toEqual(["nap", "nap"])
      expect(yield* asyncio.gather([nap, nap])).toEqual(["nap", "nap"])
    })
  )
})

describe("without a loop", () => {
  it.effect("it sleeps on the Clock", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(sleep("1 hour", "slept"))
      yield* TestClock.adjust("59 minutes")
      expect(fiber.pollUnsafe()).toBe(undefined)
      yield* TestClock.adjust("1 minute")
      expect(yield* Fiber.join(fiber)).toBe("slept")
    }))
  it.live("zero is one turn", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const fiber = yield* Effect.forkChild(Effect.andThen(sleep(0), Effect.sync(() => lines.push("slept"))))
      yield* Effect.yieldNow
      yield* Fiber.join(fiber)
      expect(lines).toEqual(["slept"])
      expect(yield* sleep(-5, "value")).toBe("value")
    }))
  it.effect("infinity waits until it is interrupted", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(sleep(Infinity))
      yield* TestClock.adjust("10000 days")
      expect(fiber.pollUnsafe()).toBe(undefined)
      yield* Fiber.interrupt(fiber)
      expect(outcomeOf(yield* Fiber.await(fiber))).toBe("cancelled")
    }))
})

describe("infinite", () => {
  for (const duration of [Infinity, Duration.infinity] as const) {
    everywhere(
      `${inspect(duration)} waits until it is cancelled`,
      Effect.gen(function*() {
        const task = yield* createTask(sleep(duration))
        yield* ticks(5)
        expect(Task.done(task)).toBe(false)
        yield* Task.cancel(task)
        expect(outcomeOf(yield* Task.await(task))).toBe("cancelled")
      })
    )
  }
})

describe("interrupted", () => {
  it.live("it takes its timer with it: the clock does not jump there", () =>
    onVirtual(Effect.gen(function*() {
      const tasks = yield* Effect.forEach([...Array(50).keys()], (i) => createTask(sleep(`${i + 1} hours`)))
      const fiber = yield* Effect.forkChild(sleep("1 hour"))
      yield* ticks(2)
      for (const task of tasks) yield* Task.cancel(task)
      yield* Fiber.interrupt(fiber)
      yield* sleep("1 second")
      yield* ticks(3)
      expect([yield* EventLoop.time, (yield* asyncio.allTasks).size]).toEqual([1, 1])
    })))
  it.live("cancelled at every step, it ends cancelled or slept", () =>
    Effect.gen(function*() {
      const steps = yield* cancelledAtEveryStep((cancelAtStep, accepted) =>
        Effect.gen(function*() {
          const task = yield* createTask(Effect.andThen(sleep(0), Effect.andThen(sleep("1 second"), sleep(0, "slept"))))
          yield* cancelAtStep(task)
          expect(outcomeOf(yield* Task.await(task))).toBe(accepted() === true ? "cancelled" : "slept")
          yield* ticks(3)
          expect(yield* EventLoop.time).toBeLessThanOrEqual(1)
        })
      )
      expect(steps).toBeGreaterThan(4)
    }))
  everywhere(
    "sleep(0), too",
    Effect.gen(function*() {
      const task = yield* createTask(Effect.forever(sleep(0)))
      yield* cancelSoon(task)
      expect(outcomeOf(yield* Task.await(task))).toBe("cancelled")
    })
  )
})

describe("misuse", () => {
  const bads: ReadonlyArray<any> = [
    NaN,
    "soon",
    "",
    undefined,
    null,
    { seconds: NaN },
    true,
    {},
    { second: 1 },
    { seconds: 1, hour: 1 },
    { seconds: undefined },
    { seconds: "3" },
    { months: 1, seconds: 0 },
    [1],
    [1, NaN],
    new Date(0),
    Effect.void
  ]
  for (const bad of bads) {
    everywhere(
      `${inspect(bad)} dies with IllegalArgumentError`,
      Effect.gen(function*() {
        const defect = yield* defectOf(Effect.suspend(() => sleep(bad as Duration.Input)))
        expect(Cause.isIllegalArgumentError(defect)).toBe(true)
        expect(defect.message).toMatch(/^sleep: the duration is /)
      })
    )
  }
})

describe("sleepUntil", () => {
  const { sleepUntil } = asyncio
  timed(
    "until a time in seconds, and a tick",
    Effect.gen(function*() {
      const begin = yield* EventLoop.time
      yield* sleepUntil(begin + 1.5)
      return (yield* EventLoop.time) - begin
    }),
    1.5
  )
  for (const ago of [0, 1, Infinity]) {
    everywhere(`${ago} s ago: 1 tick`, Effect.flatMap(EventLoop.time, (now) => ticksOf(sleepUntil(now - ago))), 1)
  }
  timed(
    "first come, first served with sleeps and callbacks of the same time",
    logged((log) =>
      Effect.gen(function*() {
        const at = (yield* EventLoop.time) + 1
        const say = (line: string) => Effect.sync(() => log(line))
        const tasks = [yield* createTask(Effect.andThen(sleepUntil(at), say("until")))]
        yield* sleep(0)
        yield* EventLoop.callAt(at, () => log("callback"))
        tasks.push(yield* createTask(Effect.andThen(sleep("1 second"), say("sleep"))))
        yield* asyncio.wait(tasks)
      })
    ),
    ["callback", "until", "sleep"]
  )
  timed(
    "for ever, until it is cancelled",
    Effect.gen(function*() {
      const task = yield* createTask(sleepUntil(Infinity))
      yield* sleep("1 day")
      const text = String(task).replace(/ created at .*/, "")
      yield* Task.cancelAndWait(task)
      return [text, Task.cancelled(task)]
    }),
    ["<Task pending name='Task-2' waiting for a sleep without end", true]
  )
  everywhere(
    "NaN and what is no number",
    Effect.forEach(
      [NaN, "3 seconds", undefined],
      (when) => Effect.map(defectOf(sleepUntil(when as never)), ({ message }) => message)
    ),
    [
      "sleepUntil: the time is NaN, expected seconds on the loop's clock",
      "sleepUntil: the time is \"3 seconds\", expected seconds on the loop's clock",
      "sleepUntil: the time is undefined, expected seconds on the loop's clock"
    ]
  )
})
