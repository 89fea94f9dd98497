/**
 * Many machines: an executor on Effect's cluster.
 *
 * @since 0.2.0
 */
import type { MessageStorage } from "effect/cluster/MessageStorage"
import type { Sharding } from "effect/cluster/Sharding"
import type { ShardingConfig } from "effect/cluster/ShardingConfig"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as EventLoop from "../../EventLoop.ts"
import * as check from "../../internal/host/check.ts"
import * as Executor from "../Executor.ts"
import type * as Job from "../Job.ts"
import { jobsOf } from "../parts/JobImpl.ts"
import { makeExecutor } from "../parts/makeExecutor.ts"
import { executorOf } from "../parts/submission.ts"
import { Caller } from "./Caller.ts"
import { serve } from "./serving.ts"

/**
 * Options of `make` and `layer`.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  /** Whether jobs go on when their tasks are cancelled, and when the program ends. Default: they are cancelled, too. */
  readonly detach?: boolean | undefined
  /**
   * How long a task that is cancelled waits for its job's end; after that it ends without, and what is stored of the request
   * ends the job. And how long a task whose job has ended waits for reports that are on their way. Default: 5 seconds.
   */
  readonly grace?: Duration.Input | undefined
}

const checkOptions = check.options<Options>({ detach: check.boolean, grace: check.duration })

export const make = <J extends Job.Any>(
  jobs: Job.Jobs<J>,
  options?: Options
): Effect.Effect<Executor.Executor<J>, never, Sharding | MessageStorage | Scope.Scope> =>
  Effect.suspend(() => {
    const known = jobsOf("ClusterExecutor.make", jobs)
    checkOptions("ClusterExecutor.make", options)
    const { detach = false, grace = "5 seconds" } = options ?? {}
    const settings = { detach, grace: Math.max(0, check.nanos("ClusterExecutor.make", grace) / 1e6) }
    return Effect.map(Caller.make(known.name, settings), ({ run }) =>
      makeExecutor<J>({ jobs: known, name: known.name, places: undefined, run }))
  })

export const layer = <J extends Job.Any>(
  jobs: Job.Jobs<J>,
  options?: Options
): Layer.Layer<Executor.Service, never, Sharding | MessageStorage> => Executor.layer(make(jobs, options))

export const layerRunner = <J extends Job.Any, E, R>(
  jobs: Job.Jobs<J>,
  on: Effect.Effect<Executor.Executor<J>, E, R>
): Layer.Layer<never, E, Exclude<R, Scope.Scope> | Sharding> =>
  Layer.unwrap(Effect.gen(function*() {
    const known = jobsOf("ClusterExecutor.layerRunner", jobs)
    const executor = executorOf("ClusterExecutor.layerRunner", yield* on)
    const loop = yield* Layer.build(EventLoop.layer())
    return serve({ jobs: known, executor, loop })
  }))

export const settings: Partial<ShardingConfig["Service"]> = {
  shardLockExpiration: "12 seconds",
  shardLockRefreshInterval: "4 seconds",
  maxResidentEntities: 1_000
}
