/**
 * Runs a scenario on one of the loops that we have, and compares what it did with a trace.
 *
 * - `virtual`: the loop of `effect-asyncio/testing`, whose clock jumps to the next timer by itself.
 * - `TestClock`: `EventLoop.layer` under Effect's TestClock, moved by one large `adjust`.
 * - `live`: `EventLoop.layer` on Effect's own scheduler, so with the ready queue of production, and on a clock of the
 *   harness, which moves to the next sleep once the host has been idle for some turns.
 *
 * As in `virtual_loop.py`, main's log closes with the tick after the one in which main ended: what ran beside the end is
 * in the trace, the cancellation of what main left behind is not. A synchronous main logs until it returns.
 */
import { EventLoop, Runner } from "effect-asyncio"
import { DeadlockError, VirtualLoop } from "effect-asyncio/testing"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { TestClock } from "effect/testing"
import { format } from "./format.ts"
import type { Log, Loop, Main, MainSync } from "./scenario.ts"
import type { Line, Recording } from "./suite.ts"

export type LoopName = "virtual" | "TestClock" | "live"

export const loopNames: ReadonlyArray<LoopName> = ["virtual", "TestClock", "live"]

/** The loops that a program can run on: only the virtual one can be busy (`loop.advance`). */
export const loopsOf = (source: string): ReadonlyArray<LoopName> => /\badvance\b/.test(source) ? ["virtual"] : loopNames

// --------------------------------------------------------------------------------------------------------------- hosts

/** A place to run loops on, one after the other, each from time 0. */
interface Host {
  /** A fresh loop's layer. */
  readonly layer: () => Layer.Layer<EventLoop.EventLoop>
  /** Seconds of the last loop's clock. */
  readonly time: () => number
  readonly advance: (seconds: number) => void
  /**
   * Lets time pass, until `isOver` or until nothing can happen any more; undefined if the loop does that by itself.
   * `isSteady`: nothing is started from outside meanwhile, so that time cannot overtake it.
   */
  readonly drive: ((isOver: () => boolean, isSteady: boolean) => Promise<void>) | undefined
}

/** More turns than any scenario has ticks without time passing. */
const idleTurns = 100

/** A turn of the host, the same that Effect's scheduler takes: browsers have no `setImmediate`. */
const afterTurn: (resume: () => void) => unknown = "setImmediate" in globalThis
  ? setImmediate
  : (resume) => setTimeout(resume, 0)

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < idleTurns; turn++) await new Promise<void>(afterTurn)
}

const notBusy = (): never => {
  throw new Error("only the virtual loop can be busy")
}

const virtualHost = (): Host => {
  let context: Context.Context<EventLoop.EventLoop> | undefined
  return {
    layer: () =>
      Layer.tap(VirtualLoop.layer({ patience: "100 millis", unseen: "report" }), (built) =>
        Effect.sync(() => {
          context = built
        })),
    // The clock itself: the loop's `timeUnsafe` is that of whoever calls, on a loop beside this one for instance.
    time: () => context === undefined ? 0 : Number(Context.get(context, Clock.Clock).monotonicTimeNanosUnsafe()) / 1e9,
    advance: (seconds) => Effect.runSyncWith(context!)(VirtualLoop.advance(Duration.seconds(seconds))),
    drive: undefined
  }
}

const testClockHost = (): Host => {
  let clock: TestClock.TestClock | undefined
  const adjust = async (duration: Duration.Input) => {
    if (clock !== undefined) await Effect.runPromise(clock.adjust(duration))
    await settle()
  }
  return {
    layer: () =>
      Layer.provideMerge(
        EventLoop.layer(),
        Layer.tap(TestClock.layer(), (context) =>
          Effect.sync(() => {
            clock = Context.get(context as Context.Context<never>, Clock.Clock) as TestClock.TestClock
          }))
      ),
    time: () => clock === undefined ? 0 : clock.currentTimeMillisUnsafe() / 1000,
    advance: notBusy,
    drive: async (isOver, isSteady) => {
      if (isSteady) {
        // As a test does: fork, adjust once, join.
        while (clock === undefined) await new Promise<void>(afterTurn)
        return adjust("1 hour")
      }
      await settle()
      for (let steps = 0; steps < 1000 && !isOver(); steps++) await adjust("500 millis")
    }
  }
}

/** A clock that stands until it is moved to its next sleep. */
class ManualClock implements Clock.Clock {
  private nanos = 0n
  private readonly sleeps = new Set<{ readonly end: bigint; readonly wake: () => void }>()

  currentTimeMillisUnsafe = () => Number(this.nanos) / 1e6
  currentTimeNanosUnsafe = () => this.nanos
  monotonicTimeNanosUnsafe = () => this.nanos
  currentTimeMillis = Effect.sync(this.currentTimeMillisUnsafe)
  currentTimeNanos = Effect.sync(this.currentTimeNanosUnsafe)
  monotonicTimeNanos = Effect.sync(this.monotonicTimeNanosUnsafe)

  sleep = (duration: Duration.Duration): Effect.Effect<void> =>
    Effect.callback((resume) => {
      const sleep = { end: this.nanos + Duration.toNanosUnsafe(duration), wake: () => resume(Effect.void) }
      this.sleeps.add(sleep)
      return Effect.sync(() => this.sleeps.delete(sleep))
    })

  /** Moves to the first sleep's end and wakes whom it is over for; false if nobody sleeps. */
  jump(): boolean {
    let first: bigint | undefined
    for (const { end } of this.sleeps) if (first === undefined || end < first) first = end
    if (first === undefined) return false
    this.nanos = first
    for (const sleep of Array.from(this.sleeps)) {
      if (sleep.end === first && this.sleeps.delete(sleep)) sleep.wake()
    }
    return true
  }
}

const liveHost = (): Host => {
  let clock: ManualClock | undefined
  return {
    layer: () =>
      Layer.unwrap(Effect.sync(() => {
        clock = new ManualClock()
        return Layer.provideMerge(EventLoop.layer(), Layer.succeed(Clock.Clock, clock))
      })),
    time: () => clock === undefined ? 0 : clock.currentTimeMillisUnsafe() / 1000,
    advance: notBusy,
    drive: async (isOver) => {
      for (let idle = 0; idle < 3 && !isOver();) {
        await settle()
        if (isOver() || clock?.jump() === true) idle = 0
        else idle++
      }
    }
  }
}

const hosts: Readonly<Record<LoopName, () => Host>> = {
  virtual: virtualHost,
  TestClock: testClockHost,
  live: liveHost
}

// ----------------------------------------------------------------------------------------------------------- recording

class Recorder {
  readonly trace: Array<Line> = []
  private end: number | undefined = undefined
  private readonly host: Host

  constructor(host: Host) {
    this.host = host
  }

  readonly log: Log = (...parts) => {
    if (this.end === undefined) this.trace.push([this.now(), parts.map(format).join(" ")])
  }

  readonly close = (): void => {
    this.end ??= this.now()
  }

  finish(outcome: string): Recording {
    this.close()
    return { outcome, end: this.end!, trace: this.trace }
  }

  private now(): number {
    return Math.round(this.host.time() * 1e6) / 1e6
  }
}

/** At the end of the next tick, behind whatever it holds. */
const afterNextTick = (callback: () => void): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    fiber.currentDispatcher.scheduleTask(callback, Number.MAX_SAFE_INTEGER)
    return Effect.void
  })

const outcomeOf = (cause: Cause.Cause<unknown>): string =>
  cause.reasons.some((reason) => Cause.isDieReason(reason) && reason.defect instanceof DeadlockError)
    ? "deadlock"
    : `raised ${format(cause)}`

/** Reports of failures are the scenarios' own business. */
const silent = Logger.layer([])

/** Runs a scenario on a loop. */
export const record = async (scenario: Main | MainSync, loopName: LoopName): Promise<Recording> => {
  const host = hosts[loopName]()
  const recorder = new Recorder(host)
  const runners: Array<Runner.Runner> = []
  const makeRunner = (): Runner.Runner => {
    const runner = Runner.make({ layer: Layer.provideMerge(host.layer(), silent) })
    runners.push(runner)
    return runner
  }
  const runMain = async (main: Main): Promise<string> => {
    const loop: Loop = { time: host.time, advance: host.advance }
    const program = Effect.onExit(
      Effect.suspend(() => main(recorder.log, loop)),
      () => afterNextTick(recorder.close)
    )
    const exit = await makeRunner().runExit(program)
    return Exit.isSuccess(exit) ? "ok" : outcomeOf(exit.cause)
  }
  const runSync = async ({ sync }: MainSync): Promise<string> => {
    try {
      await sync(recorder.log, makeRunner)
      return "ok"
    } catch (thrown) {
      return `raised ${format(thrown)}`
    }
  }
  const outcome = typeof scenario === "function"
    ? await driven(host, true, runMain(scenario))
    : await driven(host, false, runSync(scenario))
  const recording = recorder.finish(outcome ?? "deadlock")
  if (outcome !== undefined) await driven(host, false, Promise.all(runners.map((runner) => runner.close())))
  return recording
}

/** What `run` comes to while the host lets time pass; undefined if it comes to nothing. */
const driven = async <A>(host: Host, isSteady: boolean, run: Promise<A>): Promise<A | undefined> => {
  if (host.drive === undefined) return run
  let outcome: PromiseSettledResult<A> | undefined
  void Promise.allSettled([run]).then(([settled]) => {
    outcome = settled
  })
  await host.drive(() => outcome !== undefined, isSteady)
  if (outcome?.status === "rejected") throw outcome.reason
  return outcome?.value
}
