/**
 * Opening a cancellation region: a child fiber, started at once, that runs a part of a fiber's body.
 *
 * A region costs no tick: its end resumes the code around it in the same step, the one exception to the rule that a
 * waiter never runs inside its waker, because both are the same task.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import {
  annotations,
  cancelMessage,
  failureBeside,
  isCancelled,
  isInterruptible,
  regionEnded,
  type Request,
  settle
} from "./cancellation.ts"
import { getLoop, type LoopImpl } from "./loop.ts"
import { CurrentRegion, type Owner, type Region } from "./Region.ts"

/** What a bare fiber's requests are counted on. */
class Bare implements Owner {
  readonly loop: LoopImpl
  readonly task = undefined
  requests = 0
  pending: Request | undefined = undefined
  constructor(loop: LoopImpl) {
    this.loop = loop
  }
}

/** A region inside a task, or of a bare fiber. */
export class InnerRegion implements Region {
  readonly owner: Owner
  fiber: Fiber.Fiber<unknown, unknown> | undefined = undefined
  waiter: Region["waiter"] = undefined
  inner: Region | undefined = undefined
  interrupted: Region["interrupted"] = undefined
  open = true
  /** It is within an uninterruptible part: requests from outside wait for the end of that, and do not reach it. */
  readonly sheltered: boolean
  constructor(owner: Owner, sheltered: boolean) {
    this.owner = owner
    this.sheltered = sheltered
  }
}

/**
 * Runs `body` in a region of its own. When it has ended, `end` is called with its exit, in the same step and whoever
 * interrupted it, and gives what the code around it goes on with; `undefined` passes the exit on as it is: a
 * cancellation that a request brought about then interrupts the fiber around it for real, one that came from something
 * awaited is a failing cause. `begin` is called before the body starts.
 */
export const openRegion = <A, E, R, A2 = A, E2 = E, R2 = never>(
  begin: (region: InnerRegion) => Effect.Effect<A, E, R>,
  end: (exit: Exit.Exit<A, E>, region: InnerRegion) => Effect.Effect<A2, E2, R2> | undefined
): Effect.Effect<A | A2, E | E2, R | R2> =>
  Effect.withFiber((outer: Fiber.Fiber<unknown, unknown>) => {
    const current = outer.getRef(CurrentRegion)
    const sheltered = !isInterruptible(outer) || (current instanceof InnerRegion && current.sheltered)
    const region = new InnerRegion(current?.owner ?? new Bare(getLoop("Task.catchCancelled", outer)), sheltered)
    // Only the region's own fiber is suspended in the inner one; a fiber that it forked has its own way to be ended.
    const around = ownRegion(outer)
    return Effect.callback<A | A2, E | E2, R | R2>((resume) => {
      if (around !== undefined) around.inner = region
      // `outer` holds every service that the body asks for: `R` is in this effect's own type.
      const context = Context.add(outer.context, CurrentRegion, region) as Context.Context<R>
      const fiber = Effect.runForkWith(context)(
        Effect.withFiber((self) => {
          region.fiber = self
          return begin(region)
        })
      )
      fiber.addObserver((exit) => {
        region.open = false
        if (around !== undefined) around.inner = undefined
        const ended = settle(region, exit)
        const next = end(ended, region)
        if (next !== undefined) resume(next)
        else if (region.interrupted !== undefined && isCancelled(ended)) {
          interruptAround(outer, around, region.owner, ended)
          resume(ended) // where `outer` is uninterruptible
        } else resume(ended)
        regionEnded(region)
      })
      // A failure of the body's clean-up joins the interruption's cause; its `E` is in this effect's own type.
      return Effect.suspend(() => {
        if (!region.open) return Effect.void
        region.interrupted = "outside"
        return Effect.flatMap(Fiber.interrupt(fiber), () => failureBeside(fiber.pollUnsafe()!))
      }) as Effect.Effect<void>
    })
  })

/** A cancellation that left a region unhandled interrupts the fiber around it for real, so that nothing swallows it. */
export const interruptAround = (
  outer: Fiber.Fiber<unknown, unknown>,
  around: Region | undefined,
  owner: Owner,
  exit: Exit.Exit<unknown, unknown>
): void => {
  const message = exit._tag === "Failure" ? Option.getOrUndefined(cancelMessage(exit.cause)) : undefined
  if (around !== undefined) around.interrupted = "outside"
  owner.pending = undefined
  outer.interruptUnsafe(undefined, annotations(message))
}

/** The region that is the fiber's own. */
export const ownRegion = (fiber: Fiber.Fiber<unknown, unknown>): Region | undefined => {
  const region = fiber.getRef(CurrentRegion)
  return region !== undefined && region.fiber === fiber ? region : undefined
}
