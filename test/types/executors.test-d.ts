// @effect-diagnostics floatingEffect:off missingEffectContext:off missingEffectError:off
// What is not run is what these are about.
import { Context, Effect, type Layer, Schema, type Scope } from "effect"
import { type Awaitable, EventLoop, gather, type Task } from "effect-asyncio"
import {
  type BrokenExecutor,
  Executor,
  type Failure,
  Job,
  map,
  runInExecutor,
  submit,
  toThread,
  type WorkerLost
} from "effect-asyncio/executors"
import { describe, expectTypeOf, it } from "vitest"

type Loop = EventLoop.EventLoop
class Db extends Context.Service<Db, { readonly db: 1 }>()("Db") {}
class Cache extends Context.Service<Cache, { readonly cache: 1 }>()("Cache") {}
class Unreadable extends Schema.TaggedError<Unreadable>()("Unreadable", { path: Schema.String }) {}

const hash = Job.make("hash", { payload: Schema.String, success: Schema.NumberFromString, error: Unreadable })
const resize = Job.make("resize", {
  payload: Schema.Struct({ path: Schema.String, width: Schema.Number }),
  success: Schema.Date,
  progress: Schema.Struct({ done: Schema.Number })
})
const sweep = Job.make("sweep")
const images = Job.group("images", hash, resize)
const foreign = Job.make("foreign", { payload: Schema.Number })
declare const needy: Schema.Codec<string, string, Db>
const maybe = Job.make("maybe", { payload: Schema.UndefinedOr(Schema.String) })
declare const executor: Executor.Executor<typeof hash | typeof resize>
declare const house: Executor.Executor<typeof sweep>

type Made<A, E, R = never> = Effect.Effect<Task.Task<A, E>, never, R | Loop> & Awaitable.MakesTask

describe("Job", () => {
  it("what it takes, gives, fails with and reports", () => {
    expectTypeOf(hash).toEqualTypeOf<Job.Job<"hash", string, number, Unreadable>>()
    expectTypeOf(resize).toEqualTypeOf<
      Job.Job<"resize", { readonly path: string; readonly width: number }, Date, never, { readonly done: number }>
    >()
    expectTypeOf(sweep).toEqualTypeOf<Job.Job<"sweep", void, void>>()
    expectTypeOf<Job.Input<typeof hash>>().toEqualTypeOf<string>()
    expectTypeOf<Job.Success<typeof hash>>().toEqualTypeOf<number>()
    expectTypeOf<Job.Error<typeof hash>>().toEqualTypeOf<Unreadable>()
    expectTypeOf<Job.Progress<typeof hash>>().toEqualTypeOf<never>()
    expectTypeOf<Job.Progress<typeof resize>>().toEqualTypeOf<{ readonly done: number }>()
    expectTypeOf(images).toEqualTypeOf<Job.Jobs<typeof hash | typeof resize>>()
  })
  it("rejected", () => {
    // @ts-expect-error: what it needs is not where it is read
    Job.make("job", { payload: needy })
    // @ts-expect-error: a schema, no type of it
    Job.make("job", { payload: String })
    // @ts-expect-error: unknown
    Job.make("job", { input: Schema.String })
    // @ts-expect-error: a job, no name
    Job.group("jobs", "hash")
  })
})

describe("submit, runInExecutor, toThread, map", () => {
  it("keep the job's types, and add what an executor fails with", () => {
    expectTypeOf(submit(hash, "a")).toEqualTypeOf<Made<number, Unreadable | Failure, Executor.DefaultExecutor>>()
    expectTypeOf(submit(sweep, undefined)).toEqualTypeOf<Made<void, Failure, Executor.DefaultExecutor>>()
    expectTypeOf(submit(sweep, undefined, { retries: 1 })).toEqualTypeOf(submit(sweep))
    expectTypeOf(runInExecutor(house, sweep)).toEqualTypeOf<Made<void, Failure>>()
    expectTypeOf(toThread(sweep)).toEqualTypeOf<Effect.Effect<void, Failure, Executor.DefaultExecutor | Loop>>()
    expectTypeOf(submit(maybe, "a")).toEqualTypeOf(submit(maybe))
    expectTypeOf(runInExecutor(executor, hash, "a")).toEqualTypeOf<Made<number, Unreadable | Failure>>()
    expectTypeOf(toThread(hash, "a")).toEqualTypeOf<
      Effect.Effect<number, Unreadable | Failure, Executor.DefaultExecutor | Loop>
    >()
    expectTypeOf(map(hash, new Set(["a"]), { concurrency: 2, retries: 1 })).toEqualTypeOf<
      Effect.Effect<Array<number>, Unreadable | Failure, Executor.DefaultExecutor | Loop>
    >()
    expectTypeOf<Failure>().toEqualTypeOf<WorkerLost | BrokenExecutor>()
  })
  it("errors are caught by their tags", () => {
    const caught = toThread(hash, "a").pipe(
      Effect.catchTags({ Unreadable: ({ path }) => Effect.succeed(path), WorkerLost: ({ job }) => Effect.succeed(job) })
    )
    expectTypeOf(caught).toEqualTypeOf<
      Effect.Effect<number | string, BrokenExecutor, Executor.DefaultExecutor | Loop>
    >()
  })
  it("who takes reports knows them; what it asks for and fails with is the caller's", () => {
    const task = submit(resize, { path: "a", width: 1 }, {
      onProgress: ({ done }) => {
        expectTypeOf(done).toEqualTypeOf<number>()
        return Effect.andThen(Db, Effect.fail("full" as const))
      }
    })
    expectTypeOf(task).toEqualTypeOf<Made<Date, Failure | "full", Db | Executor.DefaultExecutor>>()
    // Its creator's scope may be closed by then.
    const scoped = submit(resize, { path: "a", width: 1 }, { onProgress: () => Effect.addFinalizer(() => Effect.void) })
    expectTypeOf(scoped).toEqualTypeOf<Made<Date, Failure, Awaitable.ScopeOfATask | Executor.DefaultExecutor>>()
    const all = map(resize, [{ path: "a", width: 1 }], {
      onProgress: ({ done }, index) => {
        expectTypeOf([done, index]).toEqualTypeOf<Array<number>>()
        return Effect.void
      }
    })
    expectTypeOf(all).toEqualTypeOf<Effect.Effect<Array<Date>, Failure, Executor.DefaultExecutor | Loop>>()
  })
  it("rejected", () => {
    // @ts-expect-error: the payload
    submit(resize, { path: "a" })
    // @ts-expect-error: no payload is nothing
    submit(hash)
    // @ts-expect-error: options come third
    submit(sweep, { retries: 1 })
    // @ts-expect-error: the job has no progress schema: it reports nothing
    submit(hash, "a", { onProgress: () => Effect.void })
    // @ts-expect-error: the same of each
    map(hash, ["a"], { onProgress: () => Effect.void })
    // @ts-expect-error: give toThread(hash, "a"), or the task
    gather([submit(hash, "a")])
    // @ts-expect-error: the payload
    toThread(hash, 1)
    // @ts-expect-error: of each
    map(hash, [1])
    // @ts-expect-error: not one of this executor's jobs
    runInExecutor(executor, foreign, 1)
    // @ts-expect-error: unknown
    submit(hash, "a", { retry: 1 })
    // @ts-expect-error
    submit(hash, "a", { retries: "1" })
    // @ts-expect-error: no Effect
    submit(resize, { path: "a", width: 1 }, { onProgress: () => 5 })
    // @ts-expect-error: it reports something else
    submit(resize, { path: "a", width: 1 }, { onProgress: (done: string) => Effect.log(done) })
    // @ts-expect-error: Executor is missing
    EventLoop.provide(toThread(hash, "a")).pipe(Effect.runPromise)
  })
})

describe("handlers", () => {
  it("are typed by their jobs, and give what they ask for to who makes the executor", () => {
    const here = Executor.local(images, {
      hash: (path, info) => {
        expectTypeOf(path).toEqualTypeOf<string>()
        expectTypeOf(info).toEqualTypeOf<Job.Info>()
        return Effect.as(Db, 1)
      },
      resize: ({ width }, { progress }) => Effect.andThen(progress({ done: width }), Effect.as(Cache, new Date(0)))
    }, { size: 2 })
    expectTypeOf(here).toEqualTypeOf<
      Effect.Effect<Executor.Executor<typeof hash | typeof resize>, never, Db | Cache | Scope.Scope>
    >()
    expectTypeOf(Executor.layer(here)).toEqualTypeOf<Layer.Layer<Executor.DefaultExecutor, never, Db | Cache>>()
  })
  it("have a loop", () => {
    const layer = Executor.layerLocal(Job.group("one", sweep), { sweep: () => Effect.asVoid(EventLoop.time) })
    expectTypeOf(layer).toEqualTypeOf<Layer.Layer<Executor.DefaultExecutor>>()
  })
  it("rejected", () => {
    const good = { hash: () => Effect.succeed(1), resize: () => Effect.succeed(new Date(0)) }
    Executor.local(images, good)
    // @ts-expect-error: one is missing
    Executor.local(images, { hash: good.hash })
    // @ts-expect-error: one too many
    Executor.local(images, { ...good, foreign: () => Effect.void })
    // @ts-expect-error: gives something else
    Executor.local(images, { ...good, hash: () => Effect.succeed("1") })
    // @ts-expect-error: fails with something else
    Executor.local(images, { ...good, hash: () => Effect.fail("no") })
    // @ts-expect-error: it has no progress
    Executor.local(images, { ...good, hash: (_, { progress }) => Effect.as(progress(1), 1) })
    // @ts-expect-error: it reports something else
    Executor.local(images, { ...good, resize: (_, { progress }) => Effect.as(progress(1), new Date(0)) })
    // @ts-expect-error
    Executor.local(images, good, { size: "2" })
  })
})

describe("an executor", () => {
  it("of more jobs is one of fewer", () => {
    expectTypeOf(executor).toExtend<Executor.Executor<typeof hash>>()
    expectTypeOf(executor).not.toExtend<Executor.Executor<typeof foreign>>()
  })
  it("runs a job with that job's types", () => {
    expectTypeOf(executor.execute(hash, "a", { id: "1" })).toEqualTypeOf<
      Effect.Effect<number, Unreadable | Failure, Loop>
    >()
    // @ts-expect-error
    executor.execute(foreign, 1, { id: "1" })
  })
})
