/** A worker that calls `serve` for each of its jobs. */
import { serve } from "effect-asyncio/executors/node"
import { rough } from "./jobs.ts"

serve(rough, {} as never)
serve(rough, {} as never)
