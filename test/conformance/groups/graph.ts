/** Who awaits whom: `capture_call_graph(t).awaited_by` is `Task.awaitedBy(t)`. */
import { Effect, Option } from "effect"
import * as asyncio from "effect-asyncio"
import type { Group } from "../scenario.ts"

const { EventLoop, Task, TaskGroup } = asyncio

export default {
  /** The call graph knows that both tasks are awaited by the one in gather (since 3.14). */
  graph_gather: (log) =>
    Effect.gen(function*() {
      yield* Task.setName(Option.getOrThrow(yield* asyncio.currentTask), "main")

      const waiters = (t: asyncio.Task.Task<void>) => [...Task.awaitedBy(t)].map((task) => task.name).sort()

      const w = Effect.fnUntraced(function*(n: number) {
        yield* asyncio.sleep(`${n} seconds`)
      })

      const a = yield* asyncio.createTask(w(2), { name: "a" })
      const b = yield* asyncio.createTask(w(3), { name: "b" })
      yield* EventLoop.callLater("1 second", () => log("a", waiters(a), "b", waiters(b)))
      yield* EventLoop.callLater("2.5 seconds", () => log("a", waiters(a), "b", waiters(b)))
      log("before", waiters(a))
      yield* asyncio.gather([a, b])
      log("after", waiters(a), waiters(b))
    }),

  /** Task groups and plain awaits appear in the graph, level by level. */
  graph_taskgroup_and_chain: (log) =>
    Effect.gen(function*() {
      yield* Task.setName(Option.getOrThrow(yield* asyncio.currentTask), "main")

      const tree = (task: asyncio.Task.Task<unknown, unknown>): string => {
        const kids = [...Task.awaitedBy(task)].map(tree).sort()
        return task.name + (kids.length > 0 ? `(${kids.join(" ")})` : "")
      }

      const leaf = Effect.fnUntraced(function*() {
        yield* asyncio.sleep("2 seconds")
      })

      const middle = Effect.fnUntraced(function*(t: asyncio.Task.Task<void>) {
        yield* t
      })

      const t = yield* asyncio.createTask(leaf(), { name: "leaf" })
      yield* EventLoop.callLater("1 second", () => log(tree(t)))
      yield* TaskGroup.run((tg) =>
        Effect.gen(function*() {
          yield* tg.createTask(middle(t), { name: "m1" })
          yield* tg.createTask(middle(t), { name: "m2" })
        })
      )
    })
} satisfies Group
