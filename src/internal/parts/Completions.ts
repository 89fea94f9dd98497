/**
 * The queue under `asCompleted`: what has ended and has not been taken.
 *
 * As in asyncio, each puts itself into the queue by a callback when it has ended, so a completion costs O(1), and so
 * does taking it. With a limit, each that ends starts the next. The queue is shut down when time is up, when everything
 * has ended, or when nobody wants more.
 *
 * It has more than 150 lines of code, since starting, ending and taking share the same few fields.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Pull from "effect/Pull"
import type { asCompleted } from "../../asCompleted.ts"
import type { Awaitable } from "../../Awaitable.ts"
import { RuntimeError } from "../../Errors.ts"
import type { CallSite } from "../host/callSite.ts"
import * as check from "../host/check.ts"
import { numbered } from "../host/words.ts"
import type { Whose } from "../kernel/Entry.ts"
import { PlainTimer } from "../kernel/Timers.ts"
import { getLoop } from "../loop/currentLoop.ts"
import * as awaitables from "../task/awaitables.ts"
import { FutureImpl } from "../task/future.ts"
import { currentTask } from "../task/task.ts"
import type { Waiter } from "../waiting/Waiter.ts"
import { Cohort, type Listener } from "./Cohort.ts"
import { concurrency, Limiter } from "./Limiter.ts"
import { type Progress, progressOf } from "./Progress.ts"
import { QueueImpl } from "./QueueImpl.ts"
import { Fifo } from "./Storage.ts"
import { timeoutError } from "./timeoutError.ts"

type AnyFuture = FutureImpl<any, any>
export type Chunk<T> = readonly [Awaitable.Running<T>, ...Array<Awaitable.Running<T>>]

const checkOptions = check.options<asCompleted.Options>({
  timeout: check.duration,
  concurrency,
  onProgress: check.callback
})

export class Completions<T extends Awaitable.EffectOrFuture> implements Listener {
  /** The task that asked for completions, whoever takes them: as in CPython's call graph (python/cpython#156523). */
  readonly awaiter: FutureImpl<any, any> | undefined
  /** How many have not been taken. */
  left: number
  /** How many there are, including those that have not started. */
  private readonly total: number
  /** The futures that were given. They run regardless of the limit. */
  private readonly given: ReadonlySet<AnyFuture>
  private readonly limiter: Limiter
  private readonly progress: Progress | undefined
  // INVARIANT: those that run or have ended; the limiter starts the others.
  private readonly cohort: Cohort
  private readonly queue: CompletedQueue
  private readonly timer: Timeout | undefined
  private readonly call: string
  private readonly limit: number

  constructor(
    call: string,
    fiber: Fiber.Fiber<unknown, unknown>,
    inputs: Iterable<T>,
    options: asCompleted.Options | undefined,
    site: CallSite | undefined
  ) {
    checkOptions(call, options)
    const items = awaitables.itemsOf(call, inputs)
    const limit = options?.timeout === undefined ? Infinity : check.nanos(call, options.timeout)
    this.call = call
    this.limit = limit
    awaitables.checkAwaitables(call, items, fiber)
    this.awaiter = currentTask(fiber)
    this.given = new Set(items.filter((item) => item instanceof FutureImpl))
    this.limiter = new Limiter(items, options?.concurrency, new awaitables.Starter(call, fiber, site))
    this.cohort = new Cohort(this.given)
    this.queue = new CompletedQueue(this.cohort)
    this.total = this.left = this.given.size + items.filter((item) => !(item instanceof FutureImpl)).length
    this.progress = progressOf(call, getLoop(call, fiber), options?.onProgress, this.total)
    this.startMore()
    this.cohort.listen(this)
    if (limit < Infinity && this.left > 0) {
      const timers = getLoop(call, fiber).timersFor(fiber)
      this.timer = new Timeout(this)
      timers.add(this.timer, timers.now() + limit)
    }
  }

  /** Who waits for the next one. */
  get waiting(): Fiber.Fiber<unknown, unknown> | undefined {
    return (this.queue.getters.head as Waiter | undefined)?.fiber
  }

  private startMore(): void {
    for (let i = this.limiter.next(); i !== undefined; i = this.limiter.next()) this.cohort.add(this.limiter.start(i))
  }

  completed(future: AnyFuture): void {
    this.queue.add(future)
    this.progress?.ended(future.exit!)
    if (this.queue.unfinished === this.total) return this.stop()
    if (this.given.has(future)) return
    this.limiter.free()
    this.startMore()
  }

  /** Time is up, everything has ended, or nobody wants more: no more start, and those who wait for more fail. */
  stop(): void {
    if (this.queue.isShutDown) return
    this.limiter.end()
    this.timer?.disarm()
    this.cohort.unlisten()
    this.queue.shutdown(false)
  }

  readonly next: Effect.Effect<FutureImpl<any, any>, Cause.TimeoutError> = Effect.suspend(() =>
    Effect.matchEffect(this.queue.get, {
      onSuccess: (future) => {
        this.left--
        return Effect.succeed(future)
      },
      onFailure: () => {
        if (this.left === 0) throw this.awaitedTooOften()
        this.left--
        return Effect.fail(timeoutError(this.call, this.limit))
      }
    })
  )

  /** Only the effects can be awaited too often: a stream knows its end. */
  private awaitedTooOften(): RuntimeError {
    const { total } = this
    return new RuntimeError({
      message: `asCompletedEffects: awaited ${numbered(total + 1, "time")}, expected at most once for each of the ${
        numbered(total, "awaitable")
      }`
    })
  }

  readonly pull: Pull.Pull<Chunk<T>, Cause.TimeoutError> = Effect.suspend((): Pull.Pull<Chunk<T>, Cause.TimeoutError> =>
    this.left === 0 ? Cause.done() : Effect.map(this.next, (first) => this.takeAll(first))
  )

  /** Everything that has ended by now: one pull for each made a third of a completion's garbage. */
  private takeAll(first: AnyFuture): Chunk<T> {
    const taken: [AnyFuture, ...Array<AnyFuture>] = [first]
    for (; !this.queue.isEmpty; this.left--) taken.push(this.queue.take())
    // What is in here is what `inputs` became: T, once running.
    return taken as ReadonlyArray<unknown> as Chunk<T>
  }
}

class CompletedQueue extends QueueImpl<FutureImpl<any, any>> {
  private readonly cohort: Cohort
  constructor(cohort: Cohort) {
    super("asCompleted", new Fifo())
    this.cohort = cohort
  }
  override get isPrivate(): boolean {
    return true
  }
  override labelFor(): string {
    return this.kind
  }
  override feeders(): ReadonlyArray<FutureImpl<any, any>> {
    return this.cohort.pending()
  }
}

class Timeout extends PlainTimer {
  get owner(): Whose {
    return this.completions.awaiter
  }
  override get fiber(): Fiber.Fiber<unknown, unknown> | undefined {
    return this.completions.waiting
  }
  private readonly completions: Completions<any>
  constructor(completions: Completions<any>) {
    super()
    this.completions = completions
  }
  fire(): void {
    this.completions.stop()
  }
}
