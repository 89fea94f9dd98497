/**
 * `node bench/listeners.ts [REV]`: what it costs to listen, and not to.
 *
 * All variants take turns in one process, each a run of a millisecond or so, in random order: separate processes on a shared
 * machine differ by more than what is to be seen. A figure is the median of the ratios to the variant that ran in the same
 * round without a listener. `a copy` is a second build of the same sources, so its distance from 1 is the noise; `REV` is the
 * library as it was at that commit.
 */
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import { cpSync } from "node:fs"
import type * as Asyncio from "../src/index.ts"
import type * as Insight from "../src/insight/index.ts"
import { buildLibrary, buildLibraryAt } from "./prepare.ts"
import { times } from "./workload.ts"

type Program = (asyncio: typeof Asyncio) => Effect.Effect<unknown, unknown, Asyncio.EventLoop.EventLoop>

const n = 500

const programs: Readonly<Record<string, Program>> = {
  "spawn n tasks that do nothing, gather": ({ gather }) => gather(times(n, () => Effect.void)),
  "a task that yields n times": ({ sleep }) => Effect.repeat(sleep(0), { times: n - 1 }),
  "n items through a queue of 100": ({ gather, Queue }) =>
    Effect.gen(function*() {
      const queue = yield* Queue.make<number>({ maxsize: 100 })
      const produce = Effect.gen(function*() {
        for (let i = 0; i < n; i++) yield* Queue.put(queue, i)
      })
      const consume = Effect.gen(function*() {
        for (let i = 0; i < n; i++) yield* Queue.get(queue)
      })
      yield* gather([produce, consume])
    }),
  "a contended lock, n times": ({ gather, Lock, sleep }) =>
    Effect.gen(function*() {
      const lock = yield* Lock.make
      const worker = Effect.gen(function*() {
        for (let i = 0; i < n / 10; i++) yield* Lock.withLock(lock, sleep(0))
      })
      yield* gather(times(10, () => worker))
    })
}

interface Variant {
  readonly name: string
  readonly run: (program: Program) => Promise<unknown>
}

const load = async (index: string): Promise<typeof Asyncio> => import(index)
const alone = (name: string, asyncio: typeof Asyncio): Variant => ({
  name,
  run: (program) => asyncio.run(program(asyncio))
})

/** With all files of its own. */
const copyOf = (index: string, name: string): string => {
  const copy = new URL(`../${name}/`, index)
  cpSync(new URL(".", index), copy, { recursive: true })
  return new URL("index.js", copy).href
}

const [revision] = process.argv.slice(2)
const index = await buildLibrary()
const library = await load(index)
const watched = copyOf(index, "watched")
const insight: typeof Insight = await import(new URL("insight/index.js", watched).href)
await Effect.runPromise(Scope.provide(insight.recorder(), Scope.makeUnsafe()))
const variants = [
  alone("nobody listens", library),
  alone("a copy", await load(copyOf(index, "copy"))),
  ...revision === undefined ? [] : [alone(revision, await load(await buildLibraryAt(revision)))],
  alone("a recorder", await load(watched))
]

const median = (values: ReadonlyArray<number>): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

const warm = 300
const rounds = 1500

console.log(`| | ${variants.map(({ name }) => name).join(" | ")} |`)
console.log(`| --- |${" --- |".repeat(variants.length)}`)
for (const [title, program] of Object.entries(programs)) {
  const taken = variants.map((): Array<number> => [])
  for (let round = -warm; round < rounds; round++) {
    const order = variants.map((_, index) => index).toSorted(() => Math.random() - 0.5)
    for (const index of order) {
      const begin = performance.now()
      await variants[index]!.run(program)
      if (round >= 0) taken[index]!.push((performance.now() - begin) * 1e6 / n)
    }
  }
  const base = taken[0]!
  const figures = taken.map((times, index) =>
    index === 0 ? `${Math.round(median(base))} ns` : median(times.map((time, round) => time / base[round]!)).toFixed(3)
  )
  console.log(`| ${title} | ${figures.join(" | ")} |`)
}
