/**
 * What a workload is, and how a program of each kind is run.
 *
 * Every program runs inside of its platform: one `asyncio.run`, one `Effect.runPromise`, one async function does all
 * runs of a process, so that starting the platform is no part of the figures.
 */
import * as Effect from "effect/Effect"
import type * as Effection from "effection"
import type * as Asyncio from "../src/index.ts"
import type { Sampler } from "./sampler.ts"

export interface Workload {
  /** What one run of n does. */
  readonly title: string
  /**
   * - `wall`: time by the clock
   * - `cpu`: processor time, for what waits
   * - `heap`: bytes held; a program starts n tasks that sleep, and leaves them
   * - `import`: time by the clock to load a variant; it has no program
   */
  readonly measure: "wall" | "cpu" | "heap" | "import"
  /** What we want at the main n: a ratio to raw Effect, milliseconds above it, or less than another takes. */
  readonly reach?:
    | { readonly ratio: number; readonly withoutSites?: number }
    | { readonly above: number }
    | { readonly below: string }
  /** Whether asyncio has it, in `python/`. Default: true. */
  readonly python?: boolean
  /** How many items a run of n is counted as. Default: n. */
  readonly items?: (n: number, variant: string) => number
  /** Default: 1e3, 1e4, 1e5. */
  readonly sizes?: ReadonlyArray<number>
  /** The n of the short table. Default: 1e4, or what is next to it. */
  readonly main?: number
  /** The n at which `drift.ts` counts. Default: 1000. */
  readonly counted?: number
  /** By name: `effect-asyncio`, `effect` (the raw one), `promises`, `effection`, and npm packages. */
  readonly variants: Readonly<Record<string, Variant>>
}

/** Loads what a variant needs, and nothing else; gives what runs it. */
export type Variant = () => Promise<(sampler: Sampler) => PromiseLike<unknown>>

/** The library as it is published: built by the runner. */
export const loadLibrary = (): Promise<typeof Asyncio> => import(process.env["BENCH_LIBRARY"]!)

export const sampled = <R>(
  sampler: Sampler,
  program: (n: number) => Effect.Effect<unknown, unknown, R>
): Effect.Effect<void, unknown, R> =>
  Effect.gen(function*() {
    for (let n = sampler.begin(); n > 0; n = sampler.begin()) {
      yield* program(n)
      sampler.end()
    }
  })

/** A program on this library. */
export const asyncio = (
  program: (asyncio: typeof Asyncio, n: number) => Effect.Effect<unknown, unknown, Asyncio.EventLoop.EventLoop>,
  options?: Asyncio.EventLoop.Options
): Variant =>
async () => {
  const library = await loadLibrary()
  return (sampler) => library.run(sampled(sampler, (n) => program(library, n)), options)
}

/** A program on Effect alone. */
export const effect = (program: (n: number) => Effect.Effect<unknown, unknown>): Variant => () =>
  Promise.resolve((sampler) => Effect.runPromise(sampled(sampler, program)))

/** A program on promises. */
export const promises = (program: (n: number) => Promise<unknown>): Variant => () =>
  Promise.resolve(async (sampler) => {
    for (let n = sampler.begin(); n > 0; n = sampler.begin()) {
      await program(n)
      sampler.end()
    }
  })

/** A program on promises and a library for them. */
export const library =
  <M>(load: () => Promise<M>, program: (module: M, n: number) => Promise<unknown>): Variant => async () => {
    const module = await load()
    return promises((n) => program(module, n))()
  }

/** A program on Effection. */
export const effection = (
  program: (effection: typeof Effection, n: number) => Effection.Operation<unknown>
): Variant =>
async () => {
  const module = await import("effection")
  return (sampler) =>
    module.run(function*() {
      for (let n = sampler.begin(); n > 0; n = sampler.begin()) {
        yield* program(module, n)
        sampler.end()
      }
    })
}

/** What promises wait for to let others run: done, so that it costs them one turn of the microtask queue. */
export const tick: Promise<void> = Promise.resolve()

/** `n` times what `make` gives. */
export const times = <A>(n: number, make: (i: number) => A): Array<A> => Array.from({ length: n }, (_, i) => make(i))

/** The numbers from 0 to n - 1, out of order, the same way each time. n is a power of ten. */
export const scattered = (n: number): Array<number> => times(n, (i) => i * 7919 % n)
