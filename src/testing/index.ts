/**
 * Virtual time for tests.
 *
 * @since 0.1.0
 */
export { DeadlockError, SpinError } from "./errors.ts"
export * as TestLoop from "./TestLoop.ts"
export * as VirtualLoop from "./VirtualLoop.ts"
