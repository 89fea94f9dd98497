/**
 * Planted bugs: the library with one method changed, each a mistake that somebody has made. All pass the program of their
 * primitive in the written order; `Explore.check` has to find them.
 *
 * A mutant is a method in place of one on the class inside, for as long as the effect that it is around; no copy of the
 * library. Every method calls what is private, as only the class itself would: that is what the loose types are for.
 */
import { Effect, Fiber } from "effect"
import * as asyncio from "effect-asyncio"
import { Explore } from "effect-asyncio/testing"
import { WaitQueue } from "../../src/internal/kernel/WaitQueue.ts"
import { Cohort } from "../../src/internal/parts/Cohort.ts"
import { Getter, Putter } from "../../src/internal/parts/Customer.ts"
import { Gathering } from "../../src/internal/parts/Gathering.ts"
import { Holdable } from "../../src/internal/parts/Holdable.ts"
import { QueueImpl } from "../../src/internal/parts/QueueImpl.ts"
import { TaskGroupImpl } from "../../src/internal/parts/TaskGroupImpl.ts"
import { timeoutError, TimeoutImpl } from "../../src/internal/parts/TimeoutImpl.ts"
import { StandIn } from "../../src/internal/task/StandIn.ts"
import { cancelledExit, isCancelled } from "../../src/internal/waiting/cancelled.ts"
import { QueuedWaiter } from "../../src/internal/waiting/QueuedWaiter.ts"
import { cancel } from "../../src/internal/waiting/Walk.ts"
import { primitives } from "./primitives.ts"

type Method = (this: any, ...args: Array<any>) => unknown

export interface Mutant {
  /** Whose program it is run with. */
  readonly subject: string
  /** What is wrong. */
  readonly wrong: string
  readonly vary: Explore.Vary
  /** What finds it, when that is shrunk. */
  readonly found: ReadonlyArray<Explore.Deviation["kind"]>
  readonly target: object
  readonly method: string
  /** What stands there instead. */
  readonly change: (original: Method) => Method
}

/** How a mutant is looked for. */
export const search = ({ vary }: Mutant): Explore.Options => ({ vary, runs: 500, seed: 1, timeLimit: Infinity })

/** What a mutant is, and what found it. */
export const hunt = (mutant: Mutant) =>
  Effect.flip(mutated(mutant, Explore.check(primitives[mutant.subject]!, search(mutant))))

/** Runs an effect with the mutant in the library's place. */
const mutated = <A, E, R>({ change, method, target }: Mutant, effect: Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      let owner = target
      while (!Object.hasOwn(owner, method)) owner = Object.getPrototypeOf(owner)
      const original = Object.getOwnPropertyDescriptor(owner, method)!
      Object.defineProperty(owner, method, { ...original, value: change(original.value) })
      return () => Object.defineProperty(owner, method, original)
    }),
    () => effect,
    (restore) => Effect.sync(restore)
  )

/** The class of what only its module knows. */
const classOf = (instance: object): object => Object.getPrototypeOf(instance)

const oneLock = Effect.runSync(asyncio.Lock.make)
if (!(oneLock instanceof Holdable)) throw new Error("a Lock is no Holdable")
const lock = classOf(oneLock)
const line = classOf(oneLock.line)
const semaphore = classOf(Effect.runSync(asyncio.Semaphore.make(1)))
const condition = classOf(Effect.runSync(asyncio.Condition.make()))
const barrier = classOf(Effect.runSync(asyncio.Barrier.make(1)))
const customer = classOf(Getter.prototype)

const world: Explore.Vary = {}
const order: Explore.Vary = { order: true }
const cancels: Explore.Vary = { cancel: true }

const instead = (method: Method): Mutant["change"] => () => method

/** It does nothing where this holds. */
const except = (isLeftOut: Method): Mutant["change"] => (original) =>
  function(...args) {
    return isLeftOut.apply(this, args) === true ? undefined : original.apply(this, args)
  }

/** Does something else as well, before. */
const after = (first: Method): Mutant["change"] => (original) =>
  function(...args) {
    first.apply(this, args)
    return original.apply(this, args)
  }

/** Does something else as well, with what it gave. */
const andThen = (next: Method): Mutant["change"] => (original) =>
  function(...args) {
    return next.call(this, original.apply(this, args), ...args)
  }

/** Its cleanup runs. */
const isInterrupted = (): boolean =>
  (Fiber.getCurrent() as { readonly _interruptedCause?: unknown } | undefined)?._interruptedCause !== undefined

export const mutants: ReadonlyArray<Mutant> = [
  // ------------------------------------------------------------------------------------------------ Lock, Semaphore
  {
    subject: "Lock",
    wrong: "who was woken and gives up tells nobody",
    vary: world,
    found: ["timeout"],
    target: lock,
    method: "wakeMore",
    change: except(() => true)
  },
  {
    subject: "Lock",
    wrong: "who gives up before it is woken stays in line",
    vary: cancels,
    found: ["cancel"],
    target: QueuedWaiter.prototype,
    method: "leave",
    change: except(function() {
      return this.label === "a Lock"
    })
  },
  {
    subject: "Lock",
    wrong: "a body that is cancelled does not give it back",
    vary: world,
    found: ["timeout"],
    target: lock,
    method: "withHeld",
    change: instead(function(body) {
      return Effect.flatMap(this.acquire, () => Effect.tap(body, () => this.giveBack))
    })
  },
  {
    subject: "Semaphore(2)",
    wrong: "a newcomer takes what is free and overtakes one that was woken",
    vary: order,
    found: ["delay"],
    target: semaphore,
    method: "takeIfFree",
    change: instead(function(fiber) {
      if (this.available <= 0) return false
      this.take(fiber)
      return true
    })
  },
  {
    subject: "Semaphore(1)",
    wrong: "a body that is cancelled gives it back twice",
    vary: world,
    found: ["timeout"],
    target: semaphore,
    method: "withHeld",
    change: andThen(function(held) {
      return Effect.onInterrupt(held as Effect.Effect<unknown>, () => this.giveBack)
    })
  },
  {
    subject: "Semaphore(1)",
    wrong: "who was woken and gives up keeps its permit promised",
    vary: world,
    found: ["timeout"],
    target: line,
    method: "leave",
    change: after(function(node) {
      if (node.state === "over") this.woken++
    })
  },
  {
    subject: "BoundedSemaphore(1)",
    wrong: "the next to be woken may be one that has given up",
    vary: cancels,
    found: ["cancel"],
    target: line,
    method: "remove",
    change: instead(WaitQueue.prototype.remove)
  },
  // ---------------------------------------------------------------------------------------------------------- Queue
  {
    subject: "Queue(1), two get",
    wrong: "a getter that was woken and gives up tells nobody",
    vary: world,
    found: ["timeout"],
    target: customer,
    method: "passOn",
    change: instead(function() {
      this.serveOthers()
    })
  },
  {
    subject: "Queue, two get",
    wrong: "a getter that was woken does not look again whether there is an item",
    vary: order,
    found: ["delay"],
    target: customer,
    method: "proceed",
    change: instead(function() {
      const effect = this.serve()
      this.serveOthers()
      return effect
    })
  },
  {
    subject: "Queue(1), two put",
    wrong: "a putter that was woken does not look again whether there is room",
    vary: order,
    found: ["delay"],
    target: Putter.prototype,
    method: "waitAgain",
    change: instead(function() {
      return this.serve()
    })
  },
  {
    subject: "fair Queue, two get",
    wrong: "newcomers overtake",
    vary: order,
    found: ["delay"],
    target: QueueImpl.prototype,
    method: "isBehind",
    change: instead(() => false)
  },
  {
    subject: "fair Queue(1), two get",
    wrong: "who was woken and gives up counts as woken",
    vary: world,
    found: ["timeout"],
    target: customer,
    method: "serveOthers",
    change: after(function() {
      if (this.state === "over") this.line.woken++
    })
  },
  {
    subject: "Queue(1), two get",
    wrong: "a shutdown forgets those who wait for room",
    vary: cancels,
    found: ["cancel", "timeout"],
    target: QueueImpl.prototype,
    method: "shutdown",
    change: instead(function() {
      this.isShutDown = true
      this.getters.wakeAll()
    })
  },
  // ------------------------------------------------------------------------------------------------------ Condition
  {
    subject: "Condition",
    wrong: "who was notified and is cancelled does not pass it on",
    vary: cancels,
    found: ["cancel"],
    target: condition,
    method: "notify",
    change: except(isInterrupted)
  },
  {
    subject: "Condition",
    wrong: "who gives up stays in line, and is notified",
    vary: cancels,
    found: ["cancel"],
    target: QueuedWaiter.prototype,
    method: "leave",
    change: except(function() {
      return this.label === "a Condition"
    })
  },
  // -------------------------------------------------------------------------------------------------------- Barrier
  {
    subject: "Barrier",
    wrong: "who gives up is counted on",
    vary: cancels,
    found: ["cancel"],
    target: barrier,
    method: "join",
    change: andThen(function(join) {
      return Effect.onInterrupt(join as Effect.Effect<unknown>, () => Effect.sync(() => void this.count++))
    })
  },
  {
    subject: "Barrier",
    wrong: "the next round begins while one of the last is still inside",
    vary: order,
    found: ["delay"],
    target: barrier,
    method: "join",
    change: instead(function(index) {
      if (index === 0) this.isFull = false
      if (index + 1 < this.parties) {
        return Effect.as(asyncio.Condition.waitFor(this.condition, () => this.isFull || this.state === "broken"), index)
      }
      this.isFull = true
      return Effect.as(asyncio.Condition.notifyAll(this.condition), index)
    })
  },
  {
    subject: "Barrier",
    wrong: "an abort tells nobody who waits",
    vary: cancels,
    found: ["cancel"],
    target: barrier,
    method: "change",
    change: instead(function(state) {
      return Effect.sync(() => void (this.state = state()))
    })
  },
  // ------------------------------------------------------------------------------------------------- gather, shield
  {
    subject: "gather",
    wrong: "cancelled, it leaves its children running",
    vary: world,
    found: ["choice"],
    target: Gathering.prototype,
    method: "requestCancel",
    change: instead(function() {
      this.cancelRequested = true
      this.end(cancelledExit(undefined))
    })
  },
  {
    subject: "gather",
    wrong: "cancelled, it cancels its first child alone",
    vary: world,
    found: ["choice", "pause"],
    target: Gathering.prototype,
    method: "members",
    change: andThen((members) => (members as ReadonlyArray<unknown>).slice(0, 1))
  },
  {
    subject: "gather",
    wrong: "a failure cancels the siblings",
    vary: world,
    found: ["fault"],
    target: Gathering.prototype,
    method: "leave",
    change: after(function() {
      for (const child of this.members()) cancel(child, undefined)
    })
  },
  {
    subject: "gather, cancelOnError",
    wrong: "a failure does not wait for the siblings it cancels",
    vary: world,
    found: ["fault"],
    target: Gathering.prototype,
    method: "cancelSiblings",
    change: andThen(function() {
      this.end(this.failed.exit)
    })
  },
  {
    subject: "gather, returnExceptions",
    wrong: "a child that is cancelled cancels it, where its outcome was to be a value",
    vary: cancels,
    found: ["cancel"],
    target: Gathering.prototype,
    method: "decides",
    change: andThen((decides, child) => decides === true || isCancelled(child.exit))
  },
  {
    subject: "shield",
    wrong: "it hands the cancellation on",
    vary: cancels,
    found: ["cancel"],
    target: StandIn.prototype,
    method: "requestCancel",
    change: after(function() {
      cancel(this.original, undefined)
    })
  },
  // --------------------------------------------------------------------------------------- timeout, TaskGroup, wait
  {
    subject: "timeout",
    wrong: "the request of its deadline stays counted",
    vary: world,
    found: ["latency"],
    target: TimeoutImpl.prototype,
    method: "end",
    change: andThen(function(outcome) {
      if (this.state === "expired") this.owner.requests++
      return outcome
    })
  },
  {
    subject: "timeout",
    wrong: "it takes any cancellation for its own",
    vary: cancels,
    found: ["cancel"],
    target: TimeoutImpl.prototype,
    method: "end",
    change: (original) =>
      function(exit) {
        return original.call(this, exit) ?? (isCancelled(exit) ? Effect.fail(timeoutError("timeout", 0)) : undefined)
      }
  },
  {
    subject: "timeout",
    wrong: "its deadline passes once more after its end",
    vary: world,
    found: ["latency"],
    target: TimeoutImpl.prototype,
    method: "disarm",
    change: except(() => true)
  },
  {
    subject: "TaskGroup",
    wrong: "a failure does not wait for the tasks it cancels",
    vary: world,
    found: ["latency", "fault"],
    target: TaskGroupImpl.prototype,
    method: "tasksEnded",
    change: (original) =>
      function() {
        return this.aborting ? Effect.undefined : original.call(this)
      }
  },
  {
    subject: "wait",
    wrong: "of two that end in one moment one is forgotten",
    vary: world,
    found: ["pause"],
    target: Cohort.prototype,
    method: "take",
    change: after(function() {
      this.finished.length = Math.min(1, this.finished.length)
    })
  }
]
