/** What ends a virtual loop that can't go on. */
import * as Data from "effect/Data"
import type { Task } from "../Task.ts"

/**
 * Nothing is ready, nothing is scheduled, and the program is not done. The message lists the remaining tasks, what each
 * waits for and where it was created, and what fibers that are not tasks wait for; it names the tasks that wait for
 * each other in a circle.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeadlockError extends Data.TaggedError("DeadlockError")<{
  readonly message: string
  readonly tasks: ReadonlyArray<Task<unknown, unknown>>
}> {}

/**
 * Ticks went by without time passing, or a task never stopped awaiting something that is done already. The message
 * names the tasks that ran.
 *
 * @category errors
 * @since 0.1.0
 */
export class SpinError extends Data.TaggedError("SpinError")<{ readonly message: string }> {}
