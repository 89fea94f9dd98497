import { Data, Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { Explore } from "effect-asyncio/testing"

const { Future } = asyncio

export const title = "shutdown while putting"
export const story = `A full queue is shut down, and wakes the producer that waits for room, to tell it.
The consumer was slow this time: two producers wait.
The second is not told. It waits for room in a queue that nobody reads any more.`
export const report = "https://github.com/NVIDIA/NeMo-Agent-Toolkit/pull/2239"

class Closed extends Data.TaggedError("Closed")<{}> {}

/** Of one place. `tellsAll`: a shutdown wakes everybody. */
class Queue<A> {
  private readonly items: Array<A> = []
  private readonly getters: Array<asyncio.Future.Future<void>> = []
  private readonly putters: Array<asyncio.Future.Future<void>> = []
  private readonly tellsAll: boolean
  private closed = false

  constructor(tellsAll: boolean) {
    this.tellsAll = tellsAll
  }

  private wake(line: Array<asyncio.Future.Future<void>>): void {
    for (let next = line.shift(); next !== undefined; next = line.shift()) {
      if (Future.succeedUnsafe(next, undefined)) return
    }
  }

  private readonly wait = Effect.fnUntraced(function*(line: Array<asyncio.Future.Future<void>>) {
    const turn = yield* Future.make<void>()
    line.push(turn)
    yield* turn
  })

  put(item: A) {
    return Effect.gen({ self: this }, function*() {
      while (this.items.length === 1 && !this.closed) yield* this.wait(this.putters)
      if (this.closed) return yield* new Closed()
      this.items.push(item)
      this.wake(this.getters)
    })
  }

  readonly get = Effect.gen({ self: this }, function*() {
    while (this.items.length === 0 && !this.closed) yield* this.wait(this.getters)
    const item = this.items.shift()
    if (item === undefined) return yield* new Closed()
    if (!this.closed) this.wake(this.putters)
    return item
  })

  readonly shutdown = Effect.sync(() => {
    this.closed = true
    for (const line of [this.getters, this.putters]) {
      this.wake(line)
      while (this.tellsAll && line.length > 0) this.wake(line)
    }
  })
}

const program = Effect.fnUntraced(function*(tellsAll: boolean) {
  const queue = new Queue<string>(tellsAll)
  const consumer = yield* asyncio.createTask(
    Effect.forever(Effect.andThen(queue.get, Explore.latency("10 millis", "80 millis"))).pipe(
      Effect.catchTag("Closed", () => Effect.void)
    ),
    { name: "consumer" }
  )
  const producer = (name: string, at: number) =>
    asyncio.createTask(
      Effect.andThen(asyncio.sleep(at), queue.put(name)).pipe(Effect.catchTag("Closed", () => Effect.void)),
      { name }
    )
  const producers = [
    yield* producer("first", 0),
    yield* producer("second", 10),
    yield* producer("third", 20),
    yield* producer("fourth", 30)
  ]
  yield* asyncio.sleep("50 millis")
  yield* queue.shutdown
  yield* asyncio.wait([consumer, ...producers])
})

export const race = program(false)
export const fixed = program(true)
