/**
 * Opens a cancellation region: a child fiber, started at once, that runs a part of a fiber's body.
 *
 * A region costs no tick: its end resumes the code around it in the same step, the one exception to the rule that a
 * waiter never runs inside its waker, because both are the same task.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { isInterruptible } from "../host/beyondTypes.ts"
import type { ReadyQueue } from "../kernel/ReadyQueue.ts"
import { getLoop } from "../loop/currentLoop.ts"
import { cancelMessage, failureBeside, isCancelled, withoutInterrupts } from "../waiting/cancelled.ts"
import { CurrentRegion, isOwnDoing, type Owner, ownRegion, type Region } from "../waiting/Region.ts"
import { interruptAround, regionEnded } from "../waiting/unwinding.ts"

/**
 * Counts the requests of a fiber's regions if the fiber is not a task's own; and those of the regions in an
 * uninterruptible part, which requests from outside do not reach: they wait for its end.
 */
class Branch implements Owner {
  readonly ready: ReadyQueue
  readonly task: Owner["task"]
  readonly root: Region
  readonly fiber: Fiber.Fiber<unknown, unknown>
  requests = 0
  pending: Owner["pending"] = undefined
  constructor(call: string, fiber: Fiber.Fiber<unknown, unknown>, root: Region) {
    this.ready = getLoop(call, fiber).ready
    this.task = fiber.getRef(CurrentRegion)?.owner.task
    this.root = root
    this.fiber = fiber
  }
}

/** Something that may strike early when schedules are explored. */
export interface Strikable {
  readonly isArmed: boolean
  strike(): void
}

/** A region inside a task, or in a branch. */
export class InnerRegion implements Region {
  readonly owner: Owner
  fiber: Fiber.Fiber<unknown, unknown> | undefined = undefined
  waiter: Region["waiter"] = undefined
  inner: Region | undefined = undefined
  interrupted: Region["interrupted"] = undefined
  open = true
  /** The deadline over it, if it has one. */
  timeout: Strikable | undefined = undefined
  constructor(outer: Fiber.Fiber<unknown, unknown>, around: Region | undefined) {
    this.owner = around !== undefined && isInterruptible(outer)
      ? around.owner
      : new Branch("Task.catchCancelled", outer, this)
  }
}

/**
 * Runs `body` in a new region. When it has ended, `end` is called with its exit, in the same step and whoever
 * interrupted it, and gives what the code around it goes on with; `undefined` passes the exit on unchanged. A
 * cancellation that a request caused, and that still comes out, interrupts the fiber around it for real, whatever
 * failed on the way; one that came from something awaited is a failing cause. `begin` is called before the body starts.
 */
export const openRegion = <A, E, R, A2 = A, E2 = E, R2 = never>(
  begin: (region: InnerRegion) => Effect.Effect<A, E, R>,
  end: (exit: Exit.Exit<A, E>, region: InnerRegion) => Effect.Effect<A2, E2, R2> | undefined
): Effect.Effect<A | A2, E | E2, R | R2> =>
  Effect.withFiber((outer: Fiber.Fiber<unknown, unknown>) => {
    // Only the region's own fiber is suspended in the inner one; a fiber that it forked is ended in another way.
    const around = ownRegion(outer)
    const region = new InnerRegion(outer, around)
    return Effect.callback<A | A2, E | E2, R | R2>((resume) => {
      if (around !== undefined) around.inner = region
      // `outer` has every service that the body asks for: `R` is in this effect's own type.
      const context = Context.add(outer.context, CurrentRegion, region) as Context.Context<R>
      const fiber = Effect.runForkWith(context)(
        Effect.withFiber((self) => {
          region.fiber = self
          return begin(region)
        })
      )
      fiber.addObserver((ended) => {
        region.open = false
        if (around !== undefined) around.inner = undefined
        const next = end(ended, region)
        if (next === undefined) {
          // What failed while it unwound at its own request is only a failure, unless others asked as well.
          const outside = !isOwnDoing(region) || region.owner.pending !== undefined
          if (region.interrupted !== undefined && ended._tag === "Failure" && (isCancelled(ended) || outside)) {
            interruptAround(region, outer, around, cancelMessage(ended))
          }
          // If `outer` was not interrupted, or can't be. An interrupt that the region itself caused ends with it.
          resume(isOwnDoing(region) ? withoutInterrupts(ended) : ended)
        } else {
          resume(Effect.onExitPrimitive(next, (exit) => {
            // Unless a later request has interrupted `outer` already.
            if (region.interrupted !== undefined && around?.interrupted === undefined && isCancelled(exit)) {
              interruptAround(region, outer, around, cancelMessage(exit))
            }
            return undefined
          }))
        }
        regionEnded(region)
      })
      // What failed in the body joins the interruption's cause; its `E` is in this effect's own type.
      return Effect.suspend(() => {
        const exit = fiber.pollUnsafe()
        if (exit !== undefined) return failureBeside(exit)
        region.interrupted = "effect"
        return Effect.flatMap(Fiber.interrupt(fiber), () => failureBeside(fiber.pollUnsafe()!))
      }) as Effect.Effect<void>
    })
  })
