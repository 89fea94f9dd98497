/** A thread of a runner: what the jobs do. */
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { serve } from "effect-asyncio/executors/node"
import { rendering } from "./jobs.ts"

serve(rendering, {
  render: Effect.fn("render")(function*({ millis, scene }, { progress }) {
    for (let percent = 10; percent <= 100; percent += 10) {
      yield* asyncio.sleep(millis / 10)
      yield* progress({ scene, percent })
    }
    return `${scene}.png`
  })
})
