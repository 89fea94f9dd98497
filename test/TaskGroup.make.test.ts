/** Groups bound to a scope: what closing does, and where failures come out. */
import { describe, expect, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, ManagedRuntime, Scope } from "effect"
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
  reportsOf,
  ticks,
  timed
} from "./support/loops.ts"

const { createTask, sleep } = asyncio

/** Takes a second to clean up. */
const slow = Effect.onInterrupt(day, () => sleep("1 second"))

describe("closing", () => {
  timed(
    "cancels its tasks and waits for them",
    Effect.gen(function*() {
      let tasks!: ReadonlyArray<Task.Task<void>>
      yield* Effect.scoped(Effect.gen(function*() {
        const group = yield* TaskGroup.make()
        tasks = [yield* group.createTask(slow), yield* group.createTask(day)]
        yield* sleep("1 second")
      }))
      return [tasks.map(Task.cancelled), yield* EventLoop.time, String(tasks[0])].slice(0, 2)
    }),
    [[true, true], 2]
  )
  everywhere(
    "a group without tasks; its print",
    Effect.gen(function*() {
      const group = yield* Effect.scoped(Effect.gen(function*() {
        const group = yield* TaskGroup.make()
        expect(String(group)).toBe("<TaskGroup entered>")
        return group
      }))
      return [String(group), (yield* defectOf(group.createTask(day))).message]
    }),
    ["<TaskGroup finished>", "TaskGroup.createTask: the group has ended"]
  )
  timed(
    "with the failure of the scope's own owner",
    logged((log) =>
      Effect.gen(function*() {
        const owner = Effect.gen(function*() {
          const group = yield* TaskGroup.make()
          yield* group.createTask(Effect.onInterrupt(day, () => Effect.sync(() => log("cancelled"))))
          yield* sleep(0)
          return yield* Effect.fail("mine")
        })
        log(yield* outcome(Effect.scoped(owner)))
      })
    ),
    ["cancelled", "fail mine"]
  )
  timed(
    "the loop may close first",
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const group = yield* Scope.provide(TaskGroup.make(), scope)
      const task = yield* group.createTask(day)
      yield* sleep(0)
      const host = [...(yield* asyncio.allTasks)].find((task) => task.name === "TaskGroup")!
      yield* Task.cancelAndWait(host)
      yield* Scope.close(scope, Exit.void)
      return [Task.cancelled(task), Task.done(host)]
    }),
    [true, true]
  )
  it("in a layer, with the runtime that has it", async () => {
    const lines: Array<string> = []
    const jobs = Layer.effectDiscard(Effect.gen(function*() {
      const group = yield* TaskGroup.make()
      yield* group.createTask(Effect.onInterrupt(day, () => Effect.sync(() => lines.push("cancelled"))))
      yield* sleep(0)
    }))
    const runtime = ManagedRuntime.make(Layer.provideMerge(jobs, EventLoop.layer()))
    await runtime.runPromise(Effect.sync(() => lines.push("runs")))
    await runtime.dispose()
    expect(lines).toEqual(["runs", "cancelled"])
  })
})

describe("failures", () => {
  timed(
    "cancel the siblings, and come out together where somebody joins",
    Effect.scoped(Effect.gen(function*() {
      const group = yield* TaskGroup.make<string>()
      const sibling = yield* group.createTask(Effect.onInterrupt(day, () => Effect.fail("clean-up")))
      yield* group.createTask(Effect.andThen(sleep("1 second"), Effect.fail("no")))
      const exit = yield* Effect.exit(group.join)
      const errors = Exit.isFailure(exit) ? exit.cause.reasons.filter(Cause.isFailReason).map(({ error }) => error) : []
      return [errors, Task.done(sibling), yield* EventLoop.time]
    })),
    [["no", "clean-up"], true, 1]
  )
  const failing = Effect.scoped(Effect.gen(function*() {
    const group = yield* TaskGroup.make<string>()
    yield* group.createTask(Effect.fail("no"))
    yield* ticks(5)
  }))
  it.live("are reported once where nobody joins; the scope closes without one", () =>
    Effect.gen(function*() {
      const reports = yield* reportsOf(failing)
      expect(reports.map(({ cause, message, task }) => [message, task?.name, cause && Cause.squash(cause)])).toEqual([
        ["Task exception was never retrieved", "TaskGroup", "no"]
      ])
    }))
  it.live("of a clean-up while it closes, too", () =>
    Effect.gen(function*() {
      const closing = Effect.scoped(Effect.gen(function*() {
        const group = yield* TaskGroup.make<string>()
        yield* group.createTask(Effect.onInterrupt(day, () => Effect.fail("clean-up")))
        yield* sleep(0)
      }))
      expect(yield* messagesOf(closing)).toEqual(["Task exception was never retrieved"])
    }))
  it.live("joined, not reported", () =>
    Effect.gen(function*() {
      const joined = Effect.scoped(Effect.gen(function*() {
        const group = yield* TaskGroup.make<string>()
        yield* group.createTask(Effect.fail("no"))
        expect(yield* outcome(group.join)).toBe("fail no")
        // Again, and after it.
        expect(yield* outcome(group.join)).toBe("fail no")
      }))
      expect(yield* messagesOf(joined)).toEqual([])
    }))
  everywhere(
    "the one who waits for a start has what comes before it",
    Effect.scoped(Effect.gen(function*() {
      const group = yield* TaskGroup.make<string>()
      const early = yield* outcome(group.start((_: TaskGroup.Started) => Effect.fail("early")))
      yield* group.start((started) => Effect.andThen(started(), Effect.fail("late")))
      return [early, yield* outcome(group.join)]
    })),
    ["fail early", "fail late"]
  )
})

describe("join", () => {
  timed(
    "ends when the group is cancelled, or its scope closes, and all are over",
    Effect.gen(function*() {
      const joined = Effect.fnUntraced(function*(how: "cancel" | "close") {
        const begin = yield* EventLoop.time
        let joiner!: Task.Task<void>
        yield* Effect.scoped(Effect.gen(function*() {
          const group = yield* TaskGroup.make()
          yield* group.createTask(slow)
          joiner = yield* createTask(group.join)
          yield* sleep("1 second")
          if (how === "cancel") yield* group.cancel
        }))
        return [yield* outcome(Task.join(joiner)), (yield* EventLoop.time) - begin]
      })
      return [yield* joined("cancel"), yield* joined("close")]
    }),
    [[undefined, 2], [undefined, 2]]
  )
  timed(
    "only watches",
    Effect.scoped(Effect.gen(function*() {
      const group = yield* TaskGroup.make()
      const task = yield* group.createTask(day)
      const joiner = yield* createTask(group.join)
      yield* ticks(2)
      yield* cancelSoon(joiner)
      yield* Task.await(joiner)
      return [Task.cancelled(joiner), Task.done(task), Task.cancelling(task)]
    })),
    [true, false, 0]
  )
})

describe("limits", () => {
  timed(
    "concurrency",
    Effect.scoped(Effect.gen(function*() {
      const group = yield* TaskGroup.make({ concurrency: 2 })
      const tasks = yield* Effect.forEach([1, 2, 3, 4, 5], () => group.createTask(sleep("1 second")))
      yield* asyncio.wait(tasks)
      return yield* EventLoop.time
    })),
    3
  )
  it.live("cancelled at every step: nothing is left when the scope is closed", () =>
    Effect.gen(function*() {
      const steps = yield* cancelledAtEveryStep((cancelAtStep) =>
        Effect.gen(function*() {
          let running = 0
          const work = Effect.suspend(() => {
            running++
            return Effect.ensuring(slow, Effect.sync(() => void running--))
          })
          const owner = yield* createTask(Effect.scoped(Effect.gen(function*() {
            const group = yield* TaskGroup.make()
            yield* group.createTask(work)
            yield* group.createTask(work)
            yield* ticks(2)
          })))
          yield* cancelAtStep(owner)
          yield* Task.await(owner)
          expect([running, (yield* asyncio.allTasks).size]).toEqual([0, 1])
        })
      )
      expect(steps).toBeGreaterThan(4)
    }))
})
