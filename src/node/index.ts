/**
 * What Node alone has: a program as a process, signals.
 *
 * @since 0.2.0
 */
export { runMain } from "./runMain.ts"
export { signal } from "./signal.ts"
