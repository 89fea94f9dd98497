import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Asyncio from "../../src/index.ts"
import { asyncio, effect, promises, scattered, tick, times, type Variant, type Workload } from "../workload.ts"

/**
 * A round of `wait` is linear in what is pending everywhere but here, so that n rounds are quadratic. Above 1000 tasks
 * the others do 100 rounds, and let tasks end unwatched in between: what is pending in their average round is the same.
 *
 * Without Effection: n = 1e3 would take it minutes.
 */
const roundsOf = (n: number, variant: string): number => n <= 1000 || variant === "effect-asyncio" ? n : 100

/** Ends with the first of them, none of which is done yet. */
const awaitFirst = (fibers: ReadonlyArray<Fiber.Fiber<void>>): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const removers = fibers.map((fiber) =>
      fiber.addObserver(() => {
        remove()
        resume(Effect.void)
      })
    )
    const remove = () => {
      for (const remover of removers) remover()
    }
    return Effect.sync(remove)
  })

const rounds = (first: (fibers: ReadonlyArray<Fiber.Fiber<void>>) => Effect.Effect<unknown>): Variant =>
  effect((n) =>
    Effect.gen(function*() {
      const doors = yield* Effect.all(times(n, () => Deferred.make<void>()))
      const fibers = yield* Effect.all(
        doors.map((door) => Effect.forkChild(Effect.andThen(Deferred.await(door), Effect.yieldNow)))
      )
      const order = scattered(n)
      const step = n / roundsOf(n, "effect")
      let opened = 0
      const openNext = Effect.suspend(() => Deferred.succeed(doors[order[opened++]!]!, undefined))
      const isPending = (fiber: Fiber.Fiber<void>) => fiber.pollUnsafe() === undefined
      let pending = fibers
      while (pending.length > 0) {
        if (step > 1) {
          for (let i = 1; i < step; i++) yield* openNext
          for (let i = 0; i < 3; i++) yield* Effect.yieldNow
          pending = pending.filter(isPending)
        }
        yield* openNext
        yield* first(pending)
        pending = pending.filter(isPending)
      }
    })
  )

export const workload: Workload = {
  title: "`wait` FIRST_COMPLETED until all of n are done, a round",
  measure: "wall",
  reach: { ratio: 0.01 },
  items: roundsOf,
  variants: {
    "effect-asyncio": asyncio((asyncio, n) =>
      Effect.gen(function*() {
        const doors = yield* Effect.all(times(n, () => asyncio.Future.make<void>()))
        const tasks = yield* Effect.all(
          doors.map((door) => asyncio.createTask(Effect.andThen(asyncio.Future.join(door), asyncio.sleep(0))))
        )
        const order = scattered(n)
        let opened = 0
        let pending: ReadonlySet<Asyncio.Task.Task<void>> = new Set(tasks)
        while (pending.size > 0) {
          yield* asyncio.Future.succeed(doors[order[opened++]!]!, undefined)
          pending = (yield* asyncio.wait(pending, { returnWhen: asyncio.FIRST_COMPLETED })).pending
        }
      })
    ),
    // Effect has no such combinator: this is what asyncio does, by hand.
    effect: rounds(awaitFirst),
    "Effect.raceAllFirst": rounds((fibers) => Effect.raceAllFirst(fibers.map(Fiber.await))),
    promises: promises(async (n) => {
      const doors = times(n, () => Promise.withResolvers<void>())
      const done = new Set<Promise<void>>()
      let pending = doors.map((door) => {
        const task = (async () => {
          await door.promise
          await tick
        })()
        void task.then(() => done.add(task))
        return task
      })
      const order = scattered(n)
      const step = n / roundsOf(n, "promises")
      let opened = 0
      const openNext = () => doors[order[opened++]!]!.resolve()
      const isPending = (task: Promise<void>) => !done.has(task)
      while (pending.length > 0) {
        if (step > 1) {
          for (let i = 1; i < step; i++) openNext()
          for (let i = 0; i < 3; i++) await tick
          pending = pending.filter(isPending)
        }
        openNext()
        await Promise.race(pending)
        pending = pending.filter(isPending)
      }
    })
  }
}
