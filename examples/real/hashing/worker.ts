/** How it is done: the whole of a worker's module. */
import { Effect } from "effect"
import { serve } from "effect-asyncio/executors/node"
import { hash } from "node:crypto"
import { hashing } from "./jobs.ts"

/** How many it tries in one go. */
const step = 20_000

serve(hashing, {
  search: Effect.fnUntraced(function*({ digest, from, to }, { progress }) {
    let found: number | null = null
    for (let start = from; start < to; start += step) {
      const end = Math.min(to, start + step)
      for (let n = start; n < end; n++) if (hash("sha256", String(n)) === digest) found = n
      // Here, and only here, a cancellation gets through.
      yield* progress(end - start)
    }
    return found
  })
})
