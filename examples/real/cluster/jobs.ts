/** What callers and runners both know. */
import { NodeClusterSocket } from "@effect/platform-node"
import * as PgClient from "@effect/sql-pg/PgClient"
import { Config, Layer, Option, Schema } from "effect"
import { Job } from "effect-asyncio/executors"
import { ClusterExecutor } from "effect-asyncio/executors/cluster"
import * as RunnerAddress from "effect/cluster/RunnerAddress"

/** Renders a scene, and reports each tenth of it. */
export const render = Job.make("render", {
  payload: Schema.Struct({ scene: Schema.String, millis: Schema.Number }),
  success: Schema.String,
  progress: Schema.Struct({ scene: Schema.String, percent: Schema.Number })
})
export const rendering = Job.group("rendering", render)

const storage = PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") })

/** A member of the cluster on a port of this machine; without one, a process that only submits. */
export const member = (port?: number) => {
  const runnerAddress = port === undefined ? Option.none() : Option.some(RunnerAddress.make("127.0.0.1", port))
  const shardingConfig = { ...ClusterExecutor.settings, runnerAddress }
  const layer = port === undefined
    ? NodeClusterSocket.layer({ shardingConfig, clientOnly: true })
    : NodeClusterSocket.layer({ shardingConfig })
  return Layer.provide(layer, storage)
}
