/** The jobs of bench/executors.ts, as ours and as Effect's rpc. */
import { Schema } from "effect"
import { Rpc, RpcGroup } from "effect/rpc"
import { Job } from "../../src/executors/index.ts"

export const echo = Job.make("echo", { payload: Schema.Number, success: Schema.Number })
export const fib = Job.make("fib", { payload: Schema.Number, success: Schema.Number })
export const hang = Job.make("hang", { progress: Schema.Void })
export const jobs = Job.group("bench", echo, fib, hang)

export const rpcs = RpcGroup.make(
  Rpc.make("echo", { payload: Schema.Number, success: Schema.Number }),
  Rpc.make("fib", { payload: Schema.Number, success: Schema.Number })
)
