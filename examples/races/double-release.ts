import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { Explore } from "effect-asyncio/testing"

const { Semaphore } = asyncio

export const title = "double release"
export const story = `A request gives its permit back when the answer is there, then reads the answer.
If reading it takes too long, the request has failed, and whoever sees that gives the permit back again.
Now there is one permit too many: two requests are on a connection that can take one.`
export const report = "https://github.com/AsyncHttpClient/async-http-client/issues/1797"

type Permit = asyncio.Semaphore.Semaphore

/** Sends with a permit, and reads the answer without. */
type Request = (
  permit: Permit,
  send: Effect.Effect<void>,
  read: Effect.Effect<void>
) => Effect.Effect<void, never, asyncio.EventLoop.EventLoop>

const program = Effect.fnUntraced(function*(request: Request) {
  const permit = yield* Semaphore.make(1)
  let sending = 0
  yield* Explore.always("one request at a time", () => sending <= 1)
  const send = Effect.acquireUseRelease(
    Effect.sync(() => sending++),
    () => Explore.latency("10 millis", "45 millis"),
    () => Effect.sync(() => sending--)
  )
  const read = Explore.latency("10 millis", "80 millis")
  const client = (name: string, at: number) =>
    asyncio.createTask(Effect.andThen(asyncio.sleep(at), request(permit, send, read)), { name })
  yield* asyncio.wait([yield* client("ann", 0), yield* client("bob", 60), yield* client("cem", 80)])
})

/** Gives back on success and on failure, and forgets that the first may come before the second. */
const twice: Request = (permit, send, read) =>
  Effect.andThen(
    Semaphore.acquire(permit),
    asyncio.timeout("50 millis", () => Effect.andThen(Effect.andThen(send, Semaphore.release(permit)), read)).pipe(
      Effect.catchTag("TimeoutError", () => Semaphore.release(permit))
    )
  )

const once: Request = (permit, send, read) =>
  asyncio.timeout("50 millis", () => Effect.andThen(Semaphore.withPermit(permit, send), read)).pipe(
    Effect.catchTag("TimeoutError", () => Effect.void)
  )

export const race = program(twice)
export const fixed = program(once)
