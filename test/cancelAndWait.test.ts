/** Stopping tasks and waiting for their end: who is asked, how long it waits, what it leaves to others. */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Option } from "effect"
import * as asyncio from "effect-asyncio"
import { EventLoop, Future, Task } from "effect-asyncio"
import {
  cancelledAtEveryStep,
  cancelSoon,
  day,
  defectOf,
  everywhere,
  lineOf,
  messagesOf,
  never,
  outcome,
  self,
  ticksOf,
  timed
} from "./support/loops.ts"

const { createTask, sleep } = asyncio

/** Takes a second to clean up. */
const slow = Effect.onInterrupt(day, () => sleep("1 second"))

/** Meets a cancellation, and works on for so many seconds. */
const stubborn = (seconds: number) => Task.catchCancelled(day, () => sleep({ seconds }, "went on"))

const begun = <A, E>(...effects: ReadonlyArray<Effect.Effect<A, E, EventLoop.EventLoop>>) =>
  Effect.tap(Effect.forEach(effects, (effect) => createTask(effect)), () => sleep(0))

describe("one or many", () => {
  timed(
    "comes back when the clean-up is over",
    Effect.gen(function*() {
      const [task] = yield* begun(slow)
      const before = yield* EventLoop.time
      yield* Task.cancelAndWait(task!)
      return [Task.cancelled(task!), (yield* EventLoop.time) - before]
    }),
    [true, 1]
  )
  timed(
    "many are asked before it waits for any",
    Effect.gen(function*() {
      const tasks = yield* begun(slow, slow, slow)
      const before = yield* EventLoop.time
      yield* Task.cancelAndWait(new Set(tasks))
      return [tasks.every(Task.cancelled), (yield* EventLoop.time) - before]
    }),
    [true, 1]
  )
  everywhere(
    "one that has not begun never does",
    Effect.gen(function*() {
      const task = yield* createTask(Effect.sync(() => expect.fail("ran")))
      yield* Task.cancelAndWait(task)
      return [Task.cancelled(task), task.fiber]
    }),
    [true, undefined]
  )
  everywhere(
    "a plain future, under its own module's name",
    Effect.gen(function*() {
      const future = yield* Future.make<number>()
      yield* Future.cancelAndWait(future)
      return Future.cancelled(future)
    }),
    true
  )
  everywhere(
    "the message; each has one request, also who waits for another of them, and who is given twice",
    Effect.gen(function*() {
      const messages: Array<string> = []
      const noting = <A, E>(effect: Effect.Effect<A, E, EventLoop.EventLoop>) =>
        Task.catchCancelled(
          effect,
          (message) =>
            Effect.andThen(
              Effect.sync(() => void messages.push(Option.getOrElse(message, () => "none"))),
              Effect.interrupt
            )
        )
      const inner = yield* createTask(noting(day))
      const outer = yield* createTask(noting(Task.join(inner)))
      yield* sleep(0)
      yield* Task.cancelAndWait([outer, inner, outer], { message: "shutdown" })
      return [messages, Task.cancelling(inner), Task.cancelling(outer)]
    }),
    [["shutdown", "shutdown"], 1, 1]
  )
  everywhere("none: no wait", Effect.andThen(Task.cancelAndWait([]), ticksOf(Task.cancelAndWait([]))), 0)
  everywhere(
    "no tick if all are done, else two after the last",
    Effect.gen(function*() {
      const [done] = yield* begun(Effect.void)
      const [task] = yield* begun(day)
      return [yield* ticksOf(Task.cancelAndWait(done!)), yield* ticksOf(Task.cancelAndWait([task!, done!]))]
    }),
    [0, 3]
  )
})

describe("how they end", () => {
  timed(
    "one that goes on is waited for",
    Effect.gen(function*() {
      const [task] = yield* begun(stubborn(5))
      yield* Task.cancelAndWait(task!)
      return [yield* task!, yield* EventLoop.time]
    }),
    ["went on", 5]
  )
  const failing = Effect.onInterrupt(day, () => Effect.fail("clean-up"))
  it.live("a failure of a clean-up is reported", () =>
    Effect.gen(function*() {
      const lost = Effect.flatMap(begun(failing), ([task]) => Task.cancelAndWait(task!))
      expect(yield* messagesOf(lost)).toEqual(["Task exception was never retrieved"])
    }))
  it.live("… unless somebody looks", () =>
    Effect.gen(function*() {
      const seen = Effect.gen(function*() {
        const [task] = yield* begun(failing)
        yield* Task.cancelAndWait(task!)
        expect(Exit.isFailure(yield* Task.await(task!))).toBe(true)
      })
      expect(yield* messagesOf(seen)).toEqual([])
    }))
  it.live("one that had failed before is not reported, as with cancel", () =>
    Effect.gen(function*() {
      const program = Effect.flatMap(begun(Effect.fail("before"), day), (tasks) => Task.cancelAndWait(tasks))
      expect(yield* messagesOf(program)).toEqual([])
    }))
})

describe("timeout", () => {
  timed(
    "ends the waiting; nothing is asked again",
    Effect.gen(function*() {
      const task = yield* createTask(stubborn(5), { name: "worker" })
      const [quick] = yield* begun(day)
      const error = yield* Effect.flip(Task.cancelAndWait([task, quick!], { timeout: "2 seconds" }))
      return [error._tag, error.message.replace(/ created at [^>]+/, ""), yield* task, Task.cancelling(task)]
    }),
    [
      "TimeoutError",
      "Future.cancelAndWait: timed out after 2 s; still ending: [<Task cancelling name='worker' waiting for a timer>]",
      "went on",
      1
    ]
  )
  timed(
    "in time: nothing is left of it",
    Effect.gen(function*() {
      const [task] = yield* begun(slow)
      yield* Task.cancelAndWait(task!, { timeout: "1 hour" })
      return yield* EventLoop.time
    }),
    1
  )
  timed(
    "zero",
    Effect.gen(function*() {
      const tasks = yield* begun(slow)
      const tag = yield* Effect.flip(Task.cancelAndWait(tasks, { timeout: 0 }))
      return [tag._tag, yield* outcome(Task.join(tasks[0]!))]
    }),
    ["TimeoutError", "cancelled"]
  )
})

describe("the one who waits", () => {
  timed(
    "cancelled: ends at once, what it asked for stands, and is not asked again",
    Effect.gen(function*() {
      const [task] = yield* begun(slow)
      const waiter = yield* createTask(Task.cancelAndWait(task!))
      yield* sleep(0)
      yield* cancelSoon(waiter)
      const exit = yield* Task.await(waiter)
      return [
        Task.cancelled(waiter),
        exit._tag,
        Task.done(task!),
        lineOf(task!),
        Task.cancelling(task!),
        yield* outcome(Task.join(task!))
      ]
    }),
    [true, "Failure", false, 0, 1, "cancelled"]
  )
  timed(
    "its own deadline",
    Effect.gen(function*() {
      const [task] = yield* begun(slow)
      const error = yield* Effect.flip(asyncio.timeout("500 millis", () => Task.cancelAndWait(task!)))
      return [error._tag, Task.done(task!)]
    }),
    ["TimeoutError", false]
  )
  everywhere(
    "can't be among them: nothing is asked",
    Effect.gen(function*() {
      const me = yield* self
      const [other] = yield* begun(day)
      const defect = yield* defectOf(Task.cancelAndWait([other!, me]))
      return [defect.message.replace(/<.*>/, "<…>"), Task.cancelling(other!), Task.cancelling(me)]
    }),
    ["Future.cancelAndWait: <…> cannot wait for its own end", 0, 0]
  )
  everywhere(
    "is spared by those that wait for it, directly and through others",
    Effect.gen(function*() {
      const me = yield* self
      const joiner = yield* createTask(Task.join(me))
      const far = yield* createTask(Task.join(joiner))
      yield* sleep(0)
      yield* Task.cancelAndWait(far)
      return [Task.cancelled(joiner), Task.cancelled(far), Task.cancelling(me)]
    }),
    [true, true, 0]
  )
  everywhere(
    "two that stop each other both end",
    Effect.gen(function*() {
      const a: Task.Task<void> = yield* createTask(Effect.suspend(() => Task.cancelAndWait(b)))
      // In its clean-up: a task that has not begun would be gone before it stopped anybody.
      const b: Task.Task<void> = yield* createTask(
        Effect.onInterrupt(day, () => Task.cancelAndWait(a)),
        { eager: true }
      )
      yield* asyncio.wait([a, b])
      return [Task.cancelled(a), Task.cancelled(b)]
    }),
    [true, true]
  )
  everywhere(
    "a member that stops the task around its group",
    Effect.gen(function*() {
      const block: Task.Task<void> = yield* createTask(
        asyncio.TaskGroup.run((group) =>
          Effect.asVoid(group.createTask(Effect.suspend(() => Task.cancelAndWait(block))))
        )
      )
      return yield* outcome(Task.join(block))
    }),
    "cancelled"
  )
  it.live("at every step: the tasks have had their requests, and end", () =>
    Effect.gen(function*() {
      const steps = yield* cancelledAtEveryStep((cancelAtStep) =>
        Effect.gen(function*() {
          const tasks = yield* begun(slow, day)
          const waiter = yield* createTask(Task.cancelAndWait(tasks))
          yield* cancelAtStep(waiter)
          yield* asyncio.wait([waiter])
          if (Task.cancelling(tasks[0]!) === 0) return // it never began
          yield* asyncio.wait(tasks)
          expect(tasks.map(Task.cancelled)).toEqual([true, true])
        })
      )
      expect(steps).toBeGreaterThan(3)
    }))
})

describe("refused", () => {
  everywhere(
    "what is no task",
    Effect.gen(function*() {
      const messages = []
      for (const wrong of [Effect.void, 5, createTask(day), [never], undefined]) {
        messages.push((yield* defectOf(Effect.suspend(() => Task.cancelAndWait(wrong as never)))).message)
      }
      return messages.every((message) =>
        /^Future\.cancelAndWait: the future is .*, expected a Future or Task$/s.test(message)
      )
    }),
    true
  )
})
