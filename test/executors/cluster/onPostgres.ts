/** What is to hold on a real storage: the laws of executors, and what only a storage has. One runner, in this process. */
import { NodeClusterSocket } from "@effect/platform-node"
import * as PgClient from "@effect/sql-pg/PgClient"
import { Effect, Equal, Exit, Layer, Option, Redacted } from "effect"
import * as asyncio from "effect-asyncio"
import { Executor, runInExecutor } from "effect-asyncio/executors"
import { ClusterExecutor } from "effect-asyncio/executors/cluster"
import * as RunnerAddress from "effect/cluster/RunnerAddress"
import * as SqlClient from "effect/sql/SqlClient"
import type { Database } from "../../../examples/real/cluster/postgres.ts"
import { Book, handlers } from "../handlers.ts"
import { groupNamed, half } from "../jobs.ts"
import { laws } from "../laws.ts"

export interface Verdict {
  readonly what: string
  /** Undefined: it was not run, as `why` says. */
  readonly ok: boolean | undefined
  readonly why: string
}

export const onPostgres = ({ order, url }: Database, port: number): Effect.Effect<ReadonlyArray<Verdict>, unknown> => {
  const verdicts: Array<Verdict> = []
  const note = (what: string, ok: boolean | undefined, why: unknown = "") =>
    verdicts.push({ what, ok, why: ok === true ? "" : String(why) })
  const named = laws.map((law, index) => ({ ...law, group: groupNamed(`law ${index}`) }))
  const rest = groupNamed("rest")
  const local = (group: typeof rest, size: number) =>
    Layer.provide(
      ClusterExecutor.layerRunner(group, Executor.local(group, handlers, { size })),
      Layer.fresh(Book.layer)
    )
  const storage = PgClient.layer({ url: Redacted.make(url) })
  const runner = Layer.mergeAll(local(rest, 2), ...named.map(({ group, size }) => local(group, size))).pipe(
    Layer.provideMerge(NodeClusterSocket.layer({
      shardingConfig: { ...ClusterExecutor.settings, runnerAddress: Option.some(RunnerAddress.make("127.0.0.1", port)) }
    })),
    Layer.provideMerge(storage)
  )

  const main = Effect.gen(function*() {
    for (const { expected, group, isAboutOrder, name, program } of named) {
      // A caller stores jobs over several connections at once: their tasks' order is gone before a runner sees them.
      if (isAboutOrder) {
        note(name, undefined, "not run: a cluster has no order among jobs, they are stored over several connections")
        continue
      }
      const exit = yield* Effect.exit(
        asyncio.waitFor(Effect.provide(program, ClusterExecutor.layer(group)), "30 seconds")
      )
      // Messages say of which group they are.
      const got = Exit.map(
        exit,
        (value) => Array.isArray(value) ? value.map((part) => inTests(part, group.name)) : value
      )
      note(name, Equal.equals(got, Exit.succeed(expected)), JSON.stringify(got))
    }
    const cluster = yield* ClusterExecutor.make(rest)
    const ask = Effect.fnUntraced(function*(n: number, id: string) {
      return yield* yield* runInExecutor(cluster, half, n, { id })
    })

    // What is kept, and for how long.
    yield* ask(8, "kept")
    const again = yield* ask(100, "kept")
    const sql = yield* SqlClient.SqlClient
    const stored = sql`SELECT id FROM cluster_messages WHERE entity_type = 'rest' UNION ALL
      SELECT r.id FROM cluster_replies r JOIN cluster_messages m ON m.id = r.request_id WHERE m.entity_type = 'rest'`
    const before = (yield* stored).length
    yield* Effect.scoped(Effect.gen(function*() {
      yield* Layer.build(ClusterExecutor.layerRetention(rest, { keep: 0, every: "1 hour" }))
      while ((yield* stored).length > 0) yield* asyncio.sleep(50)
    }))
    const anew = yield* ask(100, "kept")
    note(
      "what has ended is deleted after a time; its id is free again",
      Equal.equals([again, before, anew], [4, 2, 50]),
      [
        again,
        before,
        anew
      ]
    )

    if (order === undefined) {
      note("PostgreSQL is down", undefined, "not run: DATABASE_URL names somebody else's")
      return verdicts
    }
    yield* Effect.promise(() => order("crash"))
    const down = yield* Effect.exit(ask(8, "down"))
    note(
      "PostgreSQL is down: a new job is a BrokenExecutor",
      /BrokenExecutor/.test(JSON.stringify(down)),
      JSON.stringify(down)
    )
    yield* Effect.promise(() => order("start"))
    note("it is back: so are jobs", (yield* Effect.exit(ask(8, "down")))._tag === "Success")
    return verdicts
  })
  return Effect.provide(asyncio.EventLoop.provide(Effect.scoped(main)), runner)
}

const inTests = (part: unknown, group: string): unknown =>
  typeof part === "string" ? part.replace(`name='${group}'`, "name='tests'") : part
