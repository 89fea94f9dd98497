/**
 * For tests: virtual time, and one program under many schedules.
 *
 * @since 0.1.0
 */
export { DeadlockError, SpinError } from "./errors.ts"
export * as Explore from "./Explore.ts"
export * as TestLoop from "./TestLoop.ts"
export * as VirtualLoop from "./VirtualLoop.ts"
