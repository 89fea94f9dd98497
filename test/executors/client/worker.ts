// The whole module of a worker.
import { Effect } from "effect"
import { serve } from "effect-asyncio/executors/node"
import { images, Unreadable } from "./jobs.ts"

serve(images, {
  hash: (path) => path === "" ? Effect.fail(new Unreadable({ path })) : Effect.succeed(path.length.toString(16)),
  resize: ({ width }) => Effect.succeed(width * 2)
})
