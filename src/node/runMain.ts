/**
 * `runMain`: a program as a process of Node.
 *
 * Each signal goes a step further than the one before it: the first cancels main, the next limits the time for
 * clean-ups, the last ends the process. Whatever ends it early has been printed by then: which failure it was, or which
 * tasks were abandoned and what they waited for. The same signal again within a tenth of a second counts as the same
 * key press, because npm passes on what the terminal has already sent.
 *
 * A program that ends well is left to Node, which ends the process when nothing keeps it alive. In any other case the
 * process is ended here, as a server that nobody closed would keep it alive. Before that, what was printed is flushed:
 * Node drops what a pipe has not taken yet.
 */
import * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { constants } from "node:os"
import { RuntimeError } from "../Errors.ts"
import type { EventLoop } from "../EventLoop.ts"
import { format } from "../insight/format.ts"
import { snapshot } from "../insight/snapshot.ts"
import * as check from "../internal/host/check.ts"
import { timeInWords } from "../internal/host/words.ts"
import { checkRunOptions } from "../internal/task/main.ts"
import { rejectionOf } from "../internal/task/rejection.ts"
import * as Runner from "../Runner.ts"
import { exitCodeOf, failuresOf, inWords } from "./failures.ts"
import { isAwaited } from "./signal.ts"
import { flush, hasColors, streams, write } from "./standardStreams.ts"

/**
 * Runs a program as the process's main program: signals cancel it, failures are printed, and the exit code says how it
 * ended.
 *
 * **When to use**
 *
 * Use once, at the edge of a script or server on Node, in place of `run`. `run` is for every host, and for part of a
 * program: it listens to no signal and leaves the process alone.
 *
 * **Details**
 *
 * Runs as `run` does, with the same options, and resolves with the program's value if it ends well. In any other case
 * the process ends:
 *
 * | what happened                                    | exit code                           |
 * | ------------------------------------------------ | ----------------------------------- |
 * | main failed, or closing did                      | 1, or its `Runtime.errorExitCode`   |
 * | SIGINT (Ctrl-C), SIGTERM                         | 130, 143                            |
 * | nobody reads what it prints any more             | 141                                 |
 * | nothing was left to do, but main was not done    | 70                                  |
 *
 * A `process.exitCode` that the program has set is kept, unless it is 0.
 *
 * The first signal cancels main, with the signal's name as the message; its clean-ups run, then the loop closes as
 * always. As with `asyncio.run`, main decides: if it catches the cancellation and ends well, so does the process. A
 * signal before main's first step keeps it from starting. The second signal, or the first once main is done, sets a
 * limit: after `closeTimeout` (by default 5 seconds) the process ends, and says which tasks it abandoned. The next
 * signal ends it at once. The same signal again within 100 milliseconds does not count, because npm passes on what the
 * terminal has already sent. A signal that the program itself waits for, with `signal`, goes there instead.
 *
 * If the reader of its output has gone (`node app.js | head`), main is cancelled with `"SIGPIPE"` as the message, after
 * the signal that ends other programs and that Node ignores.
 *
 * Every failure of a `gather`, a `TaskGroup` or a `Cause` is printed on stderr, with its cause, its fields, and the
 * lines of its stack that are not Effect's, Node's or this library's; in colour on a terminal, unless `NO_COLOR` is
 * set. An error with `Runtime.errorReported` set to false is not printed.
 *
 * If no timer, socket or signal is left that could wake anything, main can't end: the tasks are then listed, with what
 * each waits for, and main is cancelled. Node itself would end such a process without clean-ups, with exit code 13.
 *
 * **Gotchas**
 *
 * Node handles no signal while JavaScript runs: only Ctrl-\ (SIGQUIT) ends a step that never ends, without clean-ups.
 * `Effect.never` does not keep the process alive; an open server does, and so does `signal`.
 *
 * A process has one main program: a second `runMain` meanwhile rejects with `RuntimeError`.
 *
 * **Example** (A first program)
 *
 * ```ts import.meta.vitest
 * import { Console, Effect } from "effect"
 * import * as asyncio from "effect-asyncio"
 * import { runMain } from "effect-asyncio/node"
 *
 * const serve = asyncio.sleep("5 millis", "served").pipe(
 *   Effect.ensuring(Console.log("all connections are closed")) // after Ctrl-C, too
 * )
 *
 * await runMain(serve) // => "served"
 * ```
 *
 * @category running
 * @since 0.2.0
 */
export const runMain = async <A, E>(
  main: Effect.Effect<A, E, EventLoop>,
  options?: Runner.Options
): Promise<A> => {
  check.effect("runMain", "the argument", main)
  checkRunOptions("runMain", options)
  if (isRunning) throw new RuntimeError({ message: "runMain: the process already has a main program" })
  isRunning = true
  const exit = await new Program(main, options ?? {}).run()
  isRunning = false
  return exit.value
}

let isRunning = false

type Signal = "SIGINT" | "SIGTERM" | "SIGPIPE"

/** The codes of sysexits.h and of shells: a fault within the program, and an end by a signal. */
const stuckCode = 70
const codeOf = (name: Signal): number => 128 + constants.signals[name]

/** Milliseconds within which the same signal counts as the same key press. */
const echo = 100

class Program<A, E> {
  private readonly main: Effect.Effect<A, E, EventLoop>
  private readonly runner: Runner.Runner
  private readonly closeTimeout: number
  private readonly aborting = new AbortController()
  private readonly abortedByOthers: AbortSignal | undefined
  private mainIsDone = false
  /** The exit code, as far as is known; undefined if all is well. */
  private code: number | undefined = undefined
  /** The last signal that was not an echo. */
  private heard: { readonly name: Signal; readonly at: number } | undefined = undefined
  // INVARIANT: defined once it hurries.
  private hurry: NodeJS.Timeout | undefined = undefined

  constructor(main: Effect.Effect<A, E, EventLoop>, { signal, ...options }: Runner.Options) {
    this.main = main
    this.abortedByOthers = signal
    const signals = [this.aborting.signal, ...(signal === undefined ? [] : [signal])]
    this.runner = Runner.make({ ...options, signal: AbortSignal.any(signals) })
    this.closeTimeout = check.nanos("runMain", options.closeTimeout ?? "5 seconds") / 1e6
  }

  async run(): Promise<Exit.Success<A, E>> {
    // First, because those who wait for a signal leave when it comes.
    process.prependListener("SIGINT", this.hear).prependListener("SIGTERM", this.hear).on("beforeExit", this.idle)
    for (const stream of streams) stream.on("error", this.unread)
    const [ran] = await Promise.allSettled([this.runner.runExit(this.main)])
    this.mainIsDone = true
    const exit = ran.status === "fulfilled" ? ran.value : Exit.fail(ran.reason)
    if (exit._tag === "Failure") this.failed(exit.cause)
    else this.code = undefined
    // On a virtual loop, closing fails with the failures that nobody saw.
    const [closed] = await Promise.allSettled([this.runner.close()])
    if (closed.status === "rejected") this.failed(Cause.fail(closed.reason))
    // Only a write shows that nobody reads a pipe any longer.
    await flush()
    if (exit._tag === "Failure" || this.code !== undefined) return await this.end()
    this.leave()
    for (const stream of streams) stream.off("error", this.unread)
    return exit
  }

  private leave(): void {
    process.off("SIGINT", this.hear).off("SIGTERM", this.hear).off("beforeExit", this.idle)
    clearTimeout(this.hurry)
  }

  private failed(cause: Cause.Cause<unknown>): void {
    const isCancelled = Cause.hasInterruptsOnly(cause)
    if (isCancelled && this.aborting.signal.aborted) return
    const shown = isCancelled ? Cause.fail(this.reasonOf(cause)) : cause
    this.code = exitCodeOf(shown)
    const failures = failuresOf(shown)
    if (failures.length > 0) write(inWords(failures, hasColors()))
  }

  /** The reason of a cancellation that no signal to the process caused. */
  private reasonOf(cause: Cause.Cause<unknown>): unknown {
    return this.abortedByOthers?.aborted === true ? this.abortedByOthers.reason : rejectionOf(cause, undefined)
  }

  // ----------------------------------------------------------------------------------------------------------- signals

  private readonly hear = (name: Signal): void => {
    const now = performance.now()
    if (this.heard?.name === name && now - this.heard.at < echo) return
    this.heard = { name, at: now }
    if (isAwaited(name)) return
    if (this.hurry !== undefined) process.exit(codeOf(name))
    this.code ??= codeOf(name)
    if (!this.mainIsDone && !this.aborting.signal.aborted) return this.aborting.abort(name)
    this.hurry = setTimeout(this.giveUp, Math.min(this.closeTimeout, 2 ** 31 - 1))
    write(`${name}: clean-ups have ${this.limit} more; the next signal ends the process`)
  }

  /** A write to a pipe that nobody reads: Node gives no other sign, and gives it again at each write. */
  private readonly unread = (error: NodeJS.ErrnoException): void => {
    if (error.code !== "EPIPE") throw error
    this.code ??= codeOf("SIGPIPE")
    this.aborting.abort("SIGPIPE")
  }

  private get limit(): string {
    return timeInWords(this.closeTimeout)
  }

  private readonly giveUp = (): void => {
    write(`the program did not end within ${this.limit}; abandoned:${tasksInWords()}`)
    void this.end()
  }

  // ------------------------------------------------------------------------------------------------------------ ending

  /** Nothing keeps the process alive. */
  private readonly idle = (): void => {
    const isLast = this.mainIsDone || this.aborting.signal.aborted
    const left = this.mainIsDone ? "the loop has not closed" : isLast ? "main does not end" : "main is not done"
    write(`nothing is left to do, and ${left}:${tasksInWords()}`)
    this.code ??= stuckCode
    if (isLast) return void this.end()
    this.aborting.abort("nothing is left to do")
    // If that has woken nobody, this comes once more.
    setImmediate(() => {})
  }

  private async end(): Promise<never> {
    this.leave()
    await flush()
    process.exit(process.exitCode || this.code)
  }
}

const tasksInWords = (): string => {
  const loops = snapshot()
  if (loops.length === 0) return " no loop is open"
  const text = format(loops, { base: process.cwd(), color: hasColors() })
  return text.split("\n").map((line) => `\n  ${line}`).join("")
}
