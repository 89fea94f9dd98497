import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { Explore } from "effect-asyncio/testing"

const { Future } = asyncio

export const title = "notified before waiting"
export const story =
  `A server that shuts down sees that a connection is open, and gets ready to wait for the last to close.
A notification reaches only those who are waiting when it is given.
The last connection closes before the server waits, and nobody will notify again.`
export const report = "https://github.com/containerd/ttrpc-rust/pull/227"

/** Remembers nothing: who waits later hears of the next one only. */
class Notifier {
  private waiting: Array<asyncio.Future.Future<void>> = []

  readonly listen = Effect.tap(Future.make<void>(), (future) => Effect.sync(() => this.waiting.push(future)))

  notifyAll(): void {
    for (const future of this.waiting.splice(0)) Future.succeedUnsafe(future, undefined)
  }
}

const getReady = Explore.latency("10 millis", "80 millis")

class Server {
  open = 0
  readonly closed = new Notifier()

  readonly connection = Effect.acquireUseRelease(
    Effect.sync(() => this.open++),
    () => asyncio.sleep("30 millis"),
    () =>
      Effect.sync(() => {
        if (--this.open === 0) this.closed.notifyAll()
      })
  )
}

const program = (shutdown: (server: Server) => Effect.Effect<void, never, asyncio.EventLoop.EventLoop>) =>
  Effect.gen(function*() {
    const server = new Server()
    const connection = yield* asyncio.createTask(server.connection, { name: "connection" })
    const main = yield* asyncio.createTask(shutdown(server), { name: "server" })
    yield* asyncio.wait([connection, main])
  })

export const race = program(Effect.fnUntraced(function*(server) {
  if (server.open === 0) return
  yield* getReady
  yield* yield* server.closed.listen
}))

/** Listens first, then looks whether there is anything to wait for. */
export const fixed = program(Effect.fnUntraced(function*(server) {
  const closed = yield* server.closed.listen
  yield* getReady
  if (server.open > 0) yield* closed
}))
