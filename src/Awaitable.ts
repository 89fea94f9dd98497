/**
 * What can be awaited: an Effect, a Future or a Task.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Future } from "./Future.ts"
import type { Task } from "./Task.ts"

/**
 * An Effect, a Future or a Task. Where something has to run, an Effect becomes a new task; a Future or Task, which runs
 * already, is taken as it is.
 *
 * **Gotchas**
 *
 * What `createTask`, `ensureFuture` and a group's `createTask` give is an Effect that makes a task, and has done its part
 * once it has: `gather([createTask(work)])` would not wait for the work. It is refused here, by the compiler. Give the
 * effect itself, `gather([work])`, or the task, `gather([yield* createTask(work)])`.
 *
 * @category models
 * @since 0.1.0
 */
export type Awaitable<A, E = never, R = never> = Awaitable.Coroutine<A, E, R> | Future<A, E>

/**
 * @since 0.1.0
 */
export declare namespace Awaitable {
  /**
   * Any awaitable.
   *
   * @since 0.1.0
   */
  export type Any = Coroutine<any, any, any> | Future<any, any>

  /**
   * Any Effect but one that makes a task.
   *
   * @since 0.2.0
   */
  export interface Coroutine<out A, out E = never, out R = never> extends Effect.Effect<A, E, R> {
    readonly "~effect-asyncio/MakesTask"?:
      "give f(x) itself, of submit(job, x) toThread(job, x); or the task, yield* createTask(f(x))"
  }

  /**
   * The mark of an Effect that makes a task. What `Effect.map` and the like make of it is not marked.
   *
   * @since 0.2.0
   */
  export interface MakesTask {
    /** The call that gave it. */
    readonly "~effect-asyncio/MakesTask": string
  }

  /**
   * Several, one after the other. Effects and Futures are iterable, so a lone one would pass for a collection of itself.
   *
   * @since 0.2.0
   */
  // Arrays apart: so the compiler says of a wrong one which of its items is wrong, and not how iterators differ.
  export type Collection<T> = Array<T> | (Iterable<T> & NotLone)

  /**
   * What a lone awaitable is not.
   *
   * @since 0.1.0
   */
  export interface NotLone {
    readonly "~effect/Effect"?: "a collection belongs here: put it in brackets"
    readonly "~effect-asyncio/Future"?: "a collection belongs here: put it in brackets"
  }

  /**
   * What a plain callback may give.
   *
   * @since 0.2.0
   */
  export type NotEffect<A> = A extends Effect.Effect<any, any, any> | Generator<any, any, any>
    ? "an Effect that a callback gives does not run"
    : A

  /**
   * The value it gives.
   *
   * @since 0.1.0
   */
  export type Success<T> = T extends Future<infer A, infer _E> ? A
    : T extends Effect.Effect<infer A, infer _E, infer _R> ? A
    : never

  /**
   * What it can fail with.
   *
   * @since 0.1.0
   */
  export type Error<T> = T extends Future<infer _A, infer E> ? E
    : T extends Effect.Effect<infer _A, infer E, infer _R> ? E
    : never

  /**
   * The services it asks for; none for what runs already.
   *
   * @since 0.1.0
   */
  export type Services<T> = T extends Future<any, any> ? never
    : T extends Effect.Effect<infer _A, infer _E, infer R> ? R
    : never

  /**
   * What who creates a task has to provide: what its effect asks for. Not so a `Scope`: the task would take its creator's
   * without a word, outlive it, and find what it has acquired released. In its place stands what nobody can provide, and says
   * what to do.
   *
   * @since 0.2.0
   */
  export type Given<R> = Scope.Scope extends R ? Exclude<R, Scope.Scope> | ScopeOfATask : R

  /**
   * A task says whose scope is meant: `Effect.scoped(effect)`, one of its own, which closes with it; or
   * `Scope.provide(effect, scope)`, one that lives long enough.
   *
   * @since 0.2.0
   */
  export interface ScopeOfATask {
    readonly "~effect-asyncio/ScopeOfATask": "give createTask an effect without Scope: Effect.scoped(effect)"
  }

  /**
   * What stands for it once it runs: a Future or Task as it is, an Effect as a new Task.
   *
   * @since 0.1.0
   */
  export type Running<T> = T extends Future<any, any> ? T
    : T extends Effect.Effect<infer A, infer E, infer _R> ? Task<A, E>
    : never
}
