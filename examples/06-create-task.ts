/** `createTask` does the same for coroutines alone. Asking for a result too early is an InvalidStateError. */
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

  const taskA = yield* asyncio.createTask(testA(1), { name: "a" })
  const taskB = yield* asyncio.createTask(testB(2), { name: "b" })
  yield* Console.log(`task a is ${taskA}`)
  yield* Console.log(`task b is ${taskB}`)
  yield* Console.log(`task a is done? ${asyncio.Task.done(taskA)}`)
  yield* Console.log(`task b is done? ${asyncio.Task.done(taskB)}`)

  // try: task_a.result()  except InvalidStateError as error: …
  yield* asyncio.Task.result(taskA).pipe(
    Effect.catchTag("InvalidStateError", (error) => Console.log(`too early: ${error._tag}`))
  )

  yield* taskA
  yield* taskB
  yield* Console.log(`task a is done? ${asyncio.Task.done(taskA)}`)
  yield* Console.log(`task b is done? ${asyncio.Task.done(taskB)}`)

  const a = yield* asyncio.Task.result(taskA)
  const b = yield* asyncio.Task.result(taskB)
  yield* Console.log(`test a result is ${a}, test b result is ${b}`)

  const end = yield* asyncio.EventLoop.time
  yield* Console.log(`use ${(end - start).toFixed(2)} time`)
})

if (import.meta.main) await runMain(main)
