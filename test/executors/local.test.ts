import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Executor } from "effect-asyncio/executors"
import { VirtualLoop } from "effect-asyncio/testing"
import { fuzz } from "./fuzz.ts"
import { Book, handlers } from "./handlers.ts"
import { all } from "./jobs.ts"
import { closed, closing, laws, stackOfFailure } from "./laws.ts"

const local = (size: number) => Layer.provide(Executor.layerLocal(all, handlers, { size }), Book.layer)

describe("the laws, in this process", () => {
  for (const { expected, name, program, size } of laws) {
    it(name, async () => {
      expect(await Effect.runPromise(VirtualLoop.run(Effect.provide(program, local(size))))).toEqual(expected)
    })
  }
})

it("a typed failure has its handler's stack", async () => {
  expect(await Effect.runPromise(VirtualLoop.run(Effect.provide(stackOfFailure, local(1))))).toMatch(/\bhalf\b/)
})

it("closing its scope cancels what is left, and ends with it", async () => {
  const make = Effect.provide(Executor.local(all, handlers, { size: 1 }), Book.layer)
  expect(await Effect.runPromise(VirtualLoop.run(closing(make)))).toEqual(closed)
})

it("random submissions, cancelled at random", async () => {
  for (let seed = 0; seed < 60; seed++) {
    const program = Effect.provide(fuzz(seed), local(1 + seed % 4))
    expect([seed, await Effect.runPromise(VirtualLoop.run(program, { unseen: "report" }))]).toEqual([seed, []])
  }
}, 60_000)
