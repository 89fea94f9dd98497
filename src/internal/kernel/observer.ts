/**
 * Whoever watches what programs do: debug mode, which finds slow steps; a recorder.
 *
 * One field for all loops, so that a recorder needs none in its hands, and that costs a load and a compare at each place
 * while nobody listens. It is asked where a thing happens, once: nothing else in the core watches. A listener changes no
 * order and no tick, and what it throws never reaches the program: as with trio's Instruments, one that throws is dropped
 * with a log. Open: a put into a queue and a get from it are no events; whoever waits for them is.
 *
 * It has more than 150 lines of code: each event has a loop of its own over those who listen.
 */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Scheduler from "effect/Scheduler"
import type { ExceptionContext } from "../../EventLoop.ts"
import type { Task } from "../../Task.ts"
import type { Entry, Step } from "./Entry.ts"

type AnyTask = Task<unknown, unknown>
type AnyFiber = Fiber.Fiber<unknown, unknown>

/** A primitive. */
export interface Resource {
  readonly kind: string
  /** As somebody calls it who tells several apart. */
  readonly name: string | undefined
  /** The task that all who wait there wait for, where it is one. */
  readonly holder: AnyTask | undefined
}

/** A part of a fiber's work that stands under a deadline, or has tasks of its own. */
export interface Block {
  /** What opened it: `timeout`, `TaskGroup`. */
  readonly call: string
  /** In nanoseconds, from its begin. */
  readonly limit?: number | undefined
  /** Its fiber is known once it has begun. */
  readonly region: { readonly fiber: AnyFiber | undefined }
}

/** How a block has ended, to the code around it. */
export type Outcome = "ok" | "failed" | "cancelled"

/** A fiber that waits. */
export interface Waiting {
  readonly fiber: AnyFiber
  /** What it waits for, in words. */
  readonly label: string
  /** Where that is a primitive. */
  readonly resource: Resource | undefined
  /** What it is to do there, where it may wait for one thing or another: `get`, `put`, `join`. */
  readonly verb: string | undefined
  /** Where it does nothing but sleep: for so many nanoseconds. */
  readonly sleeps: number | undefined
}

/** What a listener may be told of. Who did it is the running fiber, or else whose step it is. */
export interface Observer {
  /** Adds to the services that a task's fiber begins with what it needs to see more of it. */
  services?(context: Context.Context<never>): Context.Context<never>
  /** A task exists. */
  created?(task: AnyTask): void
  /** Its fiber begins. */
  started?(task: AnyTask): void
  ended?(task: AnyTask): void
  /** A request to cancel was made of it. */
  cancelled?(task: AnyTask): void
  /** A fiber is suspended in something of ours. */
  parked?(waiter: Waiting): void
  /** Its turn came, or its time: its step is in the ready queue. */
  woken?(waiter: Waiting): void
  /** A request to cancel took it out of its line. */
  withdrawn?(waiter: Waiting): void
  /** Effect's own means interrupt its fiber. */
  left?(waiter: Waiting): void
  /** A block begins. */
  opened?(block: Block): void
  closed?(block: Block, outcome: Outcome): void
  /** A lock is the fiber's now, or a permit of a semaphore. */
  taken?(resource: Resource, fiber: AnyFiber): void
  /** It is given back. */
  released?(resource: Resource): void
  /** A loop has a failure to tell of, that nobody saw for one. */
  reported?(context: ExceptionContext): void
  /** A tick begins on that queue: what the host did since the last one is not known. */
  ticked?(queue: Scheduler.SchedulerDispatcher): void
  /** A step runs, from that queue or of a fiber that schedules on it. Steps nest: one may resume other fibers at once. */
  stepBegan?(step: Step, queue: Scheduler.SchedulerDispatcher): void
  stepEnded?(step: Step, queue: Scheduler.SchedulerDispatcher): void
}

/** What was thrown is said once; who threw it is told nothing more. */
const dismiss = (listener: Observer, thrown: unknown): void => {
  stop(listener)
  Effect.runFork(Effect.logError("An observer failed, and was removed", Cause.die(thrown)))
}

/** What a listener does when it is not told, but called back: nothing that it throws gets past this. */
export const guard = (listener: Observer, act: () => void): void => {
  try {
    act()
  } catch (thrown) {
    dismiss(listener, thrown)
  }
}

/**
 * All who listen, as one whom nothing that they throw gets past. Each event has a loop of its own: with a closure for what is
 * to be told it was half of what a recorder costs.
 */
class Listeners implements Required<Observer> {
  services(context: Context.Context<never>): Context.Context<never> {
    let services = context
    for (const one of listeners) {
      try {
        services = one.services?.(services) ?? services
      } catch (thrown) {
        dismiss(one, thrown)
      }
    }
    return services
  }
  created(task: AnyTask): void {
    for (const one of listeners) {
      try {
        one.created?.(task)
      } catch (thrown) {
        dismiss(one, thrown)
      }
    }
  }
  started(task: AnyTask): void {
    for (const one of listeners) {
      try {
        one.started?.(task)
      } catch (thrown) {
        dismiss(one, thrown)
      }
    }
  }
  ended(task: AnyTask): void {
    for (const one of listeners) {
      try {
        one.ended?.(task)
      } catch (thrown) {
        dismiss(one, thrown)
      }
    }
  }
  cancelled(task: AnyTask): void {
    for (const one of listeners) {
      try {
        one.cancelled?.(task)
      } catch (thrown) {
        dismiss(one, thrown)
      }
    }
  }
  parked(waiter: Waiting): void {
    for (const one of listeners) {
      try {
        one.parked?.(waiter)
      } catch (thrown) {
        dismiss(one, thrown)
      }
    }
  }
  woken(waiter: Waiting): void {
    for (const one of listeners) {
      try {
        one.woken?.(waiter)
      } catch (thrown) {
        dismiss(one, thrown)
      }
    }
  }
  withdrawn(waiter: Waiting): void {
    for (const one of listeners) {
      try {
        one.withdrawn?.(waiter)
      } catch (thrown) {
        dismiss(one, thrown)
      }
    }
  }
  left(waiter: Waiting): void {
    for (const one of listeners) {
      try {
        one.left?.(waiter)
      } catch (thrown) {
        dismiss(one, thrown)
      }
    }
  }
  opened(block: Block): void {
    for (const one of listeners) {
      try {
        one.opened?.(block)
      } catch (thrown) {
        dismiss(one, thrown)
      }
    }
  }
  closed(block: Block, outcome: Outcome): void {
    for (const one of listeners) {
      try {
        one.closed?.(block, outcome)
      } catch (thrown) {
        dismiss(one, thrown)
      }
    }
  }
  taken(resource: Resource, fiber: AnyFiber): void {
    for (const one of listeners) {
      try {
        one.taken?.(resource, fiber)
      } catch (thrown) {
        dismiss(one, thrown)
      }
    }
  }
  released(resource: Resource): void {
    for (const one of listeners) {
      try {
        one.released?.(resource)
      } catch (thrown) {
        dismiss(one, thrown)
      }
    }
  }
  reported(context: ExceptionContext): void {
    for (const one of listeners) {
      try {
        one.reported?.(context)
      } catch (thrown) {
        dismiss(one, thrown)
      }
    }
  }
  ticked(queue: Scheduler.SchedulerDispatcher): void {
    for (const one of listeners) {
      try {
        one.ticked?.(queue)
      } catch (thrown) {
        dismiss(one, thrown)
      }
    }
  }
  stepBegan(step: Step, queue: Scheduler.SchedulerDispatcher): void {
    for (const one of listeners) {
      try {
        one.stepBegan?.(step, queue)
      } catch (thrown) {
        dismiss(one, thrown)
      }
    }
  }
  stepEnded(step: Step, queue: Scheduler.SchedulerDispatcher): void {
    for (const one of listeners) {
      try {
        one.stepEnded?.(step, queue)
      } catch (thrown) {
        dismiss(one, thrown)
      }
    }
  }

  /** Runs an entry of a ready queue. */
  run(entry: Entry, queue: Scheduler.SchedulerDispatcher): void {
    this.begin(entry, queue)
    try {
      entry.run()
    } finally {
      while (this.step !== entry && this.step !== undefined) this.end()
      this.end()
    }
  }

  /** The innermost step under way. */
  get step(): Step | undefined {
    return steps.at(-1)
  }

  /** A fiber that is known to run as a part of that step. */
  fiber: AnyFiber | undefined = undefined

  begin(step: Step, queue: Scheduler.SchedulerDispatcher): void {
    steps.push(step)
    queues.push(queue)
    this.fiber = undefined
    this.stepBegan(step, queue)
  }

  end(): void {
    const step = steps.pop()
    const queue = queues.pop()
    this.fiber = undefined
    if (step !== undefined) this.stepEnded(step, queue!)
  }
}

// INVARIANT: the steps under way, the innermost last, and the queues they are of: those that began while somebody listened.
const steps: Array<Step> = []
const queues: Array<Scheduler.SchedulerDispatcher> = []

const all = new Listeners()

// INVARIANT: those who listen; and all of them as one, if there are any.
let listeners: ReadonlyArray<Observer> = []
export let observer: Listeners | undefined = undefined

const become = (observers: ReadonlyArray<Observer>): void => {
  listeners = observers
  observer = observers.length === 0 ? undefined : all
  // Nobody would be told of their end.
  if (observers.length === 0) steps.length = queues.length = 0
}

const stop = (listener: Observer): void => become(listeners.filter((other) => other !== listener))

/** Tells a listener of all that happens from now on, until what this gives is called. */
export const observe = (listener: Observer): () => void => {
  become([...listeners, listener])
  return () => stop(listener)
}
