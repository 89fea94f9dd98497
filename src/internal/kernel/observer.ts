/**
 * Those who watch what programs do: debug mode, which finds slow steps, and recorders.
 *
 * One field for all loops, so that a recorder need not hold any of them, and so that each place costs a load and a
 * compare while nobody listens. Each place where something happens asks once; nothing else in the core watches. A
 * listener changes no order and no tick, and what it throws never reaches the program: as with trio's Instruments, one
 * that throws is dropped with a log. Open: a put into a queue and a get from it are not events; waiting for them is.
 *
 * It has more than 150 lines of code: each event has its own loop over the listeners.
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
  /** The name that somebody gave it. */
  readonly name: string | undefined
  /** The one task that all who wait there wait for, if there is one. */
  readonly holder: AnyTask | undefined
}

/** A part of a fiber's work that has a deadline, or tasks of its own. */
export interface Block {
  /** What opened it: `timeout`, `TaskGroup`. */
  readonly call: string
  /** In nanoseconds, from its start. */
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
  /** The primitive, if it waits at one. */
  readonly resource: Resource | undefined
  /** What it wants to do there, if there are several things to wait for: `get`, `put`, `join`. */
  readonly verb: string | undefined
  /** If it only sleeps: for how many nanoseconds. */
  readonly sleeps: number | undefined
}

/** What a listener may be told. The running fiber did it, or else the owner of the current step. */
export interface Observer {
  /** Adds what it needs to see more of a task to the services that the task's fiber begins with. */
  services?(context: Context.Context<never>): Context.Context<never>
  /** A task exists. */
  created?(task: AnyTask): void
  /** Its fiber begins. */
  started?(task: AnyTask): void
  ended?(task: AnyTask): void
  /** It was requested to cancel. */
  cancelled?(task: AnyTask): void
  /** A fiber suspends in an operation of this library. */
  parked?(waiter: Waiting): void
  /** Its turn or its time has come: its step is in the ready queue. */
  woken?(waiter: Waiting): void
  /** A request to cancel took it out of its line. */
  withdrawn?(waiter: Waiting): void
  /** Effect itself interrupts its fiber. */
  left?(waiter: Waiting): void
  /** A block begins. */
  opened?(block: Block): void
  closed?(block: Block, outcome: Outcome): void
  /** The fiber now has a lock, or a permit of a semaphore. */
  taken?(resource: Resource, fiber: AnyFiber): void
  /** It is given back. */
  released?(resource: Resource): void
  /** A loop reports a failure, for example one that nobody saw. */
  reported?(context: ExceptionContext): void
  /** A tick begins on that queue: what the host did since the last one is not known. */
  ticked?(queue: Scheduler.SchedulerDispatcher): void
  /**
   * A step runs, from that queue or of a fiber that schedules on it. Steps nest: one may resume other fibers at once.
   */
  stepBegan?(step: Step, queue: Scheduler.SchedulerDispatcher): void
  stepEnded?(step: Step, queue: Scheduler.SchedulerDispatcher): void
}

/** Logs what a listener threw, once, and removes it. */
const dismiss = (listener: Observer, thrown: unknown): void => {
  stop(listener)
  Effect.runFork(Effect.logError("An observer failed, and was removed", Cause.die(thrown)))
}

/** Runs a listener's callback: nothing that it throws gets past this. */
export const guard = (listener: Observer, act: () => void): void => {
  try {
    act()
  } catch (thrown) {
    dismiss(listener, thrown)
  }
}

/**
 * All listeners as one that never throws. Each event has its own loop: a closure for what is to be told was half of a
 * recorder's cost.
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

  /** A fiber that is known to run as part of that step. */
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

// INVARIANT: the steps under way that began while somebody listened, the innermost last; and their queues.
const steps: Array<Step> = []
const queues: Array<Scheduler.SchedulerDispatcher> = []

const all = new Listeners()

// INVARIANT: the listeners; and all of them as one, if there are any.
let listeners: ReadonlyArray<Observer> = []
export let observer: Listeners | undefined = undefined

const become = (observers: ReadonlyArray<Observer>): void => {
  listeners = observers
  observer = observers.length === 0 ? undefined : all
  // Nobody would be told that they end.
  if (observers.length === 0) steps.length = queues.length = 0
}

const stop = (listener: Observer): void => become(listeners.filter((other) => other !== listener))

/** Tells a listener everything that happens from now on, until the returned function is called. */
export const observe = (listener: Observer): () => void => {
  become([...listeners, listener])
  return () => stop(listener)
}
