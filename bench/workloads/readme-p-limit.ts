import * as Effect from "effect/Effect"
import { asyncio, effect, library, tick, times, type Workload } from "../workload.ts"

const fetchSomething = async () => await tick

export const workload: Workload = {
  title: "p-limit's README: n jobs, one at a time",
  measure: "wall",
  python: false,
  variants: {
    "effect-asyncio": asyncio((asyncio, n) => asyncio.gather(times(n, () => asyncio.sleep(0)), { concurrency: 1 })),
    effect: effect((n) => Effect.all(times(n, () => Effect.yieldNow), { concurrency: 1 })),
    "p-limit": library(() => import("p-limit"), ({ default: pLimit }, n) => {
      const limit = pLimit(1)
      const input = times(n, () => limit(() => fetchSomething()))
      return Promise.all(input)
    })
  }
}
