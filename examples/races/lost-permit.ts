import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { Explore } from "effect-asyncio/testing"

const { Semaphore } = asyncio

export const title = "permit lost in a timeout race"
export const story = `To get a connection from a pool takes two steps: a permit, then a handshake.
A timeout around both strikes when the permit is taken and the connection is not there yet.
The caller has no connection to give back, so the permit never comes back either.`
export const report = "https://github.com/MagicStack/asyncpg/issues/467"

type Pool = asyncio.Semaphore.Semaphore

const handshake = Explore.latency("10 millis", "80 millis")

const program = Effect.fnUntraced(function*(acquire: (pool: Pool) => Effect.Effect<void>) {
  const pool = yield* Semaphore.make(1)
  const client = asyncio.timeout("50 millis", () => acquire(pool)).pipe(
    Effect.andThen(Effect.ensuring(asyncio.sleep("5 millis"), Semaphore.release(pool))),
    Effect.catchTag("TimeoutError", () => Effect.void)
  )
  const ann = yield* asyncio.createTask(client, { name: "ann" })
  const bob = yield* asyncio.createTask(client, { name: "bob" })
  yield* asyncio.wait([ann, bob])
  if (Semaphore.locked(pool)) return yield* Effect.die(new Error("a permit is lost"))
})

export const race = program((pool) => Effect.andThen(Semaphore.acquire(pool), handshake))

export const fixed = program((pool) =>
  Effect.andThen(Semaphore.acquire(pool), Effect.onInterrupt(handshake, () => Semaphore.release(pool)))
)
