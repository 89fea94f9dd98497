/**
 * Whoever watches what programs do: debug mode, which finds slow steps; a recorder.
 *
 * One field for all loops, so that a recorder needs none in its hands, and that costs a load and a compare at each place
 * while nobody listens. It is asked where a thing happens, once: nothing else in the core watches. A listener changes no
 * order and no tick, and what it throws never reaches the program: as with trio's Instruments, one that throws is dropped
 * with a log. Open: a put into a queue and a get from it are no events; whoever waits for them is.
 */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Scheduler from "effect/Scheduler"
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
  /** A step runs, from that queue or of a fiber that schedules on it. Steps nest: one may resume other fibers at once. */
  stepBegan?(step: Step, queue: Scheduler.SchedulerDispatcher): void
  stepEnded?(step: Step, queue: Scheduler.SchedulerDispatcher): void
}

/** All who listen, as one whom nothing that they throw gets past. */
class Listeners implements Required<Observer> {
  private tell(how: (observer: Observer) => void): void {
    for (const one of listeners) {
      try {
        how(one)
      } catch (thrown) {
        stop(one)
        Effect.runFork(Effect.logError("An observer failed, and is told nothing more", Cause.die(thrown)))
      }
    }
  }

  services(context: Context.Context<never>): Context.Context<never> {
    let services = context
    this.tell((one) => {
      services = one.services?.(services) ?? services
    })
    return services
  }
  created(task: AnyTask): void {
    this.tell((one) => one.created?.(task))
  }
  started(task: AnyTask): void {
    this.tell((one) => one.started?.(task))
  }
  ended(task: AnyTask): void {
    this.tell((one) => one.ended?.(task))
  }
  cancelled(task: AnyTask): void {
    this.tell((one) => one.cancelled?.(task))
  }
  parked(waiter: Waiting): void {
    this.tell((one) => one.parked?.(waiter))
  }
  woken(waiter: Waiting): void {
    this.tell((one) => one.woken?.(waiter))
  }
  withdrawn(waiter: Waiting): void {
    this.tell((one) => one.withdrawn?.(waiter))
  }
  left(waiter: Waiting): void {
    this.tell((one) => one.left?.(waiter))
  }
  opened(block: Block): void {
    this.tell((one) => one.opened?.(block))
  }
  closed(block: Block, outcome: Outcome): void {
    this.tell((one) => one.closed?.(block, outcome))
  }
  taken(resource: Resource, fiber: AnyFiber): void {
    this.tell((one) => one.taken?.(resource, fiber))
  }
  released(resource: Resource): void {
    this.tell((one) => one.released?.(resource))
  }
  stepBegan(step: Step, queue: Scheduler.SchedulerDispatcher): void {
    this.tell((one) => one.stepBegan?.(step, queue))
  }
  stepEnded(step: Step, queue: Scheduler.SchedulerDispatcher): void {
    this.tell((one) => one.stepEnded?.(step, queue))
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
    return underWay.at(-1)?.step
  }

  begin(step: Step, queue: Scheduler.SchedulerDispatcher): void {
    underWay.push({ step, queue })
    this.stepBegan(step, queue)
  }

  end(): void {
    const ended = underWay.pop()
    if (ended !== undefined) this.stepEnded(ended.step, ended.queue)
  }
}

// INVARIANT: the steps under way, the innermost last: those that began while somebody listened.
const underWay: Array<{ readonly step: Step; readonly queue: Scheduler.SchedulerDispatcher }> = []

const all = new Listeners()

// INVARIANT: those who listen; and all of them as one, if there are any.
let listeners: ReadonlyArray<Observer> = []
export let observer: Listeners | undefined = undefined

const become = (observers: ReadonlyArray<Observer>): void => {
  listeners = observers
  observer = observers.length === 0 ? undefined : all
  // Nobody would be told of their end.
  if (observers.length === 0) underWay.length = 0
}

const stop = (listener: Observer): void => become(listeners.filter((other) => other !== listener))

/** Tells a listener of all that happens from now on, until what this gives is called. */
export const observe = (listener: Observer): () => void => {
  become([...listeners, listener])
  return () => stop(listener)
}
