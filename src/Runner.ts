/**
 * One event loop for several runs, for code that is not an Effect program itself.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { RuntimeError } from "./Errors.ts"
import * as EventLoop from "./EventLoop.ts"
import type { Future } from "./Future.ts"
import { Printable, type Words } from "./internal/host/printing.ts"
import { LoopImpl } from "./internal/loop/loop.ts"
import { cancelOnAbort } from "./internal/task/abort.ts"
import type { FutureImpl } from "./internal/task/future.ts"
import { checkRunOptions, runMain } from "./internal/task/main.ts"
import { rejectionOf } from "./internal/task/rejection.ts"

/**
 * Options of a runner.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends EventLoop.Options {
  /** Aborting it cancels the main task, then the rest. */
  readonly signal?: AbortSignal | undefined
  /**
   * Another loop to use, such as a `VirtualLoop`'s layer (asyncio's `loop_factory`), in which case the loop options
   * here are not used.
   */
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
   * Runs an effect as a task, or waits for a Future or Task of this loop. Rejects with the error that it failed with,
   * as `run` does.
   */
  run<A, E>(main: Effect.Effect<A, E, EventLoop.EventLoop> | Future<A, E>): Promise<A>
  /** As `run`, but resolves with the outcome as an `Exit`. */
  runExit<A, E>(main: Effect.Effect<A, E, EventLoop.EventLoop> | Future<A, E>): Promise<Exit.Exit<A, E>>
  /**
   * Cancels and awaits every remaining task, and closes the loop. A second call waits for the same close. On a virtual
   * loop, rejects if there was a failure that nobody saw.
   */
  close(): Promise<void>
  /** `<Runner created>`, `<Runner initialized>` from the first run on, `<Runner closed>`. */
  toString(): string
}

/**
 * Makes a runner.
 *
 * **When to use**
 *
 * Use where asyncio code calls `loop.run_until_complete` several times: a script, a server's handlers, a test. For a
 * program that is a single effect use `run`; for an Effect application, `EventLoop.layer`.
 *
 * **Details**
 *
 * The first run makes the loop. Tasks that a run leaves behind go on, between the runs too. Runs may overlap or nest.
 * After `close`, `run` rejects with `RuntimeError`. asyncio's `Runner`.
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

type Built = Context.Context<EventLoop.EventLoop>

/** Between runs nobody waits for anything: a virtual loop's time stands still, as a stopped loop's does. */
const begin = (context: Built): Built => {
  const loop = Context.get(context, EventLoop.EventLoop)
  if (loop instanceof LoopImpl) loop.runsByMains = true
  return context
}

class RunnerImpl extends Printable implements Runner {
  private readonly layer: Layer.Layer<EventLoop.EventLoop>
  private readonly signal: AbortSignal | undefined
  private readonly scope = Scope.makeUnsafe()
  private context: Built | Promise<Built> | undefined = undefined
  private closing: Promise<void> | undefined = undefined

  constructor({ layer, signal, ...options }: Options) {
    super()
    this.layer = layer ?? EventLoop.layer(options)
    this.signal = signal
  }

  get kind(): string {
    return "Runner"
  }
  describe(): Words {
    return [this.closing !== undefined ? "closed" : this.context === undefined ? "created" : "initialized"]
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
    this.context ??= this.build()
    // An existing loop takes the program at once, so that fake timers that are advanced next find it.
    const context = this.context instanceof Promise ? await this.context : this.context
    return await Effect.runPromiseExitWith(context)(runMain(call, main, (future) => {
      begun(future)
      if (this.signal !== undefined) cancelOnAbort(future, this.signal)
    }))
  }

  private build(): Built | Promise<Built> {
    const fiber = Effect.runFork(Layer.buildWithScope(this.layer, this.scope))
    const exit = fiber.pollUnsafe()
    return exit?._tag === "Success" ? begin(exit.value) : Effect.runPromise(Fiber.join(fiber)).then(begin)
  }

  close(): Promise<void> {
    return this.closing ??= Effect.runPromise(Scope.close(this.scope, Exit.void))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
