// @effect-diagnostics floatingEffect:off missingEffectContext:off missingEffectError:off
// What is not run is what these are about.
import { Context, Effect } from "effect"
import {
  asCompleted,
  asCompletedEffects,
  type Awaitable,
  createTask,
  ensureFuture,
  type EventLoop,
  gather,
  Queue,
  Runner,
  shield,
  Task,
  type TaskGroup,
  timeout,
  wait,
  waitFor
} from "effect-asyncio"
import { VirtualLoop } from "effect-asyncio/testing"
import { describe, expectTypeOf, it } from "vitest"

type Loop = EventLoop.EventLoop
class Db extends Context.Service<Db, { readonly db: 1 }>()("Db") {}

declare const f: (x: number) => Effect.Effect<number, "E1", Db>
declare const group: TaskGroup.TaskGroup
declare const queue: Queue.Queue<Task.Task<number>>
declare const xs: ReadonlyArray<number>

describe("what makes a task is refused where a task is awaited", () => {
  it("gather", () => {
    // @ts-expect-error
    gather(xs.map((x) => createTask(f(x))))
    // @ts-expect-error
    gather(xs.map((x) => Task.create(f(x), { name: `job ${x}` })), { returnExceptions: true })
    // @ts-expect-error
    gather([createTask(f(1)), createTask(f(2))])
    // @ts-expect-error: one among others
    gather([f(1), createTask(f(2))])
    // @ts-expect-error
    gather([ensureFuture(f(1))])
    // @ts-expect-error
    gather([group.createTask(f(1))])
    // @ts-expect-error
    gather({ a: f(1), b: createTask(f(2)) })
    // @ts-expect-error
    gather(new Set([createTask(f(1))]))
    // @ts-expect-error
    gather([createTask(f(1))] as const)
    const generator = function*() {
      yield createTask(f(1))
    }
    // @ts-expect-error
    gather(generator())
  })
  it("wait and asCompleted", () => {
    // @ts-expect-error
    wait(xs.map((x) => createTask(f(x))))
    // @ts-expect-error
    wait([f(1), ensureFuture(f(1))])
    // @ts-expect-error
    wait(new Set([createTask(f(1))]))
    // @ts-expect-error
    asCompleted(xs.map((x) => createTask(f(x))))
    // @ts-expect-error
    asCompleted([group.createTask(f(1))], { timeout: 1 })
    // @ts-expect-error
    asCompletedEffects(xs.map((x) => createTask(f(x))))
  })
  it("one awaitable", () => {
    // @ts-expect-error
    waitFor(createTask(f(1)), "1 second")
    // @ts-expect-error
    createTask(f(1)).pipe(waitFor("1 second"))
    // @ts-expect-error
    shield(createTask(f(1)))
    // @ts-expect-error
    ensureFuture(createTask(f(1)))
  })
})

describe("everywhere else it is an Effect as any other", () => {
  type Made = Effect.Effect<Task.Task<number, "E1">, never, Db | Loop>
  it("yield* gives the task", () => {
    const program = Effect.gen(function*() {
      const task = yield* createTask(f(1))
      expectTypeOf(task).toEqualTypeOf<Task.Task<number, "E1">>()
      const [a] = yield* gather([task, yield* createTask(f(2))])
      expectTypeOf(a).toEqualTypeOf<number>()
      return yield* task
    })
    expectTypeOf(program).toEqualTypeOf<Effect.Effect<number, "E1", Db | Loop>>()
  })
  it("in all, forEach, flatMap, pipe and where any effect runs", () => {
    expectTypeOf(createTask(f(1))).toExtend<Made>()
    expectTypeOf(Effect.all([createTask(f(1)), createTask(f(2))])).toEqualTypeOf<
      Effect.Effect<[Task.Task<number, "E1">, Task.Task<number, "E1">], never, Db | Loop>
    >()
    expectTypeOf(Effect.forEach(xs, (x) => createTask(f(x)))).toEqualTypeOf<
      Effect.Effect<Array<Task.Task<number, "E1">>, never, Db | Loop>
    >()
    expectTypeOf(Effect.flatMap(createTask(f(1)), Task.join)).toEqualTypeOf<Effect.Effect<number, "E1", Db | Loop>>()
    expectTypeOf(createTask(f(1)).pipe(Effect.flatMap(Task.join))).toEqualTypeOf<
      Effect.Effect<number, "E1", Db | Loop>
    >()
    expectTypeOf(f(1).pipe(createTask)).toExtend<Made>()
    expectTypeOf(timeout("1 second", () => createTask(f(1)))).toExtend<Effect.Effect<unknown, unknown, Db | Loop>>()
    expectTypeOf(VirtualLoop.run(createTask(f(1)))).toExtend<Effect.Effect<unknown, unknown, Db>>()
    expectTypeOf(Runner.make().run(createTask(Effect.succeed(1)))).toEqualTypeOf<Promise<Task.Task<number>>>()
    const either = Effect.gen(function*() {
      return yield* xs.length > 0 ? createTask(f(1)) : Effect.map(f(2), String)
    })
    expectTypeOf(either).toEqualTypeOf<Effect.Effect<string | Task.Task<number, "E1">, "E1", Db | Loop>>()
  })
  it("what comes of it is not marked", () => {
    expectTypeOf(Effect.map(createTask(f(1)), (task) => task)).toEqualTypeOf<Made>()
    expectTypeOf(createTask(f(1)).pipe(Effect.tap(Effect.void))).toEqualTypeOf<Made>()
    expectTypeOf(gather([Effect.map(createTask(f(1)), (task) => task)])).toEqualTypeOf<
      Effect.Effect<[Task.Task<number, "E1">], never, Db | Loop>
    >()
    const start = Effect.fn("start")(function*(x: number) {
      return yield* createTask(f(x))
    })
    expectTypeOf(gather(xs.map((x) => start(x)))).toEqualTypeOf<
      Effect.Effect<Array<Task.Task<number, "E1">>, never, Db | Loop>
    >()
  })
  it("an effect that happens to give a task", () => {
    expectTypeOf(gather([Queue.get(queue)])).toExtend<Effect.Effect<[Task.Task<number>], unknown, Loop>>()
    expectTypeOf(waitFor(Queue.get(queue), "1 second")).toExtend<Effect.Effect<Task.Task<number>, unknown, Loop>>()
    wait([Queue.get(queue)])
    asCompleted([Queue.getNowait(queue)])
  })
})

describe("generic wrappers", () => {
  it("of one effect", () => {
    const limited = <A, E, R>(effect: Effect.Effect<A, E, R>) => waitFor(effect, "1 second")
    const guarded = <A, E, R>(effect: Effect.Effect<A, E, R>) => effect.pipe(waitFor("1 second"))
    const safe = <A, E, R>(effect: Effect.Effect<A, E, R>) => shield(effect)
    const running = <A, E, R>(effect: Effect.Effect<A, E, R>) => ensureFuture(effect)
    const pair = <A, E, R>(effect: Effect.Effect<A, E, R>) => gather([effect, effect])
    const first = <A, E, R>(effect: Effect.Effect<A, E, R>) => wait([effect])
    const any = <A, E, R>(awaitable: Awaitable<A, E, R>) => waitFor(awaitable, "1 second")
    expectTypeOf(limited(f(1))).toExtend<Effect.Effect<number, unknown, Db | Loop>>()
    expectTypeOf(guarded(f(1))).toExtend<Effect.Effect<number, unknown, Db | Loop>>()
    expectTypeOf(safe(f(1))).toEqualTypeOf<Effect.Effect<number, "E1", Db | Loop>>()
    expectTypeOf(running(f(1))).toExtend<Effect.Effect<Task.Task<number, "E1">, never, Db | Loop>>()
    expectTypeOf(pair(f(1))).toEqualTypeOf<Effect.Effect<[number, number], "E1", Db | Loop>>()
    expectTypeOf(first(f(1))).toExtend<Effect.Effect<unknown, never, Db | Loop>>()
    expectTypeOf(any(f(1))).toExtend<Effect.Effect<number, unknown, Db | Loop>>()
  })
  it("of any effect", () => {
    const limited = <T extends Effect.Effect<any, any, any>>(effect: T) => waitFor(effect, "1 second")
    const all = <T extends Effect.Effect<any, any, any>>(effects: ReadonlyArray<T>) => gather(effects)
    const array = <T extends Effect.Effect<any, any, any>>(effects: Array<T>) => wait(effects)
    const iterable = <T extends Awaitable.EffectOrFuture>(awaitables: Iterable<T> & Awaitable.NotLone) =>
      asCompleted(awaitables)
    const set = <T extends Awaitable.EffectOrFuture>(awaitables: ReadonlySet<T>) => wait(awaitables)
    const record = <T extends Record<string, Effect.Effect<any, any, any>>>(effects: T) => gather(effects)
    const tuple = <const T extends ReadonlyArray<Awaitable.EffectOrFuture>>(effects: T) => gather(effects)
    for (const wrapper of [limited, all, array, iterable, set, record, tuple]) expectTypeOf(wrapper).toBeFunction()
    expectTypeOf(tuple([f(1), Effect.succeed("two")])).toEqualTypeOf<
      Effect.Effect<[number, string], "E1", Db | Loop>
    >()
  })
})
