/** The cluster in this process, on Effect's own storage in memory. test/executors/cluster has those on PostgreSQL. */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as asyncio from "effect-asyncio"
import { Executor } from "effect-asyncio/executors"
import { ClusterExecutor } from "effect-asyncio/executors/cluster"
import * as TestRunner from "effect/cluster/TestRunner"
import { Book, handlers } from "../handlers.ts"
import { all } from "../jobs.ts"
import { laws } from "../laws.ts"

const cluster = (size: number) =>
  ClusterExecutor.layer(all).pipe(
    Layer.provideMerge(ClusterExecutor.layerRunner(all, Executor.local(all, handlers, { size }))),
    Layer.provide([TestRunner.layer, Book.layer])
  )

describe("the laws, in a cluster", () => {
  for (const { expected, name, program, size } of laws) {
    it(name, async () => {
      expect(await asyncio.run(Effect.provide(program, cluster(size)))).toEqual(expected)
    })
  }
})
