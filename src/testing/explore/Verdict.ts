/** How a run fails; the first failure counts. */
import * as Cause from "effect/Cause"
import type * as Exit from "effect/Exit"
import type { LoopImpl } from "../../internal/loop/loop.ts"
import { tasksOf } from "../../internal/task/tasks.ts"
import { isCancelled } from "../../internal/waiting/cancelled.ts"
import { DeadlockError, SpinError } from "../errors.ts"
import type { Failure, Kind } from "../Explore.ts"
import { told } from "./moments.ts"
import type { Settings } from "./settings.ts"
import { textOf, wordsOf } from "./Trace.ts"

const hint = "if that is a promise or I/O, set `outside: true`: without it no promise settles here"

const none: ReadonlyArray<string> = []

export class Verdict {
  failure: Failure | undefined = undefined
  private readonly settings: Settings
  private readonly invariants: Array<readonly [name: string, holds: () => boolean]> = []

  constructor(settings: Settings) {
    this.settings = settings
  }

  private fail(kind: Kind, error: unknown, message: string): void {
    this.failure ??= { kind, error, message }
  }

  /** Main is done. `wasHit`: the schedule has cancelled something, which may have cancelled main. */
  ended(exit: Exit.Exit<unknown, unknown>, loop: LoopImpl, wasHit: boolean): void {
    if (exit._tag === "Failure") {
      if (!isCancelled(exit)) this.failBy(exit.cause, loop)
      else if (!wasHit) this.fail("failed", Cause.squash(exit.cause), "main was cancelled")
    }
    if (!this.settings.leaks || loop.tasks.size === 0) return
    const left = Array.from(loop.tasks, (task) => `\n  ${task}`).join("")
    this.fail("leak", undefined, `main is done, and these tasks are not:${left}`)
  }

  private failBy(cause: Cause.Cause<unknown>, loop: LoopImpl): void {
    const error = Cause.squash(cause)
    if (error instanceof DeadlockError) {
      const isHeard = this.settings.outside ||
        tasksOf(loop).every((task) => task.waiter !== undefined || task.inner !== undefined)
      this.fail("deadlock", error, isHeard ? error.message : `${error.message}\n${hint}`)
    } else if (error instanceof SpinError) this.fail("spin", error, error.message)
    else this.fail(Cause.hasFails(cause) ? "failed" : "died", error, textOf(error))
  }

  /** The loop is closed, with the failures that nobody saw. */
  closed(exit: Exit.Exit<unknown, unknown>): void {
    if (exit._tag === "Success" || isCancelled(exit)) return
    const error = Cause.squash(exit.cause)
    this.fail("unseen", error, textOf(error))
  }

  /** Nothing is left to run, and the run is not over. */
  stranded(): void {
    const message = `the program has ended, but a part of it waits for something outside of the loop; ${hint}`
    this.fail("deadlock", new DeadlockError({ message, tasks: [] }), message)
  }

  /** It takes too long. */
  gaveUp(limit: number, at: number, loop: LoopImpl): void {
    const message =
      `after ${Math.round(limit)} ms of real time the run had not ended: it was at ${told(at)} of its own, with ` +
      Array.from(loop.tasks, (task) => `'${task.name}'`).join(", ")
    this.fail("spin", new SpinError({ message }), message)
  }

  always(name: string, holds: () => boolean): void {
    this.invariants.push([name, holds])
  }

  /** What does not hold, in words. */
  broken(): ReadonlyArray<string> {
    if (this.invariants.length === 0) return none
    const broken: Array<string> = []
    for (const [name, holds] of this.invariants) {
      let why = ""
      try {
        if (holds()) continue
      } catch (thrown) {
        why = `: ${wordsOf(thrown)}`
      }
      broken.push(`"${name}" does not hold${why}`)
    }
    const [first] = broken
    if (first !== undefined) this.fail("invariant", new Error(first), first)
    return broken
  }
}
