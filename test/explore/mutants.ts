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
    wrong: "who gives up while another is woken stays the next to be woken",
    vary: cancels,
    found: ["cancel"],
    file: part("Holdable"),
    from: "if (node === this.next) this.next = node.after",
    to: "if (node === this.next && this.woken === 0) this.next = node.after"
  },
  {
    subject: "Semaphore(0), three released",
    wrong: "who takes its permit does not tell the next that there is another",
    vary: world,
    found: ["latency"],
    file: part("Holdable"),
    from: "    holdable.wakeMore()\n",
    to: ""
  },
  {
    subject: "Semaphore(0), three released",
    wrong: "a newcomer takes what is promised to nobody, and overtakes those who were woken",
    vary: world,
    found: ["latency"],
    file: part("Holdable"),
    from: "this.free === 0 || this.line.head !== undefined",
    to: "this.available === 0 || this.line.length > this.line.woken"
  },
  // ---------------------------------------------------------------------------------------------------------- Queue
  {
    subject: "Queue, three get",
    wrong: "a getter that was woken and gives up tells the next only where no other is woken",
    vary: cancels,
    found: ["timeout", "cancel"],
    file: part("Customer"),
    from: "if (this.number === undefined && this.available > 0) this",
    to: "if (this.number === undefined && this.available > 0 && this.line.woken === 0) this"
  },
  {
    subject: "Queue, three get",
    wrong: "a getter that was woken and gives up tells the next only of a last item",
    vary: cancels,
    found: ["timeout", "cancel"],
    file: part("Customer"),
    from: "if (this.number === undefined && this.available > 0) this",
    to: "if (this.number === undefined && this.available === 1) this"
  },
  {
    subject: "Queue(1), two get",
    wrong: "a getter that was woken a second time and gives up tells nobody",
    vary: world,
    found: ["timeout"],
    file: part("Customer"),
    from: "if (this.number === undefined && this.available > 0) this",
    to: "if (this.number === undefined && this.available > 0 && !this.isBack) this"
  },
  {
    subject: "Queue(1), two put",
    wrong: "a shutdown tells those who wait for room only where nobody waits for items",
    vary: order,
    found: ["choice", "delay", "delay"],
    file: part("QueueImpl"),
    from: "    this.getters.wakeAll()\n    this.putters.wakeAll()\n",
    to: "    if (this.getters.length > 0) this.getters.wakeAll()\n    else this.putters.wakeAll()\n"
  },
  {
    subject: "Queue(1), two put",
    wrong: "a shutdown does not count those who were woken for room apart from those who wait",
    vary: order,
    found: ["choice", "delay"],
    file: part("QueueImpl"),
    from: "    this.putters.wakeAll()\n",
    to: "    for (let n = this.putters.length - this.putters.woken; n > 0; n--) this.putters.wakeFirst()\n"
  },
  {
    subject: "Queue(1), two put",
    wrong: "a putter that was woken before the shutdown puts after it",
    vary: world,
    found: ["choice"],
    file: part("Customer"),
    from: "if (this.source.isShutDown) return this.source.failShutDown(\"put\")",
    to: "if (this.source.isShutDown && this.source.room <= 0) return this.source.failShutDown(\"put\")"
  },
  {
    subject: "PriorityQueue(2), two put",
    wrong: "an item that is taken makes room for a putter only where the queue was full",
    vary: order,
    found: ["delay"],
    file: part("QueueImpl"),
    from: "    this.putters.wakeFirst()\n    return item\n",
    to: "    if (this.room === 1) this.putters.wakeFirst()\n    return item\n"
  },
  {
    subject: "fair Queue(1), two get",
    wrong: "the last in line that gives up still has its turn",
    vary: cancels,
    found: ["cancel"],
    file: part("Customer"),
    from: "    if (this.number !== undefined) this.line.inTurn--\n",
    to: "    if (this.number !== undefined && this.line.length > 0) this.line.inTurn--\n"
  },
  // ------------------------------------------------------------------------------------------------------ Condition
  {
    subject: "Condition, two at once",
    wrong: "who is cancelled passes its notification on only where nobody waits for the lock",
    vary: cancels,
    found: ["cancel"],
    file: "src/Condition.ts",
    from: "Effect.sync(() => this.notify(1))",
    to: "Effect.sync(() => Lock.statistics(this.lock).waiting > 0 ? undefined : this.notify(1))"
  },
  {
    subject: "Condition, two at once",
    wrong: "who is cancelled before it wants the lock back passes its notification on only where nobody waits for that",
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
      "who is cancelled while it waits for the lock passes its notification on only where nobody else waits for that",
    vary: cancels,
    found: ["cancel"],
    file: "src/Condition.ts",
    from: "return Effect.onInterrupt(deliver, () => this.passOn)",
    to: "return Effect.onInterrupt(deliver, () => Lock.statistics(this.lock).waiting > 0 ? Effect.void : this.passOn)"
  },
  // -------------------------------------------------------------------------------------------------------- Barrier
  {
    subject: "Barrier",
    wrong: "when a round is over, one of those who wait for the next is told",
    vary: order,
    found: ["delay"],
    file: "src/Barrier.ts",
    from: "this.state = \"filling\"\n    return Condition.notifyAll(this.condition)",
    to: "this.state = \"filling\"\n    return Condition.notify(this.condition)"
  },
  {
    subject: "Barrier",
    wrong: "the next round begins when most have left the last one",
    vary: order,
    found: ["delay"],
    file: "src/Barrier.ts",
    from: "() => this.state !== \"draining\" && this.state !== \"resetting\"",
    to: "() => this.state !== \"draining\" || this.count < this.parties - 1"
  },
  // ---------------------------------------------------------------------------------------------------- gather, wait
  {
    subject: "gather, one at a time",
    wrong: "a child that is cancelled keeps its place",
    vary: cancels,
    found: ["cancel"],
    file: part("Gathering"),
    from: "this.limiter.free()",
    to: "if (!isCancelled(task.exit!)) this.limiter.free()"
  },
  {
    subject: "gather, one at a time",
    wrong: "where a child has ended without a value, the next does not start",
    vary: cancels,
    found: ["cancel"],
    file: part("Gathering"),
    from: "if (this.state === \"open\") this.startMore()",
    to: "if (this.state === \"open\" && task.exit!._tag === \"Success\") this.startMore()"
  },
  {
    subject: "wait",
    wrong: "what was handed out when the time was over ends the next round as well",
    vary: world,
    found: ["latency", "latency"],
    file: part("Cohort"),
    from: "if (listener === undefined || this.knownTo === listener || !this.isLeft) return",
    to: "if (listener === undefined || this.knownTo === listener) return"
  },
  // -------------------------------------------------------------------------------------------------------- timeout
  {
    subject: "timeout",
    wrong: "the deadline of a block that was cancelled passes after its end",
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
    subject: "those of one line keep their order: nobody overtakes",
    wrong: "those who wait behind one of their line that is put off do not wait",
    vary: order,
    found: ["delay"],
    file: "src/testing/explore/ExploredQueue.ts",
    from: "    if (line !== undefined && this.isBehind(entry, line)) return true\n",
    to: ""
  },
  {
    subject: "plain callbacks keep theirs",
    wrong: "plain callbacks are put off",
    vary: order,
    found: ["delay", "delay", "delay"],
    file: "src/testing/explore/Lanes.ts",
    from: "    return undefined\n  }\n\n  ofFiber",
    to: "    return entry.what === \"callback\" ? this.main : undefined\n  }\n\n  ofFiber"
  },
  {
    subject: "what the library does between steps comes in its tick",
    wrong: "the loop's own entries are put off",
    vary: order,
    found: ["delay", "delay"],
    file: "src/testing/explore/Lanes.ts",
    from: "    return undefined\n  }\n\n  ofFiber",
    to: "    return entry.what === \"internal\" ? this.main : undefined\n  }\n\n  ofFiber"
  },
  {
    subject: "timers come in order of their deadlines",
    wrong: "of the timers that a pause makes due at once the last fires first",
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
    subject: "a second is longer than any pause: all is quiet then",
    wrong: "a pause has no bound",
    vary: world,
    found: ["pause"],
    file: "src/testing/explore/ExploredRun.ts",
    from: "const until = clock.nanos + settings.pause",
    to: "const until = Infinity"
  }
]
