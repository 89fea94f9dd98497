/** The runner's side of a job in a cluster: it is handed to the runner's executor, and what that gives is the answer. */
import * as Entity from "effect/cluster/Entity"
import type { Sharding } from "effect/cluster/Sharding"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import type * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Schema from "effect/Schema"
import * as Tracer from "effect/Tracer"
import type { EventLoop } from "../../EventLoop.ts"
import { oneLine } from "../../internal/host/printing.ts"
import { BrokenExecutor, WorkerLost } from "../errors.ts"
import type { Any } from "../Job.ts"
import { codecsOf } from "../parts/codecs.ts"
import type { JobsImpl } from "../parts/JobImpl.ts"
import type { AnyExecutor } from "../parts/submission.ts"
import { Feed } from "./Feed.ts"
import { entityOf, keyOf, type Outcome, type Run } from "./protocol.ts"
import { fromJson, toJson } from "./values.ts"

/** Between tries of an executor that does not work. */
const patience = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("10 seconds")])

interface Runner {
  readonly jobs: JobsImpl<Any>
  readonly executor: AnyExecutor
  /** The loop of this runner, for handlers that run in this process. */
  readonly loop: Context.Context<EventLoop>
  readonly running: Running
}

/**
 * The jobs that run here. A runner that ends waits for them before it closes what they run on: Effect's does not wait for those
 * whose shards were already on their way to another one (internal/entityManager.ts: interruptShard), and a job that is cut off by
 * the end of its loop would be stored as cancelled.
 */
export class Running {
  private count = 0
  private readonly idle = Latch.makeUnsafe(true)

  within<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.uninterruptibleMask((restore) => {
      if (this.count++ === 0) this.idle.closeUnsafe()
      return Effect.ensuring(restore(effect), Effect.sync(() => this.leave()))
    })
  }

  private leave(): void {
    if (--this.count === 0) this.idle.openUnsafe()
  }

  /** Ends in time: Effect interrupts what does not end within `entityTerminationTimeout`. */
  readonly ended: Effect.Effect<void> = this.idle.await
}

type Payload = typeof Run.payloadSchema.Type

export const serve = (runner: Runner): Layer.Layer<never, never, Sharding> => {
  const entity = entityOf(runner.jobs.name)
  return entity.toLayer(
    Effect.map(Entity.CurrentAddress, ({ entityId }) => {
      const feeds = new Map<string, Feed>()
      const feedOf = (key: string): Feed => {
        let feed = feeds.get(key)
        if (feed === undefined) feeds.set(key, feed = new Feed())
        return feed
      }
      return entity.of({
        run: ({ payload }) => {
          const feed = feedOf(keyOf(payload))
          return runner.running.within(feed.during(run(runner, entityId, payload, feed)))
        },
        reports: ({ payload }) => feedOf(keyOf(payload)).reports,
        hasReports: ({ payload }) => Effect.sync(() => feeds.get(keyOf(payload))?.isBegun ?? false)
      })
    }),
    {
      // A job takes no turn after those who ask for its reports.
      concurrency: "unbounded",
      // No job is told another time.
      maxIdleTime: "5 seconds",
      // Otherwise a request that dies is begun again for ever.
      disableFatalDefects: true
    }
  )
}

const run = (
  { executor, jobs, loop }: Runner,
  id: string,
  { attempt, input, job: name, span }: Payload,
  feed: Feed
): Effect.Effect<Outcome> => {
  const job = jobs.byName.get(name)
  if (job === undefined) return unreadable(`its runner has ${jobs}, and no such job`)
  const codecs = codecsOf(job)
  const json = (what: string, encoded: Effect.Effect<unknown, Schema.SchemaError>) =>
    Effect.map(
      Effect.orDie(encoded),
      (encoded) => toJson("ClusterExecutor.layerRunner", `${what} of job '${name}'`, encoded)
    )
  const publish = (value: unknown) =>
    Effect.map(json("the report", codecs.progress.encode(value)), (report) => feed.publish(report))
  return Effect.matchEffect(codecs.input.decode(fromJson(input)), {
    onFailure: ({ message }) => unreadable(`its input is none of its runner's version: ${oneLine(message)}`),
    onSuccess: (received) => {
      const onProgress = job.progress === undefined ? {} : { onProgress: publish }
      const executed = Effect.suspend(() => executor.execute(job, received as never, { id, attempt, ...onProgress }))
        .pipe(
          // What this machine can't do says nothing of the job: it stays, and goes to another with the runner's end.
          Effect.tapError((error) => error instanceof BrokenExecutor ? warn(error) : Effect.void),
          Effect.retry({ while: (error) => error instanceof BrokenExecutor, schedule: patience }),
          Effect.provideContext(loop),
          // Spans of the cluster's own are no part of the program's.
          Effect.updateContext((context: Context.Context<never>) => {
            const bare = Context.omit(Tracer.ParentSpan)(context)
            return span === undefined ? bare : Context.add(bare, Tracer.ParentSpan, Tracer.externalSpan(span))
          })
        )
      return Effect.flatMap(Effect.exit(executed), (exit): Effect.Effect<Outcome> => {
        const lost = lossOf(exit, id)
        if (lost !== undefined) return Effect.succeed({ _tag: "WorkerLost", reason: lost.reason })
        const stored = (exit: Exit.Exit<unknown, unknown>) => json("the outcome", codecs.exit.encode(exit))
        const outcome = Effect.catchDefect(stored(exit), (defect) => stored(Exit.die(defect)))
        return Effect.map(outcome, (exit) => ({ _tag: "Exit", exit }))
      })
    }
  })
}

const unreadable = (message: string): Effect.Effect<Outcome> => Effect.succeed({ _tag: "Unreadable", message })

const warn = (error: BrokenExecutor): Effect.Effect<void> =>
  Effect.logError("A job waits for its runner's executor, which does not work", error)

/** Not every `WorkerLost` is one of this job's: its handler may have some of its own. */
const lossOf = (exit: Exit.Exit<unknown, unknown>, id: string): WorkerLost | undefined => {
  if (Exit.isSuccess(exit)) return undefined
  for (const reason of exit.cause.reasons) {
    if (reason._tag === "Fail" && reason.error instanceof WorkerLost && reason.error.id === id) return reason.error
  }
  return undefined
}
