/** How a check fails. */
import * as Data from "effect/Data"
import { NodeInspectSymbol } from "effect/Inspectable"
import * as Option from "effect/Option"
import { toSvg } from "../../insight/drawing/svg.ts"
import type { Deviation, Kind, Run, Step } from "../Explore.ts"
import { pictureOf } from "./picture.ts"

interface Schedule {
  readonly message: string
  readonly kind: Kind
  /** What it failed with; of kind `failed` and `died` the cause's squashed error. */
  readonly error: unknown
  /** For `replay`; at most 80 characters. */
  readonly token: string
  /** The schedules that were tried. */
  readonly runs: number
  /** What differed from the written order when it was found. */
  readonly found: ReadonlyArray<Deviation>
  /** What is left of that: without any of it the program passes, or fails in another way. */
  readonly shrunk: ReadonlyArray<Deviation>
  /** False if the live loop can't have this schedule: it delays steps, or cancels what nobody cancels. */
  readonly canHappen: boolean
  readonly failing: Run
  /** The nearest run that passes: of those without one of the deviations the one with the longest common beginning. */
  readonly passing: Option.Option<Run>
  /** The message, for a terminal. */
  readonly coloured: string
}

/** The message says everything: test runners would print each field again, and lines of the check's own code. */
const showMessageOnly = (error: Error, fields: object): void => {
  for (const name of Object.keys(fields)) Object.defineProperty(error, name, { enumerable: false })
  Object.defineProperty(error, "stack", { value: `${error.name}: ${error.message}` })
}

/** The kinds that fail with an error of the program. */
const programs: ReadonlySet<Kind> = new Set(["failed", "died", "unseen"])

/**
 * A schedule under which the program fails. The message is the whole report; the `cause` is the program's own error, if it
 * failed with one.
 *
 * @category errors
 * @since 0.2.0
 */
export class ScheduleError extends Data.TaggedError("ScheduleError")<Schedule> {
  constructor(schedule: Schedule) {
    super(schedule)
    showMessageOnly(this, schedule)
    // Test runners show the cause below: its place in the program, and an assertion's diff.
    if (programs.has(schedule.kind) && schedule.error instanceof Error) {
      Object.defineProperty(this, "cause", { value: schedule.error })
    }
  }

  /**
   * The report as a picture: a lane for each task, the failing run above the nearest that passes. SVG, 800 pixels wide, in
   * the reader's colour scheme.
   */
  svg(): string {
    const [first] = this.message.split("\n", 1)
    const picture = pictureOf(
      first!.replace(/:$/, ""),
      this.failing,
      Option.getOrUndefined(this.passing),
      this.kind === "deadlock"
    )
    return toSvg(picture)
  }

  override [NodeInspectSymbol](_depth?: number, options?: { readonly colors?: boolean }): string {
    return `${this.name}: ${options?.colors === true ? this.coloured : this.message}`
  }
}

interface TwoRuns {
  readonly message: string
  readonly first: Option.Option<Step>
  readonly second: Option.Option<Step>
  /** `Math.random at file:line:column, in 'worker'`. */
  readonly sources: ReadonlyArray<string>
}

/**
 * Two runs in the written order that differ. The message names the first step that differs, and what was called on the
 * way that gives another value each time.
 *
 * @category errors
 * @since 0.2.0
 */
export class NotDeterministicError extends Data.TaggedError("NotDeterministicError")<TwoRuns> {
  constructor(runs: TwoRuns) {
    super(runs)
    showMessageOnly(this, runs)
  }
}

interface Token {
  readonly message: string
  readonly reason: "malformed" | "version" | "changed"
}

/**
 * A text that is not a token, a token of another version, or one of a program that has changed since.
 *
 * @category errors
 * @since 0.2.0
 */
export class TokenError extends Data.TaggedError("TokenError")<Token> {
  constructor(token: Token) {
    super(token)
    showMessageOnly(this, token)
  }
}
