// @effect-diagnostics floatingEffect:off missingEffectContext:off missingEffectError:off
// What is not run is what these are about.
import { type Cause, Context, Duration, Effect, type Stream } from "effect"
import {
  ALL_COMPLETED,
  asCompleted,
  asCompletedEffects,
  type Awaitable,
  ensureFuture,
  type EventLoop,
  FIRST_COMPLETED,
  FIRST_EXCEPTION,
  type Future,
  shield,
  sleep,
  type Task,
  timeout,
  wait,
  waitFor
} from "effect-asyncio"
import { describe, expectTypeOf, it } from "vitest"

type Loop = EventLoop.EventLoop
class Db extends Context.Service<Db, { readonly db: 1 }>()("Db") {}

declare const number: Effect.Effect<number, "E1", Db>
declare const task: Task.Task<boolean, "E3">
declare const future: Future.Future<Date, "E4">
declare const pure: Effect.Effect<string>

type Waited<T, R = never> = Effect.Effect<wait.Result<T>, never, R | Loop>

describe("wait", () => {
  it("effects become tasks; futures and tasks stay what they are", () => {
    expectTypeOf(wait([number])).toEqualTypeOf<Waited<Task.Task<number, "E1">, Db>>()
    expectTypeOf(wait([task])).toEqualTypeOf<Waited<Task.Task<boolean, "E3">>>()
    expectTypeOf(wait([future])).toEqualTypeOf<Waited<Future.Future<Date, "E4">>>()
    expectTypeOf(wait([number, task, future, pure])).toEqualTypeOf<
      Waited<
        Task.Task<number, "E1"> | Task.Task<boolean, "E3"> | Future.Future<Date, "E4"> | Task.Task<string>,
        Db
      >
    >()
  })
  it("any iterable", () => {
    expectTypeOf(wait(new Set([task]))).toEqualTypeOf<Waited<Task.Task<boolean, "E3">>>()
    expectTypeOf(wait([1, 2].map(() => pure))).toEqualTypeOf<Waited<Task.Task<string>>>()
    const generator = function*() {
      yield number
      yield task
    }
    expectTypeOf(wait(generator())).toEqualTypeOf<Waited<Task.Task<number, "E1"> | Task.Task<boolean, "E3">, Db>>()
    expectTypeOf(wait([task] as const)).toEqualTypeOf<Waited<Task.Task<boolean, "E3">>>()
  })
  it("its sets, and the loop over them, without annotations", () => {
    void Effect.gen(function*() {
      let { done, pending } = yield* wait([number, number], { returnWhen: FIRST_COMPLETED })
      expectTypeOf(done).toEqualTypeOf<ReadonlySet<Task.Task<number, "E1">>>()
      while (pending.size > 0) {
        ;({ done, pending } = yield* wait(pending, { returnWhen: FIRST_COMPLETED }))
        for (const task of done) expectTypeOf(yield* task).toEqualTypeOf<number>()
      }
    })
  })
  it("options", () => {
    type Expected = Waited<Task.Task<boolean, "E3">>
    for (const returnWhen of [ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION] as const) {
      expectTypeOf(wait([task], { returnWhen })).toEqualTypeOf<Expected>()
    }
    expectTypeOf(wait([task], { returnWhen: "FIRST_COMPLETED", timeout: "1 second" })).toEqualTypeOf<Expected>()
    expectTypeOf(wait([task], { returnWhen: (tally) => tally.succeeded >= 2 })).toEqualTypeOf<Expected>()
    expectTypeOf(wait([task], { timeout: Duration.seconds(1) })).toEqualTypeOf<Expected>()
    expectTypeOf(wait([task], { timeout: undefined, returnWhen: undefined })).toEqualTypeOf<Expected>()
    const options: wait.Options = {}
    expectTypeOf(wait([task], options)).toEqualTypeOf<Expected>()
    // @ts-expect-error: asyncio's own spelling
    wait([task], { return_when: FIRST_COMPLETED })
    // @ts-expect-error: an unknown one beside a known one
    wait([task], { timeout: 1, concurrency: 1 })
    // @ts-expect-error: no such mode
    wait([task], { returnWhen: "FIRST" })
    // @ts-expect-error: the predicate gives a boolean
    wait([task], { returnWhen: () => "yes" })
    // @ts-expect-error: no duration
    wait([task], { timeout: new Date() })
  })
  it("rejected", () => {
    // @ts-expect-error: a lone effect
    wait(number)
    // @ts-expect-error: a lone task
    wait(task)
    // @ts-expect-error: a lone future
    wait(future)
    // @ts-expect-error
    wait([1])
    // @ts-expect-error
    wait([Promise.resolve(1)])
    // @ts-expect-error: a record is gather's
    wait({ a: task })
    // @ts-expect-error: EventLoop is missing
    void Effect.runPromise(wait([pure]))
  })
})

describe("ensureFuture", () => {
  it("an effect becomes a task, a future stays as it is", () => {
    type Made<A, R = never> = Effect.Effect<A, never, R | Loop> & Awaitable.MakesTask
    expectTypeOf(ensureFuture(number)).toEqualTypeOf<Made<Task.Task<number, "E1">, Db>>()
    expectTypeOf(ensureFuture(task)).toEqualTypeOf<Made<Task.Task<boolean, "E3">>>()
    expectTypeOf(ensureFuture(future)).toEqualTypeOf<Made<Future.Future<Date, "E4">>>()
    const either = task as Task.Task<boolean, "E3"> | Effect.Effect<number, "E1", Db>
    expectTypeOf(ensureFuture(either)).toEqualTypeOf<Made<Task.Task<boolean, "E3"> | Task.Task<number, "E1">, Db>>()
  })
  it("rejected", () => {
    // @ts-expect-error
    ensureFuture(1)
    // @ts-expect-error
    ensureFuture([number])
    // @ts-expect-error
    ensureFuture(Promise.resolve(1))
    // @ts-expect-error: EventLoop is missing
    void Effect.runPromise(ensureFuture(pure))
  })
})

describe("Awaitable", () => {
  it("what it gives, fails with, asks for", () => {
    type Any = typeof number | typeof task | typeof future
    expectTypeOf<Awaitable.Success<Any>>().toEqualTypeOf<number | boolean | Date>()
    expectTypeOf<Awaitable.Error<Any>>().toEqualTypeOf<"E1" | "E3" | "E4">()
    expectTypeOf<Awaitable.Services<Any>>().toEqualTypeOf<Db>()
    expectTypeOf<Awaitable.Running<Any>>().toEqualTypeOf<
      Task.Task<number, "E1"> | Task.Task<boolean, "E3"> | Future.Future<Date, "E4">
    >()
    expectTypeOf(number).toExtend<Awaitable<number, "E1", Db>>()
    expectTypeOf(task).toExtend<Awaitable<boolean, "E3">>()
    expectTypeOf(task).not.toExtend<Awaitable<string, "E3">>()
  })
})

describe("one awaitable", () => {
  it("shield, waitFor: of effects, tasks and futures", () => {
    expectTypeOf(shield(number)).toEqualTypeOf<Effect.Effect<number, "E1", Db | Loop>>()
    expectTypeOf(shield(task)).toEqualTypeOf<Effect.Effect<boolean, "E3", Loop>>()
    type Waiting = Effect.Effect<number, "E1" | Cause.TimeoutError, Db | Loop>
    expectTypeOf(waitFor(number, "1 second")).toEqualTypeOf<Waiting>()
    expectTypeOf(number.pipe(waitFor("1 second"))).toEqualTypeOf<Waiting>()
    expectTypeOf(waitFor(future, 1)).toEqualTypeOf<Effect.Effect<Date, "E4" | Cause.TimeoutError, Loop>>()
    expectTypeOf(timeout("1 second", () => number)).toEqualTypeOf<Waiting>()
  })
})

describe("asCompleted", () => {
  type Tasks = Task.Task<number, "E1"> | Task.Task<boolean, "E3">
  it("without a timeout it does not time out", () => {
    type Sure = Stream.Stream<Tasks, never, Db | Loop>
    expectTypeOf(asCompleted([number, task])).toEqualTypeOf<Sure>()
    expectTypeOf(asCompleted([number, task], {})).toEqualTypeOf<Sure>()
    expectTypeOf(asCompleted([number, task], undefined)).toEqualTypeOf<Sure>()
    expectTypeOf(asCompleted([number, task], { timeout: undefined })).toEqualTypeOf<Sure>()
    expectTypeOf(asCompletedEffects([number, task])).toEqualTypeOf<
      Effect.Effect<ReadonlyArray<Effect.Effect<number | boolean, "E1" | "E3">>, never, Db | Loop>
    >()
  })
  it("where there is one, or may be one", () => {
    type Limited = Stream.Stream<Tasks, Cause.TimeoutError, Db | Loop>
    const options: asCompleted.Options = {}
    const some = Math.random() > 2 ? {} : { timeout: Duration.seconds(1) }
    const duration: Duration.Input | undefined = undefined as Duration.Input | undefined
    expectTypeOf(asCompleted([number, task], { timeout: "1 second" })).toEqualTypeOf<Limited>()
    expectTypeOf(asCompleted([number, task], { timeout: { seconds: 1 } })).toEqualTypeOf<Limited>()
    expectTypeOf(asCompleted([number, task], options)).toEqualTypeOf<Limited>()
    expectTypeOf(asCompleted([number, task], some)).toEqualTypeOf<Limited>()
    expectTypeOf(asCompleted([number, task], { timeout: duration })).toEqualTypeOf<Limited>()
    expectTypeOf(asCompletedEffects([number, task], { timeout: 5 })).toEqualTypeOf<
      Effect.Effect<
        ReadonlyArray<Effect.Effect<number | boolean, "E1" | "E3" | Cause.TimeoutError>>,
        never,
        Db | Loop
      >
    >()
  })
  it("rejected", () => {
    // @ts-expect-error: a lone awaitable
    asCompleted(number)
    // @ts-expect-error: unknown
    asCompleted([number], { timeouts: 1 })
    // @ts-expect-error: no duration
    asCompleted([number], { timeout: "soon" })
  })
})

describe("sleep", () => {
  it("void, or its value", () => {
    expectTypeOf(sleep("1 second")).toEqualTypeOf<Effect.Effect<void>>()
    expectTypeOf(sleep(1, "value")).toEqualTypeOf<Effect.Effect<string>>()
    expectTypeOf(sleep(Duration.zero, 1 as 1 | 2)).toEqualTypeOf<Effect.Effect<1 | 2>>()
    // @ts-expect-error
    sleep()
    // @ts-expect-error
    sleep(new Date())
  })
})
