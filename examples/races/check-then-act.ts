import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { Explore } from "effect-asyncio/testing"

export const title = "check-then-act across an await"
export const story = `A name is free, the registry asks a server about its owner, then writes the name down.
Whoever asks for the same name meanwhile finds it free as well.
Both are told that it is theirs, and the second overwrites the first.`
export const report = "https://github.com/Agoric/agoric-sdk/issues/1461"

const askServer = Explore.latency("10 millis", "80 millis")

/** Whether others wait while one registers. */
type Guard = <A, E, R>(step: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

const program = Effect.fnUntraced(function*(guarded: Guard) {
  const owners = new Map<string, string>()
  const register = Effect.fnUntraced(function*(name: string, owner: string) {
    if (owners.has(name)) return false
    yield* askServer
    owners.set(name, owner)
    return true
  })
  const won: Array<string> = []
  const ask = Effect.fnUntraced(function*(owner: string, at: number) {
    yield* asyncio.sleep(at)
    if (yield* guarded(register("pool", owner))) won.push(owner)
  })
  const ann = yield* asyncio.createTask(ask("ann", 0), { name: "ann" })
  const bob = yield* asyncio.createTask(ask("bob", 30), { name: "bob" })
  yield* asyncio.wait([ann, bob])
  if (won.length > 1) return yield* Effect.die(new Error(`the name belongs to ${won.join(" and ")}`))
})

export const race = program((step) => step)
export const fixed = Effect.flatMap(asyncio.Lock.make, (lock) => program(asyncio.Lock.withLock(lock)))
