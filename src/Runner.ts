/**
 * One event loop for several runs, for code that is not an Effect program itself.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { RuntimeError } from "./Errors.ts"
import * as EventLoop from "./EventLoop.ts"
import type { Future } from "./Future.ts"
import { cancelOnAbort } from "./internal/cancellation.ts"
import type { FutureImpl } from "./internal/future.ts"
import { LoopImpl } from "./internal/loop.ts"
import { checkRunOptions, runMain } from "./internal/main.ts"
import { rejectionOf } from "./internal/rejection.ts"

/**
 * Options of a runner.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends EventLoop.Options {
  /** Aborting it cancels the main task, then the rest. */
  readonly signal?: AbortSignal | undefined
  /** Another loop, such as a `VirtualLoop`'s layer (asyncio's `loop_factory`). */
  readonly layer?: Layer.Layer<EventLoop.EventLoop> | undefined
}

/**
 * Runs programs on one loop until it is closed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Runner extends AsyncDisposable {
  /**
   * Runs an effect as a task, or waits for a Future or Task of this loop. Rejects with what that failed with, as `run`
   * does.
   */
  run<A, E>(main: Effect.Effect<A, E, EventLoop.EventLoop> | Future<A, E>): Promise<A>
  /** `run`, ending with the outcome as it is. */
  runExit<A, E>(main: Effect.Effect<A, E, EventLoop.EventLoop> | Future<A, E>): Promise<Exit.Exit<A, E>>
  /** Cancels every task left, waits for it, and closes the loop. Again: waits for the same. */
  close(): Promise<void>
}

/**
 * Makes a runner.
 *
 * **When to use**
 *
 * Use where asyncio code calls `loop.run_until_complete` several times: a script, a server's handlers, a test. A program
 * that is one effect takes `run`, an Effect application `EventLoop.layer`.
 *
 * **Details**
 *
 * The loop is made by the first run. Tasks that a run leaves behind go on in the next ones, and meanwhile. Runs may
 * overlap, one inside another too. After `close`, `run` rejects with `RuntimeError`. asyncio's `Runner`.
 *
 * **Example** (Two runs, one loop)
 *
 * ```ts import.meta.vitest
 * import * as asyncio from "effect-asyncio"
 *
 * await using runner = asyncio.Runner.make()
 * const task = await runner.run(asyncio.createTask(asyncio.sleep("5 millis", "done later")))
 *
 * await runner.run(task) // => "done later"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options?: Options): Runner => {
  checkRunOptions("Runner.make", options)
  return new RunnerImpl(options ?? {})
}

class RunnerImpl implements Runner {
  private readonly layer: Layer.Layer<EventLoop.EventLoop>
  private readonly signal: AbortSignal | undefined
  private readonly scope = Scope.makeUnsafe()
  private context: Promise<Context.Context<EventLoop.EventLoop>> | undefined = undefined
  private closing: Promise<void> | undefined = undefined

  constructor({ layer, signal, ...options }: Options) {
    this.layer = layer ?? EventLoop.layer(options)
    this.signal = signal
  }

  async run<A, E>(main: Effect.Effect<A, E, EventLoop.EventLoop> | Future<A, E>): Promise<A> {
    let begun: FutureImpl<A, E> | undefined
    const exit = await this.exitOf("Runner.run", main, (future) => {
      begun = future
    })
    if (exit._tag === "Failure") throw rejectionOf(exit.cause, begun)
    return exit.value
  }

  runExit<A, E>(main: Effect.Effect<A, E, EventLoop.EventLoop> | Future<A, E>): Promise<Exit.Exit<A, E>> {
    return this.exitOf("Runner.runExit", main, () => {})
  }

  private async exitOf<A, E>(
    call: string,
    main: Effect.Effect<A, E, EventLoop.EventLoop> | Future<A, E>,
    begun: (future: FutureImpl<A, E>) => void
  ): Promise<Exit.Exit<A, E>> {
    if (this.closing !== undefined) throw new RuntimeError({ message: `${call}: the runner is closed` })
    const context = await (this.context ??= this.build())
    return await Effect.runPromiseExitWith(context)(runMain(call, main, (future) => {
      begun(future)
      if (this.signal !== undefined) cancelOnAbort(future, this.signal)
    }))
  }

  private async build(): Promise<Context.Context<EventLoop.EventLoop>> {
    const context = await Effect.runPromise(Layer.buildWithScope(this.layer, this.scope))
    const loop = Context.get(context, EventLoop.EventLoop)
    // Between runs nobody waits for anything: time that is ours to drive stands still, as a stopped loop's does.
    if (loop instanceof LoopImpl) loop.runsByMains = true
    return context
  }

  close(): Promise<void> {
    return this.closing ??= Effect.runPromise(Scope.close(this.scope, Exit.void))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
