/** Jobs for processes on PostgreSQL; each start and each end is a line in a file, so that they can be counted. */
import { NodeClusterSocket } from "@effect/platform-node"
import * as PgClient from "@effect/sql-pg/PgClient"
import { Effect, Layer, Option, Redacted, Schema } from "effect"
import * as asyncio from "effect-asyncio"
import { Job } from "effect-asyncio/executors"
import { ClusterExecutor } from "effect-asyncio/executors/cluster"
import * as RunnerAddress from "effect/cluster/RunnerAddress"
import { appendFileSync } from "node:fs"

/** Takes so many milliseconds, reports its number in the middle, and gives it. */
export const work = Job.make("work", {
  payload: Schema.Struct({ number: Schema.Number, millis: Schema.Number }),
  success: Schema.Number,
  progress: Schema.Number
})
export const jobs = Job.group("work", work)

export const handlers: Job.Handlers<typeof work> = {
  work: Effect.fnUntraced(function*({ millis, number }, { id, progress }) {
    note(`start ${id}`)
    if (millis > 0) {
      yield* asyncio.sleep(millis / 2)
      yield* progress(number)
      yield* asyncio.sleep(millis / 2)
    }
    note(`end ${id}`)
    return number
  })
}

const note = (line: string): void => {
  if (process.env.NOTES !== undefined) appendFileSync(process.env.NOTES, `${line}\n`)
}

const storage = PgClient.layer({ url: Redacted.make(process.env.DATABASE_URL ?? "") })

export const runnerOn = (port: number) =>
  NodeClusterSocket.layer({
    shardingConfig: { ...ClusterExecutor.settings, runnerAddress: Option.some(RunnerAddress.make("127.0.0.1", port)) }
  }).pipe(Layer.provide(storage))

export const client = NodeClusterSocket.layer({ clientOnly: true, shardingConfig: ClusterExecutor.settings }).pipe(
  Layer.provide(storage)
)
