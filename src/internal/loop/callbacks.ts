/** Plain callbacks: those given to a loop, and how any of them is called. */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { ExceptionContext, Handle, TimerHandle } from "../../EventLoop.ts"
import { type AsyncContext, capture } from "../host/AsyncContext.ts"
import * as check from "../host/check.ts"
import { Printable, shortened, type Words } from "../host/printing.ts"
import type { Entry, What, Whose } from "../kernel/Entry.ts"
import type { Timer, Timers } from "../kernel/Timers.ts"

type Subject = Omit<ExceptionContext, "message" | "cause">

/** Calls the callbacks of one loop. */
export class Caller {
  /** The clock of the fiber that scheduled the running callback. */
  clock: Clock.Clock | undefined = undefined
  private readonly report: (context: ExceptionContext) => void
  readonly isClosed: () => boolean

  constructor(report: (context: ExceptionContext) => void, isClosed: () => boolean) {
    this.report = report
    this.isClosed = isClosed
  }

  /** What it throws, or its promise rejects with, goes to the exception handler. */
  run(
    call: string,
    callback: () => unknown,
    asyncContext: AsyncContext | undefined,
    subject: Subject,
    clock?: Clock.Clock
  ): void {
    const before = this.clock
    this.clock = clock
    try {
      const result = asyncContext === undefined ? callback() : asyncContext.run(callback, undefined)
      if (result instanceof Promise) result.catch((reason: unknown) => this.failed(reason, subject))
      check.callbackResult(call, "the result of the callback", result)
    } catch (thrown) {
      this.failed(thrown, subject)
    } finally {
      this.clock = before
    }
  }

  private failed(thrown: unknown, subject: Subject): void {
    this.report({ message: "Exception in callback", cause: Cause.die(thrown), ...subject })
  }
}

/** What `callSoon` gives. */
export class CallbackHandle extends Printable implements Handle, Entry {
  cancelled = false
  private readonly call: string
  private readonly caller: Caller
  private readonly clock: Clock.Clock
  private readonly callback: () => void
  private readonly asyncContext = capture()
  constructor(call: string, caller: Caller, clock: Clock.Clock, callback: () => void) {
    super()
    this.call = call
    this.caller = caller
    this.clock = clock
    this.callback = callback
  }
  get what(): What {
    return "callback"
  }
  get owner(): Whose {
    return this
  }
  run(): void {
    if (this.cancelled || this.caller.isClosed()) return
    this.caller.run(this.call, this.callback, this.asyncContext, {}, this.clock)
  }
  get kind(): string {
    return "Handle"
  }
  describe(): Words {
    const { name } = this.callback
    return [this.cancelled ? "cancelled" : undefined, name === "" ? "callback" : shortened(name)]
  }
  cancelUnsafe(): void {
    this.cancelled = true
  }
  readonly cancel = Effect.sync(() => this.cancelUnsafe())
}

/** What `callLater` and `callAt` give. */
export class CallbackTimer extends CallbackHandle implements TimerHandle, Timer {
  readonly when: number
  place = -1
  turn = 0
  timers: Timers | undefined = undefined
  readonly fiber = undefined
  constructor(
    call: string,
    caller: Caller,
    clock: Clock.Clock,
    when: number,
    callback: () => void
  ) {
    super(call, caller, clock, callback)
    this.when = when
  }
  fire(): void {
    this.run()
  }
  override get kind(): string {
    return "TimerHandle"
  }
  override describe(): Words {
    const [state, callback] = super.describe()
    return [state, `when=${this.when}`, callback]
  }
  override cancelUnsafe(): void {
    super.cancelUnsafe()
    this.timers?.remove(this)
  }
}
