// The jobs: both sides import these, only the worker imports the handlers.
import { Schema } from "effect"
import { Job } from "effect-asyncio/executors"

export class Unreadable extends Schema.TaggedError<Unreadable>()("Unreadable", { path: Schema.String }) {}
export const hash = Job.make("hash", { payload: Schema.String, success: Schema.String, error: Unreadable })
export const resize = Job.make("resize", {
  payload: Schema.Struct({ path: Schema.String, width: Schema.Number }),
  success: Schema.Number
})
export const images = Job.group("images", hash, resize)
