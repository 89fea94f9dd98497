/** `Barrier`. */
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { catchIllegalArgument } from "../defects.ts"
import type { Group } from "../scenario.ts"

const { Barrier } = asyncio

export default {
  /** abort() breaks the barrier for those who wait and those who come. */
  barriers_abort: (log) =>
    Effect.gen(function*() {
      const bar = yield* Barrier.make(3)

      const w = Effect.fnUntraced(function*(n: number | string) {
        yield* Barrier.wait(bar).pipe(
          Effect.catchTag("BrokenBarrierError", () => Effect.sync(() => log("broken", n)))
        )
      })

      const ts = yield* Effect.forEach([0, 1], (n) => asyncio.createTask(w(n)))
      yield* asyncio.sleep("1 second")
      yield* Barrier.abort(bar)
      log("broken", Barrier.broken(bar), "waiting", Barrier.waiting(bar))
      yield* asyncio.gather(ts)
      yield* w("late")
      yield* Barrier.reset(bar)
      log("broken", Barrier.broken(bar))
    }),

  /** The last party releases all; every task gets its own index. */
  barriers_basic: (log) =>
    Effect.gen(function*() {
      const bar = yield* Barrier.make(3)

      const w = Effect.fnUntraced(function*(n: number) {
        yield* asyncio.sleep(`${n} seconds`)
        log("arrives", n, "waiting", Barrier.waiting(bar))
        const i = yield* Barrier.wait(bar)
        log("passes", n, "index", i)
      })

      yield* asyncio.gather([w(3), w(1), w(2)])
      log("waiting", Barrier.waiting(bar), "broken", Barrier.broken(bar), "parties", bar.parties)
    }),

  /** The task with index 0 does the work between two rounds. */
  barriers_leader: (log) =>
    Effect.gen(function*() {
      const bar = yield* Barrier.make(3)

      const w = Effect.fnUntraced(function*(n: number) {
        yield* asyncio.sleep(`${n} seconds`)
        if ((yield* Barrier.wait(bar)) === 0) {
          log("leader is", n)
          yield* asyncio.sleep("5 seconds")
        }
        yield* Barrier.wait(bar)
        log("go", n)
      })

      yield* asyncio.gather([2, 1, 3].map((n) => w(n)))
    }),

  /** One party never waits; zero parties are refused. */
  barriers_one_party: (log) =>
    Effect.gen(function*() {
      const bar = yield* Barrier.make(1)
      log(yield* Barrier.wait(bar), yield* Barrier.wait(bar))
      // `async with bar as index` waits on the way in, and does nothing on the way out
      const index = yield* Barrier.wait(bar)
      log("index", index)
      yield* Barrier.make(0).pipe(
        catchIllegalArgument(() => Effect.sync(() => log("ValueError")))
      )
    }),

  /** reset() throws out the waiters and the barrier works again. */
  barriers_reset: (log) =>
    Effect.gen(function*() {
      const bar = yield* Barrier.make(2)

      const w = Effect.fnUntraced(function*(n: string) {
        yield* Effect.gen(function*() {
          log("index", n, yield* Barrier.wait(bar))
        }).pipe(
          Effect.catchTag("BrokenBarrierError", () => Effect.sync(() => log("thrown out", n)))
        )
      })

      const t = yield* asyncio.createTask(w("a"))
      yield* asyncio.sleep("1 second")
      yield* Barrier.reset(bar)
      yield* t
      log("broken", Barrier.broken(bar), "waiting", Barrier.waiting(bar))
      yield* asyncio.gather([w("b"), w("c")])
    }),

  /** A barrier can be used again and again. */
  barriers_reuse: (log) =>
    Effect.gen(function*() {
      const bar = yield* Barrier.make(2)

      const w = Effect.fnUntraced(function*(name: string, step: number) {
        for (let i = 0; i < 3; i++) {
          yield* asyncio.sleep(`${step} seconds`)
          yield* Barrier.wait(bar)
          log(name, "round", i)
        }
      })

      yield* asyncio.gather([w("fast", 1), w("slow", 2)])
    }),

  /** A party that times out leaves; the others still meet. */
  barriers_timeout: (log) =>
    Effect.gen(function*() {
      const bar = yield* Barrier.make(2)
      yield* asyncio.waitFor(Barrier.wait(bar), "1 second").pipe(
        Effect.catchTag("TimeoutError", () =>
          Effect.sync(() => log("TimeoutError", Barrier.broken(bar), Barrier.waiting(bar))))
      )
      log((yield* asyncio.gather([Barrier.wait(bar), Barrier.wait(bar)])).sort())
    })
} satisfies Group
