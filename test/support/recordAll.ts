/** A recorder that listens until the process ends, for `--recorded`: who is listened to does what it does alone. */
import { Effect, Scope } from "effect"
import { recorder } from "effect-asyncio/insight"

export const recordAll = (): void => {
  Effect.runSync(Scope.provide(recorder(), Scope.makeUnsafe()))
}
