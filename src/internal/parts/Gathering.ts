/**
 * The future under `gather`: asyncio's `_GatheringFuture`.
 *
 * Every child completes it through one callback, so that cancelling, ticks and who awaits whom follow from how futures
 * behave. It goes through its states in this order, and may skip some:
 *
 *     open        children start as places come free
 *     stopping    no more start, because one has failed or somebody asked to cancel; it waits for those that run
 *     over        it has its outcome; children may run on, but no longer matter to it
 *
 * O(1) for each child and for its end, O(n) for a cancel. It has more than 150 lines of code, since starting, ending
 * and cancelling share the same few fields.
 */
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { gather } from "../../gather.ts"
import type { CallSite } from "../host/callSite.ts"
import type { LoopImpl } from "../loop/loop.ts"
import * as awaitables from "../task/awaitables.ts"
import { FutureCallback, FutureImpl } from "../task/future.ts"
import { isTaskImpl, type Parent, type TaskImpl } from "../task/task.ts"
import { cancelledExit, isCancelled } from "../waiting/cancelled.ts"
import { cancel, type Walk } from "../waiting/Walk.ts"
import { Limiter } from "./Limiter.ts"
import { type Progress, progressOf } from "./Progress.ts"

type AnyFuture = FutureImpl<any, any>

export class Gathering extends FutureImpl<unknown, unknown> implements Parent {
  // INVARIANT: "over" exactly when it is done.
  private state: "open" | "stopping" | "over" = "open"
  /** Somebody asked to cancel it before its end, possibly after a child had failed. */
  private cancelRequested = false
  // INVARIANT: the child whose failure will be the outcome; only a failure can replace a cancellation.
  private failed: AnyFuture | undefined = undefined
  // INVARIANT: a place for each item; undefined until it runs, and after it has succeeded, so that it can be collected,
  // and young where few run at once. A future that was given twice has two.
  private readonly children: Array<AnyFuture | undefined>
  // INVARIANT: until it is over, the results of those whose callback has run, at their places.
  private readonly results: Array<unknown>
  // INVARIANT: the futures that were given and in whose lines it stands.
  private readonly given: Array<Given> = []
  // INVARIANT: how many places have had a child, and how many of their callbacks have run: ended <= started <= the
  // number of items. While it is open, the limiter fills the places that have had none.
  private started = 0
  private ended = 0
  private readonly limiter: Limiter
  private readonly keys: ReadonlyArray<string> | undefined
  private readonly returnExceptions: boolean
  private readonly cancelOnError: boolean
  private readonly progress: Progress | undefined

  /** `keys` are those of the items of a record. */
  constructor(
    loop: LoopImpl,
    fiber: Fiber.Fiber<unknown, unknown>,
    items: ReadonlyArray<unknown>,
    keys: ReadonlyArray<string> | undefined,
    options: gather.Options,
    site: CallSite | undefined
  ) {
    super(loop)
    this.children = new Array(items.length)
    this.results = new Array(items.length)
    this.limiter = new Limiter(items, options.concurrency, new awaitables.Starter("gather", fiber, site))
    this.keys = keys
    this.returnExceptions = options.returnExceptions === true
    this.cancelOnError = options.cancelOnError === true
    this.progress = progressOf("gather", loop, options.onProgress, items.length)
    this.retrieved = true // its outcome is its waiter's; the children report for themselves
  }

  override get kind(): string {
    return "Gather"
  }
  override get label(): string {
    return "gather"
  }

  // --------------------------------------------------------------------------------------------------------- a child's way

  /** Takes the futures among the items and starts what may start. Gives the outcome if everything is already done. */
  begin(): Exit.Exit<unknown, unknown> | undefined {
    const { items } = this.limiter
    const done: Array<Given> = []
    // Futures run regardless of the limit.
    for (let i = 0; i < items.length; i++) {
      const item = items[i]
      if (!(item instanceof FutureImpl)) continue
      this.adopt(i, item)
      const child = new Given(this, item, i)
      if (item.exit !== undefined) {
        done.push(child)
        continue
      }
      item.push(child)
      this.given.push(child)
    }
    this.startMore()
    // After all have started, as in asyncio: the last of them may complete the gather at once.
    for (const child of done) child.run()
    if (items.length === 0) this.finish()
    return this.exit
  }

  private startMore(): void {
    for (let i = this.limiter.next(); i !== undefined; i = this.limiter.next()) {
      const task = this.limiter.start(i)
      task.parent = this
      task.place = i
      this.adopt(i, task)
    }
  }

  private adopt(i: number, future: AnyFuture): void {
    this.started++
    this.children[i] = future
  }

  /** The callback of a child that it made. */
  childEnded(task: TaskImpl<any, any>): void {
    this.limiter.free()
    this.settle(task, task.place)
    if (this.state === "open") this.startMore()
  }

  settle(future: AnyFuture, place: number): void {
    // With returnExceptions the outcome becomes a value, and is seen when that is given.
    if (!this.returnExceptions) future.retrieve()
    this.ended++
    if (this.state === "over") return
    const exit: Exit.Exit<unknown, unknown> = future.exit!
    this.progress?.ended(exit)
    this.results[place] = exit._tag === "Failure" || this.returnExceptions ? exit : exit.value
    if (exit._tag === "Success") this.children[place] = undefined
    else {
      if (this.decides(future)) this.failed = future
      if (!this.returnExceptions && !this.cancelOnError) {
        this.end(exit)
        return this.leave()
      }
      if (this.cancelOnError && this.state === "open") this.cancelSiblings()
    }
    if (this.ended === (this.state === "open" ? this.children.length : this.started)) this.finish()
  }

  /** Whether, as far as is known yet, the child's failure is the outcome. */
  private decides(child: AnyFuture): boolean {
    if (!this.returnExceptions) {
      // If it waits for all, a cancellation that came first loses to a failure.
      return this.failed === undefined || isCancelled(this.failed.exit!)
    }
    // There will be no values that it could be among.
    return this.failed === undefined && this.cancelRequested && child.endedByRequest &&
      !isCancelled(child.exit!)
  }

  // -------------------------------------------------------------------------------------------------------------- its end

  private stop(): void {
    if (this.state !== "open") return
    this.state = "stopping"
    this.limiter.end()
  }

  private end(exit: Exit.Exit<unknown, unknown>): void {
    this.stop()
    this.state = "over"
    this.complete(exit)
  }

  /** Everything that it waits for has ended. */
  private finish(): void {
    if (this.returnExceptions) { for (const child of this.children) child?.retrieve() }
    if (this.failed !== undefined) this.end(this.failed.exit!)
    else if (this.cancelRequested) this.end(this.cancelledExit())
    else this.end(Exit.succeed(this.collected()))
  }

  private collected(): unknown {
    const { keys, results } = this
    // One has failed: what had not started by then never does.
    if (this.started < results.length) {
      for (let i = 0; i < results.length; i++) results[i] ??= cancelledExit(undefined)
    }
    return keys === undefined ? results : Object.fromEntries(keys.map((key, i) => [key, results[i]]))
  }

  /** With the message of the input's last, as in asyncio. */
  private cancelledExit(): Exit.Exit<unknown, unknown> {
    const last = this.children.at(-1)?.exit
    return last !== undefined && isCancelled(last) ? last : cancelledExit(undefined)
  }

  /**
   * Children that run on must hold nothing of it in their lines, since they may live long; their failures count as
   * seen.
   */
  private leave(): void {
    for (const child of this.given) child.future.remove(child)
    for (const child of this.children) {
      if (!isRunning(child)) continue
      if (isTaskImpl(child) && child.parent === this) child.parent = undefined
      child.retrieve()
    }
  }

  // ----------------------------------------------------------------------------------------------------------- cancelling

  private cancelSiblings(): void {
    this.stop()
    for (const child of this.members()) cancel(child, undefined)
  }

  /** A child that runs can be cancelled, and one that has not started be left out. */
  override accepts(): boolean {
    if (this.state === "over") return false
    return this.state === "open" && this.started < this.children.length || this.children.some(isRunning)
  }

  override requestCancel(walk: Walk): void {
    this.cancelRequested = true
    this.stop()
    const members = this.members()
    if (members.length > 0) walk.goOnWithAll(members)
    else this.end(cancelledExit(undefined))
  }

  override get endedByRequest(): boolean {
    return this.cancelRequested && this.failed !== undefined && (this.cancelOnError || this.failed.endedByRequest)
  }

  /** The running children, in order; a child in two places comes twice and is asked twice, as in asyncio. */
  override members(): Array<AnyFuture> {
    const members: Array<AnyFuture> = []
    for (const child of this.children) if (isRunning(child)) members.push(child)
    return members
  }
}

const isRunning = (child: AnyFuture | undefined): child is AnyFuture => child !== undefined && child.exit === undefined

/** The callback of a future that was given. */
class Given extends FutureCallback {
  private readonly gathering: Gathering
  private readonly place: number
  constructor(gathering: Gathering, future: AnyFuture, place: number) {
    super(future)
    this.gathering = gathering
    this.place = place
  }
  override get awaiter(): AnyFuture {
    return this.gathering
  }
  run(): void {
    this.gathering.settle(this.future, this.place)
  }
}
