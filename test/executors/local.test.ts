import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Executor } from "effect-asyncio/executors"
import { VirtualLoop } from "effect-asyncio/testing"
import { Book, handlers } from "./handlers.ts"
import { all } from "./jobs.ts"
import { laws } from "./laws.ts"

const local = (size: number) => Layer.provide(Executor.layerLocal(all, handlers, { size }), Book.layer)

describe("the laws, in this process", () => {
  for (const { expected, name, program, size } of laws) {
    it(name, async () => {
      expect(await Effect.runPromise(VirtualLoop.run(Effect.provide(program, local(size))))).toEqual(expected)
    })
  }
})
