/**
 * Executors on many machines: a job is a stored message, which one of the cluster's runners takes.
 *
 * @since 0.2.0
 */
import type { MessageStorage } from "effect/cluster/MessageStorage"
import type { Sharding } from "effect/cluster/Sharding"
import type { ShardingConfig } from "effect/cluster/ShardingConfig"
import * as Singleton from "effect/cluster/Singleton"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Scheduler from "effect/Scheduler"
import type * as Scope from "effect/Scope"
import type { SqlClient } from "effect/sql/SqlClient"
import { RuntimeError } from "../../Errors.ts"
import * as EventLoop from "../../EventLoop.ts"
import * as check from "../../internal/host/check.ts"
import * as Executor from "../Executor.ts"
import type * as Job from "../Job.ts"
import { type JobsImpl, jobsOf } from "../parts/JobImpl.ts"
import { makeExecutor } from "../parts/makeExecutor.ts"
import { executorOf } from "../parts/submission.ts"
import { Caller } from "./Caller.ts"
import { typeOf } from "./protocol.ts"
import { sweep } from "./retention.ts"
import { Running, serve } from "./serving.ts"

/**
 * Options of `make` and `layer`.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  /** Whether jobs go on when their tasks are cancelled, or the program ends. Default: they are cancelled, too. */
  readonly detach?: boolean | undefined
  /**
   * How long a cancelled task waits for its job to end; then it ends without, and the job once the request reaches it. Also how
   * long a task whose job has ended waits for reports that are still on their way. Default: 5 seconds.
   */
  readonly grace?: Duration.Input | undefined
}

const checkOptions = check.options<Options>({ detach: check.boolean, grace: check.duration })

/** What the tables of Effect's storages have room for. */
const maxNameLength = 150

const groupOf = (call: string, jobs: Job.Jobs<Job.Any>): JobsImpl<Job.Any> => {
  const group = jobsOf(call, jobs)
  if (typeOf(group.name).length <= maxNameLength) return group
  return check.illegal(call, "the name of the jobs", group.name, `one of at most ${maxNameLength} characters`)
}

/**
 * Makes an executor whose jobs run on the runners of a cluster.
 *
 * **When to use**
 *
 * Use where one machine is not enough, or where a job has to outlive the program that submits it.
 *
 * **Details**
 *
 * A submitted job is a message in the cluster's storage. It runs at least once: when its runner is lost it is started again on
 * another one. Its outcome is stored exactly once, and everyone who submits that id gets it: whoever comes second joins the job
 * while it runs, and later gets what is stored, from another process too, and with another input; the first input counts. So
 * an id names a piece of work, `report-2026-10`, and a program that is started again finds what it had begun.
 *
 * A job that is cancelled while it waits never runs; one that runs is interrupted on its runner, and its task ends when the job
 * has ended, or after `grace`. A cancelled id is spent: all who submit it get a cancelled task. With `detach` the task ends at
 * once and the job goes on.
 *
 * Reports (`onProgress`) come from the runner, past the storage: a listener gets them as they come, and of those before it the
 * newest 1,000. Closing the scope cancels the jobs that are left.
 *
 * A request that the storage does not take is sent again for some 0.7 seconds, as a connection may have broken; then the task
 * fails with `BrokenExecutor`. It may be stored all the same: submit it again under the same id.
 *
 * Costs some milliseconds and two to five commits a job. `asyncio` has nothing of the kind; people use Celery, arq, dramatiq.
 *
 * **Gotchas**
 *
 * A handler can run twice. Make its effects idempotent, by `info.id`.
 *
 * There is no order among jobs: each goes to the runner that its id hashes to. An id has at most 255 characters.
 *
 * `attempt` counts what `retries` does. A job that is started again as its runner was lost is in the same attempt.
 *
 * **Example** (Work that is done once, however often the program starts)
 *
 * ```ts
 * const cluster = yield* ClusterExecutor.make(reports, { detach: true })
 * const task = yield* runInExecutor(cluster, report, { month }, { id: `report-${month}` })
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = <J extends Job.Any>(
  jobs: Job.Jobs<J>,
  options?: Options
): Effect.Effect<Executor.Executor<J>, never, Sharding | MessageStorage | Scope.Scope> =>
  Effect.suspend(() => {
    const call = "ClusterExecutor.make"
    const group = groupOf(call, jobs)
    checkOptions(call, options)
    const { detach = false, grace = "5 seconds" } = options ?? {}
    const settings = { detach, grace: Math.max(0, check.nanos(call, grace) / 1e6) }
    return Effect.map(
      Caller.make(group.name, settings),
      ({ run }) => makeExecutor<J>({ jobs: group, name: group.name, places: undefined, run })
    )
  })

/**
 * `make` as the default executor: of `submit`, `map` and `toThread`.
 *
 * **Gotchas**
 *
 * In a process that is a runner, too, provide it on top of the runner, not beside it: it has to be closed first, as its jobs
 * can't be cancelled through a runner that leaves.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = <J extends Job.Any>(
  jobs: Job.Jobs<J>,
  options?: Options
): Layer.Layer<Executor.DefaultExecutor, never, Sharding | MessageStorage> => Executor.layer(make(jobs, options))

/**
 * Runs the group's jobs in this process, which is one of the cluster's runners.
 *
 * **Details**
 *
 * Each job is handed to the executor `on`: a `ThreadPool`, so that no job holds up the runner, which has to say every few
 * seconds that it lives; the pool's `size` is how many jobs run here at once. What fails with `WorkerLost` there does so for
 * the caller, whose `retries` count.
 *
 * An executor that is broken, `BrokenExecutor`, is no outcome of a job. It is logged, and the job waits for it, or for another
 * runner once this one has gone.
 *
 * Closing it, at the end of the process, lets jobs that run here end, within the `entityTerminationTimeout` of the program's
 * `ShardingConfig` (15 seconds); what is left then is interrupted, and is started again on another runner.
 *
 * **Gotchas**
 *
 * Callers and runners may have different versions of a job. An input that the runner can't read, or a job that it has not, is
 * a `BrokenExecutor` for the caller, and for all who submit that id; an outcome that the caller can't read is one for this
 * caller alone. Deploy runners first, and add to schemas only what old values can do without.
 *
 * A runner is no task: on a loop, where steps are atomic, Effect's cluster can come to a standstill, so this dies there. Run it
 * with Effect's own `runMain`; where a process is both, provide the runner around the loop.
 *
 * **Example** (A runner)
 *
 * ```ts
 * const threads = ThreadPool.make(reports, new URL("./worker.ts", import.meta.url), { size: 4 })
 * const runner = ClusterExecutor.layerRunner(reports, threads).pipe(
 *   Layer.provide(NodeClusterSocket.layer({ shardingConfig: ClusterExecutor.settings })),
 *   Layer.provide(PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") }))
 * )
 * NodeRuntime.runMain(Layer.launch(runner))
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layerRunner = <J extends Job.Any, E, R>(
  jobs: Job.Jobs<J>,
  on: Effect.Effect<Executor.Executor<J>, E, R>
): Layer.Layer<never, E, Exclude<R, Scope.Scope> | Sharding> =>
  Layer.unwrap(Effect.gen(function*() {
    const call = "ClusterExecutor.layerRunner"
    const group = groupOf(call, jobs)
    if (yield* Scheduler.PreventSchedulerYield) {
      // Its fibers wait for each other in loops that end when one of them yields (internal/entityManager.ts: interruptShard).
      const message =
        `${call}: built on an event loop, where no fiber yields by itself, as Effect's cluster has to: provide it ` +
        "outside of the loop, or run it with Effect's own runMain"
      return yield* Effect.die(new RuntimeError({ message }))
    }
    const executor = executorOf(call, yield* on)
    // Closed in the other order: the jobs, the loop that they run on, the executor.
    const loop = yield* Layer.build(EventLoop.layer())
    const running = new Running()
    yield* Effect.addFinalizer(() => running.ended)
    return serve({ jobs: group, executor, loop, running })
  }))

/**
 * Options of `layerRetention`.
 *
 * @category models
 * @since 0.2.0
 */
export interface RetentionOptions {
  /** How long a job is kept after its end. Default: 7 days. */
  readonly keep?: Duration.Input | undefined
  /** How often somebody looks. Default: 1 hour. */
  readonly every?: Duration.Input | undefined
  /** What the names of the tables begin with, where the storage was made with another. Default: "cluster". */
  readonly prefix?: string | undefined
}

const checkRetention = check.options<RetentionOptions>({
  keep: check.duration,
  every: check.duration,
  prefix: check.string
})

/**
 * Deletes what is stored of the group's jobs some time after their end. Without it everything is kept for good.
 *
 * **Details**
 *
 * It goes with the runners; one of them does it at a time. Messages and replies are deleted, 1,000 jobs in a transaction, in
 * PostgreSQL, MySQL or SQLite. What has not ended is never deleted.
 *
 * **Gotchas**
 *
 * An id whose job is deleted is free again: submitted once more, it runs once more. So keep jobs for longer than somebody may
 * come back for them, and than a caller may be cut off from the storage: one that waits for what is deleted meanwhile fails with
 * `BrokenExecutor`, within 5 minutes.
 *
 * @category layers
 * @since 0.2.0
 */
export const layerRetention = <J extends Job.Any>(
  jobs: Job.Jobs<J>,
  options?: RetentionOptions
): Layer.Layer<never, never, Sharding | SqlClient> =>
  Layer.suspend(() => {
    const call = "ClusterExecutor.layerRetention"
    const { name } = groupOf(call, jobs)
    checkRetention(call, options)
    const { every = "1 hour", keep = "7 days", prefix = "cluster" } = options ?? {}
    const swept = sweep(typeOf(name), check.nanos(call, keep) / 1e6, prefix).pipe(
      Effect.catchCause((cause) => Effect.logWarning(`Old jobs of ${name} could not be deleted`, cause)),
      Effect.repeat(Schedule.spaced(every))
    )
    return Singleton.make(`effect-asyncio/retention/${name}`, Effect.asVoid(swept))
  })

/**
 * What to set of Effect's `ShardingConfig`, on runners and callers alike.
 *
 * **Details**
 *
 * A lost runner's jobs start again on another one within 15 seconds: it is missed 12 seconds after it last said that it lives,
 * which it does every 4, and all look every second. With Effect's defaults that can take 36. A runner holds 1,000 jobs that run
 * or wait for its executor, some 60 MB, in place of 10,000; more wait in the storage. There are 100 shards, not 300: each is
 * handed over on its own when a runner comes or goes. All processes of a cluster have to agree on that number, for good.
 *
 * **Gotchas**
 *
 * A runner whose process stands still for longer than 12 seconds, as a job computes on its own thread or the machine does other
 * things, is taken for lost: its jobs run twice. The same may happen after 4 seconds, if it was about to say that it lives.
 *
 * @category settings
 * @since 0.2.0
 */
export const settings: Partial<ShardingConfig["Service"]> = {
  shardLockExpiration: "12 seconds",
  shardLockRefreshInterval: "4 seconds",
  refreshAssignmentsInterval: "1 second",
  maxResidentEntities: 1_000,
  shardsPerGroup: 100
}
