/** A worker that has the jobs of jobs.ts. */
import { Effect } from "effect"
import { serve } from "effect-asyncio/executors/node"
import { Book, handlers } from "./handlers.ts"
import { all } from "./jobs.ts"

// A worker does jobs of several laws: who reads the book gets what was written since it was read.
serve(all, { ...handlers, book: () => Effect.map(Book, (book) => book.splice(0)) }, Book.layer)
