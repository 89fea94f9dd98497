/** `TaskGroup.cancel`, of Python 3.15. */
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import type { EventLoop } from "effect-asyncio"
import { ValueError } from "../errors.ts"
import { formatCancelled } from "../format.ts"
import { exceptGroup, requests } from "../group.ts"
import type { Group } from "../scenario.ts"

const { Task, TaskGroup } = asyncio

export default {
  /** The body cancels its group and fails; the task is cancelled while the block waits: the failure is lost. */
  taskgroup315_body_error: {
    status: "difference",
    reason: "if a body fails after group.cancel, in a task that is cancelled as well, the failure comes out, as in a " +
      "group that nobody cancelled, and the cancellation follows at the next suspension",
    instead: {
      main: (log) =>
        Effect.gen(function*() {
          const child = asyncio.sleep("10 seconds").pipe(Effect.ensuring(asyncio.sleep("1 second")))

          const block = TaskGroup.run((tg) =>
            Effect.gen(function*() {
              yield* tg.createTask(child)
              yield* asyncio.sleep(0)
              yield* tg.cancel
              return yield* Effect.fail(new ValueError("body"))
            })
          ).pipe(
            exceptGroup((g) =>
              Effect.gen(function*() {
                log("failed", g)
                yield* asyncio.sleep(0)
                log("never")
              })
            )
          )

          const task = yield* asyncio.createTask(block)
          yield* asyncio.sleep("500 millis")
          yield* Task.cancel(task, { message: "outside" })
          yield* asyncio.wait([task])
          log("cancelled", Task.cancelled(task))
        }),
      trace: [
        [1, "failed ExceptionGroup[ValueError(body)]"],
        [1, "cancelled true"]
      ]
    }
  },

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
    }),

  /** An eager child may cancel its group in its first step: one that ends in that step keeps its value. */
  taskgroup315_eager_cancels: (log) =>
    Effect.gen(function*() {
      const child = Effect.fnUntraced(function*(tg: asyncio.TaskGroup.TaskGroup, awaits: boolean) {
        yield* tg.cancel
        if (awaits) {
          yield* asyncio.sleep("10 seconds").pipe(
            Effect.onInterrupt(() => Effect.sync(() => log("child cancelled")))
          )
        }
        return "value"
      })

      for (const awaits of [false, true]) {
        for (const eager of [false, true]) {
          let task!: asyncio.Task.Task<string>
          yield* TaskGroup.run((tg) =>
            Effect.gen(function*() {
              task = yield* tg.createTask(child(tg, awaits), { eager })
              yield* asyncio.sleep("5 seconds").pipe(
                Effect.onInterrupt(() => Effect.sync(() => log("body cancelled")))
              )
            })
          )
          log("awaits", awaits, "eager", eager, "cancelled", Task.cancelled(task))
        }
      }
      log("requests", yield* requests)
    }),

  /** A block that its group has cancelled shows the last message of those who cancel it from outside, others the first. */
  taskgroup315_last_message: (log) =>
    Effect.gen(function*() {
      const child = asyncio.sleep("10 seconds").pipe(Effect.ensuring(asyncio.sleep("2 seconds")))

      const block = (rest: (tg: asyncio.TaskGroup.TaskGroup) => Effect.Effect<void, never, EventLoop.EventLoop>) =>
        TaskGroup.run((tg) =>
          Effect.gen(function*() {
            yield* tg.createTask(child)
            yield* asyncio.sleep(0)
            yield* rest(tg)
          })
        )

      const blocks = {
        cancels: block((tg) => tg.cancel),
        is_cut_short: block((tg) => Effect.andThen(tg.cancel, asyncio.sleep("10 seconds"))),
        leaves: block(() => Effect.void)
      }
      for (const [name, block] of Object.entries(blocks)) {
        const task = yield* asyncio.createTask(block)
        yield* asyncio.sleep("500 millis")
        yield* Task.cancel(task, { message: "first" })
        yield* asyncio.sleep("500 millis")
        yield* Task.cancel(task, { message: "second" })
        yield* Task.catchCancelled(Task.join(task), (message) =>
          Effect.sync(() => log(name, formatCancelled(message), "requests", Task.cancelling(task))))
      }
    })
} satisfies Group
