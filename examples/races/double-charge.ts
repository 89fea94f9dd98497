import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { Explore } from "effect-asyncio/testing"

export const title = "retry that charges twice"
export const story = `A payment is not answered in time, so the client tries again.
The first was slow, not lost: the bank had it all the while, and charges it.
The customer pays twice; one key for both would have told the bank that they are the same.`
export const report = "https://github.com/akash-network/console/pull/3449"

/** The key of a payment is the client's; the bank charges each once. */
class Bank {
  readonly charged: Array<string> = []

  charge(key: string): Effect.Effect<void> {
    const network = Explore.latency("10 millis", "80 millis")
    const write = Effect.sync(() => {
      if (!this.charged.includes(key)) this.charged.push(key)
    })
    return network.pipe(Effect.andThen(write), Effect.andThen(network))
  }
}

const program = Effect.fnUntraced(function*(key: (attempt: number) => string) {
  const bank = new Bank()
  const pay: (attempt: number) => Effect.Effect<void, never, asyncio.EventLoop.EventLoop> = Effect.fnUntraced(
    function*(attempt: number) {
      // What is sent is sent: the bank knows nothing of the client's timeout.
      const call = yield* asyncio.createTask(bank.charge(key(attempt)), { name: `call ${attempt}` })
      yield* asyncio.waitFor(asyncio.shield(call), "50 millis").pipe(
        Effect.catchTag("TimeoutError", () => attempt < 3 ? pay(attempt + 1) : Effect.void)
      )
    }
  )
  const client = yield* asyncio.createTask(pay(1), { name: "client" })
  yield* asyncio.wait([client])
  yield* asyncio.sleep("1 second")
  if (bank.charged.length > 1) return yield* Effect.die(new Error(`charged ${bank.charged.length} times`))
})

export const race = program((attempt) => `attempt ${attempt}`)
export const fixed = program(() => "order 17")
