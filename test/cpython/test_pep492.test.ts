/** CPython's `test_pep492.py`. */
import { Effect } from "effect"
import { BoundedSemaphore, Condition, EventLoop, Lock, Semaphore } from "effect-asyncio"
import { port } from "./support.ts"

/** Whether it is held before, in and after its `async with`. */
const heldAround = <R>(
  locked: Effect.Effect<boolean, never, R>,
  held: (body: Effect.Effect<boolean, never, R>) => Effect.Effect<boolean, never, R>
) => Effect.all([locked, held(locked), locked])

port(
  "LockTests.test_context_manager_async_with",
  Effect.gen(function*() {
    const [lock, condition] = [yield* Lock.make, yield* Condition.make()]
    const semaphores = [yield* Semaphore.make(1), yield* BoundedSemaphore.make(1)]
    return [
      yield* heldAround(Effect.sync(() => Lock.locked(lock)), Lock.withLock(lock)),
      yield* heldAround(Effect.sync(() => Condition.locked(condition)), Condition.withLock(condition)),
      ...yield* Effect.forEach(
        semaphores,
        (semaphore) => heldAround(Effect.sync(() => Semaphore.locked(semaphore)), Semaphore.withPermit(semaphore))
      )
    ]
  }),
  Array.from({ length: 4 }, () => [false, true, false])
)

const foo = Effect.fn("foo")(function*() {
  return yield* Effect.succeed("spam")
})

port(
  "CoroutineTests.test_async_def_coroutines",
  Effect.forEach([false, true], (debug) => EventLoop.provide(foo(), { debug })),
  ["spam", "spam"]
)
