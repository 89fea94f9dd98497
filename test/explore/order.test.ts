/** What is never varied, in no mode: each is a promise of the library's. */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { Explore } from "effect-asyncio/testing"
import type { Program } from "./primitives.ts"
import { promises } from "./promises.ts"

const { createTask, Event, gather, sleep, Task } = asyncio

/** Every schedule of up to two delays. */
const delayed = (program: Program) =>
  Explore.check(program, {
    vary: { order: true, time: false },
    strategy: { bounded: 2 },
    runs: 3000,
    timeLimit: "60 seconds"
  })

describe("under pauses", () => {
  it.effect.each(Object.entries(promises))("%s", ([, program]) => Explore.check(program, { timeLimit: "60 seconds" }))
})

describe("under delays", () => {
  it.effect.each(Object.entries(promises))(
    "%s",
    ([, program]) => Effect.map(delayed(program), ({ exhausted }) => expect(exhausted).toBe(2))
  )

  it.effect("one that is interrupted while it is put off holds nobody up", () =>
    delayed(Effect.gen(function*() {
      const event = yield* Event.make
      const first = yield* Effect.forkChild(Event.wait(event))
      yield* sleep(0)
      const second = yield* createTask(Event.wait(event))
      yield* sleep(1)
      yield* Event.set(event)
      yield* sleep(0)
      first.interruptUnsafe()
      yield* Task.join(second)
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
      const { runs } = yield* delayed(program)
      expect(runs).toBeGreaterThan(100)
      expect(Array.from(orders).toSorted()).toEqual(["abc", "acb", "bac", "bca", "cab", "cba"])
    }))
})
