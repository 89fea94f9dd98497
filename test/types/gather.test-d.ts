// @effect-diagnostics floatingEffect:off missingEffectContext:off missingEffectError:off
// What is not run is what these are about.
import { type Cause, Context, Effect, type Exit } from "effect"
import { EventLoop, type Future, gather, type Task } from "effect-asyncio"
import { describe, expectTypeOf, it } from "vitest"

type Loop = EventLoop.EventLoop
class Db extends Context.Service<Db, { readonly db: 1 }>()("Db") {}
class Log extends Context.Service<Log, { readonly log: 1 }>()("Log") {}

declare const number: Effect.Effect<number, "E1", Db>
declare const text: Effect.Effect<string, "E2", Log>
declare const task: Task.Task<boolean, "E3">
declare const future: Future.Future<Date, "E4">
declare const pure: Effect.Effect<number>
declare const promised: Future.Future<number, Cause.UnknownError>

describe("values in the input's shape", () => {
  it("a tuple", () => {
    expectTypeOf(gather([number, text, task, future])).toEqualTypeOf<
      Effect.Effect<[number, string, boolean, Date], "E1" | "E2" | "E3" | "E4", Db | Log | Loop>
    >()
    expectTypeOf(gather([pure])).toEqualTypeOf<Effect.Effect<[number], never, Loop>>()
    expectTypeOf(gather([Effect.succeed(1), Effect.fail("no"), Effect.void])).toEqualTypeOf<
      Effect.Effect<[number, never, void], string, Loop>
    >()
    expectTypeOf(gather([])).toEqualTypeOf<Effect.Effect<[], never, Loop>>()
    const constant = [number, task] as const
    expectTypeOf(gather(constant)).toEqualTypeOf<Effect.Effect<[number, boolean], "E1" | "E3", Db | Loop>>()
  })
  it("an array", () => {
    expectTypeOf(gather([1, 2].map(() => number))).toEqualTypeOf<Effect.Effect<Array<number>, "E1", Db | Loop>>()
    const mixed: ReadonlyArray<typeof number | typeof task> = []
    expectTypeOf(gather(mixed)).toEqualTypeOf<Effect.Effect<Array<number | boolean>, "E1" | "E3", Db | Loop>>()
    const rest: readonly [typeof number, ...Array<typeof text>] = [number]
    expectTypeOf(gather(rest)).toEqualTypeOf<
      Effect.Effect<[number, ...Array<string>], "E1" | "E2", Db | Log | Loop>
    >()
  })
  it("any other iterable", () => {
    expectTypeOf(gather(new Set([number]))).toEqualTypeOf<Effect.Effect<Array<number>, "E1", Db | Loop>>()
    expectTypeOf(gather(new Map([["a", task]]).values())).toEqualTypeOf<Effect.Effect<Array<boolean>, "E3", Loop>>()
    const generator = function*() {
      yield number
      yield text
    }
    expectTypeOf(gather(generator())).toEqualTypeOf<
      Effect.Effect<Array<number | string>, "E1" | "E2", Db | Log | Loop>
    >()
    expectTypeOf(gather(new Set<Task.Task<number>>() as ReadonlySet<Task.Task<number>>)).toEqualTypeOf<
      Effect.Effect<Array<number>, never, Loop>
    >()
  })
  it("a record", () => {
    expectTypeOf(gather({ a: number, b: text, c: task, d: future })).toEqualTypeOf<
      Effect.Effect<{ a: number; b: string; c: boolean; d: Date }, "E1" | "E2" | "E3" | "E4", Db | Log | Loop>
    >()
    const open: Record<string, typeof number> = {}
    expectTypeOf(gather(open)).toEqualTypeOf<Effect.Effect<{ [x: string]: number }, "E1", Db | Loop>>()
    const constant = { a: number } as const
    expectTypeOf(gather(constant)).toEqualTypeOf<Effect.Effect<{ a: number }, "E1", Db | Loop>>()
    expectTypeOf(gather({})).toEqualTypeOf<Effect.Effect<{}, never, Loop>>()
  })
  it("what a future asks for was given when it was made", () => {
    expectTypeOf(gather([task, future, promised])).toEqualTypeOf<
      Effect.Effect<[boolean, Date, number], "E3" | "E4" | Cause.UnknownError, Loop>
    >()
  })
  it("nested", () => {
    expectTypeOf(gather([gather({ a: number }), gather([text])])).toEqualTypeOf<
      Effect.Effect<[{ a: number }, [string]], "E1" | "E2", Db | Log | Loop>
    >()
  })
})

describe("options", () => {
  it("returnExceptions: every value is an Exit, and it can't fail", () => {
    expectTypeOf(gather([number, task], { returnExceptions: true })).toEqualTypeOf<
      Effect.Effect<[Exit.Exit<number, "E1">, Exit.Exit<boolean, "E3">], never, Db | Loop>
    >()
    expectTypeOf(gather({ a: number }, { returnExceptions: true, concurrency: 2 })).toEqualTypeOf<
      Effect.Effect<{ a: Exit.Exit<number, "E1"> }, never, Db | Loop>
    >()
    expectTypeOf(gather(new Set([number]), { returnExceptions: true })).toEqualTypeOf<
      Effect.Effect<Array<Exit.Exit<number, "E1">>, never, Db | Loop>
    >()
    expectTypeOf(gather([], { returnExceptions: true })).toEqualTypeOf<Effect.Effect<[], never, Loop>>()
  })
  it("false, undefined, or left out: values", () => {
    type Values = Effect.Effect<[number], "E1", Db | Loop>
    expectTypeOf(gather([number], { returnExceptions: false })).toEqualTypeOf<Values>()
    expectTypeOf(gather([number], { returnExceptions: undefined })).toEqualTypeOf<Values>()
    expectTypeOf(gather([number], {})).toEqualTypeOf<Values>()
    expectTypeOf(gather([number], { concurrency: 3 })).toEqualTypeOf<Values>()
    expectTypeOf(gather([number], { concurrency: "unbounded", cancelOnError: true })).toEqualTypeOf<Values>()
  })
  it("known only as boolean: either", () => {
    type Either = Effect.Effect<[number] | [Exit.Exit<number, "E1">], "E1", Db | Loop>
    const flag = true as boolean
    expectTypeOf(gather([number], { returnExceptions: flag })).toEqualTypeOf<Either>()
    const flagOrNot = true as boolean | undefined
    expectTypeOf(gather([number], { returnExceptions: flagOrNot })).toEqualTypeOf<Either>()
    const options: gather.Options = {}
    expectTypeOf(gather([number], options)).toEqualTypeOf<Either>()
    const maybe: { returnExceptions?: true } = {}
    expectTypeOf(gather([number], maybe)).toEqualTypeOf<Either>()
    const concurrency: { concurrency: number } = { concurrency: 3 }
    expectTypeOf(gather([number], concurrency)).toEqualTypeOf<Effect.Effect<[number], "E1", Db | Loop>>()
  })
  it("unknown and wrong ones", () => {
    // @ts-expect-error: asyncio's own spelling
    gather([number], { return_exceptions: true })
    // @ts-expect-error: an unknown one beside a known one
    gather([number], { concurrency: 1, mode: "all" })
    // @ts-expect-error: not a number
    gather([number], { concurrency: "3" })
    // @ts-expect-error: not a boolean
    gather([number], { returnExceptions: "yes" })
    // @ts-expect-error: not a boolean
    gather([number], { cancelOnError: 1 })
    // @ts-expect-error: exact optional: null is no option
    gather([number], null)
  })
})

describe("rejected", () => {
  it("a lone awaitable", () => {
    // @ts-expect-error: an effect is iterable, and would pass for a collection
    gather(number)
    // @ts-expect-error
    gather(task)
    // @ts-expect-error
    gather(future)
    // @ts-expect-error: several arguments, as in Python
    gather(number, text)
  })
  it("what is no awaitable", () => {
    // @ts-expect-error
    gather([1])
    // @ts-expect-error
    gather([Promise.resolve(1)])
    // @ts-expect-error
    gather({ a: number, b: 1 })
    // @ts-expect-error: a function that gives an effect
    gather([() => number])
    // @ts-expect-error
    gather("text")
    // @ts-expect-error
    gather(undefined)
  })
  it("a missing event loop", () => {
    // @ts-expect-error: EventLoop is missing
    void Effect.runPromise(gather([pure]))
    // @ts-expect-error: EventLoop is missing
    void Effect.runPromise(gather([]))
    void Effect.runPromise(EventLoop.provide(gather([pure])))
    void Effect.runPromise(Effect.provide(gather([pure]), EventLoop.layer()))
    // @ts-expect-error: the effect's own services are still missing
    void Effect.runPromise(EventLoop.provide(gather([number])))
  })
})
