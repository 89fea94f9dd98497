/** A worker of ours. */
import { Effect } from "effect"
import { serve } from "../../src/executors/node/index.ts"
import { jobs } from "./jobs.ts"
import { fib } from "./work.js"

serve(jobs, {
  echo: Effect.succeed,
  fib: (n) => Effect.sync(() => fib(n)),
  hang: (_, { progress }) => Effect.andThen(progress(), Effect.never)
})
