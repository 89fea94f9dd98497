/**
 * The event loop as a layer for tests that move Effect's `TestClock` themselves.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scheduler from "effect/Scheduler"
import type * as Scope from "effect/Scope"
import type { TestClock } from "effect/testing/TestClock"
import { RuntimeError } from "../Errors.ts"
import * as EventLoop from "../EventLoop.ts"
import { checkOptions } from "../internal/loop/makeLoop.ts"

/**
 * Makes an event loop for as long as the layer's scope is open, under the current `TestClock`.
 *
 * **When to use**
 *
 * Use in a test with `it.effect` whose own fiber should be on the loop, so that it can make tasks and look at them
 * between two moments. A test that forks a whole program, `Effect.forkChild(EventLoop.provide(main))`, does not need
 * it, and `VirtualLoop` moves time by itself.
 *
 * **Details**
 *
 * It is `EventLoop.layer` with a clock that is moved from outside the loop: everything that is ready runs before time
 * moves, so one `TestClock.adjust` is enough. Dies with `RuntimeError` if the clock is not a `TestClock`.
 *
 * **Gotchas**
 *
 * Under `EventLoop.layer` alone `adjust` is a fiber of the loop like any other: it waits for two ticks, and whatever
 * needs more than that before its first sleep is too late.
 *
 * **Example** (A task between two moments)
 *
 * ```ts import.meta.vitest
 * import { Effect, Layer } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { TestLoop } from "effect-asyncio/testing"
 * import { TestClock } from "effect/testing"
 *
 * const test = Effect.gen(function*() {
 *   const task = yield* asyncio.createTask(asyncio.gather([asyncio.sleep("3 seconds", "a"), asyncio.sleep("1 second", "b")]))
 *   yield* TestClock.adjust("2 seconds")
 *   const early = asyncio.Task.done(task)
 *   yield* TestClock.adjust("1 second")
 *   return [early, yield* task]
 * })
 *
 * // `it.effect` brings the TestClock.
 * const layer = TestLoop.layer().pipe(Layer.provideMerge(TestClock.layer()))
 * await Effect.runPromise(test.pipe(Effect.provide(layer))) // => [false, ["a", "b"]]
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: EventLoop.Options): Layer.Layer<EventLoop.EventLoop> =>
  Layer.suspend(() => {
    checkOptions("TestLoop.layer", options)
    return Layer.provideMerge(EventLoop.layer(options), outsideClock)
  })

/** The current `TestClock`, moved on the current scheduler. */
const outsideClock: Layer.Layer<never> = Layer.effectContext(
  Effect.contextWith((context: Context.Context<Scope.Scope>) => {
    const clock = Context.get(context, Clock.Clock)
    if (!isTestClock(clock)) throw new RuntimeError({ message: "TestLoop.layer: the clock here is not a TestClock" })
    const scheduler = Context.get(context, Scheduler.Scheduler)
    // `move` waits for turns of that scheduler, and the loop runs what is ready in each of them; then back to the loop.
    const outside = (move: Effect.Effect<void>) =>
      Effect.andThen(Effect.provideService(move, Scheduler.Scheduler, scheduler), Effect.yieldNow)
    const moved: TestClock = {
      ...clock,
      adjust: (duration) => outside(clock.adjust(duration)),
      setTime: (timestamp) => outside(clock.setTime(timestamp))
    }
    return Effect.succeed(Context.make(Clock.Clock, moved))
  })
)

const isTestClock = (clock: Clock.Clock): clock is TestClock => "adjust" in clock && "setTime" in clock
