/** `group.start`: whose a task is before and after it says that it has started. */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Task, TaskGroup } from "effect-asyncio"
import {
  cancelledAtEveryStep,
  cancelSoon,
  day,
  defectOf,
  everywhere,
  logged,
  messagesOf,
  outcome,
  outcomeOf,
  ticks,
  ticksOf,
  timed
} from "./support/loops.ts"

const { createTask, sleep } = asyncio

type Started<T = void> = TaskGroup.Started<T>

/** Starts after a second, with a value, and serves until it is stopped. */
const server = (started: Started<number>) => Effect.andThen(Effect.andThen(sleep("1 second"), started(80)), day)

describe("started", () => {
  timed(
    "gives the value, and the task goes on in the group",
    Effect.gen(function*() {
      const lines: Array<unknown> = []
      yield* TaskGroup.run((group) =>
        Effect.gen(function*() {
          const port = yield* group.start((started: Started<number>) =>
            Effect.andThen(server(started), Effect.void).pipe(
              Effect.timeoutOption("3 seconds"),
              Effect.ensuring(Effect.sync(() => lines.push("the server ends")))
            )
          )
          lines.push(port, String(group), yield* EventLoop.time)
        })
      )
      return [lines, yield* EventLoop.time]
    }),
    [[80, "<TaskGroup entered tasks=1>", 1, "the server ends"], 3]
  )
  everywhere(
    "without a value; one tick after it, none where an eager task starts in its first step",
    TaskGroup.run((group) =>
      Effect.gen(function*() {
        const starts = (started: Started) => Effect.asVoid(started())
        const eager = yield* ticksOf(group.start(starts, { eager: true }))
        return [eager, yield* ticksOf(group.start(starts))]
      })
    ),
    [0, 2]
  )
  everywhere(
    "the name, and what is said of the wait",
    Effect.gen(function*() {
      const block = yield* createTask(
        TaskGroup.run((group) => group.start((_: Started) => day, { name: "server" })),
        { name: "block" }
      )
      yield* ticks(2)
      const [, server] = [...(yield* asyncio.allTasks)].filter((task) => task.name !== "Task-1")
      const awaiting = [...Task.awaitedBy(server!)].map((task) => task.name)
      const text = String(block).replace(/ created at .*/, "")
      yield* Task.cancelAndWait(block)
      return [text, awaiting]
    }),
    ["<Task pending name='block' waiting for the start of task 'server'", ["block"]]
  )
  everywhere(
    "twice, or when the task has ended: the defect of whoever calls",
    Effect.gen(function*() {
      let late!: Started
      const twice = TaskGroup.run((group) => group.start((started: Started) => Effect.andThen(started(), started())))
      const first = yield* defectOf(twice)
      yield* Effect.exit(TaskGroup.run((group) =>
        group.start((started: Started) => {
          late = started
          return Effect.fail("no")
        })
      ))
      return [first.message, (yield* defectOf(late())).message]
    }),
    [
      "TaskGroup.start: started was called a second time",
      "TaskGroup.start: started was called after its task had ended"
    ]
  )
})

describe("it ends before it has started", () => {
  everywhere(
    "a failure is the starter's, typed, and none of the group's",
    TaskGroup.run((group) =>
      Effect.gen(function*() {
        const port = yield* group.start((_: Started<number>) => Effect.fail("in use")).pipe(
          Effect.catch((error) => Effect.succeed(`${error}, took another`))
        )
        return [port, String(group)]
      })
    ),
    ["in use, took another", "<TaskGroup entered>"]
  )
  it.live("and is seen", () =>
    Effect.gen(function*() {
      const program = TaskGroup.run((group) => Effect.exit(group.start((_: Started) => Effect.fail("no"))))
      expect(yield* messagesOf(program)).toEqual([])
    }))
  everywhere(
    "uncaught, it is the body's failure",
    outcome(
      TaskGroup.run((group) => Effect.andThen(group.createTask(day), group.start((_: Started) => Effect.fail("no"))))
    ),
    "fail no"
  )
  everywhere(
    "with a value: a defect of the starter",
    TaskGroup.run((group) =>
      Effect.map(defectOf(group.start((_: Started) => Effect.void, { name: "server" })), (defect) => [
        defect.message,
        String(group)
      ])
    ),
    ["TaskGroup.start: task 'server' has ended without calling started", "<TaskGroup entered>"]
  )
  everywhere(
    "cancelled by itself: as a join sees it",
    TaskGroup.run((group) =>
      Effect.gen(function*() {
        const start = group.start((_: Started) => day, { name: "server" })
        const starter = yield* group.createTask(Effect.exit(start))
        yield* ticks(2)
        for (const task of yield* asyncio.allTasks) if (task.name === "server") yield* Task.cancel(task)
        return outcomeOf(yield* starter)
      })
    ),
    "cancelled"
  )
  everywhere(
    "after its start what it fails with is the group's",
    Effect.gen(function*() {
      const block = TaskGroup.run((group) =>
        Effect.gen(function*() {
          yield* Effect.ignore(group.start((started: Started) => Effect.andThen(started(), Effect.fail("later"))))
          yield* day
        })
      )
      return yield* outcome(block)
    }),
    "fail later"
  )
})

describe("cancelling", () => {
  timed(
    "the starter: the task is cancelled and waited for",
    Effect.gen(function*() {
      const lines = yield* logged((log) =>
        TaskGroup.run((group) =>
          Effect.gen(function*() {
            const start = group.start((_: Started) => Effect.onInterrupt(day, () => sleep("1 second")))
            const starter = yield* group.createTask(Effect.onInterrupt(start, () => Effect.sync(() => log("unwinds"))))
            yield* ticks(2)
            yield* Task.cancelAndWait(starter)
            log(Task.cancelled(starter))
            log(String(group))
            log(yield* EventLoop.time)
          })
        )
      )
      return lines
    }),
    ["unwinds", true, "<TaskGroup entered>", 1]
  )
  timed(
    "the starter, where the task goes on and starts all the same: it has the value",
    TaskGroup.run((group) =>
      Effect.gen(function*() {
        const start = group.start((started: Started<number>) =>
          Effect.andThen(Task.catchCancelled(day, () => sleep("1 second")), Effect.asVoid(started(80)))
        )
        const starter = yield* group.createTask(start)
        yield* ticks(2)
        yield* cancelSoon(starter)
        return [yield* starter, Task.cancelled(starter)]
      })
    ),
    [80, false]
  )
  timed(
    "the starter, where the task meets it and ends: cancelled, and no word of a missing start",
    TaskGroup.run((group) =>
      Effect.gen(function*() {
        const start = group.start((_: Started) => Task.catchCancelled(day, () => Effect.void))
        const starter = yield* group.createTask(start)
        yield* ticks(2)
        yield* cancelSoon(starter)
        return outcomeOf(yield* Task.await(starter))
      })
    ),
    "cancelled"
  )
  timed(
    "a failure of the task's clean-up comes out beside the starter's cancellation",
    Effect.gen(function*() {
      const block = TaskGroup.run((group) =>
        group.start((_: Started) => Effect.onInterrupt(day, () => Effect.fail("no")))
      )
      const task = yield* createTask(block)
      yield* ticks(3)
      yield* Task.cancelAndWait(task)
      return outcomeOf(yield* Task.await(task))
    }),
    "fail no"
  )
  timed(
    "the group, from a starter outside: the task is cancelled, and so ends the start",
    Effect.gen(function*() {
      let group!: TaskGroup.TaskGroup
      const block = yield* createTask(TaskGroup.run((self) => {
        group = self
        return day
      }))
      yield* ticks(2)
      const starter = yield* createTask(group.start((_: Started) => day))
      yield* ticks(2)
      yield* group.cancel
      return [outcomeOf(yield* Task.await(starter)), outcomeOf(yield* Task.await(block))]
    }),
    ["cancelled", undefined]
  )
  timed(
    "the group waits for one that starts, when its body has ended",
    Effect.gen(function*() {
      let group!: TaskGroup.TaskGroup
      const block = yield* createTask(TaskGroup.run((self) => {
        group = self
        return Effect.andThen(self.createTask(sleep("500 millis")), ticks(2))
      }))
      yield* ticks(1)
      const starter = yield* createTask(group.start((started: Started) => Effect.andThen(sleep("1 second"), started())))
      yield* block
      return [yield* EventLoop.time, Task.done(starter)]
    }),
    [1, true]
  )
  it.live("at every step: the task is over when the start is, or it is the group's", () =>
    Effect.gen(function*() {
      const steps = yield* cancelledAtEveryStep((cancelAtStep) =>
        Effect.gen(function*() {
          let running = 0
          const count = <A>(effect: Effect.Effect<A>) =>
            Effect.suspend(() => {
              running++
              return Effect.ensuring(effect, Effect.sync(() => void running--))
            })
          yield* TaskGroup.run((group) =>
            Effect.gen(function*() {
              const starter = yield* group.createTask(
                group.start((started: Started) => count(Effect.andThen(Effect.andThen(ticks(2), started()), day)))
              )
              yield* cancelAtStep(starter)
              const exit = yield* Task.await(starter)
              const tasks = /tasks=(\d)/.exec(String(group))?.[1] ?? "0"
              expect(Number(tasks)).toBe(running)
              if (Exit.isSuccess(exit)) expect(running).toBe(1)
              yield* group.cancel
            })
          )
          expect(running).toBe(0)
        })
      )
      expect(steps).toBeGreaterThan(4)
    }))
})

describe("refused", () => {
  everywhere(
    "a group that shuts down or has ended; what is no function, or gives no Effect",
    Effect.gen(function*() {
      let group!: TaskGroup.TaskGroup
      const start = Effect.suspend(() => group.start((started: Started) => started()))
      const messages: Array<string> = []
      yield* TaskGroup.run((self) => {
        group = self
        return Effect.gen(function*() {
          messages.push((yield* defectOf(self.start(5 as never as () => Effect.Effect<void>))).message)
          messages.push((yield* defectOf(self.start((() => 5) as never as () => Effect.Effect<void>))).message)
          yield* group.cancel
          messages.push((yield* defectOf(start)).message)
        })
      })
      messages.push((yield* defectOf(start)).message)
      return messages
    }),
    [
      "TaskGroup.start: the body is 5, expected a function that gives an Effect",
      "TaskGroup.start: the result of the body is 5, expected an Effect",
      "TaskGroup.start: the group is shutting down",
      "TaskGroup.start: the group has ended"
    ]
  )
})
