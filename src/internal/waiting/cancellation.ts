/**
 * How a request to cancel finds its way.
 *
 * 1. It goes to the innermost open region (an uninterruptible part stops it there, until the part ends).
 * 2. If the region waits for a future, a task or a gather, the request walks down to it (Walk.ts); the task sees a
 *    cancellation only if what it waits for ends cancelled.
 * 3. If it is parked in a primitive, it is withdrawn in this very call, and interrupted in the next tick.
 * 4. Otherwise the request stays pending, in its owner's only slot, until something meets it.
 * 5. What went down comes back: the joiner's step makes it the task's own cancellation, or drops it if there is a
 *    value.
 *
 * asyncio walks by recursion, `Task.cancel` calling that of `_fut_waiter`, and counts requests for each task; trio's
 * cancel scopes have a state that stays instead of requests. Open: a request that comes during clean-ups only counts,
 * where asyncio's would cut them short.
 *
 * Who meets a pending request, whichever is first:
 *
 * | who | where |
 * | --- | --- |
 * | the step of a waiter that was woken, `Waiter.run`; of a joiner and of a group's block, which look for themselves | `takeDue` |
 * | the region's next suspension, `Waiter.suspended` | `meet` |
 * | a fiber that has yielded by Effect's own means, `RuntimeEntry.run` | `meetAfterYield` |
 * | the end of an uninterruptible part, `Condition.wait` | `meetBeforeRestore` |
 * | the region around it, when this one has ended, `openRegion` | `regionEnded`, `interruptAround` |
 * | the end of the task | `taskEnded` |
 * | the next tick | `Delivery` |
 */
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { isInterruptible } from "../host/beyondTypes.ts"
import type { Entry, Whose } from "../kernel/Entry.ts"
import { observer } from "../kernel/observer.ts"
import { annotations, cancelMessage } from "./cancelled.ts"
import { isAbandoned, type Owner, ownRegion, type Region, type Request, type Suspension } from "./Region.ts"
import { Walk } from "./Walk.ts"

/** The region that a request with this `origin` goes to. */
const targetOf = (origin: Region): Region => {
  let region = origin
  while (region.inner !== undefined && isInterruptible(region.fiber!)) region = region.inner
  return region
}

/** Whether the pending request of the region's owner is for this region, and can be delivered now. */
const isDue = (region: Region): boolean =>
  region.owner.pending !== undefined && targetOf(region.owner.pending.origin) === region &&
  isInterruptible(region.fiber!)

/** Whether `inner` is open within `outer`. */
const isWider = (outer: Region, inner: Region): boolean => {
  let current = outer.inner
  while (current !== undefined && current !== inner) current = current.inner
  return current !== undefined
}

// ----------------------------------------------------------------------------------------------------------- a request

/** Requests a cancellation of a region, as part of `walk`: steps 1 to 4. */
export const request = (origin: Region, walk: Walk): void => {
  const { owner } = origin
  const request: Request = { message: walk.message, by: Fiber.getCurrent()?.id, origin }
  owner.requests++
  if (observer !== undefined && owner.task !== undefined) observer.cancelled(owner.task)
  const region = targetOf(origin)
  const { interrupted, waiter } = region
  if (interrupted !== undefined) {
    // Its finalizers run, and are not cut short. A request of a wider region outlives the unwinding; any other is part
    // of the cancellation under way.
    if (typeof interrupted === "object" && isWider(origin, interrupted.origin)) post({ ...request, putOff: true })
    return
  }
  if (waiter === undefined) return leavePending(request)
  if (!isInterruptible(region.fiber!)) {
    const first = waiter.state === "parked" ? owner.pending : undefined
    return leavePending(first === undefined ? request : { ...request, message: first.message })
  }
  if (waiter.state === "withdrawn") return // one cancellation, with the first message, as above
  if (waiter.state === "parked") {
    const next = waiter.target
    if (next === undefined || walk.cameThrough(next)) return waiter.withdraw(request)
    if (next.accepts()) {
      if (waiter.requested === undefined || isWider(origin, waiter.requested.origin)) waiter.requested = request
      return walk.goOn(next)
    }
  }
  leavePending(request)
}

/** A deadline or a failing child cancels a region of its own task. */
export const cancelRegion = (region: Region): void => {
  const walk = new Walk(undefined, region.owner.task)
  request(region, walk)
  walk.run()
}

/** A group that was asked to cancel has failed: the request is met at the next suspension of the code around it. */
export const putOff = (owner: Owner): void =>
  leavePending({ message: undefined, by: undefined, origin: owner.root, putOff: true })

/** Takes one request back; at zero, the undelivered one is revoked. */
export const uncancel = (owner: Owner): number => {
  if (owner.requests > 0) owner.requests--
  if (owner.requests === 0) owner.pending = undefined
  return owner.requests
}

// ------------------------------------------------------------------------------------------------------- the one slot

/**
 * Makes it the pending one, if possible. A request of a wider region stays: the narrower one's is part of it. The later
 * message comes out, as in asyncio.
 */
const post = (request: Request): boolean => {
  const { owner } = request.origin
  if (owner.pending !== undefined && isWider(owner.pending.origin, request.origin)) {
    owner.pending.message = request.message
    return false
  }
  owner.pending = request
  return true
}

/** Leaves the request to whatever meets it first, the next tick at the latest. */
export const leavePending = (request: Request): void => {
  if (post(request)) request.origin.owner.ready.schedule(new Delivery(request), 0)
}

/** The task's own step comes after the scheduled delivery: the request waits for that step. */
export const postpone = (owner: Owner): void => {
  const request: Request = { ...owner.pending! }
  owner.pending = request
  owner.ready.schedule(new Delivery(request), 0)
}

/** Takes the pending request, if it is for this region and can be delivered now. */
export const takeDue = (region: Region): Request | undefined => {
  if (!isDue(region)) return undefined
  const { pending } = region.owner
  region.owner.pending = undefined
  return pending
}

// ---------------------------------------------------------------------------------------------------- who meets it how

/** Interrupts the region's fiber. */
export const deliver = (region: Region, request: Request): void => {
  if (region.owner.pending === request) region.owner.pending = undefined
  region.interrupted = request
  region.fiber!.interruptUnsafe(request.by, annotations(request.message))
}

/** The next tick's delivery of a request that nothing met earlier. */
class Delivery implements Entry {
  private readonly request: Request
  constructor(request: Request) {
    this.request = request
  }
  get what() {
    return "cancel" as const
  }
  get owner(): Whose {
    return this.request.origin.owner.task
  }
  run(): void {
    const { origin } = this.request
    if (origin.owner.pending !== this.request || isAbandoned(origin)) return
    const region = targetOf(origin)
    // Not started, or about to be woken: its own step looks for the request.
    if (region.fiber === undefined || (region.waiter !== undefined && isAboutToWake(region))) return
    deliver(region, this.request)
  }
}

const isAboutToWake = (region: Region): boolean =>
  isInterruptible(region.fiber!) && (region.waiter!.state !== "parked" || region.waiter!.target !== undefined)

/** The region parks while a request is pending for it: this step meets it. */
export const meet = (region: Region): void => {
  const waiter = region.waiter!
  const next = waiter.target
  if (waiter.state !== "parked" || next !== undefined && !next.accepts()) return
  const request = takeDue(region)
  if (request === undefined) return
  if (next === undefined) return waiter.withdraw(request)
  waiter.requested = request
  const walk = new Walk(request.message, region.owner.task)
  walk.goOn(next)
  walk.run()
}

/** The region's fiber has yielded, by Effect's own means, and is about to resume. */
export const meetAfterYield = (region: Region): void => {
  if (region.waiter === undefined && region.inner === undefined && isDue(region)) deliver(region, region.owner.pending!)
}

/** An uninterruptible part ends: a request made in this very tick is delivered now, not a tick later. */
export const meetBeforeRestore = (fiber: Fiber.Fiber<unknown, unknown>): void => {
  const region = ownRegion(fiber)
  const pending = region?.owner.pending
  if (pending !== undefined && targetOf(pending.origin) === region) deliver(region, pending)
}

/**
 * Step 5: what a waiter joined has ended cancelled. Gives the request that went down to it, or one that came meanwhile:
 * it is now the task's own cancellation, one for all requests so far, with the message of what was awaited.
 */
export const cameBack = (
  region: Region,
  { requested }: Suspension,
  exit: Exit.Exit<unknown, unknown>
): Request | undefined => {
  const wanted = region.owner.requests > 0 ? requested : undefined
  const pending = takeDue(region)
  const request = wanted ?? pending
  return request === undefined ? undefined : { ...request, message: cancelMessage(exit) }
}
