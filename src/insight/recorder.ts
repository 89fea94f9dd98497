/** Recorders: they keep what programs did lately. */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import * as check from "../internal/host/check.ts"
import { observe } from "../internal/kernel/observer.ts"
import { Recording } from "./Recording.ts"
import { Ring } from "./Ring.ts"
import type { Timeline } from "./Timeline.ts"
import { timelineOf } from "./timelineOf.ts"
import { testify } from "./witnesses.ts"

/**
 * Options of `recorder` and `record`.
 *
 * @category models
 * @since 0.2.0
 */
export interface RecorderOptions {
  /** How many spans and requests are kept; the oldest are dropped first. Default: 10,000, about 1 MB. */
  readonly capacity?: number | undefined
}

/**
 * Records what programs do.
 *
 * @category models
 * @since 0.2.0
 */
export interface Recorder {
  /**
   * Returns what it knows now. O(n) in its capacity and the tasks alive. It can be called at any time, even after the
   * recorder has stopped.
   */
  readonly timeline: () => Timeline
}

const checkOptions = check.options<RecorderOptions>({
  capacity: (call, what, value) => check.wholeNumber(call, what, value as number, 1)
})

/** Listens until it is stopped. */
export interface StartedRecorder extends Recorder {
  readonly stop: () => void
}

export const start = (call: string, options: RecorderOptions | undefined): StartedRecorder => {
  checkOptions(call, options)
  const ring = new Ring(options?.capacity ?? 10_000)
  const recording = new Recording(ring)
  const unobserve = observe(recording)
  const dismiss = testify(recording)
  return {
    timeline: () => timelineOf(ring, recording),
    stop: () => {
      unobserve()
      dismiss()
      recording.stop()
    }
  }
}

/**
 * Records until the scope closes, and can return at any time what has happened lately.
 *
 * **When to use**
 *
 * Use as a flight recorder: leave it on, and look once something interesting has happened, such as a slow request. Use
 * `record` for one effect from its beginning to its end.
 *
 * **Details**
 *
 * It listens to all loops of the process; several recorders may listen at once. It is bounded by `capacity`: new spans
 * replace the oldest, and the timeline says how many were lost. It keeps no task, value or cause alive, only names, ids
 * and creation sites. Recording changes no order and takes no tick.
 *
 * Times are those of each loop's clock. Recording has a cost: a task that does nothing takes about twice as long
 * (`docs/costs.md`). asyncio has nothing like it; its `debug` mode only times steps.
 *
 * **Gotchas**
 *
 * The timeline also contains what other loops of the process do meanwhile; each row says which loop it is from.
 *
 * For a task that began before the recorder, waits for what Effect or the host resumes, such as a promise, can't be
 * told from its steps. The same holds for a task that has a `Tracer` of its own.
 *
 * **Example** (What a slow request did)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import * as Insight from "effect-asyncio/insight"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const serve = Effect.gen(function*() {
 *   const { timeline } = yield* Insight.recorder({ capacity: 1000 })
 *   for (const millis of [20, 30, 1500]) {
 *     const began = yield* asyncio.EventLoop.time
 *     yield* asyncio.sleep(millis)
 *     const took = (yield* asyncio.EventLoop.time) - began
 *     if (took > 1) return timeline().tasks[0]!.spans.flatMap(({ kind, what }) => kind === "wait" ? [what] : [])
 *   }
 * })
 *
 * await Effect.runPromise(VirtualLoop.run(Effect.scoped(serve))) // => ["sleep 20 ms", "sleep 30 ms", "sleep 1.5 s"]
 * ```
 *
 * @category recording
 * @since 0.2.0
 */
export const recorder = (options?: RecorderOptions): Effect.Effect<Recorder, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => start("recorder", options)),
    ({ stop }) => Effect.sync(stop)
  )

/**
 * Runs an effect, and returns how it ended and what it did.
 *
 * **When to use**
 *
 * Use around a whole program, as in a test that keeps a picture of a failed run. It never fails: the `Exit` says how
 * the effect itself ended.
 *
 * **Details**
 *
 * Dual: `record(effect, options?)`, `effect.pipe(record(options?))`. It costs the same as `recorder`, and has the same
 * gaps. If interrupted, it stops listening, and the timeline is lost.
 *
 * **Example** (A deadlock, looked at)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import * as Insight from "effect-asyncio/insight"
 * import { VirtualLoop } from "effect-asyncio/testing"
 *
 * const transfer = Effect.fn("transfer")(function*(from: asyncio.Lock.Lock, to: asyncio.Lock.Lock) {
 *   const second = asyncio.Lock.withLock(to, Effect.void)
 *   yield* asyncio.Lock.withLock(from, Effect.andThen(asyncio.sleep("1 second"), second))
 * })
 *
 * const main = Effect.gen(function*() {
 *   const checking = Insight.named(yield* asyncio.Lock.make, "checking")
 *   const savings = Insight.named(yield* asyncio.Lock.make, "savings")
 *   const transfers = asyncio.gather([transfer(checking, savings), transfer(savings, checking)])
 *   yield* asyncio.waitFor(transfers, "3 seconds")
 * })
 *
 * const [exit, timeline] = await Effect.runPromise(VirtualLoop.run(main).pipe(Insight.record()))
 * exit._tag // => "Failure"
 * const waits = timeline.tasks.flatMap(({ spans }) => spans).filter(({ heldBy }) => heldBy !== undefined)
 * waits.map(({ what }) => what) // => ['Lock "savings"', 'Lock "checking"']
 * ```
 *
 * @category recording
 * @since 0.2.0
 */
export const record: {
  (options?: RecorderOptions): <A, E, R>(
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<readonly [exit: Exit.Exit<A, E>, timeline: Timeline], never, R>
  <A, E, R>(
    effect: Effect.Effect<A, E, R>,
    options?: RecorderOptions
  ): Effect.Effect<readonly [exit: Exit.Exit<A, E>, timeline: Timeline], never, R>
} = (first?: Effect.Effect<unknown, unknown, unknown> | RecorderOptions, options?: RecorderOptions): any => {
  // Two call signatures, told apart by what comes first, which one function can't be typed as.
  if (Effect.isEffect(first) || typeof first === "function") return recorded(first, options)
  checkOptions("record", first)
  return <A, E, R>(effect: Effect.Effect<A, E, R>) => recorded(effect, first)
}

const recorded = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  options: RecorderOptions | undefined
): Effect.Effect<readonly [exit: Exit.Exit<A, E>, timeline: Timeline], never, R> =>
  Effect.suspend(() => {
    check.effect("record", "the argument", effect)
    const { stop, timeline } = start("record", options)
    return Effect.ensuring(Effect.exit(effect), Effect.sync(stop)).pipe(
      Effect.map((exit) => [exit, timeline()] as const)
    )
  })
