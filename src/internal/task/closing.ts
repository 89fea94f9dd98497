/**
 * How a loop closes.
 *
 * Every task is cancelled and waited for, including those that a clean-up makes meanwhile; then the failures that
 * nobody saw are reported, and the exception handler is waited for. All this time the loop runs as before: a clean-up
 * or a handler may sleep, use timeouts and make tasks. Tasks that a running handler has made are cancelled after it has
 * ended.
 *
 * A clean-up that never ends would keep the loop open for ever: `closeTimeout` abandons it. An abandoned task counts as
 * ended; the rest of its fiber stops at its next step on the loop, so that it keeps no process alive and holds no place
 * in line. Fibers that are not part of a task (`Effect.forkDetach`) do not belong to the loop: closing leaves them
 * alone, and their sleeps and timeouts go on.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import { timeInWords } from "../host/words.ts"
import type { LoopImpl } from "../loop/loop.ts"
import { CurrentHandling, inWords } from "../loop/Reports.ts"
import { isCancelled } from "../waiting/cancelled.ts"
import { QueuedWaiter } from "../waiting/QueuedWaiter.ts"
import { cancelAll } from "../waiting/Walk.ts"
import { ended } from "./future.ts"
import type { TaskImpl } from "./task.ts"
import { tasksOf } from "./tasks.ts"

/** After so long it says what it still waits for. */
const patience = Duration.seconds(5)

/** Closes the loop. A second call does nothing. */
export const close = (loop: LoopImpl): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (loop.state !== "open") return Effect.void
    loop.become("closing")
    // What it waits for happens in the loop's own turns.
    return Effect.provideService(new Closing(loop).run, Scheduler.Scheduler, loop.scheduler)
  })

/** Whether closing waits for something. */
export const isWaiting = ({ reports, tasks }: LoopImpl): boolean => tasks.size > 0 || reports.handlings.size > 0

/** Stops waiting for what is left. What the handler has not dealt with goes to the default one. */
export const abandon = (loop: LoopImpl): void => {
  for (const task of tasksOf(loop)) task.abandon()
  loop.reports.abandon()
}

class Closing {
  private readonly loop: LoopImpl
  // INVARIANT: defined once it has begun to wait, unless it waits in silence.
  private watcher: Fiber.Fiber<void> | undefined = undefined
  /** It took too long, and no longer waits. */
  private gaveUp = false

  constructor(loop: LoopImpl) {
    this.loop = loop
  }

  get run(): Effect.Effect<void> {
    return Effect.map(this.endAll, () => {
      this.watcher?.interruptUnsafe()
      this.loop.become("closed")
    })
  }

  private readonly endAll: Effect.Effect<void> = Effect.suspend(() => {
    const { reports, tasks, unseen } = this.loop
    const left = tasksOf(this.loop).filter((task) => !this.isHandling(task))
    if (!this.gaveUp && left.length > 0) return this.waitFor(this.endTasks(left))
    unseen.reportAll()
    if (this.gaveUp) abandon(this.loop)
    const [handling] = reports.handlings
    if (handling !== undefined) return this.waitFor(new HandlingEnd().parkIn(handling.waiting))
    return tasks.size === 0 ? Effect.void : this.endAll
  })

  /** Whether a running handler made it. */
  private isHandling({ services }: TaskImpl<any, any>): boolean {
    const handling = Context.get(services, CurrentHandling)
    return handling !== undefined && this.loop.reports.handlings.has(handling)
  }

  private waitFor(part: Effect.Effect<unknown>): Effect.Effect<void> {
    this.watcher ??= this.watch()
    return Effect.andThen(part, this.endAll)
  }

  private endTasks(tasks: ReadonlyArray<TaskImpl<any, any>>): Effect.Effect<void> {
    cancelAll(tasks)
    return Effect.map(Effect.forEach(tasks, ended, { discard: true }), () => {
      for (const task of tasks) {
        const exit = task.exit!
        if (exit._tag === "Failure" && !isCancelled(exit)) {
          const message = "Unhandled exception during shutdown of the event loop"
          this.loop.reports.report({ message, cause: exit.cause, task }, task.origin?.at(task.createdAt))
        }
      }
    })
  }

  /** Without a limit it only warns, and only if time passes by itself: a test's clock would have to be moved. */
  private watch(): Fiber.Fiber<void> | undefined {
    const { closeTimeout, mode } = this.loop
    if (closeTimeout === undefined && mode !== "live") return undefined
    const limit = closeTimeout ?? patience
    return this.loop.fork(Effect.flatMap(Effect.sleep(limit), () => {
      const spent = timeInWords(Duration.toMillis(limit))
      const left = this.left
      if (closeTimeout === undefined) {
        return Effect.logWarning(`the event loop has been closing for ${spent}, and waits for:${left}`)
      }
      this.gaveUp = true
      abandon(this.loop)
      return Effect.logError(`the event loop did not close within closeTimeout, ${spent}; abandoned:${left}`)
    }))
  }

  /** What it waits for, in words. */
  private get left(): string {
    const { reports, tasks } = this.loop
    const handlers = Array.from(
      reports.handlings,
      ({ context }) => `the exception handler, told of: ${inWords(context)}`
    )
    return [...tasks, ...handlers].map((what) => `\n  ${what}`).join("")
  }
}

class HandlingEnd extends QueuedWaiter {
  readonly label = "the exception handler"
  proceed() {
    return Effect.void
  }
}
