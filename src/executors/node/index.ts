/**
 * Executors on Node: worker threads, and child processes.
 *
 * @since 0.2.0
 */
export type { Options } from "./Options.ts"
export * as ProcessPool from "./ProcessPool.ts"
export { serve } from "./serve.ts"
export * as ThreadPool from "./ThreadPool.ts"
