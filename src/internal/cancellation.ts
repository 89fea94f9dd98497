/**
 * How a request to cancel finds its way.
 *
 * 1. It goes to the innermost open region (an uninterruptible part stops it there, until the part ends).
 * 2. If that waits for a future, a task or a gather, the request walks down to it; the task sees a cancellation only if
 *    what it waits for ends cancelled. The walk is a loop over an explicit stack, so that 20,000 joined tasks do not
 *    overflow, and knows its path, so that a circle of joins ends at the one that closes it.
 * 3. If it is parked in a primitive, it is withdrawn in this very call, and interrupted in the next tick.
 * 4. Otherwise the request stays pending: the waiter's next step, its next park or the next tick delivers it.
 *
 * Cost: O(1) for each task on the way.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { FutureImpl } from "./future.ts"
import type { Entry } from "./ReadyQueue.ts"
import { CurrentRegion, isAbandoned, isOwnDoing, type Owner, type Region } from "./Region.ts"
import { Parked, Withdrawn } from "./WaitQueue.ts"

/** One request to cancel. */
export interface Request {
  message: string | undefined
  /** The fiber that asked. */
  readonly by: number | undefined
  /** The region it was made of: the task itself, or the region whose deadline passed or whose child failed. */
  readonly origin: Region
  /** It was met, and put off: a narrower region unwound, or its group had failed. */
  readonly putOff?: true
}

/** The cancel message, among the annotations of an interrupt. */
class CancelMessage extends Context.Service<CancelMessage, string>()("effect-asyncio/CancelMessage") {}

/** Beside it: the interrupt is a request's, or a future's that ended cancelled. `Effect.interrupt` raises one without. */
class Cancelled extends Context.Service<Cancelled, true>()("effect-asyncio/Cancelled") {}

// The annotations of a cause are a bag of values, typed as a context that offers nothing.
const withoutMessage = Context.make(Cancelled, true) as Context.Context<never>

const annotations = (message: string | undefined): Context.Context<never> =>
  message === undefined ? withoutMessage : Context.add(withoutMessage, CancelMessage, message) as Context.Context<never>

export const cancelMessage = (exit: Exit.Exit<unknown, unknown>): string | undefined =>
  exit._tag === "Failure" ? Context.getOrUndefined(Cause.annotations(exit.cause), CancelMessage) : undefined

export const cancelledExit = (message: string | undefined): Exit.Exit<never> =>
  Exit.failCause(Cause.annotate(Cause.interrupt(Fiber.getCurrent()?.id), annotations(message)))

/** Makes an interrupt that nobody asked for a cancellation. One that was asked for keeps its own message. */
export const asCancelled = <A, E>(exit: Exit.Exit<A, E>, message: string | undefined): Exit.Exit<A, E> =>
  isCancelled(exit) && !exit.cause.reasons.some((reason) => reason.annotations.has(Cancelled.key))
    ? Exit.failCause(Cause.annotate(exit.cause, annotations(message)))
    : exit

/** Interrupts and nothing beside: a failure or defect makes it that failure. */
export const isCancelled = <E>(exit: Exit.Exit<unknown, E>): exit is Exit.Failure<never, E> =>
  exit._tag === "Failure" && Cause.hasInterruptsOnly(exit.cause)

/** Effect keeps this flag on its fibers and leaves it out of their public type. */
export const isInterruptible = (fiber: Fiber.Fiber<unknown, unknown>): boolean =>
  (fiber as unknown as { readonly interruptible: boolean }).interruptible

/** The region that a request made of `origin` goes to. */
const targetOf = (origin: Region): Region => {
  let region = origin
  while (region.inner !== undefined && isInterruptible(region.fiber!)) region = region.inner
  return region
}

/** Whether the pending request of the region's owner is for this region, and can be delivered now. */
export const isDue = (region: Region): boolean =>
  targetOf(region.owner.pending!.origin) === region && isInterruptible(region.fiber!)

const besideInterrupts = <E>({ reasons }: Cause.Cause<E>): Cause.Cause<E> =>
  Cause.fromReasons(reasons.filter((reason) => reason._tag !== "Interrupt"))

/** What an exit has beside interrupts, for a finalizer that must not lose it. */
export const failureBeside = <E>(exit: Exit.Exit<unknown, E>): Exit.Exit<void, E> =>
  exit._tag === "Success" || isCancelled(exit) ? Exit.void : Exit.failCause(besideInterrupts(exit.cause))

/** A failure without the interrupts beside it. What is cancelled stays so. */
export const withoutInterrupts = <A, E>(exit: Exit.Exit<A, E>): Exit.Exit<A, E> =>
  exit._tag === "Success" || isCancelled(exit) ? exit : Exit.failCause(besideInterrupts(exit.cause))

/** Interrupts a fiber for another reason than a request. */
export const interruptFiber = (fiber: Fiber.Fiber<unknown, unknown>): void => {
  const region = fiber.getRef(CurrentRegion)
  // The code around a region is interrupted with it.
  if (region !== undefined && region.fiber === fiber) region.interrupted ??= "effect"
  fiber.interruptUnsafe()
}

/** Interrupts the region's fiber. */
export const deliver = (region: Region, request: Request): void => {
  if (region.owner.pending === request) region.owner.pending = undefined
  region.interrupted = request
  region.fiber!.interruptUnsafe(request.by, annotations(request.message))
}

export const deliverPending = (region: Region): void => deliver(region, region.owner.pending!)

/** The next tick's delivery of a request that nothing met earlier. */
class Delivery implements Entry {
  private readonly request: Request
  constructor(request: Request) {
    this.request = request
  }
  get owner(): unknown {
    return this.request.origin.owner.task
  }
  run(): void {
    if (this.request.origin.owner.pending !== this.request || isAbandoned(this.request.origin)) return
    const region = targetOf(this.request.origin)
    // Not started, or about to be woken: its own step looks for the request.
    if (region.fiber === undefined || (region.waiter !== undefined && isAboutToWake(region))) return
    deliver(region, this.request)
  }
}

const isAboutToWake = (region: Region): boolean =>
  isInterruptible(region.fiber!) && (region.waiter!.state !== Parked || region.waiter!.target !== undefined)

/**
 * Makes it the pending one, if it can. A request of a wider region stays: what the narrower one asked for is part of it.
 * The later message is the one that comes out, as in asyncio.
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

/** Leaves the request to whoever meets it first, the next tick at the latest. */
const leavePending = (request: Request): void => {
  if (post(request)) request.origin.owner.loop.ready.schedule(new Delivery(request), 0)
}

/** The task's own step comes later than the delivery that is on its way: the request waits for that step. */
export const postpone = (owner: Owner): void => {
  const request: Request = { ...owner.pending! }
  owner.pending = request
  owner.loop.ready.schedule(new Delivery(request), 0)
}

/** Whether `inner` is open within `outer`. */
const isWider = (outer: Region, inner: Region): boolean => {
  let current = outer.inner
  while (current !== undefined && current !== inner) current = current.inner
  return current !== undefined
}

/** A region has ended: what it asked for itself is over, what others asked for goes on to the code around it. */
export const regionEnded = (region: Region): void => {
  const { owner } = region
  if (owner.pending === undefined) return
  if (owner.pending.origin === region) owner.pending = undefined
  else leavePending(owner.pending)
}

/**
 * Steps 1 to 4 for one region. Returns the future that the walk goes on with, if it does. `path` holds the futures that
 * the walk came through.
 */
export const requestOf = (
  origin: Region,
  message: string | undefined,
  path?: ReadonlySet<FutureImpl<any, any>>
): FutureImpl<any, any> | undefined => {
  const owner = origin.owner
  const request: Request = { message, by: Fiber.getCurrent()?.id, origin }
  owner.requests++
  const region = targetOf(origin)
  const { interrupted } = region
  if (interrupted !== undefined) {
    // Its finalizers run: they are not cut short. A request of a wider region outlives the unwinding; any other is part
    // of the cancellation under way.
    if (typeof interrupted === "object" && isWider(origin, interrupted.origin)) post({ ...request, putOff: true })
    return undefined
  }
  const waiter = region.waiter
  if (waiter !== undefined && isInterruptible(region.fiber!)) {
    if (waiter.state === Withdrawn) return undefined // one cancellation, with the first message
    if (waiter.state === Parked) {
      const next = waiter.target
      if (next === undefined || path?.has(next)) {
        waiter.withdraw(request)
        return undefined
      }
      if (next.accepts()) {
        if (waiter.requested === undefined || isWider(origin, waiter.requested.origin)) waiter.requested = request
        return next
      }
    }
  }
  leavePending(request)
  return undefined
}

/** A group that was asked to cancel has failed: what it was asked comes at the next suspension of the code around. */
export const putOff = (owner: Owner): void =>
  leavePending({ message: undefined, by: undefined, origin: owner.root, putOff: true })

/** Asks a region of its own task: a deadline, a failing child. */
export const cancelRegion = (region: Region): void => {
  const next = requestOf(region, undefined)
  if (next !== undefined) cancel(next, undefined, region.owner.task)
}

/** The region parks while a request is pending for it: this is the step that meets it. */
export const meet = (region: Region): void => {
  const request = region.owner.pending!
  const waiter = region.waiter!
  if (waiter.state !== Parked || !isDue(region)) return
  const next = waiter.target
  if (next === undefined) {
    region.owner.pending = undefined
    waiter.withdraw(request)
  } else if (next.accepts()) {
    region.owner.pending = undefined
    waiter.requested = request
    cancel(next, request.message, region.owner.task)
  }
}

/** The region's fiber has yielded, by Effect's own means, and is about to resume. */
export const meetAfterYield = (region: Region): void => {
  if (region.waiter === undefined && region.inner === undefined && isDue(region)) deliverPending(region)
}

/** An uninterruptible part ends: a request made in this very tick is delivered now, not a tick later. */
export const meetBeforeRestore = (fiber: Fiber.Fiber<unknown, unknown>): void => {
  const region = fiber.getRef(CurrentRegion)
  if (region === undefined || region.fiber !== fiber || region.owner.pending === undefined) return
  if (targetOf(region.owner.pending.origin) === region) deliverPending(region)
}

class Leave {
  readonly future: FutureImpl<any, any>
  constructor(future: FutureImpl<any, any>) {
    this.future = future
  }
}

/**
 * asyncio's `cancel()`: false if the future is done. `from` is a task that already waits for the walk to end, and must
 * not be waited for by what it comes to.
 */
export const cancel = (
  first: FutureImpl<any, any>,
  message: string | undefined,
  from?: FutureImpl<any, any> | undefined
): boolean => {
  if (!first.accepts()) {
    first.retrieve() // who cancels what has failed wants no report of it; a failure yet to come is another matter
    return false
  }
  const path = from === undefined ? undefined : new Set([from])
  const next = first.requestCancel(message, path)
  if (next !== undefined) walk(first, next, message, path ?? new Set())
  return true
}

/** Cancels many that may wait for each other, with one request each: O(n), in chains and circles too. */
export const cancelAll = (futures: ReadonlyArray<FutureImpl<any, any>>): void => {
  const asked = new Set<FutureImpl<any, any>>()
  for (const future of futures) {
    if (asked.has(future) || !future.accepts()) continue
    asked.add(future)
    const next = future.requestCancel(undefined, undefined)
    if (next !== undefined) walk(future, next, undefined, new Set(), asked)
  }
}

/** Goes on from `first` to `next`, depth first. Those in `asked` have had their request. */
const walk = (
  first: FutureImpl<any, any>,
  next: ReadonlyArray<FutureImpl<any, any>>,
  message: string | undefined,
  path: Set<FutureImpl<any, any>>,
  asked?: Set<FutureImpl<any, any>>
): void => {
  path.add(first)
  const stack: Array<FutureImpl<any, any> | Leave> = next.toReversed()
  while (stack.length > 0) {
    const top = stack.pop()!
    if (top instanceof Leave) {
      path.delete(top.future)
      continue
    }
    if (!top.accepts() || asked?.has(top)) continue
    asked?.add(top)
    path.add(top)
    const further = top.requestCancel(message, path)
    if (further === undefined) path.delete(top)
    else {
      stack.push(new Leave(top))
      for (let i = further.length - 1; i >= 0; i--) stack.push(further[i]!)
    }
  }
}

/** A request that was delivered beats a value that came all the same. */
export const settle = <A, E>(region: Region, exit: Exit.Exit<A, E>): Exit.Exit<A, E> =>
  exit._tag === "Success" && region.interrupted !== undefined ? cancelledExit(undefined) : exit

/**
 * A cancellation that left a region unhandled interrupts the fiber around it for real, so that nothing swallows it. Where
 * the region was interrupted at its own request, it is the wider one that came meanwhile which goes on.
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
    // Had it not had to wait for the unwinding, its message would be the one that comes out.
    if (request.putOff) message = request.message
  }
  if (around !== undefined) around.interrupted = request
  outer.interruptUnsafe(undefined, annotations(message))
}

/** Takes one request back; at zero the undelivered one is revoked. */
export const uncancelOwner = (owner: Owner): number => {
  if (owner.requests > 0) owner.requests--
  if (owner.requests === 0) owner.pending = undefined
  return owner.requests
}

const aborted = new WeakMap<FutureImpl<any, any>, AbortSignal>()

/** The signal that cancelled the future, if one did. */
export const abortedBy = (future: FutureImpl<any, any>): AbortSignal | undefined => aborted.get(future)

/** Cancels the future when the signal is aborted, as long as it is not done. */
export const cancelOnAbort = (future: FutureImpl<any, any>, signal: AbortSignal): void => {
  const abort = () => {
    if (cancel(future, typeof signal.reason === "string" ? signal.reason : undefined)) aborted.set(future, signal)
  }
  if (signal.aborted) return abort()
  signal.addEventListener("abort", abort, { once: true })
  future.addCallback(() => signal.removeEventListener("abort", abort))
}
