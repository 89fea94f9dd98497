/**
 * How the host measures time, and whether that was replaced.
 *
 * Effect's live Clock sleeps with the `setTimeout` that it finds at the call, and reads the `process.hrtime` that it
 * found at import, or `performance.now()`; its scheduler takes the `setImmediate` that it finds at the call. Fake
 * timers replace them all, while Effect's Clock goes on reading real time.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"

interface Host {
  readonly setTimeout: object
  readonly setImmediate?: object
  readonly process?: { readonly hrtime?: { readonly bigint?: () => bigint } }
  readonly performance?: { readonly now?: () => number }
  readonly MessageChannel?: new() => {
    readonly port1: { addEventListener(type: "message", listener: () => void): void; start(): void; close(): void }
    readonly port2: { postMessage(message: undefined): void }
  }
}

const host = globalThis as unknown as Host

const timer = (): object => host.setTimeout
/** How Effect's scheduler asks for a turn. */
const immediate = (): object => host.setImmediate ?? host.setTimeout

const found = { timer: timer(), immediate: immediate(), hrtime: host.process?.hrtime, now: host.performance?.now }

export const hostClock: Clock.Clock = Context.get(Context.empty(), Clock.Clock)

/** Replaced since import; or before it, which the usual fake timers reveal. */
const isFake = (now: object, then: object): boolean => now !== then || "clock" in now

/** Whether fake timers have replaced the host's. */
export const hasFakeTimers = (): boolean => isFake(timer(), found.timer)

/** Whether the host's turns wait for them, too. */
export const hasFakeTurns = (): boolean => isFake(immediate(), found.immediate)

/** Whether they brought a clock of their own. */
export const hasFakeClock = (): boolean =>
  found.hrtime === undefined ? host.performance?.now !== found.now : host.process?.hrtime !== found.hrtime

/** Takes a turn of the host that does not come from a timer. */
export const takeMessageTurn = (turn: () => void): void => {
  if (host.MessageChannel === undefined) return
  const { port1, port2 } = new host.MessageChannel()
  port1.addEventListener("message", () => {
    port1.close()
    turn()
  })
  port1.start()
  port2.postMessage(undefined)
}

/** The Clock's monotonic time in nanoseconds, or that of fake timers if they have replaced the host's. */
export const nowNanos = (clock: Clock.Clock): number => {
  if (clock === hostClock) {
    const hrtime = host.process?.hrtime
    if (hrtime !== found.hrtime && hrtime?.bigint !== undefined) return Number(hrtime.bigint())
  }
  return Number(clock.monotonicTimeNanosUnsafe())
}

// How far the host's `performance.now()` is behind its Clock; both show the same time.
let behind: number | undefined

/** The same in milliseconds; for the host's clock without a bigint for each call, so it may be called often. */
export const nowMillis = (clock: Clock.Clock): number => {
  const now = found.now
  if (clock !== hostClock || now === undefined || hasFakeClock() || host.performance?.now !== now) {
    return nowNanos(clock) / 1e6
  }
  behind ??= nowNanos(clock) / 1e6 - now.call(host.performance)
  return now.call(host.performance) + behind
}
