/** The laws' programs, to explore: right programs, in which a deviation that keeps the promises finds nothing. */
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { LoopImpl } from "../../src/internal/loop/loop.ts"
import { Law, type Program } from "../laws/everyStep.ts"

const { EventLoop, Task, wait } = asyncio

/** One run of a law's program, as `everyStep` runs it undisturbed; dies with what it violates. */
export const lawful = (program: Program) =>
  Effect.gen(function*() {
    const law = new Law()
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

/** By class, those that state what it varies: of a deadline that it does not pass, of starts in which order they come. */
export const stating: Readonly<Record<string, ReadonlyArray<string>>> = {
  time: [
    "deadlines, equal ones and others, and clean-ups that suspend",
    "deadlines in deadlines",
    "going on after what was awaited is cancelled, beside deadlines",
    "a race: the loser's regions end with it",
    "a stream's"
  ],
  order: ["concurrency with failures", "an uninterruptible body that ends in the tick of the deadline"]
}
