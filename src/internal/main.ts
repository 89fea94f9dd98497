/** Running a program on a loop, and ending as it ends. */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { Awaitable } from "../Awaitable.ts"
import * as awaitables from "./awaitables.ts"
import { type FutureImpl, join, Joiner } from "./future.ts"
import { getLoop, type Main } from "./loop.ts"
import type { EventLoop } from "./service.ts"
import { Parked } from "./WaitQueue.ts"

/** Makes `main` run and waits for it; meanwhile the loop knows of a program under way. `begun` gets what it became. */
export const runMain = <A, E, R>(
  call: string,
  main: Awaitable<A, E, R>,
  begun?: (future: FutureImpl<A, E>) => void
): Effect.Effect<A, E, R | EventLoop> =>
  Effect.withFiber((fiber) => {
    const loop = getLoop(fiber)
    awaitables.checkAwaitable(call, main, fiber)
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
