/**
 * The fastest of several mirrors: all are asked, the first good answer is taken, the others are cancelled, which closes
 * their connections. A mirror that fails at once does not win.
 */
import { Console, Data, Effect, Exit } from "effect"
import * as asyncio from "effect-asyncio"
import { runMain } from "effect-asyncio/node"
import { FetchHttpClient, HttpClient } from "effect/http"
import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"

const { Task } = asyncio

class NoServer extends Data.TaggedError("NoServer")<{ readonly cause: unknown }> {}

/** A server for as long as the scope is open; gives its address. */
const serve = (listener: RequestListener) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.tryPromise({
        try: () => {
          const server = createServer(listener)
          return new Promise<typeof server>((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)))
        },
        catch: (cause) => new NoServer({ cause })
      }),
      (server) =>
        Effect.sync(() => {
          server.close()
          server.closeAllConnections()
        })
    ),
    (server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  )

export const main = Effect.gen(function*() {
  const mirrors = yield* asyncio.gather({
    "broken": serve((_, response) => response.writeHead(500).end()),
    "near": serve((_, response) => setTimeout(() => response.end("the file"), 200)),
    "far": serve(() => {})
  })
  const client = HttpClient.filterStatusOk(yield* HttpClient.HttpClient)
  const download = (url: string) => Effect.flatMap(client.get(url), (response) => response.text)

  const tasks = yield* Effect.forEach(
    Object.entries(mirrors),
    ([name, url]) => asyncio.createTask(download(url), { name })
  )
  const { done, pending } = yield* asyncio.wait(tasks, {
    returnWhen: ({ succeeded }) => succeeded > 0,
    timeout: "5 seconds"
  })
  yield* Task.cancelAndWait(pending)

  for (const task of done) {
    const outcome = Exit.match(yield* Task.await(task), {
      onSuccess: (text) => `answered: ${text}`,
      onFailure: () => "failed"
    })
    yield* Console.log(`${task.name} ${outcome}`)
  }
  for (const task of pending) yield* Console.log(`${task.name} cancelled: ${Task.cancelled(task)}`)
}).pipe(Effect.scoped, Effect.provide(FetchHttpClient.layer))

if (import.meta.main) await runMain(main)
