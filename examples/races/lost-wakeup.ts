import { Effect } from "effect"
import * as asyncio from "effect-asyncio"

const { Future } = asyncio

export const title = "lost wake-up after a cancel"
export const story = `A semaphore wakes the first in its line when a permit is given back.
If that one is cancelled before it runs, the permit stays where it is, and nobody else is told.
The next in line waits for ever, beside a free permit.`
export const report = "https://github.com/python/cpython/issues/90155"

/** As asyncio's was. `passesOn`: who is cancelled after its wake wakes the next. */
class Semaphore {
  private readonly line: Array<asyncio.Future.Future<void>> = []
  private readonly passesOn: boolean
  private permits = 1

  constructor(passesOn: boolean) {
    this.passesOn = passesOn
  }

  private wakeNext(): void {
    const next = this.line.find((future) => !Future.done(future))
    if (next !== undefined) Future.succeedUnsafe(next, undefined)
  }

  private readonly acquire = Effect.gen({ self: this }, function*() {
    while (this.permits === 0) {
      const turn = yield* Future.make<void>()
      this.line.push(turn)
      yield* Future.join(turn).pipe(
        Effect.onInterrupt(() =>
          Effect.sync(() => {
            if (this.passesOn && this.permits > 0) this.wakeNext()
          })
        ),
        Effect.ensuring(Effect.sync(() => void this.line.splice(this.line.indexOf(turn), 1)))
      )
    }
    this.permits--
  })

  private readonly release = Effect.sync(() => {
    this.permits++
    this.wakeNext()
  })

  withPermit<A, E, R>(effect: Effect.Effect<A, E, R>) {
    return Effect.uninterruptibleMask((restore) =>
      Effect.andThen(restore(this.acquire), Effect.ensuring(restore(effect), this.release))
    )
  }
}

const program = Effect.fnUntraced(function*(passesOn: boolean) {
  const semaphore = new Semaphore(passesOn)
  const holder = yield* asyncio.createTask(semaphore.withPermit(asyncio.sleep("10 millis")), { name: "holder" })
  const impatient = yield* asyncio.createTask(
    asyncio.timeout("20 millis", () => semaphore.withPermit(Effect.void)).pipe(
      Effect.catchTag("TimeoutError", () => Effect.void)
    ),
    { name: "impatient" }
  )
  const patient = yield* asyncio.createTask(semaphore.withPermit(Effect.void), { name: "patient" })
  yield* asyncio.wait([holder, impatient, patient])
})

export const race = program(false)
export const fixed = program(true)
