/** CPython's `test_futures2.py`. */
import { Effect } from "effect"
import { allTasks, createTask, waitFor } from "effect-asyncio"
import { port } from "./support.ts"

port(
  "FutureReprTests.test_recursive_repr_for_pending_tasks",
  Effect.gen(function*() {
    // Its result is the set of tasks that it is in itself.
    const task = yield* createTask(allTasks, { name: "circle" })
    const tasks = yield* waitFor(task, "10 seconds")
    return [tasks.has(task), String(task).includes("'circle'"), String(task).length < 1000]
  }),
  [true, true, true]
)
