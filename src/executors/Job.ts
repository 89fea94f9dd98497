/**
 * Jobs: what an executor runs. A job is a definition with a name and schemas, which both sides import; only the worker's side
 * imports what it does. So it can run where no closure gets to: on another thread, in another process, on another machine.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type { EventLoop } from "../EventLoop.ts"
import { JobImpl, JobsImpl } from "./parts/JobImpl.ts"

/**
 * A job: takes `I`, gives `A`, may fail with `E`, and reports `P` on its way.
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
 * What a job reports on its way.
 *
 * @category models
 * @since 0.2.0
 */
export type Progress<J> = J extends Job<string, never, unknown, unknown, infer P> ? P : never

/**
 * A schema that needs no services: its values cross threads and processes.
 *
 * @category models
 * @since 0.2.0
 */
export type Plain = Schema.Codec<unknown, unknown, never, never>

/**
 * The schemas of a job. Each is a codec without services; values go through it as JSON.
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
  /** What it reports on its way. Default: it reports nothing, and costs nothing for it. */
  readonly progress?: P | undefined
}

/**
 * Defines a job.
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
 * @category constructors
 * @since 0.2.0
 */
export const group = <const L extends ReadonlyArray<Any>>(name: string, ...jobs: L): Jobs<L[number]> =>
  new JobsImpl(name, jobs)

/**
 * What jobs do: a function for each. A loop there always is, as each runs as a task, named as its job.
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
 * The services that handlers ask for, but for the loop that they run on.
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
 * What a handler is told beside its input.
 *
 * @category models
 * @since 0.2.0
 */
export interface Info<in P = never> {
  /** The submission's, the same in every attempt: the key to make effects idempotent with. */
  readonly id: string
  /** Counted from 1: above that an earlier one was lost with its worker. */
  readonly attempt: number
  /** Reports how far it is. */
  readonly progress: (value: P) => Effect.Effect<void>
}
