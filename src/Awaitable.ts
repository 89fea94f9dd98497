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
 * An Effect, a Future or a Task. Where something has to run, an Effect becomes a new task; a Future or Task, which is
 * running already, is taken as it is.
 *
 * **Gotchas**
 *
 * `createTask`, `ensureFuture` and a group's `createTask` return an Effect that makes a task and then is done:
 * `gather([createTask(work)])` would not wait for the work. The compiler refuses it here. Give the effect itself,
 * `gather([work])`, or the task, `gather([yield* createTask(work)])`.
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
   * Any awaitable. The compiler's errors show its name.
   *
   * @since 0.1.0
   */
  export type EffectOrFuture = Coroutine<any, any, any> | Future<any, any>

  /**
   * Any Effect except one that makes a task.
   *
   * @since 0.2.0
   */
  export interface Coroutine<out A, out E = never, out R = never> extends Effect.Effect<A, E, R> {
    readonly "~effect-asyncio/MakesTask"?:
      "give f(x) itself, of submit(job, x) toThread(job, x); or the task, yield* createTask(f(x))"
  }

  /**
   * Marks an Effect that makes a task. The result of `Effect.map` and the like is not marked.
   *
   * @since 0.2.0
   */
  export interface MakesTask {
    /** The call that returned it. */
    readonly "~effect-asyncio/MakesTask": string
  }

  /**
   * A collection of awaitables. Effects and Futures are iterable, so a lone one would pass for a collection.
   *
   * @since 0.2.0
   */
  // Arrays separately: for a wrong one the compiler then says which item is wrong, not how iterators differ.
  export type Collection<T> = Array<T> | (Iterable<T> & NotLone)

  /**
   * Excludes a lone awaitable.
   *
   * @since 0.1.0
   */
  export interface NotLone {
    readonly "~effect/Effect"?: "a collection belongs here: put it in brackets"
    readonly "~effect-asyncio/Future"?: "a collection belongs here: put it in brackets"
  }

  /**
   * What a plain callback may return.
   *
   * @since 0.2.0
   */
  export type NotEffect<A> = A extends Effect.Effect<any, any, any> | Generator<any, any, any>
    ? "an Effect that a callback returns does not run"
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
   * The services it requires; none for what is running already.
   *
   * @since 0.1.0
   */
  export type Services<T> = T extends Future<any, any> ? never
    : T extends Effect.Effect<infer _A, infer _E, infer R> ? R
    : never

  /**
   * What the creator of a task has to provide: the services its effect requires, except for a `Scope`. The task would
   * silently use its creator's scope, outlive it, and find what it has acquired released. In its place stands a service
   * that nobody can provide, whose type says what to do.
   *
   * @since 0.2.0
   */
  export type Given<R> = Scope.Scope extends R ? Exclude<R, Scope.Scope> | ScopeOfATask : R

  /**
   * A task has to say which scope it uses: its own, which closes with it, `Effect.scoped(effect)`; or one that lives
   * long enough, `Scope.provide(effect, scope)`.
   *
   * @since 0.2.0
   */
  export interface ScopeOfATask {
    readonly "~effect-asyncio/ScopeOfATask": "give createTask an effect without Scope: Effect.scoped(effect)"
  }

  /**
   * What it becomes once it runs: a Future or Task stays as it is, an Effect becomes a new Task.
   *
   * @since 0.1.0
   */
  export type Running<T> = T extends Future<any, any> ? T
    : T extends Effect.Effect<infer A, infer E, infer _R> ? Task<A, E>
    : never
}
