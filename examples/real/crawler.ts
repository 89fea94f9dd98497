/**
 * A polite crawler: three pages at a time, a deadline for each try, two more tries where that may help, and a line that
 * says how far it is. The site is a server of its own, with a page that hangs, one that fails twice and one missing.
 */
import { Console, Data, Effect, Schedule } from "effect"
import * as asyncio from "effect-asyncio"
import { runMain } from "effect-asyncio/node"
import { FetchHttpClient, HttpClient } from "effect/http"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

const { TaskGroup } = asyncio

const links: Readonly<Record<string, ReadonlyArray<string>>> = {
  "/": ["/news", "/flaky", "/about"],
  "/news": ["/", "/hangs", "/about"],
  "/about": ["/missing"],
  "/flaky": ["/news"]
}

class NoServer extends Data.TaggedError("NoServer")<{ readonly cause: unknown }> {}

/** Serves the site for as long as the scope is open; gives its address. */
const site = Effect.map(
  Effect.acquireRelease(
    Effect.tryPromise({
      try: () => {
        let refusals = 2
        const server = createServer(({ url = "/" }, response) => {
          if (url === "/hangs") return
          if (url === "/flaky" && refusals-- > 0) response.writeHead(503).end()
          else if (links[url] === undefined) response.writeHead(404).end()
          else response.end(links[url].map((link) => `<a href="${link}">`).join("\n"))
        })
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

/** Visits every page that can be reached, three at a time; gives what became of each. */
const crawl = Effect.fn("crawl")(function*(origin: string, onProgress: (tally: asyncio.wait.Tally) => void) {
  const client = HttpClient.filterStatusOk(yield* HttpClient.HttpClient)
  const outcomes = new Map<string, string>()
  const found = new Set<string>()

  const load = (path: string) =>
    asyncio.timeout("500 millis", () => Effect.flatMap(client.get(origin + path), (response) => response.text)).pipe(
      Effect.retry({ times: 2, schedule: Schedule.exponential("10 millis"), while: HttpClient.isTransientError })
    )
  const linksOf = (path: string) =>
    load(path).pipe(
      Effect.map((text) => ["ok", Array.from(text.matchAll(/href="([^"]+)"/g), ([, link]) => link!)] as const),
      Effect.catchTag("TimeoutError", () => Effect.succeed(["no answer in time", []] as const)),
      Effect.catchTag(
        "HttpClientError",
        (error) => Effect.succeed([String(error.response?.status ?? error.reason._tag), []] as const)
      )
    )

  const visitAll = (group: asyncio.TaskGroup.TaskGroup) => {
    const visit = Effect.fnUntraced(
      function*(path: string): Effect.fn.Return<void, never, asyncio.EventLoop.EventLoop> {
        if (found.has(path)) return
        found.add(path)
        const work = Effect.flatMap(linksOf(path), ([outcome, links]) => {
          outcomes.set(path, outcome)
          return Effect.forEach(links, visit, { discard: true })
        })
        yield* group.createTask(work, { name: path })
      }
    )
    return visit("/")
  }
  yield* TaskGroup.run(visitAll, { concurrency: 3, onProgress })
  return outcomes
})

/** One line that is written over and over, where there is a terminal. */
const showProgress = ({ pending, succeeded }: asyncio.wait.Tally) => {
  if (process.stderr.isTTY) {
    process.stderr.write(`\r${succeeded} of ${succeeded + pending} pages${pending > 0 ? "" : "\n"}`)
  }
}

export const main = Effect.gen(function*() {
  const outcomes = yield* crawl(yield* site, showProgress)
  for (const [path, outcome] of [...outcomes].toSorted()) yield* Console.log(`${path.padEnd(9)} ${outcome}`)
}).pipe(Effect.scoped, Effect.provide(FetchHttpClient.layer))

if (import.meta.main) await runMain(main)
