/**
 * The future: a value that comes later, and the line of those who wait for it.
 *
 * It has more than 150 lines of code: a future knows its waiters, and they know it.
 */
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Hash from "effect/Hash"
import { pipeArguments } from "effect/Pipeable"
import { RuntimeError } from "../../Errors.ts"
import type { Future } from "../../Future.ts"
import type { Task } from "../../Task.ts"
import { capture } from "../host/AsyncContext.ts"
import type { CallSite } from "../host/callSite.ts"
import { InPlace, inPlace } from "../host/inPlace.ts"
import type { Origin } from "../host/Origin.ts"
import { Printable, type Words } from "../host/printing.ts"
import { describeExit } from "../host/words.ts"
import type { Entry, What, Whose } from "../kernel/Entry.ts"
import { Node, WaitQueue } from "../kernel/WaitQueue.ts"
import { findLoop } from "../loop/currentLoop.ts"
import type { LoopImpl } from "../loop/loop.ts"
import { cameBack, deliver } from "../waiting/cancellation.ts"
import { asAwaited, cancelledExit, failureBeside, isCancelled } from "../waiting/cancelled.ts"
import { QueuedWaiter } from "../waiting/QueuedWaiter.ts"
import { CurrentRegion } from "../waiting/Region.ts"
import { cancel, type Cancellable, type Walk } from "../waiting/Walk.ts"

export const FutureTypeId = "~effect-asyncio/Future"

const variance = { _A: (_: never) => _, _E: (_: never) => _ }

/** It is itself the line of those who wait for it: one object less for each of very many futures. */
export class FutureImpl<A, E> extends WaitQueue implements Future<A, E>, Cancellable {
  declare readonly [FutureTypeId]: Future<A, E>[typeof FutureTypeId]
  readonly loop: LoopImpl
  /** Where it was created, if it is a task. */
  declare readonly site: CallSite | undefined
  // INVARIANT: set once, before anybody is woken.
  exit: Exit.Exit<A, E> | undefined = undefined
  /** Whether somebody has looked at the outcome, or does not want it: then a failure is not reported. */
  retrieved = false

  constructor(loop: LoopImpl) {
    super()
    this.loop = loop
  }

  [Symbol.iterator](): Effect.EffectIterator<Effect.Effect<A, E>> {
    return new Join(this)[Symbol.iterator]()
  }

  pipe() {
    return pipeArguments(this, arguments)
  }

  // Equal only to itself: Effect compares plain objects part by part, and a future knows its whole loop.
  [Equal.symbol](that: unknown): boolean {
    return this === that
  }
  [Hash.symbol](): number {
    return Hash.random(this)
  }

  get kind(): string {
    return "Future"
  }
  /** Itself, if it is a task. */
  get task(): Task<unknown, unknown> | undefined {
    return undefined
  }
  /** For the log of its failure. */
  get origin(): Origin | undefined {
    return undefined
  }
  get name(): string | undefined {
    return undefined
  }
  /** What its waiters wait for, in words. */
  get label(): string {
    return "a future"
  }
  describe(): Words {
    return this.exit === undefined ? ["pending"] : describeExit(this.exit)
  }

  /** The futures that its waiters wait for: itself, or a gather's children. */
  members(): ReadonlyArray<FutureImpl<any, any>> {
    return [this]
  }

  /** On whose behalf it is awaited. */
  *awaiters(): IterableIterator<Future<unknown, unknown> | undefined> {
    for (const { awaiter } of this.nodes()) yield awaiter
  }

  accepts(): boolean {
    return this.exit === undefined
  }

  requestCancel(walk: Walk): void {
    this.complete(cancelledExit(walk.message))
  }

  /** Whether it ended because of a request to cancel: a failure then broke beside the cancellation. */
  get endedByRequest(): boolean {
    return false
  }

  /** False if it was already done. */
  complete(exit: Exit.Exit<A, E>): boolean {
    if (this.exit !== undefined) return false
    this.exit = exit
    callbacksOf.delete(this)
    this.wakeAll()
    if (exit._tag === "Failure" && !this.retrieved && !isCancelled(exit)) this.loop.unseen.add(this)
    return true
  }

  /** Marks a failure as seen. */
  retrieve(): void {
    if (this.retrieved) return
    this.retrieved = true
    if (this.exit?._tag === "Failure") this.loop.unseen.delete(this)
  }

  addCallback(callback: DoneCallback): void {
    const node = new Callback(this, callback)
    if (this.exit !== undefined) return node.wake()
    this.push(node)
    let callbacks = callbacksOf.get(this)
    if (callbacks === undefined) callbacksOf.set(this, callbacks = new Map())
    const equal = callbacks.get(callback)
    if (equal === undefined) callbacks.set(callback, [node])
    else equal.push(node)
  }

  removeCallback(callback: DoneCallback): number {
    const callbacks = callbacksOf.get(this)
    const equal = callbacks?.get(callback)
    if (equal === undefined) return 0
    callbacks!.delete(callback)
    for (const node of equal) this.remove(node)
    return equal.length
  }
}

const { constructor: _, ...printing } = Object.getOwnPropertyDescriptors(Printable.prototype)
Object.defineProperties(FutureImpl.prototype, {
  // A field in each future would cost memory for nothing.
  [FutureTypeId]: { value: variance },
  // It is a line already, and can't extend both.
  ...printing
})

type DoneCallback = (future: Future<any, any>) => unknown

/** Of futures that are not done. Apart from them: few have any, and a field would take memory in each. */
const callbacksOf = new WeakMap<FutureImpl<any, any>, Map<DoneCallback, Array<Callback>>>()

/** Stands in a future's line to be called, from the ready queue, when the future is done. */
export abstract class FutureCallback extends Node implements Entry {
  readonly future: FutureImpl<any, any>
  constructor(future: FutureImpl<any, any>) {
    super()
    this.future = future
  }
  get what(): What {
    return "internal"
  }
  get owner(): Whose {
    return this.future
  }
  wake(): void {
    this.future.loop.ready.schedule(this, 0)
  }
  abstract run(): void
}

/** A done callback. */
class Callback extends FutureCallback {
  private readonly callback: DoneCallback
  private readonly asyncContext = capture()
  constructor(future: FutureImpl<any, any>, callback: DoneCallback) {
    super(future)
    this.callback = callback
  }
  override get what(): What {
    return "callback"
  }
  run(): void {
    const call = () => this.callback(this.future)
    this.future.loop.caller.run("addDoneCallback", call, this.asyncContext, { future: this.future })
  }
}

/** A fiber that waits for a future: joins it, or only watches it. */
abstract class FutureWaiter<A, E, A2, E2> extends QueuedWaiter<A2, E2> {
  readonly future: FutureImpl<A, E>
  constructor(future: FutureImpl<A, E>) {
    super()
    this.future = future
  }
  get label(): string {
    return this.future.label
  }
  override waitsFor(): ReadonlyArray<FutureImpl<any, any>> {
    return this.future.members()
  }
  override passOn(): void {
    this.future.retrieve()
  }
  wait(): Effect.Effect<A2, E2> {
    return this.parkIn(this.future)
  }
}

class Watcher<A, E> extends FutureWaiter<A, E, Exit.Exit<A, E>, never> {
  proceed() {
    this.future.retrieve()
    return Effect.succeed(asAwaited(this.future.exit!))
  }
}

export class Joiner<A, E> extends FutureWaiter<A, E, A, E> {
  override get target(): FutureImpl<A, E> {
    return this.future
  }

  override run(): void {
    const { future, region } = this
    const mayBe = this.state === "woken" && region !== undefined && (isCancelled(future.exit!) || future.endedByRequest)
    const request = mayBe ? cameBack(region, this, future.exit!) : undefined
    if (request === undefined) return super.run()
    // Over before the delivery, so that the finalizer does not wait for what has ended, and only gives what failed
    // there.
    future.retrieve()
    this.end()
    deliver(region!, request)
  }

  proceed(): Effect.Effect<A, E> {
    this.future.retrieve()
    return asAwaited(this.future.exit!)
  }

  override interrupted(): Effect.Effect<void, E> {
    const { state } = this
    const done = super.interrupted()
    if (state === "over" && this.future.exit !== undefined) return failureBeside(this.future.exit)
    if (state !== "parked") return done
    // An interruption by Effect itself cancels what is joined, and waits for it, as a request would. A failure of its
    // clean-up comes out beside the interruption.
    const { region } = this
    if (region !== undefined) region.interrupted ??= "effect"
    cancel(this.future, undefined, region?.owner.task)
    return Effect.flatMap(ended(this.future), failureBeside)
  }
}

/** Awaits a future's value; cancelling the waiter cancels the future. */
export const join = <A, E>(self: FutureImpl<A, E>): Effect.Effect<A, E> => new Join(self)

class Join<A, E> extends InPlace<A, E> {
  private readonly future: FutureImpl<A, E>
  constructor(future: FutureImpl<A, E>) {
    super()
    this.future = future
  }
  look(fiber: Fiber.Fiber<unknown, unknown>): Effect.Effect<A, E> {
    const { future } = this
    const { exit } = future
    if (exit !== undefined) {
      future.retrieve()
      return future.loop.atOnce?.(fiber) ?? asAwaited(exit)
    }
    checkAwait(future, fiber)
    return new Joiner(future).wait()
  }
}

/** Waits for a future's outcome and leaves it alone. */
export const watch = <A, E>(self: FutureImpl<A, E>): Effect.Effect<Exit.Exit<A, E>> =>
  inPlace((fiber) => {
    const { exit } = self
    if (exit === undefined) {
      checkAwait(self, fiber)
      return new Watcher(self).wait()
    }
    self.retrieve()
    return self.loop.atOnce?.(fiber) ?? Effect.succeed(asAwaited(exit))
  })

/** `watch` from anywhere: a closing loop, a finalizer. */
export const ended = <A, E>(self: FutureImpl<A, E>): Effect.Effect<Exit.Exit<A, E>> =>
  inPlace(() => {
    const exit = self.exit
    if (exit === undefined) return new Watcher(self).wait()
    self.retrieve()
    return Effect.succeed(exit)
  })

const checkAwait = (self: FutureImpl<any, any>, fiber: Fiber.Fiber<unknown, unknown>): void => {
  if (findLoop(fiber) !== undefined && findLoop(fiber) !== self.loop) {
    throw new RuntimeError({ message: `await: ${self} belongs to another event loop` })
  }
  const region = fiber.getRef(CurrentRegion)
  if (region !== undefined && region.owner.task === self.task) {
    throw new RuntimeError({ message: `await: ${self} cannot await itself` })
  }
}
