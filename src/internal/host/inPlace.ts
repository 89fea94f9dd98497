/**
 * Effects that are over at once where they need not wait: a free lock, a join of what is done, a put where there is room.
 *
 * `yield*` asks an effect for its iterator in the very step of the fiber that runs the generator. What need not wait is done
 * there: the iterator is at its end already, and Effect's run loop is not entered. What waits, fails or throws is yielded to
 * it as ever, and whoever does not `yield*` (`Effect.flatMap`, a branch of `Effect.all`) gets an ordinary effect.
 *
 * - Only in fibers that never yield by themselves, as on a loop. In any other Effect counts operations, so as to yield now
 *   and then; others would starve without that.
 * - An interruption reaches a running fiber at its next operation in the run loop. So one that plain JavaScript asks for in
 *   the generator's own body (`controller.abort()`) comes behind these, as it comes behind `yield* Effect.succeed(1)`, which
 *   Effect does in place itself. To send one in a hundred to the run loop, so that a loop of nothing else ends, was half of
 *   their time.
 * - A request to cancel is met where a fiber waits, so it makes no difference; nor do steps and ticks: both are of the
 *   ready queue.
 * - Who runs generators by other means than Effect's, inside of a fiber, gets what that fiber would. So does
 *   `Effect.fnUntracedEager`, which runs a body, as far as that need not wait, when it is called.
 */
import * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { withoutYield } from "./withoutYield.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

export abstract class InPlace<A, E = never, R = never> extends Effectable.Class<A, E, R> {
  /**
   * Does it, and gives its exit; else it has done nothing, and gives an effect that does, a waiter mostly. An interruption may
   * keep that from being evaluated.
   */
  abstract look(fiber: AnyFiber): Effect.Effect<A, E, R>

  /** In a bare fiber a yield could come between the look and the wait, and what wakes those who wait would find nobody. */
  asEffect(): Effect.Effect<A, E, R> {
    const fiber = Fiber.getCurrent()!
    return fiber.cache.preventYield
      ? this.look(fiber)
      : withoutYield(fiber, Effect.withFiber((fiber) => this.look(fiber)))
  }

  override [Symbol.iterator](): Effect.EffectIterator<Effect.Effect<A, E, R>> {
    const fiber = Fiber.getCurrent()
    if (fiber === undefined || !fiber.cache.preventYield) return new Yielded(this)
    const effect = this.tryLook(fiber)
    if (!isSuccess(effect)) return new Yielded(effect)
    return effect.value === undefined ? nothing : new Done(effect.value)
  }

  /** What it throws is a defect of the fiber, and no business of a `catch` in the generator's body. */
  private tryLook(fiber: AnyFiber): Effect.Effect<A, E, R> {
    try {
      return this.look(fiber)
    } catch (thrown) {
      return Effect.die(thrown)
    }
  }
}

/** `look` as a function. */
export const inPlace = <A, E = never, R = never>(
  look: (fiber: AnyFiber) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => new ByFunction(look)

/** What never waits, and gives its exit. */
export const atOnce = <A, E = never>(act: () => Exit.Exit<A, E>): Effect.Effect<A, E> => new AtOnce(act)

class ByFunction<A, E, R> extends InPlace<A, E, R> {
  override readonly look: (fiber: AnyFiber) => Effect.Effect<A, E, R>
  constructor(look: (fiber: AnyFiber) => Effect.Effect<A, E, R>) {
    super()
    this.look = look
  }
}

class AtOnce<A, E> extends InPlace<A, E> {
  override readonly look: () => Exit.Exit<A, E>
  constructor(look: () => Exit.Exit<A, E>) {
    super()
    this.look = look
  }
  override asEffect(): Exit.Exit<A, E> {
    return this.look()
  }
}

/** An exit is an effect, and the one kind with this tag: `Exit.isSuccess` takes exits only. */
const isSuccess = <A, E, R>(effect: Effect.Effect<A, E, R>): effect is Exit.Success<A, never> =>
  (effect as { readonly _tag?: unknown })._tag === "Success"

// ----------------------------------------------------------------------------------------------------------------- iterators

/** At its end, with a value. */
class Done<A> {
  readonly done = true
  readonly value: A
  constructor(value: A) {
    this.value = value
  }
  next(): this {
    return this
  }
}

const nothing = new Done<any>(undefined)

/** An effect, for the run loop. */
class Yielded<A, E, R> {
  readonly done = false
  readonly value: Effect.Effect<A, E, R>
  private isAsked = false
  constructor(effect: Effect.Effect<A, E, R>) {
    this.value = effect
  }
  next(value?: any): IteratorResult<Effect.Effect<A, E, R>, A> {
    if (this.isAsked) return new Done<A>(value)
    this.isAsked = true
    return this
  }
}
