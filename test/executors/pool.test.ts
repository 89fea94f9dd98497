/** How workers end, and what becomes of their jobs: the same on threads and processes. */
import { describe, expect, it } from "@effect/vitest"
import { Cause, Effect, Exit, Logger } from "effect"
import * as asyncio from "effect-asyncio"
import { BrokenExecutor, type Executor, Job, runInExecutor, submit, toThread } from "effect-asyncio/executors"
import { type Options, ProcessPool, ThreadPool } from "effect-asyncio/executors/node"
import { VirtualLoop } from "effect-asyncio/testing"
import { moduleOf } from "./bundled.ts"
import { kinds, shared } from "./pools.ts"
import { add, crash, explode, hang, rough, spin, weigh, who } from "./rough/jobs.ts"

const module = "rough-worker"
const long = 240_000

/** A job that the worker's module does not have. */
const stranger = Job.make("stranger")
const more = Job.group("rough", who, hang, crash, stranger)

/** A job that has begun. */
const begun = Effect.fnUntraced(function*(job: typeof hang | typeof spin, input?: number) {
  const began = yield* asyncio.Event.make
  const task = yield* submit(job, input, { onProgress: () => asyncio.Event.set(began) })
  yield* asyncio.Event.wait(began)
  return task
})

const cancel = (task: asyncio.Task.Task<unknown, unknown>) =>
  Effect.as(Effect.andThen(asyncio.Task.cancel(task), asyncio.Task.await(task)), task)

const worker = Effect.map(toThread(who, undefined), ({ worker }) => worker)

for (const [kind, pool] of Object.entries(kinds)) {
  const noun = kind === "threads" ? "thread" : "process"

  describe(kind, () => {
    const logged = Promise.withResolvers<string>()
    const logger = Logger.layer([Logger.make(({ message }) => logged.resolve(String(message)))])
    const one = shared(pool, rough, module, { size: 1, grace: 100 }, logger)
    // Nobody is killed here: the machine may be slow.
    const patient = shared(pool, more, module, { size: 1, concurrency: 2, grace: "1 minute" })
    const two = shared(pool, rough, module, { size: 2, grace: "1 minute" })

    it("a worker that dies loses its own jobs alone; it is replaced", async () => {
      const outcome = await two(Effect.gen(function*() {
        const other = yield* begun(hang, 0)
        const lost = yield* Effect.exit(toThread(crash, { how: "exit", attempts: 1 }, { id: "mine" }))
        const alive = !asyncio.Task.done(other)
        const next = yield* worker
        yield* cancel(other)
        return { lost, alive, next }
      }))
      const reason = expect.stringMatching(new RegExp(`^${noun} \\d+ exited with code 3$`))
      expect(outcome).toEqual({
        lost: Exit.fail(expect.objectContaining({ _tag: "WorkerLost", job: "crash", id: "mine", reason })),
        alive: true,
        next: expect.any(Number)
      })
    }, long)

    it("retries run it again, on another worker", async () => {
      expect(await two(toThread(crash, { how: "throw", attempts: 1 }, { retries: 1 }))).toBe(2)
    }, long)

    it("the reason says what the worker threw, or what has killed it", async () => {
      const how = kind === "threads" ? "throw" : "kill"
      const lost = await one(Effect.flip(toThread(crash, { how, attempts: 1 })))
      const reason = kind === "threads"
        ? /^thread \d+ threw Error: out of the blue$/
        : /^process \d+ was ended by SIGKILL$/
      expect(lost).toMatchObject({ _tag: "WorkerLost", reason: expect.stringMatching(reason) })
    }, long)

    it("a cancelled job that ends in time leaves its worker", async () => {
      const [before, after, cancelled] = await patient(Effect.gen(function*() {
        const before = yield* worker
        const task = yield* Effect.flatMap(begun(hang, 5), cancel)
        return [before, yield* worker, asyncio.Task.cancelled(task)]
      }))
      expect([before === after, cancelled]).toEqual([true, true])
    }, long)

    it("one that does not is terminated with its worker, computing or not", async () => {
      const seen = await one(Effect.gen(function*() {
        const workers = [yield* worker]
        for (const [job, input] of [[hang, 100_000], [spin, undefined]] as const) {
          const task = yield* Effect.flatMap(begun(job, input), cancel)
          workers.push(asyncio.Task.cancelled(task) ? yield* worker : 0)
        }
        return new Set(workers).size
      }))
      expect(seen).toBe(3)
    }, long)

    it("a task that waits says for what", async () => {
      const seen = await patient(Effect.gen(function*() {
        const [task, other] = [yield* begun(hang, 100_000), yield* begun(hang, 0)]
        const text = String(task)
        yield* asyncio.Task.cancel(task)
        yield* asyncio.sleep(0)
        yield* asyncio.sleep(0)
        const next = yield* submit(crash, { how: "exit", attempts: 1 })
        yield* asyncio.sleep(0)
        const texts = [text, String(task), String(next)]
        // Its worker ends, and so does what winds down there.
        yield* cancel(other)
        yield* asyncio.Task.await(task)
        yield* Effect.exit(asyncio.Task.join(next))
        return texts.map((text) => / waiting for (.*?)( created at .*)?>$/.exec(text)?.[1]?.replace(/\d+/, "N"))
      }))
      expect(seen).toEqual([
        `job 'hang' on ${noun} N`,
        `the end of job 'hang' on ${noun} N`,
        "a place in the pool 'rough'"
      ])
    }, long)

    it(`bytes ${kind === "threads" ? "move" : "are copied"}`, async () => {
      const bytes = new Uint8Array(1 << 20).fill(1)
      const got = await one(toThread(add, bytes))
      expect([got.length, got.every((byte) => byte === 2), bytes.length]).toEqual([
        1 << 20,
        true,
        kind === "threads" ? 0 : 1 << 20
      ])
    }, long)

    it(
      `bytes that somebody else has are ${kind === "threads" ? "a defect" : "none"}, and the worker goes on`,
      async () => {
        const exit = await one(Effect.andThen(worker, Effect.exit(toThread(add, detached()))))
        expect(Exit.hasDies(exit)).toBe(kind === "threads")
        expect(await one(worker)).toBeGreaterThan(0)
      },
      long
    )

    it("the same where they are all that a new worker gets: that is not lost with them", async () => {
      const fresh = shared(pool, rough, module, { size: 1 })
      const exit = await fresh(Effect.exit(toThread(add, detached())))
      expect(Exit.hasDies(exit)).toBe(kind === "threads")
    }, long)

    it("bytes that may be needed again are copied", async () => {
      const bytes = new Uint8Array(3)
      expect(await two(toThread(weigh, bytes, { retries: 1 }))).toBe(3)
    }, long)

    it("a job whose report can't be taken has as long to end as a cancelled one", async () => {
      expect(await one(Effect.flip(toThread(hang, 600_000, { onProgress: () => Effect.fail("enough") })))).toBe(
        "enough"
      )
    }, long)

    it("a grace that is longer than a timer runs is one without end", async () => {
      const fresh = shared(pool, rough, module, { size: 1, grace: "60 days" })
      const workers = await fresh(Effect.gen(function*() {
        const before = yield* worker
        yield* cancel(yield* begun(hang, 100))
        return [before, yield* worker]
      }))
      expect(workers[1]).toBe(workers[0])
    }, long)

    it("a worker is replaced after so many jobs; more at a time share the fate of their worker", async () => {
      const options = { size: 1, concurrency: 2, maxJobsPerWorker: 4, grace: 100 }
      const program = Effect.gen(function*() {
        const jobs = []
        for (let i = 0; i < 5; i++) jobs.push(yield* toThread(who, undefined))
        const [stuck, neighbour] = [yield* begun(spin), yield* submit(who, undefined)]
        yield* cancel(stuck)
        return [jobs.map(({ jobs }) => jobs), yield* Effect.exit(asyncio.Task.join(neighbour))]
      })
      const [jobs, neighbour] = await open(pool, options, program)
      expect(jobs).toEqual([1, 2, 3, 4, 1])
      expect(neighbour).toEqual(Exit.fail(expect.objectContaining({
        _tag: "WorkerLost",
        reason: expect.stringMatching(/was terminated, as job 'spin' did not end within 100 ms of being cancelled$/)
      })))
    }, long)

    it("closing cancels what runs and what waits, also where it computes", async () => {
      const [ended, closed] = await Effect.runPromise(asyncio.EventLoop.provide(Effect.gen(function*() {
        const [running, waiting, executor] = yield* Effect.scoped(Effect.gen(function*() {
          const executor = yield* pool.make(rough, moduleOf(module), { size: 1, grace: 50 })
          const began = yield* asyncio.Event.make
          const onProgress = () => asyncio.Event.set(began)
          const running = yield* runInExecutor(executor, spin, undefined, { onProgress })
          const waiting = yield* runInExecutor(executor, who, undefined)
          yield* asyncio.Event.wait(began)
          return [running, waiting, executor] as const
        }))
        // At once, and not a tick later.
        const ended = [running, waiting].map((task) => [asyncio.Task.done(task), asyncio.Task.cancelled(task)])
        const closed = yield* Effect.flip(Effect.flatMap(runInExecutor(executor, who, undefined), asyncio.Task.join))
        return [ended, closed.message]
      })))
      expect(ended).toEqual([[true, true], [true, true]])
      expect(closed).toBe("job 'who': the executor is closed")
    }, long)

    it("a job that the worker does not have is no loss, but a broken executor; the worker goes on", async () => {
      const [failed, before, after] = await patient(Effect.gen(function*() {
        const before = yield* worker
        const failed = yield* Effect.flip(toThread(stranger, undefined, { retries: 3 }))
        return [failed, before, yield* worker] as const
      }))
      expect(failed).toBeInstanceOf(BrokenExecutor)
      expect(failed.message).toBe(
        `job 'stranger': its worker serves ${rough}, and no such job: ${moduleOf(module).href}`
      )
      expect(after).toBe(before)
    }, long)

    it("what an idle worker throws is logged; the pool goes on", async () => {
      const [text, before, after] = await one(Effect.gen(function*() {
        const before = yield* worker
        yield* toThread(explode)
        return [yield* Effect.promise(() => logged.promise), before, yield* worker] as const
      }))
      expect(text).toMatch(
        kind === "threads"
          ? /^ThreadPool: thread \d+ threw Error: out of the blue; it had no job$/
          : /^ProcessPool: process \d+ exited with code 1; it had no job$/
      )
      expect(after).not.toBe(before)
    }, long)

    it("a module that calls no serve, or calls it twice, says so", async () => {
      const broken = (name: string) =>
        asyncio.run(Effect.scoped(
          Effect.flatMap(
            pool.make(rough, moduleOf(name), { size: 1 }),
            (executor) => Effect.flip(Effect.flatMap(runInExecutor(executor, who), asyncio.Task.join))
          )
        ))
      expect((await broken("silent")).message).toMatch(
        new RegExp(`no worker comes up: ${noun} \\d+ ended without calling serve: file:.*silent\\.mjs$`)
      )
      expect((await broken("twice")).message).toMatch(
        kind === "threads"
          ? /no worker comes up: thread \d+ threw RuntimeError: serve: called a second time in this worker/
          : /no worker comes up: process \d+ exited with code 1/
      )
    }, long)

    it("a module that does not come up fails each job, and is not tried without one", async () => {
      const missing = new URL("./rough/missing.ts", import.meta.url)
      const errors = await Effect.runPromise(
        Effect.gen(function*() {
          const executor = yield* pool.make(rough, missing, { size: 1, execArgv: ["--no-warnings"] })
          const tasks = []
          for (let i = 0; i < 3; i++) tasks.push(yield* runInExecutor(executor, who, undefined))
          const exits = yield* asyncio.gather(tasks, { returnExceptions: true })
          return [
            ...exits,
            yield* Effect.exit(Effect.flatMap(runInExecutor(executor, who, undefined), asyncio.Task.join))
          ]
        }).pipe(Effect.scoped, asyncio.EventLoop.provide)
      )
      for (const exit of errors) {
        const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
        expect(error).toBeInstanceOf(BrokenExecutor)
        expect(String(error)).toMatch(
          kind === "threads"
            ? /no worker comes up: thread \d+ threw .*Cannot find module/
            : /no worker comes up: process \d+ exited/
        )
      }
    }, long)
  })
}

it("a thread whose module throws an error of Effect's says which", async () => {
  const make = ThreadPool.make(rough, moduleOf("incomplete"), { size: 1 })
  const failed = Effect.flatMap(make, (pool) => Effect.flatMap(runInExecutor(pool, who, undefined), asyncio.Task.join))
  const error = await Effect.runPromise(Effect.flip(Effect.scoped(asyncio.EventLoop.provide(failed))))
  expect(error.message).toMatch(/no worker comes up: thread \d+ threw IllegalArgumentError: serve: .*, expected /)
}, long)

it("what is no option, module or job is refused by name", async () => {
  const url = moduleOf(module)
  const message = async (make: Effect.Effect<unknown, unknown, never>) =>
    String(Cause.squash((await Effect.runPromiseExit(make) as Exit.Failure<unknown, unknown>).cause))
  const make = (module: unknown, options?: unknown) =>
    Effect.scoped(ThreadPool.make(rough, module as URL, options as Options))
  expect(await message(make("./worker.ts"))).toMatch(
    /ThreadPool.make: the worker is "\.\/worker.ts", expected the URL of a file/
  )
  expect(await message(make(url, { size: 0 }))).toMatch(
    /ThreadPool.make: size is 0, expected a whole number of at least 1/
  )
  expect(await message(make(url, { resourceLimits: { heap: 1 } }))).toMatch(/resourceLimits\.heap/)
  expect(await message(Effect.scoped(ProcessPool.make(Job.make("x") as never, url)))).toMatch(
    /ProcessPool.make: the jobs/
  )
})

it("on a virtual loop, which does not wait for workers, each job says so", async () => {
  const program = Effect.flatMap(ThreadPool.make(rough, moduleOf(module)), (pool) => runInExecutor(pool, who)).pipe(
    Effect.flatMap(asyncio.Task.join),
    Effect.scoped
  )
  await expect(Effect.runPromise(VirtualLoop.run(program))).rejects.toThrow(
    "ThreadPool: workers live in real time, which a virtual loop does not wait for; use Executor.local"
  )
})

const open = <A, E>(
  pool: (typeof kinds)[keyof typeof kinds],
  options: Options,
  program: Effect.Effect<A, E, Executor.DefaultExecutor | asyncio.EventLoop.EventLoop>
) => asyncio.run(Effect.provide(program, pool.layer(rough, moduleOf(module), options)))

const detached = () => {
  const bytes = new Uint8Array(8)
  structuredClone(bytes, { transfer: [bytes.buffer] })
  return bytes
}
