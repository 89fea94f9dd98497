/** Who waits for a task, and for whom those wait in turn: asyncio's call graph. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type { Future } from "../Future.ts"
import * as check from "../internal/host/check.ts"
import { FutureImpl } from "../internal/task/future.ts"
import { isTaskImpl, type TaskImpl } from "../internal/task/task.ts"
import { awaitedBy } from "../internal/task/tasks.ts"
import { currentUnsafe } from "../Task.ts"
import { checkOptions, type FormatOptions } from "./format.ts"
import { idOf } from "./ids.ts"
import { snapshot } from "./snapshot.ts"
import { Tree } from "./Tree.ts"

/**
 * Formats a task or future, and below it everything that awaits it, directly or indirectly.
 *
 * **When to use**
 *
 * Use to answer "who wants this?" from within, say in a function that is called too often. `format` shows the whole
 * picture.
 *
 * **Details**
 *
 * Without an argument it is for the running task, and empty outside tasks. It reads like `format`, but the other way
 * round: the tasks that await a task stand below it. A plain function that changes nothing. O(tasks of its loop).
 * asyncio's `format_call_graph`.
 *
 * **Example** (Who asked for it)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import * as Insight from "effect-asyncio/insight"
 *
 * const query = Effect.fnUntraced(function*() {
 *   yield* asyncio.sleep(0)
 *   return Insight.formatCallGraph().replaceAll(/\n.* created at .+/g, "")
 * })
 *
 * const program = Effect.gen(function*() {
 *   const rows = yield* asyncio.createTask(query(), { name: "query" })
 *   yield* asyncio.createTask(asyncio.gather([rows]), { name: "page" })
 *   yield* asyncio.createTask(asyncio.Task.await(rows), { name: "log" })
 *   return yield* rows
 * })
 *
 * console.log(await asyncio.run(program))
 * // => query  runs
 * // => ├─ Task-1  waits for task 'query'
 * // => ├─ log  waits for task 'query'
 * // => └─ page  waits for gather
 * ```
 *
 * @category snapshots
 * @since 0.2.0
 */
export const formatCallGraph = (future?: Future<unknown, unknown>, options?: FormatOptions): string => {
  checkOptions("formatCallGraph", options)
  const root = future ?? currentUnsafe()
  if (root === undefined) return ""
  if (!(root instanceof FutureImpl)) return check.illegal("formatCallGraph", "the argument", root, "a Future or Task")
  const tree = new Tree(snapshot(), "awaiting", options)
  // About a future that is not a task, or a task that is done, there is no more to say than its print has.
  const isShown = isTaskImpl(root) && root.exit === undefined
  if (!isShown) tree.add(String(root))
  tree.addTasks(
    isShown ? [idOf(root)] : Array.from(awaitedBy(root), (task) => idOf(task as TaskImpl<unknown, unknown>))
  )
  return tree.end()
}

/**
 * Prints `formatCallGraph` on Effect's `Console`.
 *
 * **Details**
 *
 * asyncio's `print_call_graph`.
 *
 * **Example** (Of the task that runs this)
 *
 * ```ts import.meta.vitest
 * import * as asyncio from "effect-asyncio"
 * import * as Insight from "effect-asyncio/insight"
 *
 * await asyncio.run(Insight.printCallGraph())
 * // => Task-1  runs
 * ```
 *
 * @category snapshots
 * @since 0.2.0
 */
export const printCallGraph = (future?: Future<unknown, unknown>, options?: FormatOptions): Effect.Effect<void> =>
  Effect.suspend(() => Console.log(formatCallGraph(future, options)))
