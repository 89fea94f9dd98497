/** One coroutine awaits another: `yield*` is `await`. */
import { Console, Effect } from "effect"
import { runMain } from "effect-asyncio/node"

const add = Effect.fn("add")(function*(x: number) {
  yield* Console.log("in add")
  return x + 3
})

export const main = Effect.gen(function*() {
  yield* Console.log("in main")
  const result = yield* add(2)
  yield* Console.log(`add gives ${result}`)
})

if (import.meta.main) await runMain(main)
