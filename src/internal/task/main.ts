/** Runs a program on a loop, and ends as it ends. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Future } from "../../Future.ts"
import type { Options } from "../../Runner.ts"
import * as check from "../host/check.ts"
import { getLoop } from "../loop/currentLoop.ts"
import { optionKinds } from "../loop/makeLoop.ts"
import type { EventLoop } from "../loop/service.ts"
import * as awaitables from "./awaitables.ts"
import { type FutureImpl, join, Joiner } from "./future.ts"

export const checkRunOptions = check.options<Options, typeof optionKinds>({
  signal: check.signal,
  layer: check.kind(Layer.isLayer, "a Layer")
}, optionKinds)

/**
 * Runs `main` and waits for it; meanwhile the loop knows that a program is running. `begun` gets the future it became.
 */
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
    const joiner = new Joiner(future)
    loop.enter(joiner)
    return Effect.ensuring(joiner.wait(), Effect.sync(() => loop.leave(joiner)))
  })
