/** CPython's `test_free_threading.py`: its loops run in threads of their own, ours in one, all at once. */
import { Effect, Option } from "effect"
import { allTasks, currentTask, EventLoop, Future, sleep, TaskGroup } from "effect-asyncio"
import { port } from "./support.ts"

/** A group of 100 tasks that wait, as `all_tasks` shows them. */
const main = Effect.gen(function*() {
  const future = yield* Future.make<void>()
  return yield* TaskGroup.run(Effect.fnUntraced(function*(group) {
    const tasks = new Set<unknown>()
    for (let i = 0; i < 100; i++) tasks.add(yield* group.createTask(Future.join(future)))
    const all = yield* allTasks
    // The other loops come to the same point.
    yield* sleep(0)
    const later = yield* allTasks
    yield* Future.succeed(future, undefined)
    const current = Option.getOrThrow(yield* currentTask)
    return [all, later].map((seen) => [seen.size, seen.symmetricDifference(tasks.add(current)).size])
  }))
})

port(
  "TestFreeThreading.test_all_tasks_race",
  Effect.all(Array.from({ length: 10 }, () => EventLoop.provide(main)), { concurrency: "unbounded" }),
  Array.from({ length: 10 }, () => [[101, 0], [101, 0]])
)
