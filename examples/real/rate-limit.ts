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

/** A permit to start, so many a second. */
const makeStarts = Effect.fnUntraced(function*(perSecond: number) {
  const starts = yield* Semaphore.make(perSecond)
  return Effect.andThen(
    Semaphore.acquire(starts),
    EventLoop.callLater("1010 millis", () => Semaphore.releaseUnsafe(starts))
  )
})

const cities = ["Oslo", "Rome", "Paris", "Lima", "Kyoto", "Cairo", "Delhi", "Quito", "Accra", "Turin", "Bergen", "Graz"]

export const main = Effect.gen(function*() {
  const temperature = makeApi(5)
  const start = yield* makeStarts(5)

  const began = yield* EventLoop.time
  const call = (city: string) =>
    Effect.map(Effect.andThen(start, temperature(city)), (degrees) => `${city}: ${degrees} degrees`)
  yield* Stream.runForEach(asyncio.asCompleted(cities.map(call), { concurrency: 3 }), (task) =>
    Effect.gen(function*() {
      const line = yield* Task.join(task)
      yield* Console.log(`${((yield* EventLoop.time) - began).toFixed(2)} s  ${line}`)
    }))
})

if (import.meta.main) await runMain(main)
