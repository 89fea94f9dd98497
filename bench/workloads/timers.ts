import * as Effect from "effect/Effect"
import { setTimeout } from "node:timers/promises"
import { asyncio, effect, effection, promises, scattered, type Workload } from "../workload.ts"

/** Milliseconds from 1 to 101, all distinct, out of order. */
const delays = (n: number): Array<number> => scattered(n).map((i) => 1 + i * 100 / n)

export const workload: Workload = {
  title: "n tasks on distinct timers, within 100 ms, CPU",
  measure: "cpu",
  reach: { ratio: 1.2 },
  variants: {
    "effect-asyncio": asyncio((asyncio, n) => asyncio.gather(delays(n).map((delay) => asyncio.sleep(delay)))),
    effect: effect((n) => Effect.all(delays(n).map((delay) => Effect.sleep(delay)), { concurrency: "unbounded" })),
    promises: promises((n) => Promise.all(delays(n).map((delay) => setTimeout(delay)))),
    effection: effection(({ all, sleep }, n) => all(delays(n).map((delay) => sleep(delay))))
  }
}
