/**
 * Ctrl-C under `runMain`: the program is cancelled first, then the tasks it leaves; the process ends with exit code 130 when
 * their clean-ups are done. Ctrl-C once more gives those five seconds, and again ends them.
 */
import { Console, Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { runMain } from "effect-asyncio/node"

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

if (import.meta.main) await runMain(main)
