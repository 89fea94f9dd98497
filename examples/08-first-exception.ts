/** b divides by zero after a second, while a still sleeps: what `wait` makes of that, and what `gather`. */
import { Console, Data, Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { runMain } from "effect-asyncio/node"

class ZeroDivisionError extends Data.TaggedError("ZeroDivisionError")<{ readonly message: string }> {}

const divide = (x: number, y: number) =>
  y === 0 ? Effect.fail(new ZeroDivisionError({ message: "division by zero" })) : Effect.succeed(x / y)

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
  return yield* divide(x, 0)
})

/** `wait` comes back with both tasks. The failure is in b, for whoever asks; a runs on until it is cancelled. */
export const withWait = Effect.gen(function*() {
  const start = yield* asyncio.EventLoop.time

  const { done, pending } = yield* asyncio.wait([testA(1), testB(2)], { returnWhen: asyncio.FIRST_EXCEPTION })
  yield* Console.log("done:", done)
  yield* Console.log("pending:", pending)

  for (const task of done) {
    yield* asyncio.Task.result(task).pipe(
      Effect.catchTag("ZeroDivisionError", (error) => Console.log(`${task.name} failed: ${error.message}`))
    )
  }
  for (const task of pending) yield* asyncio.Task.cancel(task)

  const end = yield* asyncio.EventLoop.time
  yield* Console.log(`use ${(end - start).toFixed(2)} time`)
})

/** `gather` fails as b failed: the error is in its type. a runs on here too, until the loop closes. */
export const withGather = Effect.gen(function*() {
  const start = yield* asyncio.EventLoop.time

  yield* asyncio.gather([testA(1), testB(2)]).pipe(
    Effect.catchTag("ZeroDivisionError", (error) => Console.log(`gather failed: ${error.message}`))
  )

  const end = yield* asyncio.EventLoop.time
  yield* Console.log(`use ${(end - start).toFixed(2)} time`)
})

export const main = Effect.andThen(withWait, withGather)

if (import.meta.main) await runMain(main)
