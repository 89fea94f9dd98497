/** What is to be done: both sides import it. */
import { Schema } from "effect"
import { Job } from "effect-asyncio/executors"

/** Looks for the number in a range whose SHA-256 is the digest; reports how many it has tried. */
export const search = Job.make("search", {
  payload: Schema.Struct({ digest: Schema.String, from: Schema.Number, to: Schema.Number }),
  success: Schema.NullOr(Schema.Number),
  progress: Schema.Number
})

export const hashing = Job.group("hashing", search)
