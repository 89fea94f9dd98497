/**
 * asyncio's vocabulary on Effect: verbs flat, types as namespaces.
 *
 * @since 0.1.0
 */
export { asCompleted, asCompletedEffects } from "./asCompleted.ts"
export type { Awaitable } from "./Awaitable.ts"
export * as Barrier from "./Barrier.ts"
export * as BoundedSemaphore from "./BoundedSemaphore.ts"
export * as Condition from "./Condition.ts"
export { ensureFuture } from "./ensureFuture.ts"
export {
  BrokenBarrierError,
  CancelledError,
  InvalidStateError,
  QueueEmpty,
  QueueFull,
  QueueShutDown,
  RuntimeError
} from "./Errors.ts"
export * as Event from "./Event.ts"
export * as EventLoop from "./EventLoop.ts"
export * as Future from "./Future.ts"
export { gather } from "./gather.ts"
export * as LifoQueue from "./LifoQueue.ts"
export * as Lock from "./Lock.ts"
export * as PriorityQueue from "./PriorityQueue.ts"
export * as Queue from "./Queue.ts"
export { run } from "./run.ts"
export * as Runner from "./Runner.ts"
export * as Semaphore from "./Semaphore.ts"
export { shield } from "./shield.ts"
export { sleep, sleepUntil } from "./sleep.ts"
export { all as allTasks, create as createTask, current as currentTask } from "./Task.ts"
export * as Task from "./Task.ts"
export * as TaskGroup from "./TaskGroup.ts"
export * as Timeout from "./Timeout.ts"
export { isTimeoutError, timeout, timeoutAt, timeoutOption } from "./timeouts.ts"
export { ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION, wait } from "./wait.ts"
export { waitFor } from "./waitFor.ts"
