/**
 * A chat room over sockets. Every connection has a task that waits at the room's Condition for lines it has not sent yet.
 * The guests wait for each other at a Barrier before they speak, so that everybody hears everything. One who does not read
 * holds up nobody else, and is hung up on.
 */
import { Console, Data, type Duration, Effect, Stream } from "effect"
import * as asyncio from "effect-asyncio"
import { runMain } from "effect-asyncio/node"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { createInterface } from "node:readline"

const { Barrier, Condition, Queue, TaskGroup } = asyncio

class SocketFailed extends Data.TaggedError("SocketFailed")<{ readonly cause: unknown }> {}

const linesOf = (socket: Socket) =>
  Stream.fromAsyncIterable(createInterface({ input: socket }), (cause) => new SocketFailed({ cause }))

/** Waits until the line has left for the network, as `drain` does: a slow reader slows down only those who write to it. */
const send = (socket: Socket, line: string) =>
  Effect.callback<void, SocketFailed>((resume) => {
    socket.write(`${line}\n`, (cause) => resume(cause ? Effect.fail(new SocketFailed({ cause })) : Effect.void))
  })

// -------------------------------------------------------------------------------------------------------------- server

/** Accepts connections as long as the scope is open, and puts them into a queue. */
export const listen = Effect.fnUntraced(function*() {
  const connections = yield* Queue.make<Socket>()
  const server = yield* Effect.acquireRelease(
    Effect.promise(() => {
      const server = createServer((socket) => Queue.putNowaitUnsafe(connections, socket))
      return new Promise<typeof server>((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)))
    }),
    (server) => Effect.promise(() => new Promise((resolve) => server.close(resolve)))
  )
  return { connections, port: (server.address() as AddressInfo).port }
})

/** Serves whoever comes; ends when it is cancelled. `lines` is what was said, `patience` how long a line may take. */
export const serve = Effect.fnUntraced(function*(
  connections: asyncio.Queue.Queue<Socket>,
  lines: Array<string>,
  patience: Duration.Input = "10 seconds"
) {
  const changed = yield* Condition.make()

  const say = (line: string) =>
    Condition.withLock(
      changed,
      Effect.suspend(() => {
        lines.push(line)
        return Condition.notifyAll(changed)
      })
    )

  const tell = Effect.fnUntraced(function*(socket: Socket, from: number) {
    for (let next = from;; next++) {
      yield* Condition.withLock(changed, Condition.waitFor(changed, () => lines.length > next))
      yield* asyncio.timeout(patience, () => send(socket, lines[next]!))
    }
  })

  // Whoever hangs up takes its teller with it, and whoever is gone or reads too slowly is no failure of the room's.
  const guest = (socket: Socket) =>
    TaskGroup.run((group) =>
      Effect.gen(function*() {
        yield* group.createTask(tell(socket, lines.length))
        yield* send(socket, "welcome")
        yield* Stream.runForEach(linesOf(socket), say)
        yield* group.cancel
      })
    ).pipe(
      Effect.catchTags({ SocketFailed: () => Effect.void, TimeoutError: () => Effect.void }),
      // `end` would wait until all is read.
      Effect.ensuring(Effect.sync(() => socket.destroy()))
    )

  yield* TaskGroup.run((group) =>
    Stream.runForEach(Queue.stream(connections), (socket) => group.createTask(guest(socket)))
  )
})

// -------------------------------------------------------------------------------------------------------------- guests

/** Says `line` after having heard `after`, and leaves after the last line; gives what it heard. */
const guest = Effect.fn("guest")(function*(
  port: number,
  everybody: asyncio.Barrier.Barrier,
  { after, line, last }: { readonly after: string; readonly line: string; readonly last: string }
) {
  const heard: Array<string> = []
  const socket = connect(port, "127.0.0.1")
  const hear = Effect.fnUntraced(function*(text: string) {
    heard.push(text)
    if (text === "welcome") yield* Barrier.wait(everybody)
    if (text === after) yield* send(socket, line)
  })
  yield* linesOf(socket).pipe(
    Stream.takeUntil((text) => text === last),
    Stream.runForEach(hear),
    Effect.ensuring(Effect.sync(() => socket.destroy()))
  )
  return heard
})

export const main = Effect.gen(function*() {
  const { connections, port } = yield* listen()
  const said: Array<string> = []
  const server = yield* asyncio.createTask(serve(connections, said), { name: "server" })

  const everybody = yield* Barrier.make(3)
  const last = "cy: bye"
  const heard = yield* asyncio.gather({
    ann: guest(port, everybody, { after: "welcome", line: "ann: hello", last }),
    bob: guest(port, everybody, { after: "ann: hello", line: "bob: hi ann", last }),
    cy: guest(port, everybody, { after: "bob: hi ann", line: last, last })
  })

  for (const line of said) yield* Console.log(line)
  for (const [name, lines] of Object.entries(heard)) {
    yield* Console.log(`${name} heard ${lines.slice(1).join(", ")}`)
  }
  yield* asyncio.Task.cancelAndWait(server)
}).pipe(Effect.scoped)

if (import.meta.main) await runMain(main)
