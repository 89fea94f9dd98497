/**
 * Random submissions, cancelled at random, on any executor: each task ends as its job can, cancelled only if somebody asked,
 * and the executor is as good as new afterwards.
 */
import { Cause, Effect, Exit, Metric } from "effect"
import * as asyncio from "effect-asyncio"
import { type Executor, map, submit, toThread } from "effect-asyncio/executors"
import { Random } from "../fuzz/random.ts"
import { broken, half, Odd, park, parkLong, quit, steps, write } from "./jobs.ts"

type Task = asyncio.Task.Task<unknown, unknown>

/** How a job may end; `undefined`: only cancelled. */
interface Submitted {
  readonly task: Task
  readonly ending: Exit.Exit<unknown, unknown> | undefined
  readonly what: string
}

const bug = "a bug"

const submitOne = Effect.fnUntraced(function*(random: Random) {
  const n = random.below(9)
  const kind = random.weighted([
    [4, "half"],
    [3, "steps"],
    [3, "park"],
    [2, "parkLong"],
    [2, "write"],
    [1, "map"],
    [1, "broken"],
    [1, "quit"],
    [1, "refused report"]
  ])
  const slowly = random.chance(0.5)
  const onProgress = () => slowly ? asyncio.sleep(0) : Effect.void
  const made = (task: Task, ending: Submitted["ending"]): Submitted => ({ task, ending, what: `${kind}(${n})` })
  switch (kind) {
    case "half":
      return made(yield* submit(half, n), n % 2 === 0 ? Exit.succeed(n / 2) : Exit.fail(new Odd({ n })))
    case "steps":
      return made(
        yield* submit(steps, n, { onProgress }),
        Exit.succeed(Array.from({ length: n }, (_, i) => i + 1))
      )
    case "park":
      return made(yield* submit(park, "a"), undefined)
    case "parkLong":
      return made(yield* submit(parkLong, "a", { onProgress }), undefined)
    case "write":
      return made(yield* submit(write, "a", { retries: 1 }), Exit.void)
    case "map": {
      const inputs = Array.from({ length: n }, (_, i) => 2 * i)
      const task = yield* asyncio.createTask(map(half, inputs, { concurrency: 1 + random.below(3) }))
      return made(task, Exit.succeed(inputs.map((input) => input / 2)))
    }
    case "broken":
      return made(yield* submit(broken, bug), Exit.die(new TypeError(bug)))
    case "quit":
      return made(yield* submit(quit, undefined), Exit.interrupt())
    default:
      return made(yield* submit(steps, n + 1, { onProgress: () => Effect.die(new TypeError(bug)) }), Exit.die(bug))
  }
})

const told = (exit: Exit.Exit<unknown, unknown> | undefined): string => {
  if (exit === undefined || Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)) return "cancelled"
  if (Exit.isSuccess(exit)) return JSON.stringify(exit.value) ?? "nothing"
  return String((Cause.squash(exit.cause) as Error).message ?? Cause.squash(exit.cause))
}

/** What was not as it should be. */
export const fuzz = (
  seed: number
): Effect.Effect<ReadonlyArray<string>, unknown, Executor.DefaultExecutor | asyncio.EventLoop.EventLoop> =>
  Effect.gen(function*() {
    const random = new Random(seed)
    const all: Array<Submitted> = []
    const asked = new Set<Task>()
    for (let step = 0; step < 40; step++) {
      if (all.length === 0 || random.chance(0.6)) all.push(yield* submitOne(random))
      else if (random.chance(0.5)) {
        const { task } = random.pick(all)
        if (yield* asyncio.Task.cancel(task)) asked.add(task)
      }
      for (let ticks = random.below(4); ticks > 0; ticks--) yield* asyncio.sleep(0)
    }
    // What never ends by itself keeps the others waiting.
    for (const { ending, task } of all) {
      if (ending === undefined && (yield* asyncio.Task.cancel(task))) asked.add(task)
    }
    const faults: Array<string> = []
    for (const { ending, task, what } of all) {
      const [is, may] = [told(yield* asyncio.Task.await(task)), told(ending)]
      if (is !== may && !(is === "cancelled" && asked.has(task))) faults.push(`${what}: ${is}, expected ${may}`)
    }
    if ((yield* toThread(half, 4)) !== 2) faults.push("the executor is of no use afterwards")
    for (const { attributes, id, state } of yield* Metric.snapshot) {
      if (/^asyncio_jobs_(waiting|in_flight)$/.test(id) && "value" in state && state.value !== 0) {
        faults.push(`${id} of ${attributes?.["job"]} is ${state.value}`)
      }
    }
    return faults
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
