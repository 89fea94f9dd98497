/**
 * One program, many schedules.
 *
 * A race is a failure that needs a particular schedule. A test sees one schedule, always the same; `check` runs the
 * program under many, on virtual loops, and reports the smallest one that breaks it: as a token to replay, in words,
 * and beside the nearest one that passes.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Option from "effect/Option"
import { CurrentLoggers } from "effect/References"
import type { EventLoop } from "../EventLoop.ts"
import * as argument from "../internal/host/check.ts"
import { sleep } from "../sleep.ts"
import { CurrentRun } from "./explore/CurrentRun.ts"
import type { NotDeterministicError, ScheduleError, TokenError } from "./explore/errors.ts"
import { Explorer } from "./explore/Explorer.ts"
import { Paths } from "./explore/Paths.ts"
import { Runs } from "./explore/Runs.ts"
import { settingsOf } from "./explore/settings.ts"

// ------------------------------------------------------------------------------------------------------------- options

/**
 * What a schedule may change in the written order.
 *
 * **Details**
 *
 * Everything that is on by default can happen on the live loop: time, latencies, faults, choices. A cancellation can
 * happen if something cancels; the program has to say what holds then. A different order can't happen today, only after
 * a change.
 *
 * Never varied, because the library promises them: the order of waiters in one line, of plain callbacks, of timers by
 * their deadlines, and of the loop's own entries.
 *
 * @category models
 * @since 0.2.0
 */
export interface Vary {
  /**
   * The host pauses between two ticks, for `pause` at most, up to the next deadline or the one after; an open timeout
   * strikes right before a step of its task, as if it were shorter. Default: true.
   */
  readonly time?: boolean | undefined
  /** `latency` takes longer than its minimum. Default: true. */
  readonly latency?: boolean | undefined
  /** `fault` strikes. Default: true. */
  readonly faults?: boolean | undefined
  /** `choose` takes a value other than the first. Default: true. */
  readonly choices?: boolean | undefined
  /**
   * A step comes some ticks later than written. A program that fails only this way is not wrong today: it relies on the
   * written order, and one more `yield*` somewhere breaks it. Default: false.
   */
  readonly order?: boolean | undefined
  /**
   * A task is cancelled right before or right after a step of its own: every task except main, or those whose name the
   * function picks. If the function throws, or returns anything but a boolean, the check dies. Default: false.
   */
  readonly cancel?: boolean | ((name: string) => boolean) | undefined
  /**
   * How `cancel` does it: as `Task.cancel` does, as Effect's own interruption, which can't be refused, or both.
   * Default: `"cancel"`.
   */
  readonly how?: "cancel" | "interrupt" | "both" | undefined
  /**
   * For programs in plain Effect: a fiber yields before any of its operations, as Effect's scheduler may make it, and
   * forked fibers are delayed with `order`, and interrupted with `cancel`, as tasks are. Steps are not atomic then, so
   * it is not for programs that rely on this library's steps. Default: false.
   */
  readonly operations?: boolean | undefined
}

/**
 * Where the schedules come from.
 *
 * **Details**
 *
 * - `"mixed"`: every single deviation first, cheapest class first, in half of the runs at most; then PCT of depth 2, 3, 4
 *   and random walks in turn. It ends as soon as 200 runs in a row repeat what others did.
 * - `"single"`: every schedule with one deviation, then it ends.
 * - `{ bounded: k }`: every schedule with up to `k` deviations, fewer first.
 * - `{ pct: d }`: random priorities and `d - 1` points where they change (Burckhardt et al., 2010).
 * - `{ random: p }`: each deviation that is possible with probability `p`.
 *
 * @category models
 * @since 0.2.0
 */
export type Strategy =
  | "mixed"
  | "single"
  | { readonly bounded: number }
  | { readonly pct: number }
  | { readonly random: number }

/**
 * Options of `check` and `run`.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  /** How many schedules to try, including the two of the determinism check. Default: 500. */
  readonly runs?: number | undefined
  /**
   * Real time after which no new schedule begins; at least half as much again is allowed for shrinking a failing one.
   * Default: 3 seconds, so that a test runner's own limit of 5 does not end the check without a report.
   */
  readonly timeLimit?: Duration.Input | undefined
  /** The seed of what is random. Default: 1, so a test is the same test every time. */
  readonly seed?: number | undefined
  /** What may differ from the written order. Default: what the live loop can do, except cancellations. */
  readonly vary?: Vary | undefined
  /** Where the schedules come from. Default: `"mixed"`. */
  readonly strategy?: Strategy | undefined
  /** The longest pause of the host. Default: 50 milliseconds. */
  readonly pause?: Duration.Input | undefined
  /** Whether tasks left when main is done are a failure. Default: true. */
  readonly leaks?: boolean | undefined
  /**
   * Whether the program waits for promises or I/O. If so, the host gets a turn before the clock jumps, which is several
   * times slower, and what comes from outside is not part of the schedule. Default: false.
   */
  readonly outside?: boolean | undefined
  /** How many ticks may go by without time passing. Default: 10,000. */
  readonly maxTicks?: number | undefined
  /** How many schedules shrinking may run; 0 means no shrinking. Default: 2,000. */
  readonly shrinkRuns?: number | undefined
  /** The token of a report: runs just that schedule. Whitespace around it is ignored. */
  readonly replay?: string | undefined
}

// ------------------------------------------------------------------------------------------------------------- results

/**
 * One difference from the written order.
 *
 * @category models
 * @since 0.2.0
 */
export interface Deviation {
  /** What differs there. */
  readonly kind: "pause" | "timeout" | "latency" | "fault" | "choice" | "delay" | "cancel" | "interrupt" | "yield"
  /** The task or fiber, by name. */
  readonly task: string
  /** Which of its own steps, latencies, faults, choices or operations, counted from 1. */
  readonly step: number
  /** `delay` and `yield`: ticks. `latency`: sevenths of its range. `choice`: the index. `pause`: which of the next deadlines, from 1. */
  readonly amount: number
  /** In words: `latency 2 of 'call 0' takes 58 ms`. */
  toString(): string
}

/**
 * One step of a task or fiber, and what it did.
 *
 * @category models
 * @since 0.2.0
 */
export interface Step {
  /** Virtual milliseconds since the run began. */
  readonly millis: number
  /** The task or fiber, by name; several may have the same name. */
  readonly task: string
  /** Whose step it is among all of them: an index of the run's `lanes`. */
  readonly lane: number
  /** Which of its own steps, counted from 1. */
  readonly step: number
  /** How it ended: suspended, yielded, or the last one. */
  readonly end: "waits" | "yields" | "succeeds" | "fails" | "cancelled"
  /** The same in words: `waits for a Lock held by task 'b'`, `ends`, `fails: TimeoutError`. */
  readonly what: string
  /** What made this step differ from the written order, if anything did. */
  readonly deviations: ReadonlyArray<Deviation>
  /** What `note` said in it. */
  readonly notes: ReadonlyArray<string>
}

/**
 * What happened in one run.
 *
 * @category models
 * @since 0.2.0
 */
export interface Run {
  /** The tasks and fibers by name, in the order of their first steps. */
  readonly lanes: ReadonlyArray<string>
  /** In order; for a very long run, at least the last 10,000. */
  readonly steps: ReadonlyArray<Step>
  /** Where it differs from the written order, in order. */
  readonly deviations: ReadonlyArray<Deviation>
  /** The claim of `always` that does not hold after the last step; the run ends there. */
  readonly broken: ReadonlyArray<Broken>
}

/**
 * An invariant that does not hold.
 *
 * @category models
 * @since 0.2.0
 */
export interface Broken {
  /** Virtual milliseconds since the run began. */
  readonly millis: number
  /** After whose step, as an index of the run's `lanes`; main's after a plain callback. */
  readonly lane: number
  /** In words: `"no money is made" does not hold`. */
  readonly what: string
}

/**
 * How a program fails.
 *
 * **Details**
 *
 * - `failed`, `died`: its main program failed or died.
 * - `deadlock`, `spin`: it can't go on, or goes on forever. A lost wake-up shows as a deadlock.
 * - `unseen`: a failure that nobody saw, or anything else that reaches the exception handler.
 * - `leak`: tasks are left when main is done.
 * - `invariant`: a claim of `always` does not hold.
 *
 * @category models
 * @since 0.2.0
 */
export type Kind = "failed" | "died" | "deadlock" | "spin" | "unseen" | "leak" | "invariant"

/**
 * A failure of one run. `error` is what it failed with; for `failed` and `died`, the cause's squashed error.
 *
 * @category models
 * @since 0.2.0
 */
export interface Failure {
  /** What kind of failure it is. */
  readonly kind: Kind
  /** The error itself: what `message` says in words. */
  readonly error: unknown
  /** What failed, in words. */
  readonly message: string
}

/**
 * All schedules that were tried pass.
 *
 * @category models
 * @since 0.2.0
 */
export interface Passed {
  /** How many schedules were tried. */
  readonly runs: number
  /** Every schedule with at most this many deviations was tried; 0: not even all single ones. */
  readonly exhausted: number
  /** Places where a schedule could differ, in the written order; 0: nothing could, so nothing was explored. */
  readonly points: number
  /** How many runs differ in what happened; runs that only repeat others add nothing. */
  readonly distinct: number
}

export { NotDeterministicError, ScheduleError, TokenError } from "./explore/errors.ts"

// -------------------------------------------------------------------------------------------------------------- verbs

/**
 * Runs a program under many schedules, each on a fresh virtual loop. Fails with the first one under which the program
 * fails, made smaller.
 *
 * **When to use**
 *
 * Use as a test: `it.effect("…", () => Explore.check(program))` is all. The program is ordinary code with assertions;
 * stubs with `latency`, `fault` and `choose` stand for the outside world.
 *
 * **Details**
 *
 * The program runs twice in the written order, and both runs have to be the same; then in schedules that differ from it
 * in a few places (`vary` and `strategy` say which). It is a failure if the program fails or dies, if nothing can go
 * on, if a failure goes unseen, if tasks are left when the program is done, or if a claim of `always` does not hold.
 * Ending cancelled is not a failure if the schedule has cancelled something.
 *
 * The program's error is in the report, not in the type: any failure is one. Its services come from outside, and are
 * the same in every run, so whatever has state belongs inside. Logging is off, except in a replay.
 *
 * The check runs in one go, with a turn of the host every 10 milliseconds. An interruption ends the current run, and
 * leaves nothing behind.
 *
 * **Gotchas**
 *
 * Promises settle when the host says so, and no schedule can say when: a program that waits for one needs `outside: true`.
 *
 * **Example** (A check, then an act)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { Explore } from "effect-asyncio/testing"
 *
 * const program = Effect.gen(function*() {
 *   let stock = 1
 *   const buy = Effect.gen(function*() {
 *     if (stock === 0) return
 *     yield* Explore.latency("1 millis", "50 millis")
 *     stock--
 *   })
 *   const later = Effect.andThen(asyncio.sleep("10 millis"), buy)
 *   yield* asyncio.gather([buy, later])
 *   if (stock < 0) return yield* Effect.die("sold twice")
 * })
 *
 * const error = await Effect.runPromise(Effect.flip(Explore.check(program)))
 *
 * error._tag === "ScheduleError" && error.shrunk.map(String) // => ["latency 1 of 'Task-2' takes 15 ms"]
 * ```
 *
 * @category running
 * @since 0.2.0
 */
export const check = <A, E, R>(
  program: Effect.Effect<A, E, R>,
  options?: Options
): Effect.Effect<
  Passed,
  ScheduleError | NotDeterministicError | TokenError,
  Exclude<R, EventLoop>
> => Effect.withFiber((fiber) => explorerOf("Explore.check", fiber, program, options).check)

/**
 * Runs a program under one schedule, and returns what happened: for a debugger, or to look at a run that passes.
 *
 * **Details**
 *
 * Without a token it runs in the written order. With one, the options have to be those of the check that reported it.
 * Logging is on.
 *
 * **Example** (What a program does)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { Explore } from "effect-asyncio/testing"
 *
 * const nap = Effect.andThen(asyncio.sleep("1 second"), Explore.note("awake"))
 * const { steps } = await Effect.runPromise(Explore.run(nap))
 *
 * steps.map(({ millis, what }) => `${millis} ${what}`) // => ["0 waits for a timer", "1000 ends"]
 * ```
 *
 * @category running
 * @since 0.2.0
 */
export const run = <A, E, R>(
  program: Effect.Effect<A, E, R>,
  token?: string,
  options?: Options
): Effect.Effect<
  Run & { readonly failure: Option.Option<Failure> },
  TokenError,
  Exclude<R, EventLoop>
> =>
  Effect.withFiber((fiber) => {
    if (token !== undefined) argument.string("Explore.run", "the token", token)
    return explorerOf("Explore.run", fiber, program, options).one(token?.trim())
  })

const explorerOf = <A, E, R>(
  call: string,
  fiber: Fiber.Fiber<unknown, unknown>,
  program: Effect.Effect<A, E, R>,
  options: Options | undefined
): Explorer => {
  if (!Effect.isEffect(program)) argument.effect(call, "the program", program)
  const exploration = {
    // Its services are in the type of `check` and `run`, hence in the context.
    program: program as Effect.Effect<A, E, EventLoop>,
    context: fiber.context,
    quiet: Context.add(fiber.context, CurrentLoggers, new Set()),
    settings: settingsOf(call, options),
    paths: new Paths()
  }
  return new Explorer(new Runs(exploration, fiber.getRef(CurrentRun) !== undefined))
}

// ------------------------------------------------------------------------------------------------- what a program may say

/**
 * Stands for a wait on the outside world: takes `least`, or up to `most` if the schedule says so.
 *
 * **Details**
 *
 * Outside `check` and `run` it takes `least`. A number is milliseconds. Dies with `IllegalArgumentError` unless `0 <=
 * least <= most`, and both are finite. An interruption loses nothing.
 *
 * @category program
 * @since 0.2.0
 */
export const latency = (least: Duration.Input, most: Duration.Input): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    const call = "Explore.latency"
    const shortest = argument.nanos(call, least, "the least")
    const longest = argument.nanos(call, most, "the most")
    if (!(shortest >= 0 && shortest < Infinity)) argument.illegal(call, "the least", least, "finite and not negative")
    if (!(longest >= shortest && longest < Infinity)) {
      argument.illegal(call, "the most", most, "finite and no less than the least")
    }
    return sleep((fiber.getRef(CurrentRun)?.latency(fiber, shortest, longest) ?? shortest) / 1e6)
  })

/**
 * Fails if the schedule says so, as the outside world may. `error` may be a function that makes the error.
 *
 * **Details**
 *
 * Outside `check` and `run` it does nothing. It takes no tick.
 *
 * @category program
 * @since 0.2.0
 */
export const fault = <E>(error: E | (() => E)): Effect.Effect<void, E> =>
  Effect.withFiber((fiber) => {
    if (fiber.getRef(CurrentRun)?.fault(fiber) !== true) return Effect.void
    return Effect.fail(isMaker(error) ? error() : error)
  })

const isMaker = <E>(error: E | (() => E)): error is () => E => typeof error === "function"

/**
 * Returns the first of the values, or another if the schedule says so: data, sizes. Shrinks towards the first.
 *
 * **Details**
 *
 * Outside `check` and `run` it returns the first. It takes no tick. Dies with `IllegalArgumentError` if there is none.
 *
 * @category program
 * @since 0.2.0
 */
export const choose = <const A>(values: readonly [A, ...ReadonlyArray<A>]): Effect.Effect<A> =>
  Effect.withFiber((fiber) => {
    if (!Array.isArray(values) || values.length === 0) {
      argument.illegal("Explore.choose", "the values argument", values, "an array that is not empty")
    }
    // The index is below the length.
    return Effect.succeed(values[fiber.getRef(CurrentRun)?.choose(fiber, values) ?? 0]!)
  })

/**
 * Declares what has to hold after every step from here on, in this run. If `holds` throws, that counts as not holding.
 *
 * **Details**
 *
 * Outside `check` and `run` it does nothing. Costs one call per step.
 *
 * @category program
 * @since 0.2.0
 */
export const always = (name: string, holds: () => boolean): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    argument.string("Explore.always", "the name", name)
    argument.callback("Explore.always", "what holds", holds)
    fiber.getRef(CurrentRun)?.always(name, holds)
    return Effect.void
  })

/**
 * Writes a line into the report, at the current step.
 *
 * @category program
 * @since 0.2.0
 */
export const note = (text: string): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    argument.string("Explore.note", "the text", text)
    fiber.getRef(CurrentRun)?.note(text)
    return Effect.void
  })

const none: ReadonlySet<string> = new Set()

/**
 * The names of the tasks that this run's schedule has cancelled so far; none outside of `check` and `run`.
 *
 * **When to use**
 *
 * Use with `vary: { cancel }`, to say what holds after a cancellation: a cancelled producer leaves its consumers
 * waiting, and that is not their fault.
 *
 * @category program
 * @since 0.2.0
 */
export const cancelled: Effect.Effect<ReadonlySet<string>> = Effect.withFiber((fiber) =>
  Effect.succeed(fiber.getRef(CurrentRun)?.cancelled ?? none)
)
