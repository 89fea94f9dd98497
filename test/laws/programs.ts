/** What the programs under the laws are made of. */
import { Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { type EventLoop, type Future, Task } from "effect-asyncio"
import { FutureImpl } from "../../src/internal/task/future.ts"
import { failuresIn, type Law, outcomeOf, type Program } from "./everyStep.ts"

const { createTask, sleep } = asyncio

export type Loop = EventLoop.EventLoop
type Main = Program["main"]
type Options = Omit<Program, "name" | "main">

export const program = (name: string, main: Main, options?: Options): Program => ({ name, main, ...options })

/** A task that can be known by its name. */
export const named = <A, E>(name: string, effect: Effect.Effect<A, E, Loop>) => createTask(effect, { name })

/** Clean-up that suspends. */
export const slowly = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.onInterrupt(effect, () => sleep("1 second"))

/** Meets a cancellation and goes on. */
export const stubbornly = <A, E>(effect: Effect.Effect<A, E, Loop>) =>
  Task.catchCancelled(effect, () => sleep("1 second", "went on"))

/** Fails while it cleans up. */
export const failsSlowly = (law: Law, name: string) =>
  Effect.onInterrupt(sleep("1 hour"), () => Effect.andThen(sleep("1 second"), law.fail(name)))

/** Every failure so far comes out of it. */
export const lossless = <A, E, R>(law: Law, verb: Effect.Effect<A, E, R>) =>
  Effect.onExit(law.look(verb), (exit) =>
    Effect.sync(() => {
      const out = failuresIn(exit)
      for (const name of law.failed) law.expect(out.includes(name), `failure ${name} did not come out`)
    }))

/** Who waits in the line of this task or future: the callbacks and waiters that a verb puts there. */
export const inLineOf = (future: Future.Future<any, any>): number => {
  if (future instanceof FutureImpl) return future.length
  throw new Error("no future of this package")
}

/** The verb that awaits `task` cancels it with its own cancellation, and waits until it has ended. */
export const joining = (law: Law, task: Task.Task<any, any>) =>
  Effect.onExit(
    Task.join(task),
    () => Effect.sync(() => law.expect(Task.done(task), "the join is over, what it joined is not"))
  )

/** Nobody goes on after it; undisturbed, it ends as expected. */
export const checked = <A, E, R>(law: Law, expected: string, verb: Effect.Effect<A, E, R>) =>
  Effect.onExit(law.look(verb), (exit) =>
    Effect.sync(() => {
      if (law.undisturbed) law.equal(outcomeOf(exit), expected, "the verb")
    }))

export const ticks = (n: number): Effect.Effect<void> =>
  Effect.forEach(new Array<number>(n).fill(0), () => Effect.yieldNow, { discard: true })

/** Tasks of their own; `main` only watches, so that cancelling it changes nothing for them. */
export const side = (tasks: Readonly<Record<string, Effect.Effect<unknown, unknown, Loop>>>) =>
  Effect.gen(function*() {
    const all = []
    for (const [name, effect] of Object.entries(tasks)) all.push(yield* createTask(effect, { name }))
    for (const task of all) yield* Task.await(task)
  })

/** The same task several times, by number. */
export const times = (
  n: number,
  make: (i: number) => Effect.Effect<unknown, unknown, Loop>
): Record<string, Effect.Effect<unknown, unknown, Loop>> =>
  Object.fromEntries(Array.from({ length: n }, (_, i) => [`${i}`, make(i)]))

/** Whether it is one of them. */
export const isWorker = (task: string): boolean => /^\d+$/.test(task)

export const repeat = (n: number, effect: Effect.Effect<unknown, unknown, Loop>) =>
  Effect.forEach(new Array<number>(n).fill(0), () => effect, { discard: true })
