/**
 * `gather`: runs awaitables at once and collects their values.
 *
 * Children are tasks of the loop. The gather itself is a future that they complete through one callback each, as in
 * asyncio, so that cancelling, ticks and who awaits whom follow from what futures do.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Awaitable } from "./Awaitable.ts"
import type { EventLoop } from "./EventLoop.ts"
import * as awaitables from "./internal/awaitables.ts"
import { type CallSite, callSite } from "./internal/callSite.ts"
import { cancelledExit, isCancelled } from "./internal/cancelled.ts"
import * as check from "./internal/check.ts"
import { FutureCallback, FutureImpl, join } from "./internal/future.ts"
import { getLoop, type LoopImpl } from "./internal/loop.ts"
import { cancel, type Walk } from "./internal/Walk.ts"

/**
 * @since 0.1.0
 */
export declare namespace gather {
  /**
   * Options of `gather`.
   *
   * @since 0.1.0
   */
  export interface Options {
    /** How many effects may run at once; the others start as places come free, in order. Default: all at once. */
    readonly concurrency?: number | "unbounded" | undefined
    /** Outcomes as `Exit`s instead of failing with the first failure. Default: false. */
    readonly returnExceptions?: boolean | undefined
    /** Cancel the siblings when one fails, and wait for them. Default: false, they run on, as in asyncio. */
    readonly cancelOnError?: boolean | undefined
  }

  /**
   * What can be gathered: a tuple or array, any other iterable, or a record.
   *
   * @since 0.1.0
   */
  export type Input = Awaitable.Collection<Awaitable.Any> | Readonly<Record<string, Awaitable.Any>>

  /**
   * The awaitables in an input.
   *
   * @since 0.1.0
   */
  export type Member<Arg> = Arg extends Iterable<infer T> ? T : Arg[keyof Arg]

  /**
   * `returnExceptions` as far as it is known: `boolean` where only that is.
   *
   * @since 0.1.0
   */
  export type Flag<O> = O extends { readonly returnExceptions: infer B } ? B extends undefined ? false : B
    : O extends { readonly returnExceptions?: infer B } ? unknown extends B ? false : false | Exclude<B, undefined>
    : false

  /**
   * The results, in the input's own shape: values, or `Exit`s with `returnExceptions`. Either, where that is not known.
   *
   * @since 0.1.0
   */
  export type Values<Arg, O> = Flag<O> extends infer B ? B extends true ? Exits<Arg> : Successes<Arg> : never

  /**
   * @since 0.1.0
   */
  export type Successes<Arg> = Arg extends ReadonlyArray<Awaitable.Any>
    ? { -readonly [K in keyof Arg]: Awaitable.Success<Arg[K]> }
    : Arg extends Iterable<infer T> ? Array<Awaitable.Success<T>>
    : { -readonly [K in keyof Arg]: Awaitable.Success<Arg[K]> }

  /**
   * @since 0.1.0
   */
  export type Exits<Arg> = Arg extends ReadonlyArray<Awaitable.Any>
    ? { -readonly [K in keyof Arg]: Exit.Exit<Awaitable.Success<Arg[K]>, Awaitable.Error<Arg[K]>> }
    : Arg extends Iterable<infer T> ? Array<Exit.Exit<Awaitable.Success<T>, Awaitable.Error<T>>>
    : { -readonly [K in keyof Arg]: Exit.Exit<Awaitable.Success<Arg[K]>, Awaitable.Error<Arg[K]>> }

  /**
   * What the gather can fail with.
   *
   * @since 0.1.0
   */
  export type Error<Arg, O> = [Flag<O>] extends [true] ? never : Awaitable.Error<Member<Arg>>
}

/**
 * Runs awaitables at once and collects their values, in the input's own shape and order.
 *
 * **When to use**
 *
 * Use when every value is needed. Take `wait` to look at outcomes as they come, `TaskGroup` when a failure has to end
 * the siblings and be waited for.
 *
 * **Details**
 *
 * Effects become tasks, started in order; Futures and Tasks are taken as they are. The same Future twice is one child in
 * two places; the same Effect twice runs twice. The first failure, in order of completion, ends the gather at once; the
 * siblings run on, and their later failures count as seen. A child that was cancelled fails the gather with its
 * interrupt cause.
 *
 * With `returnExceptions` every value is an `Exit`, and the gather itself can't fail. With `concurrency` children start
 * lazily; those that have not started when the gather ends never do. With `cancelOnError` the first failure cancels the
 * siblings, and comes out when all of them have ended.
 *
 * Being cancelled cancels all children, and ends at the first that has ended cancelled (with `returnExceptions`, after
 * all of them). Costs O(1) a child; it resumes two ticks after the last one, at once if all are done already.
 *
 * asyncio's `gather`.
 *
 * **Gotchas**
 *
 * An effect that makes a task, `createTask(work)` without `yield*`, is refused: give `work` itself.
 *
 * Over what is done already it takes no tick, so `while (live.size > 0) yield* gather(live)` lets nobody run who would
 * take a task out of `live`: the loop hangs; a virtual loop fails with `SpinError`. Write `yield* wait(live)` there, which
 * always lets ticks pass.
 *
 * **Example** (Three seconds, not four)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const program = Effect.gen(function*() {
 *   const values = yield* asyncio.gather([asyncio.sleep("3 seconds", "a"), asyncio.sleep("1 second", "b")])
 *   return { values, seconds: yield* asyncio.EventLoop.time }
 * })
 *
 * await Effect.runPromise(VirtualLoop.run(program)) // => { values: ["a", "b"], seconds: 3 }
 * ```
 *
 * **Example** (A record, and failures as values)
 *
 * ```ts import.meta.vitest
 * import { Effect, Exit } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const outcomes = asyncio.gather({ good: Effect.succeed(1), bad: Effect.fail("no") }, { returnExceptions: true })
 *
 * await asyncio.run(outcomes) // => { good: Exit.succeed(1), bad: Exit.fail("no") }
 * ```
 *
 * @category verbs
 * @since 0.1.0
 */
export const gather = <const Arg extends gather.Input, const O extends gather.Options = {}>(
  inputs: Arg,
  // `Types.NoExcessProperties` would name the options' own type, and an argument of just that type would infer nothing.
  options?: O & { readonly [K in Exclude<keyof O, keyof gather.Options>]: never }
): Effect.Effect<
  gather.Values<Arg, O>,
  gather.Error<Arg, O>,
  Awaitable.Services<gather.Member<Arg>> | EventLoop
> => {
  const site = callSite(gather)
  // The values are built in the input's shape, which the type of `Values` describes; no type follows them there.
  return Effect.withFiber((fiber) => gatherIn(fiber, inputs, options, site)) as Effect.Effect<any, any, any>
}

const concurrency = check.kind(
  (value) => value === "unbounded" || value === Infinity || Number.isInteger(value) && (value as number) > 0,
  "a whole number above 0, or \"unbounded\""
)
const checkOptions = check.options<gather.Options>({
  concurrency,
  returnExceptions: check.boolean,
  cancelOnError: check.boolean
})

const gatherIn = (
  fiber: Fiber.Fiber<unknown, unknown>,
  inputs: gather.Input,
  options: gather.Options | undefined,
  site: CallSite | undefined
): Effect.Effect<unknown, unknown> => {
  const keys = isRecord(inputs) ? Object.keys(inputs) : undefined
  const items = keys === undefined
    ? awaitables.itemsOf("gather", inputs)
    : keys.map((key) => (inputs as Readonly<Record<string, unknown>>)[key])
  checkOptions("gather", options)
  awaitables.checkAwaitables("gather", items, fiber, keys)
  const loop = getLoop("gather", fiber)
  const gathering = new Gathering(loop, fiber, items, keys, options ?? {}, site)
  const exit = gathering.begin()
  return exit === undefined ? join(gathering) : loop.atOnce?.(fiber) ?? exit
}

const isRecord = (inputs: unknown): inputs is Readonly<Record<string, Awaitable.Any>> =>
  check.isNamed(inputs) && !(Symbol.iterator in inputs)

/** The future that the children complete: asyncio's `_GatheringFuture`. */
class Gathering extends FutureImpl<unknown, unknown> {
  private readonly starter: awaitables.Starter
  private readonly items: ReadonlyArray<unknown>
  private readonly keys: ReadonlyArray<string> | undefined
  private readonly limit: number
  private readonly returnExceptions: boolean
  private readonly cancelOnError: boolean
  // INVARIANT: one place an item; undefined until it was started, and of the same future wherever it was given twice.
  private readonly children: Array<Child | undefined>
  /** The next item to start. */
  private next = 0
  // INVARIANT: the places that have a child, and among them those whose child's callback has run.
  private started = 0
  private ended = 0
  /** Effects that run now, at most `limit`. */
  private running = 0
  /** No further child starts. */
  private stopped = false
  private cancelRequested = false
  private siblingsCancelled = false
  /** The child whose failure is the outcome. */
  private failed: FutureImpl<any, any> | undefined = undefined

  constructor(
    loop: LoopImpl,
    fiber: Fiber.Fiber<unknown, unknown>,
    items: ReadonlyArray<unknown>,
    keys: ReadonlyArray<string> | undefined,
    options: gather.Options,
    site: CallSite | undefined
  ) {
    super(loop)
    this.starter = new awaitables.Starter("gather", fiber, site)
    this.items = items
    this.keys = keys
    this.limit = typeof options.concurrency === "number" ? options.concurrency : Infinity
    this.returnExceptions = options.returnExceptions === true
    this.cancelOnError = options.cancelOnError === true
    this.children = new Array(items.length)
    this.retrieved = true // its outcome is its waiter's; the children report for themselves
  }

  override get kind(): string {
    return "Gather"
  }
  override get label(): string {
    return "gather"
  }

  /** Starts what may start. Gives the outcome if all is done already. */
  begin(): Exit.Exit<unknown, unknown> | undefined {
    const done: Array<FutureImpl<any, any>> = []
    for (let i = 0; i < this.items.length; i++) {
      const item = this.items[i]
      // Futures run whatever the limit says.
      if (item instanceof FutureImpl) this.adopt(i, item, false, done)
      else if (this.running < this.limit) this.start(i, done)
    }
    // After all have started, as in asyncio: the last of them may complete the gather at once.
    for (const child of done) this.settle(child)
    if (this.items.length === 0) this.finish()
    return this.exit
  }

  private start(i: number, done: Array<FutureImpl<any, any>> | undefined): void {
    this.running++
    this.next = i + 1
    this.adopt(i, this.starter.start(this.items[i]), true, done)
  }

  private adopt(
    i: number,
    child: FutureImpl<any, any>,
    limited: boolean,
    done: Array<FutureImpl<any, any>> | undefined
  ): void {
    const place = new Child(this, child, limited)
    this.children[i] = place
    this.started++
    if (child.exit !== undefined && done !== undefined) done.push(child)
    else child.push(place)
  }

  /** A child's callback. `limited`: it held one of the places that `concurrency` gives. */
  childEnded(child: FutureImpl<any, any>, limited: boolean): void {
    if (limited) this.running--
    this.settle(child)
    if (limited && !this.stopped) this.startNext()
  }

  private startNext(): void {
    let i = this.next
    while (i < this.items.length && this.children[i] !== undefined) i++
    if (i < this.items.length) this.start(i, undefined)
    else this.next = i
  }

  private settle(child: FutureImpl<any, any>): void {
    // An outcome that is to be a value is seen when it is given.
    if (!this.returnExceptions) child.retrieve()
    this.ended++
    if (this.exit !== undefined) return
    const exit: Exit.Exit<unknown, unknown> = child.exit!
    if (exit._tag === "Failure") {
      if (!this.returnExceptions) {
        // Where it waits for all, a cancellation that came first loses to a failure.
        if (this.failed === undefined || isCancelled(this.failed.exit!)) this.failed = child
        this.stop()
        if (!this.cancelOnError) {
          this.complete(exit)
          return this.leave()
        }
      } else if (this.cancelRequested && child.endedByRequest && !isCancelled(exit)) {
        // There will be no values for it to be among.
        this.failed ??= child
      }
      if (this.cancelOnError && !this.cancelRequested) this.cancelSiblings()
    }
    if (this.ended === (this.stopped ? this.started : this.items.length)) this.finish()
  }

  /** The children that run on keep nothing of it in their lines, long as they may live; their failures count as seen. */
  private leave(): void {
    for (const child of this.children) {
      if (child?.queue === undefined) continue
      child.future.remove(child)
      child.future.retrieve()
    }
  }

  private stop(): void {
    if (this.stopped) return
    this.stopped = true
    this.starter.end()
  }

  private finish(): void {
    this.stop()
    if (this.returnExceptions) { for (const child of this.children) child?.future.retrieve() }
    if (this.failed !== undefined) this.complete(this.failed.exit!)
    else if (this.cancelRequested) this.complete(this.cancelledExit())
    else {
      // A plain loop: `Array.from` with a function took a tenth of a child's time.
      const values: Array<unknown> = new Array(this.children.length)
      for (let i = 0; i < values.length; i++) values[i] = this.valueIn(this.children[i])
      this.complete(
        Exit.succeed(this.keys === undefined ? values : Object.fromEntries(this.keys.map((key, i) => [key, values[i]])))
      )
    }
  }

  private valueIn(child: Child | undefined): unknown {
    if (!this.returnExceptions) return (child!.future.exit as Exit.Success<unknown>).value
    return child === undefined ? cancelledExit(undefined) : child.future.exit
  }

  override get endedByRequest(): boolean {
    return this.cancelRequested && this.failed !== undefined && (this.cancelOnError || this.failed.endedByRequest)
  }

  override members(): ReadonlyArray<FutureImpl<any, any>> {
    return this.undone()
  }

  /** With the message of the last of the input, as in asyncio. */
  private cancelledExit(): Exit.Exit<unknown, unknown> {
    const last = this.children.at(-1)?.future.exit
    return last !== undefined && isCancelled(last) ? last : cancelledExit(undefined)
  }

  /** In order, and a child in two places twice: it is asked twice, as in asyncio. */
  private undone(): Array<FutureImpl<any, any>> {
    const undone: Array<FutureImpl<any, any>> = []
    for (const child of this.children) {
      if (child !== undefined && child.future.exit === undefined) undone.push(child.future)
    }
    return undone
  }

  private cancelSiblings(): void {
    if (this.siblingsCancelled) return
    this.siblingsCancelled = true
    this.stop()
    for (const child of this.undone()) cancel(child, undefined)
  }

  /** A child that runs can be cancelled, one that has not started be left out. */
  override accepts(): boolean {
    if (this.exit !== undefined) return false
    return !this.stopped && this.started < this.items.length ||
      this.children.some((child) => child !== undefined && child.future.exit === undefined)
  }

  override requestCancel(walk: Walk): void {
    this.cancelRequested = true
    this.stop()
    const undone = this.undone()
    if (undone.length > 0) walk.goOnWithAll(undone)
    else this.complete(cancelledExit(undefined))
  }
}

/** The callback that a child of a gather holds in its line. */
class Child extends FutureCallback {
  private readonly gathering: Gathering
  private readonly limited: boolean
  constructor(gathering: Gathering, child: FutureImpl<any, any>, limited: boolean) {
    super(child)
    this.gathering = gathering
    this.limited = limited
  }
  override get awaiter(): FutureImpl<any, any> {
    return this.gathering
  }
  run(): void {
    this.gathering.childEnded(this.future, this.limited)
  }
}
