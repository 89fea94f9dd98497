/**
 * Effects that are over at once if they need not wait: taking a free lock, joining a task that is done, a put with
 * room.
 *
 * `yield*` asks an effect for its iterator in the very step of the fiber that runs the generator. An effect that need
 * not wait is done there: its iterator is already at its end, and Effect's run loop is not entered. One that waits,
 * fails or throws is yielded to the run loop as usual, and code that does not `yield*` (`Effect.flatMap`, a branch of
 * `Effect.all`) gets an ordinary effect.
 *
 * - Only in fibers that never yield by themselves, as on a loop. In others Effect counts operations, so as to yield now
 *   and then, without which the rest would starve.
 * - An interruption reaches a running fiber at its next operation in the run loop. So if plain JavaScript asks for one
 *   in the generator's own body (`controller.abort()`), it takes effect after these, as it does after `yield*
 *   Effect.succeed(1)`, which Effect itself does in place. Sending every hundredth to the run loop, so that a loop of
 *   nothing else ends, doubled their cost.
 * - A request to cancel is met where a fiber waits, so this makes no difference to it, nor to steps and ticks, which
 *   belong to the ready queue.
 * - Code that runs generators inside a fiber by other means than Effect's gets what the fiber itself would get. So does
 *   `Effect.fnUntracedEager`, which runs a body when it is called, up to the first wait.
 */
import * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { withoutYield } from "./withoutYield.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

export abstract class InPlace<A, E = never, R = never> extends Effectable.Class<A, E, R> {
  /**
   * Does it, and gives its exit; or does nothing yet, and gives an effect that does it, usually a waiter. An
   * interruption may keep that from being evaluated.
   */
  abstract look(fiber: AnyFiber): Effect.Effect<A, E, R>

  /** In a bare fiber a yield could come between the look and the wait, and a wake would find nobody waiting. */
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

  /** What it throws is a defect of the fiber, which a `catch` in the generator's body must not see. */
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

/** An effect that never waits, from a function that gives its exit. */
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

/** Only exits have this tag among effects; `Exit.isSuccess` takes exits only. */
const isSuccess = <A, E, R>(effect: Effect.Effect<A, E, R>): effect is Exit.Success<A, never> =>
  (effect as { readonly _tag?: unknown })._tag === "Success"

// ----------------------------------------------------------------------------------------------------------------- iterators

/** An iterator at its end, with a value. */
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

/** An iterator that yields the effect to the run loop. */
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
