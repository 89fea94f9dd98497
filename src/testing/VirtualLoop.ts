/**
 * The event loop on a clock that jumps.
 *
 * Whenever nothing is ready, time jumps to the next timer: a program of hours runs in milliseconds, the same way every
 * time. The ready queue, its ticks and all that is above them are the live loop's own code; what is different is the
 * `Clock`, and who gives the queue its turns.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import { RuntimeError } from "../Errors.ts"
import type * as EventLoop from "../EventLoop.ts"
import * as check from "../internal/check.ts"
import { LoopImpl, optionKinds } from "../internal/loop.ts"
import { runMain } from "../internal/main.ts"
import { OwnQueue } from "../internal/ReadyQueue.ts"
import { Driver } from "./Driver.ts"
import { DeadlockError, SpinError } from "./errors.ts"
import { VirtualClock } from "./VirtualClock.ts"

/**
 * Options of a virtual loop.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends EventLoop.Options {
  /** Ticks without time passing before it fails. Default 1,000,000. */
  readonly maxTicks?: number | undefined
  /** Real time to wait for work in flight outside (promises, I/O) before the clock jumps. Default: one turn of the host. */
  readonly settle?: Duration.Input | undefined
  /**
   * Real time without a sign from outside after which a loop with nothing ready and nothing scheduled is a deadlock.
   * Default 1 second.
   */
  readonly patience?: Duration.Input | undefined
}

/**
 * A virtual event loop for as long as the layer's scope is open.
 *
 * **When to use**
 *
 * Use in tests with `it.effect`, or with a `Runner`. Plain Effect programs that sleep run on it too.
 *
 * **Details**
 *
 * Provides the loop, its `Clock`, which starts at 0, and its `Scheduler`; `DateTime.now` and all that reads the `Clock`
 * see virtual time. Before the clock jumps, the host gets a turn, so that promises are heard; `settle` waits longer.
 *
 * On a deadlock the exception handler gets the `DeadlockError`, and every parked task is cancelled; a `Runner`'s main
 * program dies with it.
 *
 * **Example** (Hours in no time)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const program = Effect.gen(function*() {
 *   yield* asyncio.sleep("3 hours")
 *   return yield* asyncio.EventLoop.time
 * })
 *
 * await Effect.runPromise(program.pipe(Effect.provide(VirtualLoop.layer()))) // => 10800
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<EventLoop.EventLoop> =>
  Layer.effectContext(
    Effect.contextWith((context: Context.Context<Scope.Scope>) => {
      checkOptions("VirtualLoop.layer", options)
      const { clock, loop } = make(context, options)
      const provided = Context.add(loop.provided, Clock.Clock, clock)
      return Effect.as(Scope.addFinalizer(Context.get(context, Scope.Scope), loop.close), provided)
    })
  )

const checkOptions = check.options<Options, typeof optionKinds>({
  maxTicks: check.kind((value) => typeof value === "number" && value >= 1, "a number above 0"),
  settle: check.duration,
  patience: check.duration
}, optionKinds)

const make = (context: Context.Context<never>, options: Options | undefined) => {
  const settle = options?.settle === undefined ? 0 : check.nanos("VirtualLoop", options.settle)
  const patience = check.nanos("VirtualLoop", options?.patience ?? "1 second")
  const maxTicks = options?.maxTicks ?? 1_000_000
  const clock = new VirtualClock()
  const queue = new OwnQueue((tick) => driver.request(tick))
  const scheduler: Scheduler.Scheduler = {
    executionMode: "async",
    shouldYield: (fiber) => fiber.currentOpCount >= fiber.cache.maxOpsBeforeYield,
    makeDispatcher: () => queue
  }
  const inner = context.pipe(Context.add(Clock.Clock, clock), Context.add(Scheduler.Scheduler, scheduler))
  const loop = new LoopImpl(inner, queue, options, true)
  const driver = new Driver(loop, clock, queue, { settle, patience, maxTicks })
  return { clock, loop }
}

/**
 * Runs `main` as the first task of a fresh virtual loop, then closes the loop.
 *
 * **Details**
 *
 * Fails with `DeadlockError` when nothing is ready, nothing is scheduled, nothing is heard from outside for `patience`,
 * and `main` is not done; its message lists every task left and what it waits for. Fails with `SpinError` after `maxTicks`
 * ticks without time passing.
 *
 * **Example** (A deadlock, explained)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const stuck = Effect.gen(function*() {
 *   const future = yield* asyncio.Future.make<string>()
 *   return yield* future
 * })
 * const error = await Effect.runPromise(Effect.flip(VirtualLoop.run(stuck, { patience: 0 })))
 *
 * error._tag // => "DeadlockError"
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const run = <A, E, R>(
  main: Effect.Effect<A, E, R>,
  options?: Options
): Effect.Effect<A, E | DeadlockError | SpinError, Exclude<R, EventLoop.EventLoop>> =>
  Effect.suspend(() => {
    checkOptions("VirtualLoop.run", options)
    return runMain("VirtualLoop.run", main).pipe(
      Effect.catchCause((cause): Effect.Effect<never, E | DeadlockError | SpinError> => {
        const stuck = cause.reasons.find(isStuck)
        return stuck === undefined ? Effect.failCause(cause) : Effect.fail(stuck.defect)
      }),
      Effect.provide(layer(options), { local: true })
    )
  })

const isStuck = (
  reason: Cause.Reason<unknown>
): reason is Cause.Die & { readonly defect: DeadlockError | SpinError } =>
  reason._tag === "Die" && (reason.defect instanceof DeadlockError || reason.defect instanceof SpinError)

/**
 * Lets `duration` of virtual time pass as if the running code had been busy: nothing else runs meanwhile.
 *
 * **Details**
 *
 * Timers that become due fire in the next tick, behind what is ready. Dies with `RuntimeError` on another loop.
 *
 * **Example** (A program that computes for two seconds)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const busy = Effect.andThen(VirtualLoop.advance("2 seconds"), asyncio.EventLoop.time)
 *
 * await Effect.runPromise(VirtualLoop.run(busy)) // => 2
 * ```
 *
 * @category time
 * @since 0.1.0
 */
export const advance = (duration: Duration.Input): Effect.Effect<void, never, EventLoop.EventLoop> =>
  Effect.withFiber((fiber) => {
    const clock = fiber.getRef(Clock.Clock)
    if (!(clock instanceof VirtualClock)) {
      throw new RuntimeError({ message: "VirtualLoop.advance: the clock here is not a virtual loop's" })
    }
    const nanos = check.nanos("VirtualLoop.advance", duration)
    if (!(nanos >= 0 && nanos < Infinity)) {
      check.illegal("VirtualLoop.advance", "the duration", duration, "finite and not negative")
    }
    clock.nanos += nanos
    return Effect.void
  })
