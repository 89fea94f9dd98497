import * as Effect from "effect/Effect"
import { asyncio, effect, library, tick, times, type Workload } from "../workload.ts"

const limit = 10
const job = async () => await tick

export const workload: Workload = {
  title: "gather with concurrency 10, jobs with one `sleep(0)`",
  measure: "wall",
  reach: { below: "p-map" },
  variants: {
    "effect-asyncio": asyncio((asyncio, n) => asyncio.gather(times(n, () => asyncio.sleep(0)), { concurrency: limit })),
    effect: effect((n) => Effect.all(times(n, () => Effect.yieldNow), { concurrency: limit })),
    "p-limit": library(() => import("p-limit"), ({ default: pLimit }, n) => {
      const limited = pLimit(limit)
      return Promise.all(times(n, () => limited(job)))
    }),
    "p-map": library(
      () => import("p-map"),
      ({ default: pMap }, n) => pMap(times(n, (i) => i), job, { concurrency: limit })
    ),
    "p-queue": library(
      () => import("p-queue"),
      ({ default: PQueue }, n) => new PQueue({ concurrency: limit }).addAll(times(n, () => job))
    )
  }
}
