/** Jobs that treat their workers badly. They load little of Effect, as many workers start for them. */
import { Job } from "effect-asyncio/executors"
import * as Schema from "effect/Schema"
import * as Transferable from "effect/workers/Transferable"

/** Which worker it is, and how many jobs it has had. */
export const who = Job.make("who", { success: Schema.Struct({ worker: Schema.Number, jobs: Schema.Number }) })
/** Waits for ever, and for as many milliseconds when it is cancelled. */
export const hang = Job.make("hang", { payload: Schema.Number, progress: Schema.Void })
/** Computes for ever. */
export const spin = Job.make("spin", { progress: Schema.Void })
/** Ends its worker, in the first `attempts` attempts. */
export const crash = Job.make("crash", {
  payload: Schema.Struct({ how: Schema.Literals(["exit", "throw", "kill"]), attempts: Schema.Number }),
  success: Schema.Number
})
/** Ends, and has its worker throw afterwards. */
export const explode = Job.make("explode")
/** Takes all the memory there is. */
export const fill = Job.make("fill")
/** Adds one to each byte. */
export const add = Job.make("add", { payload: Transferable.Uint8Array, success: Transferable.Uint8Array })
/** Ends its worker in the first attempt, and says how many bytes the next one has. */
export const weigh = Job.make("weigh", { payload: Transferable.Uint8Array, success: Schema.Number })
/** Logs; leaves a failed task that nobody looks at, and the worker's output as it is. */
export const talk = Job.make("talk")

export const rough = Job.group("rough", who, hang, spin, crash, explode, fill, add, weigh, talk)
