/**
 * asyncio's vocabulary on Effect: verbs flat, types as namespaces.
 *
 * @since 0.1.0
 */
export type { Awaitable } from "./Awaitable.ts"
export { ensureFuture } from "./ensureFuture.ts"
export { InvalidStateError, RuntimeError } from "./Errors.ts"
export * as EventLoop from "./EventLoop.ts"
export * as Future from "./Future.ts"
export { gather } from "./gather.ts"
export { run } from "./run.ts"
export * as Runner from "./Runner.ts"
export { sleep } from "./sleep.ts"
export { all as allTasks, create as createTask, current as currentTask } from "./Task.ts"
export * as Task from "./Task.ts"
export { ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION, wait } from "./wait.ts"
