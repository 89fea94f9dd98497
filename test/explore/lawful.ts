/** The laws' programs, to be run under other schedules: right programs, in which a deviation that keeps the promises finds nothing. */
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import type { Explore } from "effect-asyncio/testing"
import { LoopImpl } from "../../src/internal/loop/loop.ts"
import { CurrentRun } from "../../src/testing/explore/CurrentRun.ts"
import { Law, type Program } from "../laws/everyStep.ts"

const { EventLoop, Task, wait } = asyncio

/** A law whose hits are what the schedule cancels. */
class ExploredLaw extends Law {
  private readonly hit: () => ReadonlySet<string>
  constructor(hit: () => ReadonlySet<string>) {
    super()
    this.hit = hit
  }
  override get undisturbed(): boolean {
    return this.hit().size === 0
  }
  override wasHit(task?: string): boolean {
    return task === undefined ? !this.undisturbed : this.hit().has(task)
  }
}

/** One run of a law's program, as `everyStep` runs it; dies with what it violates. */
export const lawful = (program: Program) =>
  Effect.gen(function*() {
    const run = yield* Effect.withFiber((fiber) => Effect.succeed(fiber.getRef(CurrentRun)))
    const law = new ExploredLaw(() => run?.cancelled ?? new Set())
    const loop = yield* EventLoop.EventLoop
    if (!(loop instanceof LoopImpl)) return yield* Effect.die(new Error("no loop of this package"))
    const root = Array.from(loop.tasks)[0]!
    yield* EventLoop.setExceptionHandler((context) => Effect.sync(() => void law.reports.push(context)))
    const main = yield* Task.create(Effect.suspend(() => program.main(law)), { name: "main" })
    law.sawExit(yield* Task.await(main))
    if (program.leaves !== true) {
      while (loop.tasks.size > 1) yield* wait(Array.from(loop.tasks).filter((task) => task !== root))
      for (let i = 0; i < 8; i++) yield* Effect.yieldNow
      for (const check of law.atRest) check()
      for (const timer of law.timers) timer.cancelUnsafe()
    }
    if (law.violations.length > 0) return yield* Effect.die(new Error(law.violations.join("; ")))
  })

/** What may differ, and the programs that state something of it: what they find then is no fault. */
export interface Class {
  readonly vary: (program: Program) => Explore.Vary
  readonly stating: ReadonlyArray<string>
}

/** Of a deadline that it does not pass. */
export const time: Class = {
  vary: () => ({}),
  stating: [
    "deadlines, equal ones and others, and clean-ups that suspend",
    "deadlines in deadlines",
    "going on after what was awaited is cancelled, beside deadlines",
    "a race: the loser's regions end with it",
    "a stream's"
  ]
}

/** Of starts in which order they come, of a tick what is in it. */
export const order: Class = {
  vary: () => ({ time: false, order: true }),
  stating: [
    "1 at work at once",
    "2 at work at once",
    "an uninterruptible body that ends in the tick of the deadline",
    "concurrency with failures"
  ]
}

export const cancel: Class = {
  vary: ({ spared }) => ({ time: false, cancel: (name) => spared?.includes(name) !== true, how: "both" }),
  stating: []
}

/** More runs than any of them has places. */
export const unlimited = 100_000

/** Every single deviation. */
export const single: Explore.Options = {
  strategy: "single",
  runs: unlimited,
  timeLimit: Infinity,
  shrinkRuns: 0,
  leaks: false
}
