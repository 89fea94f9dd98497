/** What is left of a virtual loop's program once the loop has closed: fibers that are not tasks and still sleep. */
import * as Cause from "effect/Cause"
import type * as Fiber from "effect/Fiber"
import type { LoopImpl } from "../internal/loop/loop.ts"
import { interruptFiber } from "../internal/waiting/unwinding.ts"
import type { VirtualClock } from "./VirtualClock.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

export class Rest {
  private readonly loop: LoopImpl
  private readonly clock: VirtualClock
  private readonly asked = new WeakSet<AnyFiber>()

  constructor(loop: LoopImpl, clock: VirtualClock) {
    this.loop = loop
    this.clock = clock
  }

  get sleepers(): ReadonlyArray<AnyFiber> {
    const fibers = this.clock.sleepers.map(({ fiber }) => fiber)
    return [...this.loop.timers.sleepers, ...fibers.filter((fiber) => !this.loop.timers.isOwn(fiber))]
  }

  /** False if all of them were interrupted before: they need time for what they have left to do. */
  interruptSleepers(): boolean {
    const fibers = this.sleepers.filter((fiber) => !this.asked.has(fiber))
    for (const fiber of fibers) {
      this.asked.add(fiber)
      interruptFiber(fiber)
    }
    return fibers.length > 0
  }
}

/** The failures in causes, as defects; the same error once. */
export const defectsOf = (causes: ReadonlyArray<Cause.Cause<unknown>>): ReadonlyArray<Cause.Die> => {
  const seen = new Set<unknown>()
  return causes.flatMap((cause) => cause.reasons).flatMap((reason) => {
    if (reason._tag === "Interrupt") return []
    const error = reason._tag === "Die" ? reason.defect : reason.error
    if (seen.has(error)) return []
    if (typeof error === "object") seen.add(error)
    return [reason._tag === "Die" ? reason : Cause.makeDieReason(error).annotate(Cause.reasonAnnotations(reason))]
  })
}
