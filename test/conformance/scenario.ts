/**
 * What a translated scenario is.
 *
 * A scenario is one of the Python programs in `python/`, written again as an Effect program with the same log lines in
 * the same places. `log` is a plain function, as in Python: it notes the loop's time and the text of its arguments. The
 * harness compares every line and every time with what CPython printed (`traces/`).
 */
import type { EventLoop, Runner } from "effect-asyncio"
import type * as Effect from "effect/Effect"

/** Notes one line, `parts` joined by blanks in the traces' text form. */
export type Log = (...parts: ReadonlyArray<unknown>) => void

/** What a program may ask of the loop it runs on, beside `effect-asyncio` itself. */
export interface Loop {
  /** Seconds since the loop began, as `loop.time()` in Python; for use in plain callbacks. */
  readonly time: () => number
  /** Moves the clock while code is running (busy time), in seconds. */
  readonly advance: (seconds: number) => void
}

/** `async def main(log)`. Whatever error it leaves unhandled fails the scenario. */
export type Main = (log: Log, loop: Loop) => Effect.Effect<unknown, unknown, EventLoop.EventLoop>

/** `def main_sync(log, new_loop)`: makes its own loops, one at a time, through a `Runner`. */
export interface MainSync {
  readonly sync: (log: Log, makeRunner: () => Runner.Runner) => Promise<unknown>
}

/** A scenario that is not translated yet, or will not be; `reason` says why. */
export interface Untranslated {
  /** `waiting`: for a part that is not built yet; `difference`: deliberate, see docs/differences.md. */
  readonly status: "waiting" | "difference"
  readonly reason: string
  /** For a deliberate difference: what we do instead, as log lines `[time, text]` of this program. */
  readonly instead?: { readonly main: Main | MainSync; readonly trace: ReadonlyArray<readonly [number, string]> }
}

export type Scenario = Main | MainSync | Untranslated

/** The scenarios of one group, by the name of their Python file. */
export type Group = Readonly<Record<string, Scenario>>
