/** Two programs that are right today: they rely on the order that the library promises, and on nothing between two steps. */
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"

/** Tasks start in the order in which they were made: the second finds what the first has set. */
const startOrder = Effect.gen(function*() {
  let address: string | undefined
  const configure = yield* asyncio.createTask(Effect.sync(() => void (address = "127.0.0.1")), { name: "configure" })
  const connect = yield* asyncio.createTask(
    Effect.suspend(() => address === undefined ? Effect.die(new Error("no address")) : Effect.void),
    { name: "connect" }
  )
  yield* configure
  yield* connect
})

/** Both take a tick between their two halves, and the writer goes first. */
const tornRead = Effect.gen(function*() {
  const point = { x: 0, y: 0 }
  const writer = yield* asyncio.createTask(
    Effect.gen(function*() {
      point.x = 1
      yield* asyncio.sleep(0)
      point.y = 1
    }),
    { name: "writer" }
  )
  const reader = yield* asyncio.createTask(
    Effect.gen(function*() {
      const { x } = point
      yield* asyncio.sleep(0)
      const { y } = point
      return { x, y }
    }),
    { name: "reader" }
  )
  yield* asyncio.wait([writer, reader])
  const { x, y } = yield* reader
  if (x !== y) return yield* Effect.die(new Error(`a point that never was: ${x}, ${y}`))
})

export const fragile: Readonly<Record<string, Effect.Effect<unknown, unknown, asyncio.EventLoop.EventLoop>>> = {
  "start-order": startOrder,
  "torn-read": tornRead
}
