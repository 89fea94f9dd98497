import * as Effect from "effect/Effect"
import type * as Asyncio from "../../src/index.ts"
import type * as Testing from "../../src/testing/index.ts"
import { loadLibrary, sampled, type Variant, type Workload } from "../workload.ts"

/** Three tasks, a lock and a queue of 1: 16 steps. */
const program = ({ gather, Lock, Queue, sleep }: typeof Asyncio) =>
  Effect.gen(function*() {
    const lock = yield* Lock.make
    const queue = yield* Queue.make<number>({ maxsize: 1 })
    const produce = Effect.gen(function*() {
      for (let i = 0; i < 3; i++) {
        yield* Lock.withLock(lock, sleep(1))
        yield* Queue.put(queue, i)
      }
    })
    const consume = Effect.gen(function*() {
      for (let i = 0; i < 3; i++) {
        yield* Queue.get(queue)
        yield* Lock.withLock(lock, sleep(1))
      }
    })
    yield* gather([produce, consume, sleep(2)])
  })

/** What one check runs at most; where all runs are the same it ends by itself then. */
const runs = 202

const testing =
  (body: (testing: typeof Testing, asyncio: typeof Asyncio, n: number) => Effect.Effect<unknown, unknown>): Variant =>
  async () => {
    const library = await loadLibrary()
    const module: typeof Testing = await import(process.env["BENCH_LIBRARY"]!.replace(/index\.[jt]s$/, "testing/$&"))
    return (sampler) => Effect.runPromise(sampled(sampler, (n) => body(module, library, n)))
  }

const explored = (options: Testing.Explore.Options): Variant =>
  testing(({ Explore }, asyncio, n) =>
    Effect.repeat(Explore.check(program(asyncio), { timeLimit: Infinity, runs, ...options }), {
      times: Math.ceil(n / runs) - 1
    })
  )

export const workload: Workload = {
  title: "a schedule of 16 steps under `Explore`, to raw `VirtualLoop.run`, CPU",
  measure: "cpu",
  reach: { ratio: 1.3 },
  sizes: [10 * runs],
  counted: runs,
  python: false,
  variants: {
    "effect-asyncio": explored({ vary: { order: true }, strategy: { random: 1e-12 } }),
    "random walk": explored({ vary: { order: true }, strategy: { random: 0.2 } }),
    PCT: explored({ vary: { order: true }, strategy: { pct: 3 } }),
    effect: testing(({ VirtualLoop }, asyncio, n) => Effect.repeat(VirtualLoop.run(program(asyncio)), { times: n - 1 }))
  }
}
