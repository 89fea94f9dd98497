// @effect-diagnostics floatingEffect:off missingEffectContext:off missingEffectError:off promiseInEffectSuccess:off
// What is not run is what these are about.
import { type Cause, Effect, type Option, Order, type Scope, type Stream } from "effect"
import * as asyncio from "effect-asyncio"
import type { EventLoop, QueueEmpty, QueueFull, QueueShutDown } from "effect-asyncio"
import { expectTypeOf, it } from "vitest"

const { Barrier, Condition, LifoQueue, Lock, PriorityQueue, Queue, Semaphore, TaskGroup } = asyncio

declare const lock: asyncio.Lock.Lock
declare const semaphore: asyncio.Semaphore.Semaphore
declare const condition: asyncio.Condition.Condition
declare const queue: asyncio.Queue.Queue<number>
declare const work: Effect.Effect<"value", "no", Scope.Scope>

it("primitives need no EventLoop", () => {
  expectTypeOf(Lock.acquire(lock)).toEqualTypeOf<Effect.Effect<void>>()
  expectTypeOf(Semaphore.acquire(semaphore)).toEqualTypeOf<Effect.Effect<void>>()
  expectTypeOf(Condition.wait(condition)).toEqualTypeOf<Effect.Effect<void>>()
  expectTypeOf(Queue.get(queue)).toEqualTypeOf<Effect.Effect<number, QueueShutDown>>()
  expectTypeOf(Barrier.make(1)).toEqualTypeOf<Effect.Effect<asyncio.Barrier.Barrier>>()
})

it("the with… forms keep what the effect is, in both orders", () => {
  expectTypeOf(Lock.withLock(lock, work)).toEqualTypeOf<typeof work>()
  expectTypeOf(work.pipe(Lock.withLock(lock))).toEqualTypeOf<typeof work>()
  expectTypeOf(Semaphore.withPermit(semaphore, work)).toEqualTypeOf<typeof work>()
  expectTypeOf(work.pipe(Semaphore.withPermit(semaphore))).toEqualTypeOf<typeof work>()
  expectTypeOf(Condition.withLock(condition, work)).toEqualTypeOf<typeof work>()
  expectTypeOf(Lock.acquireScoped(lock)).toEqualTypeOf<Effect.Effect<void, never, Scope.Scope>>()
})

it("waitFor of a Condition gives what the predicate gives", () => {
  expectTypeOf(Condition.waitFor(condition, () => "value" as string | undefined)).toExtend<
    Effect.Effect<string | undefined>
  >()
  expectTypeOf(condition.pipe(Condition.waitFor(() => 1 as number | false))).toExtend<Effect.Effect<number | false>>()
  expectTypeOf(Condition.waitFor(condition, () => null as unknown)).toEqualTypeOf<Effect.Effect<unknown>>()
})

it("a predicate gives a plain value: an Effect or a promise would always be true", () => {
  const refused = [
    // @ts-expect-error
    Condition.waitFor(condition, () => Effect.succeed(false)),
    // @ts-expect-error
    condition.pipe(Condition.waitFor(() => Queue.get(queue))),
    // @ts-expect-error
    Condition.waitFor(condition, async () => false)
  ]
  expectTypeOf(refused).toBeArray()
})

it("queues say how they can fail", () => {
  expectTypeOf(Queue.put(queue, 1)).toEqualTypeOf<Effect.Effect<void, QueueShutDown>>()
  expectTypeOf(Queue.putNowait(queue, 1)).toEqualTypeOf<Effect.Effect<void, QueueFull | QueueShutDown>>()
  expectTypeOf(Queue.getNowait(queue)).toEqualTypeOf<Effect.Effect<number, QueueEmpty | QueueShutDown>>()
  expectTypeOf(Queue.stream(queue)).toEqualTypeOf<Stream.Stream<number>>()
  expectTypeOf(LifoQueue.make<number>()).toEqualTypeOf<Effect.Effect<asyncio.Queue.Queue<number>>>()
  expectTypeOf(PriorityQueue.make({ order: Order.Number })).toEqualTypeOf<Effect.Effect<asyncio.Queue.Queue<number>>>()
  const refused = [
    // @ts-expect-error: not of the queue's type
    Queue.put(queue, "1"),
    // @ts-expect-error: a queue of items that need an order has to be given one
    PriorityQueue.make<number>({ maxsize: 1 })
  ]
  expectTypeOf(refused).toBeArray()
})

it("all queues may be fair", () => {
  expectTypeOf(Queue.make<number>({ fair: true })).toEqualTypeOf<Effect.Effect<asyncio.Queue.Queue<number>>>()
  expectTypeOf(LifoQueue.make<number>({ fair: true, maxsize: 1 })).toEqualTypeOf<
    Effect.Effect<asyncio.Queue.Queue<number>>
  >()
  expectTypeOf(PriorityQueue.make({ fair: true, order: Order.Number })).toEqualTypeOf<
    Effect.Effect<asyncio.Queue.Queue<number>>
  >()
  // @ts-expect-error: not a boolean
  expectTypeOf(Queue.make<number>({ fair: "yes" })).toBeObject()
})

it("what prints says so in its type: typescript-eslint's no-base-to-string looks for that", () => {
  expectTypeOf<
    | asyncio.Lock.Lock
    | asyncio.Event.Event
    | asyncio.Condition.Condition
    | asyncio.Semaphore.Semaphore
    | asyncio.Barrier.Barrier
    | asyncio.Queue.Queue<number>
    | asyncio.Timeout.Timeout
    | asyncio.Runner.Runner
    | asyncio.TaskGroup.TaskGroup
    | asyncio.EventLoop.Handle
    | asyncio.EventLoop.TimerHandle
    | asyncio.EventLoop.Shape
    | asyncio.Future.Future<number>
    | asyncio.Task.Task<number>
  >().toHaveProperty("toString")
})

it("a group that is bound to a scope takes what may fail with its E, and joins with that", () => {
  type Loop = EventLoop.EventLoop
  expectTypeOf(TaskGroup.make()).toEqualTypeOf<
    Effect.Effect<asyncio.TaskGroup.Bound<never>, never, Scope.Scope | Loop>
  >()
  const group = {} as asyncio.TaskGroup.Bound<"a" | "b">
  expectTypeOf(group.createTask(Effect.fail("a" as const))).toEqualTypeOf<
    Effect.Effect<asyncio.Task.Task<never, "a">, never, Loop> & asyncio.Awaitable.MakesTask
  >()
  expectTypeOf(
    group.start((started: asyncio.TaskGroup.Started<1>) => Effect.andThen(started(1), Effect.fail("b" as const)))
  )
    .toEqualTypeOf<Effect.Effect<1, "b", Loop>>()
  expectTypeOf(group.join).toEqualTypeOf<Effect.Effect<void, "a" | "b">>()
  // @ts-expect-error: it fails with something else
  group.createTask(Effect.fail("c" as const))
  // @ts-expect-error: this one's tasks do not fail
  Effect.map(TaskGroup.make(), (group) => group.createTask(Effect.fail("a")))
})

it("limits", () => {
  for (const concurrency of [1, "unbounded", Infinity, undefined] as const) {
    expectTypeOf(TaskGroup.run(() => Effect.fail("no" as const), { concurrency }))
      .toEqualTypeOf<Effect.Effect<never, "no", EventLoop.EventLoop>>()
  }
  // @ts-expect-error: no limit
  TaskGroup.run(() => Effect.void, { concurrency: "all" })
  // @ts-expect-error: no option
  TaskGroup.run(() => Effect.void, { limit: 1 })
  // @ts-expect-error: no limit
  asyncio.asCompleted([Effect.void], { concurrency: "all" })
  expectTypeOf(asyncio.Lock.acquireNowait).returns.toEqualTypeOf<Effect.Effect<boolean>>()
  expectTypeOf(asyncio.Semaphore.acquireNowait).returns.toEqualTypeOf<Effect.Effect<boolean>>()
  // @ts-expect-error: a semaphore is no lock
  asyncio.Lock.acquireNowait(asyncio.Semaphore.make(1))
})

it("what a task of a group starts with", () => {
  TaskGroup.run((group) =>
    Effect.gen(function*() {
      type Loop = asyncio.EventLoop.EventLoop
      const typed = (started: asyncio.TaskGroup.Started<number>) =>
        Effect.andThen(started(1), Effect.fail("E1" as const))
      expectTypeOf(group.start(typed)).toEqualTypeOf<Effect.Effect<number, "E1", Loop>>()
      expectTypeOf(group.start(typed, { name: "server", eager: true }))
        .toEqualTypeOf<Effect.Effect<number, "E1", Loop>>()
      expectTypeOf(group.start((started) => started())).toEqualTypeOf<Effect.Effect<void, never, Loop>>()
      // @ts-expect-error: without an annotation it takes no value
      group.start((started) => started(1))
      // @ts-expect-error: another value
      group.start((started: asyncio.TaskGroup.Started<number>) => started("one"))
      // @ts-expect-error: the effect in place of a function that gives it
      group.start(Effect.void)
      yield* Effect.void
    })
  )
})

it("a TaskGroup's block can fail with what its tasks and its body fail with", () => {
  const block = TaskGroup.run((group) =>
    Effect.gen(function*() {
      const a = yield* group.createTask(Effect.fail("a" as const))
      const b = yield* group.createTask(Effect.as(Effect.fail("b" as const), 1))
      if (Math.random() > 2) return yield* Effect.fail("body" as const)
      return [a, b] as const
    })
  )
  expectTypeOf<Effect.Error<typeof block>>().toEqualTypeOf<"a" | "b" | "body">()
  expectTypeOf<Effect.Services<typeof block>>().toEqualTypeOf<EventLoop.EventLoop>()
  expectTypeOf<Effect.Success<typeof block>>().toEqualTypeOf<
    readonly [asyncio.Task.Task<never, "a">, asyncio.Task.Task<number, "b">]
  >()
})

it("time limits add a TimeoutError", () => {
  expectTypeOf(asyncio.timeout("1 second", () => work)).toEqualTypeOf<
    Effect.Effect<"value", "no" | Cause.TimeoutError, Scope.Scope | EventLoop.EventLoop>
  >()
  expectTypeOf(asyncio.timeoutOption("1 second", () => work)).toEqualTypeOf<
    Effect.Effect<Option.Option<"value">, "no", Scope.Scope | EventLoop.EventLoop>
  >()
  expectTypeOf(
    Effect.catchIf(asyncio.timeout("1 second", () => work), asyncio.isTimeoutError, (error) => {
      expectTypeOf(error).toExtend<Cause.TimeoutError>()
      return Effect.succeed("late" as const)
    })
    // Somebody else's is left.
  ).toEqualTypeOf<Effect.Effect<"value" | "late", "no" | Cause.TimeoutError, Scope.Scope | EventLoop.EventLoop>>()
  expectTypeOf(asyncio.sleepUntil(1)).toEqualTypeOf<Effect.Effect<void, never, EventLoop.EventLoop>>()
  // @ts-expect-error: seconds of the clock, no duration
  asyncio.sleepUntil("1 second")
  expectTypeOf(asyncio.waitFor(work, "1 second")).toEqualTypeOf<
    Effect.Effect<"value", "no" | Cause.TimeoutError, Scope.Scope | EventLoop.EventLoop>
  >()
  expectTypeOf(asyncio.shield(work)).toEqualTypeOf<Effect.Effect<"value", "no", Scope.Scope | EventLoop.EventLoop>>()
})
