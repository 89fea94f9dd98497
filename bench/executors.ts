/**
 * `node bench/executors.ts [ROUNDS]`: pools of two workers beside piscina, Effect's own worker pool and
 * Python's processes.
 *
 * On the sources, so that a start strips types, too. Those that compute take turns, five rounds, and the best of each counts: on a
 * machine with others on it a mean says how busy they are. The speed-up is to the same work in this thread.
 */
import { NodeWorker } from "@effect/platform-node"
import { Effect, Layer, type Scope } from "effect"
import { RpcClient } from "effect/rpc"
import { spawnSync } from "node:child_process"
import { Worker } from "node:worker_threads"
import { Piscina } from "piscina"
import { type Executor, runInExecutor } from "../src/executors/index.ts"
import { ProcessPool, ThreadPool } from "../src/executors/node/index.ts"
import * as asyncio from "../src/index.ts"
import { echo, fib as fibJob, hang, jobs, rpcs } from "./executors/jobs.ts"
import { fib } from "./executors/work.js"

const size = 2
const small = 2000
const large = { jobs: 4, n: 38 }
const rounds = Number(process.argv[2] ?? 5)

const at = (name: string) => new URL(`./executors/${name}`, import.meta.url)

type Run = <A, E>(effect: Effect.Effect<A, E, Scope.Scope | asyncio.EventLoop.EventLoop>) => Effect.Effect<A, E>
type Jobs = typeof echo | typeof fibJob | typeof hang

/** What is measured of each: a small job, a large one, and, where there is one, how long a running job takes to be cancelled. */
interface Candidate {
  readonly echo: (n: number) => Effect.Effect<unknown, unknown, asyncio.EventLoop.EventLoop>
  readonly fib: (n: number) => Effect.Effect<unknown, unknown, asyncio.EventLoop.EventLoop>
  readonly executor?: Executor.Executor<Jobs>
}

const ours = (pool: typeof ThreadPool | typeof ProcessPool) =>
  Effect.map(pool.make(jobs, at("worker.ts"), { size }), (executor): Candidate => ({
    echo: (n) => Effect.flatMap(runInExecutor(executor, echo, n), asyncio.Task.join),
    fib: (n) => Effect.flatMap(runInExecutor(executor, fibJob, n), asyncio.Task.join),
    executor
  }))

const candidates: Record<string, Effect.Effect<Candidate, unknown, Scope.Scope>> = {
  ThreadPool: ours(ThreadPool),
  ProcessPool: ours(ProcessPool),
  piscina: Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => new Piscina({ filename: at("work.js").href, minThreads: size, maxThreads: size })),
      (pool) => Effect.promise(() => pool.destroy())
    ),
    (pool): Candidate => ({
      echo: (n) => Effect.promise(() => pool.run(n, { name: "echo" })),
      fib: (n) => Effect.promise(() => pool.run(n, { name: "fib" }))
    })
  ),
  "Effect's rpc pool": Effect.gen(function*() {
    const workers = NodeWorker.layer(() => new Worker(at("rpcWorker.ts")))
    const protocol = yield* Layer.build(Layer.provide(RpcClient.layerProtocolWorker({ size }), workers))
    const client = yield* Effect.provideContext(RpcClient.make(rpcs), protocol)
    return { echo: (n: number) => client.echo(n), fib: (n: number) => client.fib(n) }
  })
}

const clock = Effect.sync(() => performance.now())
const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const begin = yield* clock
    yield* effect
    return (yield* clock) - begin
  })

const median = (values: ReadonlyArray<number>): number => values.toSorted((a, b) => a - b)[values.length >> 1]!
const run: Run = (effect) => asyncio.EventLoop.provide(Effect.scoped(effect))

const measure = (make: Effect.Effect<Candidate, unknown, Scope.Scope>) =>
  run(Effect.gen(function*() {
    const begin = yield* clock
    const candidate = yield* make
    yield* asyncio.gather([candidate.echo(1), candidate.echo(2)])
    const start = (yield* clock) - begin
    const trips = []
    const rates = []
    for (let round = 0; round < rounds; round++) {
      const one = timed(Effect.forEach(Array(small).keys(), candidate.echo, { discard: true }))
      trips.push((yield* one) / small * 1e3)
      rates.push(small / (yield* timed(asyncio.gather(Array.from(Array(small).keys(), candidate.echo)))) * 1e3)
    }
    const cancels = []
    for (let round = 0; round < 20 && candidate.executor !== undefined; round++) {
      const began = yield* asyncio.Event.make
      const task = yield* runInExecutor(candidate.executor, hang, undefined, {
        onProgress: () => asyncio.Event.set(began)
      })
      yield* asyncio.Event.wait(began)
      cancels.push(yield* timed(Effect.andThen(asyncio.Task.cancel(task), asyncio.Task.await(task))))
    }
    return { start, trip: median(trips), rate: Math.max(...rates), cancel: median(cancels) }
  }))

/** Milliseconds for the large jobs on each, its workers up, taking turns with the others and with this thread. */
const compute = run(Effect.gen(function*() {
  const made = yield* Effect.all(candidates)
  const all = Object.entries(made)
  const best = new Map<string, number>()
  const note = (name: string, ms: number) => void best.set(name, Math.min(ms, best.get(name) ?? Infinity))
  for (const [, { fib }] of all) yield* asyncio.gather([fib(20), fib(20)])
  for (let round = 0; round < rounds; round++) {
    note("here", yield* timed(Effect.sync(() => Array.from({ length: large.jobs }, () => fib(large.n)))))
    for (const [name, { fib }] of all) {
      note(name, yield* timed(asyncio.gather(Array.from({ length: large.jobs }, () => fib(large.n)))))
    }
  }
  return best
}))

const rows = []
for (const [name, make] of Object.entries(candidates)) rows.push({ name, ...await Effect.runPromise(measure(make)) })
const best = await Effect.runPromise(compute)
const python = spawnSync("python3", [at("python.py").pathname, String(size), String(small)], { encoding: "utf8" })

const text = (value: number | undefined, unit: string, digits = 0) =>
  value === undefined || !Number.isFinite(value) ? "" : `${value.toFixed(digits)}${unit}`
console.log("| | first results of 2 workers | round trip | jobs a second | cancel | 4 × fib(38) |")
console.log("| --- | --- | --- | --- | --- | --- |")
for (const { cancel, name, rate, start, trip } of rows) {
  const times = text(best.get("here")! / best.get(name)!, "", 2)
  console.log(
    `| ${name} | ${text(start, " ms")} | ${text(trip, " µs")} | ${text(rate, "")} | ${
      text(cancel, " ms", 2)
    } | ×${times} |`
  )
}
if (python.status === 0) {
  const { rate, start, trip } = JSON.parse(python.stdout)
  console.log(`| Python's processes | ${text(start, " ms")} | ${text(trip, " µs")} | ${text(rate, "")} | | |`)
}
