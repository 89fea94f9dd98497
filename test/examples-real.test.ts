/**
 * The examples of `npm run example NAME`, the very same files. Those with sockets run in real time on 127.0.0.1, the
 * others on the virtual loop; no test looks at how long one took.
 */
import { assert, it } from "@effect/vitest"
import { Console, Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { VirtualLoop } from "effect-asyncio/testing"
import { connect, type Socket } from "node:net"
import { createInterface } from "node:readline"
import { format } from "node:util"
import * as chat from "../examples/real/chat.ts"
import * as crawler from "../examples/real/crawler.ts"
import * as hashing from "../examples/real/hashing.ts"
import * as mirrors from "../examples/real/mirrors.ts"
import * as philosophers from "../examples/real/philosophers.ts"
import * as progress from "../examples/real/progress.ts"
import * as rateLimit from "../examples/real/rate-limit.ts"
import * as workerPool from "../examples/real/worker-pool.ts"
import { execArgv } from "./executors/pools.ts"

/** What an effect prints. */
const linesOf = Effect.fnUntraced(function*<E, R>(effect: Effect.Effect<void, E, R>) {
  const lines: Array<string> = []
  const recorder: Console.Console = Object.assign(Object.create(console), {
    log: (...values: ReadonlyArray<unknown>) => {
      lines.push(...format(...values).replace(/ created at [^\s>]+/g, "").split("\n"))
    }
  })
  yield* Effect.provideService(effect, Console.Console, recorder)
  return lines
})

const live = <E>(
  name: string,
  main: Effect.Effect<void, E, asyncio.EventLoop.EventLoop>,
  lines: ReadonlyArray<string>
) =>
  it.live(
    name,
    () => Effect.map(asyncio.EventLoop.provide(linesOf(main)), (printed) => assert.deepStrictEqual(printed, lines))
  )

live("crawler: a page that hangs, one that fails twice, one missing", crawler.main, [
  "/         ok",
  "/about    ok",
  "/flaky    ok",
  "/hangs    no answer in time",
  "/missing  404",
  "/news     ok"
])

live("mirrors: the first good answer wins, the rest is cancelled", mirrors.main, [
  "broken failed",
  "near answered: the file",
  "far cancelled: true"
])

live("chat: everybody hears everything", chat.main, [
  "ann: hello",
  "bob: hi ann",
  "cy: bye",
  "ann heard ann: hello, bob: hi ann, cy: bye",
  "bob heard ann: hello, bob: hi ann, cy: bye",
  "cy heard ann: hello, bob: hi ann, cy: bye"
])

it.live(
  "chat: a guest who does not read is hung up on, and holds up nobody",
  () =>
    asyncio.EventLoop.provide(Effect.scoped(Effect.gen(function*() {
      const { connections, port } = yield* chat.listen()
      const served = yield* asyncio.Queue.make<Socket>()
      yield* asyncio.createTask(chat.serve(served, [], "2 seconds"), { name: "server" })
      const open = Effect.acquireRelease(
        Effect.sync(() => connect(port, "127.0.0.1")),
        (socket) => Effect.sync(() => socket.destroy())
      )

      yield* open // of a socket that nobody reads
      const idler = yield* asyncio.Queue.get(connections)
      const talker = yield* open
      const gone = yield* asyncio.createTask(
        Effect.callback<void>((resume) => void idler.once("close", () => resume(Effect.void)))
      )
      for (const socket of [idler, yield* asyncio.Queue.get(connections)]) yield* asyncio.Queue.put(served, socket)
      const lines = createInterface({ input: talker })[Symbol.asyncIterator]()
      const heard = Effect.promise(() => lines.next())
      assert.strictEqual((yield* heard).value, "welcome")
      const line = "x".repeat(2_000_000) // more than the system buffers
      for (let i = 0; i < 10; i++) {
        talker.write(`${line}\n`)
        assert.strictEqual((yield* heard).value, line)
      }
      yield* gone
      talker.write("still here?\n")
      assert.strictEqual((yield* heard).value, "still here?")
    }))),
  30_000
)

it.live("rate-limit: three at once, five a second", () =>
  Effect.map(VirtualLoop.run(linesOf(rateLimit.main)), (lines) =>
    assert.deepStrictEqual(lines, [
      "0.05 s  Oslo: 14 degrees",
      "0.05 s  Rome: 14 degrees",
      "0.10 s  Paris: 15 degrees",
      "0.10 s  Lima: 14 degrees",
      "0.15 s  Kyoto: 15 degrees",
      "1.11 s  Cairo: 15 degrees",
      "1.11 s  Delhi: 15 degrees",
      "1.11 s  Quito: 15 degrees",
      "1.21 s  Accra: 15 degrees",
      "1.21 s  Turin: 15 degrees",
      "2.07 s  Graz: 14 degrees",
      "2.17 s  Bergen: 16 degrees"
    ])))

it.live("philosophers: a deadlock that names its circle, and its repair", () =>
  Effect.map(linesOf(philosophers.main), (lines) =>
    assert.deepStrictEqual(lines, [
      "nothing is ready, nothing is scheduled, and these tasks are not done:",
      "  <Task pending name='Task-1' waiting for task 'Arendt'>",
      "  <Task pending name='Arendt' waiting for a Lock held by task 'Bacon'>",
      "  <Task pending name='Bacon' waiting for a Lock held by task 'Camus'>",
      "  <Task pending name='Camus' waiting for a Lock held by task 'Descartes'>",
      "  <Task pending name='Descartes' waiting for a Lock held by task 'Epicurus'>",
      "  <Task pending name='Epicurus' waiting for a Lock held by task 'Arendt'>",
      "these wait for each other in a circle: " +
      "'Arendt' -> 'Bacon' -> 'Camus' -> 'Descartes' -> 'Epicurus' -> 'Arendt'",
      "Descartes eats at 1 s",
      "Camus eats at 61 s",
      "Bacon eats at 121 s",
      "Arendt eats at 181 s",
      "Epicurus eats at 242 s",
      "all have eaten at 302 s"
    ])))

it.live("progress: a batch, silent where there is no terminal", () =>
  Effect.map(
    VirtualLoop.run(linesOf(progress.main)),
    (lines) => assert.deepStrictEqual(lines, ["8 files to download", "7 of 8 files"])
  ))

it.live("worker-pool: what is in the queue is still done", () =>
  Effect.map(
    VirtualLoop.run(linesOf(workerPool.workUntil(asyncio.sleep("1 second")))),
    (lines) =>
      assert.deepStrictEqual(lines, [
        "working, Ctrl-C ends it",
        "shutting down",
        "the producer has stopped",
        "154 of 154 jobs are done"
      ])
  ))

it.live("hashing: the number is found on one thread, and on several", () =>
  Effect.map(
    asyncio.EventLoop.provide(linesOf(hashing.searchAll(10_000, { size: 2, execArgv }))),
    (lines) =>
      assert.deepStrictEqual(lines.map((line) => line.replace(/\d+\.\d+/g, "N")), [
        "found 9999, on one thread in N s",
        "on 2 in N s, N times as fast"
      ])
  ))
