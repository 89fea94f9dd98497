/**
 * One program, many schedules.
 *
 * A race is a failure that needs a schedule. A test sees one of them, always the same; `check` runs the program under
 * many, on virtual loops, and gives the smallest one that breaks it: as a token to replay, in words, and beside the
 * nearest one that passes.
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
 * What may differ from the written order.
 *
 * **Details**
 *
 * Everything that is on by default can happen on the live loop: time, latencies, faults, choices. A cancellation can
 * happen if anybody cancels; the program has to say what holds then. Order can't happen today, only after a change.
 *
 * Never varied: the order of those who wait in one line, of plain callbacks, of timers by their deadlines, and the loop's
 * own entries. The library promises these.
 *
 * @category models
 * @since 0.2.0
 */
export interface Vary {
  /**
   * The host pauses between two ticks, by `pause` at most, to the next deadline or the one after; an open timeout strikes
   * right before a step of its task, as if it were shorter. Default true.
   */
  readonly time?: boolean | undefined
  /** `latency` takes longer than its least. Default true. */
  readonly latency?: boolean | undefined
  /** `fault` strikes. Default true. */
  readonly faults?: boolean | undefined
  /** `choose` takes another value than the first. Default true. */
  readonly choices?: boolean | undefined
  /**
   * A step comes some ticks later than written. A program that fails only this way is not wrong today: it relies on the
   * written order, and one `yield*` more somewhere breaks it. Default false.
   */
  readonly order?: boolean | undefined
  /**
   * A task is cancelled right before or right after a step of its own: every task but main, or those whose name the
   * function picks. A picker that throws, or gives no boolean, is the check's defect. Default false.
   */
  readonly cancel?: boolean | ((name: string) => boolean) | undefined
  /** As `Task.cancel` does, or as Effect's own interruption, which can't be refused; beside `cancel`. Default `"cancel"`. */
  readonly how?: "cancel" | "interrupt" | "both" | undefined
  /**
   * For programs in plain Effect: a fiber yields before any of its operations, as Effect's scheduler may make it, and
   * forked fibers are delayed with `order`, and interrupted with `cancel`, as tasks are. Steps are not atomic then: not
   * for programs that rely on this library's steps. Default false.
   */
  readonly operations?: boolean | undefined
}

/**
 * Where the schedules come from.
 *
 * **Details**
 *
 * - `"mixed"`: every single deviation first, cheapest class first, in half of the runs at most; then PCT of depth 2, 3, 4
 *   and random walks in turn. As soon as 200 runs in a row repeat what others did, it ends.
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
  /** Schedules to try, the two of the determinism check included. Default 500. */
  readonly runs?: number | undefined
  /**
   * Real time after which no new schedule begins; half as much is left, at least, for making a failing one smaller. Default
   * 3 seconds, so that a test runner's own limit of 5 does not end the check without a report.
   */
  readonly timeLimit?: Duration.Input | undefined
  /** Of what is random. Default 1: a test is the same test every time. */
  readonly seed?: number | undefined
  /** What may differ from the written order. Default: what the live loop can do, all but cancellations. */
  readonly vary?: Vary | undefined
  /** Default `"mixed"`. */
  readonly strategy?: Strategy | undefined
  /** The longest pause of the host. Default 50 milliseconds. */
  readonly pause?: Duration.Input | undefined
  /** Tasks left when main is done are a failure. Default true. */
  readonly leaks?: boolean | undefined
  /**
   * The program waits for promises or I/O: the host gets a turn before the clock jumps, which is several times slower, and
   * what comes from outside is not a part of the schedule. Default false.
   */
  readonly outside?: boolean | undefined
  /** Ticks without time passing. Default 10,000. */
  readonly maxTicks?: number | undefined
  /** Schedules that shrinking may run; 0 is no shrinking. Default 2,000. */
  readonly shrinkRuns?: number | undefined
  /** The token of a report, whitespace around it left aside: runs this one schedule. */
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
  /** Which of its own steps, latencies, faults, choices or operations; from 1. */
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
  /** The task or fiber, by name; several may have the same. */
  readonly task: string
  /** Whose step it is among all of them: an index of the run's `lanes`. */
  readonly lane: number
  /** Which of its own steps; from 1. */
  readonly step: number
  /** How it ended: suspended, yielded, or as the last one. */
  readonly end: "waits" | "yields" | "succeeds" | "fails" | "cancelled"
  /** The same in words: `waits for a Lock held by task 'b'`, `ends`, `fails: TimeoutError`. */
  readonly what: string
  /** What made this step differ from the written order. */
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
  /** In order; of a very long run the last 10,000 at least. */
  readonly steps: ReadonlyArray<Step>
  /** Where it differs from the written order, in order. */
  readonly deviations: ReadonlyArray<Deviation>
  /** What `always` said that does not hold after the last step; the run ends there. */
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
  /** After whose step: an index of the run's `lanes`; main's after a plain callback. */
  readonly lane: number
  /** In words: `"no money is made" does not hold`. */
  readonly what: string
}

/**
 * How a program fails.
 *
 * **Details**
 *
 * - `failed`, `died`: its main program.
 * - `deadlock`, `spin`: it can't go on, or goes on for ever. A lost wake-up ends as the first.
 * - `unseen`: a failure that nobody saw, and whatever else comes to the exception handler.
 * - `leak`: tasks are left when main is done.
 * - `invariant`: what `always` said does not hold.
 *
 * @category models
 * @since 0.2.0
 */
export type Kind = "failed" | "died" | "deadlock" | "spin" | "unseen" | "leak" | "invariant"

/**
 * A failure of one run. `error` is what it failed with; of `failed` and `died` the cause's squashed error.
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
  /** Every schedule of at most that many deviations was tried; 0: not even all single ones. */
  readonly exhausted: number
  /** Places where a schedule could differ, in the written order; 0: nothing could, so nothing was explored. */
  readonly points: number
  /** Runs that differ in who did what: more runs that only repeat say nothing. */
  readonly distinct: number
}

export { NotDeterministicError, ScheduleError, TokenError } from "./explore/errors.ts"

// -------------------------------------------------------------------------------------------------------------- verbs

/**
 * Runs a program under many schedules, each on a fresh virtual loop. Fails with the first under which it fails, made smaller.
 *
 * **When to use**
 *
 * Use as a test: `it.effect("…", () => Explore.check(program))` is all. The program is ordinary code with assertions; what
 * it waits for outside is a stub with `latency`, `fault` and `choose`.
 *
 * **Details**
 *
 * It runs twice in the written order, and both runs have to be the same; then in schedules that differ from it in a few
 * places (`vary` and `strategy` say which). A failure is: the program fails or dies, nothing can go on, a failure that
 * nobody saw, tasks that are left when it is done, a claim of `always` that does not hold. Ending cancelled is not a
 * failure if the schedule has cancelled somebody.
 *
 * The program's error is in the report, not in the type: any failure is one. Its services come from outside, and are
 * the same in every run: whatever has state belongs inside. Logs of the runs are off, except for that of a replay.
 *
 * All of it goes on at once, with a turn of the host every 10 milliseconds. Interrupted, it ends the run under way, and
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
 * Runs a program under one schedule, and gives what happened: for a debugger, or to look at a run that passes.
 *
 * **Details**
 *
 * Without a token it is the written order. With one the options have to be those of the check that gave it. What the
 * program logs is logged.
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
    // Its services are in the type of `check` and `run`, and so in the context.
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
 * Waits for something outside: `least`, or up to `most` where the schedule says so.
 *
 * **Details**
 *
 * Outside `check` and `run` it takes `least`. A number is milliseconds. Dies with `IllegalArgumentError` unless
 * `0 <= least <= most`, and both are finite. Interrupted, nothing is lost.
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
 * Fails where the schedule says so, as the outside world may. A function makes the error.
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
 * Gives the first of the values, or another where the schedule says so: data, sizes. Shrinks towards the first.
 *
 * **Details**
 *
 * Outside `check` and `run` it gives the first. It takes no tick. Dies with `IllegalArgumentError` if there is none.
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
 * Says what has to hold after every step from here on, in this run. What it throws counts as not holding.
 *
 * **Details**
 *
 * Outside `check` and `run` nobody asks. Costs a call for each step.
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
 * Writes a line into the report, at the step that runs.
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
 * Use where `vary` has `cancel`, to say what holds after a cancellation: a cancelled producer leaves its consumers waiting,
 * and that is no fault of theirs.
 *
 * @category program
 * @since 0.2.0
 */
export const cancelled: Effect.Effect<ReadonlySet<string>> = Effect.withFiber((fiber) =>
  Effect.succeed(fiber.getRef(CurrentRun)?.cancelled ?? none)
)
