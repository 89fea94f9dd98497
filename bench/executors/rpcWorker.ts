/** A worker of Effect's own pool. */
import { NodeRuntime, NodeWorkerRunner } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { RpcServer } from "effect/rpc"
import { rpcs } from "./jobs.ts"
import { fib } from "./work.js"

RpcServer.layer(rpcs).pipe(
  Layer.provide(rpcs.toLayer({ echo: Effect.succeed, fib: (n) => Effect.sync(() => fib(n)) })),
  Layer.provide(RpcServer.layerProtocolWorkerRunner),
  Layer.provide(NodeWorkerRunner.layer),
  Layer.launch,
  NodeRuntime.runMain
)
