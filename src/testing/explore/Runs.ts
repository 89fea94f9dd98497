/** Runs of one check, one after the other, within its time. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Scheduler from "effect/Scheduler"
import { hasFakeTurns, hostClock, takeMessageTurn } from "../../internal/host/hostTime.ts"
import type { Run } from "../Explore.ts"
import { type Exploration, ExploredRun, type Hooks, type Result } from "./ExploredRun.ts"
import { type Move, Schedule } from "./moves.ts"
import { type Picker, Planned } from "./pickers.ts"
import { Trace } from "./Trace.ts"

/** After so many milliseconds of real time the host gets a turn. */
const slice = 10
/** An interrupted run has so many slices to end; whatever still goes on after that is abandoned. */
const lastSlices = 100

const now = (): number => Number(hostClock.monotonicTimeNanosUnsafe()) / 1e6

export class Runs {
  readonly exploration: Exploration
  /** Inside a run of another check, nothing else may come between. */
  private readonly isInside: boolean
  private readonly host = new Scheduler.MixedScheduler().makeDispatcher()
  private readonly began = now()
  private sliceEnd = this.began + slice
  /** Real time from the start, in milliseconds. */
  private limit: number
  count = 0

  constructor(exploration: Exploration, isInside: boolean) {
    this.exploration = exploration
    this.isInside = isInside
    this.limit = exploration.settings.timeLimit
  }

  private get left(): number {
    return this.limit - (now() - this.began)
  }
  get isLate(): boolean {
    return this.left <= 0
  }

  /** From now on at least this share of the time limit is left. */
  allow(share: number): void {
    this.limit = Math.max(this.limit, now() - this.began + share * this.exploration.settings.timeLimit)
  }

  run(picker: Picker, hooks?: Hooks): Effect.Effect<ExploredRun> {
    return Effect.suspend(() => {
      this.count++
      if (this.isSliceOver()) return Effect.flatMap(this.turn, () => this.begin(picker, hooks))
      return this.begin(picker, hooks)
    })
  }

  /** The schedule of these moves, with a trace of everything that happens in it. */
  traced(
    moves: ReadonlyArray<Move>,
    isLogged = false
  ): Effect.Effect<{ readonly result: Result; readonly run: Run }> {
    const trace = new Trace()
    return Effect.map(
      this.run(new Planned(new Schedule(moves)), { trace, isLogged }),
      ({ result }) => ({ result, run: trace.run })
    )
  }

  private begin(picker: Picker, hooks: Hooks | undefined): Effect.Effect<ExploredRun> {
    const run = new ExploredRun(this.exploration, picker, hooks)
    const going = this.exploration.settings.outside ? this.await(run) : this.drive(run)
    return Effect.onInterrupt(
      Effect.flatMap(going, () => run.misuse === undefined ? Effect.succeed(run) : Effect.die(run.misuse.thrown)),
      () => this.end(run)
    )
  }

  private drive(run: ExploredRun): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (run.drive(this.isSliceOver)) return Effect.void
      if (!this.isLate) return Effect.flatMap(this.turn, () => this.drive(run))
      run.giveUp(this.limit)
      return this.end(run)
    })
  }

  private await(run: ExploredRun): Effect.Effect<void> {
    const limit = Duration.millis(Math.max(0, this.left))
    return Effect.raceFirst(
      run.ended,
      Effect.flatMap(hostClock.sleep(limit), () => {
        run.giveUp(this.limit)
        return run.ended
      })
    )
  }

  private end(run: ExploredRun): Effect.Effect<void> {
    return Effect.suspend(() => {
      run.interrupt()
      for (let left = lastSlices; left > 0 && !run.drive(() => true); left--);
      return this.exploration.settings.outside ? run.ended : Effect.void
    })
  }

  private readonly isSliceOver = (): boolean => now() >= this.sliceEnd

  /** A turn of the host. */
  private readonly turn: Effect.Effect<void> = Effect.suspend(() => {
    const turn = this.isInside ? Effect.void : Effect.callback<void>((resume) => {
      this.host.scheduleTask(() => resume(Effect.void), 0)
      if (hasFakeTurns()) takeMessageTurn(() => resume(Effect.void))
    })
    return Effect.map(turn, () => {
      this.sliceEnd = now() + slice
    })
  })
}
