/**
 * Cancellation regions: what a request to cancel interrupts.
 *
 * A task is a region itself, the outermost. `timeout`, `waitFor`, the body of a `TaskGroup` and `Task.catchCancelled`
 * each open an inner one: a child fiber, started at once, that runs a part of the task's body. A request interrupts the
 * innermost open region; the code around it then meets the cancellation and may go on.
 *
 * This file has the terms. cancellation.ts says how a request finds its way.
 */
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import type { Task } from "../../Task.ts"
import { version } from "../host/version.ts"
import type * as observer from "../kernel/observer.ts"
import type { ReadyQueue } from "../kernel/ReadyQueue.ts"
import type { Cancellable } from "./Walk.ts"

/** One request to cancel. */
export interface Request {
  message: string | undefined
  /** The fiber that asked. */
  readonly by: number | undefined
  /** Where it began: the task itself, or the region whose deadline passed or whose child failed. */
  readonly origin: Region
  /** It was met, and put off: a narrower region unwound, or its group had failed. */
  readonly putOff?: true
}

/** A task, as regions see it. */
interface RegionTask extends Task<unknown, unknown>, Cancellable {
  readonly interrupted: Region["interrupted"]
  readonly label: string
}

/** A primitive, as those see it who ask what a fiber waits for. */
export interface Resource extends observer.Resource {
  readonly holder: RegionTask | undefined
  labelFor(verb: string | undefined): string
}

/**
 * Who is asked to cancel: a task, or a branch. A branch is a fiber that opened a region and is not a task's own,
 * because a task forked it by Effect's means or because it runs outside of any task; an uninterruptible part with
 * regions in it is one, too. What a branch's regions ask for does not concern the code around it.
 */
export interface Owner {
  /** Its loop's ready queue, where a request waits for the next tick. */
  readonly ready: ReadyQueue
  /** The task that it is, or whose branch it is. */
  readonly task: RegionTask | undefined
  /** Its outermost region. */
  readonly root: Region
  /** The task's own fiber, once it has begun; for a branch, the fiber in which the regions were opened. */
  readonly fiber: Fiber.Fiber<unknown, unknown> | undefined
  /** Requests that were not taken back: `cancelling()`. */
  requests: number
  // INVARIANT: the request that is not delivered yet; of several, that of the widest region. It beats a queued wake-up
  // and a return value, and loses to a failure. Only cancellation.ts writes it; the table of who meets it when is
  // there.
  pending: Request | undefined
}

/** What a region's fiber is suspended in, as a request sees it. */
export interface Suspension {
  readonly state: "parked" | "woken" | "withdrawn" | "over"
  /** What it is, in words; the resource knows who has it. */
  readonly label: string
  readonly resource: Resource | undefined
  readonly verb: string | undefined
  /** The future that a request goes to first. */
  readonly target: Cancellable | undefined
  /** The request that went down to `target`, and may come back. */
  requested: Request | undefined
  /** The futures and tasks that have to end or let go before it goes on; none if they are not known. */
  waitsFor(): ReadonlyArray<Cancellable>
  /** Whether one of them may be enough; else all of them have to. */
  readonly isForAny: boolean
  withdraw(request: Request): void
  /** Its fiber will not go on with what it waited for. */
  drop(): void
}

export interface Region {
  readonly owner: Owner
  /** Undefined before its first step. */
  fiber: Fiber.Fiber<unknown, unknown> | undefined
  // INVARIANT: the waiter that `fiber` itself is suspended in, until that is over.
  waiter: Suspension | undefined
  // INVARIANT: the open region that `fiber` itself is suspended in.
  inner: Region | undefined
  /**
   * The request that was delivered; "effect" if Effect itself interrupted it; "abandoned" for a task if nobody waits
   * for its fiber any longer.
   */
  interrupted: Request | "effect" | "abandoned" | undefined
}

/** The region whose code the fiber runs. Fibers that a task forks by Effect's own means inherit it. */
export const CurrentRegion = Context.Reference<Region | undefined>(`effect-asyncio@${version}/CurrentRegion`, {
  defaultValue: () => undefined
})

/** The fiber's own region, whose body it runs. */
export const ownRegion = (fiber: Fiber.Fiber<unknown, unknown>): Region | undefined => {
  const region = fiber.getRef(CurrentRegion)
  return region !== undefined && region.fiber === fiber ? region : undefined
}

/** Whether the region was interrupted at its own request: its deadline passed, its child failed. */
export const isOwnDoing = (region: Region): boolean =>
  typeof region.interrupted === "object" && region.interrupted.origin === region

/** What the fiber of the region, or of the innermost one open in it, is suspended in. */
export const waiterOf = (region: Region): Suspension | undefined => {
  let innermost = region
  while (innermost.inner !== undefined) innermost = innermost.inner
  return innermost.waiter
}

/** What it waits for, in words, and who has it. */
export const waitOf = ({ label, resource }: Suspension): string => {
  const holder = resource?.holder
  return holder === undefined ? label : `${label} held by ${holder.label}`
}

/** Whether its task was abandoned when the loop closed: then its code gets no further step on the loop. */
export const isAbandoned = (region: Region | undefined): boolean => region?.owner.task?.interrupted === "abandoned"
