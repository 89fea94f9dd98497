/** A worker that has none of its group's handlers, as untyped code may have it. */
import { serve } from "effect-asyncio/executors/node"
import { rough } from "./jobs.ts"

serve(rough, {} as never)
