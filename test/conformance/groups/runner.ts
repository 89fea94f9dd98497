/** `asyncio.Runner`: several runs on one loop, and what closing it does with the tasks that are left. */
import { Duration, Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { ValueError } from "../errors.ts"
import type { Group } from "../scenario.ts"

const { EventLoop, Task } = asyncio

export default {
  /** Runner: several runs on one loop, then close. */
  runner_basic: {
    sync: async (log, makeRunner) => {
      const w = Effect.fnUntraced(function*(n: number) {
        yield* asyncio.sleep(Duration.seconds(n))
        return n
      })

      const r = makeRunner()
      log(await r.run(w(1)), await r.run(w(2)))
      const loop = await r.run(EventLoop.EventLoop)
      log("same loop", (await r.run(EventLoop.EventLoop)) === loop, await r.run(EventLoop.time))
      await r.close()
      log("closed", loop.isClosed())
      try {
        await r.run(w(1))
      } catch (e) {
        log(e, "after close")
      }
    }
  },

  /** Closing a runner cancels the tasks that are left and waits for their cleanup. */
  runner_cancels_leftovers: {
    sync: async (log, makeRunner) => {
      const background = () =>
        asyncio.sleep("100 seconds").pipe(
          Task.catchCancelled(() =>
            Effect.gen(function*() {
              log("background cancelled")
              yield* asyncio.sleep("2 seconds")
              log("cleanup done")
              return yield* Effect.interrupt
            })
          )
        )

      const main = Effect.fnUntraced(function*() {
        yield* asyncio.createTask(background())
        yield* asyncio.sleep("1 second")
        log("main returns")
        return "v"
      })

      const r = makeRunner()
      log(await r.run(main()))
      await r.close()
    }
  },

  /** An error in the cleanup of a left-over task goes to the exception handler. */
  runner_leftover_error: {
    sync: async (log, makeRunner) => {
      const background = () =>
        asyncio.sleep("100 seconds").pipe(
          Effect.onExit(() => Effect.fail(new ValueError("cleanup broke")))
        )

      // The messages are our own; where they stand for the same, the log says it in asyncio's words.
      const words = (message: string) =>
        message === "Unhandled exception during shutdown of the event loop"
          ? "unhandled exception during asyncio.run() shutdown"
          : message

      const main = Effect.fnUntraced(function*() {
        yield* EventLoop.setExceptionHandler((context) =>
          Effect.sync(() => log("handler", words(context.message), context.cause))
        )
        yield* asyncio.createTask(background())
        yield* asyncio.sleep("1 second")
      })

      const r = makeRunner()
      await r.run(main())
      await r.close()
      log("end")
    }
  },

  /** run() inside a running loop is refused. */
  runner_nested_refused: {
    status: "difference",
    reason:
      "run gives a promise instead of blocking the thread: inside another run it is a second loop beside the first",
    instead: {
      main: {
        sync: async (log, makeRunner) => {
          const inner = Effect.fnUntraced(function*() {
            log("inner runs")
            return "value"
          })

          const main = Effect.fnUntraced(function*() {
            log("run in run:", yield* Effect.promise(() => asyncio.run(inner())))
          })

          const r = makeRunner()
          await r.run(main())
          await r.close()
        }
      },
      trace: [
        [0, "inner runs"],
        [0, "run in run: value"]
      ]
    }
  }
} satisfies Group
