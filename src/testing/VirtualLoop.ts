/**
 * The event loop on a clock that jumps.
 *
 * Whenever nothing is ready, time jumps to the next timer: hours of a program run in milliseconds, the same way every
 * time. The ready queue, its ticks and everything above them are the live loop's own code; only the `Clock`, and what
 * gives the queue its turns, differ.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { RuntimeError } from "../Errors.ts"
import type * as EventLoop from "../EventLoop.ts"
import * as check from "../internal/host/check.ts"
import { OwnQueue } from "../internal/kernel/ReadyQueue.ts"
import { optionKinds } from "../internal/loop/makeLoop.ts"
import { close } from "../internal/task/closing.ts"
import { runMain } from "../internal/task/main.ts"
import { runtimeSteps } from "../internal/waiting/runtimeSteps.ts"
import { DeadlockError, SpinError } from "./errors.ts"
import { hostTurns, makeVirtualLoop } from "./makeVirtualLoop.ts"
import { VirtualClock } from "./VirtualClock.ts"

/**
 * Options of a virtual loop.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends EventLoop.Options {
  /**
   * How many ticks without time passing, or awaits within one tick of something done already, before it fails. Default:
   * 1,000,000.
   */
  readonly maxTicks?: number | undefined
  /**
   * Real time to wait for outside work in flight (promises, I/O) before the clock jumps. Default: one turn of the host.
   */
  readonly settle?: Duration.Input | undefined
  /**
   * Real time without a sign from outside after which a loop with nothing ready and nothing scheduled counts as
   * deadlocked. Default: 1 second.
   */
  readonly patience?: Duration.Input | undefined
  /**
   * What happens to failures that nobody saw, unless the program sets an exception handler. `"fail"`, the default: the
   * run, or the layer's scope, ends with them as defects. `"report"`: they are logged as errors, as on a live loop.
   */
  readonly unseen?: "fail" | "report" | undefined
}

/**
 * Makes a virtual event loop for as long as the layer's scope is open.
 *
 * **When to use**
 *
 * Use in tests with `it.effect`, or with a `Runner`. Plain Effect programs that sleep run on it too.
 *
 * **Details**
 *
 * Provides the loop, its `Clock`, which starts at 0, and its `Scheduler`; `DateTime.now` and everything else that reads
 * the `Clock` sees virtual time. Before the clock jumps, the host gets a turn, so that promises can settle; `settle`
 * waits longer.
 *
 * On a deadlock, whatever waits for the loop dies with the `DeadlockError`: a `Runner`'s main program, or else the
 * fibers that are not tasks, such as the test itself; and every task is cancelled. The same goes for `SpinError`. If
 * the program has set an exception handler, that gets the error first, and the program goes on with its cancelled
 * tasks, if that helps.
 *
 * The scope closes with the failures that nobody saw, as defects: those of tasks, futures, callbacks and clean-ups that
 * would go to the default exception handler. See `unseen`. Fibers that are not tasks and are still asleep are
 * interrupted, and finish their clean-up: time ends with the loop.
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
    Effect.contextWith((context: Context.Context<Scope.Scope>) =>
      Effect.withFiber((fiber) => {
        checkOptions("VirtualLoop.layer", options)
        const { driver, loop, provided } = make(fiber, options)
        const scope = Context.get(context, Scope.Scope)
        const finalizer = Scope.addFinalizerExit(scope, (exit) => Effect.andThen(close(loop), driver.end(exit)))
        return Effect.as(finalizer, provided)
      })
    )
  )

const checkOptions = check.options<Options, typeof optionKinds>({
  maxTicks: check.kind((value) => typeof value === "number" && value >= 1, "a number above 0"),
  settle: check.duration,
  patience: check.duration,
  unseen: check.kind((value) => value === "fail" || value === "report", "\"fail\" or \"report\"")
}, optionKinds)

const make = (fiber: Fiber.Fiber<unknown, unknown>, options: Options | undefined) =>
  makeVirtualLoop(fiber, {
    clock: new VirtualClock(),
    queue: (request) => new OwnQueue(request, runtimeSteps),
    turns: hostTurns(),
    limits: {
      settle: options?.settle === undefined ? 0 : check.nanos("VirtualLoop", options.settle),
      patience: check.nanos("VirtualLoop", options?.patience ?? "1 second"),
      maxTicks: options?.maxTicks ?? 1_000_000
    },
    options,
    unseen: options?.unseen ?? "fail"
  })

/**
 * Runs `main` as the first task of a fresh virtual loop, then closes the loop.
 *
 * **Details**
 *
 * Fails with `DeadlockError` when nothing is ready, nothing is scheduled, nothing is heard from outside for `patience`,
 * and `main` is not done; its message lists every task left and what it waits for. Fails with `SpinError` after
 * `maxTicks` ticks without time passing, or if a task awaits something done already that often within one tick: it
 * would never stop. Clean-ups that hang while the loop closes fail it, too. A virtual loop running inside another is
 * not a deadlock.
 *
 * Dies with the failures that nobody saw, unless `main` sets an exception handler or `unseen` is `"report"`.
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
 * **Example** (A failure that nobody saw)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const audit = Effect.die(new Error("2 + 2 is not 5"))
 * const test = Effect.andThen(asyncio.createTask(audit), asyncio.sleep("1 second"))
 *
 * await Effect.runPromise(VirtualLoop.run(test)).catch(String) // => "Error: 2 + 2 is not 5"
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
      Effect.provide(layer(options), { local: true }),
      Effect.catchCause((cause): Effect.Effect<never, E | DeadlockError | SpinError> => {
        // Beside another defect it becomes a defect itself, as everywhere in Effect.
        const [reason, ...others] = cause.reasons.filter((reason) => reason._tag !== "Interrupt")
        const error = reason?._tag === "Die" && others.length === 0 ? reason.defect : undefined
        return error instanceof DeadlockError || error instanceof SpinError
          ? Effect.fail(error)
          : Effect.failCause(cause)
      })
    )
  })

/**
 * Lets `duration` of virtual time pass, as if the running code had been busy: nothing else runs meanwhile.
 *
 * **Details**
 *
 * Timers that become due fire in the next tick, after what is ready. Dies with `RuntimeError` on a loop that is not
 * virtual.
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
