import type { Variant, Workload } from "../workload.ts"

/** The worker measures how long it takes to load; there is nothing to run. */
const loading = (load: () => Promise<unknown>): Variant => async () => {
  await load()
  return () => Promise.resolve()
}

export const workload: Workload = {
  title: "import, in a fresh process",
  measure: "import",
  reach: { above: 15 },
  sizes: [1],
  variants: {
    "effect-asyncio": loading(() => import(process.env["BENCH_LIBRARY"]!)),
    effect: loading(() => import("effect/Effect")),
    "effect, all of it": loading(() => import("effect")),
    effection: loading(() => import("effection")),
    "p-queue": loading(() => import("p-queue"))
  }
}
