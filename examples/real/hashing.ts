/**
 * Hashing on all processors, with a `ThreadPool`: which number has this SHA-256? All ranges are searched on one thread, then on
 * all of them at once. On a terminal a line shows how far it is; Ctrl-C cancels the jobs, which hear of it between two reports.
 */
import { Console, Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { map } from "effect-asyncio/executors"
import { type Options, ThreadPool } from "effect-asyncio/executors/node"
import { runMain } from "effect-asyncio/node"
import { hash } from "node:crypto"
import { availableParallelism } from "node:os"
import { hashing, search } from "./hashing/jobs.ts"

/** Draws over the line before; nothing where nobody sees it. */
const show = (text: string) => Effect.sync(() => process.stdout.isTTY && process.stdout.write(`\r\x1b[K${text}`))

const program = Effect.fn("searchAll")(function*(count: number, size: number) {
  const digest = hash("sha256", String(count - 1))
  const width = Math.ceil(count / (size * 4))
  const ranges = Array.from({ length: size * 4 }, (_, i) => ({ digest, from: i * width, to: (i + 1) * width }))

  const searching = Effect.fnUntraced(function*(concurrency: number) {
    let tried = 0
    const started = yield* asyncio.EventLoop.time
    const found = yield* map(search, ranges, {
      concurrency,
      onProgress: (more) => show(`${Math.floor((tried += more) / count * 100)} %`)
    })
    yield* show("")
    return [found.find((number) => number !== null), (yield* asyncio.EventLoop.time) - started] as const
  })

  // The threads come up.
  yield* map(search, ranges.map((range) => ({ ...range, to: range.from })), { concurrency: size })
  const [number, alone] = yield* searching(1)
  yield* Console.log(`found ${number}, on one thread in ${alone.toFixed(2)} s`)
  const [, together] = yield* searching(size)
  yield* Console.log(`on ${size} in ${together.toFixed(2)} s, ${(alone / together).toFixed(1)} times as fast`)
})

export const searchAll = (count: number, options?: Options) =>
  Effect.provide(
    program(count, options?.size ?? availableParallelism()),
    ThreadPool.layer(hashing, new URL("./hashing/worker.ts", import.meta.url), options)
  )

if (import.meta.main) await runMain(searchAll(2_000_000))
