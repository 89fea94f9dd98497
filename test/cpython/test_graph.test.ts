/** Who waits for whom and in which call, as CPython's test_graph.py tests it. Calls are those of `Effect.fn`. */
import { Effect, Exit, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { Future, Task, TaskGroup } from "effect-asyncio"
import * as Insight from "effect-asyncio/insight"
import { type Program, self } from "../support/loops.ts"
import { endOf, port } from "./support.ts"

const { createTask, gather, shield, sleep } = asyncio

/** A task's name, the calls it is in, the innermost first, and the same of those who wait for it. */
type Graph = readonly [name: string, calls: ReadonlyArray<string>, awaitedBy: ReadonlyArray<Graph>]

const graphOf = (task: Task.Task<unknown, unknown>): Graph => {
  const info = Insight.snapshot().flatMap(({ tasks }) => tasks).find(({ name }) => name === task.name)
  return [task.name, info?.stack.map(({ name }) => name) ?? [], graphsOf(task)]
}

const graphsOf = (future: Future.Future<any, any>): ReadonlyArray<Graph> =>
  Array.from(Future.awaitedBy(future), graphOf).toSorted(([a], [b]) => a < b ? -1 : 1)

const named = <A, E>(name: string, effect: Program<A, E>) => createTask(effect, { name })

/** `effect` as a call of that name. */
const called = <A, E>(name: string, effect: Program<A, E>): Program<A, E> => {
  const call = Effect.fn(name)(() => effect)
  return call()
}

/** Runs a call of the name `main`; its `capture` notes the graph of the task that runs that. */
const graphsIn = <E>(main: (capture: Program<unknown, never>) => Program<unknown, E>) =>
  Effect.gen(function*() {
    const graphs: Array<Graph> = []
    yield* Task.setName(yield* self, "main")
    yield* called("main", main(Effect.map(self, (task) => graphs.push(graphOf(task)))))
    return graphs
  })

/** Two calls, one in the other, the inner one of which notes the graph, a tick later. */
const chain = (capture: Program<unknown, never>) =>
  called("outer", Effect.andThen(sleep(0), called("inner", Effect.andThen(sleep(0), capture))))

const main: Graph = ["main", ["main"], []]

port(
  "CallStackTestBase.test_stack_tgroup",
  graphsIn((capture) =>
    TaskGroup.run((group) =>
      Effect.gen(function*() {
        const task = yield* group.createTask(chain(capture), { name: "c2_root" })
        for (const name of ["sub_main_1", "sub_main_2"]) {
          yield* group.createTask(called("c1", Task.join(task)), { name })
        }
      })
    )
  ),
  [["c2_root", ["inner", "outer"], [main, ["sub_main_1", ["c1"], [main]], ["sub_main_2", ["c1"], [main]]]]]
)

port(
  "CallStackTestBase.test_stack_wait_for_non_positive_timeout",
  Effect.gen(function*() {
    const cleanup = yield* Future.make<void>()
    const worker = yield* createTask(Effect.ensuring(Effect.never, Future.join(cleanup)))
    const probe = yield* named("probe", called("wait", asyncio.waitFor(worker, 0)))
    for (let i = 0; i < 5; i++) yield* sleep(0)
    const graphs = graphsOf(worker)
    yield* Future.succeed(cleanup, undefined)
    yield* gather([probe, worker], { returnExceptions: true })
    return [graphs, graphsOf(worker)]
  }),
  [[["probe", ["wait"], []]], []]
)

port(
  "CallStackTestBase.test_stack_gather",
  graphsIn((capture) => Effect.flatMap(named("deep", chain(capture)), (task) => gather([task, sleep(0)]))),
  [["deep", ["inner", "outer"], [main]]]
)

port(
  "CallStackTestBase.test_stack_gather_survivor",
  Effect.gen(function*() {
    const survivor = yield* named("survivor", called("survivor", Effect.never))
    const end = yield* endOf(gather([survivor, Effect.fail("value")]))
    const graph = graphOf(survivor)
    yield* Task.cancel(survivor)
    return [end, graph, yield* endOf(Task.join(survivor))]
  }),
  [["value"], ["survivor", ["survivor"], []], "cancelled"]
)

port(
  "CallStackTestBase.test_stack_shield",
  graphsIn((capture) => Effect.flatMap(named("deep", chain(capture)), shield)),
  [["deep", ["inner", "outer"], [main]]]
)

port(
  "CallStackTestBase.test_stack_timeout",
  graphsIn((capture) => Effect.flatMap(named("deep", asyncio.timeout("1 second", () => chain(capture))), shield)),
  [["deep", ["inner", "outer"], [main]]]
)

port(
  "CallStackTestBase.test_stack_wait",
  graphsIn((capture) =>
    Effect.gen(function*() {
      const one = yield* named("one", asyncio.timeout("1 second", () => chain(capture)))
      const two = yield* named("two", Effect.andThen(sleep(0), sleep(0)))
      yield* asyncio.wait([one, two])
    })
  ),
  [["one", ["inner", "outer"], [main]]]
)

port(
  "CallStackTestBase.test_stack_as_completed",
  Effect.gen(function*() {
    const box: { task?: Task.Task<unknown, unknown> } = {}
    const graphs = yield* graphsIn((capture) =>
      Effect.gen(function*() {
        box.task = yield* named("inner", chain(capture))
        yield* Stream.runForEach(asyncio.asCompleted([box.task]), Task.join)
      })
    )
    return [graphs, graphsOf(box.task!)]
  }),
  [[["inner", ["inner", "outer"], [main]]], []]
)

port(
  "CallStackTestBase.test_stack_as_completed_timeout",
  Effect.gen(function*() {
    const box: { task?: Task.Task<unknown, unknown> } = {}
    const ends: Array<unknown> = []
    const graphs = yield* graphsIn((capture) =>
      Effect.gen(function*() {
        box.task = yield* named("inner", Effect.andThen(chain(capture), sleep("1 hour")))
        const all = asyncio.asCompleted([box.task], { timeout: "10 millis" })
        ends.push(yield* endOf(Stream.runForEach(all, Task.join)))
      })
    )
    const after = graphsOf(box.task!)
    yield* Task.cancel(box.task!)
    return [graphs, ends, after, yield* endOf(Task.join(box.task!))]
  }),
  [[["inner", ["inner", "outer"], [main]]], [["TimeoutError"]], [], "cancelled"]
)

port(
  "CallStackTestBase.test_stack_task",
  graphsIn((capture) => called("c2", Effect.flatMap(named("there there", chain(capture)), Task.join))),
  [["there there", ["inner", "outer"], [["main", ["c2", "main"], []]]]]
)

port(
  "CallStackTestBase.test_stack_future",
  Effect.gen(function*() {
    const future = yield* Future.make<void>()
    const graphs: Array<ReadonlyArray<Graph>> = []
    const join = Future.join(future)
    yield* graphsIn(() =>
      TaskGroup.run((group) =>
        Effect.gen(function*() {
          yield* group.createTask(called("a1", called("a2", join)), { name: "task A" })
          yield* group.createTask(called("b1", join), { name: "task B" })
          for (let i = 0; i < 5; i++) yield* sleep(0)
          graphs.push(graphsOf(future))
          yield* Future.succeed(future, undefined)
        })
      )
    )
    return graphs
  }),
  [[["task A", ["a2", "a1"], [main]], ["task B", ["b1"], [main]]]]
)

port(
  "CallStackTestBase.test_call_graph_finished_task",
  Effect.gen(function*() {
    const done = yield* named("done", sleep(0))
    const failed = yield* named("failed", called("boom", Effect.fail("boom")))
    const cancelled = yield* named("cancelled", Effect.never)
    yield* Task.cancel(cancelled)
    const exits = yield* gather([done, failed, cancelled], { returnExceptions: true })
    return [exits.map(Exit.isSuccess), [done, failed, cancelled].map(graphOf)]
  }),
  [[true, false, false], [["done", [], []], ["failed", [], []], ["cancelled", [], []]]]
)
