/**
 * What the tests of the library share: a behaviour is a program and what it gives, checked on every loop that we have.
 *
 * - `live`: `EventLoop.provide` on Effect's own scheduler and clock. Only for programs in which no time passes.
 * - `TestClock`: the same under Effect's `TestClock`, moved by the hour.
 * - `virtual`: the loop of `effect-asyncio/testing`.
 */
import { expect, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Logger, Option } from "effect"
import { createTask, currentTask, EventLoop, Future, sleep, Task } from "effect-asyncio"
import { VirtualLoop } from "effect-asyncio/testing"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import type { Step } from "../../src/internal/kernel/Entry.ts"
import { observe } from "../../src/internal/kernel/observer.ts"
import { OwnQueue } from "../../src/internal/kernel/ReadyQueue.ts"
import { LoopImpl } from "../../src/internal/loop/loop.ts"
import { FutureImpl } from "../../src/internal/task/future.ts"

export type Program<A = unknown, E = unknown> = Effect.Effect<A, E, EventLoop.EventLoop>

// ------------------------------------------------------------------------------------------------------------ programs

/** A program that writes lines and gives them. */
export const logged = <E, R>(
  program: (log: (line: unknown) => void) => Effect.Effect<unknown, E, R>
): Effect.Effect<ReadonlyArray<unknown>, E, R> =>
  Effect.suspend(() => {
    const lines: Array<unknown> = []
    return Effect.as(program((line) => lines.push(line)), lines)
  })

export const day = sleep("1 day")

/** Waits for what nobody ends. */
export const never = Effect.flatMap(Future.make<never>(), Future.join)

/** The task that runs this. */
export const self = Effect.map(currentTask, Option.getOrThrow)

/** Comes back from outside, after milliseconds of real time. */
export const after = (millis: number): Promise<string> =>
  new Promise((resolve) => setTimeout(resolve, millis, `after ${millis}`))

/** `n` turns of the ready queue. */
export const ticks = (n: number): Effect.Effect<void> =>
  Effect.forEach(new Array(n).fill(0), () => Effect.yieldNow, { discard: true })

/** The defect that an effect dies with; anything else fails the test. */
export const defectOf = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<Error, never, R> =>
  Effect.map(Effect.exit(effect), (exit) => {
    const reasons = Exit.isFailure(exit) ? exit.cause.reasons : []
    const die = reasons.find(Cause.isDieReason)
    if (die === undefined) throw new Error(`expected a defect, got ${inspect(exit)}`)
    return die.defect as Error
  })

/** How an effect ends, in a word: its value, `fail …`, `die …` or `cancelled`. */
export const outcome = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<unknown, never, R> =>
  Effect.map(Effect.exit(effect), outcomeOf)

export const outcomeOf = (exit: Exit.Exit<unknown, unknown>): unknown => {
  if (Exit.isSuccess(exit)) return exit.value
  if (Cause.hasInterruptsOnly(exit.cause)) return "cancelled"
  const error = Cause.squash(exit.cause)
  return `${Cause.hasDies(exit.cause) ? "die" : "fail"} ${error instanceof Error ? error.message : String(error)}`
}

/** A task that is cancelled when it has been parked for a tick. */
export const cancelSoon = (task: Task.Task<any, any>): Effect.Effect<boolean> =>
  Effect.andThen(Effect.yieldNow, Task.cancel(task))

/** How an effect ends, in a word, in a task that is cancelled when it is parked. */
export const cancelled = <A, E>(effect: Program<A, E>) =>
  Effect.gen(function*() {
    const task = yield* createTask(effect)
    expect(yield* cancelSoon(task)).toBe(true)
    return outcomeOf(yield* Task.await(task))
  })

/** Waits until all of these tasks are done, whatever they end with. */
export const settled = (tasks: Iterable<Task.Task<any, any>>) => Effect.forEach(tasks, (task) => Task.await(task))

/** Without the default loggers. */
export const quiet: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> = Effect.provide(
  Logger.layer([])
)

/** Runs `program` on a fresh loop of `on`, closes the loop, and gives what the exception handler was told. */
export const reportsOf = (program: Program, on: OnLoop = provideLoop) =>
  Effect.suspend(() => {
    const reports: Array<EventLoop.ExceptionContext> = []
    const handler = (context: EventLoop.ExceptionContext) => Effect.sync(() => void reports.push(context))
    return Effect.as(on(Effect.andThen(EventLoop.setExceptionHandler(handler), program)), reports)
  })

export const messagesOf = (program: Program, on?: OnLoop) =>
  Effect.map(reportsOf(program, on), (reports) => reports.map((report) => report.message))

/** What was logged meanwhile: level, message and cause's squashed error. */
export const loggedBy = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const lines: Array<{ readonly level: string; readonly text: string; readonly error: unknown }> = []
    const logger = Logger.make(({ cause, logLevel, message }) => {
      lines.push({
        level: logLevel,
        text: Array.isArray(message) ? message.join(" ") : String(message),
        error: cause.reasons.length === 0 ? undefined : Cause.squash(cause)
      })
    })
    return Effect.as(Effect.provide(effect, Logger.layer([logger])), lines)
  })

setFlagsFromString("--expose-gc")
const gc = runInNewContext("gc") as () => void

/** Collects garbage until `isDone`, or for some turns. */
export const collect = (isDone: () => boolean): Effect.Effect<void> =>
  Effect.promise(async () => {
    for (let turn = 0; turn < 6 && !isDone(); turn++) {
      gc()
      await new Promise((resolve) => setImmediate(resolve))
    }
  })

// --------------------------------------------------------------------------------------------------------------- loops

export type OnLoop = <A, E>(main: Program<A, E>) => Effect.Effect<A, unknown>

const provideLoop: OnLoop = (main) => EventLoop.provide(main)
export const onVirtual: OnLoop = (main) => VirtualLoop.run(main, { patience: 0 })

/** Moves the clock until the program ends. */
const underTestClock: OnLoop = (main) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(EventLoop.provide(main))
    for (let hours = 0; hours < 1000 && fiber.pollUnsafe() === undefined; hours++) {
      yield* TestClock.adjust("1 hour")
    }
    if (fiber.pollUnsafe() === undefined) return yield* Effect.die(new Error("the program is stuck"))
    return yield* Fiber.join(fiber)
  })

export const loops: ReadonlyArray<readonly [name: string, on: OnLoop]> = [
  ["live", provideLoop],
  ["TestClock", underTestClock],
  ["virtual", onVirtual]
]

const check = <A, E>(program: Effect.Effect<A, E>, expected: A | undefined) =>
  Effect.map(program, (value) => {
    if (expected !== undefined) expect(value).toEqual(expected)
  })

/** A behaviour with time in it. Without `expected` the program itself checks. */
export const timed = <A>(name: string, program: Program<A>, expected?: A): void => {
  it.effect(`${name} [TestClock]`, () => check(underTestClock(program), expected))
  it.live(`${name} [virtual]`, () => check(onVirtual(program), expected))
}

/** A behaviour in which no time passes. */
export const everywhere = <A>(name: string, program: Program<A>, expected?: A): void => {
  it.live(`${name} [live]`, () => check(provideLoop(program), expected))
  timed(name, program, expected)
}

// ---------------------------------------------------------------------------------------------------- inside of a loop

/** In how many ticks an effect comes back; asyncio's table of them is what counts. */
export const ticksOf = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<number, E, R | EventLoop.EventLoop> =>
  Effect.flatMap(EventLoop.EventLoop, (loop) => {
    let ticks = 0
    let running = true
    const tick = () => {
      ticks++
      if (running) loop.callSoonUnsafe(tick)
    }
    loop.callSoonUnsafe(tick)
    return Effect.map(effect, () => {
      running = false
      return ticks
    })
  })

/** How many stand in the line of a future: what verbs leave there is kept for as long as it lives. */
export const lineOf = (future: Future.Future<any, any>): number => {
  if (future instanceof FutureImpl) return future.length
  throw new Error("no future of this package")
}

/** The loop that the program runs on, and its ready queue. */
export const inside = Effect.map(EventLoop.EventLoop, (loop) => {
  if (!(loop instanceof LoopImpl && loop.ready instanceof OwnQueue)) throw new Error("not on a loop with its own queue")
  return { loop, queue: loop.ready }
})

/** Calls `listen` before every entry of the loop's ready queue, until the loop has closed. */
export const listenBeforeEntries = (loop: LoopImpl, listen: (step: Step) => void): void => {
  let depth = 0
  const stop = observe({
    stepBegan: (step, queue) => {
      if (queue === loop.ready && step.what !== "resumed" && depth++ === 0) listen(step)
    },
    stepEnded: ({ what }, queue) => {
      // The step that asked for all this is under way, and began before.
      if (queue === loop.ready && what !== "resumed" && depth > 0) depth--
    }
  })
  const { onChange } = loop
  loop.onChange = () => {
    onChange?.()
    if (loop.isClosed()) stop()
  }
}

export const beforeEntries = (listen: (step: Step) => void) =>
  Effect.map(inside, ({ loop }) => listenBeforeEntries(loop, listen))

/**
 * Cancellation at every step. `program` is given a function to call with the task that is to be cancelled; it is run
 * once for each entry that the ready queue runs from then on, and the task is cancelled right before that entry.
 */
export const cancelledAtEveryStep = (
  program: (
    cancelAtStep: (
      task: Task.Task<any, any>,
      onCancel?: (accepted: boolean) => void
    ) => Effect.Effect<void, never, EventLoop.EventLoop>,
    /** Whether the request was accepted; undefined if it was not made yet. */
    accepted: () => boolean | undefined,
    step: number
  ) => Program<void>
): Effect.Effect<number, unknown> =>
  Effect.gen(function*() {
    for (let step = 1; step < 10_000; step++) {
      let accepted: boolean | undefined
      const cancelAtStep = (task: Task.Task<any, any>, onCancel?: (accepted: boolean) => void) => {
        let entries = 0
        return beforeEntries(() => {
          if (++entries !== step) return
          accepted = Task.cancelUnsafe(task)
          onCancel?.(accepted)
        })
      }
      yield* onVirtual(program(cancelAtStep, () => accepted, step)).pipe(
        Effect.catchCause((cause) => Effect.die(new Error(`cancelled at step ${step}`, { cause: Cause.squash(cause) })))
      )
      // The program ends without having come to this step: there is no further one.
      if (accepted === undefined) return step - 1
    }
    return yield* Effect.die(new Error("the program never ends"))
  })
