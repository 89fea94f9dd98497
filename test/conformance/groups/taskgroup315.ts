/** `TaskGroup.cancel`, of Python 3.15. */
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { ValueError } from "../errors.ts"
import { exceptGroup, requests } from "../group.ts"
import type { Group } from "../scenario.ts"

const { Task, TaskGroup } = asyncio

export default {
  /** An error in the cleanup of a cancelled child still comes out as a group. */
  taskgroup315_cancel_and_error: (log) =>
    Effect.gen(function*() {
      const bad = Effect.fnUntraced(function*() {
        yield* asyncio.sleep("10 seconds").pipe(
          Effect.onExit(() => Effect.fail(new ValueError("cleanup")))
        )
      })

      yield* TaskGroup.run((tg) =>
        Effect.gen(function*() {
          yield* tg.createTask(bad())
          yield* asyncio.sleep("1 second")
          yield* tg.cancel
        })
      ).pipe(
        exceptGroup((g) =>
          Effect.gen(function*() {
            log(g, "requests", yield* requests)
          })
        )
      )
    }),

  /** TaskGroup.cancel() from a child: everything is cancelled, the block ends without an error. */
  taskgroup315_cancel_from_child: (log) =>
    Effect.gen(function*() {
      const slow = Effect.fnUntraced(function*() {
        yield* asyncio.sleep("10 seconds").pipe(
          Effect.onInterrupt(() => Effect.sync(() => log("slow cancelled")))
        )
      })

      const finisher = Effect.fnUntraced(function*(tg: asyncio.TaskGroup.TaskGroup) {
        yield* asyncio.sleep("1 second")
        log("goal reached")
        yield* tg.cancel
        log("cancel called")
        yield* asyncio.sleep(0)
        log("never")
      })

      let a!: asyncio.Task.Task<void>
      let b!: asyncio.Task.Task<void>
      yield* TaskGroup.run((tg) =>
        Effect.gen(function*() {
          a = yield* tg.createTask(slow())
          b = yield* tg.createTask(finisher(tg))
          yield* asyncio.sleep("20 seconds").pipe(
            Effect.onInterrupt(() =>
              Effect.gen(function*() {
                log("body cancelled, requests", yield* requests)
              })
            )
          )
        })
      )
      log("after", Task.cancelled(a), Task.cancelled(b), "requests", yield* requests)
    }),

  /** cancel() in the body: the body goes on to its next await, then leaves quietly. */
  taskgroup315_cancel_in_body: (log) =>
    Effect.gen(function*() {
      const slow = Effect.fnUntraced(function*() {
        yield* asyncio.sleep("10 seconds").pipe(
          Effect.ensuring(Effect.gen(function*() {
            yield* asyncio.sleep("2 seconds")
            log("slow cleaned up")
          }))
        )
      })

      let tg!: asyncio.TaskGroup.TaskGroup
      yield* TaskGroup.run((self) =>
        Effect.gen(function*() {
          tg = self
          yield* tg.createTask(slow())
          yield* asyncio.sleep("1 second")
          yield* tg.cancel
          yield* tg.cancel
          log("body goes on")
          yield* asyncio.sleep("5 seconds")
          log("never")
        })
      )
      log("after, requests", yield* requests)
      yield* tg.cancel
      yield* asyncio.sleep("1 second")
      log("cancel after the end does nothing")
    }),

  /** Cancelling the inner group leaves the outer one alone. */
  taskgroup315_cancel_nested: (log) =>
    Effect.gen(function*() {
      const w = Effect.fnUntraced(function*(name: string, n: number) {
        yield* Effect.gen(function*() {
          yield* asyncio.sleep(`${n} seconds`)
          log(name, "finished")
        }).pipe(
          Effect.onInterrupt(() => Effect.sync(() => log(name, "cancelled")))
        )
      })

      yield* TaskGroup.run((outer) =>
        Effect.gen(function*() {
          yield* outer.createTask(w("outer child", 5))
          yield* TaskGroup.run((inner) =>
            Effect.gen(function*() {
              yield* inner.createTask(w("inner child", 5))
              yield* asyncio.sleep("1 second")
              yield* inner.cancel
            })
          )
          log("inner ended")
          yield* asyncio.sleep("1 second")
        })
      )
      log("outer ended")
    })
} satisfies Group
