/**
 * The steps that no ready queue sees: Effect and the host resume a fiber directly, in a promise's microtask, in a timer
 * of the host, or on the stack of whoever completes a Deferred.
 *
 * A tracer can wrap every operation of a fiber (`Tracer.context`). The first operation that is not part of a step of
 * its task begins such a step; the one that gives no further operation ends it. A task that begins while somebody
 * observes has such a tracer in its context; if a program brings its own tracer, that takes its place, and these steps
 * go unseen.
 */
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import * as Tracer from "effect/Tracer"
import { isSuspended } from "../host/beyondTypes.ts"
import type { Step, Whose } from "../kernel/Entry.ts"
import { observer } from "../kernel/observer.ts"
import { CurrentRegion } from "./Region.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

/** A step of a fiber that was resumed past every ready queue. */
class HostStep implements Step {
  readonly what = "resumed"
  readonly owner: Whose
  readonly fiber: AnyFiber
  constructor(owner: Whose, fiber: AnyFiber) {
    this.owner = owner
    this.fiber = fiber
  }
}

class StepTracer implements Tracer.Tracer {
  private readonly around: Tracer.Tracer
  constructor(around: Tracer.Tracer) {
    this.around = around
  }
  span(options: Parameters<Tracer.Tracer["span"]>[0]): Tracer.Span {
    return this.around.span(options)
  }
  // Effect calls it without its `this`.
  readonly context: NonNullable<Tracer.Tracer["context"]> = (operation, fiber) => {
    if (observer !== undefined && observer.fiber !== fiber) begin(fiber)
    const { context } = this.around
    const result = context === undefined ? operation["~effect/Effect/evaluate"](fiber) : context(operation, fiber)
    if (isSuspended(result)) end(fiber)
    return result
  }
}

const begin = (fiber: AnyFiber): void => {
  const owner = fiber.getRef(CurrentRegion)?.owner.task ?? fiber
  const { step } = observer!
  if (step?.owner === owner) {
    observer!.fiber = fiber
    return
  }
  const begun = new HostStep(owner, fiber)
  observer!.begin(begun, fiber.currentDispatcher)
  // A tracer that the program brings meanwhile would hide the step's end.
  if (step === undefined) queueMicrotask(() => end(fiber))
}

const end = (fiber: AnyFiber): void => {
  const step = observer?.step
  if (step instanceof HostStep && step.fiber === fiber) observer!.end()
}

/** Adds the tracer to the services of a fiber that is about to begin. */
export const withSteps = <R>(context: Context.Context<R>): Context.Context<R> => {
  const around = Context.get(context, Tracer.Tracer)
  return around instanceof StepTracer ? context : Context.add(context, Tracer.Tracer, new StepTracer(around))
}
