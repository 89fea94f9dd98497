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

/**
 * Who is asked to cancel: a task, or a branch: a fiber that opened a region and is no task's own, as a task forked it by
 * Effect's means or it runs outside of any task; and an uninterruptible part with regions in it. What a branch's regions
 * ask for is no business of what is around.
 */
export interface Owner {
  readonly loop: LoopImpl
  /** The task it is, or whose branch it is. */
  readonly task: TaskImpl<unknown, unknown> | undefined
  /** Its outermost region. */
  readonly root: Region
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
   * The request that was delivered; "effect" where Effect's own means interrupted it; "abandoned", of a task, where nobody
   * waits for its fiber any longer.
   */
  interrupted: Request | "effect" | "abandoned" | undefined
}

/** Whether the region was interrupted at its own request: its deadline passed, its child failed. */
export const isOwnDoing = (region: Region): boolean =>
  typeof region.interrupted === "object" && region.interrupted.origin === region

/** What the fiber of the region, or of the innermost one open in it, is suspended in. */
export const waiterOf = (region: Region): Region["waiter"] => {
  let innermost = region
  while (innermost.inner !== undefined) innermost = innermost.inner
  return innermost.waiter
}

/** Whether its task was given up when the loop closed: then its code gets no further step on the loop. */
export const isAbandoned = (region: Region | undefined): boolean => region?.owner.task?.interrupted === "abandoned"

/** The region whose code the fiber runs. Fibers that a task forks by Effect's own means inherit it. */
export const CurrentRegion = Context.Reference<Region | undefined>(`effect-asyncio@${version}/CurrentRegion`, {
  defaultValue: () => undefined
})
