/**
 * Planted bugs: one place of the source changed, each a mistake that somebody could make, and most have. All pass the
 * program of their primitive in the written order, and the ordinary tests (`ordinary.config.ts` says which those are);
 * `Explore.check` has to find them. How one is planted is told in planted.ts.
 */
import type { Explore } from "effect-asyncio/testing"
import type { Change } from "./planted.ts"

export interface Mutant extends Change {
  /** Whose program it is looked for with. */
  readonly subject: string
  /** What is wrong. */
  readonly wrong: string
  readonly vary: Explore.Vary
  /** What finds it, when that is shrunk. */
  readonly found: ReadonlyArray<Explore.Deviation["kind"]>
}

const world: Explore.Vary = {}
const order: Explore.Vary = { order: true }
const cancels: Explore.Vary = { cancel: true }

const part = (name: string): string => `src/internal/parts/${name}.ts`

export const mutants: ReadonlyArray<Mutant> = [
  // ------------------------------------------------------------------------------------------------ Lock, Semaphore
  {
    subject: "Lock",
    wrong: "a waiter that gives up while another is woken stays the next to be woken",
    vary: cancels,
    found: ["cancel"],
    file: part("Holdable"),
    from: "if (node === this.next) this.next = node.after",
    to: "if (node === this.next && this.woken === 0) this.next = node.after"
  },
  {
    subject: "Semaphore(0), three released",
    wrong: "a waiter that takes its permit does not tell the next that there is another",
    vary: world,
    found: ["latency"],
    file: part("Holdable"),
    from: "    holdable.wakeMore()\n",
    to: ""
  },
  {
    subject: "Semaphore(0), three released",
    wrong: "a newcomer takes a permit that is promised to nobody, overtaking waiters that were woken",
    vary: world,
    found: ["latency"],
    file: part("Holdable"),
    from: "this.free === 0 || this.line.head !== undefined",
    to: "this.available === 0 || this.line.length > this.line.woken"
  },
  // ---------------------------------------------------------------------------------------------------------- Queue
  {
    subject: "Queue, three get",
    wrong: "a woken getter that gives up tells the next one only if no other is woken",
    vary: cancels,
    found: ["timeout", "cancel"],
    file: part("Customer"),
    from: "if (this.number === undefined && this.available > 0) this",
    to: "if (this.number === undefined && this.available > 0 && this.line.woken === 0) this"
  },
  {
    subject: "Queue, three get",
    wrong: "a woken getter that gives up tells the next one only if exactly one item is left",
    vary: cancels,
    found: ["timeout", "cancel"],
    file: part("Customer"),
    from: "if (this.number === undefined && this.available > 0) this",
    to: "if (this.number === undefined && this.available === 1) this"
  },
  {
    subject: "Queue(1), two get",
    wrong: "a getter that was woken twice and gives up tells nobody",
    vary: world,
    found: ["timeout"],
    file: part("Customer"),
    from: "if (this.number === undefined && this.available > 0) this",
    to: "if (this.number === undefined && this.available > 0 && !this.isBack) this"
  },
  {
    subject: "Queue(1), two put",
    wrong: "a shutdown wakes the putters only if no getter waits",
    vary: order,
    found: ["choice", "delay", "delay"],
    file: part("QueueImpl"),
    from: "    this.getters.wakeAll()\n    this.putters.wakeAll()\n",
    to: "    if (this.getters.length > 0) this.getters.wakeAll()\n    else this.putters.wakeAll()\n"
  },
  {
    subject: "Queue(1), two put",
    wrong: "a shutdown subtracts the putters that were woken already, and wakes too few",
    vary: order,
    found: ["choice", "delay"],
    file: part("QueueImpl"),
    from: "    this.putters.wakeAll()\n",
    to: "    for (let n = this.putters.length - this.putters.woken; n > 0; n--) this.putters.wakeFirst()\n"
  },
  {
    subject: "Queue(1), two put",
    wrong: "a putter that was woken before the shutdown still puts its item",
    vary: world,
    found: ["choice"],
    file: part("Customer"),
    from: "if (this.source.isShutDown) return this.source.failShutDown(\"put\")",
    to: "if (this.source.isShutDown && this.source.room <= 0) return this.source.failShutDown(\"put\")"
  },
  {
    subject: "PriorityQueue(2), two put",
    wrong: "taking an item wakes a putter only if the queue was full",
    vary: order,
    found: ["delay"],
    file: part("QueueImpl"),
    from: "    this.putters.wakeFirst()\n    return item\n",
    to: "    if (this.room === 1) this.putters.wakeFirst()\n    return item\n"
  },
  {
    subject: "fair Queue(1), two get",
    wrong: "the last in line keeps its turn after it has given up",
    vary: cancels,
    found: ["cancel"],
    file: part("Customer"),
    from: "    if (this.number !== undefined) this.line.inTurn--\n",
    to: "    if (this.number !== undefined && this.line.length > 0) this.line.inTurn--\n"
  },
  // ------------------------------------------------------------------------------------------------------ Condition
  {
    subject: "Condition, two at once",
    wrong: "a cancelled waiter passes its notification on only if nobody waits for the lock",
    vary: cancels,
    found: ["cancel"],
    file: "src/Condition.ts",
    from: "Effect.sync(() => this.notify(1))",
    to: "Effect.sync(() => Lock.statistics(this.lock).waiting > 0 ? undefined : this.notify(1))"
  },
  {
    subject: "Condition, two at once",
    wrong:
      "a waiter cancelled before it asks for the lock passes its notification on only if nobody waits for the lock",
    vary: cancels,
    found: ["cancel"],
    file: "src/Condition.ts",
    from: "() => exit._tag === \"Failure\" ? Effect.andThen(this.passOn, exit) :",
    to:
      "() => exit._tag === \"Failure\" ? Lock.statistics(this.lock).waiting > 0 ? exit : Effect.andThen(this.passOn, exit) :"
  },
  {
    subject: "Condition, two at once",
    wrong:
      "a waiter cancelled while it waits for the lock passes its notification on only if nobody else waits for the lock",
    vary: cancels,
    found: ["cancel"],
    file: "src/Condition.ts",
    from: "return Effect.onInterrupt(deliver, () => this.passOn)",
    to: "return Effect.onInterrupt(deliver, () => Lock.statistics(this.lock).waiting > 0 ? Effect.void : this.passOn)"
  },
  // -------------------------------------------------------------------------------------------------------- Barrier
  {
    subject: "Barrier",
    wrong: "at the end of a round, only one of those waiting for the next is told",
    vary: order,
    found: ["delay"],
    file: "src/Barrier.ts",
    from: "this.state = \"filling\"\n    return Condition.notifyAll(this.condition)",
    to: "this.state = \"filling\"\n    return Condition.notify(this.condition)"
  },
  {
    subject: "Barrier",
    wrong: "the next round begins before everybody has left the last one",
    vary: order,
    found: ["delay"],
    file: "src/Barrier.ts",
    from: "() => this.state !== \"draining\" && this.state !== \"resetting\"",
    to: "() => this.state !== \"draining\" || this.count < this.parties - 1"
  },
  // ---------------------------------------------------------------------------------------------------- gather, wait
  {
    subject: "gather, one at a time",
    wrong: "a cancelled child keeps its place",
    vary: cancels,
    found: ["cancel"],
    file: part("Gathering"),
    from: "this.limiter.free()",
    to: "if (!isCancelled(task.exit!)) this.limiter.free()"
  },
  {
    subject: "gather, one at a time",
    wrong: "after a child that ended without a value, the next does not start",
    vary: cancels,
    found: ["cancel"],
    file: part("Gathering"),
    from: "if (this.state === \"open\") this.startMore()",
    to: "if (this.state === \"open\" && task.exit!._tag === \"Success\") this.startMore()"
  },
  {
    subject: "wait",
    wrong: "a task handed out at the timeout ends the next round as well",
    vary: world,
    found: ["latency", "latency"],
    file: part("Cohort"),
    from: "if (listener === undefined || this.knownTo === listener || !this.isLeft) return",
    to: "if (listener === undefined || this.knownTo === listener) return"
  },
  // -------------------------------------------------------------------------------------------------------- timeout
  {
    subject: "timeout",
    wrong: "the deadline of a cancelled block still passes after its end",
    vary: world,
    found: ["timeout"],
    file: part("TimeoutImpl"),
    from: "Cause.TimeoutError | undefined {\n    this.disarm()",
    to: "Cause.TimeoutError | undefined {\n    if (!isCancelled(exit)) this.disarm()"
  }
]

/** Explore with one of its constraints taken away: it reports a right program, of `promises.ts` or `primitives.ts`. */
export const unbound: ReadonlyArray<Mutant> = [
  {
    subject: "waiters in one line keep their order: nobody overtakes",
    wrong: "waiters behind a delayed one in their line go ahead of it",
    vary: order,
    found: ["delay"],
    file: "src/testing/explore/ExploredQueue.ts",
    from: "    if (line !== undefined && this.isBehind(entry, line)) return true\n",
    to: ""
  },
  {
    subject: "plain callbacks keep their order",
    wrong: "plain callbacks are delayed",
    vary: order,
    found: ["delay", "delay", "delay"],
    file: "src/testing/explore/Lanes.ts",
    from: "    return undefined\n  }\n\n  ofFiber",
    to: "    return entry.what === \"callback\" ? this.main : undefined\n  }\n\n  ofFiber"
  },
  {
    subject: "the library's own work between steps comes in its tick",
    wrong: "the loop's own entries are delayed",
    vary: order,
    found: ["delay", "delay"],
    file: "src/testing/explore/Lanes.ts",
    from: "    return undefined\n  }\n\n  ofFiber",
    to: "    return entry.what === \"internal\" ? this.main : undefined\n  }\n\n  ofFiber"
  },
  {
    subject: "timers fire in order of their deadlines",
    wrong: "timers that one pause makes due fire last first",
    vary: world,
    found: ["pause"],
    file: "src/internal/kernel/Timers.ts",
    from: "this.due.splice(0)",
    to: "this.due.splice(0).reverse()"
  },
  {
    subject: "a step is atomic",
    wrong: "tasks yield within a step",
    vary: world,
    found: ["yield"],
    file: "src/testing/explore/ExploredRun.ts",
    from: "const { maxTicks, operations, outside } = this.settings",
    to: "const { maxTicks, outside } = this.settings, operations = true"
  },
  {
    subject: "a second is longer than any pause: by then all is quiet",
    wrong: "a pause has no bound",
    vary: world,
    found: ["pause"],
    file: "src/testing/explore/ExploredRun.ts",
    from: "const until = clock.nanos + settings.pause",
    to: "const until = Infinity"
  }
]
