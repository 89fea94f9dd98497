/**
 * What the host measures time with, and whether it was replaced.
 *
 * Effect's live Clock sleeps by the `setTimeout` that it finds at the call, and reads the `process.hrtime` that it found
 * at import, or else `performance.now()`; its scheduler takes the `setImmediate` that it finds at the call. Fake timers
 * replace them all, and Effect's Clock goes on to read the time of before.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"

interface Host {
  readonly setTimeout: (run: () => void, millis: number) => unknown
  readonly setImmediate?: (run: () => void) => unknown
  readonly process?: { readonly hrtime?: { readonly bigint?: () => bigint } }
  readonly performance?: { readonly now?: () => number }
}

const host = globalThis as unknown as Host

const found = {
  setTimeout: host.setTimeout,
  setImmediate: host.setImmediate,
  hrtime: host.process?.hrtime,
  now: host.performance?.now
}

export const hostClock: Clock.Clock = Context.get(Context.empty(), Clock.Clock)

/** Whether fake timers are in the place of the host's. */
export const hasFakeTimers = (): boolean => host.setTimeout !== found.setTimeout

/** Whether they brought a clock that goes with them. */
export const hasFakeClock = (): boolean =>
  found.hrtime === undefined ? host.performance?.now !== found.now : host.process?.hrtime !== found.hrtime

/** A turn of the host itself, whoever replaced its timers. */
export const takeHostTurn = (turn: () => void): void => {
  if (found.setImmediate === undefined) found.setTimeout.call(globalThis, turn, 0)
  else found.setImmediate.call(globalThis, turn)
}

/** The Clock's monotonic time in nanoseconds; that of fake timers where they are in the place of the host's. */
export const nowNanos = (clock: Clock.Clock): number => {
  const hrtime = host.process?.hrtime
  return hrtime !== found.hrtime && clock === hostClock && hrtime?.bigint !== undefined
    ? Number(hrtime.bigint())
    : Number(clock.monotonicTimeNanosUnsafe())
}
