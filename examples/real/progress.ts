/**
 * A progress bar over a batch: `onProgress` says how far the gather is, the bar draws it. Where there is no terminal, it
 * draws nothing.
 */
import { SingleBar } from "cli-progress"
import { Console, Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { runMain } from "effect-asyncio/node"

/** A file that takes as long as its name, and one that is not there. */
const download = Effect.fn("download")(function*(file: string) {
  yield* asyncio.sleep(100 * file.length)
  return file === "missing" ? yield* Effect.fail("not found") : file.length
})

/** A bar for as long as the effect runs, however that ends. */
const withBar = <A, E, R>(
  total: number,
  use: (onProgress: (tally: asyncio.wait.Tally) => void) => Effect.Effect<A, E, R>
) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const bar = new SingleBar({ format: "{bar} {value} of {total}, {failed} failed", clearOnComplete: true })
      bar.start(total, 0, { failed: 0 })
      return bar
    }),
    (bar) => use(({ failed, pending }) => bar.update(total - pending, { failed })),
    (bar) => Effect.sync(() => bar.stop())
  )

export const main = Effect.gen(function*() {
  const files = ["a", "bb", "missing", "cccc", "ddddd", "e", "ff", "ggg"]
  yield* Console.log(`${files.length} files to download`)
  const sizes = yield* withBar(
    files.length,
    (onProgress) => asyncio.gather(files.map(download), { concurrency: 3, returnExceptions: true, onProgress })
  )
  const good = sizes.filter((exit) => exit._tag === "Success")
  yield* Console.log(`${good.length} of ${files.length} files`)
})

if (import.meta.main) await runMain(main)
