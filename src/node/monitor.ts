/**
 * `monitor`: what a program in production says about itself, when asked and when something is wrong.
 *
 * Everything is written with `writeFileSync`: for a process that is about to end there is no later, and a stuck one
 * writes nothing else. It does not keep the process alive, and nothing that goes wrong with it reaches the program.
 */
import * as Duration from "effect/Duration"
import { writeFileSync } from "node:fs"
import { constants } from "node:os"
import { inspect } from "node:util"
import { isMainThread } from "node:worker_threads"
import { RuntimeError } from "../Errors.ts"
import { format } from "../insight/format.ts"
import { start, type StartedRecorder } from "../insight/recorder.ts"
import { openCircles, snapshot, type TaskInfo } from "../insight/snapshot.ts"
import * as check from "../internal/host/check.ts"
import { observe } from "../internal/kernel/observer.ts"
import { LoopImpl } from "../internal/loop/loop.ts"
import { openLoopsOf } from "../internal/loop/openLoops.ts"
import { inWords } from "../internal/loop/Reports.ts"
import { fitted } from "./fitted.ts"
import { writeRecording } from "./recordings.ts"
import { hasColors } from "./standardStreams.ts"
import { strangerInWords } from "./strangers.ts"
import { Watchdog } from "./Watchdog.ts"

/**
 * Options of `monitor`, each with the environment variable that sets it for `effect-asyncio/node/monitor`.
 *
 * @category models
 * @since 0.2.0
 */
export interface MonitorOptions {
  /**
   * The signal that asks for the tree. Default: SIGQUIT (Ctrl-\); on Windows, SIGBREAK (Ctrl-Break).
   * `EFFECT_ASYNCIO_SIGNAL`.
   */
  readonly signal?: NodeJS.Signals | undefined
  /** The folder that recordings are written to. Default: none; only the tree is printed. `EFFECT_ASYNCIO_DIR`. */
  readonly directory?: string | undefined
  /**
   * How many spans a recording keeps. With 0 nothing is recorded, which costs nothing, and the tree does not say how
   * long a task has waited. Default: 10,000. `EFFECT_ASYNCIO_EVENTS`.
   */
  readonly capacity?: number | undefined
  /** Time between checks for circles; 0 means never. Default: 1 second. `EFFECT_ASYNCIO_DEADLOCKS`. */
  readonly deadlocks?: Duration.Input | undefined
  /** Whether a failure that nobody saw is reported with the tree. Default: false. `EFFECT_ASYNCIO_UNSEEN`, 1 or 0. */
  readonly unseen?: boolean | undefined
  /**
   * A step that takes longer than this is reported while it lasts, with its place; 0 means none is. Default: 0.
   * `EFFECT_ASYNCIO_WATCHDOG`.
   */
  readonly watchdog?: Duration.Input | undefined
}

const isSignal = (value: unknown): boolean =>
  typeof value === "string" && value in constants.signals && value !== "SIGKILL" && value !== "SIGSTOP"

const checkOptions = check.options<MonitorOptions>({
  signal: check.kind(isSignal, "a signal that a process can listen to, such as \"SIGQUIT\""),
  directory: check.string,
  capacity: (call, what, value) => check.wholeNumber(call, what, value as number, 0),
  deadlocks: check.duration,
  unseen: check.boolean,
  watchdog: check.duration
})

/**
 * Reports on the program, on stderr: its tasks when a signal asks for them, deadlocks, and where the loop is stuck.
 *
 * **When to use**
 *
 * Use in long-running programs: servers, workers. `node --import effect-asyncio/node/monitor app.js` does the same
 * without a line in the program, with environment variables for the options. To look at a process that has neither, use
 * `npx effect-asyncio ps PID`. docs/production.md shows what each of them reports.
 *
 * **Details**
 *
 * - On SIGQUIT (Ctrl-\) it prints the tree of `Insight.format`, and how long each task has waited so far.
 * - Circles of tasks that wait for each other, and that no timeout will break, are reported when they are found, each
 *   once. It checks every `deadlocks`, but spends no more than a hundredth of the time on it.
 * - `unseen`: what reaches a loop's exception handler is reported with the tree, at most once a minute.
 * - `watchdog`: when the main thread has not answered for this long, a separate thread asks V8 where it is, and reports
 *   that while the step lasts, and again once it is over. Shorter steps are never reported, nor anything while a
 *   debugger is attached.
 * - With `directory`, each of these leaves a recording there, for `npx effect-asyncio draw FILE` and
 *   https://ui.perfetto.dev.
 *
 * If stderr is a terminal, lines are fitted to its width, and coloured unless `NO_COLOR` is set. It does not keep the
 * process alive. It costs what a recorder costs (docs/costs.md); without one (`capacity: 0`), next to nothing. It ends
 * when disposed. asyncio has `faulthandler.register` and `loop.slow_callback_duration` for parts of it.
 *
 * **Gotchas**
 *
 * Node handles no signal while JavaScript runs: if a program is stuck in a step, only the watchdog reports it. In
 * worker threads, which have no signals, it dies with `RuntimeError`.
 *
 * **Example** (Somebody presses Ctrl-\)
 *
 * ```ts import.meta.vitest
 * import * as asyncio from "effect-asyncio"
 * import { monitor } from "effect-asyncio/node"
 *
 * const before = process.listenerCount("SIGQUIT")
 * const monitoring = monitor({ deadlocks: "5 seconds" })
 * await asyncio.run(asyncio.sleep("1 millis")) // from here on Ctrl-\ prints what it does
 * process.listenerCount("SIGQUIT") - before // => 1
 * monitoring[Symbol.dispose]()
 * process.listenerCount("SIGQUIT") - before // => 0
 * ```
 *
 * @category monitoring
 * @since 0.2.0
 */
export const monitor = (options?: MonitorOptions): Disposable => {
  checkOptions("monitor", options)
  if (!isMainThread) throw new RuntimeError({ message: "monitor: a worker thread has no signals" })
  return new Monitor(options ?? {})
}

/** The most lines of a tree. */
const limit = 500
/** The least time between two reports of failures that nobody saw. */
const pause = Duration.toMillis("1 minute")
/** The share of time that looking for circles may take. */
const share = 0.01

class Monitor implements Disposable {
  private readonly signal: NodeJS.Signals
  private readonly directory: string | undefined
  private readonly recorder: StartedRecorder | undefined
  private readonly interval: number
  private readonly watchdog: Watchdog | undefined
  private readonly unobserve: (() => void) | undefined
  // INVARIANT: the next look for circles, if one is scheduled.
  private looking: NodeJS.Timeout | undefined = undefined
  /** The circles that the last look found. */
  private circles: ReadonlySet<string> = new Set()
  private lastUnseen = -Infinity

  constructor(options: MonitorOptions) {
    const { capacity = 10_000, deadlocks = "1 second", directory, unseen = false, watchdog = 0 } = options
    this.signal = options.signal ?? (process.platform === "win32" ? "SIGBREAK" : "SIGQUIT")
    this.directory = directory
    this.recorder = capacity === 0 ? undefined : start("monitor", { capacity })
    this.interval = Duration.toMillis(deadlocks)
    this.unobserve = unseen
      ? observe({ reported: (context) => this.tellOfFailure(inWords(context)) })
      : undefined
    const limit = Duration.toMillis(watchdog)
    this.watchdog = limit === 0 ? undefined : new Watchdog(limit, this.describeRunning)
    process.on(this.signal, this.answer)
    if (this.interval > 0) this.lookIn(this.interval)
  }

  [Symbol.dispose](): void {
    process.off(this.signal, this.answer)
    clearTimeout(this.looking)
    this.watchdog?.stop()
    this.unobserve?.()
    this.recorder?.stop()
  }

  private readonly answer = (): void => this.tell(this.signal)

  private tellOfFailure(failure: string): void {
    const now = performance.now()
    if (now - this.lastUnseen < pause) return
    this.lastUnseen = now
    this.tell("a failure that nobody saw", failure)
  }

  private lookIn(millis: number): void {
    this.looking = setTimeout(this.look, Math.min(millis, 2 ** 31 - 1)).unref()
  }

  private readonly look = (): void => {
    let took = 0
    harmless(() => {
      const began = performance.now()
      const circles = new Set(openCircles().map((circle) => circle.toSorted((a, b) => a - b).join()))
      took = performance.now() - began
      const isNew = Array.from(circles).some((circle) => !this.circles.has(circle))
      this.circles = circles
      if (isNew) this.tell("deadlock")
    })
    this.lookIn(Math.max(this.interval, took / share))
  }

  /** What runs now, for the watchdog, which asks in the middle of a step. */
  private readonly describeRunning = (): string => this.describe(({ state }) => state === "running")

  private describe(filter?: (task: TaskInfo) => boolean): string {
    return format(snapshot(), { base: process.cwd(), color: hasColors(), limit, filter })
  }

  private describeAll(): ReadonlyArray<string> {
    const strangers = openLoopsOf().filter(([loop]) => !(loop instanceof LoopImpl))
      .map(([loop, home]) => strangerInWords({ home, tasks: Array.from(loop.allTasksUnsafe(), String) }, limit))
    const own = this.describe()
    return own !== "" ? [own, ...strangers] : strangers.length > 0 ? strangers : ["no loop is open"]
  }

  private tell(occasion: string, ...details: ReadonlyArray<string>): void {
    harmless(() => {
      const lines = [`--- ${occasion}, process ${process.pid}`, ...details, ...this.describeAll(), ...this.record()]
      write(fitted(lines.join("\n"), process.stderr))
    })
  }

  private record(): ReadonlyArray<string> {
    if (this.directory === undefined || this.recorder === undefined) return []
    try {
      const file = writeRecording(this.directory, this.recorder.timeline())
      return [`recorded in ${file}, for npx effect-asyncio draw, or https://ui.perfetto.dev`]
    } catch (error) {
      return [`not recorded: ${String(error)}`]
    }
  }
}

/** Whatever goes wrong here is printed, and does not reach the program. */
const harmless = (action: () => void): void => {
  try {
    action()
  } catch (error) {
    write(`--- the monitor failed, process ${process.pid}: ${inspect(error)}`)
  }
}

/** Nobody is told if stderr is closed, or takes no more. */
const write = (text: string): void => {
  try {
    writeFileSync(2, `${text}\n`)
  } catch {}
}
