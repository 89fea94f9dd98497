// @effect-diagnostics floatingEffect:off missingEffectContext:off missingEffectError:off
// What is not run is what these are about.
import { Context, type Effect } from "effect"
import type { EventLoop, Runner, Task } from "effect-asyncio"
import { runMain, signal } from "effect-asyncio/node"
import { VirtualLoop } from "effect-asyncio/testing"
import { describe, expectTypeOf, it } from "vitest"

class Db extends Context.Service<Db, { readonly db: 1 }>()("Db") {}

declare const onLoop: Effect.Effect<number, "E1", EventLoop.EventLoop>
declare const pure: Effect.Effect<string>
declare const needy: Effect.Effect<number, never, Db>
declare const task: Task.Task<boolean>

describe("runMain", () => {
  it("keeps A; E ends the process", () => {
    expectTypeOf(runMain(onLoop)).toEqualTypeOf<Promise<number>>()
    expectTypeOf(runMain(pure, { closeTimeout: "1 second", debug: true })).toEqualTypeOf<Promise<string>>()
    expectTypeOf(runMain(pure, { layer: VirtualLoop.layer() })).toEqualTypeOf<Promise<string>>()
    expectTypeOf(runMain).parameter(1).toEqualTypeOf<Runner.Options | undefined>()
  })
  it("rejected", () => {
    // @ts-expect-error: Db is missing
    void runMain(needy)
    // @ts-expect-error: a task has begun elsewhere
    void runMain(task)
    // @ts-expect-error
    void runMain(Promise.resolve(1))
    // @ts-expect-error: unknown
    void runMain(pure, { disableErrorReporting: true })
    // @ts-expect-error
    void runMain(pure, { closeTimeout: "soon" })
  })
})

describe("signal", () => {
  it("gives the name", () => {
    expectTypeOf(signal("SIGINT")).toEqualTypeOf<Effect.Effect<"SIGINT">>()
    // @ts-expect-error
    signal("INT")
  })
})
