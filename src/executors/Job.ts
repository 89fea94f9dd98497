/**
 * Jobs: what an executor runs. A job is a definition, a name with schemas, which both sides import; only the worker imports
 * what the job does. So it can run where no closure can go: on another thread, in another process, on another machine.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type { EventLoop } from "../EventLoop.ts"
import { JobImpl, JobsImpl } from "./parts/JobImpl.ts"

/**
 * A job: takes `I`, gives `A`, may fail with `E`, and may report `P` while it runs.
 *
 * **Details**
 *
 * In asyncio the function that `to_thread` and `run_in_executor` take.
 *
 * @category models
 * @since 0.2.0
 */
export interface Job<out Name extends string, in I, out A, out E = never, out P = never> {
  readonly "~effect-asyncio/Job": {
    readonly _I: (_: I) => void
    readonly _A: (_: never) => A
    readonly _E: (_: never) => E
    readonly _P: (_: never) => P
  }
  /** What handlers, metrics and snapshots call it. */
  readonly name: Name
  /** `<Job name='resize'>`. */
  toString(): string
}

/**
 * Any job.
 *
 * @category models
 * @since 0.2.0
 */
export type Any = Job<string, never, unknown, unknown, unknown>

/**
 * What a job takes.
 *
 * @category models
 * @since 0.2.0
 */
export type Input<J> = J extends Job<string, infer I, unknown, unknown, unknown> ? I : never

/**
 * What a job gives.
 *
 * @category models
 * @since 0.2.0
 */
export type Success<J> = J extends Job<string, never, infer A, unknown, unknown> ? A : never

/**
 * What a job may fail with.
 *
 * @category models
 * @since 0.2.0
 */
export type Error<J> = J extends Job<string, never, unknown, infer E, unknown> ? E : never

/**
 * What a job reports while it runs.
 *
 * @category models
 * @since 0.2.0
 */
export type Progress<J> = J extends Job<string, never, unknown, unknown, infer P> ? P : never

/**
 * A schema that needs no services: values are decoded where none are provided.
 *
 * @category models
 * @since 0.2.0
 */
export type Plain = Schema.Codec<unknown, unknown, never, never>

/**
 * The schemas of a job.
 *
 * @category models
 * @since 0.2.0
 */
export interface Schemas<I extends Plain, A extends Plain, E extends Plain, P extends Plain> {
  /** What it takes. Default: nothing, `undefined`. */
  readonly payload?: I | undefined
  /** What it gives. Default: nothing. */
  readonly success?: A | undefined
  /** What it may fail with. Default: it can't fail. */
  readonly error?: E | undefined
  /** What it reports while it runs. Default: it reports nothing. */
  readonly progress?: P | undefined
}

/**
 * Defines a job: its name, and the schemas of what it takes, gives, fails with and reports.
 *
 * **When to use**
 *
 * At the top of a module that both sides import, the submitter and the workers. What the job does goes elsewhere, into the
 * handlers, which only the workers import.
 *
 * **Details**
 *
 * Values cross as JSON, by the schemas' own codecs: dates, bytes, sets and classes arrive as what they were. Bytes become
 * base64; those of a `Transferable.Uint8Array` of `effect/workers` move to a thread instead, which leaves the caller's empty.
 * `Schema.Unknown` takes what is JSON already, and nothing else. No closure crosses: what a job needs is in its payload, or is
 * a service of the worker's.
 *
 * Python pickles the function and its arguments.
 *
 * **Example** (A job, and what does it)
 *
 * ```ts import.meta.vitest
 * import { Effect, Schema } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { Executor, Job, toThread } from "effect-asyncio/executors"
 *
 * class Unreadable extends Schema.TaggedError<Unreadable>()("Unreadable", { path: Schema.String }) {}
 *
 * const size = Job.make("size", { payload: Schema.String, success: Schema.Number, error: Unreadable })
 * const jobs = Job.group("files", size)
 *
 * const layer = Executor.layerLocal(jobs, {
 *   size: (path) => path === "" ? Effect.fail(new Unreadable({ path })) : Effect.succeed(path.length)
 * })
 *
 * const main = Effect.gen(function*() {
 *   const good = yield* toThread(size, "a.png")
 *   const bad = yield* Effect.catchTag(toThread(size, ""), "Unreadable", () => Effect.succeed(-1))
 *   return [good, bad]
 * })
 *
 * await asyncio.run(Effect.provide(main, layer)) // => [5, -1]
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = <
  const Name extends string,
  I extends Plain = Schema.Void,
  A extends Plain = Schema.Void,
  E extends Plain = Schema.Never,
  P extends Plain = Schema.Never
>(
  name: Name,
  schemas?: Schemas<I, A, E, P>
): Job<Name, I["Type"], A["Type"], E["Type"], P["Type"]> => new JobImpl(name, schemas)

/**
 * The jobs that an executor has.
 *
 * @category models
 * @since 0.2.0
 */
export interface Jobs<out J extends Any> {
  readonly "~effect-asyncio/Jobs": (_: never) => J
  /** What the executor of them is called. */
  readonly name: string
  /** `<Jobs name='images' hash, resize>`. */
  toString(): string
}

/**
 * Puts jobs together that run in the same place.
 *
 * **Details**
 *
 * Its name becomes the executor's, in snapshots and metrics, and is what a cluster knows it by. Throws `IllegalArgumentError`
 * if there are no jobs, or two of the same name.
 *
 * **Example** (The definition counts, not the name)
 *
 * ```ts import.meta.vitest
 * import { Cause, Effect, Exit } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { Executor, Job, submit } from "effect-asyncio/executors"
 *
 * const sweep = Job.make("sweep")
 * const layer = Executor.layerLocal(Job.group("house", sweep), { sweep: () => Effect.void })
 *
 * const other = Job.make("sweep")
 * const exit = await asyncio.run(Effect.exit(submit(other)).pipe(Effect.provide(layer)))
 * const message = Exit.isFailure(exit) ? String(Cause.squash(exit.cause)) : ""
 * message // => "IllegalArgumentError: submit: the job is <Job name='sweep'>, expected one of <Jobs name='house' sweep>"
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const group = <const L extends ReadonlyArray<Any>>(name: string, ...jobs: L): Jobs<L[number]> =>
  new JobsImpl(name, jobs)

/**
 * What jobs do: a function for each.
 *
 * **Details**
 *
 * Each call runs as a task of its own, named after its job, on a loop: the worker's, or with `Executor.local` the caller's. So
 * all of this library works there. Tasks that a handler leaves running end with the worker.
 *
 * A cancelled job is interrupted: its finalizers run, and whatever it then gives is dropped.
 *
 * @category models
 * @since 0.2.0
 */
export type Handlers<J extends Any, R = never> = {
  readonly [K in J["name"]]: Extract<J, { readonly name: K }> extends infer X
    ? (input: Input<X>, info: Info<Progress<X>>) => Effect.Effect<Success<X>, Error<X>, R | EventLoop>
    : never
}

/**
 * The services that handlers need, except for the loop that they run on.
 *
 * @category models
 * @since 0.2.0
 */
export type Services<H> = H[keyof H] extends (...args: never) => Effect.Effect<unknown, unknown, infer R>
  ? Exclude<R, EventLoop>
  : never

/**
 * Handlers of these jobs and no others.
 *
 * @category models
 * @since 0.2.0
 */
export type HandlersOf<J extends Any, H> = H & { readonly [K in Exclude<keyof H, J["name"]>]: never }

/**
 * What a handler gets in addition to its input.
 *
 * @category models
 * @since 0.2.0
 */
export interface Info<in P = never> {
  /** The submission's id, the same in every attempt: a key that makes effects idempotent. */
  readonly id: string
  /** Counted from 1; above that, the attempts before were lost with their workers. */
  readonly attempt: number
  /**
   * Reports how far the job is. It never fails, and goes on when the submitter has taken the report, so that reports never
   * pile up; at once if nobody listens, or the job is cancelled. A value that does not fit the schema is a defect of the job.
   */
  readonly progress: (value: P) => Effect.Effect<void>
}
