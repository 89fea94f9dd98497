/** What CPython changed after 3.14.2, and what is as it was there and differs here. */
import { Effect, Option, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { ValueError } from "../errors.ts"
import { formatCancelled } from "../format.ts"
import type { Group } from "../scenario.ts"

const { EventLoop, Task } = asyncio

const waiters = (t: asyncio.Task.Task<unknown, unknown>) => Array.from(Task.awaitedBy(t), (task) => task.name).sort()

export default {
  /** The call graph knows who waits through as_completed: the task that asked, until an item is done or the time is over. */
  since3142_as_completed_graph: (log) =>
    Effect.gen(function*() {
      const work = (n: number) => asyncio.sleep(`${n} seconds`)

      const a = yield* asyncio.createTask(work(1), { name: "a" })
      const b = yield* asyncio.createTask(work(3), { name: "b" })

      const each = Effect.suspend(() => Stream.runDrain(asyncio.asCompleted([a, b])))

      const oneByOne = Effect.gen(function*() {
        for (const item of yield* asyncio.asCompletedEffects([a, b])) yield* item
      })

      const inTime = Effect.gen(function*() {
        yield* Stream.runDrain(asyncio.asCompleted([a, b], { timeout: "2 seconds" })).pipe(
          Effect.catchTag("TimeoutError", () => Effect.sync(() => log("too late")))
        )
        yield* asyncio.sleep("2 seconds")
      })

      const tasks = [
        yield* asyncio.createTask(each, { name: "each" }),
        yield* asyncio.createTask(oneByOne, { name: "one_by_one" }),
        yield* asyncio.createTask(inTime, { name: "in_time" })
      ]
      yield* asyncio.sleep("500 millis")
      log("a", waiters(a), "b", waiters(b))
      yield* asyncio.sleep("1 second")
      log("a", waiters(a), "b", waiters(b))
      yield* asyncio.sleep("1 second")
      log("b", waiters(b))
      yield* asyncio.wait(tasks)
      log("b", waiters(b))
    }),

  /** A gather that has failed awaits its children no longer. */
  since3142_gather_failed_graph: (log) =>
    Effect.gen(function*() {
      yield* Task.setName(Option.getOrThrow(yield* asyncio.currentTask), "main")

      const bad = Effect.gen(function*() {
        yield* asyncio.sleep("1 second")
        return yield* Effect.fail(new ValueError("bad"))
      })

      const slow = yield* asyncio.createTask(asyncio.sleep("3 seconds"), { name: "slow" })
      yield* EventLoop.callLater("500 millis", () => log("slow", waiters(slow)))
      yield* asyncio.gather([slow, bad]).pipe(
        Effect.catchTag("ValueError", (e) => Effect.sync(() => log("failed", e)))
      )
      log("slow", waiters(slow))
      yield* slow
      log("done")
    }),

  /** A shielded task that fails after its waiter gave up is reported to nobody while somebody may still look at it. */
  since3142_shield_late_failure: (log) =>
    Effect.gen(function*() {
      yield* EventLoop.setExceptionHandler((context) => Effect.sync(() => log("reported", context.message)))

      const work = Effect.gen(function*() {
        yield* asyncio.sleep("2 seconds")
        return yield* Effect.fail(new ValueError("late"))
      })

      const task = yield* asyncio.createTask(work)
      for (let i = 0; i < 2; i++) {
        yield* asyncio.waitFor(asyncio.shield(task), "500 millis").pipe(
          Effect.catchTag("TimeoutError", () => Effect.sync(() => log("gave up")))
        )
      }
      yield* asyncio.sleep("2 seconds")
      yield* Task.join(task).pipe(
        Effect.catchTag("ValueError", (e) => Effect.sync(() => log("handled", e)))
      )
    }),

  /** A deadline of no time takes a cancellation that was asked for just before it for its own (python/cpython#134471). */
  since3142_timeout_zero_cancelled: {
    status: "difference",
    reason: "a deadline of zero or less does not claim a cancellation that was requested before it, just as a " +
      "deadline of a second does not; open in CPython as python/cpython#134471",
    instead: {
      main: (log) =>
        Effect.gen(function*() {
          const work = Effect.fnUntraced(function*(name: string, delay: number) {
            yield* Task.cancel(Option.getOrThrow(yield* asyncio.currentTask), { message: "please" })
            yield* asyncio.timeout(`${delay} seconds`, () => asyncio.sleep("1 second")).pipe(
              Effect.catchTag("TimeoutError", () => Effect.sync(() => log(name, "timed out"))),
              Task.catchCancelled((message) => {
                log(name, "cancelled", formatCancelled(message))
                return Effect.interrupt
              })
            )
            yield* asyncio.sleep("2 seconds")
            log(name, "went on")
          })

          const tasks = [
            yield* asyncio.createTask(work("a second", 1)),
            yield* asyncio.createTask(work("no time", 0))
          ]
          yield* asyncio.wait(tasks)
          log(tasks.map(Task.cancelled))
        }),
      trace: [
        [0, "a second cancelled CancelledError(please)"],
        [0, "no time cancelled CancelledError(please)"],
        [0, "[true, true]"]
      ]
    }
  },

  /** wait_for without time waits for the clean-up, and the call graph knows it; a cancelled wait leaves nothing behind. */
  since3142_wait_for_zero_graph: (log) =>
    Effect.gen(function*() {
      const worker = asyncio.sleep("10 seconds").pipe(Effect.ensuring(asyncio.sleep("2 seconds")))

      const probe = Effect.suspend(() =>
        asyncio.waitFor(task, 0).pipe(
          Effect.catchTag("TimeoutError", () => Effect.sync(() => log("no time")))
        )
      )

      const task = yield* asyncio.createTask(worker, { name: "worker" })
      yield* asyncio.sleep(0)
      const first = yield* asyncio.createTask(probe, { name: "first" })
      yield* asyncio.sleep("1 second")
      log("awaited by", waiters(task))
      yield* Task.cancel(first)
      yield* asyncio.sleep(0)
      yield* asyncio.sleep(0)
      log("awaited by", waiters(task), Task.cancelled(first))
      yield* asyncio.wait([task])
      log("cancelled", Task.cancelled(task))
    })
} satisfies Group
