/** A snapshot as text: a tree of tasks, each under one that awaits it, and what each waits for. */
import * as check from "../internal/host/check.ts"
import { checkLoops } from "./inputs.ts"
import type { LoopInfo, TaskInfo } from "./snapshot.ts"
import { Tree } from "./Tree.ts"

/**
 * Options of `format`.
 *
 * @category models
 * @since 0.2.0
 */
export interface FormatOptions {
  /** Whether to use terminal colours. Default: false. */
  readonly color?: boolean | undefined
  /** A folder; places in it are shown relative to it. Default: whole paths. */
  readonly base?: string | undefined
  /** The most lines of tasks; of the rest only the number is shown, and the circles. Default: 1,000. */
  readonly limit?: number | undefined
  /** Which tasks are shown. Default: all. */
  readonly filter?: ((task: TaskInfo) => boolean) | undefined
}

export const checkOptions = check.options<FormatOptions>({
  color: check.boolean,
  base: check.string,
  limit: check.kind((value) => Number.isInteger(value) && (value as number) > 0, "a whole number above 0"),
  filter: check.callback
})

/**
 * Formats loops as text.
 *
 * **When to use**
 *
 * Use for people to read: in a log, on a terminal, in the message of a test. Programs should read the snapshot itself.
 *
 * **Details**
 *
 * The text is a tree: each task stands below the one that awaits it, by `yield*`, `gather`, `wait` or a `TaskGroup`. A
 * task that several await stands below the first of them; the others only name it. The name is followed by what the
 * task does or waits for; below that come the `Effect.fn`s and spans that it is in, and where it was created. A task
 * with a default name is also shown with the outermost of those: `fetch (Task-2)`.
 *
 * The tasks of a circle are marked, and listed again at the end. A circle over locks is a deadlock, unless another task
 * releases one of the locks, as any task may.
 *
 * If more than 20 tasks below the same one were created at the same place and wait for the same thing, they share one
 * line, with their number. O(tasks). Python's `python -m asyncio pstree`.
 *
 * **Example** (Two transfers that wait for each other)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import * as Insight from "effect-asyncio/insight"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const { Lock } = asyncio
 *
 * const transfer = Effect.fnUntraced(function*(from: asyncio.Lock.Lock, to: asyncio.Lock.Lock) {
 *   yield* Lock.withLock(from, Effect.andThen(asyncio.sleep("10 millis"), Lock.withLock(to, Effect.void)))
 * })
 *
 * const program = Effect.gen(function*() {
 *   const checking = Insight.named(yield* Lock.make, "checking")
 *   const savings = Insight.named(yield* Lock.make, "savings")
 *   const alice = yield* asyncio.createTask(transfer(checking, savings), { name: "alice" })
 *   const bob = yield* asyncio.createTask(transfer(savings, checking), { name: "bob" })
 *   yield* asyncio.createTask(asyncio.gather([alice, bob]), { name: "bank" })
 *   yield* asyncio.sleep("1 second")
 *   return Insight.format([yield* Insight.currentLoop])
 * })
 *
 * const text = await Effect.runPromise(VirtualLoop.run(program))
 * console.log(text.replaceAll(/\n.* created at .+/g, ""))
 * // => 4 tasks, 0 ready
 * // => Task-1  runs
 * // => bank  waits for gather
 * // => ├─ alice  waits for Lock "savings" held by bob (1 of 1 in line) [deadlock]
 * // => └─ bob  waits for Lock "checking" held by alice (1 of 1 in line) [deadlock]
 * // => deadlock, unless somebody else releases: 'alice' -> 'bob' -> 'alice'
 * ```
 *
 * @category snapshots
 * @since 0.2.0
 */
export const format = (loops: ReadonlyArray<LoopInfo>, options?: FormatOptions): string => {
  checkLoops("format", loops)
  checkOptions("format", options)
  const tree = new Tree(loops, "awaited", options)
  for (const loop of loops) tree.addLoop(loop, loops.length > 1)
  return tree.end()
}
