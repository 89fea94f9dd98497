/** Deliberate differences of docs/differences.md that no scenario shows. */
import { describe } from "@effect/vitest"
import { Effect, Fiber, FiberSet } from "effect"
import * as asyncio from "effect-asyncio"
import { Task, TaskGroup } from "effect-asyncio"
import { defectOf, everywhere, messagesOf, outcome, type Program, self, ticks, timed } from "./support/loops.ts"

const { createTask, EventLoop, gather, sleep, timeout, waitFor } = asyncio

/** How it ends, and after how many seconds. */
const measured = (program: Program) => Effect.all([outcome(program), EventLoop.time])

const cancelledAfterASecond = Effect.flatMap(
  self,
  (task) => EventLoop.callLater("1 second", () => Task.cancelUnsafe(task))
)

describe("a first cancellation waits for a clean-up under way, and loses to the failure behind it", () => {
  const fails = Effect.ensuring(Effect.fail("no"), sleep("3 seconds"))
  const task = createTask(Effect.andThen(cancelledAfterASecond, fails))
  timed("timeout", measured(timeout("1 second", () => fails)), ["fail no", 3])
  timed("waitFor", measured(waitFor(fails, "1 second")), ["fail no", 3])
  timed("a task", measured(Effect.flatMap(task, Task.join)), ["fail no", 3])
  timed("Effect.timeout gives its own error", measured(Effect.timeout(fails, "1 second")), [
    "fail Operation timed out after '1s'",
    3
  ])
})

describe("children begin interruptible, in uninterruptible parts too", () => {
  const child = Effect.andThen(cancelledAfterASecond, sleep("1 hour"))
  const group = TaskGroup.run((group) => group.createTask(child))
  timed("gather", measured(Effect.uninterruptible(gather([child]))), ["cancelled", 1])
  timed("TaskGroup", measured(Effect.uninterruptible(Effect.asVoid(group))), [undefined, 1])
})

everywhere(
  "what a FiberSet of a task runs has that task as the current one, also when it is done",
  Effect.scoped(Effect.gen(function*() {
    const set = yield* FiberSet.make<string>()
    const maker = yield* createTask(FiberSet.runtime(set)<asyncio.EventLoop.EventLoop>(), { name: "maker" })
    const run = yield* maker
    const name = yield* Fiber.join(run(Effect.map(self, ({ name }) => name)))
    return [Task.done(maker), name]
  })),
  [true, "maker"]
)

everywhere(
  "wait does not look at the failures that it meets",
  messagesOf(asyncio.wait([Effect.fail("lost")], { returnWhen: asyncio.FIRST_EXCEPTION })),
  ["Task exception was never retrieved"]
)

everywhere(
  "a Lock released while its first waiter's cancellation is on its way wakes the next at once",
  Effect.gen(function*() {
    const lock = yield* asyncio.Lock.make
    yield* asyncio.Lock.acquire(lock)
    const first = yield* createTask(asyncio.Lock.acquire(lock))
    const second = yield* createTask(asyncio.Lock.acquire(lock))
    yield* ticks(2)
    yield* Task.cancel(first)
    yield* asyncio.Lock.release(lock)
    yield* ticks(1)
    return [Task.cancelled(first), Task.done(second)]
  }),
  [true, true]
)

for (const maxsize of [1.5, NaN]) {
  everywhere(
    `a queue's maxsize is a whole number, not ${maxsize}`,
    Effect.map(defectOf(asyncio.Queue.make({ maxsize })), (error) => error.name),
    "IllegalArgumentError"
  )
}
