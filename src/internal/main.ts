/** Running a program on a loop, and ending as it ends. */
import * as Effect from "effect/Effect"
import type { Awaitable } from "../Awaitable.ts"
import * as awaitables from "./awaitables.ts"
import { type FutureImpl, join, Joiner } from "./future.ts"
import { getLoop } from "./loop.ts"
import type { EventLoop } from "./service.ts"

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
    const joiner = new Joiner(future)
    loop.enter(joiner)
    return Effect.ensuring(joiner.enter(), Effect.sync(() => loop.leave(joiner)))
  })
