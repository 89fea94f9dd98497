/** What a user of a cluster writes: a runner, and a caller that may be restarted. `client.ts runner` or `client.ts caller`. */
import { NodeClusterSocket, NodeRuntime } from "@effect/platform-node"
import * as PgClient from "@effect/sql-pg/PgClient"
import { Config, Effect, Layer, Schema } from "effect"
import * as asyncio from "effect-asyncio"
import * as executors from "effect-asyncio/executors"
import { ClusterExecutor } from "effect-asyncio/executors/cluster"
import { ThreadPool } from "effect-asyncio/executors/node"
import type { SqlError } from "effect/sql/SqlError"

const report = executors.Job.make("report", {
  payload: Schema.Struct({ month: Schema.String }),
  success: Schema.Number
})
const mail = executors.Job.make("mail", { payload: Schema.String })
export const jobs = executors.Job.group("reports", report, mail)
const storage = PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") })

// On each machine: the runner serves, its threads work.
const threads = ThreadPool.make(jobs, new URL("./client-worker.ts", import.meta.url), { size: 4 })
const runner = ClusterExecutor.layerRunner(jobs, threads).pipe(
  Layer.provide(NodeClusterSocket.layer({ shardingConfig: ClusterExecutor.settings })),
  Layer.provide(storage)
)

// The caller: its ids name the work, so a second start finds the results of the first.
const main = Effect.gen(function*() {
  const cluster = yield* ClusterExecutor.make(jobs)
  const totals = yield* asyncio.TaskGroup.run(Effect.fnUntraced(function*(group) {
    const tasks = []
    for (const month of ["2026-10", "2026-11"]) {
      const job = yield* executors.runInExecutor(cluster, report, { month }, { id: `report-${month}` })
      tasks.push(yield* group.createTask(asyncio.Task.join(job)))
    }
    return yield* asyncio.gather(tasks)
  }))
  yield* yield* executors.runInExecutor(cluster, mail, "done")
  const foreign = executors.Job.make("foreign", { payload: Schema.Number })
  Effect.isEffect(
    // @ts-expect-error not one of this executor's jobs
    executors.runInExecutor(cluster, foreign, 1)
  )
  return totals.reduce((a, b) => a + b, 0)
})

const client = NodeClusterSocket.layer({ clientOnly: true, shardingConfig: ClusterExecutor.settings }).pipe(
  Layer.provide(storage)
)
const total: Effect.Effect<number, executors.Failure | Config.ConfigError | SqlError> = main.pipe(
  Effect.scoped,
  Effect.provide(client),
  asyncio.EventLoop.provide
)

if (process.argv[2] === "runner") NodeRuntime.runMain(Layer.launch(runner))
if (process.argv[2] === "caller") {
  NodeRuntime.runMain(Effect.map(total, (total) => console.log(`the total is ${total}`)))
}
