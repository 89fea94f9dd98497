/** The worker of client.ts. */
import { Effect } from "effect"
import { serve } from "effect-asyncio/executors/node"
import { jobs } from "./client.ts"

serve(jobs, {
  report: ({ month }) => Effect.succeed(Number(month.slice(5))),
  mail: () => Effect.void
})
