/** The entries of a ready queue. */
import type * as Fiber from "effect/Fiber"
import type { Handle } from "../../EventLoop.ts"
import type { Future } from "../../Future.ts"

/**
 * What a step is: the first one of a task; one that Effect's own runtime asked for (a fork or a yield); one of a fiber
 * that Effect or the host resumed at once, past every queue; a waiter's, once woken; the delivery of a cancellation; a
 * plain callback; timers that are due; and the library's own work between them.
 */
export type What = "start" | "step" | "resumed" | "wake" | "cancel" | "callback" | "timer" | "internal"

/** Whose it is: a task's, a callback's (of a future or of a handle), a fiber's outside of tasks; or nobody's. */
export type Whose = Future<unknown, unknown> | Handle | Fiber.Fiber<unknown, unknown> | undefined

export interface Step {
  readonly what: What
  readonly owner: Whose
  /**
   * The fiber that goes on, if it is known; if Effect's runtime asked for the step, the fiber that yielded or forked.
   */
  readonly fiber?: Fiber.Fiber<unknown, unknown> | undefined
}

/** One thing to run. */
export interface Entry extends Step {
  run(): void
}
