import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { Explore } from "effect-asyncio/testing"

const { Event } = asyncio

export const title = "barrier broken late"
export const story = `Whoever waits at a barrier for too long breaks it, so that the others need not wait.
The last one arrives at the very moment when the first gives up: the barrier opens, then it is broken.
One goes on as if both had met, the other as if they had not.`
export const report = "https://github.com/typelevel/cats-effect/pull/1407"

type Outcome = "met" | "alone"

/** For two, once. `looks`: who gives up looks whether it is open meanwhile. */
class Barrier {
  private readonly opened: asyncio.Event.Event
  private readonly looks: boolean
  private waiting = 0
  private broken = false

  constructor(opened: asyncio.Event.Event, looks: boolean) {
    this.opened = opened
    this.looks = looks
  }

  readonly meet = Effect.gen({ self: this }, function*() {
    if (this.broken) return "alone"
    if (++this.waiting === 2) {
      yield* Event.set(this.opened)
      return "met"
    }
    return yield* asyncio.timeout("50 millis", () => Event.wait(this.opened)).pipe(
      Effect.as<Outcome>("met"),
      Effect.catchTag("TimeoutError", () => Effect.sync((): Outcome => this.giveUp()))
    )
  })

  private giveUp(): Outcome {
    if (this.looks && Event.isSet(this.opened)) return "met"
    this.broken = true
    return "alone"
  }
}

const program = Effect.fnUntraced(function*(looks: boolean) {
  const barrier = new Barrier(yield* Event.make, looks)
  const outcomes = new Set<string>()
  const meet = Effect.map(barrier.meet, (outcome) => void outcomes.add(outcome))
  const first = yield* asyncio.createTask(meet, { name: "first" })
  const second = yield* asyncio.createTask(
    Effect.andThen(Explore.latency("10 millis", "80 millis"), meet),
    { name: "second" }
  )
  yield* asyncio.wait([first, second])
  if (outcomes.size > 1) return yield* Effect.die(new Error("one has met the other, who was alone"))
})

export const race = program(false)
export const fixed = program(true)
