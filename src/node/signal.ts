/**
 * `signal`: waiting for a signal of the operating system.
 *
 * The process has a listener only while somebody waits, so a signal that nobody waits for has its usual effect: under
 * `runMain` a second Ctrl-C cancels the program, otherwise it ends the process. asyncio's `loop.add_signal_handler` calls back until it is removed; here, use
 * `Effect.forever` to wait again.
 */
import * as Effect from "effect/Effect"
import { constants } from "node:os"
import * as check from "../internal/host/check.ts"
import { Waiter } from "../internal/waiting/Waiter.ts"

/**
 * Waits for a signal to the process, and returns its name.
 *
 * **When to use**
 *
 * Use to shut down a server or worker cleanly: `signal("SIGINT")` in a task of its own, or in a `wait` for the first of
 * several to complete.
 *
 * **Details**
 *
 * One signal wakes every task that waits for it, each in a step of its own. While somebody waits, the signal does
 * nothing else, and the process stays alive; the next one goes to `runMain`. Cancelling the wait loses nothing and
 * removes the listener. O(1). asyncio's `loop.add_signal_handler`.
 *
 * **Gotchas**
 *
 * `SIGKILL` and `SIGSTOP` can't be waited for; they and unknown names die with `IllegalArgumentError`. On Windows, Node
 * supports `SIGINT`, `SIGBREAK` and `SIGHUP`.
 *
 * **Example** (Working until Ctrl-C)
 *
 * ```ts import.meta.vitest
 * import { Console, Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { signal } from "effect-asyncio/node"
 *
 * const main = Effect.gen(function*() {
 *   const stop = yield* asyncio.createTask(signal("SIGUSR2"), { eager: true })
 *   process.kill(process.pid, "SIGUSR2") // somebody presses the key
 *   yield* Console.log(`stopped by ${yield* stop}`)
 * })
 *
 * await asyncio.run(main)
 * // => stopped by SIGUSR2
 * ```
 *
 * @category waiting
 * @since 0.2.0
 */
export const signal = <Name extends NodeJS.Signals>(name: Name): Effect.Effect<Name> =>
  Effect.suspend(() => {
    if (!(name in constants.signals) || name === "SIGKILL" || name === "SIGSTOP") {
      check.illegal("signal", "the name", name, "a signal that a process can listen to, such as \"SIGINT\"")
    }
    return new SignalWaiter(name).park()
  })

// INVARIANT: those whose listener is on the process.
const waiting = new Set<SignalWaiter<NodeJS.Signals>>()

export const isAwaited = (name: NodeJS.Signals): boolean => Array.from(waiting).some((waiter) => waiter.name === name)

/** A timer too long to ever fire, which keeps the process alive: signals alone do not. */
const ever = 2 ** 31 - 1

class SignalWaiter<Name extends NodeJS.Signals> extends Waiter<Name> {
  readonly name: Name
  // INVARIANT: defined while the listener is on the process.
  private alive: NodeJS.Timeout | undefined = undefined
  constructor(name: Name) {
    super()
    this.name = name
  }
  get label(): string {
    return this.name
  }
  override enter(): void {
    process.on(this.name, this.heard)
    waiting.add(this)
    this.alive = setInterval(() => {}, ever)
  }
  override leave(): void {
    process.off(this.name, this.heard)
    waiting.delete(this)
    clearInterval(this.alive)
    this.alive = undefined
  }
  private readonly heard = (): void => {
    this.leave()
    if (this.state === "parked") this.wake()
  }
  proceed() {
    return Effect.succeed(this.name)
  }
}
