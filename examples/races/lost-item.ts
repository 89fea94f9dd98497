import { Effect, Option } from "effect"
import * as asyncio from "effect-asyncio"
import { Explore } from "effect-asyncio/testing"

const { Future } = asyncio

export const title = "item lost on a timeout"
export const story = `A queue hands an item over to whoever waits for one, by completing the waiter's future.
The waiter's timeout strikes in the same moment, after the hand-over and before the waiter runs.
The item is in no queue any more, and nobody has it.`
export const report = "https://github.com/python/asyncio/issues/343"

/** `takesBack`: what was handed to somebody who left goes back to the head. */
class Queue<A> {
  private readonly items: Array<A> = []
  private readonly getters: Array<asyncio.Future.Future<A>> = []
  private readonly takesBack: boolean

  constructor(takesBack: boolean) {
    this.takesBack = takesBack
  }

  put(item: A): void {
    for (let getter = this.getters.shift(); getter !== undefined; getter = this.getters.shift()) {
      if (Future.succeedUnsafe(getter, item)) return
    }
    this.items.push(item)
  }

  readonly get: Effect.Effect<A, never, asyncio.EventLoop.EventLoop> = Effect.gen({ self: this }, function*() {
    const item = this.items.shift()
    if (item !== undefined) return item
    const getter = yield* Future.make<A>()
    this.getters.push(getter)
    return yield* Effect.onInterrupt(Future.join(getter), () => this.leave(getter))
  })

  private leave(getter: asyncio.Future.Future<A>): Effect.Effect<void> {
    return Effect.gen({ self: this }, function*() {
      const place = this.getters.indexOf(getter)
      if (place >= 0) this.getters.splice(place, 1)
      if (!this.takesBack || !Future.done(getter) || Future.cancelled(getter)) return
      this.items.unshift(yield* Effect.orDie(Future.result(getter)))
    })
  }
}

const program = Effect.fnUntraced(function*(takesBack: boolean) {
  const queue = new Queue<string>(takesBack)
  const got: Array<string> = []
  const consumer = yield* asyncio.createTask(
    Effect.gen(function*() {
      for (let patience = 4; patience > 0; patience--) {
        const item = yield* Effect.option(asyncio.timeout("50 millis", () => queue.get))
        if (Option.isSome(item)) got.push(item.value)
      }
    }),
    { name: "consumer" }
  )
  yield* Explore.latency("10 millis", "80 millis")
  queue.put("item")
  yield* asyncio.wait([consumer])
  const hit = yield* Explore.cancelled
  if (got.length === 0 && !hit.has("consumer")) return yield* Effect.die(new Error("an item is lost"))
})

export const race = program(false)
export const fixed = program(true)
