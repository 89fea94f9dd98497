import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { Explore } from "effect-asyncio/testing"

const { Task } = asyncio

export const title = "cache stampede"
export const story = `A cache that misses loads the value, and keeps it once it is there.
Anyone who asks while it loads misses as well, and loads it again.
The load that the cache was meant to keep off the database hits it when it is slow.`
export const report = "https://github.com/jaredwray/cacheable/issues/888"

class Database {
  loads = 0
  readonly load = Effect.suspend(() => {
    this.loads++
    return Effect.as(Explore.latency("10 millis", "80 millis"), "a user")
  })
}

type Get = Effect.Effect<string, never, asyncio.EventLoop.EventLoop>

const program = Effect.fnUntraced(function*(cached: (database: Database) => Get) {
  const database = new Database()
  const get = cached(database)
  const reader = (name: string, at: number) => asyncio.createTask(Effect.andThen(asyncio.sleep(at), get), { name })
  yield* asyncio.wait([yield* reader("ann", 0), yield* reader("bob", 30), yield* reader("cem", 60)])
  if (database.loads > 1) return yield* Effect.die(new Error(`loaded ${database.loads} times`))
})

/** Keeps the value. */
export const race = program((database) => {
  let user: string | undefined
  return Effect.gen(function*() {
    user ??= yield* database.load
    return user
  })
})

/** Keeps the task that loads it. A reader that is cancelled leaves it to the others. */
export const fixed = program((database) => {
  let loading: asyncio.Task.Task<string> | undefined
  return Effect.gen(function*() {
    loading ??= yield* Task.create(database.load, { name: "load" })
    return yield* asyncio.shield(loading)
  })
})
