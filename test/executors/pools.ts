/** What the tests of pools share: pools that are open as long as a file's tests run. */
import { Effect, Exit, Layer, Scope } from "effect"
import * as asyncio from "effect-asyncio"
import { Executor, type Job } from "effect-asyncio/executors"
import { type Options, ProcessPool, ThreadPool } from "effect-asyncio/executors/node"
import { afterAll } from "vitest"
import { moduleOf } from "./bundled.ts"

export const kinds = { threads: ThreadPool, processes: ProcessPool } as const

/** `effect-asyncio` is src in what is not bundled, too. */
export const execArgv = ["--conditions=effect-asyncio-source"]

/** A pool as the executor of programs, made in `around` when the first of them runs, and closed behind the last. */
export const shared = <J extends Job.Any>(
  pool: (typeof kinds)[keyof typeof kinds],
  jobs: Job.Jobs<J>,
  worker: string,
  options: Options,
  around: Layer.Layer<never> = Layer.empty
) => {
  const scope = Scope.makeUnsafe()
  let made: Promise<Executor.Executor<J>> | undefined
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  return async <A, E>(
    program: Effect.Effect<A, E, Executor.DefaultExecutor | asyncio.EventLoop.EventLoop>
  ): Promise<A> => {
    made ??= Effect.runPromise(
      Scope.provide(Effect.provide(pool.make(jobs, moduleOf(worker), options), around), scope)
    )
    const executor = await made
    return asyncio.run(Effect.provide(program, Executor.layer(Effect.succeed(executor))))
  }
}
