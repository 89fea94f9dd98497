/** CPython's `test_threads.py`: what `to_thread` runs is a job, here on the executor in this process. */
import { Effect, Schema } from "effect"
import { type EventLoop, gather } from "effect-asyncio"
import { Executor, Job, toThread } from "effect-asyncio/executors"
import { ended, port } from "./support.ts"

class Raised extends Schema.TaggedError<Raised>()("Raised", { message: Schema.String }) {}

const sum = Job.make("sum", { payload: Schema.Array(Schema.Number), success: Schema.Number })
const raise = Job.make("raise", { error: Raised })
const call = Job.make("call", {
  payload: Schema.Struct({ args: Schema.Array(Schema.String), something: Schema.Boolean })
})

/** With an executor that has them; beside what the program gives, what `call` was given. */
const withJobs = <A, E>(program: Effect.Effect<A, E, Executor.DefaultExecutor | EventLoop.EventLoop>) =>
  Effect.suspend(() => {
    const calls: Array<unknown> = []
    const executor = Executor.layerLocal(Job.group("threads", sum, raise, call), {
      sum: (numbers) => Effect.succeed(numbers.reduce((total, n) => total + n, 0)),
      raise: () => Effect.fail(new Raised({ message: "test" })),
      call: (input) => Effect.sync(() => void calls.push(input))
    })
    return Effect.map(Effect.provide(program, executor), (value) => [value, calls])
  })

port("ToThreadTests.test_to_thread", withJobs(toThread(sum, [40, 2])), [42, []])
port("ToThreadTests.test_to_thread_exception", withJobs(ended(toThread(raise, undefined))), ["fail test", []])

const input = { args: ["test"], something: true }

port(
  ["ToThreadTests.test_to_thread_once", "ToThreadTests.test_to_thread_args_kwargs"],
  withJobs(toThread(call, input)),
  [undefined, [input]]
)

port(
  "ToThreadTests.test_to_thread_concurrent",
  withJobs(Effect.map(gather(Array.from({ length: 10 }, () => toThread(call, input))), (values) => values.length)),
  [10, Array.from({ length: 10 }, () => input)]
)
