/** What a caller makes of a storage that fails, forgets, or is asked by two runners, one after the other. */
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Option, Schema, Scope } from "effect"
import * as asyncio from "effect-asyncio"
import { Executor, Job, runInExecutor } from "effect-asyncio/executors"
import { ClusterExecutor } from "effect-asyncio/executors/cluster"
import { PersistenceError } from "effect/cluster/ClusterError"
import * as EntityId from "effect/cluster/EntityId"
import { layerMemory, MemoryDriver, MessageStorage } from "effect/cluster/MessageStorage"
import { Runner } from "effect/cluster/Runner"
import * as RunnerAddress from "effect/cluster/RunnerAddress"
import * as RunnerHealth from "effect/cluster/RunnerHealth"
import * as Runners from "effect/cluster/Runners"
import * as RunnerStorage from "effect/cluster/RunnerStorage"
import * as Sharding from "effect/cluster/Sharding"
import * as ShardingConfig from "effect/cluster/ShardingConfig"
import * as Snowflake from "effect/cluster/Snowflake"
import { TestClock } from "effect/testing"
import { Book, handlers } from "../handlers.ts"
import { all, book, half, park, steps } from "../jobs.ts"

const config = ShardingConfig.layer({ refreshAssignmentsInterval: 10 })

/** A member of a cluster as long as its scope is open, on a storage that outlives it. */
const member = Sharding.layer.pipe(
  Layer.provideMerge(Runners.layerNoop),
  Layer.provideMerge(RunnerStorage.layerMemory),
  Layer.provide(RunnerHealth.layerNoop),
  Layer.provide(config)
)

const memory = Layer.provide(layerMemory, config)

type Storage = MessageStorage["Service"]

/** A storage that is changed so. */
const storageWith = (change: (storage: Storage) => Partial<Storage>) =>
  Layer.provideMerge(
    Layer.effect(MessageStorage)(Effect.map(MessageStorage, (storage) => ({ ...storage, ...change(storage) }))),
    memory
  )

const wait = Job.make("wait", { success: Schema.String, progress: Schema.Number })
const gated = Job.group("gated", wait)
const gate = Effect.runSync(asyncio.Event.make)

const name = Job.make("name", { success: Schema.String })
const outer = Job.group("a", name)
const inner = Job.group("a/b", name)

const runner = Layer.mergeAll(
  ClusterExecutor.layerRunner(all, Executor.local(all, handlers, { size: 2 })),
  ClusterExecutor.layerRunner(
    gated,
    Executor.local(gated, {
      wait: (_, { progress }) => Effect.as(Effect.andThen(progress(1), asyncio.Event.wait(gate)), "waited")
    })
  ),
  ClusterExecutor.layerRunner(outer, Executor.local(outer, { name: () => Effect.succeed("outer") })),
  ClusterExecutor.layerRunner(inner, Executor.local(inner, { name: () => Effect.succeed("inner") }))
).pipe(Layer.provideMerge(member))

type Services = Sharding.Sharding | MessageStorage | MemoryDriver | asyncio.EventLoop.EventLoop | Scope.Scope

const run = <A, E>(
  program: Effect.Effect<A, E, Services>,
  change: (storage: Storage) => Partial<Storage> = () => ({})
): Promise<A> =>
  Effect.runPromise(
    Effect.scoped(program).pipe(
      asyncio.EventLoop.provide,
      Effect.provide(Layer.provideMerge(runner, Layer.merge(storageWith(change), Book.layer)))
    )
  )

const failure = Effect.fail(new PersistenceError({ cause: "the connection broke" }))

/** Fails so often, then does what it should. */
const failing =
  <A extends Array<unknown>, B, E>(times: number, call: (...args: A) => Effect.Effect<B, E>) => (...args: A) =>
    Effect.suspend((): Effect.Effect<B, E | PersistenceError> => times-- > 0 ? failure : call(...args))

describe("a storage that fails", () => {
  it("for a moment: the job is sent again", () =>
    run(
      Effect.gen(function*() {
        const cluster = yield* ClusterExecutor.make(all)
        expect(yield* yield* runInExecutor(cluster, half, 8)).toBe(4)
      }),
      ({ saveRequest }) => ({ saveRequest: failing(3, saveRequest) })
    ))

  it("for longer: a BrokenExecutor; the same id is still to be had", () =>
    run(
      Effect.gen(function*() {
        const cluster = yield* ClusterExecutor.make(all)
        const exit = yield* Effect.exit(asyncio.Task.join(yield* runInExecutor(cluster, half, 8, { id: "a" })))
        expect(String(exit)).toMatch(/BrokenExecutor.*job 'half': PersistenceError/)
        expect(yield* yield* runInExecutor(cluster, half, 8, { id: "a" })).toBe(4)
      }),
      ({ saveRequest }) => ({ saveRequest: failing(4, saveRequest) })
    ))

  it("when a job is cancelled: the task ends after `grace`, the job once the storage works", () =>
    run(
      Effect.gen(function*() {
        const cluster = yield* ClusterExecutor.make(all, { grace: 1 })
        const began = yield* asyncio.Event.make
        const task = yield* runInExecutor(cluster, park, "a", { onProgress: () => asyncio.Event.set(began) })
        yield* asyncio.Event.wait(began)
        yield* asyncio.Task.cancelAndWait([task])
        const asked = () => Effect.flatMap(runInExecutor(cluster, book, undefined), asyncio.Task.join)
        while ((yield* asked()).length === 0) yield* asyncio.sleep(10)
        expect(yield* asked()).toEqual(["a was cancelled"])
      }),
      ({ requestIdForPrimaryKey }) => ({ requestIdForPrimaryKey: failing(2, requestIdForPrimaryKey) })
    ))
})

it("whoever is interrupted as a runner leaves asks again, where the job has ended by then, too", () =>
  run(
    Effect.gen(function*() {
      const [driver, storage] = [yield* MemoryDriver, yield* MessageStorage]
      const cluster = yield* ClusterExecutor.make(gated)
      const began = yield* asyncio.Event.make
      const task = yield* runInExecutor(cluster, wait, undefined, { onProgress: () => asyncio.Event.set(began) })
      yield* asyncio.Event.wait(began)
      for (const id of driver.requests.keys()) {
        yield* storage.unregisterReplyHandler(Snowflake.Snowflake(id), { interrupt: true })
      }
      yield* asyncio.Event.set(gate)
      expect(yield* task).toBe("waited")
    }),
    ({ requestIdForPrimaryKey }) => ({
      requestIdForPrimaryKey: (options) => Effect.delay(requestIdForPrimaryKey(options), "300 millis")
    })
  ))

it("what is deleted before it has ended is not waited for for ever", () =>
  run(Effect.gen(function*() {
    yield* asyncio.Event.clear(gate)
    const driver = yield* MemoryDriver
    const exit = yield* Effect.gen(function*() {
      const cluster = yield* ClusterExecutor.make(gated)
      const began = yield* asyncio.Event.make
      const task = yield* runInExecutor(cluster, wait, undefined, {
        id: "a",
        onProgress: () => asyncio.Event.set(began)
      })
      yield* asyncio.Event.wait(began)
      yield* TestClock.adjust("10 minutes")
      expect(asyncio.Task.done(task)).toBe(false)
      driver.requestsByPrimaryKey.clear()
      yield* TestClock.adjust("5 minutes")
      return yield* asyncio.Task.await(task)
    }).pipe(Effect.scoped, Effect.provide(TestClock.layer(), { local: true }))
    expect(String(exit)).toMatch(/BrokenExecutor.*job 'wait': the cluster's storage has nothing of a any more/)
    yield* asyncio.Event.set(gate)
  })))

it("names and ids with slashes are no others", () =>
  run(Effect.gen(function*() {
    const ask = Effect.fnUntraced(function*(group: typeof inner, id: string) {
      const cluster = yield* ClusterExecutor.make(group)
      return yield* yield* runInExecutor(cluster, name, undefined, { id })
    })
    expect(yield* ask(outer, "b/1")).toBe("outer")
    expect(yield* ask(inner, "1")).toBe("inner")
  })))

it("the reports of a job that has ended before are not waited for", async () => {
  const seen: Array<number> = []
  const ask = Effect.scoped(Effect.gen(function*() {
    const cluster = yield* ClusterExecutor.make(all, { grace: "1 hour" })
    const onProgress = ({ step }: { readonly step: number }) => Effect.sync(() => seen.push(step))
    return yield* yield* runInExecutor(cluster, steps, 3, { id: "a", onProgress })
  }))
  const life = ask.pipe(asyncio.EventLoop.provide, Effect.provide(Layer.fresh(Layer.provide(runner, Book.layer))))
  expect(await Effect.runPromise(Effect.provide(Effect.all([life, life]), memory))).toEqual([[1, 2, 3], [1, 2, 3]])
  expect(seen).toEqual([1, 2, 3])
})

it("a runner that ends waits for the jobs whose shards are on their way to another one", () => {
  const ids = Array.from({ length: 10 }, (_, index) => String(index))
  const gates = new Map(ids.map((id) => [id, Effect.runSync(asyncio.Event.make)]))
  const open = (id: string) => asyncio.Event.set(gates.get(id)!)
  const runner = ClusterExecutor.layerRunner(
    gated,
    Executor.local(gated, {
      wait: (_, { id, progress }) =>
        Effect.as(Effect.andThen(progress(1), asyncio.Event.wait(gates.get(id)!)), `${id} waited`)
    })
  )
  /** Those on their way; the others have ended. */
  const moving = Effect.gen(function*() {
    const sharding = yield* Sharding.Sharding
    const cluster = yield* ClusterExecutor.make(gated, { detach: true })
    const tasks = yield* asyncio.gather(ids.map(Effect.fnUntraced(function*(id) {
      const began = yield* asyncio.Event.make
      const task = yield* runInExecutor(cluster, wait, undefined, { id, onProgress: () => asyncio.Event.set(began) })
      yield* asyncio.Event.wait(began)
      return task
    })))
    const other = new Runner({ address: RunnerAddress.make("other", 1), groups: ["default"], weight: 1 })
    yield* (yield* RunnerStorage.RunnerStorage).register(other, true)
    const isHere = (id: string) => sharding.hasShardId(sharding.getShardId(EntityId.make(id), "default"))
    while (ids.every(isHere)) yield* asyncio.sleep(10)
    const here = ids.filter(isHere)
    yield* asyncio.gather(here.map(open))
    yield* asyncio.gather(tasks.filter((_, index) => here.includes(String(index))))
    return ids.filter((id) => !here.includes(id))
  })
  return Effect.gen(function*() {
    const scope = yield* Scope.make()
    const services = yield* Layer.buildWithScope(Layer.provideMerge(runner, member), scope)
    const left = yield* moving.pipe(Effect.scoped, asyncio.EventLoop.provide, Effect.provideContext(services))
    const closing = yield* Effect.forkScoped(Scope.close(scope, Exit.void))
    expect(Option.isNone(yield* Effect.timeoutOption(Fiber.await(closing), "300 millis"))).toBe(true)
    yield* Effect.all(left.map(open))
    yield* Fiber.join(closing)
    const { requests } = yield* MemoryDriver
    // An outcome, or none: then it is begun again elsewhere.
    for (const { replies } of requests.values()) expect(JSON.stringify(replies)).not.toContain("Interrupt")
  }).pipe(Effect.scoped, Effect.provide(memory), Effect.runPromise)
})
