/**
 * `shield`: waits for something without passing a cancellation on to it.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { Awaitable } from "./Awaitable.ts"
import type { EventLoop } from "./EventLoop.ts"
import * as awaitables from "./internal/awaitables.ts"
import { callSite } from "./internal/callSite.ts"
import { cancelledExit, isCancelled } from "./internal/cancellation.ts"
import { FutureCallback, FutureImpl, join } from "./internal/future.ts"

/**
 * Awaits something that lives on when this wait is cancelled.
 *
 * **Details**
 *
 * An Effect becomes a task. The waiter itself is cancelled as usual. A failure of the inner task after that is reported
 * to the exception handler at once, once for each inner task. If the inner task is cancelled, so is the wait. Resumes two
 * ticks after the inner task, at once if that is done. asyncio's `shield`.
 *
 * **Example** (Work that must end)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 *
 * const program = Effect.gen(function*() {
 *   const work = yield* asyncio.createTask(asyncio.sleep("10 millis", "saved"))
 *   const error = yield* Effect.flip(asyncio.waitFor(asyncio.shield(work), "1 millis"))
 *   return [error._tag, yield* work]
 * })
 *
 * await asyncio.run(program) // => ["TimeoutError", "saved"]
 * ```
 *
 * @category verbs
 * @since 0.1.0
 */
export const shield = <A, E = never, R = never>(
  awaitable: Awaitable<A, E, R>
): Effect.Effect<A, E, R | EventLoop> => {
  const site = callSite(shield)
  return Effect.withFiber((fiber) => {
    awaitables.checkAwaitable("shield", awaitable, fiber)
    const inner: FutureImpl<A, E> = awaitables.start("shield", fiber, awaitable, site)
    if (inner.exit !== undefined) return join(inner)
    return join(new Shield(inner))
  })
}

/** What the waiter joins in the inner future's place: it can be cancelled alone. */
class Shield<A, E> extends FutureImpl<A, E> {
  private readonly inner: FutureImpl<A, E>
  private readonly link: InnerEnded

  constructor(inner: FutureImpl<A, E>) {
    super(inner.loop)
    this.inner = inner
    this.link = new InnerEnded(this, inner)
    inner.push(this.link)
    this.retrieved = true
  }
  override get kind(): string {
    return "Shield"
  }
  override get label(): string {
    return `shield of ${this.inner.label}`
  }
  override members(): ReadonlyArray<FutureImpl<any, any>> {
    return this.inner.members()
  }

  override requestCancel(message: string | undefined, path: ReadonlySet<FutureImpl<any, any>> | undefined): undefined {
    super.requestCancel(message, path)
    const { inner } = this
    if (inner.exit !== undefined) return
    inner.remove(this.link)
    // One report an inner future, however many shields around it were cancelled.
    if (reporting.has(inner)) return
    reporting.add(inner)
    inner.push(new LateFailure(inner))
  }
}

const reporting = new WeakSet<FutureImpl<any, any>>()

class InnerEnded extends FutureCallback {
  private readonly shield: FutureImpl<any, any>
  constructor(shield: FutureImpl<any, any>, inner: FutureImpl<any, any>) {
    super(inner)
    this.shield = shield
  }
  override get awaiter(): FutureImpl<any, any> {
    return this.shield
  }
  run(): void {
    const exit = this.future.exit!
    if (this.shield.complete(isCancelled(exit) ? cancelledExit(undefined) : exit)) this.future.retrieve()
  }
}

class LateFailure extends FutureCallback {
  run(): void {
    const { future } = this
    const exit = future.exit!
    if (exit._tag === "Success" || isCancelled(exit)) return
    future.retrieve()
    const error = Cause.squash(exit.cause)
    const name = error instanceof Error ? error.name : "An"
    future.loop.report({
      message: `${name} exception in shielded future`,
      cause: exit.cause,
      future,
      subject: String(future)
    })
  }
}
