/** Long waits, as events of the spans around them. */
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as check from "../internal/host/check.ts"
import { observe, type Waiting } from "../internal/kernel/observer.ts"
import { findLoop } from "../internal/loop/currentLoop.ts"
import { whatOf } from "./ids.ts"
import { Waits } from "./Waits.ts"

/**
 * Options of `layerSpanEvents`.
 *
 * @category models
 * @since 0.2.0
 */
export interface SpanEventsOptions {
  /** Waits this long or longer become events. Default: 10 milliseconds. */
  readonly over?: Duration.Input | undefined
}

const checkOptions = check.options<SpanEventsOptions>({ over: check.duration })

/**
 * Adds an event to a span for each long wait in it, as long as the layer's scope is open.
 *
 * **When to use**
 *
 * Use where you read traces anyway, to see which part of a slow span was waiting, and for what.
 *
 * **Details**
 *
 * The event is named like `waits for Lock "db"`, has the time when the wait began, and the attribute `asyncio.wait_ms`;
 * if the wait was for a lock that a task held then, `asyncio.held_by` is that task's name. It goes into the span that
 * the waiting fiber is in; without a span there is no event. The layer covers all loops of the process. An event is
 * added when its wait is over.
 *
 * **Example** (What a request waited for)
 *
 * ```ts import.meta.vitest
 * import { Effect, Tracer } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import * as Insight from "effect-asyncio/insight"
 *
 * const { Lock } = asyncio
 *
 * const events: Array<unknown> = []
 * const tracer = Tracer.make({
 *   span: (options) => {
 *     const span = new Tracer.NativeSpan(options)
 *     span.event = (name, _, attributes) => events.push(name, attributes?.["asyncio.held_by"])
 *     return span
 *   }
 * })
 *
 * const program = Effect.gen(function*() {
 *   const db = Insight.named(yield* Lock.make, "db")
 *   yield* asyncio.createTask(Lock.withLock(db, asyncio.sleep("30 millis")), { name: "report" })
 *   yield* asyncio.sleep(0)
 *   yield* Lock.acquire(db).pipe(Effect.withSpan("request"))
 * }).pipe(Effect.provide(Insight.layerSpanEvents()))
 *
 * await asyncio.run(Effect.withTracer(program, tracer))
 * events // => ['waits for Lock "db"', "report"]
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layerSpanEvents = (options?: SpanEventsOptions): Layer.Layer<never> =>
  Layer.effectDiscard(Effect.acquireRelease(
    Effect.sync(() => {
      checkOptions("layerSpanEvents", options)
      return observe(new LongWaits(check.nanos("layerSpanEvents", options?.over ?? "10 millis")))
    }),
    (stop) => Effect.sync(stop)
  ))

class LongWaits extends Waits {
  constructor(limit: number) {
    super((waiter, nanos, holder) => {
      if (nanos >= limit) tell(waiter, nanos, holder?.name)
    })
  }
}

const tell = (waiter: Waiting, nanos: number, heldBy: string | undefined): void => {
  const { fiber, label } = waiter
  const { span } = fiber.cache
  if (span?._tag !== "Span" || span.status._tag === "Ended") return
  const loop = findLoop(fiber)
  const began = fiber.getRef(Clock.Clock).currentTimeNanosUnsafe() - BigInt(Math.round(nanos))
  span.event(`waits for ${loop === undefined ? label : whatOf(waiter, loop)}`, began, {
    "asyncio.wait_ms": nanos / 1e6,
    ...(heldBy === undefined ? undefined : { "asyncio.held_by": heldBy })
  })
}
