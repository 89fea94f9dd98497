// @effect-diagnostics floatingEffect:off missingEffectContext:off missingEffectError:off
// What is not run is what these are about.
import { type Cause, Context, Effect, type Exit, type Fiber, type Layer, type Option, Scope } from "effect"
import {
  allTasks,
  type Awaitable,
  createTask,
  currentTask,
  EventLoop,
  Future,
  gather,
  type InvalidStateError,
  run,
  Runner,
  Task,
  TaskGroup
} from "effect-asyncio"
import { type DeadlockError, type SpinError, VirtualLoop } from "effect-asyncio/testing"
import { describe, expectTypeOf, it } from "vitest"

type Loop = EventLoop.EventLoop
class Db extends Context.Service<Db, { readonly db: 1 }>()("Db") {}

declare const number: Effect.Effect<number, "E1", Db>
declare const pure: Effect.Effect<string>
declare const task: Task.Task<boolean, "E3">
declare const future: Future.Future<Date, "E4">

type Made<A, R = never> = Effect.Effect<A, never, R | Loop> & Awaitable.MakesTask

describe("createTask", () => {
  it("keeps A and E, asks for R and the loop", () => {
    expectTypeOf(createTask(number)).toEqualTypeOf<Made<Task.Task<number, "E1">, Db>>()
    expectTypeOf(createTask(pure, { name: "name", eager: true })).toEqualTypeOf<Made<Task.Task<string>>>()
    expectTypeOf(createTask(Effect.never)).toEqualTypeOf<Made<Task.Task<never>>>()
    expectTypeOf(Task.create).toEqualTypeOf(createTask)
  })
  it("rejected", () => {
    // @ts-expect-error: a task is no effect
    createTask(task)
    // @ts-expect-error
    createTask(future)
    // @ts-expect-error
    createTask([number])
    // @ts-expect-error
    createTask(Promise.resolve(1))
    // @ts-expect-error: unknown
    createTask(number, { context: 1 })
    // @ts-expect-error
    createTask(number, { name: 5 })
    // @ts-expect-error
    createTask(number, { eager: "yes" })
    // @ts-expect-error: EventLoop is missing
    void Effect.runPromise(createTask(pure))
    // @ts-expect-error: Db is missing
    void Effect.runPromise(EventLoop.provide(createTask(number)))
  })
  it("a Scope is the task's own, or said", () => {
    class Acquired {
      readonly size = 1
    }
    const acquire = Effect.acquireRelease(Effect.succeed(new Acquired()), () => Effect.void)
    const task = createTask(acquire)
    expectTypeOf<Effect.Services<typeof task>>().toEqualTypeOf<Awaitable.ScopeOfATask | Loop>()
    expectTypeOf(createTask(Effect.scoped(acquire))).toEqualTypeOf<Made<Task.Task<Acquired>>>()
    expectTypeOf(createTask(Scope.provide(acquire, Scope.makeUnsafe()))).toEqualTypeOf<Made<Task.Task<Acquired>>>()
    // @ts-expect-error: a scope around the creator is none of the task's
    void Effect.runPromise(EventLoop.provide(Effect.scoped(task)))
    // A function that is generic in R passes it on, and its caller is told.
    const spawn = <A, E, R>(effect: Effect.Effect<A, E, R>) => createTask(effect, { name: "spawned" })
    expectTypeOf(spawn(number)).toEqualTypeOf<Made<Task.Task<number, "E1">, Db>>()
    expectTypeOf<Effect.Services<ReturnType<typeof spawn<Acquired, never, Scope.Scope>>>>()
      .toEqualTypeOf<Awaitable.ScopeOfATask | Loop>()
    TaskGroup.run((group) => {
      expectTypeOf<Effect.Services<ReturnType<typeof group.createTask<Acquired, never, Scope.Scope>>>>()
        .toEqualTypeOf<Awaitable.ScopeOfATask | Loop>()
      return Effect.void
    })
    // What awaits in the same step of the program may use the scope around.
    expectTypeOf(gather([acquire])).toEqualTypeOf<Effect.Effect<[Acquired], never, Scope.Scope | Loop>>()
  })
  it("cancelAndWait: one or many; a TimeoutError only with a timeout", () => {
    const limit: string | undefined = undefined as string | undefined
    expectTypeOf(Task.cancelAndWait(task)).toEqualTypeOf<Effect.Effect<void, never, Loop>>()
    expectTypeOf(Task.cancelAndWait(future)).toEqualTypeOf<Effect.Effect<void, never, Loop>>()
    expectTypeOf(Task.cancelAndWait(new Set([task, future]), { message: "m" }))
      .toEqualTypeOf<Effect.Effect<void, never, Loop>>()
    expectTypeOf(Task.cancelAndWait([task], { timeout: "1 second" }))
      .toEqualTypeOf<Effect.Effect<void, Cause.TimeoutError, Loop>>()
    expectTypeOf(Task.cancelAndWait([task], { timeout: undefined })).toEqualTypeOf<Effect.Effect<void, never, Loop>>()
    expectTypeOf(Task.cancelAndWait([task], { timeout: limit as "1 second" | undefined }))
      .toEqualTypeOf<Effect.Effect<void, Cause.TimeoutError, Loop>>()
    // @ts-expect-error: no task
    Task.cancelAndWait(number)
    // @ts-expect-error: no task yet
    Task.cancelAndWait(createTask(pure))
    // @ts-expect-error: several arguments
    Task.cancelAndWait(task, task)
  })
  it("currentTask and allTasks", () => {
    expectTypeOf(currentTask).toEqualTypeOf<Effect.Effect<Option.Option<Task.Task<unknown, unknown>>, never, Loop>>()
    expectTypeOf(allTasks).toEqualTypeOf<Effect.Effect<ReadonlySet<Task.Task<unknown, unknown>>, never, Loop>>()
  })
})

describe("a Task is a Future, and neither is an Effect", () => {
  it("yield* gives the value, and fails with the error", () => {
    const program = Effect.gen(function*() {
      const a = yield* task
      const b = yield* future
      expectTypeOf(a).toEqualTypeOf<boolean>()
      expectTypeOf(b).toEqualTypeOf<Date>()
      return [a, b] as const
    })
    expectTypeOf(program).toEqualTypeOf<Effect.Effect<readonly [boolean, Date], "E3" | "E4">>()
  })
  it("not Effects", () => {
    expectTypeOf(task).not.toExtend<Effect.Effect<unknown, unknown, unknown>>()
    expectTypeOf(future).not.toExtend<Effect.Effect<unknown, unknown, unknown>>()
    // @ts-expect-error
    Effect.flatMap(Effect.void, () => task)
    // @ts-expect-error
    void Effect.runPromise(task)
    // @ts-expect-error
    Effect.all([task])
    // @ts-expect-error
    Effect.map(future, (date) => date)
  })
  it("covariant", () => {
    expectTypeOf(task).toExtend<Future.Future<boolean, "E3">>()
    expectTypeOf(task).toExtend<Future.Future<unknown, unknown>>()
    expectTypeOf(task).toExtend<Task.Task<boolean | string, "E3" | "E5">>()
    expectTypeOf(task).not.toExtend<Task.Task<true, "E3">>()
    expectTypeOf(task).not.toExtend<Task.Task<boolean>>()
    expectTypeOf(future).not.toExtend<Task.Task<Date, "E4">>()
    expectTypeOf<Future.Future<never>>().toExtend<Future.Future<string, Error>>()
    expectTypeOf<Future.Future<1>>().toExtend<Future.Future<number>>()
    expectTypeOf<Future.Future<number>>().not.toExtend<Future.Future<1>>()
  })
  it("pipeable", () => {
    expectTypeOf(task.pipe(Task.join)).toEqualTypeOf<Effect.Effect<boolean, "E3">>()
    expectTypeOf(future.pipe(Future.join)).toEqualTypeOf<Effect.Effect<Date, "E4">>()
  })
  it("guards", () => {
    const u: unknown = task
    if (Task.isTask(u)) expectTypeOf(u).toEqualTypeOf<Task.Task<unknown, unknown>>()
    if (Future.isFuture(u)) expectTypeOf(u).toEqualTypeOf<Future.Future<unknown, unknown>>()
  })
  it("properties", () => {
    expectTypeOf(task.name).toEqualTypeOf<string>()
    expectTypeOf(task.fiber).toEqualTypeOf<Fiber.Fiber<boolean, "E3"> | undefined>()
    expectTypeOf(task.createdAt).toEqualTypeOf<string | undefined>()
    // @ts-expect-error: setName does that
    task.name = "name"
  })
})

describe("Future", () => {
  it("constructors", () => {
    expectTypeOf(Future.make<number, "E">()).toEqualTypeOf<Effect.Effect<Future.Future<number, "E">, never, Loop>>()
    expectTypeOf(Future.make<number>()).toEqualTypeOf<Effect.Effect<Future.Future<number>, never, Loop>>()
    expectTypeOf(Future.fromPromise(Promise.resolve(1))).toEqualTypeOf<
      Effect.Effect<Future.Future<number, Cause.UnknownError>, never, Loop>
    >()
    expectTypeOf(Future.toPromise(task)).toEqualTypeOf<Promise<boolean>>()
    // @ts-expect-error: EventLoop is missing
    void Effect.runPromise(Future.make<number>())
  })
  it("state", () => {
    expectTypeOf(Future.done(future)).toEqualTypeOf<boolean>()
    expectTypeOf(Future.cancelled(task)).toEqualTypeOf<boolean>()
    expectTypeOf(Future.result(future)).toEqualTypeOf<Effect.Effect<Date, "E4" | InvalidStateError>>()
    expectTypeOf(Task.result(task)).toEqualTypeOf<Effect.Effect<boolean, "E3" | InvalidStateError>>()
    expectTypeOf(Future.exception(future)).toEqualTypeOf<
      Effect.Effect<Option.Option<Cause.Cause<"E4">>, InvalidStateError>
    >()
    expectTypeOf(Future.awaitedBy(future)).toEqualTypeOf<ReadonlySet<Task.Task<unknown, unknown>>>()
  })
  it("waiting asks for no loop", () => {
    expectTypeOf(Future.join(future)).toEqualTypeOf<Effect.Effect<Date, "E4">>()
    expectTypeOf(Future.await(future)).toEqualTypeOf<Effect.Effect<Exit.Exit<Date, "E4">>>()
    expectTypeOf(Task.await(task)).toEqualTypeOf<Effect.Effect<Exit.Exit<boolean, "E3">>>()
  })
  it("completing", () => {
    expectTypeOf(Future.succeed(future, new Date())).toEqualTypeOf<Effect.Effect<void, InvalidStateError>>()
    expectTypeOf(Future.fail(future, "E4")).toEqualTypeOf<Effect.Effect<void, InvalidStateError>>()
    expectTypeOf(Future.succeedUnsafe(future, new Date())).toEqualTypeOf<boolean>()
  })
  it("cancelling", () => {
    expectTypeOf(Future.cancel(future)).toEqualTypeOf<Effect.Effect<boolean>>()
    expectTypeOf(Task.cancel(task, { message: "why" })).toEqualTypeOf<Effect.Effect<boolean>>()
    expectTypeOf(Task.cancelUnsafe(task, { message: undefined })).toEqualTypeOf<boolean>()
    expectTypeOf(Task.cancelling(task)).toEqualTypeOf<number>()
    expectTypeOf(Task.uncancel(task)).toEqualTypeOf<Effect.Effect<number>>()
    // @ts-expect-error: unknown
    Task.cancel(task, { msg: "why" })
    // @ts-expect-error: a future counts no requests
    Task.cancelling(future)
  })
  it("callbacks that give an Effect, which nothing would run", () => {
    // @ts-expect-error
    EventLoop.callSoon(() => Effect.void)
    // @ts-expect-error
    EventLoop.callLater("1 second", () => createTask(pure))
    // @ts-expect-error
    EventLoop.callAt(1, () => (Math.random() > 2 ? number : undefined))
    // @ts-expect-error
    Future.addDoneCallback(future, () => Effect.void)
    // @ts-expect-error
    Task.addDoneCallback(task, (done) => Task.join(done))
    // @ts-expect-error
    EventLoop.callSoon(function*() {
      yield* pure
    })
    void Effect.map(EventLoop.EventLoop, (loop) => {
      // @ts-expect-error
      loop.callSoonUnsafe(() => pure)
      loop.callSoonUnsafe(() => "text")
    })
  })
  it("callbacks that give anything else", () => {
    const plain: () => void = () => {}
    const unknown: () => unknown = () => 1
    const any: () => any = () => 1
    const never: () => never = () => {
      throw new Error("no")
    }
    for (const callback of [plain, unknown, any, never, () => 1, () => task, () => ({ a: 1 }), async () => {}]) {
      expectTypeOf(EventLoop.callSoon(callback)).toEqualTypeOf<Effect.Effect<EventLoop.Handle, never, Loop>>()
      expectTypeOf(Future.addDoneCallback(future, callback)).toEqualTypeOf<Effect.Effect<void>>()
    }
    expectTypeOf(Future.addDoneCallback<Date, "E4">(future, plain)).toEqualTypeOf<Effect.Effect<void>>()
  })
  it("callbacks", () => {
    expectTypeOf(Future.addDoneCallback(future, (f) => expectTypeOf(f).toEqualTypeOf<Future.Future<Date, "E4">>()))
      .toEqualTypeOf<Effect.Effect<void>>()
    expectTypeOf(Future.removeDoneCallback(future, () => {})).toEqualTypeOf<Effect.Effect<number>>()
  })
  it("catchCancelled, data-first and data-last", () => {
    const handler = (message: Option.Option<string>) => Effect.as(Db, message)
    type Caught = Effect.Effect<number | Option.Option<string>, "E1", Db | Loop>
    expectTypeOf(Task.catchCancelled(number, handler)).toEqualTypeOf<Caught>()
    expectTypeOf(number.pipe(Task.catchCancelled(handler))).toEqualTypeOf<Caught>()
    expectTypeOf(Task.catchCancelled(pure, () => Effect.fail("no"))).toEqualTypeOf<
      Effect.Effect<string, string, Loop>
    >()
  })
})

describe("loops and runs", () => {
  it("the loop is provided once", () => {
    expectTypeOf(EventLoop.layer()).toEqualTypeOf<Layer.Layer<Loop>>()
    expectTypeOf(EventLoop.layer({ debug: true, slowCallbackDuration: 50 })).toEqualTypeOf<Layer.Layer<Loop>>()
    expectTypeOf(EventLoop.provide(createTask(number))).toEqualTypeOf<
      Effect.Effect<Task.Task<number, "E1">, never, Db>
    >()
    expectTypeOf(EventLoop.time).toEqualTypeOf<Effect.Effect<number, never, Loop>>()
    expectTypeOf(EventLoop.callLater("1 second", () => {})).toEqualTypeOf<
      Effect.Effect<EventLoop.TimerHandle, never, Loop>
    >()
    // @ts-expect-error: unknown
    EventLoop.layer({ debugging: true })
    // @ts-expect-error: EventLoop is missing
    void Effect.runPromise(EventLoop.time)
  })
  it("an exception handler's services are asked of who sets it", () => {
    expectTypeOf(EventLoop.setExceptionHandler(() => Effect.asVoid(Db))).toEqualTypeOf<
      Effect.Effect<void, never, Db | Loop>
    >()
    expectTypeOf(EventLoop.setExceptionHandler(undefined)).toEqualTypeOf<Effect.Effect<void, never, Loop>>()
    // @ts-expect-error: it can't fail
    EventLoop.setExceptionHandler(() => Effect.fail("no"))
  })
  it("run and Runner", () => {
    expectTypeOf(run(createTask(pure))).toEqualTypeOf<Promise<Task.Task<string>>>()
    expectTypeOf(run(pure, { debug: true, signal: new AbortController().signal })).toEqualTypeOf<Promise<string>>()
    const runner = Runner.make({ layer: VirtualLoop.layer() })
    expectTypeOf(runner).toEqualTypeOf<Runner.Runner>()
    expectTypeOf(runner).toExtend<AsyncDisposable>()
    expectTypeOf(runner.run(task)).toEqualTypeOf<Promise<boolean>>()
    expectTypeOf(runner.run(pure)).toEqualTypeOf<Promise<string>>()
    expectTypeOf(runner.runExit(future)).toEqualTypeOf<Promise<Exit.Exit<Date, "E4">>>()
    // @ts-expect-error: Db is missing
    void run(number)
    // @ts-expect-error: Db is missing
    void runner.run(number)
    // @ts-expect-error: run takes an effect
    void run(task)
    // @ts-expect-error: no loop
    Runner.make({ layer: {} as Layer.Layer<Db> })
  })
  it("VirtualLoop", () => {
    expectTypeOf(VirtualLoop.layer({ maxTicks: 1, settle: 1, patience: "1 second" })).toEqualTypeOf<Layer.Layer<Loop>>()
    expectTypeOf(VirtualLoop.run(createTask(number))).toEqualTypeOf<
      Effect.Effect<Task.Task<number, "E1">, DeadlockError | SpinError, Db>
    >()
    expectTypeOf(VirtualLoop.run(number)).toEqualTypeOf<Effect.Effect<number, "E1" | DeadlockError | SpinError, Db>>()
    expectTypeOf(VirtualLoop.advance("1 second")).toEqualTypeOf<Effect.Effect<void, never, Loop>>()
    // @ts-expect-error: unknown
    VirtualLoop.layer({ ticks: 1 })
  })
})
