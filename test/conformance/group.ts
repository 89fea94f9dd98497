/** What the programs share that Python says in another way: `except ExceptionGroup` and a task's count of requests. */
import * as asyncio from "effect-asyncio"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { formatGroup } from "./format.ts"

/**
 * `except ExceptionGroup as g:` behind a `TaskGroup.run`. A cancellation is no error group, and passes. The handler gets
 * the group's text: a Cause with one failure would print as that failure.
 */
export const exceptGroup =
  <B, E2, R2>(handler: (group: string) => Effect.Effect<B, E2, R2>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A | B, E2, R | R2> =>
    Effect.catchCause(effect, (cause): Effect.Effect<B, E2, R2> =>
      Cause.hasFails(cause) || Cause.hasDies(cause)
        ? handler(formatGroup(cause))
        : Effect.failCause(cause as Cause.Cause<never>))

/** `asyncio.current_task().cancelling()`. */
export const requests: Effect.Effect<number, never, asyncio.EventLoop.EventLoop> = Effect.map(
  asyncio.currentTask,
  (task) => asyncio.Task.cancelling(Option.getOrThrow(task))
)
