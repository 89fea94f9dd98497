/**
 * A cluster on one machine: a PostgreSQL, two runners, and this process, which submits. In the middle one runner is killed, as
 * by `kill -9`; what it had is started again on the other one, and every result arrives. Ctrl-C ends all of it.
 */
import { Console, Effect, Layer } from "effect"
import { map } from "effect-asyncio/executors"
import { ClusterExecutor } from "effect-asyncio/executors/cluster"
import { runMain } from "effect-asyncio/node"
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { member, render, rendering } from "./cluster/jobs.ts"
import { startPostgres } from "./cluster/postgres.ts"

const postgres = Effect.acquireRelease(
  Effect.promise(startPostgres),
  ({ close }) => Effect.andThen(Console.log("PostgreSQL stops"), Effect.promise(close))
)

/** In a session of its own: Ctrl-C is this process's, which ends its runners in order. */
const runner = (port: number) =>
  Effect.acquireRelease(
    Effect.sync(() => fork(new URL("./cluster/runner.ts", import.meta.url), [String(port)], { detached: true })),
    stop
  )

const stop = (child: ChildProcess) =>
  Effect.promise(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, "exit")
    child.kill("SIGTERM")
    await ended
  })

const scenes = Array.from({ length: 12 }, (_, index) => ({ scene: `scene ${index + 1}`, millis: 1_500 }))

const submit = (kill: Effect.Effect<void>) => {
  let half = 0
  return Effect.gen(function*() {
    const files = yield* map(render, scenes, {
      concurrency: 6,
      onProgress: ({ percent, scene }) =>
        Effect.gen(function*() {
          if (percent % 50 !== 0) return
          yield* Console.log(`${scene}: ${percent} %`)
          if (percent === 50 && ++half === 4) yield* kill
        })
    })
    yield* Console.log(files.join(" "))
  }).pipe(Effect.provide(Layer.provide(ClusterExecutor.layer(rendering), member())))
}

export const main = Effect.gen(function*() {
  const { url } = yield* postgres
  yield* Console.log("PostgreSQL is up")
  process.env.DATABASE_URL = url
  const runners = yield* Effect.all([runner(34_431), runner(34_432)])
  yield* Effect.promise(() => Promise.all(runners.map((child) => once(child, "message"))))
  yield* Console.log("two runners are up")
  yield* submit(Effect.andThen(
    Console.log("kill -9 of the first runner"),
    Effect.sync(() => void runners[0].kill("SIGKILL"))
  ))
}).pipe(Effect.scoped)

if (import.meta.main) await runMain(main)
