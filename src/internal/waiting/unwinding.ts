/**
 * The end of a region, or of a task, that was asked to cancel: which requests end with it, and which go on around it.
 */
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { leavePending } from "./cancellation.ts"
import { annotations, cancelledExit } from "./cancelled.ts"
import { isOwnDoing, ownRegion, type Region } from "./Region.ts"

/** A region has ended: its own request is over; the requests of others go on to the code around it. */
export const regionEnded = (region: Region): void => {
  const { owner } = region
  if (owner.pending === undefined) return
  if (owner.pending.origin === region) owner.pending = undefined
  else leavePending(owner.pending)
}

/** A task has ended with this exit: a request that is still pending beats even a value. */
export const taskEnded = <A, E>(task: Region, exit: Exit.Exit<A, E>): Exit.Exit<A, E> => {
  const { pending } = task.owner
  task.owner.pending = undefined
  // A failure comes first, but those who await the task still see the cancellation that was put off for it.
  if (pending?.putOff) task.interrupted ??= pending
  return pending !== undefined && exit._tag === "Success" ? cancelledExit(pending.message) : exit
}

/**
 * Nobody waits for the task any longer. This is final: every step looks for a pending request, and this one stays
 * pending.
 */
export const giveUp = (task: Region): void => {
  task.interrupted = "abandoned"
  task.owner.pending = { message: undefined, by: undefined, origin: task }
}

/**
 * A cancellation that left a region unhandled interrupts the fiber around it for real, so that nothing swallows it. If
 * the region was interrupted at its own request, the wider request that came meanwhile goes on.
 */
export const interruptAround = (
  region: Region,
  outer: Fiber.Fiber<unknown, unknown>,
  around: Region | undefined,
  message: string | undefined
): void => {
  const { owner } = region
  let request = region.interrupted!
  if (isOwnDoing(region)) {
    request = owner.pending ?? { message, by: undefined, origin: owner.root }
    owner.pending = undefined
    // Without the wait for the unwinding, its message would have come out.
    if (request.putOff) message = request.message
  }
  if (around !== undefined) around.interrupted = request
  outer.interruptUnsafe(undefined, annotations(message))
}

/** Interrupts a fiber for another reason than a request. */
export const interruptFiber = (fiber: Fiber.Fiber<unknown, unknown>): void => {
  const region = ownRegion(fiber)
  // The code around a region is interrupted along with it.
  if (region !== undefined) region.interrupted ??= "effect"
  fiber.interruptUnsafe()
}
