/** `wait` hands out the tasks themselves, those that are done and those that are still pending. */
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

  const { done, pending } = yield* asyncio.wait([testA(1), testB(2)])
  yield* Console.log("done:", done)
  yield* Console.log("pending:", pending)

  const [first] = done
  yield* Console.log(`the first result is ${yield* asyncio.Task.result(first)}`)

  const end = yield* asyncio.EventLoop.time
  yield* Console.log(`use ${(end - start).toFixed(2)} time`)
})

if (import.meta.main) await runMain(main)
