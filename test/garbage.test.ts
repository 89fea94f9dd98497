/** What is garbage once nobody can ask for it; in a process of its own, so that nothing of another file's is in the way. */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { createTask, EventLoop, Future, gather } from "effect-asyncio"
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
