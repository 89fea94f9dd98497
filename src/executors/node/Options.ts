/** The options of both kinds of pools. */
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { availableParallelism } from "node:os"
import * as check from "../../internal/host/check.ts"
import { timeInWords } from "../../internal/host/words.ts"
import type { Executor } from "../Executor.ts"
import type * as Job from "../Job.ts"
import { jobsOf } from "../parts/JobImpl.ts"
import { JobPlaces } from "../parts/JobPlaces.ts"
import { makeScoped } from "../parts/makeExecutor.ts"
import type { Launch } from "./hosts.ts"
import { Pool } from "./Pool.ts"

/**
 * Options of a pool.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  /**
   * How many workers there may be. Default: one for each processor this process may use, `os.availableParallelism()`.
   */
  readonly size?: number | undefined
  /**
   * How many jobs a worker runs at a time, for jobs that wait more than they compute. Above 1, a worker that has to be
   * terminated takes its other jobs with it, as `WorkerLost`. Default: 1.
   */
  readonly concurrency?: number | undefined
  /**
   * How long a cancelled job may take to end, before its worker is terminated and replaced; and how long closing takes
   * at most. Default: 1 second.
   */
  readonly grace?: Duration.Input | undefined
  /** After how many jobs a worker is replaced by a fresh one, against leaks. Default: never. */
  readonly maxJobsPerWorker?: number | undefined
  /** What a worker may use. Beyond it the worker dies, its jobs fail with `WorkerLost`, and the program goes on. */
  readonly resourceLimits?: {
    /** The heap of long-lived objects, in MiB; buffers do not count. Default: Node's own. */
    readonly maxOldGenerationSizeMb?: number | undefined
  } | undefined
  /** Node's flags for the workers. Default: those of this process, its conditions and loaders included. */
  readonly execArgv?: ReadonlyArray<string> | undefined
}

const checkLimits = check.options<NonNullable<Options["resourceLimits"]>>({ maxOldGenerationSizeMb: check.count(1) })

const checkOptions = check.options<Options>({
  size: check.count(1),
  concurrency: check.count(1),
  grace: check.duration,
  maxJobsPerWorker: check.count(1),
  resourceLimits: (call, what, value) => checkLimits(call, value, what),
  execArgv: check.kind(
    (value) => Array.isArray(value) && value.every((flag) => typeof flag === "string"),
    "an array of Node's flags"
  )
})

const fileUrl = check.kind(
  (value) => value instanceof URL && value.protocol === "file:",
  "the URL of a file, as new URL(\"./worker.ts\", import.meta.url) is"
)

/** An executor of the pool, which closes with the scope. */
export const makePool = <J extends Job.Any>(
  name: string,
  noun: string,
  launch: Launch,
  jobs: Job.Jobs<J>,
  module: URL,
  options: Options = {}
): Effect.Effect<Executor<J>, never, Scope.Scope> =>
  Effect.contextWith((context: Context.Context<Scope.Scope>) => {
    const call = `${name}.make`
    const known = jobsOf(call, jobs)
    fileUrl(call, "the worker", module)
    checkOptions(call, options)
    const { concurrency = 1, execArgv, maxJobsPerWorker = Infinity, resourceLimits } = options
    const { size = availableParallelism() } = options
    const graceGiven = Math.max(0, check.nanos(call, options.grace ?? "1 second") / 1e6)
    const settings = {
      name,
      noun,
      module,
      size,
      concurrency,
      execArgv,
      // A longer timer would fire at once.
      grace: graceGiven < 2 ** 31 ? graceGiven : Infinity,
      graceInWords: timeInWords(graceGiven),
      maxJobsPerWorker,
      heapLimit: resourceLimits?.maxOldGenerationSizeMb
    }
    const { close, run } = new Pool(launch, settings, context as Context.Context<never>)
    const places = new JobPlaces(size * concurrency, known.name)
    return makeScoped<J>({ jobs: known, name: known.name, places, run }, close)
  })
