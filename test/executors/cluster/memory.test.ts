/** The cluster in this process, on Effect's storage in memory. `npm run verify -- cluster` has the one of many processes. */
import { describe, expect, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Option, Schema } from "effect"
import * as asyncio from "effect-asyncio"
import { BrokenExecutor, Executor, Job, runInExecutor, submit, toThread, WorkerLost } from "effect-asyncio/executors"
import { ClusterExecutor } from "effect-asyncio/executors/cluster"
import * as Insight from "effect-asyncio/insight"
import * as TestRunner from "effect/cluster/TestRunner"
import { Book, handlers } from "../handlers.ts"
import { all, book, half, park, write } from "../jobs.ts"
import { laws } from "../laws.ts"

/** A runner with what the laws need. */
const runner = (size: number) =>
  ClusterExecutor.layerRunner(all, Executor.local(all, handlers, { size })).pipe(
    Layer.provideMerge(TestRunner.layer),
    Layer.provide(Book.layer)
  )

const cluster = (size: number, options?: ClusterExecutor.Options) =>
  Layer.provide(ClusterExecutor.layer(all, options), runner(size))

/** Runs it on a loop within a cluster. */
const runIn = <A, E, R>(layer: Layer.Layer<R>, program: Effect.Effect<A, E, R | asyncio.EventLoop.EventLoop>) =>
  Effect.runPromise(Effect.provide(asyncio.EventLoop.provide(program), layer))

const run = <A, E>(program: Effect.Effect<A, E, Executor.DefaultExecutor | asyncio.EventLoop.EventLoop>) =>
  runIn(cluster(2), program)

describe("the laws, in a cluster", () => {
  for (const { expected, name, program, size } of laws) {
    it(name, async () => {
      expect(await runIn(cluster(size), program)).toEqual(expected)
    })
  }
})

const begun = Effect.fnUntraced(function*(name: string, id: string) {
  const began = yield* asyncio.Event.make
  const task = yield* submit(park, name, { id, onProgress: () => asyncio.Event.set(began) })
  yield* asyncio.Event.wait(began)
  return task
})

describe("an id is a piece of work", () => {
  it("the second submission joins the first, or gets what is stored; the first input counts", () =>
    run(Effect.gen(function*() {
      const together = yield* asyncio.gather([
        yield* submit(half, 8, { id: "a" }),
        yield* submit(half, 100, { id: "a" })
      ])
      expect(together).toEqual([4, 4])
      expect(yield* toThread(half, 6, { id: "a" })).toBe(4)
      yield* toThread(write, "once", { id: "b" })
      yield* toThread(write, "twice", { id: "b" })
      expect(yield* toThread(book, undefined)).toEqual(["once"])
    })))

  it("for each job one of its own", () =>
    run(Effect.gen(function*() {
      expect(yield* toThread(half, 8, { id: "a" })).toBe(4)
      expect(yield* toThread(write, "line", { id: "a" })).toBe(undefined)
    })))

  it("is spent once it is cancelled, for those who have joined and for those who come", () =>
    run(Effect.gen(function*() {
      const first = yield* begun("a", "a")
      const second = yield* submit(park, "b", { id: "a" })
      yield* asyncio.sleep(1)
      yield* asyncio.Task.cancel(first)
      yield* asyncio.wait([first, second])
      const third = yield* submit(park, "c", { id: "a" })
      const said = yield* asyncio.Task.catchCancelled(asyncio.Task.join(third), Effect.succeed)
      expect(said).toEqual(Option.some("job 'park' was cancelled; its id is spent: a"))
      expect([first, second, third].map(asyncio.Task.cancelled)).toEqual([true, true, true])
      expect(yield* toThread(book, undefined)).toEqual(["a was cancelled"])
    })))

  it("is any text of at most 255 characters that a database takes", () =>
    run(Effect.gen(function*() {
      const exit = yield* Effect.exit(toThread(half, 2, { id: "x".repeat(256) }))
      expect(messageOf(exit)).toMatch(/^Executor\.execute: the id is .*, expected one of at most 255 characters$/)
      for (const id of ["a\0", "\ud800"]) {
        expect(messageOf(yield* Effect.exit(toThread(half, 2, { id })))).toMatch(
          / expected text that a database takes: /
        )
      }
      for (const id of [" ", "%", "a/run/half/1", "😀".repeat(127)]) {
        expect(yield* toThread(half, 2, { id })).toBe(1)
      }
    })))
})

describe("those who leave", () => {
  it("the executor that closes cancels its jobs; then it takes no more", () =>
    Effect.runPromise(
      Effect.gen(function*() {
        const { executor, task } = yield* Effect.scoped(Effect.gen(function*() {
          const executor = yield* ClusterExecutor.make(all)
          const began = yield* asyncio.Event.make
          const task = yield* runInExecutor(executor, park, "a", { onProgress: () => asyncio.Event.set(began) })
          yield* asyncio.Event.wait(began)
          return { executor, task }
        }))
        yield* asyncio.Task.await(task)
        expect(asyncio.Task.cancelled(task)).toBe(true)
        const late = yield* Effect.exit(asyncio.Task.join(yield* runInExecutor(executor, half, 2)))
        expect(messageOf(late)).toBe("job 'half': the executor is closed")
      }).pipe(asyncio.EventLoop.provide, Effect.provide(runner(1)))
    ))

  it("detach: the task ends at once, the job goes on, and its id gets what it gives", () =>
    Effect.runPromise(
      Effect.scoped(Effect.gen(function*() {
        const detached = yield* ClusterExecutor.make(slow, { detach: true })
        const began = yield* asyncio.Event.make
        const onProgress = () => asyncio.Event.set(began)
        const task = yield* runInExecutor(detached, wait, undefined, { id: "a", onProgress })
        yield* asyncio.Event.wait(began)
        yield* asyncio.Task.cancel(task)
        yield* asyncio.Task.await(task)
        const attached = yield* ClusterExecutor.make(slow)
        const again = yield* runInExecutor(attached, wait, undefined, { id: "a" })
        yield* asyncio.sleep(5)
        const seen = [asyncio.Task.cancelled(task), asyncio.Task.done(again)]
        yield* asyncio.Event.set(gate)
        expect([...seen, yield* again]).toEqual([true, false, "waited"])
      })).pipe(
        asyncio.EventLoop.provide,
        Effect.provide(Layer.provideMerge(
          ClusterExecutor.layerRunner(
            slow,
            Executor.local(slow, {
              wait: (_, { progress }) => Effect.as(Effect.andThen(progress(1), asyncio.Event.wait(gate)), "waited")
            })
          ),
          TestRunner.layer
        ))
      )
    ))
})

const wait = Job.make("wait", { success: Schema.String, progress: Schema.Number })
const slow = Job.group("slow", wait)
const gate = Effect.runSync(asyncio.Event.make)

describe("the runner's executor", () => {
  it("what is lost there is lost for the caller; each retry is another attempt", () =>
    Effect.runPromise(
      Effect.scoped(Effect.gen(function*() {
        const cluster = yield* ClusterExecutor.make(all)
        const lost = yield* Effect.exit(asyncio.Task.join(yield* runInExecutor(cluster, half, 8, { id: "a" })))
        expect(Exit.isFailure(lost) && Cause.squash(lost.cause)).toEqual(
          new WorkerLost({ job: "half", id: "a", reason: "attempt 1" })
        )
        expect(yield* yield* runInExecutor(cluster, half, 8, { id: "a", retries: 2 })).toBe(4)
      })).pipe(
        asyncio.EventLoop.provide,
        Effect.provide(
          failing((id, attempt) =>
            attempt < 3 ? new WorkerLost({ job: "half", id, reason: `attempt ${attempt}` }) : undefined
          )
        )
      )
    ))

  it("one that is broken makes the job wait", () => {
    let tries = 0
    const isBroken = () => ++tries < 3 ? new BrokenExecutor({ message: "no worker" }) : undefined
    return Effect.runPromise(
      Effect.scoped(Effect.gen(function*() {
        const cluster = yield* ClusterExecutor.make(all)
        expect(yield* yield* runInExecutor(cluster, half, 8)).toBe(4)
        expect(tries).toBe(3)
      })).pipe(asyncio.EventLoop.provide, Effect.provide(failing(isBroken)))
    )
  })
})

type Jobs = typeof all extends Job.Jobs<infer J> ? J : never

/** A runner whose executor fails so. */
const failing = (failure: (id: string, attempt: number) => WorkerLost | BrokenExecutor | undefined) => {
  const over = (working: Executor.Executor<Jobs>): Executor.Executor<Jobs> => ({
    "~effect-asyncio/Executor": () => {},
    execute: (job, input, options) => {
      const error = failure(options.id, options.attempt ?? 1)
      return error === undefined ? working.execute(job, input, options) : Effect.fail(error)
    }
  })
  return ClusterExecutor.layerRunner(all, Effect.map(Executor.local(all, handlers), over)).pipe(
    Layer.provideMerge(TestRunner.layer),
    Layer.provide(Book.layer)
  )
}

describe("two versions of a job", () => {
  const v1 = Job.make("total", { payload: Schema.Struct({ month: Schema.String }), success: Schema.Number })
  const payload = Schema.Struct({ month: Schema.String, currency: Schema.optionalKey(Schema.String) })
  const compatible = Job.make("total", { payload, success: Schema.Number })
  const incompatible = Job.make("total", { payload: Schema.Struct({ year: Schema.Number }), success: Schema.String })
  const old = Job.group("totals", v1)
  const runner = ClusterExecutor.layerRunner(old, Executor.local(old, { total: () => Effect.succeed(42) })).pipe(
    Layer.provideMerge(TestRunner.layer)
  )
  const ask = <J extends Job.Any>(job: J, input: Job.Input<J>, id: string) =>
    Effect.scoped(Effect.gen(function*() {
      const cluster = yield* ClusterExecutor.make(Job.group("totals", job))
      return yield* Effect.exit(asyncio.Task.join(yield* runInExecutor(cluster, job, input, { id })))
    }))

  it("what only adds is read by both", () =>
    Effect.runPromise(
      Effect.gen(function*() {
        expect(yield* ask(compatible, { month: "10", currency: "EUR" }, "a")).toEqual(Exit.succeed(42))
      }).pipe(asyncio.EventLoop.provide, Effect.provide(runner))
    ))

  it("an input that the runner can't read is its caller's failure, and the id's", () =>
    Effect.runPromise(
      Effect.gen(function*() {
        const message = /^job 'total': its input is none of its runner's version: .*month/
        expect(messageOf(yield* ask(incompatible, { year: 2026 }, "a"))).toMatch(message)
        expect(messageOf(yield* ask(v1, { month: "10" }, "a"))).toMatch(message)
      }).pipe(asyncio.EventLoop.provide, Effect.provide(runner))
    ))

  it("an outcome that a caller can't read is a failure for this one alone", () =>
    Effect.runPromise(
      Effect.gen(function*() {
        expect(yield* ask(v1, { month: "10" }, "a")).toEqual(Exit.succeed(42))
        expect(messageOf(yield* ask(incompatible, { year: 2026 }, "a"))).toMatch(
          /^job 'total': what is stored as the outcome of a is none of this version's: /
        )
        expect(yield* ask(v1, { month: "10" }, "a")).toEqual(Exit.succeed(42))
      }).pipe(asyncio.EventLoop.provide, Effect.provide(runner))
    ))

  it("a report that a caller can't read", () => {
    const counts = Job.group("counts", Job.make("count", { progress: Schema.Number }))
    const other = Job.make("count", { progress: Schema.String })
    const runner = ClusterExecutor.layerRunner(
      counts,
      Executor.local(counts, { count: (_, { progress }) => Effect.andThen(progress(1), Effect.never) })
    )
    const cluster = ClusterExecutor.layer(Job.group("counts", other))
    return runIn(
      Layer.provide(cluster, Layer.provideMerge(runner, TestRunner.layer)),
      Effect.gen(function*() {
        const exit = yield* Effect.exit(toThread(other, undefined, { id: "a", onProgress: () => Effect.void }))
        expect(messageOf(exit)).toMatch(/^job 'count': a report of a is none of this version's: Expected string/)
      })
    )
  })

  it("a job that the runner does not have", () =>
    Effect.runPromise(
      Effect.gen(function*() {
        expect(messageOf(yield* ask(Job.make("sum"), undefined, "a"))).toBe(
          `job 'sum': its runner has ${old}, and no such job`
        )
      }).pipe(asyncio.EventLoop.provide, Effect.provide(runner))
    ))
})

describe("values", () => {
  const pass = Job.make("pass", { payload: Schema.Any, success: Schema.Any })
  const give = Job.make("give", { success: Schema.Any })
  const tell = Job.make("tell", { progress: Schema.Any })
  const passing = Job.group("passing", pass, give, tell)
  const port = { ports: [new MessageChannel().port1] }
  const runner = ClusterExecutor.layerRunner(
    passing,
    Executor.local(passing, {
      pass: Effect.succeed,
      give: () => Effect.succeed(port),
      tell: (_, { progress }) => progress(port)
    })
  )
  const layer = Layer.provide(ClusterExecutor.layer(passing), Layer.provideMerge(runner, TestRunner.layer))

  it("JSON and bytes arrive as they are, whatever their keys", () =>
    runIn(
      layer,
      Effect.gen(function*() {
        const bytes = new Uint8Array([1, 2, 255])
        const plain = [null, true, 1.5, "", [], {}, bytes, [bytes, { a: [bytes] }], JSON.parse(`{"__proto__": 1}`)]
        const marked = ["AQL/", "no base64", 1, null, [], {}, bytes, { "~bytes": "AQL/" }].map((value) => ({
          "~bytes": value
        }))
        const deep = { "~bytes": bytes, a: { "~bytes": { "~bytes": [bytes] } } }
        for (const value of [...plain, ...marked, deep]) {
          expect(yield* toThread(pass, value)).toStrictEqual(value)
        }
      })
    ))

  it("what is neither is refused: an input by its caller, before it is sent", () =>
    runIn(
      layer,
      Effect.gen(function*() {
        const circle: Record<string, unknown> = {}
        circle.next = [circle]
        for (
          const [value, text] of [
            [
              port,
              /^Executor\.execute: the input of job 'pass' at \["ports"\]\[0\] is MessagePort.*, expected JSON or bytes/
            ],
            [new Map(), /the input of job 'pass' is Map\(\[\]\), expected/],
            [{ a: undefined }, /the input of job 'pass' at \["a"\] is undefined, expected/],
            [[NaN], /at \[0\] is NaN/],
            [circle, /at \["next"\]\[0\] is /]
          ] as const
        ) expect(messageOf(yield* Effect.exit(toThread(pass, value)))).toMatch(text)
      })
    ))

  it("what is neither is refused: an outcome or a report is the job's defect", () =>
    runIn(
      layer,
      Effect.gen(function*() {
        const given = yield* Effect.exit(toThread(give))
        const told = yield* Effect.exit(toThread(tell))
        expect([Exit.hasDies(given), Exit.hasDies(told)]).toEqual([true, true])
        expect(messageOf(given)).toMatch(
          /^ClusterExecutor\.layerRunner: the outcome of job 'give' at \["value"\]\["ports"\]\[0\] is MessagePort/
        )
        expect(messageOf(told)).toMatch(/: the report of job 'tell' at \["ports"\]\[0\] is MessagePort/)
      })
    ))
})

it("a task that waits says for what", () =>
  run(Effect.gen(function*() {
    const task = yield* begun("a", "a")
    expect(Insight.format(Insight.snapshot())).toContain("waits for job 'park' in the cluster")
    yield* asyncio.Task.cancelAndWait([task])
  })))

const messageOf = (exit: Exit.Exit<unknown, unknown>): string => {
  const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : exit
  return error instanceof Error ? error.message : String(error)
}

it("a runner is none of a loop's tasks", async () => {
  const exit = await asyncio.run(Effect.exit(Effect.scoped(Layer.build(runner(1)))))
  expect(messageOf(exit)).toMatch(/^ClusterExecutor\.layerRunner: built on an event loop, /)
})
