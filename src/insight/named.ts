/** Names for what programs wait for. */
import type { Barrier } from "../Barrier.ts"
import type { Condition } from "../Condition.ts"
import type { Event } from "../Event.ts"
import * as check from "../internal/host/check.ts"
import { dual } from "../internal/host/curried.ts"
import { Primitive } from "../internal/parts/Primitive.ts"
import type { Lock } from "../Lock.ts"
import type { Semaphore } from "../Semaphore.ts"

/**
 * What can be named: anything that fibers wait for.
 *
 * @category models
 * @since 0.2.0
 */
export type Nameable = Lock | Event | Condition | Semaphore | Barrier | { readonly "~effect-asyncio/Queue": unknown }

/**
 * Gives a lock, a semaphore, an event, a condition, a barrier or a queue a name, and returns it.
 *
 * **When to use**
 *
 * Use so that snapshots, timelines and deadlock messages say `Lock "db"` instead of `Lock#1`.
 *
 * **Details**
 *
 * A second name replaces the first. Tasks have names of their own: `createTask(effect, { name })`, `Task.setName`.
 * asyncio's primitives have no names. O(1).
 *
 * **Example** (A lock that says what it is)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import * as Insight from "effect-asyncio/insight"
 *
 * const { Lock } = asyncio
 *
 * const program = Effect.gen(function*() {
 *   const db = yield* Lock.make.pipe(Effect.map(Insight.named("db")))
 *   yield* Lock.acquire(db)
 *   const reader = yield* asyncio.createTask(Lock.acquire(db), { name: "reader" })
 *   yield* asyncio.sleep(0)
 *   return [String(db), String(reader).replace(/ created at .+>/, ">")]
 * })
 *
 * const [lock, task] = await asyncio.run(program)
 * lock // => "<Lock locked name='db' holder='Task-1' waiters=1>"
 * task // => "<Task pending name='reader' waiting for Lock \"db\" held by task 'Task-1'>"
 * ```
 *
 * @category names
 * @since 0.2.0
 */
export const named: {
  (name: string): <A extends Nameable>(self: A) => A
  <A extends Nameable>(self: A, name: string): A
} = dual(<A extends Nameable>(self: A, name: string): A => {
  check.string("named", "the name", name)
  if (!(self instanceof Primitive)) {
    return check.illegal("named", "the argument", self, "a Lock, Event, Condition, Semaphore, Barrier or Queue")
  }
  self.name = name
  return self
}, (name) => check.string("named", "the name", name))
