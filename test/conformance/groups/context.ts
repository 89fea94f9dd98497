/** What a task sees of its creator's context. Python's context variable is a `Context.Reference` here. */
import { Context, Effect } from "effect"
import * as asyncio from "effect-asyncio"
import type { Group } from "../scenario.ts"

export default {
  /** A task gets a copy of the context at its creation. */
  context_task_copy: {
    status: "difference",
    reason: "Effect's context is provided to a part of the program and ends with it: what a direct await provides " +
      "does not leak to its caller",
    instead: {
      main: (log) =>
        Effect.gen(function*() {
          const Var = Context.Reference<string>("test/conformance/var", { defaultValue: () => "none set" })

          const w = Effect.fnUntraced(function*(n: string) {
            log(n, "sees", yield* Var)
            yield* Effect.gen(function*() {
              yield* asyncio.sleep("1 second")
              log(n, "still", yield* Var)
            }).pipe(Effect.provideService(Var, n))
          })

          const a = yield* asyncio.createTask(w("a")).pipe(Effect.provideService(Var, "main"))
          yield* Effect.gen(function*() {
            const b = yield* asyncio.createTask(w("b"))
            yield* asyncio.gather([a, b])
            log("main keeps", yield* Var)
            yield* w("direct call")
            log("a direct await shares the context:", yield* Var)
          }).pipe(Effect.provideService(Var, "main changed"))
        }),
      trace: [
        [0, "a sees main"],
        [0, "b sees main changed"],
        [1, "a still a"],
        [1, "b still b"],
        [1, "main keeps main changed"],
        [1, "direct call sees main changed"],
        [2, "direct call still direct call"],
        [2, "a direct await shares the context: main changed"]
      ]
    }
  }
} satisfies Group
