/** The same two through `gather`: both at once, 3 s. The results come in the order of the arguments. */
import { Console, Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { runMain } from "effect-asyncio/node"

const testA = Effect.fn("testA")(function*(x: number) {
  yield* Console.log("in test a")
  yield* asyncio.sleep("3 seconds")
  yield* Console.log("Resuming a")
  return x
})

const testB = Effect.fn("testB")(function*(x: number) {
  yield* Console.log("in test b")
  yield* asyncio.sleep("1 second")
  yield* Console.log("Resuming b")
  return x
})

export const main = Effect.gen(function*() {
  const start = yield* asyncio.EventLoop.time

  const [a, b] = yield* asyncio.gather([testA(1), testB(2)])
  yield* Console.log(`test a result is ${a}, test b result is ${b}`)

  const end = yield* asyncio.EventLoop.time
  yield* Console.log(`use ${(end - start).toFixed(2)} time`)
})

if (import.meta.main) await runMain(main)
