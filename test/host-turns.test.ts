/** The host gets its turns however busy the loop is: real timers, promises and sockets, because they are the point. */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { createTask, Event, EventLoop, Future, gather, sleep } from "effect-asyncio"
import * as net from "node:net"

/** A server on this machine that sends back what it gets, and a client of it. */
const echo = Effect.acquireRelease(
  Effect.callback<{ readonly server: net.Server; readonly client: net.Socket }>((resume) => {
    const server = net.createServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1", () => {
      const client = net.connect((server.address() as net.AddressInfo).port, "127.0.0.1", () => {
        resume(Effect.succeed({ server, client }))
      })
    })
  }),
  ({ client, server }) =>
    Effect.sync(() => {
      client.destroy()
      server.close()
    })
)

it.live(
  "a 1 ms timer and a socket are served while 10,000 tasks yield for ever",
  () =>
    EventLoop.provide(
      Effect.gen(function*() {
        const { client } = yield* echo
        const stop = yield* Event.make
        const busy = Effect.gen(function*() {
          let turns = 0
          for (; !Event.isSet(stop); turns++) yield* sleep(0)
          return turns
        })
        const tasks = yield* Effect.forEach(Array.from({ length: 10_000 }), () => createTask(busy))
        const replies: Array<string> = []
        const talk = Effect.gen(function*() {
          for (let i = 0; i < 10; i++) {
            const reply = yield* Future.make<string>()
            client.once("data", (data) => Future.succeedUnsafe(reply, data.toString()))
            client.write(`${i}`)
            replies.push(yield* reply)
          }
        })
        let ticks = 0
        const tick = Effect.gen(function*() {
          for (; ticks < 10; ticks++) yield* sleep(1)
        })
        const promise = Effect.promise(() => new Promise<string>((resolve) => setImmediate(() => resolve("heard"))))
        const [, , heard] = yield* gather([talk, tick, promise])
        yield* Event.set(stop)
        const turns = yield* gather(tasks)
        expect([replies.join(""), ticks, heard]).toEqual(["0123456789", 10, "heard"])
        // The tasks were not starved either, and took the same number of turns, or one more.
        expect(Math.min(...turns)).toBeGreaterThan(0)
        expect(Math.max(...turns) - Math.min(...turns)).toBeLessThanOrEqual(1)
      }).pipe(Effect.scoped)
    )
)
