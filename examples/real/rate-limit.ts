/**
 * A batch against an API with a quota: at most three calls under way, at most five started in any second, results as
 * they come. A permit to start comes back by itself, a little more than a second later: the API began to count when the
 * call had arrived.
 */
import { Console, Data, Effect, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { runMain } from "effect-asyncio/node"

const { EventLoop, Semaphore, Task } = asyncio

class TooManyRequests extends Data.TaggedError("TooManyRequests")<{ readonly city: string }> {}

/** The API: refuses the sixth call within a second. */
const makeApi = (quota: number) => {
  const calls: Array<number> = []
  return Effect.fn("temperature")(function*(city: string) {
    const now = yield* EventLoop.time
    calls.push(now)
    if (calls.filter((time) => time > now - 1).length > quota) return yield* new TooManyRequests({ city })
    yield* asyncio.sleep(50 * (city.length % 4 + 1))
    return 10 + city.length
  })
}

const makeLimit = Effect.fnUntraced(function*(limits: { readonly atOnce: number; readonly perSecond: number }) {
  const places = yield* Semaphore.make(limits.atOnce)
  const starts = yield* Semaphore.make(limits.perSecond)
  const start = Effect.andThen(
    Semaphore.acquire(starts),
    EventLoop.callLater("1010 millis", () => Semaphore.releaseUnsafe(starts))
  )
  return <A, E, R>(effect: Effect.Effect<A, E, R>) => Semaphore.withPermit(places, Effect.andThen(start, effect))
})

const cities = ["Oslo", "Rome", "Paris", "Lima", "Kyoto", "Cairo", "Delhi", "Quito", "Accra", "Turin", "Bergen", "Graz"]

export const main = Effect.gen(function*() {
  const temperature = makeApi(5)
  const limit = yield* makeLimit({ atOnce: 3, perSecond: 5 })

  const began = yield* EventLoop.time
  const tasks = yield* Effect.forEach(cities, (city) => asyncio.createTask(limit(temperature(city)), { name: city }))
  yield* Stream.runForEach(asyncio.asCompleted(tasks), (task) =>
    Effect.gen(function*() {
      const degrees = yield* Task.join(task)
      yield* Console.log(`${((yield* EventLoop.time) - began).toFixed(2)} s  ${task.name}: ${degrees} degrees`)
    }))
})

if (import.meta.main) await runMain(main)
