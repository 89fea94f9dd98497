/**
 * What can be awaited: an Effect, a Future or a Task.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type { Future } from "./Future.ts"
import type { Task } from "./Task.ts"

/**
 * An Effect, a Future or a Task. Where something has to run, an Effect becomes a new task; a Future or Task, which runs
 * already, is taken as it is.
 *
 * @category models
 * @since 0.1.0
 */
export type Awaitable<A, E = never, R = never> = Effect.Effect<A, E, R> | Future<A, E>

/**
 * @since 0.1.0
 */
export declare namespace Awaitable {
  /**
   * Any awaitable.
   *
   * @since 0.1.0
   */
  export type Any = Effect.Effect<any, any, any> | Future<any, any>

  /**
   * Where a collection belongs: what a lone awaitable is not. Effects and Futures are iterable, so they would pass for
   * collections of themselves.
   *
   * @since 0.1.0
   */
  export interface NotLone {
    readonly "~effect/Effect"?: never
    readonly "~effect-asyncio/Future"?: never
  }

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
   * What stands for it once it runs: a Future or Task as it is, an Effect as a new Task.
   *
   * @since 0.1.0
   */
  export type Running<T> = T extends Future<any, any> ? T
    : T extends Effect.Effect<infer A, infer E, infer _R> ? Task<A, E>
    : never
}
