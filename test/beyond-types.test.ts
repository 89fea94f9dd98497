/** What the library uses of Effect beyond its public types is there, and what breaks where it is not. */
import { describe, expect, it } from "@effect/vitest"
import { Cause, Context, Effect, Exit, Fiber, Tracer } from "effect"
import { isInterruptible, isSuspended, resumeWith, withoutFiber } from "../src/internal/host/beyondTypes.ts"

describe("a fiber", () => {
  it.effect("knows whether it is interruptible: else a request would cut clean-ups short", () =>
    Effect.gen(function*() {
      const flag = Effect.withFiber((fiber) => Effect.succeed(isInterruptible(fiber)))
      expect(yield* Effect.interruptible(flag)).toBe(true)
      expect(yield* Effect.uninterruptible(flag)).toBe(false)
      expect(yield* Effect.uninterruptibleMask((restore) => Effect.all([flag, restore(flag)]))).toEqual([false, true])
    }))

  it.effect("can be resumed with a cause: else a deadlock would not say why", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkDetach(Effect.never, { startImmediately: true })
      resumeWith(fiber, Cause.die("stuck"))
      expect(yield* Fiber.await(fiber)).toEqual(Exit.die("stuck"))
    }))

  it.effect("can be left aside: else a loop's callbacks would be taken for those of who drives it", () =>
    Effect.withFiber((fiber) => {
      expect(withoutFiber(() => Fiber.getCurrent())).toBeUndefined()
      expect(Fiber.getCurrent()).toBe(fiber)
      expect(() =>
        withoutFiber(() => {
          throw new Error("thrown")
        })
      ).toThrow("thrown")
      expect(Fiber.getCurrent()).toBe(fiber)
      return Effect.void
    }))
})

it("an operation gives a symbol once its fiber is suspended: else debug mode would not see where a step ends", async () => {
  const given: Array<boolean> = []
  const plain = Tracer.make({ span: (options) => new Tracer.NativeSpan(options) })
  const tracer: Tracer.Tracer = {
    span: plain.span,
    context: (operation, fiber) => {
      const result = operation["~effect/Effect/evaluate"](fiber)
      given.push(isSuspended(result))
      return result
    }
  }
  const steps = Effect.andThen(Effect.promise(() => Promise.resolve()), Effect.sync(() => {}))
  await Effect.runPromiseWith(Context.make(Tracer.Tracer, tracer))(steps)
  // Suspended in the promise, and at the end.
  expect(given.filter(Boolean)).toHaveLength(2)
  expect(given.at(-1)).toBe(true)
})
