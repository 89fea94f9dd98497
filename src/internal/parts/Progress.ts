/** Tells a plain callback how far several tasks are: at the start, and whenever that changes. */
import type * as Exit from "effect/Exit"
import type { wait } from "../../wait.ts"
import type { LoopImpl } from "../loop/loop.ts"
import { outcomeOf } from "../waiting/cancelled.ts"

type Listener = ((tally: wait.Tally) => unknown) | undefined

export class Progress {
  private succeeded = 0
  private failed = 0
  private cancelled = 0
  private pending: number
  private readonly call: string
  private readonly loop: LoopImpl
  private readonly listener: NonNullable<Listener>

  constructor(call: string, loop: LoopImpl, listener: NonNullable<Listener>, pending: number) {
    this.call = call
    this.loop = loop
    this.listener = listener
    this.pending = pending
    this.tell()
  }

  added(): void {
    this.pending++
    this.tell()
  }

  ended(exit: Exit.Exit<unknown, unknown>): void {
    this.pending--
    const outcome = outcomeOf(exit)
    if (outcome === "ok") this.succeeded++
    else if (outcome === "failed") this.failed++
    else this.cancelled++
    this.tell()
  }

  /** What it throws goes to the exception handler, as with any callback of the loop. */
  private tell(): void {
    const { cancelled, failed, listener, pending, succeeded } = this
    this.loop.caller.run(this.call, () => listener({ succeeded, failed, cancelled, pending }), undefined, {})
  }
}

export const progressOf = (call: string, loop: LoopImpl, listener: Listener, pending: number): Progress | undefined =>
  listener === undefined ? undefined : new Progress(call, loop, listener, pending)
