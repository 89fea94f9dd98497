/** Running a program on a loop, and ending as it ends. */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Future } from "../Future.ts"
import type { Options } from "../Runner.ts"
import * as awaitables from "./awaitables.ts"
import * as check from "./check.ts"
import { type FutureImpl, join, Joiner } from "./future.ts"
import { getLoop, type Main, optionKinds } from "./loop.ts"
import type { EventLoop } from "./service.ts"
import { Parked } from "./WaitQueue.ts"

export const checkRunOptions = check.options<Options, typeof optionKinds>({
  signal: check.signal,
  layer: check.kind(Layer.isLayer, "a Layer")
}, optionKinds)

/** Makes `main` run and waits for it; meanwhile the loop knows of a program under way. `begun` gets what it became. */
export const runMain = <A, E, R>(
  call: string,
  main: Effect.Effect<A, E, R> | Future<A, E>,
  begun?: (future: FutureImpl<A, E>) => void
): Effect.Effect<A, E, R | EventLoop> =>
  Effect.withFiber((fiber) => {
    const loop = getLoop(call, fiber)
    awaitables.checkRunnable(call, main, fiber)
    const future: FutureImpl<A, E> = awaitables.start(call, fiber, main, undefined)
    begun?.(future)
    if (future.exit !== undefined) return join(future)
    const joiner = new MainJoiner(future)
    loop.enter(joiner)
    return Effect.ensuring(joiner.enter(), Effect.sync(() => loop.leave(joiner)))
  })

/** The one who waits for a program, and is told when the loop can't go on. */
class MainJoiner<A, E> extends Joiner<A, E> implements Main {
  private stuck: Cause.Cause<never> | undefined = undefined

  fail(cause: Cause.Cause<never>): void {
    if (this.state !== Parked) return
    this.left()
    this.stuck = cause
    this.wake()
  }

  override proceed() {
    return this.stuck === undefined ? super.proceed() : Effect.failCause(this.stuck)
  }
}
