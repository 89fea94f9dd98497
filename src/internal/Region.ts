/**
 * Cancellation regions: what a request to cancel interrupts.
 *
 * A task is a region itself, the outermost. `timeout`, `waitFor`, the body of a `TaskGroup` and `Task.catchCancelled`
 * each open an inner one: a child fiber, started at once, that runs a part of the task's body. A request interrupts the
 * innermost open region; the code around it then meets the cancellation and may go on.
 */
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import type { Request } from "./cancellation.ts"
import type { LoopImpl } from "./loop.ts"
import type { TaskImpl } from "./task.ts"
import { version } from "./version.ts"
import type { Waiter } from "./WaitQueue.ts"

/** Who is asked to cancel: a task, or the bare fiber that opened a region outside of any task. */
export interface Owner {
  readonly loop: LoopImpl
  /** The task, if it is one. */
  readonly task: TaskImpl<unknown, unknown> | undefined
  /** Requests that were not taken back: `cancelling()`. */
  requests: number
  /** A request that is not delivered yet. It beats a queued wake-up and a return value, and loses to a failure. */
  pending: Request | undefined
}

export interface Region {
  readonly owner: Owner
  /** Undefined before its first step. */
  fiber: Fiber.Fiber<unknown, unknown> | undefined
  // INVARIANT: the waiter that `fiber` itself is suspended in, until that is over.
  waiter: Waiter<any, any, any> | undefined
  // INVARIANT: the open region that `fiber` itself is suspended in.
  inner: Region | undefined
  /**
   * Set once a request was delivered: `own` if the region asked for it itself (its deadline, its failing child),
   * `outside` otherwise.
   */
  interrupted: "own" | "outside" | undefined
}

/** The region whose code the fiber runs. Fibers that a task forks by Effect's own means inherit it. */
export const CurrentRegion = Context.Reference<Region | undefined>(`effect-asyncio@${version}/CurrentRegion`, {
  defaultValue: () => undefined
})
