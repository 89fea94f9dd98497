/**
 * `map`: runs a job for each input, so many at a time, and gives the results in the inputs' order.
 *
 * There are as many lanes as jobs may run at once. Each is a task that runs one job after another, and then pulls the
 * next input. So an endless or expensive iterable is read no further than needed, and a job needs no separate task.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type { EventLoop } from "../EventLoop.ts"
import { gather } from "../gather.ts"
import * as check from "../internal/host/check.ts"
import { atomically } from "../internal/host/withoutYield.ts"
import { creationSite } from "../internal/loop/creationSite.ts"
import { concurrency, limitOf } from "../internal/parts/Limiter.ts"
import { createTask } from "../internal/task/createTask.ts"
import type { Failure } from "./errors.ts"
import type { DefaultExecutor } from "./Executor.ts"
import type * as Job from "./Job.ts"
import { nextId } from "./parts/ids.ts"
import { type AnyJob, jobOf } from "./parts/JobImpl.ts"
import { type AnyExecutor, attempts, checkJob, defaultExecutor, type Submission } from "./parts/submission.ts"
import type { ReportsNothing } from "./submit.ts"

/**
 * Options of `map`.
 *
 * @category models
 * @since 0.2.0
 */
export interface MapOptions<P = never, E = never, R = never> {
  /** How many are submitted at a time; inputs are pulled when there is room. Default: all of them at once. */
  readonly concurrency?: number | "unbounded" | undefined
  /** For each job: see `SubmitOptions`. Default: 0. */
  readonly retries?: number | undefined
  /** Takes what the jobs report, with the index of the input: see `SubmitOptions`. */
  readonly onProgress?:
    | ([P] extends [never] ? ReportsNothing : (value: P, index: number) => Effect.Effect<unknown, E, R>)
    | undefined
}

/**
 * Runs a job for each input on the default executor, and gives the results in the order of the inputs.
 *
 * **Details**
 *
 * With `concurrency` no more of its jobs than that are at the executor, waiting or running, and the iterable is read no
 * further: it may be a generator without an end in sight, or one that holds something open, which is closed at the end.
 *
 * The first failure cancels the rest, and comes out once all have ended. The same goes for being cancelled. When
 * several jobs end together, another one may have begun by then.
 *
 * In Python `executor.map(f, xs, buffersize=n)`.
 *
 * **Gotchas**
 *
 * All results are kept. For inputs without an end use `asCompleted`, or a `Stream` and `Stream.mapEffect` with
 * `toThread`.
 *
 * **Example** (Ten jobs of an hour, two at a time)
 *
 * ```ts import.meta.vitest
 * import { Effect, Schema } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { Executor, Job, map } from "effect-asyncio/executors"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const square = Job.make("square", { payload: Schema.Number, success: Schema.Number })
 * const layer = Executor.layerLocal(Job.group("numbers", square), { square: (n) => asyncio.sleep("1 hour", n * n) })
 *
 * const main = Effect.gen(function*() {
 *   const squares = yield* map(square, Array(10).keys(), { concurrency: 2 })
 *   return [squares.join(" "), yield* asyncio.EventLoop.time]
 * })
 *
 * await Effect.runPromise(VirtualLoop.run(Effect.provide(main, layer))) // => ["0 1 4 9 16 25 36 49 64 81", 18000]
 * ```
 *
 * @category verbs
 * @since 0.2.0
 */
export const map = <J extends Job.Any, E = never, R = never>(
  job: J,
  inputs: Iterable<Job.Input<J>>,
  options?: MapOptions<Job.Progress<J>, E, R>
): Effect.Effect<Array<Job.Success<J>>, Job.Error<J> | Failure | E, R | DefaultExecutor | EventLoop> => {
  const site = creationSite(map)
  return atomically((fiber) => {
    const impl = jobOf("map", job)
    checkOptions("map", options)
    const executor = defaultExecutor("map", fiber)
    checkJob("map", executor, { job: impl, onProgress: options?.onProgress as Submission["onProgress"] })
    const mapping = new Mapping(executor, impl, inputs, options as MapOptions<unknown, unknown, unknown>)
    const lanes = mapping.lanes().map((lane) =>
      createTask("map", fiber, lane as Effect.Effect<void>, { name: impl.name }, site)
    )
    return Effect.onExitPrimitive(
      Effect.map(gather(lanes, { cancelOnError: true }), () => mapping.results as Array<Job.Success<J>>),
      mapping.close
    )
  })
}

const checkOptions = check.options<MapOptions>({ concurrency, retries: check.count(0), onProgress: check.callback })

class Mapping {
  // INVARIANT: the results so far, each at the place of its input.
  readonly results: Array<unknown> = []
  private readonly executor: AnyExecutor
  private readonly job: AnyJob
  private readonly iterator: Iterator<unknown>
  private readonly options: MapOptions<unknown, unknown, unknown>
  /** The place of the next input. */
  private place = 0
  private isDone = false

  constructor(
    executor: AnyExecutor,
    job: AnyJob,
    inputs: Iterable<unknown>,
    options: MapOptions<unknown, unknown, unknown> = {}
  ) {
    isIterable("map", "the inputs", inputs)
    this.executor = executor
    this.job = job
    this.iterator = inputs[Symbol.iterator]()
    this.options = options
  }

  /** As many as may run at once, each with its first input. */
  lanes(): ReadonlyArray<Effect.Effect<void, unknown, EventLoop>> {
    const limit = limitOf(this.options.concurrency)
    const lanes: Array<Effect.Effect<void, unknown, EventLoop>> = []
    while (lanes.length < limit) {
      const next = this.pull()
      if (next === undefined) break
      lanes.push(this.lane(next))
    }
    return lanes
  }

  /** Runs one, then the next that no lane has taken. */
  private lane(first: Pulled): Effect.Effect<void, unknown, EventLoop> {
    let next: Pulled | undefined = first
    return Effect.whileLoop({
      while: () => next !== undefined,
      body: () => this.run(next!),
      step: (result) => {
        this.results[next!.place] = result
        next = this.pull()
      }
    })
  }

  private run({ input, place }: Pulled): Effect.Effect<unknown, unknown, EventLoop> {
    const { job } = this
    const { onProgress, retries = 0 } = this.options
    const report = onProgress === undefined ? undefined : (value: unknown) => onProgress(value, place)
    return attempts("map", this.executor, { id: nextId(), job, input, onProgress: report, retries } as Submission)
  }

  private pull(): Pulled | undefined {
    if (this.isDone) return undefined
    this.isDone = true // one that throws is done
    const { done, value } = this.iterator.next()
    if (done === true) return undefined
    this.isDone = false
    return { input: value, place: this.place++ }
  }

  /** Closes what the iterable has open, as the end of a `for … of` does. */
  readonly close = (): undefined => {
    if (!this.isDone) this.iterator.return?.()
    this.isDone = true
  }
}

interface Pulled {
  readonly input: unknown
  readonly place: number
}

/** A single text is iterable, too, letter by letter; so is an Effect, for `yield*`. */
const isIterable = check.kind(
  (value) => Predicate.isObjectKeyword(value) && Symbol.iterator in value && !Effect.isEffect(value),
  "an iterable of inputs"
)
