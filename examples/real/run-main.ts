/**
 * Ctrl-C under `runMain`: interrupting the process cancels the program first, then the tasks it leaves.
 *
 * `runMain` here is what `NodeRuntime.runMain` of `@effect/platform-node` is: a SIGINT interrupts the main fiber, and the
 * process ends when its finalizers have run. `EventLoop.provide` makes that interruption a cancellation of the program;
 * then the loop closes, which cancels and awaits the rest.
 */
import { Console, Effect, Runtime } from "effect"
import * as asyncio from "effect-asyncio"

const runMain = Runtime.makeRunMain(({ fiber, teardown }) => {
  const interrupt = () => fiber.interruptUnsafe()
  process.on("SIGINT", interrupt)
  fiber.addObserver((exit) => {
    process.off("SIGINT", interrupt)
    teardown(exit, (code) => {
      process.exitCode = code
    })
  })
})

const heartbeat = Effect.forever(asyncio.sleep("1 second")).pipe(
  Effect.onInterrupt(() => Console.log("the heartbeat stops, last"))
)

export const main = Effect.gen(function*() {
  yield* asyncio.createTask(heartbeat, { name: "heartbeat" })
  yield* Console.log("running, Ctrl-C ends it")
  yield* asyncio.sleep("1 hour")
}).pipe(
  Effect.onInterrupt(() => Effect.andThen(asyncio.sleep(10), Console.log("main has cleaned up")))
)

if (import.meta.main) runMain(asyncio.EventLoop.provide(main), { disableErrorReporting: true })
