import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { toThread } from "effect-asyncio/executors"
import { moduleOf } from "./bundled.ts"
import { fuzz } from "./fuzz.ts"
import { all, book } from "./jobs.ts"
import { closed, closing, laws, stackOfFailure } from "./laws.ts"
import { kinds, shared } from "./pools.ts"

for (const [kind, pool] of Object.entries(kinds)) {
  describe(`the laws, on ${kind}`, () => {
    // One worker each: what the law has it do at once is up to it. Nobody is ever killed: the machine may be slow.
    const pools = new Map([1, 2, 3].map((size) => [
      size,
      shared(pool, all, "worker", { grace: "1 minute", ...(size === 2 ? { size } : { size: 1, concurrency: size }) })
    ]))
    for (const { expected, name, program, size } of laws) {
      it(name, async () => {
        const clean = size === 1 ? toThread(book, undefined) : Effect.void
        expect(await pools.get(size)!(Effect.andThen(clean, program))).toEqual(expected)
      }, 240_000)
    }

    it("a typed failure has its handler's stack", async () => {
      expect(await pools.get(1)!(stackOfFailure)).toMatch(/\bhalf\b/)
    }, 240_000)

    it("closing its scope cancels what is left, and ends with it", async () => {
      const make = pool.make(all, moduleOf("worker"), { size: 1, grace: "1 minute" })
      expect(await asyncio.run(closing(make))).toEqual(closed)
    }, 240_000)

    it("random submissions, cancelled at random", async () => {
      for (const seed of [1, 2, 3]) expect([seed, await pools.get(seed)!(fuzz(seed))]).toEqual([seed, []])
    }, 240_000)
  })
}
