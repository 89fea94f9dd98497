import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { Explore } from "effect-asyncio/testing"

const { Lock } = asyncio

export const title = "lock order"
export const story = `A transfer locks the account it takes from, then the one it gives to.
Two transfers in opposite directions each hold the lock that the other wants.
Both wait for ever; it takes a slow moment between the first lock and the second.`
export const report = "https://github.com/microsoft/libHttpClient/pull/311"

interface Account {
  readonly id: number
  readonly lock: asyncio.Lock.Lock
}

const account = (id: number) => Effect.map(Lock.make, (lock): Account => ({ id, lock }))

const check = Explore.latency("10 millis", "80 millis")

const program = Effect.fnUntraced(function*(order: (from: Account, to: Account) => readonly [Account, Account]) {
  const savings = yield* account(1)
  const checking = yield* account(2)
  const transfer = (from: Account, to: Account) => {
    const [first, second] = order(from, to)
    return Lock.withLock(first.lock, Effect.andThen(check, Lock.withLock(second.lock, check)))
  }
  const there = yield* asyncio.createTask(transfer(savings, checking), { name: "there" })
  const back = yield* asyncio.createTask(
    Effect.andThen(asyncio.sleep("30 millis"), transfer(checking, savings)),
    { name: "back" }
  )
  yield* asyncio.wait([there, back])
})

export const race = program((from, to) => [from, to])
export const fixed = program((from, to) => from.id < to.id ? [from, to] : [to, from])
